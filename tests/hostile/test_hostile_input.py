# ruff: noqa: E501
"""Malformed input of every kind: exit code 2, one message that can be shown on a terminal, nothing written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from inputs import COMMANDS, EVENTS, MODELS, REGIMENS, YAML, entries, places, sound

import jakinib as jk
from jakinib import paths
from jakinib.build import ModelSpec, compose
from jakinib.cli import main
from jakinib.errors import JakinibError, visible
from jakinib.evaluate.criteria import Criteria
from jakinib.fit.petab import read_petab
from jakinib.library import Library, get_library, register
from jakinib.library.files import read_model
from jakinib.library.measurements import DataSet

Run = Callable[..., str]


def assert_one_message(text: str) -> None:
    """One line (a regimen is shown below it with a caret), short, and without what moves a cursor."""
    lines = text.strip().split("\n")
    assert len(lines) == 1 or (len(lines) == 3 and set(lines[2].strip()) == {"^"}), text[:500]
    assert len(lines[0]) > 10
    assert len(text) < 2_000
    assert visible(text)
    assert "Traceback" not in text


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in an empty folder; the message, after it was refused with nothing written."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["jakinib", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        out, error = capsys.readouterr()
        assert caught.value.code == 2, (out[-500:], error[-500:])
        assert out == ""
        message = error[error.index("jakinib: ") :]  # a progress bar may stand before it
        assert_one_message(message)
        assert list(place.iterdir()) == []
        return message

    return run


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(JakinibError) as caught:
        call()
    message = str(caught.value)
    assert_one_message(" ".join(message.split()))
    return message


ENTRIES = list(entries())
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@pytest.mark.parametrize(
    ("kind", "content"), [case[1:] for case in ENTRIES], ids=[case[0] for case in ENTRIES]
)
def test_a_malformed_entry_is_refused_with_its_file_and_the_library_stays(
    kind: str, content: Any, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text(yaml.dump(content, Dumper=DUMPER, allow_unicode=True), "utf-8", "surrogateescape")
    before = set(get_library().files)
    assert "theirs.yaml:" in refusal(lambda: register(kind, path))
    assert set(get_library().files) == before


@pytest.mark.parametrize("kind", list(sound()))
def test_the_entries_that_are_spoilt_here_are_sound(
    kind: str, tmp_path: Path, library_of_its_own: Callable[[], Any]
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(sound()[kind]), "utf-8")
    assert register(kind, path) == sound()[kind]["id"]


@pytest.mark.parametrize("name", YAML)
@pytest.mark.parametrize("kind", ["inhibitors", "cells", "plan", "regimen"])
def test_a_yaml_file_that_is_none_is_refused(name: str, kind: str, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / "theirs.yaml"
    path.write_text(YAML[name], "utf-8")
    if kind == "plan":
        message = refused("fit", str(path), "--out", "results")
    elif kind == "regimen":
        message = refused("simulate", "--regimen-file", str(path), "--out", "course.tsv")
    else:
        message = refusal(lambda: register(kind, path))
    assert "theirs.yaml" in message


@pytest.mark.parametrize(
    "arguments", COMMANDS, ids=lambda a: " ".join(a)[:60].encode("unicode_escape").decode()
)
def test_a_malformed_command_is_refused(arguments: list[str], refused: Run) -> None:
    refused(*arguments)


@pytest.mark.parametrize("text", REGIMENS[2:], ids=lambda text: text[:40].encode("unicode_escape").decode())
def test_a_malformed_regimen_is_refused(text: str, refused: Run) -> None:
    refused("simulate", f"--regimen={text}", "--out", "course.tsv")


@pytest.mark.parametrize("text", REGIMENS, ids=lambda text: text[:40].encode("unicode_escape").decode())
def test_a_malformed_regimen_in_a_file_is_refused(text: str, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / "doses.yaml"
    path.write_text(yaml.safe_dump({"regimen": text}, allow_unicode=True, width=10**9), "utf-8")
    message = refused("simulate", "--regimen-file", str(path), "--out", "course.tsv")
    assert "doses.yaml" in message or "unknown inhibitor" in message or "1e+30" in message


DOSES = [
    *({"dose": x} for x in ("4", "", "-4 mg", "nan mg", "4 banana", 4, True, None, "4 9**9**9", "1e9 mg", "4 mg\x1b")),
    *({"dose": "4 mg", "every": x} for x in ("0 h", "-1 h", "often", "nan h", 24, True)),
    *({"dose": "4 mg", "every": "qd", "repeats": x} for x in (0, -1, 1.5, "2", True, 20_000_000, 10**400)),
    *({"dose": "4 mg", "every": "qd", "repeats": 3, "missing": x} for x in ([4], [0], [True], 2, ["1"])),
    *({"dose": "4 mg", "route": x} for x in ("nose", "iv infusion", 1)),
    *({"dose": "4 mg", "at": x} for x in ("-1 h", "nan h", "3")),
    *({"dose": "4 mg", "every": "qd", "steady_state": x} for x in ("yes", 1)),
    {"dose": "4 mg", "every": "q1e-9h", "steady_state": True}, {"dose": "4 mg", "inhibitor": "../x"}, {}, {"colour": 1},
]  # fmt: skip


@pytest.mark.parametrize("dose", DOSES, ids=str)
def test_a_malformed_list_of_doses_is_refused(dose: dict[str, Any], tmp_path: Path, refused: Run) -> None:
    path = tmp_path / "doses.yaml"
    path.write_text(yaml.safe_dump({"doses": [dose]}), "utf-8")
    assert "doses.yaml" in refused("simulate", "--regimen-file", str(path), "--out", "course.tsv")


@pytest.mark.parametrize("text", EVENTS, ids=lambda text: text[:40].encode("unicode_escape").decode())
def test_a_malformed_event_table_is_refused(text: str, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / "doses.csv"
    path.write_text(text, "utf-8")
    assert "doses.csv" in refused("simulate", "--regimen-file", str(path), "--out", "course.tsv")


PLAN: dict[str, Any] = {
    "id": "mine", "question": "what", "after": [], "errors": {"enzyme_ic50": 1.5}, "seed": 1, "starts": 2,
    "parameters": [{"id": "Km_JAK1", "unit": "uM", "low": 1, "high": 100, "start": 10}], "calibration": ["E013"],
}  # fmt: skip
PLANS = [
    *(PLAN | {"id": x} for x in ("../x", "", 'a"b', 5, None)),
    *(PLAN | {"starts": x} for x in (0, -1, 10**9, True, "2", 1.5, None)),
    *(PLAN | {"seed": x} for x in (-1, True, "1", 1.5, 10**40)),
    *(PLAN | {"errors": x} for x in ({}, {"enzyme_ic50": 1}, {"enzyme_ic50": True}, {"enzyme_ic50": "2"}, [])),
    *(PLAN | {"calibration": x} for x in (["nope"], ["E013", "E013"], "E013", [1], [None], ["\x1b[31m"])),
    *(PLAN | {"parameters": x} for x in ([], None, [1], [{"id": "Km_JAK1"}], PLAN["parameters"] * 2, PLAN["parameters"] * 3000)),
    *(PLAN | {"parameters": [PLAN["parameters"][0] | x]} for x in (
        {"low": 0}, {"low": 200}, {"start": 1000}, {"unit": "9**9**9"}, {"unit": "banana"}, {"low": True}, {"low": "1"},
        {"id": 'x"; y'}, {"id": "w_IL6", "unit": "dimensionless", "low": 0.1, "high": 7, "start": 1}, {"prior_from": "nope"},
        {"prior": {"median": 0, "factor": 2}}, {"prior": {"median": 1, "factor": 1}}, {"scope": "other"}, {"high": float("inf")},
    )),
    PLAN | {"colour": 1}, {k: v for k, v in PLAN.items() if k != "errors"},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(PLANS)))
def test_a_malformed_plan_is_refused(number: int, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(PLANS[number]), "utf-8")
    assert "mine.yaml" in refused("fit", str(path), "--out", "results")


CRITERION: dict[str, Any] = {
    "id": "C1", "item": 1, "hard": True, "statement": "s", "measure": "m", "low": 1, "high": 2, "target": "t", "unit": "nM",
    "rows": ["E013"],
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"low": 3}, {"low": None, "high": None}, {"low": True}, {"low": "1"}, {"low": float("nan")}, {"hard": "yes"}, {"hard": 1},
        {"rows": []}, {"rows": ["a", "a"]}, {"rows": "a"}, {"id": 'a"b'}, {"item": "1"}, {"item": -1}, {"statement": "a" * 10**6},
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_criterion_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_text(yaml.safe_dump({"criteria": [CRITERION | change]}), "utf-8")
    assert "criteria.yaml" in refusal(lambda: read_model(path, Criteria))


ROW = {
    "id": "X1",
    "quantity": "enzyme_ic50",
    "value": "5",
    "unit": "nM",
    "set": "context",
    "status": "verified",
}


@pytest.mark.parametrize(
    "change",
    [
        *({"value": x} for x in ("", "abc", "nan", "inf", "-1", "0", "1e999", "true", "0x10", "1_0", "5,0,0")),
        *({"unit": x} for x in ("", "banana", "9**9**9**9", "m" * 10_000, "nM\x1b[31m")),
        *({"n": x} for x in ("0", "-1", "1.5", "x")), *({"spread": x} for x in ("-1", "x")),
        {"low": "3", "high": "2"}, {"set": "both"}, {"status": "sure"}, {"id": ""}, {"id": "X2\x1b[31m"}, {"colour": "blue"},
        {"note": "a" * 30_000}, {"note": "a\tb"}, {"note": "a\u202eb"},
    ],
    ids=lambda c: str(c)[:40],
)  # fmt: skip
def test_a_malformed_data_row_is_refused(change: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "Mine2026"
    folder.mkdir()
    (folder / "source.yaml").write_text("citation: mine\n", "utf-8")
    row = ROW | change
    table = "\t".join(row) + "\n" + "\t".join(row.values()) + "\n"
    (folder / "measurements.tsv").write_text(table, "utf-8")
    assert "measurements.tsv:" in refusal(lambda: DataSet(tmp_path))


MAPPING: dict[str, Any] = {
    "time": "hour",
    "enzymes": {"JAK1": {
        "inhibitors": {"baricitinib": {"symbol": "baricitinib", "unit": "nM"}}, "atp": {"symbol": "ATP", "unit": "nM"},
        "peptide": {"symbol": "peptide", "unit": "nM"}, "product": "phosphopeptide",
    }},
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((("time",), x) for x in ("fortnight", None, 1)), (("enzymes",), {}), (("enzymes",), {"JAK9": {}}),
        *((("enzymes", "JAK1", "atp", "unit"), x) for x in ("9**9**9**9", "hour", "", 5)),
        *((("enzymes", "JAK1", "atp", "symbol"), x) for x in ("nope", "", 5, "\x1b[31m")),
        *((("enzymes", "JAK1", "product"), x) for x in ("1 +", "nope", "", "(" * 300, "f(x)")),
        (("enzymes", "JAK1", "atp", "mass"), 0), (("enzymes", "JAK1", "atp", "mass"), True), (("settings",), {"ATP": "1"}),
        (("settings",), {"ATP": True}), (("settings",), {"nope": 1}), (("inhibitors",), {"nope": {"symbol": "ATP", "unit": "nM"}}),
        (("colour",), 1), (("cells",), ["nope"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_malformed_mapping_is_refused(
    field: tuple[str, ...], value: Any, tmp_path: Path, refused: Run
) -> None:
    from inputs import changed

    path = tmp_path / "mapping.yaml"
    path.write_text(yaml.safe_dump(changed(MAPPING, field, value)), "utf-8")
    model = paths.models() / "sbml" / "kinase_assay_JAK1.xml"
    assert "mapping.yaml" in refused("evaluate", "--model", str(model), "--mapping", str(path))


@pytest.mark.parametrize("name", MODELS)
def test_a_malformed_model_is_refused(name: str, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / name
    path.write_text(MODELS[name], "utf-8", "surrogateescape")
    assert name.split(".")[0] in refused("export", str(path), "--out", "out")


@pytest.mark.parametrize("field", ["parameter_file", "sbml_files", "condition_files", "measurement_files"])
@pytest.mark.parametrize("name", ["/etc/passwd", "../x.tsv", "https://example.org/x.tsv", "/dev/zero"])
def test_a_petab_problem_reads_its_own_folder_only(field: str, name: str, tmp_path: Path) -> None:
    source = Path(__file__).parents[1] / "interop" / "petab"
    for file in source.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    problem = yaml.safe_load((tmp_path / "exchange.yaml").read_text("utf-8"))
    holder = problem if field == "parameter_file" else problem["problems"][0]
    holder[field] = name if field == "parameter_file" else [name]
    (tmp_path / "exchange.yaml").write_text(yaml.safe_dump(problem), "utf-8")
    assert "outside its folder" in refusal(lambda: read_petab(tmp_path / "exchange.yaml"))


@pytest.mark.parametrize("suffix", [".xml", ".ant", ".omex", ".yaml", ".csv", "plan", "mapping"])
@pytest.mark.parametrize("what", ["pipe", "device", "folder", "nothing"])
def test_what_is_no_regular_file_is_refused(what: str, suffix: str, tmp_path: Path, refused: Run) -> None:
    path = tmp_path / f"theirs{suffix if suffix.startswith('.') else '.yaml'}"
    match what:
        case "pipe":
            os.mkfifo(path)
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
    match suffix:
        case ".yaml" | ".csv":
            message = refused("simulate", "--regimen-file", str(path))
        case "plan":
            message = refused("fit", str(path))
        case "mapping":
            message = refused("evaluate", "--model", "x.xml", "--mapping", str(path))
        case _:
            message = refused("export", str(path))
    assert "theirs" in message


def test_there_are_more_than_500_of_these() -> None:
    counted = (ENTRIES, YAML, YAML, YAML, YAML, COMMANDS, REGIMENS, REGIMENS, DOSES, EVENTS, PLANS, MODELS)
    assert sum(map(len, counted)) > 500
    assert len({at for kind in sound().values() for at, _ in places(kind)}) > 60


HEAVY = ["species.xml", "functions.ant", "rules.ant", "modules.ant", "deep.xml"]


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read as Linux tells it")
@pytest.mark.parametrize("name", [*HEAVY, "many", "bomb", "units", "doses"])
def test_a_process_refuses_what_would_exhaust_it_in_seconds(name: str, tmp_path: Path) -> None:
    path = tmp_path / (name if "." in name else f"{name}.yaml")
    command = ["export", str(path)]
    if name in MODELS:
        path.write_text(MODELS[name], "utf-8")
    elif name in YAML:
        path.write_text(YAML[name], "utf-8")
        command = ["fit", str(path)]
    elif name == "units":
        command = ["assay", "--cytokine-dose=1 9**9**9**9"]
    else:
        command = ["simulate", "--regimen=" + " + ".join(["4 mg qd x 99999"] * 200)]
    # VmHWM is of this program alone; ru_maxrss begins with what the process held that started it.
    code = (
        "from jakinib.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, encoding="utf-8", check=False, cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (10, 10)), timeout=60,
    )  # fmt: skip
    assert run.returncode == 2, run.stderr[-500:]
    assert_one_message(run.stderr)
    assert int(run.stdout) < 500_000  # kB


COVALENT = Path(__file__).parents[2] / "examples" / "covalent_jak3" / "inhibitors"


@pytest.mark.parametrize(
    "line",
    [
        "ATP = 1;", "Km_JAK1 := 3;", "A_JAKx has dimensionless;", "species pSTAT5 in cytosol;", "kturn = 1e9;",
        "a = 1; ATP = 5;", 'import "/etc/passwd"', "STAT5' = 1;",
    ],
)  # fmt: skip
def test_a_binding_template_sets_no_symbol_of_others(line: str, tmp_path: Path) -> None:
    folder = tmp_path / "inhibitors"
    folder.mkdir()
    for file in COVALENT.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    template = folder / "covalent_JAK3.ant"
    template.write_text(template.read_text("utf-8").replace("  species", f"  {line}\n  species", 1), "utf-8")
    library = Library(paths.models() / "library", tmp_path)
    spec = ModelSpec("cytokine_signalling", ("IL-2",), ("ritlecitinib",))
    assert "covalent_JAK3.ant" in refusal(lambda: compose(spec, "theirs", library))


def test_an_import_beside_the_file_is_read_and_none_outside(tmp_path: Path) -> None:
    inside = tmp_path / "mine"
    inside.mkdir()
    (inside / "part.ant").write_text("model part\n  x = 5\nend\n", "utf-8")
    (tmp_path / "secret.ant").write_text("model part\n  x = 7\nend\n", "utf-8")
    whole = inside / "whole.ant"
    text = 'import "{}"\nmodel whole\n  A: part(); // an import\nend\n'
    whole.write_text(text.format("part.ant"), "utf-8")
    assert jk.load(whole).initial("A_x") == 5
    (inside / "link.ant").symlink_to(tmp_path / "secret.ant")
    for name in ("../secret.ant", str(tmp_path / "secret.ant"), "link.ant"):
        whole.write_text(text.format(name), "utf-8")
        assert "no .ant file of this folder" in refusal(lambda: jk.load(whole))
