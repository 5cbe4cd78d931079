"""Load models by name (built from the library on demand) or from a file."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from jakinib.arguments import checked
from jakinib.build import ModelSpec, built, compose, translated
from jakinib.build.bounds import antimony_text
from jakinib.build.estimates import estimates_stamp
from jakinib.build.omex import is_archive, sbml_in
from jakinib.build.read import document, flat
from jakinib.build.sbml import ANTIMONY_LOCK, antimony_error, built_here, translate
from jakinib.build.spec import MODELS
from jakinib.errors import InputError, ModelError, UnknownIdError
from jakinib.files import FileError, read_text, short
from jakinib.library import get_library
from jakinib.simulate.engine import RTOL, Absolute, Model, Relative

FINE = 1e-10  # relative tolerance of models whose sensitivity nobody has looked at

_KINDS: dict[str, Literal["sbml", "antimony"]] = {
    ".xml": "sbml", ".sbml": "sbml", ".ant": "antimony", ".antimony": "antimony"
}  # fmt: skip


@functools.lru_cache(maxsize=128)
def _sbml_of(spec: ModelSpec, _inputs: Hashable) -> str:
    return translated(compose(spec))


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


@checked
def load(
    name: str | Path,
    *,
    cytokines: Sequence[str] | str | None = None,
    inhibitors: Sequence[str] | str | None = None,
    kinase: str | None = None,
    cell: str | None = None,
    population: str | None = None,
    rtol: Relative | None = None,
    atol: Absolute | None = None,
) -> Model:
    """A model by name ("blood_pkpd", "cytokine_signalling", ...) or from a path to SBML, Antimony or OMEX.

    A COMBINE archive of several models takes the place of one behind it: "jakinib.omex#models/a.xml".

    cytokines, inhibitors: library names; a single name may be given as text. kinase: for "kinase_assay".
    What is not given is as in the model of that name under models/sbml. atol: absolute tolerance of a model
    from a file, in the units of its amounts; by default it follows the size of each state. rtol: relative
    tolerance, by default 1e-8, and 1e-10 for a model from a file that this package did not build.
    Raises UnknownIdError for names the library lacks, InputError for a file that cannot be read.

    >>> import jakinib as jk
    >>> "pSTAT3" in jk.load("cytokine_signalling", cytokines="IL-6").species
    True
    """
    path = Path(name)
    if file_kind(path):
        return from_file(path, rtol, atol)
    asked: dict[str, Any] = {
        "cytokines": (cytokines,) if isinstance(cytokines, str) else cytokines,
        "inhibitors": (inhibitors,) if isinstance(inhibitors, str) else inhibitors,
        "kinase": kinase,
        "cell": cell,
        "population": population,
    }
    return from_spec(_named(str(name), asked), RTOL if rtol is None else rtol)


def sbml_of(name: str | Path, *, population: str | None = None) -> str:
    """SBML of what ``load`` would load; a model of the library is not compiled for it."""
    path = Path(name)
    if file_kind(path):
        return from_file(path).sbml
    return _sbml_of(*_resolved(_named(str(name), {"population": population})))


def file_kind(path: Path) -> Literal["sbml", "antimony", "archive", ""]:
    """What a path holds by its suffix, in any case and perhaps followed by .gz; empty for a model's name."""
    if is_archive(path):
        return "archive"
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = (suffixes[:-1] if suffixes[-1:] == [".gz"] else suffixes)[-1:]
    return _KINDS.get(suffix[0], "") if suffix else ""


def file_text(path: Path) -> str:
    """SBML text of a file: SBML (.xml, .sbml), Antimony (.ant, .antimony) or COMBINE archive (.omex).

    The suffix may be in any case, and .gz may follow it. Raises InputError for a file that cannot be read or
    translated, or whose suffix is none of these.
    """
    match file_kind(path):
        case "archive":
            return sbml_in(path)
        case "sbml":
            return read_text(path)
        case "antimony":
            return _from_antimony(antimony_text(path), short(path))
    raise FileError(
        path, "ends in none of .xml, .sbml, .ant, .antimony (or one and .gz) and .omex; rename it"
    )


def _named(name: str, asked: Mapping[str, Any]) -> ModelSpec:
    """The model of that name with what is asked for; None is as in the file under models/sbml."""
    if name not in MODELS and name not in built():
        raise UnknownIdError("model", name, {*MODELS, *built()})
    base = ModelSpec(name) if name in MODELS else built()[name]
    return replace(base, **{field: value for field, value in asked.items() if value is not None})


def from_file(path: Path, rtol: float | None = None, atol: float | None = None) -> Model:
    """A model from somebody's SBML, Antimony or COMBINE archive; see ``file_text``."""
    text = file_text(path)
    found = document(text, short(path))
    text = flat(found, text, short(path))
    if rtol is None:
        rtol = RTOL if built_here(found.getModel()) else FINE
    try:
        return Model(text, rtol, atol=atol)
    except ModelError as error:
        raise InputError(f"{path}: {error}") from None


def _from_antimony(text: str, where: str) -> str:
    """SBML of the main module of an Antimony text; refuses one that leaves open which that is."""
    import antimony

    with ANTIMONY_LOCK:
        antimony.clearPreviousLoads()
        antimony.freeAll()
        if antimony.loadAntimonyString(text) < 0:
            raise FileError(where, antimony_error(antimony))
        main, modules = antimony.getMainModuleName(), antimony.getModuleNames()
    code = re.sub(r"//[^\n]*|#[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    names = [name for name in modules if name != "__main"]
    tops = [name for name in names if not re.search(rf":\s*{re.escape(name)}\s*\(", code)]
    marked = re.search(rf"\b(?:model|module)\s*\*\s*{re.escape(main)}\b", code)
    if main == "__main" and tops:
        raise FileError(where, f"lines stand outside of model {tops[0]}; move them into it")
    if len(tops) > 1 and not marked:
        raise FileError(
            where,
            f"holds the models {', '.join(tops)}; mark the one to run with an asterisk "
            f"(model *{main}) or keep one",
        )
    return translate(text, main)
