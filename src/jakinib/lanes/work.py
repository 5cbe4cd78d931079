"""Protocols as the arrays that the interpreter reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.lanes.equations import Equations
from jakinib.simulate import Protocol
from jakinib.simulate.engine import TINY


class Run:
    """One run: ``settings`` from the start on, with the starts that follow; what is written at its stops."""

    def __init__(self, protocol: Protocol, settings: Mapping[str, float]) -> None:
        self.settings, self.start = settings, protocol.start
        self.times = np.asarray(protocol.times, dtype=float)
        self.end = float(self.times[-1])
        # What is read last is read before what acts then, so nothing acts at the end.
        self.stops = [(step.time, step.values) for step in protocol.steps if step.time < self.end - TINY]

    def changed(self, time: float) -> dict[str, float]:
        """Values written until a time."""
        out = {name: float(value) for name, value in self.settings.items()}
        for at, values in self.stops:
            out |= {name: float(value) for name, value in values.items() if at <= time}
        return out


def arrays(equations: Equations, runs: Sequence[Run]) -> dict[str, NDArray[Any]]:
    """The runs by the names of lanes.c."""
    places, size = equations.places, len(equations.states)
    values = np.tile(np.array([*equations.start, *equations.parameters.values()]), (len(runs), 1))
    for row, run in zip(values, runs, strict=True):
        for name, value in run.settings.items():
            row[places[name]] = value
    stops = [stop for run in runs for stop in (*run.stops, (run.end, {}))]
    written = [(places[name], value) for _, sets in stops for name, value in sets.items()]
    return {
        "atol": np.array(equations.atol, float),
        "state": np.ascontiguousarray(values[:, :size]),
        "parameter": np.ascontiguousarray(values[:, size:]),
        "start": np.array([run.start for run in runs], float),
        "stop_time": np.array([time for time, _ in stops], float),
        "set_value": np.array([value for _, value in written], float),
        "set_slot": np.array([slot for slot, _ in written], np.int32),
        "read_time": np.concatenate([run.times for run in runs]),
        "first_stop": _firsts(len(run.stops) + 1 for run in runs),
        "first_set": _firsts(len(sets) for _, sets in stops),
        "first_read": _firsts(len(run.times) for run in runs),
    }


def row_arrays(
    equations: Equations, values: Mapping[str, Any], count: int, time: float
) -> dict[str, NDArray[Any]]:
    """Runs from 0 to ``time``, read there; values: of each symbol one number, or one a run."""
    places, size = equations.places, len(equations.states)
    whole = np.tile(np.array([*equations.start, *equations.parameters.values()]), (count, 1))
    for name, value in values.items():
        whole[:, places[name]] = value
    ones, ends = np.arange(count + 1, dtype=np.int64), np.full(count, float(time))
    return {
        "atol": np.array(equations.atol, float),
        "state": np.ascontiguousarray(whole[:, :size]),
        "parameter": np.ascontiguousarray(whole[:, size:]),
        "start": np.zeros(count),
        "stop_time": ends,
        "set_value": np.zeros(0),
        "set_slot": np.zeros(0, np.int32),
        "read_time": ends,
        "first_stop": ones,
        "first_set": np.zeros(count + 1, np.int64),
        "first_read": ones,
    }


def _firsts(counts: Any) -> NDArray[np.int64]:
    return np.array([0, *accumulate(counts)], np.int64)
