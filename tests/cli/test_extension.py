"""Extending from outside: new and check on the command line, user folders, installed plug-ins."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jakinib import paths
from jakinib.library import get_library, plugins
from jakinib.library.measurements import get_data

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = (
    "id\tquantity\tinhibitor\ttarget\tatp\tvalue\tunit\tset\tstatus\n"
    "MINE1\tenzyme_ic50\tbaricitinib\tJAK1\t1 mM\t6\tnM\tcalibration\tverified\n"
)
PLAN = """id: my_plan
question: Which Ki explains my IC50?
calibration: [MINE1]
errors: {enzyme_ic50: 1.5}
seed: 1
starts: 1
parameters:
  - {id: Ki_baricitinib_JAK1, unit: nM, low: 1e-3, high: 100, start: 0.2, scope: nuisance}
  - {id: Km_JAK1, unit: uM, low: 2, high: 800, start: 40, prior: {median: 40, factor: 3}}
"""


Command = Callable[..., subprocess.CompletedProcess[str]]


def process(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from jakinib.cli import main; main()", *arguments]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("JAKINIB_")}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", cwd=cwd, check=False, env=clean | environment
    )


@pytest.fixture
def outside(jakinib: Command) -> Command:
    """Run a command as a process with other folders and plug-ins would: nothing is known from before."""
    remembered = (get_library, get_data, plugins.objects, plugins.library_folders)

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("JAKINIB_LIBRARY", plugins.SWITCH):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                if name == "PYTHONPATH":
                    patch.syspath_prepend(value)
                else:
                    patch.setenv(name, value)
            for read in remembered:
                read.cache_clear()
            try:
                return jakinib(*arguments)
            finally:
                sys.modules.pop("jak_extra", None)
                for read in remembered:
                    read.cache_clear()

    return run


def one_line(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 2, run.stdout + run.stderr
    assert run.stdout == ""
    lines = run.stderr.strip().splitlines()
    assert len(lines) == 1, run.stderr
    return lines[0]


# new and check ------------------------------------------------------------------------------------------


def test_new_writes_one_commented_file_and_check_says_what_is_left(jakinib: Command, tmp_path: Path) -> None:
    run = jakinib("new", "inhibitor", "my_drug", "--out", "lib", "--json")
    assert json.loads(run.stdout) == [str(Path("lib/inhibitors/my_drug.yaml"))]
    assert [p.name for p in tmp_path.iterdir()] == ["lib"]
    text = (tmp_path / "lib/inhibitors/my_drug.yaml").read_text("utf-8")
    assert text.startswith("# my_drug: a JAK inhibitor.")
    left = jakinib("check", "lib")
    assert left.returncode == 1
    assert "lib/inhibitors/my_drug.yaml:5: error: molecular_weight.value still says FILL" in left.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "inhibitor", "../x"], "'../x' is no name of a inhibitor"),
        (["new", "drug", "x"], "unknown kind of entry 'drug'"),
        (["check", "absent"], "absent: no such file or folder"),
        (["check", "."], "holds no .yaml"),
        (["new", "inhibitor"], "Missing argument"),
    ],
)
def test_bad_arguments_are_one_line_and_write_nothing(
    arguments: list[str], said: str, jakinib: Command, tmp_path: Path
) -> None:
    assert said in one_line(jakinib(*arguments))
    assert list(tmp_path.iterdir()) == []


def test_new_never_overwrites(jakinib: Command, tmp_path: Path) -> None:
    jakinib("new", "plan", "mine")
    (tmp_path / "plans/mine.yaml").write_text("mine", encoding="utf-8")
    assert "exists already" in one_line(jakinib("new", "plan", "mine"))
    assert (tmp_path / "plans/mine.yaml").read_text("utf-8") == "mine"


def test_check_as_json_is_only_json_and_ends_with_0_1_or_2(jakinib: Command, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "new_cytokine", tmp_path / "lib")
    sound = jakinib("check", "lib", "--json")
    assert sound.returncode == 0
    assert json.loads(sound.stdout)["passed"]
    path = tmp_path / "lib/cytokines/IL-9.yaml"
    path.write_text(path.read_text("utf-8").replace("IL2RG\n", "IL2RX\n", 1), encoding="utf-8")
    faulty = jakinib("check", str(path), "--json")
    assert faulty.returncode == 1
    record = json.loads(faulty.stdout)
    hits = {f["check"] for f in record["findings"] if f["level"] == "error"}
    assert hits == {"unknown-reference", "chain-without-pool"}
    assert all(f["file"].endswith("IL-9.yaml") and f["line"] == 8 for f in record["findings"])


def test_a_hundred_files_are_checked_in_one_go(
    jakinib: Command, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    """The time is reported, not asserted: ``pytest --junitxml`` shows it."""
    import time

    text = (paths.models() / "library/inhibitors/tofacitinib.yaml").read_text("utf-8")
    text = re.sub(r"(?m)^aliases: .*\n", "", text)
    cell = (EXAMPLES / "new_cytokine/cells/t_cell_IL9R.yaml").read_text("utf-8")
    cytokine = (EXAMPLES / "new_cytokine/cytokines/IL-9.yaml").read_text("utf-8")
    shutil.copytree(EXAMPLES / "new_cytokine", tmp_path / "lib")
    (tmp_path / "lib/inhibitors").mkdir()
    for n in range(40):
        (tmp_path / f"lib/inhibitors/d{n}.yaml").write_text(text.replace("tofacitinib", f"d{n}"), "utf-8")
        (tmp_path / f"lib/cells/c{n}.yaml").write_text(cell.replace("T cell with", f"T{n} with"), "utf-8")
    for n in range(16):
        renamed = (
            cytokine.replace("IL-9", f"IL-9v{n}").replace("IL9\n", f"IL9v{n}\n").replace("_IL9", f"_IL9v{n}")
        )
        (tmp_path / f"lib/cytokines/v{n}.yaml").write_text(renamed, "utf-8")
    started = time.perf_counter()
    run = jakinib("check", "lib", "--json")
    record_property("seconds", time.perf_counter() - started)
    print(f"100 files: {time.perf_counter() - started:.2f} s")
    record = json.loads(run.stdout)
    assert record["files"] == 100
    assert record["passed"], record["findings"][:5]


# User folders -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user folder with an inhibitor, a cytokine, a data set and a plan."""
    lib = tmp_path / "mine"
    shutil.copytree(EXAMPLES / "new_cytokine", lib)
    shutil.copytree(EXAMPLES / "covalent_jak3/inhibitors", lib / "inhibitors")
    (lib / "data/Mine2026").mkdir(parents=True)
    (lib / "plans").mkdir()
    (lib / "data/Mine2026/measurements.tsv").write_text(DATA, encoding="utf-8")
    (lib / "data/Mine2026/source.yaml").write_text("citation: mine\n", encoding="utf-8")
    (lib / "plans/my_plan.yaml").write_text(PLAN, encoding="utf-8")
    return lib


