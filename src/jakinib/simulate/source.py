"""What an SBML document says, as plain values: symbols, rules, laws, and the state they give at the start."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jakinib.errors import ModelError
from jakinib.simulate.formula import ABSENT, JUMPS, RELATIONS, Formula, has, read, value

# What is integrated as it stands has none of these: no math, time, other times, jumps.
_BEYOND = ("", "time", "delay", "rateOf", "piecewise", *RELATIONS, *JUMPS)


@dataclass(frozen=True)
class Species:
    """home: its compartment. amount: its symbol means an amount. given: value of the symbol in the file."""

    home: str
    amount: bool
    boundary: bool
    given: float
    as_amount: bool  # what is given is an amount
    factor: str  # conversion factor, empty for none


@dataclass(frozen=True)
class Change:
    """A reaction: its law and how many of each species it makes (+) or takes (-)."""

    law: Formula
    species: tuple[tuple[str, float, Formula], ...]  # species, sign, stoichiometry


@dataclass(frozen=True)
class Event:
    trigger: Formula
    parts: tuple[Formula, ...]  # delay and priority
    assigns: tuple[tuple[str, Formula], ...]


class Source:
    """A model as its SBML document states it."""

    def __init__(self, model: Any) -> None:
        self._functions = {
            f.getId(): (tuple(f.getArgument(i).getName() for i in range(f.getNumArguments())), f.getBody())
            for f in model.getListOfFunctionDefinitions()
        }
        self.compartments = {
            c.getId(): c.getSize() if c.isSetSize() else 1.0 for c in model.getListOfCompartments()
        }
        self.parameters = {
            p.getId(): p.getValue() if p.isSetValue() else math.nan for p in model.getListOfParameters()
        }
        self.species = {s.getId(): _species(s, model) for s in model.getListOfSpecies()}
        rules = [rule for rule in model.getListOfRules() if rule.getMath() is not None]
        self.algebraic = [r.getFormula() for r in rules if r.isAlgebraic()]
        self.assigned = {r.getVariable(): self._read(r.getMath()) for r in rules if r.isAssignment()}
        self.rates = {r.getVariable(): self._read(r.getMath()) for r in rules if r.isRate()}
        self.initial = {
            a.getSymbol(): self._read(a.getMath())
            for a in model.getListOfInitialAssignments()
            if a.getMath() is not None
        }
        self.references: dict[str, float] = {}
        self.reactions = {r.getId(): self._reaction(r) for r in model.getListOfReactions()}
        self.events = {
            event.getId() or f"number {i}": self._event(event)
            for i, event in enumerate(model.getListOfEvents(), start=1)
        }
        self.defined = tuple(self._functions)  # names of function definitions, which are written out above
        del self._functions  # they hold nodes of the document

    def _read(self, node: Any, scope: Mapping[str, Formula] | None = None) -> Formula:
        return read(node, self._functions, scope)

    def _reaction(self, reaction: Any) -> Change:
        law, found = reaction.getKineticLaw(), []
        for references, sign in ((reaction.getListOfReactants(), -1.0), (reaction.getListOfProducts(), 1.0)):
            for reference in references:
                number: Formula = reference.getStoichiometry() if reference.isSetStoichiometry() else 1.0
                if reference.isSetStoichiometryMath():
                    number = self._read(reference.getStoichiometryMath().getMath())
                    if id := reference.getId():
                        self.assigned[id], number = number, id
                elif id := reference.getId():
                    self.references[id] = float(str(number))
                    number = id
                found.append((reference.getSpecies(), sign, number))
        if law is None or law.getMath() is None:
            return Change(ABSENT, tuple(found))
        inner = [*law.getListOfParameters(), *law.getListOfLocalParameters()]
        scope: dict[str, Formula] = {p.getId(): p.getValue() for p in inner}
        return Change(self._read(law.getMath(), scope or None), tuple(found))

    def _event(self, event: Any) -> Event:
        trigger, others = event.getTrigger(), (event.getDelay(), event.getPriority())
        assigns = [a for a in event.getListOfEventAssignments() if a.getMath() is not None]
        return Event(
            ABSENT if trigger is None else self._read(trigger.getMath()),
            tuple(self._read(part.getMath()) for part in others if part is not None),
            tuple((a.getVariable(), self._read(a.getMath())) for a in assigns),
        )

    def formulas(self) -> Iterator[tuple[str, Formula]]:
        """Every formula, with words that say where it stands."""
        yield from ((f"the rule of {id}", formula) for id, formula in self.assigned.items())
        yield from ((f"the rate rule of {id}", formula) for id, formula in self.rates.items())
        yield from ((f"the initial assignment of {id}", formula) for id, formula in self.initial.items())
        for id, change in self.reactions.items():
            yield f"reaction {id}", change.law
            yield from ((f"reaction {id}", number) for _, _, number in change.species)
        for id, event in self.events.items():
            yield f"event {id}", event.trigger
            yield from ((f"event {id}", formula) for formula in event.parts)
            yield from ((f"event {id}", formula) for _, formula in event.assigns)

    @property
    def moved(self) -> frozenset[str]:
        """Symbols that change continuously during a run."""
        taking_part = {
            name
            for change in self.reactions.values()
            for name, _, _ in change.species
            if not self.species[name].boundary
        }
        return frozenset(taking_part | set(self.rates))

    @property
    def unset(self) -> frozenset[str]:
        """Parameters without a value."""
        given = {*self.assigned, *self.initial}
        return frozenset(n for n, number in self.parameters.items() if math.isnan(number) and n not in given)

    @property
    def held(self) -> frozenset[str]:
        """Species that reactions do not change."""
        return frozenset(name for name, species in self.species.items() if species.boundary)

    @functools.cached_property
    def plain(self) -> bool:
        """Nothing but reactions with global parameters, and rules of parameters that do not read the time.

        What is proven about a model (dormant species, invariant rules) is proven for these alone.
        """
        return not (
            self.defined
            or self.algebraic
            or self.rates
            or self.initial
            or self.events
            or self.references
            or set(self.assigned) - set(self.parameters)
            or self.unset
            or any(species.factor for species in self.species.values())
            or any(
                not isinstance(number, float)
                for change in self.reactions.values()
                for _, _, number in change.species
            )
            or any(has(formula, *_BEYOND) for _, formula in self.formulas())
        )


def units(model: Any, amounts: Mapping[str, bool]) -> dict[str, str]:
    """Declared units of a model's symbols; of species (are they amounts?) where the model is in nmol."""
    found = {p.getId(): p.getUnits() for p in model.getListOfParameters()}
    sizes = {c.getId(): c.getUnits() or model.getVolumeUnits() for c in model.getListOfCompartments()}
    ours = model.getSubstanceUnits() == "nmol"
    species = {name: ("nmol" if amount else "nM") if ours else "" for name, amount in amounts.items()}
    return {**found, **sizes, **species}


