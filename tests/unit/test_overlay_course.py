"""A user's time course is read in the units it is written in and held against the band of the draws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import jakinib as jk
from jakinib.cli import app
from jakinib.evaluate.draws import Joint
from jakinib.experiments.exvivo import NEW_LABORATORY
from jakinib.scenario.overlaid import Overlay

RA = jk.Scenario(patient={"population": "ra_adult", "eGFR": 60}, regimen="baricitinib 4 mg qd x 2")
AT = [1.0, 2.0, 6.0, 12.0, 26.0, 48.0]
COURSE = jk.simulate(RA, hours=48, at=AT)
PLACES = np.searchsorted(COURSE.profile.time, np.array(AT) - 1e-6)
PLASMA = COURSE.profile.ng_per_mL[PLACES]
INHIBITED = 100 * COURSE.inhibition[PLACES]
BARI = 371.42  # g/mol


def overlaid(folder: Path, title: str, values: np.ndarray, times: np.ndarray | None = None) -> Overlay:
    file = folder / "mine.csv"
    rows = zip(AT if times is None else times, values, strict=True)
    file.write_text("\n".join([title, *(f"{t:.12g},{v:.12g}" for t, v in rows)]) + "\n", encoding="utf-8")
    return jk.overlay(file, RA)


@pytest.mark.parametrize(
    ("title", "hours", "level"),
    [
        ("time (h),plasma (ng/mL)", 1, 1),
        ("hours,conc_ng/mL", 1, 1),
        ("Time after dose [min],Plasma concentration [nM]", 60, 1000 / BARI),
        ("time (days),concentration (ug/L)", 1 / 24, 1),
        ("days,plasma (ug/mL)", 1 / 24, 1e-3),
    ],
)
def test_units_of_the_headers_are_those_of_the_numbers(
    title: str, hours: float, level: float, tmp_path: Path
) -> None:
    found = overlaid(tmp_path, title, PLASMA * level, np.array(AT) * hours)
    assert found.at == pytest.approx(AT, rel=1e-8)
    assert found.mean == pytest.approx(PLASMA, rel=1e-4)
    assert found.fold == pytest.approx(1, rel=1e-4)
    assert found.inside == len(AT)


def test_plasma_far_above_the_prediction_is_outside_by_that_factor(tmp_path: Path) -> None:
    found = overlaid(tmp_path, "time (h),plasma (ng/mL)", 4 * PLASMA)
    assert found.fold == pytest.approx(4)
    assert found.inside == 0


def test_what_is_left_of_the_signal_is_read_as_inhibition(tmp_path: Path) -> None:
    found = overlaid(tmp_path, "time (h),pSTAT3 (% of control)", 100 - INHIBITED)
    assert found.mean == pytest.approx(INHIBITED)
    assert found.inside == len(AT)


def test_blood_that_is_half_as_sensitive_is_found_so(tmp_path: Path) -> None:
    half = jk.plasma(RA.regimen, AT, population="ra_adult", settings={"eGFR": 60})
    inhibited = jk.CellAssay("baricitinib", "IL-6").inhibited(jk.CellAssay("baricitinib", "IL-6").model())
    values = np.array([100 * inhibited(float(free) / 2) for free in half.free])
    found = overlaid(tmp_path, "time (h),inhibition (%)", values)
    assert found.fold == pytest.approx(2, rel=1e-3)


def test_the_band_is_what_the_draws_make_of_the_scenario(tmp_path: Path) -> None:
    """Draws that say nothing leave the prediction; one laboratory in all of them moves it as its factor."""
    file = tmp_path / "mine.csv"
    file.write_text("time (h),inhibition (%)\n1,50\n26,50\n")
    none, twice = (Joint(tuple([draw] * 20)) for draw in ({}, {NEW_LABORATORY: 2.0}))
    for draws, factor in ((none, 1.0), (twice, 2.0)):
        found = jk.overlay(file, RA, draws=draws)
        conditions = jk.CellAssay("baricitinib", "IL-6")
        inhibited = conditions.inhibited(conditions.model())
        profile = jk.plasma(RA.regimen, [1.0, 26.0], population="ra_adult", settings={"eGFR": 60})
        expected = [100 * inhibited(float(free) / factor) for free in profile.free]
        for end in found.band(np.array([1.0, 26.0])):
            assert end == pytest.approx(expected, abs=0.1)


def test_an_inhibitor_with_an_active_metabolite_has_a_band_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("time (h),inhibition (%),SD\n2,70,8\n12,40,6\n")
    found = jk.overlay(file, regimen="filgotinib 200 mg qd", population="ra_adult")
    low, high = found.band(np.array(found.at))
    assert (low < found.at_the_estimates(np.array(found.at))).all()
    assert (low < high).all()
    assert found.error.tolist() == [8, 6]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["time,plasma (ng/mL)", "1,2"], "has no unit; write it in brackets, 'time"),
        (["time (mg),plasma (ng/mL)", "1,2"], "not convertible"),
        (["time (h),plasma (ng/mL)", "-1,2"], "a time is 0 or more"),
        (["time (h),plasma (ng/mL)", "0,0"], "no time after the first dose"),
        (["time (h),plasma (ng/mL),inhibition (%)", "1,2,3"], "each in a table of its own"),
        (["time (h),pSTAT1 (% of control)", "1,2"], "is not pSTAT3"),
        (["time (h),pSTAT3 (MFI)", "1,2"], "% of control"),
        (["time (h),day,plasma (nM)", "1,2,3"], "several columns of time"),
        (["time (h),inhibition (%),SD", "1,2,3", "1,4,3"], "beside replicates"),
        (["time (h),sample", "1,2"], "columns 'concentration"),
    ],
)
def test_what_is_no_time_course_is_refused(lines: list[str], said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(jk.InputError, match=said) as refusal:
        jk.overlay(file, RA)
    assert "mine.csv" in str(refusal.value)


def test_a_time_course_without_doses_says_what_to_give(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("time (h),plasma (ng/mL)\n1,2\n")
    with pytest.raises(jk.InputError, match="no regimen; give one"):
        jk.overlay(file)


def test_a_column_that_is_not_understood_is_named(tmp_path: Path) -> None:
    found = overlaid(tmp_path, "time (h),plasma (ng/mL)", PLASMA)
    assert not any("not read" in note for note in found.notes)
    (tmp_path / "mine.csv").write_text("donor,time (h),plasma (ng/mL)\nA,1,20\n")
    assert "not read of" in jk.overlay(tmp_path / "mine.csv", RA).notes[0]
    assert "donor" in jk.overlay(tmp_path / "mine.csv", RA).notes[0]


def test_the_command_gives_what_python_gives(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = overlaid(tmp_path, "time (h),inhibition (%)", INHIBITED)
    out = tmp_path / "both.tsv"
    command = [
        "overlay",
        str(tmp_path / "mine.csv"),
        "--regimen",
        "baricitinib 4 mg qd x 2",
        "--population",
        "RA",
    ]
    command += ["--egfr", "60", "--out", str(out), "--plot", str(tmp_path / "both.png"), "--json"]
    assert CliRunner().invoke(app, command).exit_code == 0
    record = json.loads(capfd.readouterr().out)
    assert record == json.loads(json.dumps(found.record()))
    assert out.read_text().splitlines()[0].split("\t")[:2] == ["time", "inhibition"]
    assert (tmp_path / "both.png").stat().st_size > 10_000


def test_the_band_of_a_curve_is_half_where_the_band_of_its_ic50_ends() -> None:
    """One laboratory in twenty finds an IC50 above the upper end: there it finds less than half inhibited."""
    curve = jk.assay("baricitinib", "IL-6")
    low, high = curve.bands["a new laboratory"]
    name, least, most = curve.inhibition_band(np.array([low, high]))
    assert name == "a new laboratory"
    assert most[0] == pytest.approx(50, abs=0.5)
    assert least[1] == pytest.approx(50, abs=0.5)


def test_a_course_carries_the_band_of_its_scenario(tmp_path: Path) -> None:
    """Plasma has one band whoever asks; inhibition a narrower one than what any laboratory may find."""
    found = overlaid(tmp_path, "time (h),plasma (ng/mL)", PLASMA)
    frame = COURSE.to_frame()
    at = np.array(AT)
    for end, expected in zip(("low", "high"), found.band(at), strict=True):
        assert frame[f"plasma_ng_per_mL_{end}"].to_numpy()[PLACES] == pytest.approx(expected)
    low, high = (100 * frame[f"inhibition_{end}"].to_numpy()[PLACES] for end in ("low", "high"))
    assert (low < INHIBITED).all()
    assert (high > INHIBITED).all()
    least, most = overlaid(tmp_path, "time (h),inhibition (%)", INHIBITED).band(at)
    assert (high - low < most - least).all()


def test_every_number_of_a_row_of_a_course_has_its_ends() -> None:
    """At the highest of all points a draw is at least where it is at any one; 50 % is where the IC50 is."""
    ends, record = COURSE.bands, COURSE.record()
    for row in (*record["intervals"], *record["days"]):
        for name in set(row) - {"from (h)", "day"}:
            whole = name.removesuffix(" low").removesuffix(" high")
            assert row[f"{whole} low"] <= row[f"{whole} high"]
    for own, day in zip(ends.intervals, ends.days, strict=True):
        assert own["above IC50 (h)"] == pytest.approx(own["above 50 % (h)"], abs=0.1)
        assert own["max inhibition (%)"] == day["max inhibition (%)"]
    last = COURSE.profile.time >= 24
    for number in (0, 1):
        inhibited, plasma = (ends.series[name][number][last].max() for name in ("inhibition", "plasma"))
        assert ends.days[1]["max inhibition (%)"][number] >= 100 * inhibited - 1e-9
        assert ends.intervals[1]["Cmax (ng/mL)"][number] >= plasma - 1e-9


def test_without_bands_a_result_names_none(tmp_path: Path) -> None:
    plain = jk.simulate(RA, hours=48, at=AT, bands=False)
    assert plain.record()["band"] is None
    assert plain.record()["intervals"] == plain.intervals
    assert list(plain.to_frame()) == list(plain.columns())
    for title, values in (("plasma (ng/mL)", PLASMA), ("inhibition (%)", INHIBITED)):
        banded = overlaid(tmp_path, f"time (h),{title}", values)
        found = jk.overlay(tmp_path / "mine.csv", RA, bands=False)
        assert "band" not in str(found.record())
        assert list(banded.to_frame())[:-2] == list(found.to_frame())
        assert found.fold == banded.fold
        assert not any("band" in line for line in found.summary())