def test_a_user_folder_adds_inhibitors_cytokines_cells_data_and_plans(
    folder: Path, tmp_path: Path, outside: Command
) -> None:
    content = json.loads(outside("list", "--json", JAKINIB_LIBRARY=str(folder)).stdout)
    assert "ritlecitinib" in content["inhibitors"]
    assert "IL-9" in content["cytokines"]
    assert "T cell with IL9R" in content["cells"]
    assert "my_plan" in content["plans"]


def test_a_plan_of_a_user_folder_is_fitted_there_and_nowhere_else(
    folder: Path, tmp_path: Path, outside: Command
) -> None:
    before = {p: p.stat().st_mtime_ns for p in (paths.fits() / "results").rglob("*")}
    run = outside("fit", "my_plan", "--json", JAKINIB_LIBRARY=str(folder))
    assert run.returncode == 0, run.stderr
    names = {row["id"] for row in json.loads(run.stdout)["estimates"]}
    assert names == {"Ki_baricitinib_JAK1", "Km_JAK1"}
    assert (folder / "results/my_plan/estimates.tsv").exists()
    assert not (paths.fits() / "results/my_plan").exists()
    assert set(before) <= set((paths.fits() / "results").rglob("*"))


def test_a_plan_named_like_one_of_the_package_is_refused(
    folder: Path, tmp_path: Path, outside: Command
) -> None:
    (folder / "plans/my_plan.yaml").rename(folder / "plans/pathways.yaml")
    said = one_line(outside("fit", "pathways", JAKINIB_LIBRARY=str(folder)))
    assert "plan 'pathways' exists already" in said
    assert "rename it" in said


