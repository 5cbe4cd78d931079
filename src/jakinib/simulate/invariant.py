"""Rules that only settings can change: evaluated when something is set, not at every integrator step.

The engine expands a rule wherever it is used, so a potency law of constants would be computed hundreds of
times per step. The model that is integrated reads these symbols as plain parameters instead. They are worked
out here, as the engine would in its compiled code, which would take longer to compile and load than they do.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from jakinib.simulate.formula import Formula, names, parts, value
from jakinib.simulate.source import Source

if TYPE_CHECKING:
    import libsbml

Rules = tuple[tuple[str, Formula], ...]
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "^": math.pow,
}  # fmt: skip
_OPERANDS = {"+": (1, 99), "*": (2, 99), "-": (1, 2), "/": (2, 2), "^": (2, 2)}  # of rules that are taken out


class Laws:
    """The invariant rules of a model as a function.

    rules: symbols with what gives them, each after those that it needs. reads: what they read besides.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules, self.gives = rules, tuple(symbol for symbol, _ in rules)
        named = dict.fromkeys(name for _, formula in rules for name in names(formula))
        self.reads = tuple(name for name in named if name not in self.gives)

    @functools.cached_property
    def _steps(self) -> _Steps:
        return _Steps(self._rules, self.reads)

    def __call__(self, known: Mapping[str, float]) -> dict[str, float]:
        """Values of ``gives`` where ``known`` has those of ``reads``; nan or inf where undefined."""
        try:
            return dict(zip(self.gives, self._steps([known[name] for name in self.reads]), strict=True))
        except (ArithmeticError, ValueError):  # Python refuses a division by zero, which is inf here
            found = dict(known)
            for symbol, formula in self._rules:
                found[symbol] = value(formula, found.__getitem__, math.nan, lambda _: math.nan)
            return {symbol: found[symbol] for symbol in self.gives}


class _Steps:
    """Rules as operations on two values each, one after the other: several times quicker than their trees."""

    def __init__(self, rules: Rules, reads: Sequence[str]) -> None:
        self._values = [math.nan] * len(reads)  # what is read, then numbers and results as they come
        self._places = {name: place for place, name in enumerate(reads)}
        self._steps: list[tuple[Callable[[float, float], float], int, int, int]] = []
        for symbol, rule in rules:
            self._places[symbol] = self._place(rule)
        self._results = [self._places[symbol] for symbol, _ in rules]

    def _take(self, number: float) -> int:
        self._values.append(number)
        return len(self._values) - 1

    def _place(self, formula: Formula) -> int:
        """Where the value of a formula stands."""
        if isinstance(formula, str):
            return self._places[formula]
        if isinstance(formula, float):
            return self._take(formula)
        operation, operands = formula
        place, *others = (self._place(operand) for operand in operands)
        if operation == "-" and not others:
            operation, others = "*", [self._take(-1.0)]
        for other in others:
            made = self._take(math.nan)
            self._steps.append((_ARITHMETIC[operation], place, other, made))
            place = made
        return place

    def __call__(self, given: Sequence[float]) -> list[float]:
        values = [*given, *self._values[len(given) :]]
        for operation, a, b, made in self._steps:
            values[made] = operation(values[a], values[b])
        return [values[place] for place in self._results]


def take_out(document: libsbml.SBMLDocument, source: Source | None = None) -> Rules:
    """Take the invariant rules out of a document and return them, each after those that it needs."""
    model = document.getModel()
    rules = {} if model is None else _invariant(source or Source(model))
    for symbol in rules:
        model.removeRuleByVariable(symbol)
        model.getParameter(symbol).setValue(0.0)  # written before every run
    return tuple(rules.items())


def keep_apart(document: libsbml.SBMLDocument, source: Source, gone: Iterable[str]) -> dict[str, float]:
    """Take out of a document the parameters that nothing in it reads any more; returns their values.

    gone: reactions that were left out of it, and symbols whose rules were taken out. The engine would compile
    for each of its parameters how it is read and written.
    """
    if not source.plain:
        return {}
    left = set(gone)
    rules = {name: rule for name, rule in source.assigned.items() if name not in left}
    laws = [change.law for id, change in source.reactions.items() if id not in left]
    read = {name for formula in (*rules.values(), *laws) for name in names(formula)} | set(rules)
    apart = {name: value for name, value in source.parameters.items() if name not in read}
    for name in apart:
        document.getModel().removeParameter(name)
    return apart


def _invariant(source: Source) -> dict[str, Formula]:
    """Assignment rules of parameters that read only constants of the run, and use plain arithmetic."""
    if not source.plain:
        return {}
    constants = (set(source.parameters) | set(source.compartments)) - set(source.assigned)
    read = {symbol: set(names(rule)) for symbol, rule in source.assigned.items() if _plain(rule)}
    found: dict[str, Formula] = {}
    before = -1
    while before < len(found):
        before = len(found)
        for symbol, reads in read.items():
            if symbol not in found and reads <= constants:
                found[symbol] = source.assigned[symbol]
                constants.add(symbol)
    return found


def _plain(formula: Formula) -> bool:
    """Is it made of arithmetic alone?"""
    operations = (part for part in parts(formula) if isinstance(part, tuple))
    limits = ((len(operands), *_OPERANDS.get(operation, (1, 0))) for operation, operands in operations)
    return all(fewest <= number <= most for number, fewest, most in limits)
