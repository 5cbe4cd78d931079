"""How well a set of predictions agrees with its published values."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jakinib.evaluate.bands import Bands
from jakinib.evaluate.evidence import Prediction
from jakinib.fit.problem import Z90

SETS = ("calibration", "validation", "recalled")


@dataclass(frozen=True)
class Agreement:
    """Fold errors of one quantity over one set of rows. within_2: share of rows within 2-fold.

    coverage: share of published values inside their predictive interval (``predictive``); None, with the
    reason, when there are no bands.
    """

    quantity: str
    set: str
    rows: int
    gmfe: float
    worst: float
    within_2: float
    coverage: float | None
    method: str
    reason: str

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def predictive(low: float, high: float, middle: float, error: float) -> tuple[float, float]:
    """90 % interval of a published value: that of the prediction, widened by the stated assay error.

    On the ln scale the distance of each end from ``middle`` and 1.645 ln(error) add in quadrature; ``error``
    is one standard deviation as a factor, stated by the plan of the row.
    """
    noise = Z90 * math.log(error)
    down = math.hypot(math.log(middle / low), noise) if low < middle else noise
    up = math.hypot(math.log(high / middle), noise) if high > middle else noise
    return middle * math.exp(-down), middle * math.exp(up)


def covered(prediction: Prediction, key: str, bands: Bands) -> bool | None:
    """Whether the published value lies inside its predictive interval; None without bands."""
    interval = bands.interval(key)
    if interval.low is None or interval.high is None:
        return None
    middle = float(np.median(bands.values[key]))
    low, high = predictive(interval.low, interval.high, middle, prediction.error)
    return low <= prediction.published <= high


def agreements(cell: Iterable[Prediction], ec50: Iterable[Prediction], bands: Bands) -> list[Agreement]:
    """One line for each quantity and set that has rows."""
    out = []
    for quantity, prefix, rows in (("cell IC50", "cell", list(cell)), ("cytokine EC50", "ec50", list(ec50))):
        for name in SETS:
            mine = [p for p in rows if p.role == name]
            if not mine:
                continue
            folds = np.array([p.fold for p in mine])
            hits = [covered(p, f"{prefix} {p.row}", bands) for p in mine]
            known = [hit for hit in hits if hit is not None]
            key = f"{prefix} {mine[0].row}"
            out.append(
                Agreement(
                    quantity, name, len(mine),
                    float(np.exp(np.log(folds).mean())), float(folds.max()), float((folds <= 2).mean()),
                    sum(known) / len(known) if len(known) == len(mine) else None,
                    bands.method(key) if known else "",
                    bands.reason(key),
                )
            )  # fmt: skip
    return out
