"""What an SBML model says, as expressions that can be written out in JavaScript; the rest is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from jakinib.build.sbml import built_here
from jakinib.build.starts import Starts, starts_in
from jakinib.errors import ModelError
from jakinib.export.javascript.expression import Expressions
from jakinib.lanes.equations import NO_MATTER, TIME, Equations
from jakinib.simulate.dormant import Dormant
from jakinib.simulate.formula import Formula, has, names
from jakinib.simulate.general import refuse
from jakinib.simulate.scale import RELATIVE, SMALLEST
from jakinib.simulate.source import Event, Source

_WHEN = {"geq": 0, "gt": 0, "leq": 1, "lt": 1}  # where the time stands in a comparison that comes true


class System:
    """A model in expressions.

    document: of libSBML. Raises ModelError for what is not supported: events by state, algebraic rules,
    delays, compartments that change, jumps at instants that follow from no parameter.
    """

    def __init__(self, document: Any) -> None:
        model = document.getModel()
        source = self.source = Source(model)
        refuse(document, source)
        for size in source.compartments:
            if size in source.assigned or size in source.rates:
                raise ModelError(f"compartment {size} changes its size, which is not supported")
        for name in sorted(source.unset):
            raise ModelError(f"parameter {name} has no value")
        self.graph = Expressions()
        self.equations = Equations(source, Dormant(), graph=self.graph, sizes=True)
        self.read = [*source.assigned, *source.reactions]
        self.starts = starts_in(model)
        self.early = [bool(e.isSetTrigger() and not e.getTrigger().getInitialValue())
                      for e in model.getListOfEvents()]  # fmt: skip
        known = dict(zip(self.equations.states, self.equations.start, strict=True))
        for name, value in (known | self.equations.parameters).items():
            if not math.isfinite(value):
                raise ModelError(f"{name} starts at {value}")
        self.atol = self.equations.atol if built_here(model) else self._tolerances()

    def _tolerances(self) -> list[float]:
        """By the size of each state at the start; of one that starts at zero by that of the others."""
        equations = self.equations
        sizes = [abs(value) for name, value in zip(equations.states, equations.start, strict=True)
                 if name != TIME and value]  # fmt: skip
        supposed = max(min(sizes), SMALLEST * max(sizes)) if sizes else 1.0
        return [
            NO_MATTER if name == TIME else RELATIVE * (abs(value) or supposed)
            for name, value in zip(equations.states, equations.start, strict=True)
        ]

    @cached_property
    def _rules(self) -> dict[str, Formula]:
        """Formulas of what follows from other symbols at the start."""
        source = self.source
        found = {**source.initial, **_stated(self.starts)}
        for name, species in source.species.items():
            if species.as_amount != species.amount and species.given and name not in source.assigned:
                found.setdefault(name, ("*" if species.amount else "/", (species.given, species.home)))
        return found

    def _follows(self, symbol: str, found: dict[str, None]) -> dict[str, None]:
        """Symbols that the start of one follows from, ``TIME`` among them where it reads the time."""
        source = self.source
        rule = self._rules.get(symbol) or source.assigned.get(symbol)
        if rule is None and symbol in source.reactions:
            rule = source.reactions[symbol].law
        if rule is not None:
            if has(rule, "time"):
                found[TIME] = None
            for name in names(rule):
                if name not in found:
                    found[name] = None
                    self._follows(name, found)
        return found

    def moved(self) -> Iterator[tuple[str, list[str], int]]:
        """Starts that follow others, those first that others follow: symbol, what it follows, its value."""
        follows = {name: list(self._follows(name, {})) for name in self._rules}
        for name in sorted(follows, key=lambda name: len(set(follows[name]) & set(follows))):
            if name not in self.equations.places:
                raise ModelError(f"the start of {name} follows a rule, but it is given by another")
            yield name, follows[name], self.equations.of(self._rules[name])

    def events(self) -> Iterator[tuple[int, bool, bool, dict[str, int]]]:
        """Events: when, whether just after it, whether also where due from the start on, what is set."""
        for (id, event), early in zip(self.source.events.items(), self.early, strict=True):
            for name, _ in event.assigns:
                if name in self.source.compartments:
                    raise ModelError(f"event {id} changes compartment {name}, which is not supported")
            assigned = {name: self.equations.of(formula) for name, formula in event.assigns}
            yield *self._when(id, event), early, assigned

    def _when(self, id: str, event: Event) -> tuple[int, bool]:
        """The time of an event, and whether it acts just after that time."""
        if event.parts:
            raise ModelError(f"event {id}: delays and priorities of events are not supported")
        trigger = event.trigger
        if isinstance(trigger, tuple) and trigger[0] in _WHEN and len(trigger[1]) == 2:
            place = _WHEN[trigger[0]]
            if trigger[1][place] == ("time", ()) and not has(trigger[1][1 - place], "time"):
                node = self.equations.of(trigger[1][1 - place])
                if not self.graph.varying[node]:
                    return node, trigger[0] in ("gt", "lt")
        raise ModelError(f"event {id}: only events at a time, as in time >= 5, are supported")


def _stated(starts: Starts) -> dict[str, Formula]:
    """The rules that the annotation of a model of this package states."""
    found: dict[str, Formula] = {}
    for rule in starts.rules:
        whole: Formula = ("*", (rule.pool, rule.of))
        found[rule.species] = ("/", (whole, ("+", rule.among))) if rule.among else whole
    return found
