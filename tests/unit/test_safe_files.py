"""User files are data: never run or unpickled, unable to exhaust the machine or to reach other folders."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from jakinib import paths
from jakinib.build.estimates import estimates_path
from jakinib.check import check
from jakinib.errors import InputError
from jakinib.library import Library
from jakinib.library.files import read_yaml
from jakinib.simulate import load

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCES = sorted((Path(paths.__file__).parent).rglob("*.py"))


def bomb(levels: int) -> str:
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    rest = (f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels))
    return first + "".join(rest)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (bomb(9), "aliases write out to more than"),
        ("a: &a [*a]\n", "aliases write out"),
        ("[" * 200_000, "levels deep|nesting depth"),
        ("{a: " * 5_000, "levels deep"),
        ("a: !!python/name:os.system\n", "constructor"),
    ],
    ids=["bomb", "endless", "deep list", "deep mapping", "python name"],
)
def test_yaml_that_would_exhaust_or_run_something_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as caught:
        read_yaml(path)
    assert "theirs.yaml" in str(caught.value)


def test_yaml_constructs_no_objects(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    path = tmp_path / "theirs.yaml"
    path.write_text(f"a: !!python/object/apply:os.mkdir ['{witness}']\n", encoding="utf-8")
    with pytest.raises(InputError, match="constructor"):
        read_yaml(path)
    assert not witness.exists()


def test_small_aliases_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("a: &a {x: 1}\nb: *a\n", encoding="utf-8")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 1}}


CALLS = [
    r"\bpickle\.(load|loads)\(", r"(?<![.\w])eval\(", r"(?<![.\w])exec\(", r"yaml\.(unsafe|full)_load",
    r"yaml\.load\(", r"allow_pickle=True",
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_the_package_has_no_call_that_would_run_a_file(call: str) -> None:
    hits = [
        f"{p.name}: {line}"
        for p in SOURCES
        if p.name != "cache.py" or "pickle" not in call  # reads only what it wrote, in a folder of the user
        for line in p.read_text("utf-8").splitlines()
        if re.search(call, line)
    ]
    assert hits == []


def covalent(change: Callable[[str], str], folder: Path) -> Path:
    """The covalent example with its YAML changed."""
    (folder / "inhibitors").mkdir(parents=True)
    for name in ("ritlecitinib.yaml", "covalent_JAK3.ant"):
        text = (EXAMPLES / "covalent_jak3" / "inhibitors" / name).read_text("utf-8")
        (folder / "inhibitors" / name).write_text(change(text) if name.endswith(".yaml") else text, "utf-8")
    return folder


@pytest.mark.parametrize(
    "name", ["../covalent_JAK3.ant", "/etc/passwd", "covalent_JAK3.py", "..ant", "a/b.ant"]
)
def test_a_binding_template_is_a_plain_name_beside_its_file(name: str, tmp_path: Path) -> None:
    folder = covalent(lambda text: text.replace("covalent_JAK3.ant", name), tmp_path / "lib")
    with pytest.raises(InputError, match=r"binding\.JAK3"):
        Library(folder)


def test_a_template_that_would_read_another_file_is_refused(tmp_path: Path) -> None:
    folder = covalent(lambda text: text, tmp_path / "lib")
    path = folder / "inhibitors" / "covalent_JAK3.ant"
    path.write_text(
        path.read_text("utf-8").replace("  species", '  import "/etc/passwd"\n  species', 1), "utf-8"
    )
    assert "antimony-template" in {f.check for f in check(folder).findings}
    from jakinib.build.template import user_template

    with pytest.raises(InputError, match=r"covalent_JAK3\.ant:4: import of '/etc/passwd'"):
        user_template(path)


def test_a_model_file_with_a_hostile_name_reads_only_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "no" / ".." / "model.xml")


@pytest.mark.parametrize("name", ["../x", "/tmp/x", "a/b", "", ".", "x\n"])
def test_the_id_of_a_plan_leads_to_no_other_folder(name: str) -> None:
    with pytest.raises(InputError, match="an id is letters, digits"):
        estimates_path(name)


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "a b"])
def test_the_id_of_a_model_leads_to_no_other_folder(name: str, tmp_path: Path) -> None:
    text = (paths.models() / "sbml" / "oral_pk.xml").read_text("utf-8")
    path = tmp_path / "theirs.xml"
    path.write_text(text.replace('id="oral_pk"', f'id="{name}"', 1), encoding="utf-8")
    with pytest.raises(InputError, match="not valid SBML"):
        load(path)
