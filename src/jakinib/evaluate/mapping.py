"""A mapping says which symbols of somebody else's SBML model are ours; their model then runs as ours do."""

from __future__ import annotations

from collections import abc
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from jakinib.build import ModelSpec
from jakinib.build.read import document, flat
from jakinib.errors import InputError, JakinibError, ModelError, UnitError, UnknownIdError
from jakinib.experiments import Models
from jakinib.library import get_library
from jakinib.library.files import line_of, read_model, short
from jakinib.library.ranges import Number
from jakinib.library.readouts import readout, readouts
from jakinib.library.schema import JAK, Strict, Unit
from jakinib.sbml import names_in, parsed
from jakinib.simulate import Model, Protocol, Runnable, Step
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


class NotEvaluable(JakinibError):
    """What this mapping cannot be asked; the message says why."""


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


@dataclass(frozen=True)
class Translated:
    """Their model behind our symbols, hours and nM: what a protocol of ours sets and reads is translated.

    inputs: our symbols that hold a concentration. switches: our symbols that are only set to zero, with what
    that means there. readouts: our observables. of: whose read-outs, in messages.
    """

    mapped: Mapped
    inputs: dict[str, Symbol]
    readouts: dict[str, str]
    start: dict[str, float]
    switches: dict[str, dict[str, float]]
    of: str = ""

    @property
    def settable(self) -> tuple[str, ...]:
        return (*self.inputs, *self.switches)

    def unit(self, symbol: str) -> str:
        return "nM" if symbol in self.inputs else ""

    def initial(self, symbol: str) -> float:
        if symbol not in self.inputs:
            raise NotEvaluable(f"symbol {symbol} is not mapped")
        theirs = self.inputs[symbol]
        return self.mapped.model.initial(theirs.symbol) / theirs.from_nM(1.0)

    def run(self, protocol: Protocol, observables: abc.Sequence[str]) -> NDArray[np.float64]:
        read = []
        for symbol in observables:
            if symbol not in self.readouts:
                raise NotEvaluable(f"{self.of}read-out {symbol.removesuffix('_percent')} is not mapped")
            read.append(self.readouts[symbol])
        hour = self.mapped.hour
        steps = [Step(step.time * hour, self._values(step.values)) for step in protocol.steps]
        settings = {**self.start, **self._values(protocol.settings)}
        times = np.asarray(protocol.times, dtype=float) * hour
        return self.mapped.model.run(Protocol(times, settings, steps, protocol.start * hour), read)

    def _values(self, ours: abc.Mapping[str, float]) -> dict[str, float]:
        out = {}
        for symbol, value in ours.items():
            if symbol in self.inputs:
                out[self.inputs[symbol].symbol] = self.inputs[symbol].from_nM(value)
            elif symbol in self.switches and value == 0:
                out |= self.switches[symbol]
            else:
                kind, _, name = symbol.partition("_")
                noun = {"I": "inhibitor", "ktx": "the lack of"}.get(kind, f"symbol {kind}_")
                raise NotEvaluable(f"{noun} {name} is not mapped")
        return out


class MappedModels(Models):
    """A mapped model in the place of our cells and enzymes; pharmacokinetics are ours."""

    def __init__(self, mapped: Mapped) -> None:
        super().__init__()
        self.mapped = mapped

    def model(self, spec: ModelSpec, inert: tuple[str, ...] = ()) -> Runnable:
        """Raises NotEvaluable when the mapping lacks what the spec names."""
        if spec.name == "cytokine_signalling":
            return self._cell(spec)
        return self._enzyme(spec) if spec.name == "kinase_assay" else super().model(spec, inert)

    def _cell(self, spec: ModelSpec) -> Translated:
        library, mapping = get_library(), self.mapped.mapping
        (name,) = spec.cytokines
        cytokine = library.cytokine(name)
        if cytokine.id not in mapping.cytokines:
            raise NotEvaluable(f"cytokine {cytokine.id} is not mapped")
        if spec.cell not in mapping.cells:
            raise NotEvaluable(f"cell {spec.cell} is not mapped")
        pathway = mapping.cytokines[cytokine.id]
        doses = {library.cytokine(other).symbol: entry.dose for other, entry in mapping.cytokines.items()}
        drugs = {f"I_{drug}": entry for drug, entry in mapping.inhibitors.items()}
        quiet = {entry.symbol: 0.0 for entry in (*drugs.values(), *doses.values())}
        return Translated(
            self.mapped,
            {**drugs, **{f"L_{symbol}": dose for symbol, dose in doses.items()}},
            {
                readout(library, cytokine, name).symbol: self.mapped.readouts[cytokine.id, name]
                for name in pathway.readouts
            },
            {**mapping.settings, **quiet},
            {f"ktx_{protein}": values for protein, values in pathway.without.items()},
            f"{cytokine.id}: ",
        )

    def _enzyme(self, spec: ModelSpec) -> Translated:
        enzyme = self.mapped.mapping.enzymes.get(spec.kinase)  # type: ignore[call-overload]
        drug = get_library().inhibitor(spec.inhibitors[0]).id
        if enzyme is None or drug not in enzyme.inhibitors:
            raise NotEvaluable(f"the enzyme assay of {spec.kinase} with {drug} is not mapped")
        inputs = {"ATP": enzyme.atp, "peptide": enzyme.peptide, **enzyme.inhibitors}
        readouts = {"phosphopeptide": self.mapped.readouts[spec.kinase, "product"]}
        return Translated(self.mapped, inputs, readouts, dict(self.mapped.mapping.settings), {})


def read_mapping(model: Path, mapping: Path) -> Mapped:
    """Read and check both files; raises InputError with file, line and what to do. Nothing is simulated."""
    described = read_model(mapping, Mapping)
    canonical = _canonical(described, mapping)
    text = file_text(model)
    found = document(text, short(model))
    flat(found, text, short(model))
    formulas: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {}
    for cytokine, pathway in canonical.cytokines.items():
        for name, formula in pathway.readouts.items():
            formulas[cytokine, name] = (("cytokines", cytokine, "readouts", name), formula)
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

    def refuse(noun: str, name: str, known: abc.Iterable[str], *at: str) -> None:
        if name not in known:
            raise UnknownIdError(noun, name, known, where=f"{short(path)}:{line_of(path, at) or 1}: {at[0]}")

    canonical = names("cytokines", mapping.cytokines, library.cytokine)
    for name, pathway in mapping.cytokines.items():
        known = readouts(library, library.cytokine(name))
        for read in pathway.readouts:
            refuse(f"readout of {name}", read, known, "cytokines", name, "readouts", read)
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
    try:
        formula = parsed(text, source)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    ids = {element.getId() for element in source.getListOfAllElements()} - {""}
    for name in names_in(formula):
        if name not in ids:
            raise UnknownIdError("symbol", name, ids, where=where)
    parameter = source.createParameter()
    parameter.setId(symbol)
    parameter.setConstant(False)
    rule = source.createAssignmentRule()
    rule.setVariable(symbol)
    rule.setMath(formula)


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
