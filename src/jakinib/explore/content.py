"""All that the page knows, as plain data for JSON."""

from __future__ import annotations

from typing import Any

from jakinib import __version__
from jakinib.explore.disposition import inhibitors, populations
from jakinib.explore.evidence import draws, exposures, points, verdicts
from jakinib.explore.signalling import cytokines
from jakinib.library import Library, get_library


def content(library: Library | None = None) -> dict[str, Any]:
    """What the page knows beside the models: entries, numbers with their sources, units of the models.

    Concentrations in nM, times in hours, amounts in mg, clearances in L/h, volumes in L.

    >>> from jakinib.explore import content
    >>> content()["cytokines"]["IL-6"]["reference"]
    'T cell'
    """
    library = library or get_library()
    known, parameters, own = cytokines(library)
    drugs = inhibitors(library)
    numbers = [*parameters.values()]
    for few in own.values():
        numbers += few.values()
    for drug in drugs.values():
        numbers += [drug["fu"], drug["ratio"]]
        for kinetics in drug["populations"].values():
            numbers += kinetics["numbers"].values()
    used = {number["source"] for number in numbers if "source" in number}
    return {
        "version": __version__,
        "inhibitors": drugs,
        "populations": populations(library),
        "cytokines": known,
        "cells": {name: cell.name or name for name, cell in library.cells.items()},
        "parameters": parameters,
        "own": own,
        "draws": draws(parameters),
        "points": points(),
        "exposures": exposures(),
        "verdicts": verdicts(),
        "sources": {key: reference.citation for key, reference in library.references.items() if key in used},
    }
