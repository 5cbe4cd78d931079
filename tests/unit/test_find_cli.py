"""``jakinib find``: the question of the Python interface, with a scenario from options or a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import jakinib as jk
from jakinib.cli import app

QUESTION = ["find", "cmax", "40 ng/mL", "--no-band"]


def test_options_and_a_file_say_the_same_and_the_scenario_is_printed_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asked = jk.Scenario.of(regimen="baricitinib 4 mg qd", population="ra_adult", eGFR=45)
    asked.to_yaml(tmp_path / "study.yaml")
    options = ["--regimen", "baricitinib 4 mg qd", "--population", "ra_adult"]
    by_file = CliRunner().invoke(app, [*QUESTION, "--scenario", str(tmp_path / "study.yaml"), "--json"])
    record = json.loads(capfd.readouterr().out)  # --json writes past what CliRunner captures
    by_options = CliRunner().invoke(app, [*QUESTION, *options, "--egfr", "45 mL/min", "--json"])
    assert by_file.exit_code == by_options.exit_code == 0
    assert json.loads(capfd.readouterr().out) == record
    back = jk.Scenario(**record["scenario"])
    assert back == asked.but(regimen=back.doses)
    assert record["at"] == jk.find("cmax", 40, "dose", asked).at


def test_an_option_goes_before_the_file(tmp_path: Path) -> None:
    jk.Scenario.of(regimen="baricitinib 4 mg qd", eGFR=45).to_yaml(tmp_path / "study.yaml")
    found = CliRunner().invoke(app, [*QUESTION, "--scenario", str(tmp_path / "study.yaml"), "--egfr", "90"])
    text = found.stdout[found.stdout.index("patient:") :]
    assert yaml.safe_load(text)["patient"] == {"population": "healthy_adult", "eGFR": "90 mL/min"}


@pytest.mark.parametrize(
    ("arguments", "old", "new"),
    [
        (["assay", "--no-band", "--dose", "3 nM"], "--dose", "--cytokine-dose"),
        (["compare", "--regimen", "baricitinib 4 mg qd", "--cytokines", "IL-6"], "--cytokines", "--cytokine"),
        (["simulate", "--condition", "fed"], "--condition", "--with"),
    ],
)
def test_an_old_spelling_works_and_says_the_new_one(arguments: list[str], old: str, new: str) -> None:
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0
    assert f"{old} is now {new}" in found.stderr
    refused = CliRunner().invoke(app, [*arguments[:-1], "many"])
    assert isinstance(refused.exception, jk.InputError)  # the value was read, and nothing but that is said
    assert "is now" not in refused.stderr
