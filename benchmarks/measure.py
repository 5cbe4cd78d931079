"""Timing on a noisy machine: medians over interleaved rounds, shown with their quartiles."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

Clock = Callable[[], float]


@dataclass(frozen=True)
class Measurement:
    """One figure: its median and quartiles, in ``unit``, and the target it is held against."""

    name: str
    median: float
    low: float
    high: float
    unit: str
    rounds: int
    target: float | None = None

    @classmethod
    def of(cls, name: str, values: list[float], unit: str, target: float | None = None) -> Measurement:
        low, median, high = statistics.quantiles(values, n=4) if len(values) > 1 else 3 * values
        return cls(name, median, low, high, unit, len(values), target)

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        return "within" if self.median < self.target else "above"

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"verdict": self.verdict}


def rounds(
    functions: Mapping[str, Callable[[], object]],
    number: int,
    warm: int = 1,
    clock: Clock = time.process_time,
) -> dict[str, list[float]]:
    """Seconds of each function in each round; taking turns, so that all see the same noise.

    clock: processor time of this process, which other programs do not lengthen much, or wall time.
    """
    out: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(warm + number):
        for name, function in functions.items():
            begin = clock()
            function()
            if turn >= warm:
                out[name].append(clock() - begin)
    return out


def timed(
    name: str, function: Callable[[], object], number: int, target: float | None = None, warm: int = 1
) -> Measurement:
    """Milliseconds of one function."""
    seconds = rounds({name: function}, number, warm)[name]
    return Measurement.of(name, [1e3 * s for s in seconds], "ms", target)
