"""Inhibition as a function of the free concentration, from few runs, and the time it stays above a level.

A drug at binding equilibrium inhibits by its free concentration alone, so an assay is run at a few
concentrations and read off at all others. logit(inhibition) is a smooth, nearly straight function of
ln(concentration), which Chebyshev points interpolate within 0.1 percentage points.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial.chebyshev import chebval, chebvander
from numpy.typing import NDArray

from jakinib.assay.curve import at_each, logit

Array = NDArray[np.float64]

NODES, PER_DECADE = 7, 6  # concentrations at which an assay is run, at least and over a wide range
FAINTEST = 1e-3  # of the highest concentration; below it inhibition is taken as proportional to concentration


@functools.cache
def _nodes(number: int) -> tuple[Array, Array]:
    """Chebyshev points from -1 to 1, and the matrix that takes values there to coefficients."""
    points = np.cos(np.pi * np.arange(number) / (number - 1))[::-1]
    return points, np.asarray(np.linalg.inv(chebvander(points, number - 1)), dtype=float)


def _span(low: float, high: float) -> tuple[float, float, int]:
    """Middle and half width in ln(nM), and the number of concentrations."""
    middle, half = 0.5 * math.log(high * low), max(0.5 * math.log(high / low), 1e-6)
    return middle, half, max(NODES, math.ceil(PER_DECADE * 2 * half / math.log(10)))


def concentrations(low: float, high: float) -> Array:
    """Free concentrations (nM) at which an assay is run to know it between two."""
    middle, half, number = _span(low, high)
    return np.array([math.exp(middle + half * x) for x in _nodes(number)[0]])


def law_through(shares: Array, low: float, high: float) -> Callable[[Array], Array]:
    """Inhibition (fraction) by free concentration (nM), from that at ``concentrations``.

    Below ``low`` inhibition falls in proportion to concentration, above ``high`` it stays. Where a little
    inhibitor lifts the signal, which has no logit, the fractions themselves are joined without overshoot.
    """
    middle, half, number = _span(low, high)
    points, weights = _nodes(number)
    joined: Callable[[Array], Array]
    if shares.min() < 0:
        from scipy.interpolate import PchipInterpolator

        joined = PchipInterpolator(points, shares)
    else:
        coefficients = weights @ np.array([logit(share) for share in shares])

        def joined(at: Array) -> Array:
            return np.asarray(1 / (1 + np.exp(-chebval(at, coefficients))))

    def law(free: Array) -> Array:
        at = (np.log(np.clip(free, low, high)) - middle) / half
        return np.asarray(joined(np.clip(at, -1, 1)) * np.minimum(free / low, 1.0))

    return law


def inhibition_law(inhibited: Callable[[float], float], low: float, high: float) -> Callable[[Array], Array]:
    """Inhibition (fraction) by free concentration (nM), from a few runs of ``inhibited`` between two."""
    return law_through(at_each(inhibited, concentrations(low, high)), low, high)


def reach(free: Array) -> tuple[float, float]:
    """Free concentrations (nM) of a course between which an assay must be known."""
    high = float(free.max())
    return max(float(free.min()), FAINTEST * high), high


def inhibition_at(free: Array, inhibited: Callable[[float], float]) -> Array:
    """Inhibition (fraction) at each free concentration (nM) of a course, from a few runs of ``inhibited``."""
    return np.zeros_like(free) if free.max() <= 0 else inhibition_law(inhibited, *reach(free))(free)


def time_above(time: Array, values: Array, level: float) -> float:
    """Hours during which ``values``, linear between points, lie above ``level``."""
    low, high = np.minimum(values[:-1], values[1:]), np.maximum(values[:-1], values[1:])
    span = np.where(high > low, high - low, 1.0)
    share = np.where(high > low, (high - np.clip(level, low, high)) / span, low > level)
    return float(np.sum(share * np.diff(time)))
