"""Inhibition of a read-out in every draw of the parameters, all runs made side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jakinib import cache
from jakinib.assay import CellAssay
from jakinib.assay.curve import NO_SIGNAL
from jakinib.assay.inhibition import concentrations, law_through
from jakinib.errors import SimulationError
from jakinib.experiments import Models
from jakinib.lanes import Lanes, identity
from jakinib.simulate import Model, Protocol

Array = NDArray[np.float64]
Draws = Sequence[Mapping[str, float]]
Law = Callable[[Array], Array]


def inhibitions(
    levels: Sequence[Mapping[str, Array]], conditions: CellAssay, model: Model, draws: Draws
) -> Array:
    """Inhibition (fraction) at the levels of each draw; shape (draws, levels).

    levels: for each draw the free concentrations (nM) by inhibitor, which act together. draws: parameters in
    place of the estimates, by symbol (or symbol@cell). What several draws give is kept for the next process.
    Raises SimulationError when a run fails, or a draw gives no signal to inhibit.
    """

    def make() -> Array:
        return _simulated(levels, conditions, model, draws)

    if len(draws) < 2:  # a step of a search, which nobody asks for again
        return make()
    at = hashlib.sha256()
    for free in levels:
        for name, level in free.items():
            at.update(f"{name} {len(level)}\n".encode() + np.asarray(level, dtype=float).tobytes())
    return cache.kept("intervals", f"{follows_from(conditions, model, draws)}\n{at.hexdigest()}", make)


def follows_from(conditions: CellAssay, model: Model, draws: Draws) -> str:
    """All that a read-out of an assay in every draw follows from, but for the concentrations."""
    drawn = hashlib.sha256(repr([dict(draw) for draw in draws]).encode()).hexdigest()
    plan, how = conditions.protocol(0.0), (model.sha256, model.tolerances, identity())
    return "\n".join(map(repr, (conditions, plan, conditions.free, conditions.observable, how, drawn)))


def _simulated(
    levels: Sequence[Mapping[str, Array]], conditions: CellAssay, model: Model, draws: Draws
) -> Array:
    asked: list[Protocol] = []
    for free, draw in zip(levels, draws, strict=True):
        own = Models(draw).settings(model.settable, conditions.cell)
        for present in ({}, *(dict(zip(free, at, strict=True)) for at in zip(*free.values(), strict=True))):
            plan = conditions.protocol(0.0)
            doses = {f"I_{name}": float(level) for name, level in present.items()}
            asked.append(replace(plan, settings={**own, **plan.settings, **doses}))
    found = []
    for run in Lanes.of(model).run_many(asked, [conditions.observable]):
        if isinstance(run, SimulationError):
            raise run
        found.append(run[0, 0])
    signal = np.array(found).reshape(len(draws), -1)
    if (signal[:, 0] <= NO_SIGNAL).any():
        raise SimulationError(f"{conditions.label}: a draw of the parameters gives no signal to inhibit")
    return 1 - signal[:, 1:] / signal[:, :1]


def laws(conditions: CellAssay, model: Model, draws: Draws, low: float, high: float) -> list[Law]:
    """Inhibition (fraction) by free concentration (nM) in each draw, known between two concentrations."""
    at = concentrations(low, high)
    shares = inhibitions([{conditions.inhibitor: at}] * len(draws), conditions, model, draws)
    return [law_through(row, low, high) for row in shares]
