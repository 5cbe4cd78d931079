"""A model as expressions: the rates of its states, and what every other symbol is."""

from __future__ import annotations

from collections.abc import Mapping

from jakinib.errors import ModelError
from jakinib.lanes.expression import Graph
from jakinib.simulate.dormant import Dormant
from jakinib.simulate.formula import Formula, has
from jakinib.simulate.scale import ATOL_NM, absolute
from jakinib.simulate.source import Change, Source, Start

TIME = "$time"  # the state that is the time; no symbol of SBML is called so
NO_MATTER = 1e300  # absolute tolerance of the time, which is exact


class Equations:
    """The states of a model and their rates in one graph.

    source: a model without algebraic rules and with compartments of fixed size; its events are left out.
    dormant: species and reactions that are left out. atol: absolute tolerance in units of amount; by default
    that of the models of the package. graph: what takes up the formulas, and knows their functions.
    sizes: compartments are parameters; by default they are numbers.
    A state is what its symbol means: a concentration, or an amount where the species has substance units
    only. The last one is the time where a formula reads it. Raises ModelError for a function that the graph
    does not know.
    """

    def __init__(
        self,
        source: Source,
        dormant: Dormant,
        atol: float | None = None,
        *,
        graph: Graph | None = None,
        sizes: bool = False,
    ) -> None:
        self.graph, self._source = graph or Graph(), source
        self._sizes = source.compartments
        changes = {id: c for id, c in source.reactions.items() if id not in dormant.reactions}
        moved = {name for change in changes.values() for name, _, _ in change.species}
        species, ruled = source.species.items(), {*source.assigned, *source.rates}
        self.states = [n for n, s in species if n in moved and not s.boundary and n not in dormant.species]
        self.states = [name for name in self.states if name not in ruled] + list(source.rates)
        first = Start(source, {}, 0.0)
        free = [*source.parameters, *source.references, *(self._sizes if sizes else ()), *source.species]
        given = ruled | set(self.states)
        self.parameters: dict[str, float] = {name: first[name] for name in free if name not in given}
        self.start = [first[name] for name in self.states]
        self.atol = [self._tolerance(name, atol) for name in self.states]
        if _read_time(source):
            self.states.append(TIME)
            self.start.append(0.0)
            self.atol.append(NO_MATTER)
        self.places = {name: i for i, name in enumerate((*self.states, *self.parameters))}  # in the slots
        self.settable = frozenset(self.places)
        graph = self.graph
        self._nodes = {name: graph.constant(size) for name, size in self._sizes.items()}
        self._nodes |= {name: graph.state(i) for i, name in enumerate(self.states)}
        self._nodes |= {name: graph.parameter(i) for i, name in enumerate(self.parameters)}
        self._open: set[str] = set()
        self.rates = self._rates(changes)
        for name in source.assigned:
            self.node(name)  # whatever may be read is in the graph before it is laid out

    def _tolerance(self, name: str, given: float | None) -> float:
        species = self._source.species.get(name)
        if species is None:  # a parameter with a rate rule
            return ATOL_NM if given is None else given
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
            self._nodes[symbol] = self.of(formula)
            self._open.remove(symbol)
        return self._nodes[symbol]

    def of(self, formula: Formula) -> int:
        """The expression of a formula."""
        return self.graph.of(formula, self.node)

    def _rates(self, changes: Mapping[str, Change]) -> list[int]:
        graph, source = self.graph, self._source
        terms = {name: list[int]() for name in self.states if name not in source.rates and name != TIME}
        for id, change in changes.items():
            flow = self.node(id)
            for name, sign, number in change.species:
                if name in terms:
                    terms[name].append(graph.mul(graph.mul(graph.constant(sign), self.of(number)), flow))
        rates = {TIME: graph.one, **{name: self.of(rule) for name, rule in source.rates.items()}}
        for name, parts in terms.items():
            species = source.species[name]
            scale = graph.one if species.amount else graph.inv(self.node(species.home))
            if species.factor:
                scale = graph.mul(self.node(species.factor), scale)
            rates[name] = graph.folded(graph.add, [graph.scaled(scale, part) for part in parts], graph.zero)
        return [rates[name] for name in self.states]


def _read_time(source: Source) -> bool:
    """Does a formula read the time, other than the trigger of an event?"""
    plain = [formula for where, formula in source.formulas() if not where.startswith("event ")]
    written = [formula for event in source.events.values() for _, formula in event.assigns]
    return any(has(formula, "time") for formula in (*plain, *written))