def test_a_row_id_of_the_package_is_refused_in_a_user_folder(
    folder: Path, tmp_path: Path, outside: Command
) -> None:
    (folder / "data/Mine2026/measurements.tsv").write_text(DATA.replace("MINE1", "C012"), encoding="utf-8")
    said = one_line(outside("fit", "enzyme", JAKINIB_LIBRARY=str(folder)))
    assert "measurements.tsv:2: id 'C012' is already used" in said


# Plug-ins -----------------------------------------------------------------------------------------------


def install(site: Path, body: str, value: str = "jak_extra:folder", group: str = "library") -> None:
    """A tiny distribution, as an installer leaves it: a module and its dist-info."""
    module = site / f"{value.partition(':')[0]}.py"
    site.mkdir(exist_ok=True)
    module.write_text(body, encoding="utf-8")
    info = site / "jak_extra-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: jak-extra\nVersion: 1.2\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[jakinib.{group}]\nextra = {value}\n", encoding="utf-8")


@pytest.mark.parametrize(
    "body",
    [
        "from pathlib import Path\ndef folder():\n    return Path(__file__).parent / 'lib'\n",
        "from pathlib import Path\nfolder = str(Path(__file__).parent / 'lib')\n",
    ],
    ids=["callable", "path"],
)
def test_an_installed_plug_in_adds_its_folder(body: str, folder: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, body)
    shutil.copytree(folder, site / "lib")
    content = json.loads(process("list", "--json", cwd=tmp_path, PYTHONPATH=str(site)).stdout)
    assert "ritlecitinib" in content["inhibitors"]
    assert "IL-9" in content["cytokines"]
    assert "my_plan" in content["plans"]
    without = process("list", "--json", cwd=tmp_path, PYTHONPATH=str(site), JAKINIB_PLUGINS="off")
    assert "ritlecitinib" not in json.loads(without.stdout)["inhibitors"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "raise RuntimeError('licence server down')\n",
            "cannot be imported: RuntimeError: licence server down",
        ),
        ("import absent_module\n", "cannot be imported: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "cannot be imported: SystemExit"),
        ("def folder(:\n", "cannot be imported: SyntaxError"),
        ("other = 1\n", "cannot be imported: AttributeError"),
        ("def folder():\n    raise OSError('gone')\n", "names no folder: OSError: gone"),
        ("folder = 7\n", "names no folder: TypeError"),
        ("folder = '/nowhere/at/all'\n", "which is no folder"),
    ],
)
def test_a_plug_in_that_fails_is_refused_by_name_with_a_way_out(
    body: str, said: str, tmp_path: Path, outside: Command
) -> None:
    install(tmp_path / "site", body)
    message = one_line(outside("list", PYTHONPATH=str(tmp_path / "site")))
    assert said in message
    assert "plug-in 'extra' of jak-extra 1.2" in message
    assert "uninstall that distribution, or set JAKINIB_PLUGINS=off" in message


def test_a_plug_in_whose_entries_are_faulty_is_refused_with_file_and_line(
    tmp_path: Path, outside: Command
) -> None:
    site = tmp_path / "site"
    install(site, "from pathlib import Path\nfolder = Path(__file__).parent / 'lib'\n")
    (site / "lib/inhibitors").mkdir(parents=True)
    (site / "lib/inhibitors/bad.yaml").write_text("id: bad\n", encoding="utf-8")
    assert "bad.yaml:1: molecular_weight is missing" in one_line(outside("list", PYTHONPATH=str(site)))


TARGET = """
from jakinib.fit import Target

class Half(Target):
    quantities = ("half_of_something",)
"""


@pytest.mark.parametrize("group", ["experiments", "targets"])
def test_a_plug_in_adds_a_kind_of_experiment(group: str, folder: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install(site, TARGET, "jak_extra:Half", group)
    code = "from jakinib.experiments import kinds; print(*kinds())"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True,
        env=os.environ | {"PYTHONPATH": str(site)},
    )  # fmt: skip
    assert "half_of_something" in run.stdout.split()


def test_a_target_type_that_cannot_be_imported_is_refused_by_name(
    folder: Path, tmp_path: Path, outside: Command
) -> None:
    site = tmp_path / "site"
    install(site, "import absent_module\n", "jak_extra:Half", "targets")
    said = one_line(outside("fit", "my_plan", PYTHONPATH=str(site), JAKINIB_LIBRARY=str(folder)))
    assert "plug-in 'extra' of jak-extra 1.2 (jakinib.targets: jak_extra:Half) cannot be imported" in said
