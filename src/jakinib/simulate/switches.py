"""Where a model switches: the conditions of events and pieces, which an integrator would step over.

A condition that is true for a short while lies between two steps of the integrator and is never seen. So each
comparison in a condition becomes a root the engine looks for, and what jumps to and fro in time (floor, sin)
is located before the run, which stops there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from jakinib.errors import ModelError, SimulationError
from jakinib.simulate.formula import JUMPS, RELATIONS, Formula, has, names, parts, substituted, value
from jakinib.simulate.source import Source

if TYPE_CHECKING:
    import libsbml

ROOT = "jakinib_root"  # a parameter that the added events write and nothing reads
TIME: Formula = ("time", ())
MOMENT = 1e-7  # of the time: how long an event holds that triggers at one time
MOST = 20_000  # switches of one run
TIMED, WATCHED = 2_000, 200  # steps of a run at the least
_SAMPLES = 4_000
_MATHML = "http://www.w3.org/1998/Math/MathML"
_SYMBOL = "http://www.sbml.org/sbml/symbols/"
_OPERATORS = {"+": "plus", "-": "minus", "*": "times", "/": "divide", "^": "power", "ceil": "ceiling"}


class Switches:
    """The switches of a model.

    roots: comparisons that become roots of the engine. clocks: formulas of the time and of constants of the
    run that jump to and fro. timed: the time is read in another way, or what jumps also depends on the state,
    so that steps must stay short. watched: events depend on the state.
    """

    def __init__(self, source: Source) -> None:
        self.roots: list[Formula] = []
        self.clocks: list[Formula] = []
        self.timed = self.watched = False
        self._known, self._moved = source.assigned, source.moved
        self._written = {name for event in source.events.values() for name, _ in event.assigns}
        for id, event in source.events.items():
            self._event(id, event.trigger)
        for _, formula in source.formulas():
            self._smooth(self._whole(formula), inside=False)

    @property
    def steps(self) -> int:
        """Steps a run takes at the least, so that nothing short is stepped over; 0 where nothing can be."""
        return TIMED if self.timed else WATCHED if self.watched else 0

    def _whole(self, formula: Formula) -> Formula:
        return substituted(formula, self._known)

    def _event(self, id: str, trigger: Formula) -> None:
        trigger = self._whole(trigger)
        self.watched |= self._moves(trigger)
        comparisons = list(_comparisons(trigger))
        for comparison in comparisons:
            assert isinstance(comparison, tuple)
            if comparison[0] in ("eq", "neq") and (self._moves(comparison) or has(comparison, "time")):
                raise ModelError(
                    f"event {id}: its trigger compares for equality what changes continuously, which holds "
                    "for no time at all; write >= or <= there"
                )
            if len(comparisons) > 1:
                self._add(self.roots, comparison)

    def _smooth(self, formula: Formula, inside: bool) -> None:
        """Go through a formula; ``inside`` a comparison, which is looked after as a whole."""
        if not isinstance(formula, tuple):
            return
        operation, operands = formula
        timed = has(formula, "time")
        if operation == "time":
            self.timed |= not inside
        elif operation in RELATIONS and (timed or self._moves(formula)):
            self.watched |= self._moves(formula)
            if operation not in ("eq", "neq"):
                self._add(self.roots, formula)
            if any(_bends(operand) for operand in operands):
                self._clock(formula)
            inside = True
        elif operation in JUMPS and timed:
            self._clock(formula)
        elif operation in JUMPS and self._moves(formula) and not has(("", operands), *JUMPS):
            argument: Formula = operands[0] if len(operands) == 1 else ("/", operands)
            turn: Formula = ("sin", (("*", (math.pi, argument)),))  # changes sign at whole numbers
            self._add(self.roots, ("geq", (turn, 0.0)))
            self.timed = True
        for operand in operands:
            self._smooth(operand, inside)

    def _clock(self, formula: Formula) -> None:
        if self._moves(formula) or not self._written.isdisjoint(names(formula)):
            self.timed = True
        else:
            self._add(self.clocks, formula)

    def _moves(self, formula: Formula) -> bool:
        return not self._moved.isdisjoint(names(formula)) or has(formula, "rateOf")

    @staticmethod
    def _add(found: list[Formula], formula: Formula) -> None:
        if formula not in found:
            found.append(formula)

    def times(self, of: Callable[[str], float], begin: float, end: float) -> list[float]:
        """Times between two at which a clock jumps."""
        found: set[float] = set()
        for clock in self.clocks:
            found |= set(_jumps(clock, of, begin, end))
            if len(found) > MOST:
                raise SimulationError(f"a condition of the time switches more than {MOST} times in this run")
        return sorted(found)


def exact_times(source: Source) -> dict[str, Formula]:
    """Triggers that compare the time for equality, as the engine can find them: true for a moment from then.

    Its moment is longer than the precision with which the engine finds a root, and shorter than what matters.
    """
    moved, found = source.moved, {}

    def held(formula: Formula) -> bool:
        whole = substituted(formula, source.assigned)
        return not has(whole, "time", "rateOf") and moved.isdisjoint(names(whole))

    def exact(formula: Formula) -> Formula:
        if not isinstance(formula, tuple):
            return formula
        operation, operands = formula
        if operation == "eq" and len(operands) == 2:
            time, other = operands if operands[0] == TIME else operands[::-1]
            if time == TIME and held(other):
                late: Formula = ("+", (other, ("*", (MOMENT, ("+", (1.0, ("abs", (other,))))))))
                return ("and", (("geq", (time, other)), ("leq", (time, late))))
        return (operation, tuple(exact(operand) for operand in operands))

    for id, event in source.events.items():
        if (trigger := exact(event.trigger)) != event.trigger:
            found[id] = trigger
    return found


def add_roots(model: libsbml.Model, roots: list[Formula]) -> None:
    """Events that do nothing, at which the engine stops."""
    if not roots:
        return
    import libsbml

    parameter = model.createParameter()
    parameter.setId(ROOT)
    parameter.setConstant(False)
    parameter.setValue(0.0)
    for number, root in enumerate(roots):
        event = model.createEvent()
        event.setId(f"{ROOT}_{number}")
        event.setUseValuesFromTriggerTime(True)
        trigger = event.createTrigger()
        trigger.setInitialValue(True)
        trigger.setPersistent(True)
        trigger.setMath(libsbml.readMathMLFromString(document(root)))
        assignment = event.createEventAssignment()
        assignment.setVariable(ROOT)
        assignment.setMath(libsbml.readMathMLFromString(document(0.0)))


def document(formula: Formula) -> str:
    return f'<?xml version="1.0"?><math xmlns="{_MATHML}">{_mathml(formula)}</math>'


def _mathml(formula: Formula) -> str:
    if isinstance(formula, str):
        return f"<ci> {escape(formula)} </ci>"
    if isinstance(formula, float):
        if np.isfinite(formula):
            return f"<cn> {formula!r} </cn>" if "e" not in repr(formula) else _scientific(formula)
        return "<notanumber/>" if np.isnan(formula) else "<infinity/>"
    operation, operands = formula
    if operation == "time":
        return f'<csymbol encoding="text" definitionURL="{_SYMBOL}time"> time </csymbol>'
    inner = [_mathml(operand) for operand in operands]
    if operation == "piecewise":
        pieces = [f"<piece>{a}{b}</piece>" for a, b in zip(inner[::2], inner[1::2], strict=False)]
        rest = f"<otherwise>{inner[-1]}</otherwise>" if len(inner) % 2 else ""
        return f"<piecewise>{''.join(pieces)}{rest}</piecewise>"
    if operation in ("delay", "rateOf"):
        head = f'<csymbol encoding="text" definitionURL="{_SYMBOL}{operation}"> {operation} </csymbol>'
    else:
        head = f"<{_OPERATORS.get(operation, operation)}/>"
    if operation in ("log", "root") and len(inner) == 2:
        mark = "logbase" if operation == "log" else "degree"
        inner[0] = f"<{mark}>{inner[0]}</{mark}>"
    return f"<apply>{head}{''.join(inner)}</apply>"


def _scientific(number: float) -> str:
    mantissa, exponent = repr(number).split("e")
    return f'<cn type="e-notation"> {mantissa} <sep/> {int(exponent)} </cn>'


def _comparisons(formula: Formula) -> Iterator[Formula]:
    """The comparisons a condition is made of."""
    return (part for part in parts(formula) if isinstance(part, tuple) and part[0] in RELATIONS)


def _bends(formula: Formula) -> bool:
    """Is the time in it used otherwise than as a + b * time? Then it may cross a threshold to and fro."""
    for part in parts(formula):
        if not isinstance(part, tuple) or part[0] == "time" or not has(part, "time"):
            continue
        timed = [has(operand, "time") for operand in part[1]]
        straight = part[0] in ("+", "-") or (part[0] == "*" and sum(timed) == 1)
        if not straight and not (part[0] == "/" and not timed[1]):
            return True
    return False


def _jumps(clock: Formula, of: Callable[[str], float], begin: float, end: float) -> Iterator[float]:
    """Times at which a formula of the time alone jumps."""

    def at(formula: Formula, time: float) -> float:
        return value(formula, of, time, lambda _: 0.0)

    edges = {begin, end}
    for part in parts(clock):
        if isinstance(part, tuple) and part[0] in JUMPS and has(part, "time"):
            edges |= set(_steps(part, at, begin, end))
            if len(edges) > MOST:
                raise SimulationError(f"a condition of the time switches more than {MOST} times in this run")
    cuts = sorted(edges)
    yield from cuts[1:-1]
    for part in parts(clock):
        if isinstance(part, tuple) and part[0] in RELATIONS and len(part[1]) == 2:
            gap: Formula = ("-", part[1])
            bent = any(_bends(operand) for operand in part[1] if not has(operand, *JUMPS))
            number = max(3, _SAMPLES // len(cuts)) if bent or len(cuts) < 3 else 3
            for left, right in pairwise(cuts):
                inner = np.linspace(left, right, number + 2)[1:-1]
                yield from _crossings(partial(at, gap), [*map(float, inner)], left, right)


def _steps(part: Formula, at: Callable[[Formula, float], float], begin: float, end: float) -> Iterator[float]:
    """Times at which floor, ceil, quotient or rem of the time jumps."""
    assert isinstance(part, tuple)
    argument: Formula = part[1][0] if part[0] in ("floor", "ceil") else ("/", part[1])
    first, middle, last = (at(argument, time) for time in (begin, (begin + end) / 2, end))
    if not abs(middle - (first + last) / 2) <= 1e-9 * (abs(first) + abs(last) + 1):
        times = np.linspace(begin, end, _SAMPLES)
        yield from (float(b) for a, b in pairwise(times) if at(part, a) != at(part, b))
        return
    if first == last:
        return
    if abs(last - first) > MOST:
        raise SimulationError(f"a condition of the time switches more than {MOST} times in this run")
    whole = np.arange(np.ceil(min(first, last)), np.floor(max(first, last)) + 1)
    yield from (float(t) for t in begin + (whole - first) / (last - first) * (end - begin) if begin < t < end)


def _crossings(
    gap: Callable[[float], float], times: list[float], left: float, right: float
) -> Iterator[float]:
    """Roots of a function that is smooth between two times."""
    from scipy.optimize import brentq

    values = [gap(time) for time in times]
    slope = (values[-1] - values[0]) / (times[-1] - times[0])
    if abs(values[1] - values[0] - slope * (times[1] - times[0])) <= 1e-9 * (max(map(abs, values)) + 1e-300):
        if slope and left < (root := times[0] - values[0] / slope) < right:
            yield float(root)
        return
    for k in range(len(times) - 1):
        if values[k] * values[k + 1] < 0:
            yield float(brentq(gap, times[k], times[k + 1], xtol=1e-12))
