"""COPASI, with its own SBML reader and integrator, gives the numbers we give."""

import basico
import libsbml
import numpy as np
import pytest
from interop_models import DOSED, NAMES, distance, ours, stimulated, times
from numpy.typing import NDArray

from jakinib.simulate import Model


def simulated_by_copasi(sbml: str, times: NDArray[np.float64], model: Model) -> NDArray[np.float64]:
    """Species over time in model units; COPASI speaks of concentration where we speak of amount."""
    loaded = basico.load_model_from_string(sbml)
    try:
        table = basico.run_time_course(
            model=loaded, values=times.tolist(), use_sbml_id=True, method="deterministic",
            r_tol=1e-10, a_tol=1e-20,  # amounts in a cell are about 1e-13 nmol
            reduced_model=False, max_steps=1_000_000,
        )  # fmt: skip
    finally:
        basico.remove_datamodel(loaded)
    volume = {name: model.initial(home) for name, home in amounts(model).items()}
    return np.column_stack([table[name].to_numpy() * volume.get(name, 1.0) for name in model.species])


def amounts(model: Model) -> dict[str, str]:
    """Compartment of every species that is an amount."""
    document = libsbml.readSBMLFromString(model.sbml)
    listed = document.getModel().getListOfSpecies()
    return {s.getId(): s.getCompartment() for s in listed if s.getHasOnlySubstanceUnits()}


@pytest.mark.parametrize("name", NAMES)
def test_copasi_reproduces_the_stimulated_model(name: str) -> None:
    sbml = stimulated(name)
    assert np.ptp(ours(name), axis=0).max() > 0  # something happens
    assert distance(ours(name), simulated_by_copasi(sbml, times(name), Model(sbml))) < 1e-6


def test_models_with_doses_have_them_as_events_for_copasi() -> None:
    assert DOSED
    for name in DOSED:
        loaded = basico.load_model_from_string(stimulated(name))
        assert len(basico.get_events(model=loaded)) == 2  # one dose: input on, input off
        basico.remove_datamodel(loaded)
