"""A model as expressions: the rates of its states, and what every other symbol is."""

from __future__ import annotations

from typing import Any

from jakinib.errors import ModelError
from jakinib.lanes.expression import Graph
from jakinib.simulate.dormant import Dormant
from jakinib.simulate.scale import absolute
from jakinib.simulate.source import Source, Species


class Equations:
    """The states of a model and their rates in one graph.

    source: a plain model. dormant: species and reactions that are left out. atol: absolute tolerance in units
    of amount; by default that of the models of the package.
    A state is what its symbol means: a concentration, or an amount where the species has substance units
    only. Compartments are numbers here. Raises ModelError for a function that the lanes do not know.
    """

    def __init__(self, source: Source, dormant: Dormant, atol: float | None = None) -> None:
        self.graph, self._source = Graph(), source
        self._sizes = source.compartments
        changes = {id: c for id, c in source.reactions.items() if id not in dormant.reactions}
        moved = {name for change in changes.values() for name, _, _ in change.species}
        species = source.species.items()
        self.states = [n for n, s in species if n in moved and not s.boundary and n not in dormant.species]
        free = {name: value for name, value in source.parameters.items() if name not in source.assigned}
        held = {name: self._start(s) for name, s in species if name not in set(self.states)}
        self.parameters: dict[str, float] = free | held
        self.start = [self._start(source.species[name]) for name in self.states]
        self.atol = [self._tolerance(name, source.species[name], atol) for name in self.states]
        self.places = {name: i for i, name in enumerate((*self.states, *self.parameters))}  # in the slots
        self.settable = frozenset(self.places)
        graph = self.graph
        self._nodes = {name: graph.state(i) for i, name in enumerate(self.states)}
        self._nodes |= {name: graph.parameter(i) for i, name in enumerate(self.parameters)}
        self._nodes |= {name: graph.constant(size) for name, size in self._sizes.items()}
        self._open: set[str] = set()
        self.rates = self._rates(changes)
        for name in source.assigned:
            self.node(name)  # whatever may be read is in the graph before it is laid out

    def _start(self, species: Species) -> float:
        """Value of a species' symbol at the start."""
        size = self._sizes[species.home]
        if species.as_amount == species.amount:
            return species.given
        return species.given * size if species.amount else species.given / size

    def _tolerance(self, name: str, species: Species, given: float | None) -> float:
        size = 1.0 if species.amount else self._sizes[species.home]
        whole = absolute(name, {name: size}, species.amount) if given is None else given
        return whole / size

    def node(self, symbol: str) -> int:
        """The expression of a symbol; raises ModelError for a rule that needs itself."""
        if symbol not in self._nodes:
            source = self._source
            if symbol in self._open:
                raise ModelError(f"{symbol} is given by a rule that needs it")
            self._open.add(symbol)
            formula = source.assigned[symbol] if symbol in source.assigned else source.reactions[symbol].law
            self._nodes[symbol] = self.graph.of(formula, self.node)
            self._open.remove(symbol)
        return self._nodes[symbol]

    def _rates(self, changes: dict[str, Any]) -> list[int]:
        graph, terms = self.graph, {name: list[int]() for name in self.states}
        for id, change in changes.items():
            flow = self.node(id)
            for name, sign, number in change.species:
                if name in terms:
                    terms[name].append(graph.mul(graph.constant(sign * float(number)), flow))
        rates = []
        for name, parts in terms.items():
            species = self._source.species[name]
            size = 1.0 if species.amount else self._sizes[species.home]
            rates.append(graph.mul(graph.constant(1 / size), graph.folded(graph.add, parts, graph.zero)))
        return rates
