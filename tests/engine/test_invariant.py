"""Rules of constants are evaluated once per setting; nothing a user can see depends on it."""

import functools

import antimony
import libsbml
import numpy as np
import pytest
import roadrunner
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib.simulate.invariant import Laws, take_out


def sbml(text: str) -> str:
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(f"model m\n{text}\nend") < 0:
        raise ValueError(antimony.getLastError())
    return str(antimony.getSBMLString("m"))


CHAIN = """
  compartment c; c = 2; species S in c; S = 1;
  base = 0.5; factor = 3;
  rate := factor * twice; twice := 2 * base / c;
  lose: S => ; c * rate * S;
"""


def test_rules_of_constants_are_taken_out_in_the_order_they_need_each_other() -> None:
    laws = Laws(take_out(libsbml.readSBMLFromString(sbml(CHAIN))))
    assert laws.gives == ("twice", "rate")
    assert set(laws.reads) == {"base", "factor", "c"}


@pytest.mark.parametrize(
    "text",
    [
        "species S; S = 1; k := S; S' = -k",
        "species S; S = 1; k := time; S' = -k",
        "species S; S = 1; x = 1; x' = -1; k := x; S' = -k",
        "species S; S = 1; x = 1; at (time > 1): x = 2; k := x; S' = -k",
    ],
    ids=["species", "time", "rate rule", "event"],
)
def test_a_rule_that_moves_during_a_run_stays_in_the_model(text: str) -> None:
    document = libsbml.readSBMLFromString(sbml(text))
    before = libsbml.writeSBMLToString(document)
    assert take_out(document) == ()
    assert libsbml.writeSBMLToString(document) == before


def test_a_function_beyond_arithmetic_stays_in_the_model_with_what_reads_it() -> None:
    text = "species S; S = 1; b = 2; k := exp(-b); twice := 2 * k; half := b / 2; S => ; k * S"
    assert [symbol for symbol, _ in take_out(libsbml.readSBMLFromString(sbml(text)))] == ["half"]


LAWS = "w := a / (b + c); x := w^a - -c * b; y := (1 - w)^-2.5; z := a / b / c - (a - b - c) * w"
sizes = st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, 1e300, 1e-300])


@given(st.tuples(sizes, sizes, sizes))
def test_laws_are_what_the_engine_works_out_to_the_last_bit(values: tuple[float, float, float]) -> None:
    laws, engine = both()
    known = dict(zip("abc", values, strict=True))
    for name, value in known.items():
        engine.setValue(name, value)
    np.testing.assert_equal(laws(known), {name: engine.getValue(name) for name in laws.gives})


@functools.cache
def both() -> tuple[Laws, roadrunner.RoadRunner]:
    text = sbml(f"a = 1; b = 1; c = 1; {LAWS}")
    return Laws(take_out(libsbml.readSBMLFromString(text))), roadrunner.RoadRunner(text)


def test_rules_follow_every_setting_and_every_step() -> None:
    model = jk.Model(sbml(CHAIN))
    half = jk.Protocol([1.0, 2.0], {"factor": 1.0}, [jk.Step(1.0, {"base": 2.0})])
    table = model.run(half, ["base", "S", "rate", "twice", "factor"])
    np.testing.assert_allclose(table[:, 1], [np.exp(-0.5), np.exp(-2.5)], rtol=1e-7)
    np.testing.assert_allclose(table[:, [0, 2, 3, 4]], [[0.5, 0.5, 0.5, 1.0], [2.0, 2.0, 2.0, 1.0]])
    resized = model.run(jk.Protocol([1.0], {"c": 1.0}), ["rate"])
    np.testing.assert_allclose(resized, [[3.0]])
    assert model.initial("rate") == pytest.approx(1.5)  # nothing is left over


def test_a_parameter_that_nothing_reads_is_a_parameter_all_the_same() -> None:
    model = jk.Model(sbml("species S; S = 1; idle = 3; S => ; 2 * S"))
    assert model.settable == ("default_compartment", "idle", "S")
    assert model.initial("idle") == 3
    table = model.run(jk.Protocol([0.0, 1.0], {}, [jk.Step(0.5, {"idle": 4.0})]), ["idle", "S"])
    np.testing.assert_allclose(table, [[3, 1], [4, np.exp(-2)]], rtol=1e-6)


def test_a_symbol_given_by_a_rule_cannot_be_set() -> None:
    model = jk.Model(sbml(CHAIN))
    assert "rate" not in model.settable
    with pytest.raises(jk.UnknownIdError):
        model.run(jk.Protocol([1.0], {"rate": 1.0}), ["S"])


def test_the_engine_given_the_whole_model_agrees() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-6")
    settings, wanted = {"L_IL6": 1.0, "I_baricitinib": 30.0}, ["pSTAT3_percent", "T_IL6"]
    whole = roadrunner.RoadRunner(model.sbml)
    whole.timeCourseSelections = ["time", *wanted]
    whole.integrator.relative_tolerance, whole.integrator.absolute_tolerance = 1e-10, 1e-18
    whole.setValue("[L_IL6]", settings["L_IL6"])
    whole.setValue("I_baricitinib", settings["I_baricitinib"])
    theirs = np.asarray(whole.simulate(times=[0, 0.25, 1.0]))[1:, 1:]
    ours = model.run(jk.Protocol([0.25, 1.0], settings), wanted)
    assert 0 < ours[0, 1] < 1
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
