"""Derivatives of what experiments say, from runs in lanes that take the steps of the run they differ from.

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

RTOL = 1e-7
NEAR = 1e-6  # difference in ln(parameter)

Values = Mapping[str, float]
Part = Callable[[Context], float]


class _NotMadeError(Exception):
    """A run that was not foreseen."""


class _Made(Context):
    """The models of another context, where all runs have been made."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.after, context.inhibitors, context.rtol)
        self.loaded, self.made = context.loaded, dict[Hashable, NDArray[np.float64]]()

    def result(self, asked: Asked) -> NDArray[np.float64]:
        if asked.key not in self.made:
            raise _NotMadeError
        return self.made[asked.key]

    def make(self, asked: Asked, values: Iterable[Values]) -> None:
        """A run, and those that differ from it as ``values`` differ; nothing where lanes cannot do it."""
        model, protocol = asked.model, asked.protocol
        written = {*asked.settings, *(name for step in protocol.steps for name in step.values)}
        if model.closed_form(asked.observables) or not written.isdisjoint(model.compartments):
            return
        lanes = Lanes.of(model, RTOL)
        if lanes.reason:
            return
        runs = {asked.key: asked}
        for other in values:
            self.values = other
            settings = {**self.starts(asked.spec, asked.inert), **protocol.settings}
            run = Asked(asked.spec, asked.inert, model, settings, protocol, asked.observables)
            runs.setdefault(run.key, run)
        found = lanes.run_many([run.whole for run in runs.values()], asked.observables, together=True)
        for key, values_read in zip(runs, found, strict=True):
            if not isinstance(values_read, SimulationError):
                self.made[key] = values_read

    def said(self, part: Part) -> float | None:
        """What a part says; None where it takes a run that was not made."""
        try:
            return part(self)
        except _NotMadeError:
            return None


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
    made = _Made(context)
    made.set(here)
    for run, numbers in wanted.values():
        made.make(run, [moved[i] for i in sorted(numbers)])
    if not made.made:
        return {}
    made.set(here)
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
