"""A regimen followed to the read-out: what each dosing interval and each day holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jakinib as jk
from jakinib import InputError, Regimen
from jakinib.assay.course import Course, course
from jakinib.assay.pk import Disposition, ex_vivo_inhibition
from jakinib.build.estimates import estimates
from jakinib.library import Library, get_library
from jakinib.library.disposition import UNITS

PEOPLE = "ra_adult"


@pytest.fixture(scope="module")
def steady() -> Course:
    return course("4 mg qd ss", population=PEOPLE, settings={"eGFR": 45.0})


def test_each_interval_of_a_day_is_a_row(steady: Course) -> None:
    (row,) = steady.intervals
    assert set(row) == {
        "from (h)", "Cmax (ng/mL)", "Cmin (ng/mL)", "tmax (h)", "AUC (ng h/mL)", "above IC50 (h)",
        "max inhibition (%)", "mean inhibition (%)", "above 50 % (h)",
    }  # fmt: skip
    assert len(steady.days) == 1
    assert steady.days[0]["mean inhibition (%)"] == pytest.approx(row["mean inhibition (%)"], rel=1e-9)


def test_at_steady_state_the_area_over_an_interval_is_dose_over_clearance(steady: Course) -> None:
    model = jk.load("oral_pk", population=PEOPLE)
    clearance = model.run(jk.Protocol([1e-3], {"eGFR": 45.0}), ["CL_baricitinib"])[0, 0]
    assert steady.intervals[0]["AUC (ng h/mL)"] == pytest.approx(4e3 / clearance, rel=2e-4)


@pytest.mark.parametrize("around", [(), ("fed", "OAT3_inhibitor")])
def test_a_course_and_a_patient_have_the_same_exposure(around: tuple[str, ...]) -> None:
    """Renal uptake and conditions of the library reach both: the exposure of the criteria of item 9."""
    ill = course("4 mg", population="healthy_adult", settings={"eGFR": 45.0}, hours=48, conditions=around)
    settings = jk.Patient("healthy_adult", eGFR=45.0, conditions=around).settings()
    alone = jk.plasma(Regimen.single(4.0), ill.profile.time, settings=settings)
    assert ill.profile.concentration == pytest.approx(alone.concentration, rel=1e-6)
    well = course("4 mg", population="healthy_adult", settings={"eGFR": 105.0}, hours=48)
    if not around:
        ratio = ill.intervals[0]["Cmax (ng/mL)"] / well.intervals[0]["Cmax (ng/mL)"]
        assert ratio == pytest.approx(1.34, abs=0.01)
    assert all(name in ill.title for name in around)


def test_a_setting_goes_before_what_the_patient_has() -> None:
    slow = course("4 mg", population=PEOPLE, settings={"CLnr_baricitinib": 1.0}, hours=24)
    plain = course("4 mg", population=PEOPLE, hours=24)
    assert slow.intervals[0]["AUC (ng h/mL)"] > 1.05 * plain.intervals[0]["AUC (ng h/mL)"]


def test_a_condition_that_one_inhibitor_does_not_state_is_said() -> None:
    both = course("baricitinib 2 mg + tofacitinib 5 mg", population="healthy_adult", conditions=["fed"])
    assert both.notes == ("tofacitinib: the effect of fed is not known and left out",)
    with pytest.raises(jk.UnknownIdError, match="condition of tofacitinib 'fed'"):
        course("5 mg", "tofacitinib", "healthy_adult", conditions=["fed"])


def test_the_peak_is_where_the_input_ends(steady: Course) -> None:
    uptake = Disposition.of("baricitinib", PEOPLE)
    assert steady.intervals[0]["tmax (h)"] == pytest.approx(uptake.lag + uptake.duration, abs=1e-9)
    assert steady.profile.ng_per_mL.max() == pytest.approx(steady.intervals[0]["Cmax (ng/mL)"], rel=1e-12)
    assert steady.profile.ng_per_mL[0] == pytest.approx(steady.profile.ng_per_mL[-1], rel=1e-6)


def test_the_inhibition_is_that_of_blood_drawn_ex_vivo(steady: Course) -> None:
    drawn = steady.profile.at(np.array([0, 3, 40]))
    expected = ex_vivo_inhibition(drawn, steady.conditions).inhibition
    assert steady.inhibition[[0, 3, 40]] == pytest.approx(expected, rel=1e-7)


def test_above_the_ic50_is_where_more_than_half_is_inhibited(steady: Course) -> None:
    row = steady.intervals[0]
    assert 0 < row["above IC50 (h)"] < 24
    assert row["above IC50 (h)"] == pytest.approx(row["above 50 % (h)"], abs=0.02)


def test_missed_doses_are_rows_of_their_own() -> None:
    missed = course("4 mg qd x 4 missing 2, 3", population=PEOPLE)
    assert [row["from (h)"] for row in missed.intervals] == [0, 24, 48, 72]
    assert missed.missed == (24.0, 48.0)
    peaks = [row["Cmax (ng/mL)"] for row in missed.intervals]
    assert peaks[1] < 0.2 * peaks[0]
    assert peaks[2] < 0.5 * peaks[1]


def test_a_single_dose_is_followed_to_the_end() -> None:
    once = course("4 mg", population=PEOPLE, hours=72)
    (row,) = once.intervals
    assert [day["day"] for day in once.days] == [1, 2, 3]
    assert row["mean inhibition (%)"] == pytest.approx(
        np.mean([day["mean inhibition (%)"] for day in once.days]), rel=1e-9
    )


@pytest.mark.parametrize("at", [-1.0, 24.1, float("inf")])
def test_blood_cannot_be_drawn_outside_the_course(at: float) -> None:
    with pytest.raises(InputError, match="outside the course; give hours from 0 to 24"):
        course("4 mg", population=PEOPLE, hours=24, at=[2.0, at])


def test_a_regimen_file_is_followed_like_its_text(tmp_path: Path) -> None:
    regimen = Regimen.parse("8 mg once then 4 mg qd x 2")
    (tmp_path / "doses.csv").write_text(regimen.to_table(), encoding="utf-8")
    by_file = course(Regimen.read(tmp_path / "doses.csv"), population=PEOPLE)
    assert by_file.intervals == course(regimen, population=PEOPLE).intervals


@pytest.fixture
def twin(library_of_its_own, tmp_path: Path) -> Library:  # type: ignore[no-untyped-def]
    """A second inhibitor that is baricitinib under another name.

    Its shift in cells is not estimated; the potencies hold that of baricitinib, which comes to the same.
    """
    library = library_of_its_own()
    original, shift = library.inhibitor("baricitinib"), estimates("pathways")["shift_baricitinib"].value
    potency = {
        jak: one.model_copy(update={"value": one.value * shift}) for jak, one in original.potency.items()
    }
    copy = original.model_copy(update={"id": "twin", "metabolite": "", "potency": potency})
    library.inhibitors["twin"] = copy
    library.generation += 1_000_000
    return library


def test_two_inhibitors_compete_for_one_site(twin: Library) -> None:
    """Two halves of a dose under two names do what the dose does under one."""
    healthy = {"population": "healthy_adult", "hours": 6.0}
    # Estimates are stored by name, so that the twin has library values; give both the same.
    stated = get_library().inhibitor("baricitinib").pharmacokinetics["healthy_adult"]
    values = {name: quantity.to(UNITS[name]) for name, quantity in stated.items()}
    drugs = ("baricitinib", "twin")
    given = {f"{name}_{drug}": value for name, value in values.items() for drug in drugs}
    both = course("baricitinib 2 mg + twin 2 mg", settings=given, **healthy)
    own = {symbol: value for symbol, value in given.items() if symbol.endswith("_baricitinib")}
    one = course("4 mg", settings=own, **healthy)
    assert both.inhibition == pytest.approx(one.inhibition, rel=1e-6)
    assert both.occupancy["JAK1"] == pytest.approx(one.occupancy["JAK1"], rel=1e-6)
    assert {row["inhibitor"] for row in both.intervals} == {"baricitinib", "twin"}
    assert {"plasma_nM_baricitinib", "plasma_nM_twin"} < set(both.columns())
    assert both.figure().axes


def test_an_unknown_inhibitor_in_a_regimen_is_answered_with_the_closest() -> None:
    with pytest.raises(jk.UnknownIdError, match="did you mean baricitinib"):
        course("baricitinip 4 mg qd x 2")


def test_a_combination_needs_the_kinetics_of_each(twin: Library) -> None:
    twin.inhibitors["twin"] = twin.inhibitor("twin").model_copy(update={"pharmacokinetics": {}})
    with pytest.raises(InputError, match="'twin' has no pharmacokinetics"):
        course("baricitinib 4 mg qd x 2 + twin 5 mg qd x 2")


def test_the_figure_has_four_panels_and_marks_missed_doses(steady: Course) -> None:
    figure = replace(steady, missed=(6.0,)).figure()
    assert [axes.get_ylabel().split(" (")[0] for axes in figure.axes[:3]] == [
        "plasma",
        "free",
        "JAK occupied",
    ]
    assert len(figure.axes) == 4
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "dose missed" in labels
