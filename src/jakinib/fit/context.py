"""The models of a fit: on top of earlier plans, with the parameters of this evaluation, each run kept."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.models import Models, scope_of
from jakinib.library import get_library
from jakinib.simulate import Model, Protocol, Runnable

FIT_RTOL = 1e-10
KEPT = 256  # runs

Runs = dict[Hashable, NDArray[np.float64]]


class Context(Models):
    """What the experiments of a plan share during a fit.

    after: earlier plans, whose estimates overlay the library. inhibitors: those of all rows; signalling
    models know them all, so that rows of different inhibitors share a model and its uninhibited runs.
    """

    def __init__(self, after: tuple[str, ...], inhibitors: tuple[str, ...], rtol: float = FIT_RTOL) -> None:
        super().__init__(rtol=rtol)
        self.after, self.inhibitors = after, inhibitors
        self._runs: Runs = {}
        self._kept: Runs = {}

    def resolved(self, spec: ModelSpec) -> ModelSpec:
        given = spec.inhibitors if spec.name != "cytokine_signalling" else self.inhibitors
        return replace(spec, inhibitors=given, calibrated=self.after).resolved(get_library())

    def compiled(self, spec: ModelSpec) -> Model:
        return self._model(spec)

    def set(self, theta: Mapping[str, float]) -> None:
        """New parameter values (model units); forgets what was simulated with the old ones."""
        self.values = theta
        self._known.clear()
        self._runs.clear()

    def number(self, name: str, where: str = "", otherwise: float | None = None) -> float:
        if name not in self.values and otherwise is not None:
            return otherwise
        if name not in self.values:
            raise PlanError(
                f"{where}: the plan has no parameter '{name}'; add it, with scope nuisance if in no model"
            )
        return self.values[name]

    def model(self, spec: ModelSpec, inert: tuple[str, ...] = ()) -> Runnable:
        model = self.compiled(spec)
        settings = self.settings(model.settable, scope_of(spec), inert)
        # Values that change nothing are not set: such runs are kept over evaluations, others for this one.
        return Remembering(model, settings, self._kept if inert else self._runs)


@dataclass(frozen=True)
class Remembering:
    """A model with the parameters of an evaluation that repeats no run."""

    model: Model
    settings: Mapping[str, float]
    runs: Runs

    @property
    def settable(self) -> Collection[str]:
        return self.model.settable

    def run(self, protocol: Protocol, observables: Sequence[str]) -> NDArray[np.float64]:
        settings = {**self.settings, **protocol.settings}
        steps = tuple((step.time, *step.values.items()) for step in protocol.steps)
        key = (self.model.sha256, self.model.rtol, tuple(settings.items()), steps, protocol.start,
               np.asarray(protocol.times, dtype=float).tobytes(), tuple(observables))  # fmt: skip
        if key not in self.runs:
            if len(self.runs) >= KEPT:
                self.runs.clear()
            self.runs[key] = self.model.run(replace(protocol, settings=settings), observables)
        return self.runs[key]

    def initial(self, symbol: str) -> float:
        return self.settings[symbol] if symbol in self.settings else self.model.initial(symbol)

    def unit(self, symbol: str) -> str:
        return self.model.unit(symbol)
