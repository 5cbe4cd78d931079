"""Tolerances and sensitivities: where libRoadRunner is quietly wrong, and how good ``Model`` is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jakinib as jk
from jakinib.assay import CellAssay
from jakinib.simulate import Model, Protocol, Step, scale

Raw = Callable[[str], Any]
Guarded = Callable[[str], Model]

DECAY = "species A, B; A = 1; B = 0; J: A -> B; k * A; k = 1"
CHUNKS = np.arange(1, 201) * 10.0


# Tolerances -------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_engine_rescales_a_scalar_absolute_tolerance_by_the_current_state(raw: Raw) -> None:
    engine = raw(DECAY)
    before = engine.integrator.getAbsoluteToleranceVector()[0]
    for start in range(0, 50, 10):
        engine.simulate(start, start + 10, 3)
    assert engine.integrator.getAbsoluteToleranceVector()[0] < 1e-6 * before


@pytest.mark.engine
def test_engine_with_a_scalar_tolerance_dies_within_200_chunks(raw: Raw) -> None:
    engine = raw(DECAY)
    with pytest.raises(RuntimeError, match="CV_"):
        _ = [engine.simulate(end - 10, end, 3) for end in CHUNKS]


def test_engine_with_a_vector_of_tolerances_survives_200_chunks(raw: Raw) -> None:
    engine = raw(DECAY)
    engine.integrator.setValue("absolute_tolerance", [1e-12, 1e-12])
    for end in CHUNKS:
        engine.simulate(end - 10, end, 3)
    assert engine["B"] == pytest.approx(1.0, rel=1e-4)


def test_two_hundred_steps_survive_and_end_where_one_run_ends(guarded: Guarded) -> None:
    steps = [Step(time, {"k": 1.0}) for time in CHUNKS]
    stepped = guarded(DECAY).run(Protocol([1.0, CHUNKS[-1]], steps=steps), ["A", "B"])
    assert stepped == pytest.approx(np.array([[np.exp(-1), 1 - np.exp(-1)], [0, 1]]), abs=1e-6)


@pytest.mark.engine
def test_engine_goes_far_below_zero_at_loose_tolerances(raw: Raw) -> None:
    engine = raw("species A, B; A = 1e3; B = 0; J: A -> B; k * A; k = 5")
    engine.integrator.relative_tolerance = engine.integrator.absolute_tolerance = 1e-3
    assert engine.simulate(0, 50, 500)["[A]"].min() < -0.1


def test_concentrations_stay_above_zero_within_the_tolerance(guarded: Guarded) -> None:
    model = guarded("species A, B; A = 1e3; B = 0; J: A -> B; k * A; k = 5")
    assert model.run(Protocol(np.linspace(0, 50, 500)), ["A"]).min() > -1e-6


@pytest.mark.parametrize("concentration", [0.0, 30.0])
@pytest.mark.parametrize(
    ("cytokine", "readout"),
    [
        ("IL-6", "pSTAT3"),
        ("IL-6", "pSTAT1"),
        ("IL-2", "pSTAT5"),
        ("IFN-gamma", "pSTAT1"),
        ("GM-CSF", "pSTAT5"),
    ],
)
def test_halving_the_tolerances_moves_a_readout_by_less_than_a_thousandth(
    monkeypatch: pytest.MonkeyPatch, cytokine: str, readout: str, concentration: float
) -> None:
    conditions = CellAssay("baricitinib", cytokine, readout)
    model = conditions.model()
    monkeypatch.setattr(scale, "ATOL_NM", scale.ATOL_NM / 2)
    finer = Model(model.sbml, model.rtol / 2)
    change = conditions.response(concentration, finer) / conditions.response(concentration, model) - 1
    assert abs(change) < 1e-3


# Forward sensitivities --------------------------------------------------------------------------------


def sensitivities(engine: Any, end: float, *named: str) -> dict[tuple[str, str], float]:
    """Derivative of (species) to (parameter) at ``end``, by forward sensitivities."""
    found = engine.timeSeriesSensitivities(0, end, 13, *([list(named)] if named else []))
    _, values, parameters, species = found
    last = np.asarray(values)[-1]
    return {(s, p): last[i, j] for i, p in enumerate(parameters) for j, s in enumerate(species)}


@pytest.mark.engine
def test_engine_sensitivities_are_right_for_plain_reactions(raw: Raw) -> None:
    found = sensitivities(raw(DECAY), 2)
    assert [found["A", "k"], found["B", "k"]] == pytest.approx([-2 * np.exp(-2), 2 * np.exp(-2)], rel=1e-3)


@pytest.mark.engine
def test_engine_sensitivities_are_zero_in_a_model_of_one_species(raw: Raw) -> None:
    assert sensitivities(raw("species A; A = 1; J: A -> ; k * A; k = 1"), 2) == {("A", "k"): 0}


@pytest.mark.engine
def test_engine_sensitivities_are_zero_when_moieties_leave_one_free_species(raw: Raw) -> None:
    engine = raw(
        "species A, B, C; A = 10; B = 5; C = 0; J: A + B -> C; kf * A * B - kr * C; kf = .1; kr = .01"
    )
    assert sensitivities(engine, 2)["C", "kf"] > 1
    engine.conservedMoietyAnalysis = True
    assert not np.any(list(sensitivities(engine, 2).values()))


@pytest.mark.engine
def test_engine_sensitivities_leave_out_a_dependent_species_and_reorder_the_rest(raw: Raw) -> None:
    body = """species A, B, C, D; A = 10; B = 5; C = 0; D = 0; kf = .1; kr = .01; k = .1; kd = 1
    J1: A + B -> C; kf * A * B - kr * C; J2: C -> D; k * C; J3: D -> ; kd * D"""
    full, reduced = raw(body), raw(body)
    reduced.conservedMoietyAnalysis = True
    expected, found = sensitivities(full, 2), sensitivities(reduced, 2)
    kept = [species for species, parameter in found if parameter == "kf"]
    assert len(kept) == 3
    assert kept != sorted(kept)
    assert [found[s, "kf"] for s in kept] == pytest.approx([expected[s, "kf"] for s in kept], rel=1e-3)


@pytest.mark.engine
def test_engine_sensitivities_pass_an_event_but_do_not_see_its_size_or_time(raw: Raw) -> None:
    body = "species D, M; D = 0; M = 0; J: D -> M; ke * D; ke = .1; dose = 10; td = 5"
    found = sensitivities(raw(f"{body}; at time >= td: D = D + dose"), 12)
    assert found["D", "ke"] == pytest.approx(-10 * 7 * np.exp(-0.7), rel=5e-3)
    assert found["D", "dose"] == 0  # exact: exp(-0.7)
    assert found["D", "td"] == 0  # exact: ke * dose * exp(-0.7)


@pytest.mark.engine
def test_engine_sensitivities_do_not_see_initial_assignments(raw: Raw) -> None:
    engine = raw("A0 = 2; species A, B; A = A0; B = 0; J: A -> B; k * A; k = 1")
    assert sensitivities(engine, 2, "A0") == {("A", "A0"): 0, ("B", "A0"): 0}  # exact: exp(-2), 1 - exp(-2)


@pytest.mark.engine
def test_engine_sensitivities_fail_with_assignment_rules_unless_parameters_are_named(raw: Raw) -> None:
    body = f"{DECAY}; triple := 3 * A"
    with pytest.raises(RuntimeError, match="assignment rule"):
        sensitivities(raw(body), 2)
    assert sensitivities(raw(body), 2, "k")["A", "k"] == pytest.approx(-2 * np.exp(-2), rel=1e-3)


def test_central_differences_see_events_and_agree_with_the_closed_form(sbml: Callable[[str], str]) -> None:
    body = "species D; D = 0; J: D -> ; ke * D; ke = .1; dose = 10; at time >= 5: D = D + dose"
    model, step = Model(sbml(body), rtol=1e-10), 1e-4

    def slope(name: str, value: float) -> float:
        up, down = (
            model.run(Protocol([12.0], {name: value * (1 + sign * step)}), ["D"])[0, 0] for sign in (1, -1)
        )
        return float((up - down) / (2 * step * value))

    assert slope("ke", 0.1) == pytest.approx(-10 * 7 * np.exp(-0.7), rel=1e-4)
    assert slope("dose", 10) == pytest.approx(np.exp(-0.7), rel=1e-4)


def test_a_pathway_is_smooth_enough_at_fit_tolerance_to_be_differentiated() -> None:
    conditions = CellAssay("baricitinib", "IL-6", "pSTAT3")
    model = Model(conditions.model().sbml, rtol=1e-10)
    name = "kphos_IL6_STAT3"
    value = jk.load("cytokine_signalling", cytokines="IL-6").initial(name)

    def slope(step: float) -> float:
        settings = [
            {name: value * np.exp(sign * step), "L_IL6": conditions.cytokine_dose} for sign in (1, -1)
        ]
        up, down = (model.run(Protocol([0.25], chosen), ["pSTAT3_percent"])[0, 0] for chosen in settings)
        return float(np.log(up / down) / (2 * step))

    assert slope(1e-4) == pytest.approx(slope(1e-3), rel=1e-4)
