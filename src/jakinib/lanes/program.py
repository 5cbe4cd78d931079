"""Expressions as lists of operations on numbered slots, which the interpreter works through (vectors.h)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import numpy as np
from numpy.typing import NDArray

from jakinib.lanes.elimination import eliminated
from jakinib.lanes.equations import Equations
from jakinib.lanes.expression import (
    ADD,
    CONSTANT,
    LESS_PRODUCT,
    MUL,
    PARAMETER,
    PLUS_PRODUCT,
    PRODUCT_LESS,
    STATE,
    SUB,
    TRIPLE_PRODUCT,
    Graph,
)  # fmt: skip

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Code:
    """operations: for each stretch of one operation its number, its length, and the slots of target and
    operands of each. results: slots of what was asked for.
    """

    operations: Numbers
    results: Numbers
    slots: int  # that are used, from the first


@dataclass(frozen=True)
class Instruction:
    operation: int
    node: int
    inputs: tuple[int, ...]


class Program:
    """All that the interpreter needs of a model except what is read.

    Slots: states, parameters, constants, what follows from parameters and constants alone, intermediate
    values; the last are used again as soon as nothing needs them.
    """

    def __init__(self, equations: Equations) -> None:
        self.equations, graph = equations, equations.graph
        gradients = graph.gradients(equations.rates)
        entries = [(i, j) for i, gradient in enumerate(gradients) for j in gradient]
        slopes = [node for gradient in gradients for node in gradient.values()]
        wanted = [*equations.rates, *slopes]
        self.constants = np.array(graph.constants)
        self._first = len(equations.states) + len(equations.parameters) + len(self.constants)
        self.prepare = self._prepared(wanted)
        self.rates, self.both = self.code(equations.rates), self.code(wanted)
        size = len(equations.states)
        steps = eliminated(size, entries)
        self.places = len(steps.place)
        self.factor = np.array(steps.factor, np.int32)
        self.forward, self.backward = (
            np.array([k for i, terms in part for k in (i, len(terms), *chain(*terms))], np.int32)
            for part in (steps.forward, steps.backward)
        )
        self.diagonal = np.array([steps.place[i, i] for i in range(size)], np.int32)
        self.slope_place = np.array([steps.place[entry] for entry in entries], np.int32)

    def _prepared(self, wanted: Sequence[int]) -> Code:
        """What varies with no state, worked out when parameters are written; its slots stay."""
        graph = self.equations.graph
        constant = [k for k in graph.live(wanted) if not graph.varying[k] and graph.operations[k] >= 0]
        self._slots = {node: slot for slot, node in enumerate(constant, start=self._first)}
        self._first += len(constant)
        order = scheduled([Instruction(graph.operations[k], k, graph.inputs(k)) for k in constant])
        return self._written(order, self._slots, [], self._first)

    def _place(self, node: int, known: dict[int, int]) -> int:
        graph, equations = self.equations.graph, self.equations
        operation, index = graph.operations[node], graph.operands[node][0]
        if operation == STATE:
            return index
        if operation == PARAMETER:
            return len(equations.states) + index
        if operation == CONSTANT:
            return len(equations.states) + len(equations.parameters) + index
        return known[node]

    def _written(
        self, order: Sequence[Instruction], known: dict[int, int], wanted: Sequence[int], slots: int
    ) -> Code:
        out: list[int] = []
        for operation, stretch in groupby(order, key=lambda one: one.operation):
            rows = [[self._place(node, known) for node in (one.node, *one.inputs)] for one in stretch]
            out += [operation, len(rows), *(slot for row in rows for slot in row)]
        results = [self._place(node, known) for node in wanted]
        return Code(np.array(out, np.int32), np.array(results, np.int32), slots)

    def code(self, wanted: Sequence[int]) -> Code:
        """Operations that work out the wanted nodes from states, parameters and what is prepared."""
        graph, known = self.equations.graph, dict(self._slots)
        todo = [k for k in graph.live(wanted) if graph.operations[k] >= 0 and k not in known]
        order = scheduled(joined(graph, todo, set(wanted)))
        inner = {one.node for one in order} - set(wanted)
        last = {node: number for number, one in enumerate(order) for node in one.inputs if node in inner}
        free: list[int] = []
        top = self._first
        for number, one in enumerate(order):
            free += [known[node] for node in dict.fromkeys(one.inputs) if last.get(node) == number]
            if not free:
                free, top = [top], top + 1
            known[one.node] = free.pop()
        return self._written(order, known, wanted, top)


def joined(graph: Graph, nodes: Sequence[int], wanted: Collection[int]) -> list[Instruction]:
    """Instructions of nodes; a product that only one sum or product needs is joined to it."""
    uses = Counter(operand for node in nodes for operand in graph.inputs(node))
    own = {n for n in nodes if graph.operations[n] == MUL and uses[n] == 1 and n not in wanted}
    out, gone = [], set()
    for node in reversed(nodes):
        operation, inputs = graph.operations[node], graph.inputs(node)
        if operation in (ADD, SUB) and inputs[1] in own:
            operation = PLUS_PRODUCT if operation == ADD else LESS_PRODUCT
            gone.add(inputs[1])
            inputs = (*graph.inputs(inputs[1]), inputs[0])
        elif operation in (ADD, SUB) and inputs[0] in own:
            operation = PLUS_PRODUCT if operation == ADD else PRODUCT_LESS
            gone.add(inputs[0])
            inputs = (*graph.inputs(inputs[0]), inputs[1])
        elif operation == MUL and node not in gone and not own.isdisjoint(inputs):
            inner = next(k for k in inputs if k in own)
            operation = TRIPLE_PRODUCT
            gone.add(inner)
            inputs = (*graph.inputs(inner), inputs[inputs[0] == inner])
        if node not in gone:
            out.append(Instruction(operation, node, inputs))
    return out[::-1]


def scheduled(instructions: Sequence[Instruction]) -> list[Instruction]:
    """The same in an order with long stretches of one operation, whose kind the processor need not guess."""
    made = {one.node for one in instructions}
    lacks = {one.node: len(made.intersection(one.inputs)) for one in instructions}
    readers: dict[int, list[Instruction]] = {}
    for one in instructions:
        for node in made.intersection(one.inputs):
            readers.setdefault(node, []).append(one)
    ready: dict[int, list[Instruction]] = {}
    for one in instructions:
        if not lacks[one.node]:
            ready.setdefault(one.operation, []).append(one)
    order: list[Instruction] = []
    while ready:
        operation = max(ready, key=lambda key: len(ready[key]))
        stretch = ready.pop(operation)
        for one in stretch:  # grows while it is gone through
            order.append(one)
            for reader in readers.get(one.node, ()):
                lacks[reader.node] -= 1
                if not lacks[reader.node]:
                    same = reader.operation == operation
                    (stretch if same else ready.setdefault(reader.operation, [])).append(reader)
    return order
