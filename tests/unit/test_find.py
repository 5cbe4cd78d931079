"""``find`` inverts the model: simulated at what it finds, the quantity has the value that was asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest

import jakinib as jk
from jakinib.assay.studied import dose_outside
from jakinib.evaluate.draws import Joint
from jakinib.scenario.finding import Found

RA = jk.Scenario(patient="ra_adult", regimen="baricitinib 4 mg qd")
PK = ("CLr", "CLnr", "Q", "V1", "V2")


def scaled(factors: np.ndarray) -> Joint:
    """Draws in which every clearance and volume is a multiple of the typical one."""
    from jakinib.assay.patient import typical

    usual = typical("baricitinib", "ra_adult")
    return Joint(tuple({f"{k}_baricitinib@ra_adult": usual[k] * f for k in PK} for f in factors))


@pytest.mark.parametrize("target", [20.0, 50.0, 80.0])
def test_at_the_dose_found_the_average_inhibition_is_the_one_asked_for(target: float) -> None:
    found = jk.find("mean inhibition", target, "dose", RA)
    assert jk.compare(found.scenario).to_frame().average_inhibition_percent[0] == pytest.approx(
        target, abs=1e-4
    )


def test_more_inhibition_takes_more_drug_and_less_renal_function_less() -> None:
    doses = [jk.find("average inhibition", f"{target} %", scenario=RA).at for target in (30, 50, 70)]
    assert doses == sorted(doses)
    assert jk.find("average inhibition", "50 %", scenario=RA, eGFR=45).at < doses[1]


def test_exposure_is_proportional_to_dose() -> None:
    one, two = (jk.find("Cmax", f"{level} ng/mL", "dose", RA).at for level in (40, 80))
    assert two == pytest.approx(2 * one, rel=1e-6)


def test_the_renal_function_of_an_exposure_gives_that_exposure() -> None:
    found = jk.find("AUC", "600 ng*h/mL", "eGFR", RA)
    average = jk.compare(found.scenario).to_frame().average_ng_per_mL[0]
    assert 24 * average == pytest.approx(600, rel=1e-6)


def test_a_shorter_interval_gives_more() -> None:
    found = jk.find("cmin", "20 ng/mL", "interval", RA)
    assert found.at < 24
    assert found.scenario.doses.steady[0].interval == pytest.approx(found.at)


def test_the_concentration_of_half_inhibition_is_the_ic50() -> None:
    found = jk.find("inhibition", "50 %", "concentration", inhibitor="baricitinib", cytokine="IL-6")
    assert found.at == pytest.approx(jk.assay("baricitinib", "IL-6").ic50, rel=1e-5)


def test_a_regimen_that_ends_is_looked_at_in_its_last_interval() -> None:
    single, steady = (jk.find("auc", 400, "dose", RA.but(regimen=f"baricitinib {r}")).at
                      for r in ("4 mg once", "4 mg qd x 10"))  # fmt: skip
    assert single > steady
    assert steady == pytest.approx(jk.find("auc", 400, "dose", RA).at, rel=1e-3)


# Intervals --------------------------------------------------------------------------------------------


def test_plasma_that_no_fit_is_behind_has_no_interval() -> None:
    found = jk.find("Cmax", 30, regimen="tofacitinib 5 mg bid")
    assert not {"low", "high"} & ({*found.to_frame()} | {*found.record()})
    with pytest.raises(jk.InputError, match="no interval: tofacitinib: its pharmacokinetics were not fitted"):
        _ = found.interval
    assert jk.find("Cmax", 30, regimen="baricitinib 4 mg qd").to_frame().high[0] > 0


def test_the_interval_of_a_dose_holds_what_the_draws_say_of_clearance() -> None:
    factors = np.exp(np.linspace(-0.3, 0.3, 41))  # plasma is dose over clearance, whatever the dose
    found = jk.find("auc", 400, "dose", RA, draws=scaled(factors))
    assert np.allclose(np.array(found.every) / found.at, factors, rtol=1e-5)
    low, high = found.interval
    assert low < found.at < high
    assert math.log(high / low) == pytest.approx(0.9 * 0.6, abs=0.03)


def test_the_interval_of_an_inhibition_is_that_of_the_same_factor_on_exposure() -> None:
    found = jk.find("average inhibition", "50 %", "dose", RA, draws=scaled(np.geomspace(0.8, 1.25, 20)))
    assert np.allclose(np.array(found.every) / found.at, np.geomspace(0.8, 1.25, 20), rtol=5e-3)


def test_too_few_draws_make_no_interval() -> None:
    found: Found = jk.find("auc", 400, "dose", RA, draws=scaled(np.ones(3)))
    with pytest.raises(jk.InputError, match="3 draws"):
        _ = found.interval


# What is said and refused -------------------------------------------------------------------------------


def test_doses_and_patients_outside_what_was_studied_are_named() -> None:
    found = jk.find("cmax", 400, "dose", RA, eGFR=12)
    assert any("outside the doses studied" in note for note in found.notes)
    assert any("outside the model" in note for note in found.notes)
    usual = jk.find("cmax", jk.compare(RA).to_frame().cmax_ng_per_mL[0], "dose", RA)
    assert usual.at == pytest.approx(4)
    assert not any("outside" in note for note in usual.notes)


@pytest.mark.parametrize(("dose", "warned"), [(0.9, True), (1, False), (8, False), (8.1, True)])
def test_the_doses_studied_are_those_of_every_row_that_names_one(dose: float, warned: bool) -> None:
    assert bool(dose_outside("baricitinib", dose)) == warned  # A23: a population analysis of 1 to 8 mg


def test_what_cannot_be_reached_is_refused_with_the_most_that_can() -> None:
    with pytest.raises(jk.InputError) as refusal:
        jk.find("cmax", 4000, "eGFR", RA)
    most = float(str(refusal.value).split("the most is ")[1].split()[0])
    assert 47 < most < 4000
    assert most == pytest.approx(jk.compare(RA.but(eGFR=15)).to_frame().cmax_ng_per_mL[0], rel=1e-3)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (("beauty", 50), "unknown quantity 'beauty'"),
        (("average inhibition", 50, "colour"), "unknown input 'colour'"),
        (("average inhibition", 0), "give more than 0"),
        (("average inhibition", "100 %"), "below 100"),
        (("average inhibition", "fifty"), "no percentage"),
        (("cmax", "4 h"), "not convertible"),
        (("cmax", float("nan")), "value is nan"),
        (("cmax", float("inf")), "no finite number"),
        (("inhibition", 50, "dose"), "at which concentration"),
    ],
)
def test_what_is_no_question_is_refused(question: tuple, said: str) -> None:
    with pytest.raises(jk.InputError, match=said):
        jk.find(*question, scenario=RA)


def test_a_dose_that_is_not_one_cannot_be_varied() -> None:
    with pytest.raises(jk.InputError, match="no single dose"):
        jk.find("cmax", 50, "dose", RA, regimen="baricitinib 8 mg once then 4 mg qd x 7")
