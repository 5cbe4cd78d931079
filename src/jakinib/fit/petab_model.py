"""A PEtab problem's SBML with its observables, noise and initial assignments as engine-computed rules."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from jakinib.build.read import flat, sbml_text
from jakinib.errors import InputError, PlanError, UnknownIdError
from jakinib.library.files import short
from jakinib.sbml import first_error, names_in, parsed
from jakinib.simulate.engine import Model

RTOL = 1e-10
INITIAL, NOISE = "petab_initial_", "petab_noise_"  # symbols added to the model


@dataclass(frozen=True)
class Row:
    """One line of a table; complaints name file, line and column."""

    where: str
    cells: Mapping[str, str]

    def error(self, column: str, message: str) -> PlanError:
        return PlanError(f"{self.where}: column {column}: {message}")

    def get(self, column: str) -> str:
        """The cell, empty when the table lacks the column."""
        return self.cells.get(column, "")

    def text(self, column: str) -> str:
        if not (text := self.get(column)):
            raise self.error(column, "is empty; fill it in")
        return text

    def number(self, column: str) -> float:
        value = as_number(text := self.text(column))
        if value is None or not math.isfinite(value):
            raise self.error(column, f"'{text}' is not a finite number")
        return value

    def choice(self, column: str, default: str, *others: str) -> str:
        text = self.get(column) or default
        if as_number(text) is not None:  # 1.0 for 1, as tables written by way of floats have it
            text = f"{float(text):g}"
        if text not in (options := (default, *others)):
            raise self.error(column, f"'{text}' is not one of {', '.join(options)}")
        return text

    def known(self, column: str, noun: str, options: Iterable[str], name: str = "") -> str:
        """The id ``name``, by default the cell, if it is among ``options``."""
        name = name or self.text(column)
        if name not in (known := set(options)):
            raise UnknownIdError(noun, name, known, where=f"{self.where}: column {column}")
        return name


def as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class ObservedModel:
    """SBML with observables, noise and initial assignments as assignment rules, which the engine computes."""

    def __init__(self, path: Path, parameters: Mapping[str, Row], observables: Mapping[str, Row]) -> None:
        import libsbml

        self._libsbml, self._where = libsbml, short(path)
        text = sbml_text(path)
        document = libsbml.readSBMLFromString(text)
        if error := first_error(document):
            raise InputError(f"{self._where}:{error[0]}: {error[1]}")
        if document.getModel() is None:
            raise InputError(f"{self._where}: holds no SBML model")
        flat(document, text, self._where)
        source = self._source = document.getModel()
        for name, row in parameters.items():
            if source.getElementBySId(name) is None:
                self._add(name, row, "parameterId")
        self.initials = self._initial_assignments()
        for name in (*parameters, *self.initials):
            # The engine refuses a parameter without value; these are set before every run.
            if (parameter := source.getParameter(name)) is not None and not parameter.isSetValue():
                parameter.setValue(1.0)
        self.placeholders: dict[tuple[str, str], tuple[str, ...]] = {}
        for name, row in observables.items():
            self._add(name, row, "observableId")
            self._add(NOISE + name, row, "observableId")
        for name, row in observables.items():
            self._observe(name, name, row, "observable")
            self._observe(NOISE + name, name, row, "noise")
        self.model = Model(libsbml.writeSBMLToString(document), rtol=RTOL)
        moves = {rule.getVariable(): rule.isRate() for rule in source.getListOfRules()}
        moves = dict.fromkeys(self.model.species, True) | moves
        self.states = tuple(name for name, moved in moves.items() if moved)
        self.model.require(self.initials, self.model.settable)

    def _add(self, name: str, row: Row, column: str) -> None:
        if self._source.getElementBySId(name) is not None:
            raise row.error(column, f"'{name}' is already another symbol; rename it")
        parameter = self._source.createParameter()
        if parameter.setId(name) != self._libsbml.LIBSBML_OPERATION_SUCCESS:
            raise row.error(column, f"'{name}' is not an SBML id; use letters, digits and underscores")
        parameter.setConstant(False)
        parameter.setValue(1.0)

    def _add_rule(self, name: str, math_: Any) -> None:
        rule = self._source.createAssignmentRule()
        rule.setVariable(name)
        rule.setMath(math_)

    def _observe(self, symbol: str, observable: str, row: Row, kind: str) -> None:
        column = f"{kind}Formula"
        try:
            formula = parsed(row.text(column), self._source, natural_log=True)
        except ValueError as error:
            raise row.error(column, str(error)) from None
        pattern = re.compile(rf"{kind}Parameter([1-9]\d*)_{re.escape(observable)}")
        names = set(names_in(formula))
        numbers = sorted(int(hit[1]) for name in names if (hit := pattern.fullmatch(name)))
        holes = tuple(f"{kind}Parameter{i}_{observable}" for i in numbers)
        self.placeholders[observable, kind] = holes
        for hole in holes:
            self._add(hole, row, column)
        ids = {element.getId() for element in self._source.getListOfAllElements()} - {""}
        for name in sorted(names):
            row.known(column, "symbol", ids, name)
        self._add_rule(symbol, formula)

    def _initial_assignments(self) -> list[str]:
        """Symbols with an initial assignment, each after those it needs.

        The engine leaves nested ones inconsistent after a reset (roadrunner#328), so each becomes a rule
        that is read at time zero. An initial amount in a compartment that may be resized is one more.
        """
        source = self._source
        formulas = {a.getSymbol(): a.getMath().deepCopy() for a in source.getListOfInitialAssignments()}
        for symbol in formulas:
            source.removeInitialAssignment(symbol)
        for species in source.getListOfSpecies():
            name, home = species.getId(), source.getCompartment(species.getCompartment())
            free = source.getAssignmentRule(name) is None and name not in formulas
            sized = home.isSetSize() or home.getId() in formulas
            if free and sized and species.isSetInitialAmount() and not species.getHasOnlySubstanceUnits():
                text = f"{species.getInitialAmount()!r} / {home.getId()}"
                formulas[name] = self._libsbml.parseL3Formula(text)
        known = {r.getVariable(): r.getMath() for r in source.getListOfRules() if r.isAssignment()}
        laws = [(r.getId(), r.getKineticLaw()) for r in source.getListOfReactions()]
        known |= {name: law.getMath() for name, law in laws if law is not None}
        for symbol, formula in formulas.items():
            self._add(INITIAL + symbol, Row(self._where, {}), symbol)
            self._add_rule(INITIAL + symbol, formula)

        def needs(formula: Any) -> set[str]:
            open_, seen = set(names_in(formula)), set[str]()
            while open_:
                seen.add(name := open_.pop())
                if name in known and name not in formulas:
                    open_ |= set(names_in(known[name])) - seen
            return seen & formulas.keys()

        graph = {symbol: needs(formula) for symbol, formula in formulas.items()}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            circle = " <- ".join(error.args[1])
            raise InputError(f"{self._where}: circular initial assignments: {circle}") from None
