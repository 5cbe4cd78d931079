"""Lanes, libRoadRunner and COPASI give the same numbers for whatever is done to a committed model."""

from __future__ import annotations

import basico
import libsbml
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_models import NAMES, committed
from numpy.typing import NDArray

from jakinib.build.starts import starts_in
from jakinib.lanes import Lanes, native
from jakinib.simulate import Model, Protocol, Step

FAINT = 1e-8  # nM or percent; 1e-6 of it is a thousandth of the absolute tolerance of the package's models
HOURS = st.integers(-1000, 2000).map(lambda number: number / 1000)

pytestmark = pytest.mark.skipif(isinstance(native.library(), str), reason="the lane engine is not built")


@st.composite
def protocols(draw: st.DrawFn, model: Model) -> Protocol:
    """Parameters within a factor of two; cytokine, inhibitor or dose given and taken away."""
    free = [name for name in model.parameters if name in model.settable and model.initial(name) > 0]
    changed = draw(st.lists(st.sampled_from(free), max_size=8, unique=True))
    values = {name: model.initial(name) * draw(st.floats(0.5, 2)) for name in changed}
    given = [*model.boundary, *(n for n in model.settable if n.startswith(("I_", "input_rate")))]
    given = given or list(model.species[:2])
    begin, until = draw(st.sampled_from([0.0, -1.0])), draw(st.integers(50, 900)) / 1000
    steps = [
        Step(time, {draw(st.sampled_from(given)): draw(st.floats(0.01, 10)) * factor})
        for time, factor in ((0.0, 1.0), (until, draw(st.sampled_from([0.0, 2.0]))))
    ]
    inner = draw(st.lists(HOURS.filter(lambda time: time >= begin), max_size=6))
    return Protocol(sorted({*inner, until, 2.0}), values, steps, begin)


def by_copasi(model: Model, protocol: Protocol, observables: list[str]) -> NDArray[np.float64]:
    """The run from a file of its own: settings are initial values and later steps events.

    Time counts from the start of the protocol: no model of the package reads it.
    """
    document = libsbml.readSBMLFromString(model.sbml)
    sbml = document.getModel()
    values = {name: model.initial(name) for name in model.parameters}
    values = starts_in(sbml).applied(protocol.settings, values, model.id)
    for step in protocol.steps:
        if step.time > protocol.start:
            add_event(sbml, step.time - protocol.start, step.values)
        else:
            values |= step.values
    for name, value in values.items():
        element = sbml.getElementBySId(name)
        species = isinstance(element, libsbml.Species)
        element.setInitialConcentration(value) if species else element.setValue(value)
    at = np.asarray(protocol.times) - protocol.start
    loaded = basico.load_model_from_string(libsbml.writeSBMLToString(document))
    try:
        table = basico.run_time_course(
            model=loaded, values=[0.0, *at[at > 0]], use_sbml_id=True, method="deterministic",
            r_tol=1e-10, a_tol=1e-20, reduced_model=False, max_steps=1_000_000,
        )  # fmt: skip
    finally:
        basico.remove_datamodel(loaded)
    nearest = np.abs(table.index.to_numpy()[:, None] - at).argmin(axis=0)
    return np.column_stack([table[name].to_numpy()[nearest] * size(sbml, name) for name in observables])


def add_event(sbml: libsbml.Model, time: float, values: dict[str, float]) -> None:
    """From ``time`` on, the symbols have these values."""
    event = sbml.createEvent()
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setInitialValue(True)
    trigger.setPersistent(True)
    trigger.setMath(libsbml.parseL3Formula(f"time >= {time!r}"))
    for name, value in values.items():
        sbml.getElementBySId(name).setConstant(False)
        assignment = event.createEventAssignment()
        assignment.setVariable(name)
        assignment.setMath(libsbml.parseL3Formula(repr(float(value * size(sbml, name)))))


def size(sbml: libsbml.Model, name: str) -> float:
    """Volume of a species that is an amount, which COPASI gives as a concentration; else 1."""
    species = sbml.getSpecies(name)
    if species is None or not species.getHasOnlySubstanceUnits():
        return 1.0
    return float(sbml.getCompartment(species.getCompartment()).getSize())


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Largest difference in parts of the largest value that a symbol has in a run.

    Below ``FAINT`` it is counted in parts of that, as engines stop at an absolute error.
    """
    return float((np.abs(one - other) / np.maximum(np.abs(other).max(axis=0), FAINT)).max())


@pytest.mark.parametrize("name", NAMES)
def test_every_model_runs_alike_in_lanes_in_libroadrunner_and_in_copasi(name: str) -> None:
    model = Model(committed(name), rtol=1e-11)  # whose own error at 1e-8 may exceed 1e-6
    lanes = Lanes(model.sbml, rtol=1e-8, reference=model)
    observables = [*model.species, *(n for n in model.parameters if n not in model.settable)]
    assert lanes.reason == ""

    @settings(max_examples=3)
    @given(st.lists(protocols(model), min_size=1, max_size=3))
    def agree(asked: list[Protocol]) -> None:
        found = lanes.run_many(asked, observables)
        for protocol, run in zip(asked, found, strict=True):
            assert distance(run, model.run(protocol, observables)) < 1e-6
        acting = {step.time for step in asked[-1].steps}  # where COPASI reads after, and we before
        between = [i for i, time in enumerate(asked[-1].times) if time not in acting]
        assert distance(found[-1][between], by_copasi(model, asked[-1], observables)[between]) < 1e-6

    agree()
