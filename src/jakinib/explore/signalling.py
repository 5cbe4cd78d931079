"""The cell models of the page: one module a cytokine, and what other cells change in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jakinib.assay.cell import MATRICES, SERUM_FRACTION, default_dose, free_fraction
from jakinib.build import ModelSpec, Source, compose, translated
from jakinib.explore.numbers import different, parameters_of, values_of
from jakinib.export.javascript import model_text
from jakinib.library import Library
from jakinib.library.readouts import readouts
from jakinib.library.schema import Cytokine, Inhibitor


def source_of(library: Library, cytokine: Cytokine, cell: str = "") -> Source:
    """The composed model of a cytokine on a cell, by default its reference cell, with every inhibitor."""
    spec = ModelSpec("cytokine_signalling", (cytokine.id,), tuple(library.inhibitors), cell=cell)
    return compose(spec, f"cytokine_signalling_{cytokine.symbol}", library)


def modules(library: Library, advance: Callable[[], None] = lambda: None) -> dict[str, str]:
    """The JavaScript of each cytokine's model on its reference cell, by id of the cytokine."""
    out = {}
    for name, cytokine in library.cytokines.items():
        out[name] = model_text(translated(source_of(library, cytokine)))
        advance()
    return out


def cytokines(library: Library) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The cytokines; the parameters of all models by symbol; those that a cell has otherwise, by cell."""
    found: dict[str, Any] = {}
    shared: dict[str, Any] = {}
    own: dict[str, Any] = {name: {} for name in library.cells}
    for name, cytokine in library.cytokines.items():
        reference = library.cell(cytokine.reference_cell).id
        base = source_of(library, cytokine)
        usual = values_of(base)
        for symbol, number in parameters_of(base).items():
            shared.setdefault(symbol, number)
        cells = {}
        for cell in library.cells:
            source = base if cell == reference else source_of(library, cytokine, cell)
            values = values_of(source)
            if not _answers(cytokine, values):
                continue
            own[cell] |= different(parameters_of(source), shared)
            cells[cell] = {
                "values": different(values, usual),
                "starts": [[r.species, r.of, list(r.among), r.pool] for r in source.starts.rules],
            }
        found[name] = _cytokine(library, cytokine, reference) | {"cells": cells}
    return found, shared, {cell: numbers for cell, numbers in own.items() if numbers}


def _answers(cytokine: Cytokine, values: dict[str, float]) -> bool:
    """Whether a cell has the chains that signal."""
    return all(values[f"{chain}_rest"] > 0 for chain in (cytokine.first_chain, cytokine.second_chain))


def _cytokine(library: Library, cytokine: Cytokine, reference: str) -> dict[str, Any]:
    read = {
        name: {"symbol": one.symbol, "label": one.label, "unit": one.unit}
        for name, one in readouts(library, cytokine).items()
    }
    return {
        "symbol": cytokine.symbol,
        "dose": default_dose(cytokine),
        "mass": cytokine.molecular_weight.to("g/mol"),
        "jaks": sorted({*cytokine.slot_a, *cytokine.slot_b}),
        "stats": cytokine.stats,
        "reference": reference,
        "readouts": read,
    }


def matrices(drug: Inhibitor) -> dict[str, float]:
    """Free share of the nominal concentration of an inhibitor in each matrix."""
    fu, ratio = (part.to("dimensionless") for part in (drug.fu, drug.blood_plasma_ratio))
    return {name: free_fraction(fu, name, SERUM_FRACTION, ratio) for name in MATRICES}
