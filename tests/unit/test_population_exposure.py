"""Exposure of virtual patients: each is that of the patient alone, whatever the regimen."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.assay.dosing import reading_times
from jakinib.population import population
from jakinib.population.engine import EXPOSURE, METRICS, Worker
from jakinib.population.study import study
from jakinib.regimen import Regimen
from jakinib.simulate import Model


def test_overlapping_doses_add_up() -> None:
    """Two doses of 2 mg at once are one of 4 mg; input of the second may begin before the first has ended."""
    twice = jk.Regimen((jk.Dose(0.0, 2.0), jk.Dose(0.1, 2.0)))
    job, _ = study("ra_adult", 5, "4 mg", cytokine=None)
    shifted = replace(job, key="shifted", regimen=twice, interval=(0.0, 24.0))
    assert [dose.amount for dose in twice.doses] == [2.0, 2.0]
    whole, parts = Worker(job).run(0), Worker(shifted).run(0)
    np.testing.assert_allclose(whole["AUC_ng_h_per_mL"], parts["AUC_ng_h_per_mL"], rtol=0.01)


@pytest.mark.parametrize(
    ("who", "drug", "regimen", "conditions"),
    [
        ("ra_adult", "baricitinib", "4 mg qd ss", ()),
        ("ra_adult", "baricitinib", "4 mg q6h ss x 2 missing 1", ()),
        ("ra_adult", "baricitinib", "0.05 mg/kg iv infusion over 30 min q12h x 3", ()),
        ("healthy_adult", "baricitinib", "2 mg iv bolus q12h ss", ("fed", "OAT3_inhibitor")),
        ("ra_adult", "upadacitinib", "15 mg qd ss", ()),
        ("psa_adult", "tofacitinib", "5 mg bid ss", ()),
        ("ra_adult", "filgotinib", "200 mg qd ss", ()),
    ],
)
def test_each_patient_has_the_exposure_of_that_patient_alone(
    who: str, drug: str, regimen: str, conditions: tuple[str, ...]
) -> None:
    """At steady state, by vein and per kg as after oral doses in mg; AUC and Cmin to 0.1 %, Cmax to 0.5 %."""
    people = population(who, 4, regimen, inhibitor=drug, cytokine=None, conditions=conditions)
    own = Regimen.parse(regimen)
    first, last = own.intervals()[-1]
    for _, row in people.iterrows():
        values = {
            name: float(row[name])
            for name in people
            if name in ("weight", "eGFR") or name.endswith(f"_{drug}")
        }
        peak = first + values[f"lag_{drug}"] + values[f"D1_{drug}"]
        times = np.unique([*np.linspace(first, last, 2401), min(peak, last)])
        alone = jk.plasma(own, times, inhibitor=drug, population=who, settings=values).interval(first, last)
        assert row["AUC_ng_h_per_mL"] == pytest.approx(alone["auc"], rel=1e-3)
        assert row["Cmin_ng_per_mL"] == pytest.approx(alone["cmin"], rel=1e-3)
        assert row["Cmax_ng_per_mL"] == pytest.approx(alone["cmax"], rel=5e-3)


@settings(max_examples=12)
@given(
    who=st.sampled_from(
        [
            ("baricitinib", "healthy_adult"),
            ("upadacitinib", "ra_adult"),
            ("tofacitinib", "uc_adult"),
            ("filgotinib", "ra_adult"),
        ]
    ),
    mg=st.floats(0.5, 50),
    taken=st.sampled_from(["", "qd x 3", "bid ss", "q6h ss x 2 missing 1", "qd ss + 2 mg bid ss"]),
)
def test_a_population_of_one_without_variability_is_the_patient(
    who: tuple[str, str], mg: float, taken: str
) -> None:
    """To the last digit: both take doses, steady state and readings from the same place."""
    drug, people = who
    text = f"{mg!r} mg {taken}"
    job, _ = study(people, 1, text, inhibitor=drug, cytokine=None)
    none = replace(job.sampler, omega=np.zeros_like(job.sampler.omega))
    worker = Worker(replace(job, key="", sampler=none))
    hours, level = worker.plasma({name: column[:1] for name, column in worker.values(0).items()})
    patient = jk.Patient(people, drug).settings()
    alone = jk.plasma(
        Regimen.parse(text), job.interval[0] + hours[:, 0], inhibitor=drug, population=people,
        settings=patient, model=Model(job.pk_sbml, job.rtol),
    )  # fmt: skip
    np.testing.assert_array_equal(level[:, 0], alone.concentration)
    metrics, row = alone.interval(*job.interval), worker.run(0)
    found = [float(row[name][0]) for name in EXPOSURE]
    assert found == pytest.approx([metrics[key] for key in ("cmax", "cmin", "tmax", "auc")], rel=1e-12)


@given(
    st.floats(0, 100),
    st.floats(0.01, 100),
    st.lists(st.floats(0, 200), max_size=8),
    st.sampled_from([0.05, 0.25]),
)
def test_levels_are_read_at_every_turn_and_often_in_between(
    start: float, length: float, turns: list[float], step: float
) -> None:
    stop = start + length
    beside = [start + length * k / 9 for k in range(8)][: len(turns)]
    both = reading_times(start, stop, np.array([turns, beside]).T.reshape(-1, 2), step)
    alone = reading_times(start, stop, np.array(turns).reshape(-1, 1), step)
    times = np.unique(both[:, 0])
    np.testing.assert_array_equal(times, alone[:, 0])
    assert (times[0], times[-1]) == (start, stop)
    assert np.diff(times).max() <= step * (1 + 1e-9)
    inside = [time for time in turns if start + 1e-6 < time < stop - 1e-6]
    assert all(np.abs(times - time).min() < 1e-6 for time in inside)
    for one, two in pairwise([start, *sorted(inside), stop]):
        assert two - one < 1e-6 or ((times > one) & (times < two)).any()


def test_a_steady_state_is_what_many_doses_lead_to() -> None:
    before = population("ra_adult", 20, "4 mg qd x 30", seed=3)
    now = population("ra_adult", 20, "4 mg qd ss", seed=3)
    for name in METRICS:
        np.testing.assert_allclose(now[name], before[name], rtol=1e-3, atol=1e-3)
    assert now.attrs["manifest"]["steady_state"] is True
