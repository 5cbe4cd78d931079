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

from jakinib.assay.curve import at_each, logits

Array = NDArray[np.float64]
Level = float | Array

NODES, PER_DECADE = 7, 6  # concentrations at which an assay is run, at least and over a wide range
FAINTEST = 1e-3  # of the highest concentration; below it inhibition is taken as proportional to concentration


@functools.cache
def _nodes(number: int) -> tuple[Array, Array]:
    """Chebyshev points from -1 to 1, and the matrix that takes values there to coefficients."""
    points = np.cos(np.pi * np.arange(number) / (number - 1))[::-1]
    return points, np.asarray(np.linalg.inv(chebvander(points, number - 1)), dtype=float)


def _span(low: Level, high: Level) -> tuple[Array, Array]:
    """Middle and half width in ln(nM)."""
    return np.asarray(0.5 * np.log(high * low)), np.maximum(0.5 * np.log(high / low), 1e-6)


def nodes(low: Level, high: Level) -> NDArray[np.intp]:
    """The number of concentrations at which an assay is run to know it between two."""
    number = np.ceil(PER_DECADE * 2 * _span(low, high)[1] / math.log(10))
    return np.asarray(np.maximum(NODES, number), dtype=np.intp)


def concentrations(low: Level, high: Level) -> Array:
    """Free concentrations (nM) at which an assay is run to know it between two, the first axis.

    low, high: a number, or one a patient where all need as many (``nodes``).
    """
    (middle, half), number = _span(low, high), int(np.max(nodes(low, high)))
    return np.exp(middle + np.multiply.outer(_nodes(number)[0], half))


def law_through(shares: Array, low: Level, high: Level) -> Callable[[Array], Array]:
    """Inhibition (fraction) by free concentration (nM), from that at ``concentrations``.

    shares: (concentrations,), or (concentrations, patients) for levels (times, patients).
    Below ``low`` inhibition falls in proportion to concentration, above ``high`` it stays. Where a little
    inhibitor lifts the signal, which has no logit, the fractions themselves are joined without overshoot.
    """
    middle, half = _span(low, high)
    points, weights = _nodes(len(shares))
    coefficients = sum(np.multiply.outer(weights[:, k], one) for k, one in enumerate(logits(shares)))
    lifted = np.flatnonzero(shares.min(axis=0) < 0).tolist()

    def law(free: Array) -> Array:
        at = np.clip((np.log(np.clip(free, low, high)) - middle) / half, -1, 1)
        share = np.asarray(1 / (1 + np.exp(-chebval(at, coefficients, tensor=False))))
        for j in lifted:
            from scipy.interpolate import PchipInterpolator

            joined = PchipInterpolator(points, shares.reshape(len(points), -1)[:, j])
            columns = share.reshape(-1, shares[0].size)
            columns[:, j] = joined(at.reshape(columns.shape)[:, j])
        return share * np.minimum(free / low, 1.0)

    return law


def inhibition_law(inhibited: Callable[[float], float], low: Level, high: Level) -> Callable[[Array], Array]:
    """Inhibition (fraction) by free concentration (nM), from a few runs of ``inhibited`` between two."""
    return law_through(at_each(inhibited, concentrations(low, high)), low, high)


def reach(free: Array) -> tuple[Array, Array]:
    """Free concentrations (nM) of courses, (times,) or (times, patients), between which an assay must be
    known."""
    high = np.asarray(free.max(axis=0))
    return np.maximum(free.min(axis=0), FAINTEST * high), high


def inhibition_at(free: Array, inhibited: Callable[[float], float]) -> Array:
    """Inhibition (fraction) at each free concentration (nM) of a course, from a few runs of ``inhibited``."""
    return np.zeros_like(free) if free.max() <= 0 else inhibition_law(inhibited, *reach(free))(free)


def integral(time: Array, values: Array) -> Array:
    """Area under courses that are linear between points, over the first axis."""
    return np.add.accumulate(0.5 * (values[1:] + values[:-1]) * np.diff(time, axis=0), axis=0)[-1]


def time_above(time: Array, values: Array, level: float) -> Array:
    """Hours during which ``values``, linear between points of the first axis, lie above ``level``."""
    low, high = np.minimum(values[:-1], values[1:]), np.maximum(values[:-1], values[1:])
    span = np.where(high > low, high - low, 1.0)
    share = np.where(high > low, (high - np.clip(level, low, high)) / span, low > level)
    return np.add.accumulate(share * np.diff(time, axis=0), axis=0)[-1]
