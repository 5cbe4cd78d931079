"""SBML formulas as small trees of Python values, which can be read, proven things about, and evaluated."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from jakinib.errors import ModelError

# A name, a number, or an operation with its operands. ("time", ()) and ("rateOf", (name,)) are operations.
Formula = str | float | tuple[str, tuple["Formula", ...]]
ABSENT: Formula = ("", ())
RELATIONS = frozenset({"eq", "neq", "lt", "leq", "gt", "geq"})
# Functions that jump while their argument moves smoothly.
JUMPS = frozenset({"floor", "ceil", "quotient", "rem"})
_CONSTANTS = {"pi": math.pi, "exponentiale": math.e, "true": 1.0, "false": 0.0}
_SPELLINGS = {"power": "^", "ceiling": "ceil"}
_AVOGADRO = 6.02214179e23  # the value SBML fixes
Functions = Mapping[str, tuple[tuple[str, ...], Any]]


def read(
    node: Any, functions: Functions | None = None, scope: Mapping[str, Formula] | None = None
) -> Formula:
    """Formula of a libSBML node; function definitions and the names of ``scope`` are written out.

    By predicates: with tellurium imported, libSBML's type codes are no longer numbers.
    """
    if node is None:
        return ABSENT
    if node.isNumber():
        return float(node.getValue())
    name = node.getName()
    if node.isName():
        if place := node.getDefinitionURLString():
            return _AVOGADRO if place.endswith("avogadro") else ("time", ())
        return str(name) if scope is None else scope.get(name, str(name))
    if node.isConstant():
        return _CONSTANTS[name]
    operands = tuple(read(node.getChild(i), functions, scope) for i in range(node.getNumChildren()))
    if node.isOperator():
        return (node.getCharacter(), operands)
    if node.isCSymbolFunction():
        return ("delay" if node.getDefinitionURLString().endswith("delay") else "rateOf", operands)
    if functions and name in functions:
        arguments, body = functions[name]
        return read(body, functions, dict(zip(arguments, operands, strict=True)))
    return (_SPELLINGS.get(name, str(name)), operands)


def parts(formula: Formula) -> Iterator[Formula]:
    """The formula and everything in it."""
    waiting = [formula]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, tuple):
            waiting.extend(part[1][::-1])


def names(formula: Formula) -> Iterator[str]:
    """Every symbol of the model that a formula names."""
    return (part for part in parts(formula) if isinstance(part, str))


def has(formula: Formula, *operations: str) -> bool:
    """Does one of these operations stand anywhere in the formula?"""
    return any(isinstance(part, tuple) and part[0] in operations for part in parts(formula))


def substituted(formula: Formula, known: Mapping[str, Formula]) -> Formula:
    """The formula with the names of ``known`` written out, and those in them."""
    if isinstance(formula, str):
        return substituted(known[formula], known) if formula in known else formula
    if isinstance(formula, float):
        return formula
    if formula[0] == "rateOf":
        return formula
    return (formula[0], tuple(substituted(operand, known) for operand in formula[1]))


def value(formula: Formula, of: Callable[[str], float], time: float, rate: Callable[[str], float]) -> float:
    """Value where ``of`` gives the symbols and ``rate`` their rates of change; nan or inf where undefined.

    Truth is 1.0 and 0.0. Raises ModelError for an operation that has no value at one time (delay).
    """
    if isinstance(formula, str):
        return of(formula)
    if isinstance(formula, float):
        return formula
    operation, operands = formula
    if operation == "time":
        return time
    if operation == "rateOf":
        return rate(str(operands[0]))
    if operation == "piecewise":
        for k in range(0, len(operands) - 1, 2):
            if value(operands[k + 1], of, time, rate):
                return value(operands[k], of, time, rate)
        return value(operands[-1], of, time, rate) if len(operands) % 2 else math.nan
    try:
        function = _OPERATIONS[operation]
    except KeyError:
        raise ModelError(f"the function '{operation or 'without math'}' is not supported here") from None
    numbers = [np.float64(value(operand, of, time, rate)) for operand in operands]
    with np.errstate(all="ignore"):
        return float(function(*numbers))


def elementwise(formula: Formula, known: Mapping[str, Any]) -> Any:
    """Value of a formula of ``ELEMENTWISE`` operations; known: a number or an array of each symbol."""
    if isinstance(formula, str):
        return known[formula]
    if isinstance(formula, float):
        return formula
    operation, operands = formula
    return _OPERATIONS[operation](*[elementwise(operand, known) for operand in operands])


def _chain(relation: Callable[[float, float], bool]) -> Callable[..., bool]:
    return lambda *x: all(relation(a, b) for a, b in pairwise(x))


def _factorial(x: float) -> float:
    return math.gamma(x + 1) if -1 < x < 170 else math.nan


_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": lambda *x: functools.reduce(operator.add, x, 0.0),  # term by term, for numbers and arrays alike
    "-": lambda a, *b: a - b[0] if b else -a,
    "*": lambda *x: math.prod(x),
    "/": np.divide,
    "^": np.power,
    "root": lambda degree, x: np.power(x, 1 / degree),
    "sqrt": lambda *x: np.sqrt(x[-1]),
    "abs": np.abs,
    "exp": np.exp,
    "ln": np.log,
    "log": lambda base, x: np.log(x) / np.log(base),
    "log10": lambda *x: np.log10(x[-1]),
    "floor": np.floor,
    "ceil": np.ceil,
    "factorial": _factorial,
    "quotient": lambda a, b: np.trunc(a / b),
    "rem": np.fmod,
    "max": lambda *x: functools.reduce(np.maximum, x),
    "min": lambda *x: functools.reduce(np.minimum, x),
    "eq": _chain(lambda a, b: a == b),
    "neq": _chain(lambda a, b: a != b),
    "lt": _chain(lambda a, b: a < b),
    "leq": _chain(lambda a, b: a <= b),
    "gt": _chain(lambda a, b: a > b),
    "geq": _chain(lambda a, b: a >= b),
    "and": lambda *x: all(x),
    "or": lambda *x: any(x),
    "xor": lambda *x: sum(map(bool, x)) % 2,
    "not": lambda x: not x,
    "implies": lambda a, b: not a or b,
}
_OF_ONE = frozenset({"factorial", *RELATIONS, "and", "or", "xor", "not", "implies"})  # take no arrays
for _short in ("sin", "cos", "tan"):
    for _kind in (_short, _short + "h"):
        _forward, _inverse = getattr(np, _kind), getattr(np, "arc" + _kind)
        _OPERATIONS[_kind] = _forward
        _OPERATIONS["arc" + _kind] = _OPERATIONS["a" + _kind] = _inverse
for _name, _of in {"sec": "cos", "csc": "sin", "cot": "tan"}.items():
    for _end in ("", "h"):
        _OPERATIONS[_name + _end] = lambda x, f=_OPERATIONS[_of + _end]: 1 / f(x)
        _OPERATIONS["arc" + _name + _end] = lambda x, f=_OPERATIONS["arc" + _of + _end]: f(1 / x)
ELEMENTWISE = frozenset(_OPERATIONS) - _OF_ONE
