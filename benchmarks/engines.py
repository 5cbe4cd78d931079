"""The same dosed day in other tools, from the exported file, at the same relative tolerance."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable

import libsbml
import numpy as np
import roadrunner
from cases import CYTOKINE, DAY, DOSE, as_if_new, day_in_blood
from measure import Measurement, rounds
from numpy.typing import NDArray

import jakinib as jk
from jakinib.simulate import RTOL

ROUNDS = 11
Table = NDArray[np.float64]


def comparison() -> list[tuple[Measurement, float]]:
    """Time of each tool and the largest relative difference of its result from ours; ours stands first."""
    blood, protocol = jk.load("blood_pkpd"), day_in_blood()
    text = dosed()
    runs: dict[str, Callable[[], Table]] = {
        "jakinib, loaded once": lambda: blood.run(protocol, blood.species),
        **_tellurium(text, blood),
        **_copasi(text, blood),
    }
    ours = runs["jakinib, loaded once"]()
    scale = np.abs(ours).max(axis=0)
    seconds = rounds(runs, ROUNDS)
    return [
        (
            Measurement.of(name, [1e3 * s for s in seconds[name]], "ms"),
            float((np.abs(run() - ours).max(axis=0) / scale).max()),
        )
        for name, run in runs.items()
    ]


def dosed() -> str:
    """blood_pkpd with its dose as events and the cytokine at its initial value."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = jk.export("blood_pkpd", folder, ["sbml-l3v2"], DOSE)
        document = libsbml.readSBMLFromFile(str(path))
    for symbol, value in CYTOKINE.items():
        document.getModel().getSpecies(symbol).setInitialConcentration(value)
    return str(libsbml.writeSBMLToString(document))


def _is_amount(model: jk.Model) -> dict[str, str]:
    """Home of the species that are amounts."""
    document = libsbml.readSBMLFromString(model.sbml)
    listed = document.getModel().getListOfSpecies()
    return {s.getId(): s.getCompartment() for s in listed if s.getHasOnlySubstanceUnits()}


def _tellurium(text: str, model: jk.Model) -> dict[str, Callable[[], Table]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import tellurium
    amounts = _is_amount(model)
    selections = [s if s in amounts else f"[{s}]" for s in model.species]

    def load(text: str) -> roadrunner.RoadRunner:
        loaded = tellurium.loadSBMLModel(text)
        loaded.integrator.relative_tolerance = RTOL
        return loaded

    def run(loaded: roadrunner.RoadRunner) -> Table:
        loaded.resetToOrigin()
        return np.array(loaded.simulate(DAY[0], DAY[-1], len(DAY), selections))

    def compiled() -> Table:
        return run(load(as_if_new(text)))

    once = load(text)
    return {
        "tellurium, loaded and compiled for each run": compiled,
        "tellurium, loaded for each run, compiled code reused": lambda: run(load(text)),
        "tellurium, loaded once and reset": lambda: run(once),
    }


def _copasi(text: str, model: jk.Model) -> dict[str, Callable[[], Table]]:
    import basico

    scale = {name: model.initial(home) for name, home in _is_amount(model).items()}

    def run(loaded: object) -> Table:
        table = basico.run_time_course(
            model=loaded, values=DAY.tolist(), use_sbml_id=True, method="deterministic",
            r_tol=RTOL, a_tol=1e-20, use_initial_values=True,
        )  # fmt: skip
        return np.column_stack([table[name].to_numpy() * scale.get(name, 1.0) for name in model.species])

    def naive() -> Table:
        loaded = basico.load_model_from_string(text)
        try:
            return run(loaded)
        finally:
            basico.remove_datamodel(loaded)

    once = basico.load_model_from_string(text)
    return {"COPASI, loaded for each run": naive, "COPASI, loaded once": lambda: run(once)}
