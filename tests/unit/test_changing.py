"""Weight and renal function that change while doses go on."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import jakinib as jk
from jakinib.assay.table import follow
from jakinib.regimen.changing import Changing, changing

RENAL = Changing(((0.0, 90.0), (168.0, 30.0)))
WRITTEN: list[Any] = [
    "90, 30 from 7 days", "90 mL/min, 30 mL/min from 168 h", "90 then 30 after 7 days", "90; 30 from 1 week",
    "90 from 0, 90 from 3 days, 30 from 7 days", {"0 h": 90, "7 days": "30 mL/min"},
    {0: 90, 168: 30.0}, RENAL,
]  # fmt: skip


@pytest.mark.parametrize("given", WRITTEN, ids=str)
def test_a_covariate_over_time_is_written_in_many_ways(given: Any) -> None:
    assert changing(given, "mL/min", "eGFR") == RENAL
    assert jk.Patient(eGFR=given).eGFR == RENAL
    scenario = jk.Scenario(patient={"eGFR": given}, regimen="4 mg qd x 14")
    assert scenario.patient.eGFR == RENAL
    assert scenario == jk.Scenario(**scenario.record()) == scenario.but(eGFR=str(RENAL))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("90, 30", "from when on?"),
        ("90, 30 from day 7", "may count from 0 or from 1; write '7 days' after the first dose, or '6 days'"),
        ("90, 30 from 7", "'7' has no unit; write a time such as '7 days' or '12 h'"),
        ("30 from 7 days", "begins at 0 h"),
        ("90, 30 from 7 days, 45 from 3 days", "changes at 72 h after 168 h; give increasing times"),
        ("90, 30 from 7 miles", "unit 'miles' is not one of time"),
        ("90, 30 kg from 7 days", "not convertible"),
        ({"soon": 30}, "eGFR 'soon' is not a number with a unit"),
        ([90, 30], "write a number of mL/min"),
        ({"0 h": 90, "7 days": 4000}, "at most 400"),
    ],
)
def test_what_is_no_course_of_a_covariate_is_refused_in_one_line(given: Any, said: str) -> None:
    with pytest.raises(jk.InputError) as refusal:
        jk.Scenario(patient={"eGFR": given})
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def levels(patient: jk.Patient, regimen: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
    return jk.plasma(
        jk.Regimen.parse(regimen), times, population=patient.population, settings=patient.settings()
    ).concentration


@pytest.mark.parametrize("people", ["healthy_adult", "ra_adult"])
@given(before=st.floats(20, 140), after=st.floats(20, 140), weights=st.tuples(*2 * [st.floats(40, 120)]))
def test_before_a_change_and_long_after_it_the_patient_is_as_if_there_had_been_none(
    people: str, before: float, after: float, weights: tuple[float, float]
) -> None:
    """The share taken up changes with renal function in healthy adults, doses in mg/kg with weight."""
    both = jk.Patient(
        people, eGFR={0: before, 480: after}, weight={0: weights[0], 480: weights[1]}, conditions=("fed",)
    )
    for (eGFR, weight), day in (((before, weights[0]), 456), ((after, weights[1]), 2400)):
        one = jk.Patient(people, eGFR=eGFR, weight=weight, conditions=("fed",))
        times = day + np.linspace(0, 24, 49)
        regimen = "0.05 mg/kg qd ss x 101"
        assert levels(both, regimen, times) == pytest.approx(levels(one, regimen, times), rel=1e-8)


def test_what_is_in_the_body_stays_when_renal_function_changes() -> None:
    falls = jk.Patient(eGFR="90, 20 from 30 h")
    before, after = levels(falls, "4 mg qd ss x 3", np.array([30.0, 30.0 + 1e-7]))
    assert after == pytest.approx(before, rel=1e-6)


def test_doses_at_steady_state_by_weight_and_uptake_begin_after_an_early_change() -> None:
    """The first dose due, at 8 h, is no longer that of the steady state."""
    lighter = jk.Patient(weight="80, 40 from 2 h", eGFR="90, 30 from 2 h")
    steady = jk.Patient(weight=80, eGFR=90)
    early, late = np.array([1.0, 2.0]), np.array([10.0])
    regimen = "0.05 mg/kg qd ss at 8 h"
    assert levels(lighter, regimen, early) == pytest.approx(levels(steady, regimen, early), rel=1e-9)
    assert levels(lighter, regimen, late)[0] != pytest.approx(levels(steady, regimen, late)[0], rel=0.01)


def test_every_verb_follows_the_change_or_says_why_not() -> None:
    failing = jk.Scenario(patient={"eGFR": RENAL}, regimen="baricitinib 4 mg qd x 14")
    course = jk.simulate(failing)
    means = [row["mean inhibition (%)"] for row in course.intervals]
    assert means[0] < means[6] < means[7] < means[13]
    assert max(b - a for a, b in pairwise(means)) == means[7] - means[6]
    assert "eGFR 90, 30 from 168 h" in course.title
    found = jk.find("mean inhibition", f"{means[13]} %", scenario=failing)
    assert found.at == pytest.approx(4.0, rel=0.01)  # read off a finer grid
    assert jk.scan("mean inhibition", {"dose": "4, 5 mg"}, failing).values[0] == pytest.approx(
        means[13], rel=0.01
    )
    with pytest.raises(jk.InputError, match=r"eGFR: changes in time \(90, 30 from 168 h\)"):
        jk.scan("mean inhibition", {"eGFR": "30, 60"}, failing)
    for asked in (jk.simulate, jk.compare, lambda s: jk.find("Cmax", "40 ng/mL", scenario=s)):
        with pytest.raises(jk.InputError, match="eGFR changes at 168 h, after the 24 h looked at"):
            asked(failing.but(regimen="baricitinib 4 mg qd"))
    with pytest.raises(jk.InputError, match="does not take eGFR"):
        jk.population(failing, n=2)


def test_a_value_outside_the_studied_range_is_said_whenever_it_comes() -> None:
    notes = jk.simulate(jk.Scenario(patient={"eGFR": "90, 12 from 7 days"}, regimen="4 mg qd x 10")).notes
    assert any("outside the model: eGFR 12 mL/min" in note for note in notes)
    assert any("outside the studied range: eGFR 12" in note for note in notes)


TABLE = "ID,TIME,AMT,EVID,CRCL,WT,DV\n1,0,4,1,90,70,.\n1,24,4,1,.,.,.\n1,48,4,1,30,64,.\n1,60,.,0,30,64,12\n"


def test_the_covariates_of_an_event_table_drive_the_patient(tmp_path: Path) -> None:
    (tmp_path / "doses.csv").write_text(TABLE, encoding="utf-8")
    patient = {"weight": {0: 70, 48: 64}, "eGFR": {0: 90, 48: 30}}
    same = jk.simulate(jk.Scenario(patient=patient, regimen="4 mg qd x 3"))
    (one,) = follow(tmp_path / "doses.csv")
    assert one.course.inhibition[-1] == same.inhibition[-1]
    assert any("CRCL changes; each value holds from its row on" in note for note in one.course.notes)
    (tmp_path / "study.yaml").write_text("events: doses.csv\n", encoding="utf-8")
    assert jk.simulate(jk.Scenario.read(tmp_path / "study.yaml")).inhibition[-1] == same.inhibition[-1]
    (tmp_path / "study.yaml").write_text("events: doses.csv\npatient: {eGFR: 60}\n", encoding="utf-8")
    assert jk.Scenario.read(tmp_path / "study.yaml").patient.record() == {
        "population": "healthy_adult", "weight": {"0 h": "70 kg", "48 h": "64 kg"}, "eGFR": "60 mL/min",
    }  # fmt: skip
