"""Doses in the body: routes, steady state and mass balance against closed forms of linear kinetics."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import expm

from jakinib import InputError, Regimen, load, plasma
from jakinib.assay import Disposition
from jakinib.assay.dosing import dosed, dosing_steps, steady_amounts
from jakinib.simulate import Model

DRUG, PEOPLE = "baricitinib", "ra_adult"
TEXTS = [
    "4 mg qd ss",
    "2 mg bid ss",
    "4 mg qw ss",
    "4 mg qd ss + 2 mg qd ss at 8 h",
    "4 mg iv infusion over 30 h qd ss",
    "4 mg iv bolus q6h ss",
]


@pytest.fixture(scope="module")
def model() -> Model:
    return load("oral_pk", inhibitors=DRUG, population=PEOPLE)


@pytest.fixture(scope="module")
def uptake() -> Disposition:
    return Disposition.of(DRUG, PEOPLE)


def rates(model: Model) -> NDArray[np.float64]:
    """Matrix of the two compartments, per hour: d(central, peripheral)/dt."""
    clearance, between, central, peripheral = (
        model.initial(f"{name}_{DRUG}") for name in ("CL", "Qp", "V1", "V2")
    )
    return np.array(
        [
            [-(clearance + between) / central, between / peripheral],
            [between / central, -between / peripheral],
        ]
    )


def infused(matrix: NDArray[np.float64], amount: float, over: float, since: float) -> NDArray[np.float64]:
    """Amounts ``since`` the start of an infusion of ``amount`` into the central compartment."""
    start, unit = min(since, over), np.array([1.0, 0.0])
    at_end = np.linalg.solve(matrix, (expm(matrix * start) - np.eye(2)) @ unit) * amount / over
    return expm(matrix * (since - start)) @ at_end


def test_an_infusion_follows_the_closed_form_of_two_compartments(model: Model, uptake: Disposition) -> None:
    times = [0.25, 0.5, 2.0, 24.0]
    assert uptake.bioavailability is not None
    nmol = 4e6 / uptake.molecular_weight / uptake.bioavailability
    exact = [infused(rates(model), nmol, 0.5, time)[0] / model.initial(f"V1_{DRUG}") for time in times]
    simulated = plasma(Regimen.parse("4 mg iv infusion over 30 min"), times, population=PEOPLE)
    assert simulated.concentration == pytest.approx(exact, rel=1e-6)


def test_a_bolus_is_an_instantaneous_one_within_half_a_percent_after_ten_minutes(
    model: Model, uptake: Disposition
) -> None:
    times = [10 / 60, 1.0, 12.0]
    assert uptake.bioavailability is not None
    nmol = 4e6 / uptake.molecular_weight / uptake.bioavailability
    exact = [nmol * expm(rates(model) * time)[0, 0] / model.initial(f"V1_{DRUG}") for time in times]
    simulated = plasma(Regimen.parse("4 mg iv bolus"), times, population=PEOPLE)
    assert simulated.concentration == pytest.approx(exact, rel=5e-3)


def test_exposure_by_vein_is_that_by_mouth_over_f(uptake: Disposition) -> None:
    times = np.linspace(0, 240, 9601)
    exposure = {
        route: np.trapezoid(
            plasma(Regimen.parse(f"4 mg {route}"), times, population=PEOPLE).concentration, times
        )
        for route in ("oral", "iv infusion over 2 h", "iv bolus")
    }
    for route in ("iv infusion over 2 h", "iv bolus"):
        assert exposure["oral"] / exposure[route] == pytest.approx(uptake.bioavailability, rel=1e-3)


def test_a_vein_needs_the_bioavailability(model: Model) -> None:
    unknown = Disposition(0.5, 0.1, 371.42)
    with pytest.raises(InputError, match="needs the bioavailability F"):
        dosing_steps(Regimen.parse("4 mg iv bolus"), unknown, DRUG)


@pytest.mark.parametrize("interval", [6.0, 24.0, 168.0])
def test_steady_state_is_the_closed_form_of_two_compartments(
    interval: float, model: Model, uptake: Disposition
) -> None:
    """The sum over all earlier doses is geometric: (1 - exp(K T))^-1 times one dose."""
    regimen = Regimen.parse(f"4 mg q{interval:g}h ss")
    matrix, nmol = rates(model), 4e6 / uptake.molecular_weight
    once = infused(matrix, nmol, uptake.duration, interval - uptake.lag)
    exact = np.linalg.solve(np.eye(2) - expm(matrix * interval), once)
    found = steady_amounts(regimen, [uptake], DRUG, model)
    assert [found[f"{DRUG}_central"][0], found[f"{DRUG}_peripheral"][0]] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("text", TEXTS)
def test_steady_state_is_what_a_long_run_comes_to(text: str) -> None:
    times = np.linspace(0, 24, 97)
    longer = 24 * 7 * 8.0
    repeated = text
    for word, every in (("qd", 24), ("bid", 12), ("qw", 168), ("q6h", 6)):
        repeated = repeated.replace(f"{word} ss", f"{word} x {math.ceil((longer + 24) / every)}")
    steady = Regimen.parse(text.replace("bid ss", "bid ss x 2").replace("q6h ss", "q6h ss x 4"))
    now = plasma(steady, times, population=PEOPLE).concentration
    then = plasma(Regimen.parse(repeated), times + longer, population=PEOPLE).concentration
    # The level at the very end is read just before the next dose of either.
    assert now[:-1] == pytest.approx(then[:-1], rel=1e-6)


@settings(max_examples=15)
@given(st.floats(40, 140), st.floats(15, 130), st.sampled_from([8.0, 12.0, 24.0]))
def test_the_steady_state_of_any_patient_repeats(weight: float, renal: float, interval: float) -> None:
    regimen = Regimen.parse(f"4 mg q{interval:g}h ss x 2")
    patient = {"weight": weight, "eGFR": renal}
    times = np.linspace(0, interval, 49)
    one = plasma(regimen, times, population=PEOPLE, settings=patient).concentration
    two = plasma(regimen, times + interval, population=PEOPLE, settings=patient).concentration
    assert one == pytest.approx(two, rel=1e-6)


def test_steps_alone_do_not_pass_for_a_steady_state(uptake: Disposition) -> None:
    with pytest.raises(InputError, match="amounts at time 0"):
        dosing_steps(Regimen.parse("4 mg qd ss"), uptake, DRUG)


def test_doses_by_weight_follow_the_patient() -> None:
    times = [1.0, 12.0]
    heavy = plasma(Regimen.parse("0.05 mg/kg"), times, population=PEOPLE, settings={"weight": 80.0})
    fixed = plasma(Regimen.parse("4 mg"), times, population=PEOPLE, settings={"weight": 80.0})
    assert heavy.concentration == pytest.approx(fixed.concentration, rel=1e-9)
    typical = plasma(Regimen.parse("0.1 mg/kg"), times, population=PEOPLE)
    assert typical.concentration == pytest.approx(
        plasma(Regimen.parse("7.4 mg"), times, population=PEOPLE).concentration, rel=1e-9
    )


@settings(max_examples=10)
@given(
    st.lists(st.tuples(st.floats(0, 40), st.floats(0.5, 20), st.sampled_from(["oral", "iv bolus"])),
             min_size=1, max_size=4)
)  # fmt: skip
def test_what_went_in_is_in_the_body_or_eliminated(doses: list[tuple[float, float, str]]) -> None:
    """The area under the curve times CL/F is all of the dose, per F."""
    model, uptake = load("oral_pk", inhibitors=DRUG, population=PEOPLE), Disposition.of(DRUG, PEOPLE)
    assert uptake.bioavailability is not None
    regimen = Regimen.parse(" + ".join(f"{mg!r} mg {route} at {at!r} h" for at, mg, route in doses))
    share = {"oral": 1.0, "iv bolus": 1 / uptake.bioavailability}
    given_nmol = sum(mg * share[route] for _, mg, route in doses) * 1e6 / uptake.molecular_weight
    body = [f"{DRUG}_central", f"{DRUG}_peripheral"]
    times = np.unique(np.concatenate((np.linspace(0, 45, 4501), np.linspace(45, 120, 751))))
    rows = model.run(dosed(model, regimen, {DRUG: uptake}, times), [*body, f"C_{DRUG}"])
    gone = model.initial(f"CL_{DRUG}") * np.trapezoid(rows[:, 2], times)
    assert gone + rows[-1, 0] + rows[-1, 1] == pytest.approx(given_nmol, rel=2e-3)


def test_of_a_combination_each_inhibitor_has_its_own_doses() -> None:
    both = Regimen.parse("baricitinib 4 mg qd x 2 + tofacitinib 5 mg bid x 4")
    times = [1.0, 25.0]
    alone = plasma(Regimen.parse("4 mg qd x 2"), times, population=PEOPLE).concentration
    assert plasma(both, times, population=PEOPLE).concentration == pytest.approx(alone, rel=1e-12)


def test_a_missed_dose_leaves_the_level_to_fall() -> None:
    times = np.linspace(24.5, 48, 48)
    level = plasma(Regimen.parse("4 mg qd x 3 missing 2"), times, population=PEOPLE).concentration
    assert (np.diff(level) < 0).all()
    assert math.isclose(level[0], plasma(Regimen.single(4), times, population=PEOPLE).concentration[0])
