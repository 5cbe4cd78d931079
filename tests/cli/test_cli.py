"""The command line as a user meets it: answers on standard output, bad input in one line with exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


def process(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from jakinib.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, check=False)


def test_help_names_every_command(jakinib: Command) -> None:
    run = jakinib("--help")
    assert run.returncode == 0
    for command in ("list", "build", "simulate", "assay", "fit", "evaluate", "export"):
        assert f"\n  {command} " in run.stdout


def test_a_process_ends_with_2_and_one_line_on_standard_error(tmp_path: Path) -> None:
    run = process("simulate", "--egfr=-3", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("jakinib: scenario: patient.eGFR is -3 mL/min; ")
    assert len(run.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_list_as_json_is_only_json() -> None:
    content = json.loads(process("list", "--json").stdout)
    assert {"IL-6", "IL-2", "IFN-gamma", "GM-CSF"} <= set(content["cytokines"])
    assert {"baricitinib", "tofacitinib", "brepocitinib"} <= set(content["inhibitors"])


def test_assay_as_json_gives_ic50_and_hill(jakinib: Command) -> None:
    record = json.loads(jakinib("assay", "--kinase", "JAK1", "--json").stdout)
    assert record["ic50_nM"] == pytest.approx(5.9, rel=0.05)
    assert record["hill"] == pytest.approx(1, rel=0.01)


def test_simulate_writes_a_table_and_a_picture(jakinib: Command, tmp_path: Path) -> None:
    run = jakinib(
        "simulate", "--regimen", "4 mg qd x 2", "--population", "ra_adult", "--egfr", "45",
        "--out", "course.tsv", "--plot", "course.png", "--json",
    )  # fmt: skip
    record = json.loads(run.stdout)
    assert len(record["intervals"]) == 2
    header = (tmp_path / "course.tsv").read_text(encoding="utf-8").splitlines()[0].split("\t")
    assert header[0] == "time_h"
    assert "occupancy_JAK1" in header
    assert (tmp_path / "course.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["assay", "--inhibitor", "baricitinip"], "did you mean baricitinib"),
        (["assay", "--cytokine", "ILL-6"], "did you mean IL-6"),
        (["assay", "--readout", "pSTAT6"], "pSTAT3"),
        (["assay", "--cytokine-dose", "10"], "no unit"),
        (["assay", "--cytokine-dose", "10 banana"], "banana"),
        (["assay", "--cytokine-dose=-1 nM"], "cytokine_dose is -1"),
        (["assay", "--matrix", "soup"], "whole blood"),
        (["assay", "--kinase", "JAK9"], "JAK1"),
        (["simulate", "--regimen=-4 mg"], "dose -4 mg"),
        (["simulate", "--regimen", "nan mg"], "nan mg"),
        (["simulate", "--regimen", "4"], "no unit"),
        (["simulate", "--regimen", "4 mg qd x 0"], "x 0"),
        (["simulate", "--regimen", "4 mg sometimes x 2"], "sometimes"),
        (["simulate", "--egfr=-3"], "eGFR is -3"),
        (["simulate", "--egfr", "nan"], "eGFR is nan"),
        (["simulate", "--weight", "0"], "weight is 0"),
        (["simulate", "--hours=-1"], "hours is -1"),
        (["simulate", "--population", "martians"], "healthy_adult"),
        (["simulate", "--inhibitor", "abrocitinib"], "assays only"),
        (["simulate", "--plot", "/dev/null/x.png"], "/dev/null/x.png"),
        (["simulate", "--plot", "x.banana"], "x.banana"),
        (["fit", "no_such_plan"], "known: clinical_pk, "),
        (["fit", "missing.yaml"], "missing.yaml: no such file"),
        (["export", "blood_pk"], "did you mean blood_pkpd"),
        (["evaluate", "--nonsense"], "--nonsense"),
        (["simulatte"], "simulatte"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    arguments: list[str], said: str, jakinib: Command, tmp_path: Path
) -> None:
    run = jakinib(*arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    lines = [line for line in run.stderr.splitlines() if not line.startswith("  ")]  # a regimen is shown
    assert len(lines) == 1, run.stderr
    assert said in lines[0]
    assert list(tmp_path.iterdir()) == []


PLAN = """id: mine
question: does it work?
calibration: [C012]
errors: {cell_ic50: 1.25}
seed: 1
starts: 1
parameters:
  - {id: ATP, unit: mM, low: 2, high: 5, start: 3.9}
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            PLAN.replace("start: 3.9", "start: 9"),
            "plan.yaml:8: parameters.0 start 9 lies outside its bounds 2..5",
        ),
        (PLAN.replace("unit: mM, ", ""), "plan.yaml:8: parameters.0.unit is missing"),
        (PLAN.replace("[C012]", "[C999]"), "unknown measurement 'C999'"),
        (PLAN.replace("[C012]", "[C026]"), "column set) is a validation row of Fridman2010"),
        (PLAN + "validation: [C012]\n", "both calibration and validation"),
        (PLAN.replace("mM", "banana"), "banana"),
        (PLAN + "colour: red\n", "plan.yaml:9: colour is not a known field"),
        (PLAN.replace("seed: 1", "seed: [1"), "plan.yaml:6"),
        (PLAN.replace("seed: 1", "seed: 1\nseed: 2"), "the key 'seed' stands twice"),
        (PLAN.replace("id: ATP", "id: ATQ"), "unknown symbol 'ATQ'; did you mean ATP"),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused_before_anything_runs(
    text: str, said: str, jakinib: Command, tmp_path: Path
) -> None:
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    run = jakinib("fit", "plan.yaml", "--out", "results")
    assert run.returncode == 2
    lines = run.stderr.strip().splitlines()
    assert said in lines[-1], run.stderr
    assert len(lines) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]


def test_a_fit_from_a_plan_file_writes_estimates_and_provenance(jakinib: Command, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    run = jakinib("fit", "plan.yaml", "--out", "results", "--json")
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["estimates"][0]["id"] == "ATP"
    assert {path.name for path in (tmp_path / "results").iterdir()} == {
        "covariance.tsv",
        "estimates.tsv",
        "provenance.json",
    }


def test_the_committed_sbml_is_current(jakinib: Command) -> None:
    run = jakinib("build", "--check")
    assert run.returncode == 0, run.stdout + run.stderr


def test_version_is_printed(jakinib: Command) -> None:
    import jakinib as package

    assert jakinib("--version").stdout.strip() == package.__version__


def test_a_profile_gives_every_parameter_a_verdict(jakinib: Command, tmp_path: Path) -> None:
    run = jakinib("profile", "enzyme", "--out", str(tmp_path), "--json")
    assert run.returncode == 0, run.stderr
    rows = {row["id"]: row for row in json.loads(run.stdout)}
    assert rows["Km_JAK2"]["low"] < rows["Km_JAK2"]["estimate"] < rows["Km_JAK2"]["high"]
    assert {row["verdict"] for row in rows.values()} <= {
        "identifiable",
        "practically non-identifiable",
        "structurally non-identifiable",
        "at bound",
    }
    # Only a bound (> 10000 nM) was ever published for it.
    assert rows["Ki_abrocitinib_JAK3"]["verdict"] != "identifiable"
    assert (tmp_path / "profiles.tsv").exists()
