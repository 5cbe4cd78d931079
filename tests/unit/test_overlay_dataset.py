"""What an overlay saves as a data set is what an evaluation judges, by the same distance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

import jakinib as jk
from jakinib.check import check
from jakinib.cli import app
from jakinib.evaluate import read_criteria
from jakinib.evaluate.evidence import Evidence
from jakinib.fit import read_plan
from jakinib.library.measurements import get_data
from jakinib.scenario.overlaid import Overlay

RESPONSE = "conc (nM);inhibition 1 (%);inhibition 2 (%)\n10;8;4\n50;27;22\n150;52;60\n1000;91;95\n"
PLASMA = "time (h),plasma (ng/mL),SD\n0.5,40,9\n2,35,8\n30,12,4\n"
BLOOD = "time (h),inhibition (%)\n0.5,60\n1,55\n8,20\n24,-3\n"
PATIENT = {"population": "ra_adult", "eGFR": "90, 30 from 6 h", "weight": 60, "with": "fed"}
COURSE = jk.Scenario(patient=PATIENT, regimen="baricitinib 4 mg qd x 2")
PBMC = jk.Scenario(
    inhibitor="baricitinib",
    assay={"cytokine": "IL-2", "matrix": "PBMC", "cytokine_dose": "5 ng/mL", "stimulation": "20 min"},
)
CASES = {"Response": (RESPONSE, PBMC), "Plasma": (PLASMA, COURSE), "Blood": (BLOOD, COURSE)}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Overlay]]:
    """Three overlays in one library, one after the other."""
    root = tmp_path_factory.mktemp("mine")
    found = {}
    for name, (text, scenario) in CASES.items():
        (root / f"{name}.csv").write_text(text)
        found[name] = jk.overlay(root / f"{name}.csv", scenario)
        found[name].save_dataset(name, root / "library")
    return root / "library", found


@pytest.fixture
def judged(
    saved: tuple[Path, dict[str, Overlay]], monkeypatch: pytest.MonkeyPatch, library_of_its_own: Callable
) -> dict[str, float]:
    """Values of the criteria of the library, by id."""
    monkeypatch.setenv("JAKINIB_LIBRARY", str(saved[0]))
    library_of_its_own()
    data = get_data()
    own = [c for c in read_criteria(data=data) if c.id.startswith(tuple(CASES))]
    evidence = Evidence(read_plan("pathways", data), data, own)
    return {criterion.id: evidence.value(criterion) for criterion in own}


def test_criteria_find_the_distances_that_the_overlay_shows(
    saved: tuple[Path, dict[str, Overlay]], judged: dict[str, float]
) -> None:
    response, plasma, blood = saved[1].values()
    fold = max(response.fold, 1 / response.fold)
    assert judged["Response_IC50"] == pytest.approx(fold, rel=1e-4)
    distance = abs(response.mean - response.to_frame().predicted).mean()
    assert judged["Response_points"] == pytest.approx(distance, rel=1e-4)
    assert judged["Plasma_points"] == pytest.approx(plasma.deviation, rel=1e-6)
    frame = blood.to_frame()[:-1]  # the last point lies below 0, which no row holds
    assert judged["Blood_points"] == pytest.approx(abs(frame.inhibition - frame.predicted).mean(), rel=1e-3)


def test_the_library_has_no_errors_and_nothing_to_fill_in(saved: tuple[Path, dict[str, Overlay]]) -> None:
    assert [str(finding) for finding in check(saved[0]).findings] == []


def test_what_the_scenario_states_is_stated_and_the_rest_assumed(
    saved: tuple[Path, dict[str, Overlay]],
) -> None:
    assay = yaml.safe_load((saved[0] / "data/Response/source.yaml").read_text())["assay"]
    kinds = {name: assay[name]["kind"] for name in ("preincubation", "stimulation")}
    assert kinds == {"preincubation": "assumed", "stimulation": "measured"}
    assert assay["cytokine_dose"]["IL-2"]["kind"] == "measured"


def test_replicates_are_means_with_their_spread_and_number(saved: tuple[Path, dict[str, Overlay]]) -> None:
    lines = (saved[0] / "data/Response/measurements.tsv").read_text().splitlines()
    first = dict(zip(lines[0].split("\t"), lines[1].split("\t"), strict=True))
    assert (float(first["value"]), first["n"]) == (6.0, "2")
    assert float(first["spread"]) == pytest.approx(8**0.5)
    assert lines[-1].startswith("Response_IC50\tcell_ic50")


@pytest.mark.parametrize("name", ["Response", "Mine 2026", "2026", ""])
def test_a_name_that_is_taken_or_none_changes_nothing(
    name: str, saved: tuple[Path, dict[str, Overlay]]
) -> None:
    before = {file: file.read_bytes() for file in saved[0].rglob("*") if file.is_file()}
    with pytest.raises(jk.InputError, match=r"exists already|no name of a data set"):
        saved[1]["Response"].save_dataset(name, saved[0])
    assert {file: file.read_bytes() for file in saved[0].rglob("*") if file.is_file()} == before


def test_criteria_of_another_shape_are_not_touched(
    saved: tuple[Path, dict[str, Overlay]], tmp_path: Path
) -> None:
    text = "criteria: [{id: a, hard: false, statement: a, rows: [C016], high: 2, unit: nM}]\n"
    (tmp_path / "criteria.yaml").write_text(text)
    with pytest.raises(jk.InputError, match="no list of criteria in lines"):
        saved[1]["Response"].save_dataset("Other", tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["criteria.yaml"]
    assert (tmp_path / "criteria.yaml").read_text() == text


def test_the_command_says_what_it_wrote_and_what_judges_it(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(RESPONSE)
    command = ["overlay", str(tmp_path / "mine.csv"), "--inhibitor", "baricitinib", "--dataset", "Mine"]
    run = CliRunner().invoke(app, [*command, "--library", str(tmp_path / "lab")])
    assert run.exit_code == 0, run.output
    assert "jakinib evaluate --library" in run.output.replace("\n", " ")
    assert (tmp_path / "lab/data/Mine/measurements.tsv").is_file()
    refused = CliRunner().invoke(app, command).exception
    assert isinstance(refused, jk.InputError)
    assert "--dataset and --library" in str(refused)
