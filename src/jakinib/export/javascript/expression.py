"""Expressions with the functions, conditions and cases that SBML has and JavaScript can compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise

from jakinib.errors import ModelError
from jakinib.lanes.equations import TIME
from jakinib.lanes.expression import STATE, Gradient, Graph
from jakinib.simulate.formula import Formula

_CIRCLE = ("sin", "cos", "tan", "sinh", "cosh", "tanh")
_PLAIN = ("abs", "floor", "ceil", "trunc")
# Operations beyond those of the lanes, as JavaScript spells them; a truth is 1 or 0.
CALLS = {
    100 + k: f"Math.{name}" for k, name in enumerate((*_PLAIN, *_CIRCLE, *(f"a{name}" for name in _CIRCLE)))
}
ABS, FLOOR, CEIL, TRUNC, SIN, COS, TAN, SINH, COSH, TANH, ASIN, ACOS, ATAN, ASINH, ACOSH, ATANH = CALLS
SIGNS = {200: "<", 201: "<=", 202: "===", 203: "!==", 204: "%"}
LESS, AT_MOST, EQUAL, UNEQUAL, REMAINDER = SIGNS
CHOICE, CASES = 300, 301  # a condition and its cases; the value where it holds and where it does not
SWITCH = -4  # a leaf: a comparison of the time, which holds or not for a stretch of the integration
PAIRED = (*SIGNS, CHOICE, CASES)
RELATIONS = (LESS, AT_MOST, EQUAL, UNEQUAL)
JUMPS = (FLOOR, CEIL, TRUNC, REMAINDER)
_NAMED = {text.removeprefix("Math."): operation for operation, text in CALLS.items()}
_NAMED |= {f"arc{name}": _NAMED[f"a{name}"] for name in _CIRCLE}
_INVERSE = {"sec": "cos", "csc": "sin", "cot": "tan"}


class Expressions(Graph):
    """A graph that knows more than the lanes do.

    switches: comparisons of the time with what varies with no state, as operation and operands, by the number
    of their leaf. The integration stops where one changes, so that nothing jumps while it steps.
    """

    def __init__(self) -> None:
        super().__init__()
        self.switches: list[tuple[int, int, int]] = []
        self._time: int | None = None

    def of(self, formula: Formula, symbol: Callable[[str], int]) -> int:
        """The node of a formula; raises ModelError for a function that is not known."""
        if formula == ("time", ()):
            self._time = symbol(TIME)
            return self._time
        return super().of(formula, symbol)

    def call(self, function: str, nodes: Sequence[int]) -> int:
        """The node of a function; raises ModelError for one that is not known."""
        if function in _CALLED:
            return _CALLED[function](self, nodes)
        if function in _NAMED:
            return self.unary(_NAMED[function], *nodes)
        tail = "h" if function.endswith("h") else ""
        stem = function.removesuffix("h")
        if stem in _INVERSE:
            return self.inv(self.call(_INVERSE[stem] + tail, nodes))
        if stem.removeprefix("arc") in _INVERSE:
            return self.call(f"arc{_INVERSE[stem.removeprefix('arc')]}{tail}", [self.inv(nodes[0])])
        raise ModelError(f"the function '{function or 'without math'}' is not known")

    def inputs(self, node: int) -> tuple[int, ...]:
        """Operands of an operation."""
        return self.operands[node] if self.operations[node] in PAIRED else super().inputs(node)

    def choice(self, condition: int, then: int, other: int) -> int:
        """One of two nodes; what is not chosen may be undefined."""
        known = self.value(condition)
        if known is not None:
            return then if known else other
        return then if then == other else self._node(CHOICE, condition, self._node(CASES, then, other))

    def unary(self, operation: int, node: int) -> int:
        if operation in JUMPS:
            self._refuse_jumps(node)
        return self._node(operation, node)

    def pair(self, operation: int, a: int, b: int) -> int:
        """A relation of two nodes, or their remainder."""
        other = b if a == self._time else a
        if operation in (LESS, AT_MOST) and self._time in (a, b) and not self.varying[other]:
            self.switches.append((operation, a, b))
            return self._node(SWITCH, len(self.switches) - 1)
        self._refuse_jumps(a, b)
        return self._node(operation, a, b)

    def _refuse_jumps(self, *nodes: int) -> None:
        """Raises ModelError where something would jump at instants that are not known in advance."""
        read = {k for node in nodes for k in self.live([node]) if self.operations[k] == STATE}
        if read == {self._time}:
            raise ModelError("what jumps with the time must compare it with parameters alone, as in time < 5")

    def truth(self, node: int) -> int:
        """1 where a node is not zero, else 0."""
        value = self.value(node)
        if value is not None:
            return self.constant(float(value != 0))
        return node if self.operations[node] in (*RELATIONS, SWITCH) else self.pair(UNEQUAL, node, self.zero)

    def _gradient(self, node: int) -> Gradient:
        operation, (a, b) = self.operations[node], self.operands[node]
        if operation < 100:
            return super()._gradient(node)
        if operation in (*RELATIONS, FLOOR, CEIL, TRUNC, CASES):
            return {}
        if operation == CHOICE:
            then, other = (self._gradients.get(case, {}) for case in self.operands[b])
            slopes = {
                state: self.choice(a, then.get(state, self.zero), other.get(state, self.zero))
                for state in (*then, *other)
            }
        elif operation == REMAINDER:
            turns = self._node(TRUNC, _quotient(self, a, b))
            left, right = self._gradients.get(a, {}), self._gradients.get(b, {})
            slopes = {
                state: self.sub(left.get(state, self.zero), self.mul(turns, right.get(state, self.zero)))
                for state in (*left, *right)
            }
        else:
            outer = _SLOPES[operation](self, a, node)
            slopes = {state: self.mul(outer, slope) for state, slope in self._gradients.get(a, {}).items()}
        return {state: slope for state, slope in slopes.items() if slope != self.zero}


Slope = Callable[[Expressions, int, int], int]  # of graph, operand and the node itself
_SLOPES: dict[int, Slope] = {
    ABS: lambda g, a, _: g.choice(g.pair(LESS, a, g.zero), g.constant(-1.0), g.one),
    SIN: lambda g, a, _: g.call("cos", [a]),
    COS: lambda g, a, _: g.neg(g.call("sin", [a])),
    TAN: lambda g, _, node: g.add(g.one, g.mul(node, node)),
    SINH: lambda g, a, _: g.call("cosh", [a]),
    COSH: lambda g, a, _: g.call("sinh", [a]),
    TANH: lambda g, _, node: g.sub(g.one, g.mul(node, node)),
    ASIN: lambda g, a, _: g.inv(_root(g, g.sub(g.one, g.mul(a, a)))),
    ACOS: lambda g, a, _: g.neg(g.inv(_root(g, g.sub(g.one, g.mul(a, a))))),
    ATAN: lambda g, a, _: g.inv(g.add(g.one, g.mul(a, a))),
    ASINH: lambda g, a, _: g.inv(_root(g, g.add(g.one, g.mul(a, a)))),
    ACOSH: lambda g, a, _: g.inv(_root(g, g.sub(g.mul(a, a), g.one))),
    ATANH: lambda g, a, _: g.inv(g.sub(g.one, g.mul(a, a))),
}


def _chained(operation: int, turned: bool) -> Callable[[Expressions, Sequence[int]], int]:
    """A relation that holds between all neighbours; turned: the greater one stands first."""

    def joined(g: Expressions, nodes: Sequence[int]) -> int:
        pairs = [(b, a) if turned else (a, b) for a, b in pairwise(nodes)]
        return g.folded(g.mul, [g.pair(operation, a, b) for a, b in pairs], g.one)

    return joined


def _largest(g: Expressions, nodes: Sequence[int]) -> int:
    return reduce(lambda a, b: g.choice(g.pair(LESS, a, b), b, a), nodes)


def _smallest(g: Expressions, nodes: Sequence[int]) -> int:
    return reduce(lambda a, b: g.choice(g.pair(LESS, b, a), b, a), nodes)


def _no(g: Expressions, node: int) -> int:
    return g.choice(g.truth(node), g.zero, g.one)


def _all(g: Expressions, nodes: Sequence[int]) -> int:
    return reduce(lambda a, b: g.choice(a, b, g.zero), map(g.truth, nodes), g.one)


def _any(g: Expressions, nodes: Sequence[int]) -> int:
    return reduce(lambda a, b: g.choice(a, g.one, b), map(g.truth, nodes), g.zero)


def _cases(g: Expressions, nodes: Sequence[int]) -> int:
    """Values, each followed by its condition, and what holds otherwise."""
    found = nodes[-1] if len(nodes) % 2 else g.constant(math.nan)
    for k in reversed(range(0, len(nodes) - 1, 2)):
        found = g.choice(g.truth(nodes[k + 1]), nodes[k], found)
    return found


def _root(g: Expressions, node: int) -> int:
    return g.power(node, g.constant(0.5))


def _quotient(g: Expressions, a: int, b: int) -> int:
    return g.mul(a, g.inv(b))


_CALLED: dict[str, Callable[[Expressions, Sequence[int]], int]] = {
    "piecewise": _cases,
    "max": _largest,
    "min": _smallest,
    "eq": _chained(EQUAL, turned=False),
    "neq": _chained(UNEQUAL, turned=False),
    "lt": _chained(LESS, turned=False),
    "leq": _chained(AT_MOST, turned=False),
    "gt": _chained(LESS, turned=True),
    "geq": _chained(AT_MOST, turned=True),
    "and": _all,
    "or": _any,
    "not": lambda g, nodes: _no(g, nodes[0]),
    "xor": lambda g, nodes: reduce(lambda a, b: g.pair(UNEQUAL, a, b), map(g.truth, nodes), g.zero),
    "implies": lambda g, nodes: _any(g, [_no(g, nodes[0]), nodes[1]]),
    "root": lambda g, nodes: g.power(nodes[1], g.inv(nodes[0])),
    "sqrt": lambda g, nodes: _root(g, nodes[-1]),
    "log": lambda g, nodes: _quotient(g, g.ln(nodes[1]), g.ln(nodes[0])),
    "log10": lambda g, nodes: _quotient(g, g.ln(nodes[-1]), g.constant(math.log(10))),
    "quotient": lambda g, nodes: g.unary(TRUNC, _quotient(g, *nodes)),
    "rem": lambda g, nodes: g.pair(REMAINDER, *nodes),
}
