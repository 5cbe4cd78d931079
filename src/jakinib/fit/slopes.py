"""Runs of a fit that are made ahead in lanes, and derivatives from those that share their steps.

Steps that are shared make what is computed one smooth function of the parameters. Its differences lack the
noise of integrations that choose their own steps, so they can be smaller, and the tolerance coarser, than
those of separate runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.fit.context import Asked, Context
from jakinib.lanes import Lanes

RTOL = 1e-7  # of runs that share their steps
NEAR = 1e-6  # difference in ln(parameter)
LOOSER = 10.0  # tolerance of other runs over that of the fit: as exact as separate ones at the latter

Values = Mapping[str, float]
Part = Callable[[Context], float]


class _NotMadeError(Exception):
    """A run that was not foreseen."""


class Made(Context):
    """The models of another context with values of their own, where runs are made ahead, in lanes.

    What lanes cannot do is not made: runs that are solved in closed form, that write the size of a
    compartment, or of a model that lanes do not take.
    """

    def __init__(self, context: Context, values: Values) -> None:
        super().__init__(context.after, context.inhibitors, context.rtol)
        self.loaded, self.made = context.loaded, dict[Hashable, NDArray[np.float64]]()
        self.set(values)

    def result(self, asked: Asked) -> NDArray[np.float64]:
        if asked.key not in self.made:
            raise _NotMadeError
        self.asked.append(asked)
        return self.made[asked.key]

    def said(self, part: Part) -> float | None:
        """What a part says; None where it takes a run that was not made."""
        try:
            return part(self)
        except _NotMadeError:
            return None

    def here(self, asked: Asked) -> Asked:
        """The same run under these values."""
        settings = {**self.starts(asked.spec, asked.inert), **asked.protocol.settings}
        return Asked(asked.spec, asked.inert, asked.model, settings, asked.protocol, asked.observables)

    def make(self, asked: Iterable[Asked]) -> None:
        """These runs under these values, those of one model side by side."""
        alike: dict[Hashable, dict[Hashable, Asked]] = {}
        for run in map(self.here, asked):
            alike.setdefault((run.model, run.observables), {})[run.key] = run
        for runs in alike.values():
            self._make(runs, LOOSER * self.rtol, together=False)

    def make_near(self, asked: Asked, others: Iterable[Values]) -> None:
        """A run, and those that differ from it as ``others`` do from these values."""
        runs, values = {asked.key: asked}, self.values
        for self.values in others:
            run = self.here(asked)
            runs.setdefault(run.key, run)
        self.values = values
        self._make(runs, RTOL, together=True)

    def _make(self, runs: Mapping[Hashable, Asked], rtol: float, together: bool) -> None:
        """Runs of one model; together: they share the steps of the first one."""
        model, observables = (first := next(iter(runs.values()))).model, first.observables
        if model.closed_form(observables):
            return
        lanes = Lanes.of(model, rtol)
        written = {name for run in runs.values() for name in run.written}
        if lanes.reason or not written.isdisjoint(model.compartments):
            return
        wholes = [run.whole for run in runs.values()]
        for key, found in zip(runs, lanes.run_many(wholes, observables, together=together), strict=True):
            if not isinstance(found, SimulationError):
                self.made[key] = found


def slopes(
    context: Context,
    parts: Sequence[Part],
    asked: Sequence[Iterable[Asked]],
    moving: Sequence[Collection[int]],
    here: Values,
    names: Sequence[Collection[str]],
) -> dict[tuple[int, int], float]:
    """Derivative of each part by the logarithm of each parameter that moves it, by both their numbers.

    asked: the runs of each part ``here``. moving: the parameters of each part. names: those under which
    ``here`` holds each parameter. What cannot be found from runs in lanes is left out.
    """
    wanted: dict[Hashable, tuple[Asked, dict[int, None]]] = {}
    for runs, numbers in zip(asked, moving, strict=True):
        for run in runs:
            wanted.setdefault(run.key, (run, {}))[1].update(dict.fromkeys(numbers))
    grown = math.exp(NEAR)
    moved = [{**here, **{name: grown * here[name] for name in known}} for known in names]
    made = Made(context, here)
    for run, numbers in wanted.values():
        made.make_near(run, [moved[i] for i in sorted(numbers)])
    if not made.made:
        return {}
    before = [made.said(part) for part in parts]
    out: dict[tuple[int, int], float] = {}
    for i, values in enumerate(moved):
        made.set(values)
        for row, (part, first) in enumerate(zip(parts, before, strict=True)):
            if i not in moving[row] or first is None:
                continue
            then = made.said(part)
            if then is not None:
                out[row, i] = (then - first) / NEAR
    return out