def _species(species: Any, model: Any) -> Species:
    home = model.getCompartment(species.getCompartment())
    flat = model.getLevel() < 3 and home is not None and home.getSpatialDimensions() == 0
    as_amount = bool(species.isSetInitialAmount() or not species.isSetInitialConcentration())
    given = 0.0
    if species.isSetInitialAmount():
        given = species.getInitialAmount()
    elif species.isSetInitialConcentration():
        given = species.getInitialConcentration()
    return Species(
        species.getCompartment(),
        bool(species.getHasOnlySubstanceUnits()) or flat,
        bool(species.getBoundaryCondition() or species.getConstant()),
        given,
        as_amount,
        species.getConversionFactor() or model.getConversionFactor(),
    )


class Start:
    """The state of a model at the start of a run; settings replace values and initial assignments."""

    def __init__(self, source: Source, settings: Mapping[str, float], time: float) -> None:
        self._source, self._settings, self._time = source, settings, time
        self._found: dict[str, float] = {}
        self._open: list[str] = []

    def __getitem__(self, symbol: str) -> float:
        """Value of a symbol: of a species what its symbol means. Raises ModelError for a circle."""
        if symbol not in self._found:
            if symbol in self._open:
                circle = " <- ".join([*self._open[self._open.index(symbol) :], symbol])
                raise ModelError(f"{circle}: these values at the start need each other")
            self._open.append(symbol)
            self._found[symbol] = self._first(symbol)
            self._open.pop()
        return self._found[symbol]

    def amount(self, symbol: str) -> float:
        """Amount of a species."""
        species = self._source.species[symbol]
        return self[symbol] if species.amount else self[symbol] * self[species.home]

    def of(self, formula: Formula) -> float:
        return value(formula, self.__getitem__, self._time, self.rate)

    def rate(self, symbol: str) -> float:
        """Rate of change of a symbol."""
        source = self._source
        if symbol in source.rates:
            return self.of(source.rates[symbol])
        if symbol in source.assigned:
            raise ModelError(f"rateOf({symbol}): {symbol} is given by an assignment rule; write its rate out")
        species = source.species.get(symbol)
        if species is None or species.boundary:
            return 0.0
        change = self._flow(symbol) * (self[species.factor] if species.factor else 1.0)
        if species.amount:
            return change
        growth = self.rate(species.home) if species.home not in source.assigned else 0.0
        return (change - self[symbol] * growth) / self[species.home]

    def _flow(self, symbol: str) -> float:
        return sum(
            sign * self.of(number) * self[id]
            for id, change in self._source.reactions.items()
            for name, sign, number in change.species
            if name == symbol
        )

    def _first(self, symbol: str) -> float:
        source = self._source
        if symbol in source.assigned:
            return self.of(source.assigned[symbol])
        if symbol in self._settings:
            return float(self._settings[symbol])
        if symbol in source.initial:
            return self.of(source.initial[symbol])
        if symbol in source.species:
            species = source.species[symbol]
            if species.as_amount == species.amount:
                return species.given
            size = self[species.home]
            return species.given * size if species.amount else _divided(species.given, size)
        if symbol in source.reactions:
            law = source.reactions[symbol].law
            return 0.0 if law == ABSENT else self.of(law)
        for values in (source.parameters, source.compartments, source.references):
            if symbol in values:
                return values[symbol]
        raise ModelError(f"{symbol} is read at the start, but has no value that the engine layer knows")


def _divided(a: float, b: float) -> float:
    return a / b if b else (0.0 if a == 0 else math.copysign(math.inf, a))
