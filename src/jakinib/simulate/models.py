"""Load models by name (built from the library on demand) or from a file."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jakinib.build import ModelSpec, built, compose, to_sbml
from jakinib.build.estimates import estimates_stamp
from jakinib.build.omex import is_archive, sbml_in
from jakinib.build.read import document
from jakinib.build.sbml import translate
from jakinib.build.spec import MODELS
from jakinib.errors import InputError, ModelError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.files import read_text, short
from jakinib.simulate.engine import RTOL, Model


@functools.lru_cache(maxsize=128)
def _sbml_of(spec: ModelSpec, _inputs: Hashable) -> str:
    return to_sbml(compose(spec))


@functools.lru_cache(maxsize=128)
def _compiled(spec: ModelSpec, rtol: float, inputs: Hashable) -> Model:
    return Model(_sbml_of(spec, inputs), rtol)


def from_spec(spec: ModelSpec, rtol: float = RTOL) -> Model:
    """Compiled model of a spec; shared within the process until the library or the estimates change."""
    resolved, inputs = _resolved(spec)
    return _compiled(resolved, rtol, inputs)


def _resolved(spec: ModelSpec) -> tuple[ModelSpec, Hashable]:
    library = get_library()
    return spec.resolved(library), (library.generation, estimates_stamp(spec.calibrated))


def load(
    name: str | Path,
    *,
    cytokines: Sequence[str] | str | None = None,
    inhibitors: Sequence[str] | str | None = None,
    kinase: str | None = None,
    cell: str | None = None,
    population: str | None = None,
    rtol: float = RTOL,
) -> Model:
    """A model by name ("blood_pkpd", "cytokine_signalling", ...) or from a path to SBML, Antimony or OMEX.

    A COMBINE archive of several models takes the place of one behind it: "jakinib.omex#models/a.xml".

    cytokines, inhibitors: library names; a single name may be given as text. kinase: for "kinase_assay".
    What is not given is as in the model of that name under models/sbml.
    Raises UnknownIdError for names the library lacks, InputError for a file that cannot be read.
    """
    path = Path(name)
    if _is_file(path):
        return from_file(path, rtol)
    asked: dict[str, Any] = {
        "cytokines": (cytokines,) if isinstance(cytokines, str) else cytokines,
        "inhibitors": (inhibitors,) if isinstance(inhibitors, str) else inhibitors,
        "kinase": kinase,
        "cell": cell,
        "population": population,
    }
    return from_spec(_named(str(name), asked), rtol)


def sbml_of(name: str | Path, *, population: str | None = None) -> str:
    """SBML of what ``load`` would load; a model of the library is not compiled for it."""
    path = Path(name)
    if _is_file(path):
        return from_file(path).sbml
    return _sbml_of(*_resolved(_named(str(name), {"population": population})))


def _is_file(path: Path) -> bool:
    return path.suffix in (".xml", ".sbml", ".ant") or is_archive(path)


def _named(name: str, asked: Mapping[str, Any]) -> ModelSpec:
    """The model of that name with what is asked for; None is as in the file under models/sbml."""
    if name not in {*MODELS, *built()}:
        raise UnknownIdError("model", name, {*MODELS, *built()})
    base = ModelSpec(name) if name in MODELS else built()[name]
    return replace(base, **{field: value for field, value in asked.items() if value is not None})


def from_file(path: Path, rtol: float = RTOL) -> Model:
    """A model from somebody's SBML (.xml, .sbml), Antimony (.ant) or COMBINE archive (.omex)."""
    text = sbml_in(path) if is_archive(path) else read_text(path)
    if path.suffix == ".ant":
        import antimony

        antimony.clearPreviousLoads()
        antimony.freeAll()
        if antimony.loadAntimonyString(text) < 0:
            raise InputError(f"{path}: {antimony.getLastError().strip()}")
        text = translate(text, antimony.getMainModuleName())
    document(text, short(path))
    try:
        return Model(text, rtol)
    except ModelError as error:
        raise InputError(f"{path}: {error}") from None
