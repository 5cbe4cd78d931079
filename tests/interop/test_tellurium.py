"""Tellurium, as a user would call it, gives the numbers we give."""

import warnings

import numpy as np
from interop_models import distance, ours, stimulated, times

from jakinib.simulate import Model


def test_tellurium_reproduces_the_dosed_blood_model() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its imports, not ours
        import tellurium
    at, sbml = times("blood_pkpd"), stimulated("blood_pkpd")
    loaded = tellurium.loadSBMLModel(sbml)
    loaded.integrator.relative_tolerance = 1e-10
    loaded.integrator.absolute_tolerance = 1e-20
    species = Model(sbml).species
    selections = [s if s.endswith(("_central", "_peripheral")) else f"[{s}]" for s in species]
    table = np.array(loaded.simulate(float(at[0]), float(at[-1]), len(at), selections))
    assert distance(ours("blood_pkpd"), table) < 1e-6
