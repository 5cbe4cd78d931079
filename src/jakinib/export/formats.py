"""SBML text to the formats offered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jakinib.build.sbml import ANTIMONY_LOCK
from jakinib.errors import ExportError
from jakinib.export.javascript import to_javascript
from jakinib.sbml import first_error

_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"


def to_level(sbml: str, level: int, version: int) -> str:
    """The model in another SBML level, converted by libSBML; units strictly where the model has them.

    Raises ExportError with libSBML's message for a model that the level cannot hold.
    """
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    name = f"{document.getModel().getId()} as SBML L{level}V{version}"
    if level == 2:
        # libSBML writes the creator of a Level 2 model with this prefix and leaves it undeclared.
        document.getNamespaces().add(_DUBLIN_CORE, "dc")
    if (document.getLevel(), document.getVersion()) != (level, version):
        loose = document.clone()
        if not document.setLevelAndVersion(level, version, True):
            document = loose
            if not document.setLevelAndVersion(level, version, False):
                raise ExportError(f"{name}: {_first_error(document) or 'libSBML refused the conversion'}")
    text = str(libsbml.writeSBMLToString(document))
    written = libsbml.readSBMLFromString(text)
    written.checkConsistency()
    if message := _first_error(written):
        raise ExportError(f"{name}: {message}")
    return text


def _first_error(document: Any) -> str:
    error = first_error(document)
    return f"line {error[0]}: {error[1]}" if error else ""


def to_antimony(sbml: str) -> str:
    """The model in Antimony; raises ExportError with Antimony's message."""
    import antimony

    with ANTIMONY_LOCK:
        antimony.clearPreviousLoads()
        antimony.freeAll()
        if antimony.loadSBMLString(sbml) < 0:
            raise ExportError(f"as Antimony: {antimony.getLastError().strip()}")
        text = str(antimony.getAntimonyString(antimony.getMainModuleName()))
        antimony.clearPreviousLoads()
        antimony.freeAll()
    return text


# Name -> file suffix and writer.
FORMATS: dict[str, tuple[str, Callable[[str], str]]] = {
    "sbml-l3v2": (".xml", partial(to_level, level=3, version=2)),
    "sbml-l3v1": (".xml", partial(to_level, level=3, version=1)),
    "sbml-l2v4": (".xml", partial(to_level, level=2, version=4)),
    "antimony": (".ant", to_antimony),
    "js": (".mjs", to_javascript),
}
