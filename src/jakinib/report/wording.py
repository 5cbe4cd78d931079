"""How numbers, intervals, values of verdicts and published rows are written on the page."""

from __future__ import annotations

import math

from jakinib.evaluate import Verdict
from jakinib.evaluate.criteria import Interval
from jakinib.library.measurements import Measurement


def number(value: float, bounds: tuple[float | None, ...] = (), digits: int = 3) -> str:
    """Significant digits without exponent; more when rounding would cross one of ``bounds``."""
    if not math.isfinite(value):
        return str(value)
    for shown in range(digits, 18):
        rounded = float(f"{value:.{shown}g}")
        if all(b is None or _side(value, b) == _side(rounded, b) for b in bounds):
            break
    exponent = int(f"{rounded:.{shown - 1}e}".partition("e")[2])  # log10 would round 999999.9999999999 up
    return f"{rounded:.{max(0, shown - 1 - exponent)}f}"


def _side(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


def interval(found: Interval) -> str:
    """An interval as text, a dash where there is none; Laplace is marked."""
    if found.low is None or found.high is None:
        return "–"
    mark = " (Laplace)" if found.method == "Laplace" else ""
    end = f"to {number(found.high)}" if math.isfinite(found.high) else "or more"
    return f"{number(found.low)} {end}{mark}"


def value(verdict: Verdict) -> str:
    """The value of a verdict, on the same side of its bounds as the number behind it."""
    if verdict.value is None:
        return "none"
    return number(verdict.value, (verdict.criterion.low, verdict.criterion.high))


def published(row: Measurement) -> str:
    """A published number with its range and unit."""
    around = "" if row.low is None or row.high is None else f" ({row.low:g} to {row.high:g})"
    mark = "" if row.qualifier == "=" else f"{row.qualifier} "
    unit = "" if row.unit == "dimensionless" else f" {row.unit}"
    return f"{mark}{row.value:g}{around}{unit}"
