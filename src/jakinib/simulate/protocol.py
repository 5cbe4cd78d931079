"""What is done to a model: values set at given times, observables read at given times."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import checked
from jakinib.errors import InputError

Array = NDArray[np.float64]


@checked
@dataclass(frozen=True)
class Step:
    """From ``time`` (h) on, the named symbols have these values (model units).

    >>> import jakinib as jk
    >>> jk.Step(0.5, {"L_IL6": 0.0}).values["L_IL6"]
    0.0
    """

    time: float
    values: Mapping[str, float]


@checked
@dataclass(frozen=True)
class Protocol:
    """A timed list of settings and the times at which observables are read.

    times: hours, increasing; a time that falls on a step is read just before the step acts.
    start: hours, where the run begins. settings: values from the start on.

    >>> import jakinib as jk
    >>> washed = jk.Protocol([0.25, 1.0], {"L_IL6": 2.4}, [jk.Step(0.5, {"L_IL6": 0.0})])
    >>> washed.steps[0].time
    0.5
    """

    times: Sequence[float] | NDArray[np.float64]
    settings: Mapping[str, float] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    start: float = 0.0

    def __post_init__(self) -> None:
        if len(self.times) == 0:
            raise InputError("protocol: times is empty; give at least one time to read at")
        if not math.isfinite(self.start):
            raise InputError(f"protocol: start is {self.start:g} h; give a finite number")
        times = np.asarray(self.times, dtype=float)
        before = np.concatenate(([np.nextafter(self.start, -math.inf)], times[:-1]))
        wrong = ~(np.isfinite(times) & (times > before))
        for time in times[wrong][:1].tolist():
            raise InputError(
                f"protocol: time {time:g} h; need finite, increasing times from {self.start:g} h on"
            )
        previous = self.start
        for step in self.steps:
            if not math.isfinite(step.time) or step.time < previous:
                raise InputError(
                    f"protocol: step at {step.time:g} h; keep steps in order and not before {self.start:g} h"
                )
            previous = step.time
        for values in (self.settings, *(step.values for step in self.steps)):
            for symbol, value in values.items():
                if not math.isfinite(value):
                    raise InputError(f"protocol: {symbol} = {value}; give a finite number")

    def under(self, settings: Mapping[str, float]) -> Protocol:
        """The same with other settings, known to be finite: nothing is checked again.

        >>> import jakinib as jk
        >>> jk.Protocol([1.0], {"L_IL6": 2.4}).under({"L_IL6": 1.2}).settings
        {'L_IL6': 1.2}
        """
        other = copy.copy(self)
        object.__setattr__(other, "settings", settings)
        return other


@dataclass(frozen=True)
class Protocols:
    """Protocols of runs that differ in numbers alone, such as those of patients under one regimen.

    times: hours at which each run is read, shape (times, runs), not decreasing; what is read twice is
    returned twice. settings: values from time 0 on, a number, or one a run. edges: hours, (edges, runs), not
    decreasing. values: by symbol, (edges, runs), what holds from each edge on.
    """

    times: Array
    settings: Mapping[str, float | Array] = field(default_factory=dict)
    edges: Array = field(default_factory=lambda: np.zeros((0, 1)))
    values: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.times.shape[1]

    def __post_init__(self) -> None:
        for name, value in (*self.settings.items(), *self.values.items()):
            if not np.isfinite(value).all():
                raise InputError(f"protocols: {name} is not finite; give finite numbers")

    def __getitem__(self, number: int) -> Protocol:
        """One of them; its times are read once each."""
        settings = {
            name: float(np.broadcast_to(value, (len(self),))[number]) for name, value in self.settings.items()
        }
        edges = self.edges[:, number].tolist() if self.values else []
        steps = [
            Step(time, {name: float(values[k, number]) for name, values in self.values.items()})
            for k, time in enumerate(edges)
        ]
        return Protocol(np.unique(self.times[:, number]), settings, steps)
