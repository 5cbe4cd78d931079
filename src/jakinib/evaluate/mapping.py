"""A mapping says which symbols of somebody else's SBML model are our observables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from jakinib.build.read import document, flat
from jakinib.errors import InputError, ModelError, UnitError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.files import line_of, read_model, short
from jakinib.library.ranges import Number
from jakinib.library.schema import JAK, Strict, Unit
from jakinib.simulate import Model
from jakinib.simulate.models import file_text
from jakinib.units import factor

READOUT = "jakinib_readout_"  # parameters added to the model, one a formula


class Symbol(Strict):
    """A symbol of the model that holds a concentration, and the unit it is in; mass: molar mass in g/mol."""

    symbol: str
    unit: Unit
    mass: Annotated[Number, Field(ge=50, le=5e6)] | None = None

    def from_nM(self, value: float) -> float:
        """``value`` nM in the unit of the model."""
        try:
            return value * factor("nM", self.unit)
        except UnitError:
            if self.mass is None or self.mass <= 0:
                raise
        return value * self.mass * factor("nM*g/mol", self.unit)

    @model_validator(mode="after")
    def _convertible(self) -> Symbol:
        try:
            self.from_nM(1.0)
        except UnitError:
            raise ValueError(
                f"unit '{self.unit}' of {self.symbol} is no concentration; give nM or the like, "
                "or ng/mL together with mass (g/mol)"
            ) from None
        return self


class Pathway(Strict):
    """One cytokine: its concentration, read-outs (percent of total STAT, formulas of the model's symbols).

    without: settings that switch a feedback protein off, by protein.
    """

    dose: Symbol
    readouts: dict[str, str] = Field(min_length=1)
    without: dict[str, dict[str, Number]] = Field(default_factory=dict)


class Enzyme(Strict):
    """An enzyme assay: ATP and peptide are set, the formula of the product is read."""

    inhibitors: dict[str, Symbol] = Field(min_length=1)
    atp: Symbol
    peptide: Symbol
    product: str


class Mapping(Strict):
    """The whole mapping file. inhibitors: free concentration at the kinase, one symbol each.

    cells: library cells that the model stands for. settings: values of the model that hold in every run.
    """

    time: Literal["hour", "minute", "second", "day"]
    cells: list[str] = Field(default_factory=list)
    inhibitors: dict[str, Symbol] = Field(default_factory=dict)
    cytokines: dict[str, Pathway] = Field(default_factory=dict)
    enzymes: dict[JAK, Enzyme] = Field(default_factory=dict)
    settings: dict[str, Number] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something(self) -> Mapping:
        if not self.cytokines and not self.enzymes:
            raise ValueError("maps neither cytokines nor enzymes; name at least one of them")
        if self.cytokines and not (self.inhibitors and self.cells):
            raise ValueError("maps cytokines; name inhibitors and the cells that the model stands for too")
        return self


@dataclass(frozen=True)
class Mapped:
    """A model with its formulas as rules. readouts: symbol of (cytokine, read-out) or (enzyme, "product")."""

    model: Model
    mapping: Mapping
    readouts: dict[tuple[str, str], str]
    name: str

    @property
    def hour(self) -> float:
        """Model time units in an hour."""
        return factor("hour", self.mapping.time)


def read_mapping(model: Path, mapping: Path) -> Mapped:
    """Read and check both files; raises InputError with file, line and what to do. Nothing is simulated."""
    described = read_model(mapping, Mapping)
    canonical = _canonical(described, mapping)
    text = file_text(model)
    found = document(text, short(model))
    flat(found, text, short(model))
    formulas: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
    for cytokine, pathway in canonical.cytokines.items():
        for readout, formula in pathway.readouts.items():
            formulas[cytokine, readout] = (("cytokines", cytokine, "readouts", readout), formula)
    for jak, enzyme in canonical.enzymes.items():
        formulas[jak, "product"] = (("enzymes", jak, "product"), enzyme.product)
    readouts = {}
    for number, (key, (at, formula)) in enumerate(formulas.items()):
        symbol = readouts[key] = f"{READOUT}{number}"
        where = f"{short(mapping)}:{line_of(mapping, at) or 1}: {'.'.join(at)}"
        _add_rule(found.getModel(), symbol, formula, where)
    import libsbml

    try:
        compiled = Model(libsbml.writeSBMLToString(found))
    except ModelError as error:
        raise InputError(f"{short(model)}: {error}") from None
    _check_symbols(compiled, canonical, mapping)
    return Mapped(compiled, canonical, readouts, model.name)


def _canonical(mapping: Mapping, path: Path) -> Mapping:
    """The mapping with the library's names for inhibitors, cytokines and cells."""
    library = get_library()

    def names(field: str, entries: Any, find: Any) -> dict[str, Any]:
        out = {}
        for name in entries:
            try:
                out[find(name).id] = entries[name] if isinstance(entries, dict) else name
            except UnknownIdError as error:
                line = line_of(path, (field, name)) if isinstance(entries, dict) else line_of(path, (field,))
                raise InputError(f"{short(path)}:{line or 1}: {field}: {error}") from None
        return out

    def refuse(noun: str, name: str, known: Iterable[str], *at: str) -> None:
        if name not in known:
            raise UnknownIdError(noun, name, known, where=f"{short(path)}:{line_of(path, at) or 1}: {at[0]}")

    canonical = names("cytokines", mapping.cytokines, library.cytokine)
    for name, pathway in mapping.cytokines.items():
        stats = {f"p{stat}" for stat in library.cytokine(name).stats}
        for readout in pathway.readouts:
            refuse(f"readout of {name}", readout, stats, "cytokines", name, "readouts", readout)
        for protein in pathway.without:
            refuse("protein", protein, library.proteins, "cytokines", name, "without", protein)
    for jak, enzyme in mapping.enzymes.items():
        for drug in enzyme.inhibitors:
            refuse("inhibitor", drug, library.inhibitors, "enzymes", jak, "inhibitors", drug)
    return mapping.model_copy(
        update={
            "cells": list(names("cells", mapping.cells, library.cell)),
            "inhibitors": names("inhibitors", mapping.inhibitors, library.inhibitor),
            "cytokines": canonical,
        }
    )


def _add_rule(source: Any, symbol: str, text: str, where: str) -> None:
    """A parameter given by a formula; libSBML parses it, and only symbols of the model may stand in it."""
    import libsbml

    settings = libsbml.L3ParserSettings()
    settings.setModel(source)
    formula = libsbml.parseL3FormulaWithSettings(text, settings)
    if formula is None:
        reason = " ".join(libsbml.getLastParseL3Error().split())
        raise InputError(f"{where}: '{text}' is not a formula: {reason}")
    ids = {element.getId() for element in source.getListOfAllElements()} - {""}
    for name in _names(formula):
        if name not in ids:
            raise UnknownIdError("symbol", name, ids, where=where)
    parameter = source.createParameter()
    parameter.setId(symbol)
    parameter.setConstant(False)
    rule = source.createAssignmentRule()
    rule.setVariable(symbol)
    rule.setMath(formula)


def _names(node: Any) -> list[str]:
    own = (
        [node.getName()]
        if node.isUserFunction() or (node.isName() and not node.getDefinitionURLString())
        else []
    )
    return own + [name for i in range(node.getNumChildren()) for name in _names(node.getChild(i))]


def _check_symbols(model: Model, mapping: Mapping, path: Path) -> None:
    """Every symbol that runs will set can be set."""
    wanted: list[tuple[tuple[str, ...], str]] = [(("settings", name), name) for name in mapping.settings]
    wanted += [(("inhibitors", name), entry.symbol) for name, entry in mapping.inhibitors.items()]
    for name, pathway in mapping.cytokines.items():
        wanted.append((("cytokines", name, "dose"), pathway.dose.symbol))
        for protein, values in pathway.without.items():
            wanted += [(("cytokines", name, "without", protein), symbol) for symbol in values]
    for jak, enzyme in mapping.enzymes.items():
        wanted += [
            (("enzymes", jak), s.symbol) for s in (enzyme.atp, enzyme.peptide, *enzyme.inhibitors.values())
        ]
    for at, symbol in wanted:
        if symbol not in model.settable:
            where = f"{short(path)}:{line_of(path, at) or 1}: {'.'.join(at)}"
            if symbol in model.ids:
                raise InputError(f"{where}: '{symbol}' is given by a rule of the model and cannot be set")
            raise UnknownIdError("symbol", symbol, model.settable, where=where)
