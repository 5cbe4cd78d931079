"""What libRoadRunner keeps, forgets or accepts between runs, and the one fresh state of ``Model.run``."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.build import built, compose, to_sbml
from jakinib.simulate import Model, Protocol, Step

Raw = Callable[[str], Any]
Guarded = Callable[[str], Model]

DECAY = "species A, B; A = 1; B = 0; J: A -> B; kdecay * A; kdecay = 1; triple := 3 * A"
NESTED = "D = 3; A0 = 2 * D; species X; X = A0; J: X -> ; k * X; k = 0"
GROWTH = "species A; A = 1; J: -> A; k; k = 1"
THREE_ROOTS = "species A; A = 1.6; J: -> A; -(A - 1) * (A - 2) * (A - 3)"
BLOW_UP = "species A; A = 1; J: -> A; k * A * A; k = 1"  # A = 1 / (1 - k t)

READ = ["pSTAT3_percent", "pSTAT1_percent", "A_JAK1", "SOCS3_mRNA"]


# Unknown symbols --------------------------------------------------------------------------------------


@pytest.mark.engine
def test_engine_accepts_an_attribute_that_no_model_has(raw: Raw) -> None:
    engine = raw(DECAY)
    engine.kdecy = 3
    assert "kdecy" not in engine.model.getGlobalParameterIds()
    assert engine["kdecay"] == 1


@pytest.mark.parametrize(
    "protocol",
    [Protocol([1.0], {"kdecy": 3.0}), Protocol([1.0], steps=[Step(0.5, {"kdecy": 3.0})])],
    ids=["setting", "step"],
)
def test_setting_an_unknown_symbol_is_refused_with_its_closest_match(
    guarded: Guarded, protocol: Protocol
) -> None:
    with pytest.raises(jk.UnknownIdError, match=r"'kdecy'; did you mean kdecay"):
        guarded(DECAY).run(protocol, ["A"])


def test_reading_an_unknown_symbol_is_refused_with_its_closest_match() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-6")
    with pytest.raises(jk.UnknownIdError, match=r"'pSTAT3_percnt'; did you mean pSTAT3_percent"):
        model.run(Protocol([1.0]), ["pSTAT3_percnt"])


def test_a_symbol_given_by_a_rule_can_be_read_but_not_set(guarded: Guarded) -> None:
    model = guarded(DECAY)
    assert model.run(Protocol([0.0]), ["triple"])[0, 0] == 3
    with pytest.raises(jk.UnknownIdError, match="triple"):
        model.run(Protocol([1.0], {"triple": 1.0}), ["A"])


# Resets -----------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_engine_reset_leaves_a_nested_initial_assignment_behind(raw: Raw) -> None:
    engine = raw(NESTED)
    engine["D"] = 5
    engine.reset()
    assert (engine["D"], engine["A0"], engine["X"]) == (5, 6, 10)


@pytest.mark.parametrize("name", built())
def test_no_built_model_has_an_initial_assignment(name: str) -> None:
    assert "<initialAssignment " not in to_sbml(compose(built()[name], name))


@pytest.mark.engine
def test_engine_reset_keeps_parameters_and_only_reset_all_restores_them(raw: Raw) -> None:
    engine = raw(DECAY)
    engine["kdecay"] = 0.7
    engine.reset()
    assert engine["kdecay"] == 0.7
    engine.resetAll()
    assert engine["kdecay"] == 1


@pytest.mark.engine
def test_engine_simulate_goes_on_from_where_the_last_one_ended(raw: Raw) -> None:
    engine = raw(DECAY)
    engine.simulate(0, 3, 4)
    assert engine.simulate(0, 3, 4)["[A]"][0] == pytest.approx(np.exp(-3), rel=1e-4)


def test_every_run_starts_from_the_same_state(guarded: Guarded) -> None:
    model = guarded(DECAY)
    first = model.run(Protocol([0.0, 3.0]), ["A", "B"])
    model.run(Protocol([3.0], {"kdecay": 0.7, "A": 9.0}), ["B"])
    assert np.array_equal(model.run(Protocol([0.0, 3.0]), ["A", "B"]), first)


_VALUES = {
    "L_IL6": st.floats(0, 50),
    "I_baricitinib": st.floats(0, 1e4),
    "w_IL6": st.floats(0.05, 0.95),
    "kphos_IL6_STAT3": st.floats(0.01, 1e4),
    "STAT3": st.floats(1, 1e3),
    "medium": st.floats(1e-7, 1e-3),
}
_VALUE_SETS = st.fixed_dictionaries({}, optional=_VALUES)
_STEPS = st.lists(st.builds(Step, st.floats(0, 1.5), _VALUE_SETS), max_size=2)
_PROTOCOLS = st.builds(
    lambda values, steps, start: Protocol(
        [0.25, 1.0], values, sorted(steps, key=lambda step: step.time), start=start
    ),
    _VALUE_SETS,
    _STEPS,
    st.sampled_from([0.0, -1.0]),
)


@settings(max_examples=40)
@given(st.lists(_PROTOCOLS, min_size=2, max_size=5))
def test_the_order_of_runs_does_not_change_a_bit(protocols: list[Protocol]) -> None:
    shared = jk.load("cytokine_signalling", cytokines="IL-6")
    for before in protocols[:-1]:
        shared.run(before, READ)
    after = shared.run(protocols[-1], READ)
    assert np.array_equal(after, Model(shared.sbml).run(protocols[-1], READ))


@pytest.mark.parametrize("order", [("cell", "A"), ("A", "cell")])
def test_the_order_in_which_settings_are_written_does_not_matter(
    guarded: Guarded, order: tuple[str, str]
) -> None:
    model = guarded("compartment cell; cell = 2; species A in cell; A = 1; J: A -> ; cell * k * A; k = 1")
    values = {"cell": 4.0, "A": 3.0}
    read = model.run(Protocol([0.0], {name: values[name] for name in order}), ["cell", "A"])
    assert read.tolist() == [[4.0, 3.0]]


# Failures ---------------------------------------------------------------------------------------------


@pytest.mark.engine
def test_engine_is_left_in_the_middle_of_a_failed_run(raw: Raw) -> None:
    engine = raw(BLOW_UP)
    with pytest.raises(RuntimeError, match="CV_"):
        engine.simulate(0, 5, 6)
    assert engine.model.getTime() > 0.9


def test_a_failed_run_says_why_when_and_with_what(guarded: Guarded) -> None:
    with pytest.raises(jk.SimulationError, match=r"at t = 0\.5 h: .*CV_.* with k=2") as caught:
        guarded(BLOW_UP).run(Protocol([5.0], {"k": 2.0}), ["A"])
    assert caught.value.time == pytest.approx(0.5, abs=0.01)
    assert caught.value.changed == {"k": 2.0}


def test_a_failed_run_leaves_the_model_as_good_as_new(guarded: Guarded) -> None:
    model = guarded(BLOW_UP)
    with pytest.raises(jk.SimulationError):
        model.run(Protocol([5.0]), ["A"])
    again = model.run(Protocol([0.5]), ["A"])
    assert np.array_equal(again, guarded(BLOW_UP).run(Protocol([0.5]), ["A"]))
    assert again[0, 0] == pytest.approx(2.0, rel=1e-6)


def test_a_result_that_is_not_a_number_is_an_error(guarded: Guarded) -> None:
    model = guarded("species A; A = 1; J: A -> ; k * A; k = 1; undefined := (A - 2)^0.5")
    with pytest.raises(jk.SimulationError, match="not finite"):
        model.run(Protocol([0.0, 1.0]), ["undefined"])


# Steady states ----------------------------------------------------------------------------------------


@pytest.mark.engine
def test_engine_leaves_nan_behind_a_failed_steady_state(raw: Raw) -> None:
    engine = raw(GROWTH)
    with pytest.raises(RuntimeError):
        engine.steadyState()
    assert np.isnan(engine["A"])


@pytest.mark.engine
def test_engine_steady_state_lands_on_an_unstable_root(raw: Raw) -> None:
    engine = raw(THREE_ROOTS)
    engine.steadyState()
    assert engine["A"] == pytest.approx(2.0, abs=1e-3)


def test_equilibration_by_integration_lands_on_the_stable_root(guarded: Guarded) -> None:
    assert guarded(THREE_ROOTS).run(Protocol([200.0]), ["A"])[0, 0] == pytest.approx(1.0, abs=1e-6)


# Copies and exports -----------------------------------------------------------------------------------


@pytest.mark.engine
def test_engine_pickle_keeps_values_and_tolerances(raw: Raw) -> None:
    engine = raw(DECAY)
    engine["kdecay"] = 0.33
    engine.integrator.relative_tolerance = 1e-9
    copy = pickle.loads(pickle.dumps(engine))
    assert copy["kdecay"] == 0.33
    assert copy.integrator.relative_tolerance == 1e-9


def test_a_pickled_model_gives_identical_results() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-6")
    protocol = Protocol([0.25, 1.0], {"L_IL6": 2.4, "I_baricitinib": 20.0})
    expected = model.run(protocol, READ)
    model.run(Protocol([0.1], {"L_IL6": 50.0}), ["STAT3"])
    copy = pickle.loads(pickle.dumps(model))
    assert copy.rtol == model.rtol
    assert np.array_equal(copy.run(protocol, READ), expected)


@pytest.mark.engine
def test_engine_current_sbml_drops_initial_assignments(raw: Raw) -> None:
    engine = raw("D = 3; species X; X = 2 * D; J: X -> ; k * X; k = 1")
    assert "<initialAssignment " in engine.getSBML()
    assert "<initialAssignment " not in engine.getCurrentSBML()


def test_a_model_keeps_its_source_text_whatever_is_run(guarded: Guarded, sbml: Callable[[str], str]) -> None:
    model = guarded(NESTED)
    model.run(Protocol([1.0], {"D": 5.0}), ["X"])
    assert model.sbml == sbml(NESTED)


# Numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [np.float32(0.5), np.array(0.5)], ids=["float32", "0-d array"])
@pytest.mark.engine
def test_engine_refuses_numpy_numbers_that_are_not_python_floats(raw: Raw, number: Any) -> None:
    with pytest.raises(TypeError):
        raw(DECAY)["kdecay"] = number


@pytest.mark.parametrize("number", [np.float32(0.5), np.array(0.5), np.int64(2), 2], ids=repr)
def test_every_kind_of_number_can_be_set(guarded: Guarded, number: Any) -> None:
    model = guarded(DECAY)
    expected = model.run(Protocol([1.0], {"kdecay": float(number)}), ["A"])
    assert np.array_equal(model.run(Protocol([1.0], {"kdecay": number}), ["A"]), expected)
    assert np.array_equal(
        model.run(Protocol(np.array([1.0], dtype=np.float32), {"kdecay": number}), ["A"]), expected
    )


# Other people's models --------------------------------------------------------------------------------


def test_a_model_with_reactions_and_a_rate_rule_runs(guarded: Guarded) -> None:
    model = guarded("species A; A = 1; J: A -> ; k * A; k = 1; q = 2; q' = -q")
    read = model.run(Protocol([0.0, 1.0]), ["A", "q"])
    assert read == pytest.approx(np.array([[1, 2], [np.exp(-1), 2 * np.exp(-1)]]), rel=1e-6)


def test_a_model_the_engine_cannot_compile_is_an_error_of_the_package(guarded: Guarded) -> None:
    with pytest.raises(jk.JakinibError, match="delay"):
        guarded("species A; A = 1; J: A -> ; k * delay(A, 1); k = 1")
