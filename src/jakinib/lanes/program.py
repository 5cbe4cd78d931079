"""Expressions as lists of operations on numbered slots, which the interpreter works through (kernel.h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jakinib.lanes.elimination import eliminated
from jakinib.lanes.equations import Equations
from jakinib.lanes.expression import CONSTANT, PARAMETER, STATE

Numbers = NDArray[np.int32]


@dataclass(frozen=True)
class Code:
    """operations: rows of (operation, target, operands). results: slots of what was asked for."""

    operations: Numbers
    results: Numbers
    slots: int  # that are used, from the first


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
        self._slots: dict[int, int] = {}
        self.constants = np.array(graph.constants)
        self._first = len(equations.states) + len(equations.parameters) + len(self.constants)
        self.prepare = self._prepared(wanted)
        self.rates, self.both = self.code(equations.rates), self.code(wanted)
        size = len(equations.states)
        steps = eliminated(size, entries)
        self.places = len(steps.place)
        self.factor, self.solve = (np.array(part, np.int32) for part in (steps.factor, steps.solve))
        self.diagonal = np.array([steps.place[i, i] for i in range(size)], np.int32)
        self.slope_place = np.array([steps.place[entry] for entry in entries], np.int32)

    def _prepared(self, wanted: Sequence[int]) -> Code:
        """What varies with no state, worked out when parameters are written; its slots stay."""
        graph = self.equations.graph
        constant = [k for k in graph.live(wanted) if not graph.varying[k] and graph.operations[k] >= 0]
        for slot, node in enumerate(constant, start=self._first):
            self._slots[node] = slot
        self._first += len(constant)
        rows = [self._row(node, self._slots) for node in constant]
        return Code(np.array(rows, np.int32).reshape(-1, 4), np.array([], np.int32), self._first)

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

    def _row(self, node: int, known: dict[int, int]) -> tuple[int, int, int, int]:
        graph = self.equations.graph
        places = [self._place(operand, known) for operand in graph.inputs(node)]
        return graph.operations[node], known[node], places[0], places[-1]

    def code(self, wanted: Sequence[int]) -> Code:
        """Operations that work out the wanted nodes from states, parameters and what is prepared."""
        graph, known = self.equations.graph, dict(self._slots)
        todo = [k for k in graph.live(wanted) if graph.operations[k] >= 0 and k not in known]
        last = {operand: node for node in todo for operand in graph.inputs(node)}
        kept, free, top, rows = set(wanted), list[int](), self._first, []
        for node in todo:
            done = {k for k in graph.inputs(node) if last[k] == node and k not in kept}
            inner = [k for k in done if graph.operations[k] >= 0 and k not in self._slots]
            free += sorted(known[k] for k in inner)
            if free:
                known[node] = free.pop()
            else:
                known[node], top = top, top + 1
            rows.append(self._row(node, known))
        results = [self._place(node, known) for node in wanted]
        return Code(np.array(rows, np.int32).reshape(-1, 4), np.array(results, np.int32), top)
