"""Exposure of virtual patients: each is that of the patient alone, whatever the regimen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import jakinib as jk
from jakinib.population import population
from jakinib.population.engine import METRICS, Worker
from jakinib.population.study import study
from jakinib.regimen import Dose, Regimen


def test_overlapping_doses_add_up() -> None:
    """Two doses of 2 mg at once are one of 4 mg; input of the second may begin before the first has ended."""
    twice = jk.Regimen((jk.Dose(0.0, 2.0), jk.Dose(0.1, 2.0)))
    job, _ = study("ra_adult", 5, "4 mg", cytokine=None)
    shifted = replace(job, key="shifted", doses=(Dose(0.0, 2.0), Dose(0.1, 2.0)), interval=(0.0, 24.0))
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
        settings = {
            name: float(row[name])
            for name in people
            if name in ("weight", "eGFR") or name.endswith(f"_{drug}")
        }
        peak = first + settings[f"lag_{drug}"] + settings[f"D1_{drug}"]
        times = np.unique([*np.linspace(first, last, 2401), min(peak, last)])
        alone = jk.plasma(own, times, inhibitor=drug, population=who, settings=settings).interval(first, last)
        assert row["AUC_ng_h_per_mL"] == pytest.approx(alone["auc"], rel=1e-3)
        assert row["Cmin_ng_per_mL"] == pytest.approx(alone["cmin"], rel=1e-3)
        assert row["Cmax_ng_per_mL"] == pytest.approx(alone["cmax"], rel=5e-3)


def test_a_steady_state_is_what_many_doses_lead_to() -> None:
    before = population("ra_adult", 20, "4 mg qd x 30", seed=3)
    now = population("ra_adult", 20, "4 mg qd ss", seed=3)
    for name in METRICS:
        np.testing.assert_allclose(now[name], before[name], rtol=1e-3, atol=1e-3)
    assert now.attrs["manifest"]["steady_state"] is True
