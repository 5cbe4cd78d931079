"""Expressions of states and parameters as one graph without repetition, and their derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import reduce

from jakinib.errors import ModelError
from jakinib.simulate.formula import Formula

# Operations of the interpreter, by the number that it knows them by; see vectors.h. The last four join a
# product to another operation and stand in no graph: a b + c, c - a b, a b - c, (a b) c.
ADD, SUB, MUL, NEG, INV, POW, EXP, LN, SQRT = range(9)
PLUS_PRODUCT, LESS_PRODUCT, PRODUCT_LESS, TRIPLE_PRODUCT = range(9, 13)
STATE, PARAMETER, CONSTANT = -1, -2, -3  # leaves: their first operand is an index
Gradient = dict[int, int]  # state -> node of the derivative


class Graph:
    """Nodes by number; operands of a node have smaller numbers, and equal expressions are one node."""

    def __init__(self) -> None:
        self.operations: list[int] = []
        self.operands: list[tuple[int, int]] = []
        self.constants: list[float] = []
        self.varying: list[bool] = []  # does the node depend on a state?
        self._known: dict[tuple[int, int, int], int] = {}
        self._numbers: dict[float, int] = {}
        self._gradients: dict[int, Gradient] = {}
        self.zero, self.one = self.constant(0.0), self.constant(1.0)

    def _node(self, operation: int, a: int, b: int = 0) -> int:
        key = (operation, a, b)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = len(self.operations)
            self.operations.append(operation)
            self.operands.append((a, b))
            leaf = operation < 0
            self.varying.append(operation == STATE if leaf else self.varying[a] or self.varying[b])
        return found

    def state(self, index: int) -> int:
        return self._node(STATE, index)

    def parameter(self, index: int) -> int:
        return self._node(PARAMETER, index)

    def constant(self, value: float) -> int:
        if value not in self._numbers:
            self._numbers[value] = self._node(CONSTANT, len(self.constants))
            self.constants.append(value)
        return self._numbers[value]

    def value(self, node: int) -> float | None:
        """The number that a node is; None where it is none."""
        return self.constants[self.operands[node][0]] if self.operations[node] == CONSTANT else None

    def _unary(self, operation: int, a: int) -> int:
        value = self.value(a)
        if value is None:
            return self._node(operation, a)
        try:
            return self.constant(_FOLDED[operation](value))
        except (ValueError, ZeroDivisionError, OverflowError):
            return self._node(operation, a)  # not a number: seen where it is used

    def add(self, a: int, b: int) -> int:
        u, v = self.value(a), self.value(b)
        if u is not None and v is not None:
            return self.constant(u + v)
        if u == 0:
            return b
        if v == 0:
            return a
        if self.operations[b] == NEG:
            return self.sub(a, self.operands[b][0])
        if self.operations[a] == NEG:
            return self.sub(b, self.operands[a][0])
        return self._node(ADD, min(a, b), max(a, b))

    def sub(self, a: int, b: int) -> int:
        u, v = self.value(a), self.value(b)
        if u is not None and v is not None:
            return self.constant(u - v)
        if v == 0:
            return a
        if u == 0:
            return self.neg(b)
        if self.operations[b] == NEG:
            return self.add(a, self.operands[b][0])
        return self.zero if a == b else self._node(SUB, a, b)

    def neg(self, a: int) -> int:
        if self.operations[a] == NEG:
            return self.operands[a][0]
        if self.operations[a] == SUB:
            return self._node(SUB, *self.operands[a][::-1])
        return self._unary(NEG, a)

    def mul(self, a: int, b: int) -> int:
        u, v = self.value(a), self.value(b)
        if u is not None and v is not None:
            return self.constant(u * v)
        if u == 0 or v == 0:
            return self.zero
        if u in (1, -1):
            return b if u == 1 else self.neg(b)
        if v in (1, -1):
            return a if v == 1 else self.neg(a)
        if self.operations[a] == NEG:
            return self.neg(self.mul(self.operands[a][0], b))
        if self.operations[b] == NEG:
            return self.neg(self.mul(a, self.operands[b][0]))
        return self._node(MUL, min(a, b), max(a, b))

    def scaled(self, factor: int, node: int) -> int:
        """A product whose factor joins what does not vary in the node, so that it costs nothing in a run."""
        if factor == self.one or not self.varying[node]:
            return self.mul(factor, node)
        if self.operations[node] == NEG:
            return self.neg(self.scaled(factor, self.operands[node][0]))
        if self.operations[node] == MUL:
            a, b = self.operands[node]
            if self.varying[b] and (not self.varying[a] or self.operations[a] == MUL):
                a, b = b, a
            if not self.varying[b] or self.operations[b] == MUL:
                return self.mul(a, self.scaled(factor, b))
        return self.mul(factor, node)

    def inv(self, a: int) -> int:
        return self.operands[a][0] if self.operations[a] == INV else self._unary(INV, a)

    def ln(self, a: int) -> int:
        return self._unary(LN, a)

    def power(self, a: int, b: int) -> int:
        exponent, base = self.value(b), self.value(a)
        if exponent is not None and exponent == int(exponent) and abs(exponent) <= 4:
            product = reduce(self.mul, [a] * abs(int(exponent)), self.one)
            return product if exponent >= 0 else self.inv(product)
        if exponent == 0.5:
            return self._unary(SQRT, a)
        if base is not None and exponent is not None and base > 0:
            return self.constant(base**exponent)
        return self._node(POW, a, b)

    def folded(self, join: Callable[[int, int], int], nodes: Iterable[int], empty: int) -> int:
        """A sum or product; what does not vary stands first, so that it is worked out once a run."""
        ordered = sorted(nodes, key=lambda node: (self.varying[node], self.value(node) is None))
        return reduce(join, ordered, empty)

    def of(self, formula: Formula, symbol: Callable[[str], int]) -> int:
        """The node of a formula; raises ModelError for a function that the lanes do not know."""
        if isinstance(formula, str):
            return symbol(formula)
        if isinstance(formula, float):
            return self.constant(formula)
        operation, operands = formula
        nodes = [self.of(operand, symbol) for operand in operands]
        if operation == "+":
            return self.folded(self.add, nodes, self.zero)
        if operation == "*":
            return self.folded(self.mul, nodes, self.one)
        if operation == "-":
            return self.sub(*nodes) if len(nodes) == 2 else self.neg(nodes[0])
        if operation == "/":
            return self.folded(self.mul, [nodes[0], self.inv(nodes[1])], self.one)
        if operation == "^":
            return self.power(*nodes)
        if operation == "exp":
            return self._unary(EXP, *nodes)
        if operation == "ln":
            return self.ln(*nodes)
        if operation in ("sqrt", "root") and (len(nodes) == 1 or self.value(nodes[0]) == 2):
            return self._unary(SQRT, nodes[-1])
        return self.call(operation, nodes)

    def call(self, function: str, nodes: Sequence[int]) -> int:
        """The node of any other function; the lanes have none, and raise ModelError."""
        raise ModelError(f"the lanes do not know the function '{function}'")

    def live(self, nodes: Iterable[int]) -> list[int]:
        """The nodes and all that they are made of, operands first."""
        found: set[int] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                if self.operations[node] >= 0:
                    waiting.extend(self.inputs(node))
        return sorted(found)

    def inputs(self, node: int) -> tuple[int, ...]:
        """Operands of an operation."""
        a, b = self.operands[node]
        return (a, b) if self.operations[node] in (ADD, SUB, MUL, POW) else (a,)

    def gradients(self, nodes: Sequence[int]) -> list[Gradient]:
        """Derivatives to every state that a node depends on."""
        for node in self.live(nodes):
            if self.varying[node] and node not in self._gradients:
                self._gradients[node] = self._gradient(node)
        return [self._gradients.get(node, {}) for node in nodes]

    def _gradient(self, node: int) -> Gradient:
        operation, (a, b) = self.operations[node], self.operands[node]
        if operation == STATE:
            return {a: self.one}
        left = self._gradients.get(a, {})
        right = self._gradients.get(b, {}) if operation in (ADD, SUB, MUL, POW) else {}
        out: Gradient = {}
        for state, slope in left.items():
            out[state] = self.mul(self._outer(node, operation, a, b), slope)
        for state, slope in right.items():
            if operation == SUB:
                term = self.neg(slope)
            elif operation == MUL:
                term = self.mul(a, slope)
            elif operation == POW:
                term = self.mul(self.mul(node, self.ln(a)), slope)
            else:
                term = slope
            out[state] = self.add(out[state], term) if state in out else term
        return {state: slope for state, slope in out.items() if slope != self.zero}

    def _outer(self, node: int, operation: int, a: int, b: int) -> int:
        """Derivative of an operation to its first operand."""
        if operation in (ADD, SUB):
            return self.one
        if operation == MUL:
            return b
        if operation == NEG:
            return self.constant(-1.0)
        if operation == INV:
            return self.neg(self.mul(node, node))
        if operation == EXP:
            return node
        if operation == LN:
            return self.inv(a)
        if operation == SQRT:
            return self.mul(self.constant(0.5), self.inv(node))
        return self.mul(b, self.power(a, self.sub(b, self.one)))


_FOLDED: dict[int, Callable[[float], float]] = {
    NEG: lambda x: -x,
    INV: lambda x: 1.0 / x,
    EXP: math.exp,
    LN: math.log,
    SQRT: math.sqrt,
}
