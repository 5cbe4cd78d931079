"""Arms stand side by side: in one table, on one plot with their names at the lines, and in a comparison."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import jakinib as jk
from jakinib.cli import app

RA = jk.Scenario(patient="ra_adult", regimen="baricitinib 4 mg qd x 2")
ARMS = [RA.but(name=f"eGFR {value}", eGFR=value) for value in (90, 45, 30)]


def test_each_arm_is_the_course_of_its_scenario() -> None:
    found = jk.simulate(ARMS)
    assert len(found) == 3
    for one, course in zip(ARMS, found, strict=True):
        assert (course.inhibition == jk.simulate(one).inhibition).all()
    frame = found.to_frame()
    assert list(frame.arm.unique()) == ["eGFR 90", "eGFR 45", "eGFR 30"]
    assert frame.groupby("arm").plasma.mean().loc[["eGFR 90", "eGFR 45", "eGFR 30"]].is_monotonic_increasing


def test_every_line_is_named_at_its_end_and_no_two_names_touch() -> None:
    """Colour alone tells no arm from another: the names stand apart, and lines differ in their dashes."""
    figure = jk.simulate(ARMS).plot()
    figure.canvas.draw()
    for axes in figure.axes:
        assert [text.get_text() for text in axes.texts] == [one.name for one in ARMS]
        boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
        assert all(below.y1 <= above.y0 for below, above in itertools.pairwise(boxes))
        assert all(box.x0 >= axes.get_window_extent().x1 for box in boxes)
        assert all(box.x1 <= figure.bbox.x1 for box in boxes)
        assert len({line.get_linestyle() for line in axes.lines}) == 3
    assert "plasma" in figure.axes[0].get_ylabel()


def test_each_arm_stands_on_its_own_interval() -> None:
    found = jk.simulate(ARMS[:2])
    frame = found.to_frame()
    for label, course in zip(found.labels, found, strict=True):
        own = frame[frame.arm == label]
        for end, values in zip(("low", "high"), course.bands.series["inhibition"], strict=True):
            assert (own[f"inhibition_{end}"].to_numpy() == 100 * values).all()
    assert [len(axes.collections) for axes in found.plot().axes] == [2, 2]
    plain = jk.simulate(ARMS[:2], bands=False)
    assert [len(axes.collections) for axes in plain.plot().axes] == [0, 0]
    assert list(plain.to_frame()) == ["arm", "time", "plasma", "inhibition"]


def test_chosen_readouts_are_compared() -> None:
    found = jk.compare(["baricitinib 4 mg qd"], ["IL-6", "IL-6/pSTAT1", "interleukin-2/pstat5"])
    frame = found.to_frame()
    assert list(zip(frame.cytokine, frame.readout, strict=True)) == [
        ("IL-6", "pSTAT3"), ("IL-6", "pSTAT1"), ("IL-2", "pSTAT5"),
    ]  # fmt: skip
    other = jk.compare(jk.Scenario.of(regimen="baricitinib 4 mg qd", population="ra_adult", readout="pSTAT1"))
    assert frame.average_inhibition_percent[1] == other.to_frame().average_inhibition_percent[0]
    assert len(found.plot().axes[0].texts) == 3


def test_a_readout_behind_the_only_cytokine_is_that_of_the_scenario() -> None:
    one = jk.Scenario(assay="IL-6/pSTAT1")
    assert (one.cytokines, one.assay.readout) == (("IL-6",), "pSTAT1")
    assert jk.Scenario(**one.record()) == one
    several = jk.Scenario.of(cytokine="IL-6/pSTAT1, IL-2")
    assert jk.Scenario(**several.record()) == several


@pytest.mark.parametrize(
    ("assay", "said"),
    [
        ({"cytokine": "IL-6/"}, "no read-out behind the stroke"),
        ({"cytokine": "IL-6/pSTAT9, IL-2"}, "pSTAT9"),
        ({"cytokine": "IL-6/pSTAT1", "readout": "pSTAT3"}, "leave it out"),
    ],
)
def test_a_readout_that_is_none_or_named_twice_is_refused(assay: dict[str, str], said: str) -> None:
    with pytest.raises(jk.InputError, match=said):
        jk.Scenario(assay=assay)


def test_a_comparison_saves_and_shows_itself(tmp_path: Path) -> None:
    found = jk.compare(["baricitinib 4 mg qd", "tofacitinib 5 mg bid"], "IL-2")
    assert found.to_frame().attrs["units"]["average_inhibition_percent"] == "%"
    assert [one.regimen.inhibitors for one in found.scenarios] == [("baricitinib",), ("tofacitinib",)]
    for suffix in ("csv", "json", "png"):
        found.save(tmp_path / f"x.{suffix}")
    rows = json.loads((tmp_path / "x.json").read_text())["rows"]
    assert rows[0]["ic50_ratio"] is None
    assert rows[1]["ic50_ratio"] > 0
    assert "<table" in found._repr_html_()


def test_the_command_follows_arms(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "--population", "RA", "--hours", "24", "--json"]
    command += ["--regimen", "baricitinib 2 mg qd", "--regimen", "baricitinib 4 mg qd"]
    command += ["--out", str(tmp_path / "arms.csv"), "--plot", str(tmp_path / "arms.png")]
    assert CliRunner().invoke(app, command).exit_code == 0
    arms = json.loads(capfd.readouterr().out)["arms"]
    low, high = (np.array(one["course"]["plasma_ng_per_mL"]) for one in arms)
    assert high.max() == pytest.approx(2 * low.max(), rel=1e-6)
    assert (tmp_path / "arms.csv").read_text().startswith("arm,time,plasma,inhibition,plasma_low,")
    assert (tmp_path / "arms.png").stat().st_size > 10_000


def test_the_interval_of_an_average_is_the_one_that_a_scan_gives() -> None:
    frame = jk.compare(RA.but(regimen="baricitinib 4 mg qd")).to_frame()
    point = jk.scan("mean inhibition", {"dose": "4 mg"}, RA.but(regimen="baricitinib 4 mg qd")).to_frame()
    assert frame.average_inhibition_percent_low[0] == pytest.approx(point.low[0], abs=0.1)
    assert frame.average_inhibition_percent_high[0] == pytest.approx(point.high[0], abs=0.1)
    plain = jk.compare(RA.but(regimen="baricitinib 4 mg qd"), bands=False).to_frame()
    assert not [column for column in plain if column.endswith(("_low", "_high"))]


def test_plasma_of_a_comparison_has_the_interval_that_a_scan_gives_where_it_was_fitted() -> None:
    found = jk.compare(["baricitinib 4 mg qd", "tofacitinib 5 mg bid"], "IL-6")
    fitted, other = found.to_frame().to_dict("records")
    point = jk.scan("Cmax", {"dose": "4 mg"}, RA.but(regimen="baricitinib 4 mg qd")).to_frame()
    ends = (fitted["cmax_ng_per_mL_low"], fitted["cmax_ng_per_mL_high"])
    assert ends == pytest.approx((point.low[0], point.high[0]), rel=1e-3)
    assert fitted["average_ng_per_mL_low"] < fitted["average_ng_per_mL"] < fitted["average_ng_per_mL_high"]
    assert np.isnan([other[f"{name}_ng_per_mL_low"] for name in ("cmax", "average")]).all()
    assert any("tofacitinib: its pharmacokinetics were not fitted" in note for note in found.notes)
    course = jk.simulate(jk.Scenario.of(regimen="tofacitinib 5 mg bid x 2"))
    assert "plasma" not in course.bands.series
    assert "Cmax (ng/mL) low" not in course.record()["intervals"][0]


def test_an_active_metabolite_counts_in_the_interval_too() -> None:
    frame = jk.compare(["filgotinib 200 mg qd"], "IL-2").to_frame()
    low, middle, high = (frame[f"average_inhibition_percent{end}"][0] for end in ("_low", "", "_high"))
    assert low < middle < high
