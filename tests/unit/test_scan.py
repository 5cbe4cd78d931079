"""A scan asks the same question at every point of one or two ranges, and goes on after an interruption."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import jakinib as jk
from jakinib.cli import app
from jakinib.scenario.quantities import numeric
from jakinib.scenario.scanning import points

RA = jk.Scenario(patient="ra_adult", regimen="baricitinib 4 mg qd")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1, 2, 4 mg", [1, 2, 4]),
        ("4, 2", [2, 4]),
        ([2, "0.004 g"], [2, 4]),
        ("1 to 9 mg", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("1000 ug", [1]),
    ],
)
def test_values_are_read_as_they_are_written(given: str | list[float | str], expected: list[float]) -> None:
    assert points(given, numeric("dose")) == pytest.approx(expected)


def test_a_wide_range_rises_by_equal_factors() -> None:
    values = points("1 to 256 mg", numeric("dose"))
    assert [b / a for a, b in itertools.pairwise(values)] == pytest.approx([2] * 8)


def test_each_point_is_what_the_comparison_of_its_scenario_gives() -> None:
    found = jk.scan("mean inhibition", {"dose": "2, 4 mg", "eGFR": [45, 90]}, RA)
    frame = found.to_frame()
    assert frame.attrs["units"] == {
        "dose": "mg", "eGFR": "mL/min", "average_inhibition": "%", "low": "%", "high": "%"
    }  # fmt: skip
    assert (frame.low < frame.average_inhibition).all()
    assert (frame.average_inhibition < frame.high).all()
    for row in frame.itertuples():
        one = RA.but(regimen=f"baricitinib {row.dose} mg qd", eGFR=row.eGFR)
        expected = jk.compare(one).to_frame().average_inhibition_percent[0]
        assert row.average_inhibition == pytest.approx(expected, rel=1e-9)


def test_the_number_of_workers_changes_nothing() -> None:
    one, two = (jk.scan("auc", {"dose": "1, 2, 4 mg"}, RA, workers=workers) for workers in (1, 2))
    assert one.values == two.values


def test_a_scan_goes_on_from_what_was_finished(tmp_path: Path) -> None:
    kept = tmp_path / "scan.parts"

    def stop(finished: int, every: int) -> None:
        if finished == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jk.scan("auc", {"dose": "1, 2, 4 mg"}, RA, keep=kept, done=stop)
    counts: list[int] = []
    found = jk.scan(
        "auc", {"dose": "1, 2, 4 mg"}, RA, keep=kept, done=lambda finished, every: counts.append(finished)
    )
    assert counts == [2, 3]
    assert found == jk.scan("auc", {"dose": "1, 2, 4 mg"}, RA)
    assert not kept.exists()


def test_what_is_kept_of_another_scan_is_not_used(tmp_path: Path) -> None:
    kept = tmp_path / "scan.parts"

    def stop(finished: int, every: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jk.scan("auc", {"dose": "1, 2 mg"}, RA, keep=kept, done=stop)
    with pytest.raises(jk.InputError, match=r"scan\.parts"):
        jk.scan("auc", {"dose": "1, 3 mg"}, RA, keep=kept)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"colour": "1, 2"}, "unknown input"),
        ({"dose": "4 to 1 mg"}, "no range"),
        ({"dose": "0, 1"}, "above 0"),
        ({"dose": "1, 2 h"}, "not convertible"),
        ({"dose": []}, "above 0"),
        ({}, "0 inputs"),
        ({"dose": [1], "eGFR": [90], "weight": [70]}, "3 inputs"),
        ({"eGFR": [1e9]}, "eGFR"),
    ],
)
def test_what_is_no_range_is_refused(over: dict, said: str) -> None:
    with pytest.raises(jk.InputError, match=said):
        jk.scan("auc", over, RA)


def test_one_input_is_a_line_and_two_are_a_map_with_a_colour_bar() -> None:
    line = jk.scan("auc", {"dose": "1, 2 mg"}, RA).plot()
    assert [line.axes[0].get_xlabel(), line.axes[0].get_ylabel()] == ["dose (mg)", "AUC over 24 h (ng*h/mL)"]
    several = jk.scan("auc", {"dose": "1, 2 mg", "eGFR": [45, 90]}, RA).plot()
    assert [axes.get_ylabel() for axes in several.axes] == ["dose (mg)", "AUC over 24 h (ng*h/mL)"]


def test_the_command_writes_what_python_gives(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    RA.to_yaml(tmp_path / "study.yaml")
    out = tmp_path / "scan.tsv"
    command = ["scan", "auc", "--vary", "dose=1, 2 mg", "--scenario", str(tmp_path / "study.yaml")]
    assert CliRunner().invoke(app, [*command, "--out", str(out), "--json"]).exit_code == 0
    record = json.loads(capfd.readouterr().out)
    found = jk.scan("auc", {"dose": "1, 2 mg"}, RA)
    assert record["rows"] == found.to_frame().to_dict("records")
    assert out.read_text().startswith("dose\tauc\tlow\thigh\n1.0\t")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".parts"] == []


@pytest.mark.parametrize("vary", ["dose", "=1, 2", "dose=1 to"])
def test_a_range_that_is_not_understood_writes_nothing(vary: str, tmp_path: Path) -> None:
    out = tmp_path / "scan.csv"
    command = ["scan", "auc", "--regimen", "4 mg qd", "--vary", vary, "--out", str(out)]
    assert isinstance(CliRunner().invoke(app, command).exception, jk.InputError)
    assert list(tmp_path.iterdir()) == []


def test_only_public_names_are_listed() -> None:
    assert {"scan", "find", "Scenario"} < set(dir(jk))
    assert set(dir(jk)) == set(jk.__all__)


def test_the_interval_at_the_dose_of_an_interval_holds_the_target() -> None:
    """A draw in twenty needs more than the upper end of the dose found: there it inhibits less."""
    found = jk.find("mean inhibition", 50.0, scenario=RA)
    low, high = found.interval
    frame = jk.scan("mean inhibition", {"dose": [low, high]}, RA).to_frame()
    assert frame.high[0] == pytest.approx(50, abs=1.5)
    assert frame.low[1] == pytest.approx(50, abs=1.5)


def test_without_a_band_there_is_none() -> None:
    assert list(jk.scan("auc", {"dose": "1, 2 mg"}, RA, bands=False).to_frame()) == ["dose", "auc"]


@pytest.mark.parametrize(
    ("wanted", "over", "whose"),
    [
        ("Cmax", {"dose": "4 mg"}, "typical patient"),
        ("mean inhibition", {"dose": "4 mg"}, "typical patient, an average laboratory"),
        ("inhibition", {"concentration": "50 nM"}, "an average laboratory"),
    ],
)
def test_an_interval_says_of_whom_it_is(wanted: str, over: dict[str, str], whose: str) -> None:
    found = jk.scan(wanted, over, regimen="4 mg qd", population="RA")
    assert found.record()["band"] == whose
    assert found.plot().axes[0].get_title().endswith(f"\n90 % interval: {whose}")
    assert "band" not in jk.scan(wanted, over, regimen="4 mg qd", population="RA", bands=False).record()


def test_plasma_that_was_not_fitted_has_no_interval_and_inhibition_that_of_cells() -> None:
    asked = {"regimen": "tofacitinib 5 mg bid", "population": "healthy_adult"}
    plasma = jk.scan("Cmax", {"dose": "5 mg"}, **asked)
    assert plasma.ends == ()
    assert "no interval: tofacitinib: its pharmacokinetics were not fitted" in plasma.notes
    inhibited = jk.scan("mean inhibition", {"dose": "5 mg"}, **asked)
    ((low, high),) = inhibited.ends
    assert low < high
    assert any("not fitted, so intervals hold" in note for note in inhibited.notes)


def test_the_title_of_a_scan_names_nothing_that_its_axes_vary() -> None:
    found = jk.scan("mean inhibition", {"dose": "1, 2 mg", "eGFR": [45, 90]}, RA.but(weight=70))
    title = found.plot().axes[0].get_title()
    assert "4 mg" not in title
    assert "eGFR" not in title
    assert "baricitinib" in title
    assert "weight 70" in title
