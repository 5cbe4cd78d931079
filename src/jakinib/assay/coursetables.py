"""The rows of a course: exposure and response in each dosing interval, and on each day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.inhibition import time_above
from jakinib.assay.pk import PlasmaProfile
from jakinib.regimen import Regimen

Array = NDArray[np.float64]
FINE = 0.05  # h between plasma levels for Cmax and AUC
Rows = list[dict[str, Any]]


def fine(times: Array) -> Array:
    """Hours at which plasma is known to find Cmax and AUC: those of the draws of blood, and between them."""
    return distinct(np.concatenate((np.arange(0, times[-1], FINE), times)))


def rows_of(
    regimen: Regimen,
    dosed: Sequence[str],
    levels: Sequence[PlasmaProfile],
    times: Array,
    inhibition: Array,
    ic50: Mapping[str, float],
) -> tuple[Rows, Rows]:
    """Rows of the dosing intervals of each inhibitor dosed, and of the days up to the last of ``times`` (h).

    levels: at ``fine`` times. inhibition: fraction at each of ``times``. ic50: free concentration (nM).
    """
    end, level = float(times[-1]), {p.inhibitor: p for p in levels}
    intervals = [
        ({"inhibitor": drug} if len(dosed) > 1 else {})
        | _interval(start, stop, level[drug], times, inhibition, ic50[drug])
        for drug in dosed
        for start, stop in _spans(regimen.of(drug), end)
    ]
    days = [
        {"day": n + 1, **_response(24.0 * n, min(24.0 * (n + 1), end), times, inhibition)}
        for n in range(math.ceil(end / 24 - 1e-9))
    ]
    return intervals, days


def _spans(regimen: Regimen, end: float) -> list[tuple[float, float]]:
    """The dosing intervals of one inhibitor up to the end; a single dose is followed to the end."""
    spans = regimen.intervals()
    if len(spans) == 1 and not regimen.steady:
        spans = [(spans[0][0], end)]
    return [(start, min(stop, end)) for start, stop in spans if start < end]


def distinct(times: Array) -> Array:
    """Increasing times, more than 1e-6 h apart."""
    ordered = np.unique(times)
    return ordered[np.concatenate(([True], np.diff(ordered) > 1e-6))]


def _interval(
    start: float, stop: float, level: PlasmaProfile, times: Array, inhibition: Array, ic50: float
) -> dict[str, float]:
    """One row: exposure and response from one dose to the next."""
    metrics = level.interval(start, stop)
    inside = (level.time >= start - 1e-9) & (level.time <= stop + 1e-9)
    return {
        "from (h)": start,
        "Cmax (ng/mL)": metrics["cmax"],
        "Cmin (ng/mL)": metrics["cmin"],
        "tmax (h)": metrics["tmax"],
        "AUC (ng h/mL)": metrics["auc"],
        "above IC50 (h)": float(time_above(level.time[inside], level.free[inside], ic50)),
        **_response(start, stop, times, inhibition),
    }


def _response(start: float, stop: float, times: Array, inhibition: Array) -> dict[str, float]:
    """Largest and average inhibition and the time above half, between two times."""
    inside = (times > start) & (times < stop)
    x = np.concatenate(([start], times[inside], [stop]))
    y = np.interp(x, times, inhibition)
    return {
        "max inhibition (%)": 100 * float(y.max()),
        "mean inhibition (%)": 100 * float(np.trapezoid(y, x)) / (stop - start),
        "above 50 % (h)": float(time_above(x, y, 0.5)),
    }
