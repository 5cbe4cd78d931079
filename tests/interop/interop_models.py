"""The committed models with a stimulus in the file itself, and our own answer to hold other tools against."""

from __future__ import annotations

import functools
import tempfile

import libsbml
import numpy as np
import pytest
from numpy.typing import NDArray

from jakinib import paths
from jakinib.build import built
from jakinib.export import export
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, scale

NAMES = tuple(built())
DOSED = tuple(name for name, spec in built().items() if spec.name in ("oral_pk", "blood_pkpd"))
CYTOKINE, INHIBITOR, DOSE = 1.0, 30.0, "4 mg"  # nM, nM


@functools.cache
def committed(name: str) -> str:
    """Text of models/sbml/<name>.xml."""
    return (paths.models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")


def exported(
    model: Model | str, form: str, regimen: Regimen | str | None = None, population: str = "healthy_adult"
) -> str:
    """Text of one exported file."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = export(model, folder, [form], regimen, population)
        return path.read_text(encoding="utf-8")


def stimulus(name: str) -> dict[str, float]:
    """Cytokine, or inhibitor, or both, at the start; the dose of a PK model is in its events."""
    spec, text = built()[name], committed(name)
    values = dict.fromkeys(Model(text).boundary, CYTOKINE)
    if spec.name not in ("oral_pk", "blood_pkpd"):
        prefix = "" if spec.kinase else "I_"
        values |= {f"{prefix}{inhibitor}": INHIBITOR for inhibitor in spec.inhibitors}
    return values


@functools.cache
def stimulated(name: str) -> str:
    """The model with its stimulus as initial values and, for PK, one dose as events."""
    text = committed(name)
    if name in DOSED:
        text = exported(Model(text), "sbml-l3v2", DOSE)
    document = libsbml.readSBMLFromString(text)
    for symbol, value in stimulus(name).items():
        element = document.getModel().getElementBySId(symbol)
        if isinstance(element, libsbml.Species):
            element.setInitialConcentration(value)
        else:
            element.setValue(value)
    return str(libsbml.writeSBMLToString(document))


def times(name: str) -> NDArray[np.float64]:
    """Output times in hours: a day for PK, six hours for signalling and enzyme assays."""
    return np.linspace(0, 24 if name in DOSED else 6, 97)


def simulated(sbml: str, times: NDArray[np.float64], species: tuple[str, ...] = ()) -> NDArray[np.float64]:
    """Our own trajectory, integrated tightly so that files are compared and not tolerances."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scale, "ATOL_NM", 1e-14)
        model = Model(sbml, rtol=1e-10)
    return model.run(Protocol(times), species or model.species)


@functools.cache
def ours(name: str) -> NDArray[np.float64]:
    """Our trajectory of the stimulated model; shape (len(times(name)), species)."""
    return simulated(stimulated(name), times(name))


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Largest difference of any species, relative to the largest value the species takes."""
    top = np.abs(one).max(axis=0)
    return float((np.abs(one - other).max(axis=0) / np.where(top > 0, top, 1)).max())
