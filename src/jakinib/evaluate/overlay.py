"""A model with the parameters of one draw, and shortcuts for running many draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.assay import CellAssay, Curve
from jakinib.fit.targets import Context
from jakinib.simulate import Model, Protocol

Array = NDArray[np.float64]
LOWEST, HIGHEST, POINTS = 0.05, 1000.0, 26  # free nM: the range and number of points of ``inhibition_law``


@dataclass(frozen=True)
class Overlaid:
    """A model whose runs start from ``settings``; what a protocol sets itself goes before."""

    model: Model
    settings: Mapping[str, float]

    @classmethod
    def of(cls, model: Model, draw: Mapping[str, float], scope: str) -> Overlaid:
        """With the symbols of a draw that this model has; those of another scope are left out."""
        context = Context((), ())
        context.set(draw)
        return cls(model, context.settings(model, scope))

    def run(self, protocol: Protocol, observables: Sequence[str]) -> Array:
        """As ``Model.run``."""
        settings = {**self.settings, **protocol.settings}
        return self.model.run(replace(protocol, settings=settings), observables)

    def initial(self, symbol: str) -> float:
        """As ``Model.initial``, with the draw set."""
        return self.settings.get(symbol, self.model.initial(symbol))


def ic50_near(curve: Curve, guess: float) -> float:
    """IC50 of a curve by secant steps from a value nearby (relative error 1e-5); else by its own search."""
    from scipy.optimize import root_scalar

    def logit(ln: float) -> float:
        share = min(max(curve.inhibition(math.exp(ln)), 1e-12), 1 - 1e-12)
        return math.log(share / (1 - share))

    start = math.log(guess)
    step = min(max(-logit(start), -2.0), 2.0)
    if abs(step) < 1e-6:
        return guess
    found = root_scalar(logit, x0=start, x1=start + step, method="secant", xtol=1e-5, maxiter=12)
    if found.converged and abs(found.root - start) < 6:
        return math.exp(found.root)
    return curve.ic50


def inhibition_law(conditions: CellAssay, model: Model) -> Callable[[Array], Array]:
    """Inhibition as a function of the free concentration (nM), monotone cubic in ln(concentration)."""
    from scipy.interpolate import PchipInterpolator

    top = conditions.uninhibited(model)
    shift = np.geomspace(LOWEST, HIGHEST + LOWEST, POINTS)
    inhibited = [1 - conditions.response(float(free), model) / top for free in shift - LOWEST]
    law = PchipInterpolator(np.log(shift), inhibited)
    return lambda free: np.asarray(law(np.log(np.maximum(free, 0.0) + LOWEST)))
