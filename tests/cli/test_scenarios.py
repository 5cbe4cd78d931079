"""One scenario in every command: from options, from a file, and printed back as that file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

import jakinib as jk
from jakinib.cli import app
from jakinib.cli.scenarios import PARTS

TAKING = ("simulate", "compare", "population", "assay", "sensitivity", "find", "scan", "overlay")
STUDY = jk.Scenario.of(regimen="baricitinib 4 mg qd x 2", population="ra_adult", eGFR=45)


@pytest.fixture
def study(tmp_path: Path) -> str:
    STUDY.to_yaml(tmp_path / "study.yaml")
    return str(tmp_path / "study.yaml")


def printed(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> dict:
    assert CliRunner().invoke(app, [*arguments, "--json"]).exit_code == 0
    return json.loads(capfd.readouterr().out)


@pytest.mark.parametrize("command", TAKING)
def test_every_command_takes_a_scenario_and_names_its_parts_alike(command: str) -> None:
    options = {p.name: p.opts for p in typer.main.get_command(app).commands[command].params}  # type: ignore[attr-defined]
    assert options["scenario"] == ["--scenario"]
    spelled = {PARTS[name]: opts[0] for name, opts in options.items() if name in PARTS}
    spelled.pop("population", None)  # an argument of one command, and an option beside it
    assert spelled == {part: f"--{part.lower().replace('_', '-')}" for part in spelled}


def test_a_file_is_simulated_as_its_options_are(study: str, capfd: pytest.CaptureFixture[str]) -> None:
    options = ["--regimen", "baricitinib 4 mg qd x 2", "--population", "RA", "--egfr", "45 mL/min"]
    by_options = printed(["simulate", *options], capfd)
    assert printed(["simulate", "--scenario", study], capfd) == by_options
    assert jk.Scenario(**by_options["scenario"]) == STUDY


def test_what_is_printed_back_runs_again(study: str, tmp_path: Path) -> None:
    first = CliRunner().invoke(app, ["simulate", "--scenario", study]).stdout
    again = tmp_path / "again.yaml"
    again.write_text(first[first.index("\npatient:") :])
    assert CliRunner().invoke(app, ["simulate", "--scenario", str(again)]).stdout == first
    assert yaml.safe_load(again.read_text())["patient"]["eGFR"] == "45 mL/min"


def test_regimens_and_files_are_arms_of_a_comparison(study: str, capfd: pytest.CaptureFixture[str]) -> None:
    doses = ["--regimen", "baricitinib 2 mg qd", "--regimen", "baricitinib 4 mg qd"]
    found = printed(["compare", "--scenario", study, *doses, "--no-band"], capfd)
    weak, strong = (row["average_inhibition_percent"] for row in found["rows"])
    assert weak < strong
    assert [one["patient"]["eGFR"] for one in found["scenarios"]] == ["45 mL/min"] * 2


def test_an_assay_of_a_file_is_that_of_python(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    jk.Scenario.of(inhibitor="tofacitinib", cytokine="IL-2", matrix="PBMC").to_yaml(tmp_path / "a.yaml")
    found = printed(["assay", "--scenario", str(tmp_path / "a.yaml"), "--no-band"], capfd)
    assert found["ic50_nM"] == jk.assay("tofacitinib", "IL-2", matrix="PBMC").ic50


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["simulate", "--egfr", "45 kg"], "patient.eGFR unit 'kg'"),
        (["population", "RA", "--population", "healthy", "-n", "2"], "give one of them"),
        (["compare", "--regimen", "bari 4 mg qd", "--inhibitor", "tofa"], "names its own"),
        (["simulate", "--scenario", "nothing.yaml"], "nothing.yaml"),
    ],
)
def test_what_is_no_scenario_is_refused(arguments: list[str], said: str) -> None:
    refusal = CliRunner().invoke(app, arguments).exception
    assert isinstance(refusal, jk.InputError)
    assert said in str(refusal)


def test_what_a_population_draws_is_not_taken_from_a_scenario(study: str) -> None:
    refusal = CliRunner().invoke(app, ["population", "--scenario", study, "-n", "2"]).exception
    assert "does not take eGFR" in str(refusal)
