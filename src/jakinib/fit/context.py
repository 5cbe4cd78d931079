"""The models of a fit: on top of earlier plans, with the parameters of this evaluation, each run kept."""

from __future__ import annotations

import functools
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
KEPT = 256  # runs, before an evaluation

Runs = dict[Hashable, NDArray[np.float64]]


@dataclass(frozen=True)
class Asked:
    """A run that an experiment asks for.

    spec, inert: what was asked of ``Context.model``. settings: all that the run starts from, those of
    ``protocol`` among them.
    """

    spec: ModelSpec
    inert: tuple[str, ...]
    model: Model
    settings: Mapping[str, float]
    protocol: Protocol
    observables: tuple[str, ...]

    @functools.cached_property
    def key(self) -> Hashable:
        """Equal for runs that give the same."""
        protocol = self.protocol
        steps = tuple((step.time, *step.values.items()) for step in protocol.steps)
        return (self.model.sha256, self.model.rtol, tuple(self.settings.items()), steps, protocol.start,
                np.asarray(protocol.times, dtype=float).tobytes(), self.observables)  # fmt: skip

    @property
    def written(self) -> set[str]:
        """Symbols that are set, at the start or later."""
        return {*self.settings, *(name for step in self.protocol.steps for name in step.values)}

    @property
    def whole(self) -> Protocol:
        """The protocol with all settings, which are those of a point within the bounds of the plan."""
        return self.protocol.under(self.settings)


class Context(Models):
    """What the experiments of a plan share during a fit.

    after: earlier plans, whose estimates overlay the library. inhibitors: those of all rows; signalling
    models know them all, so that rows of different inhibitors share a model and its uninhibited runs.
    asked: the runs that were asked for since the values were set. in_lanes: whether the fit makes runs ahead,
    side by side, where it can.
    """

    in_lanes = True

    def __init__(self, after: tuple[str, ...], inhibitors: tuple[str, ...], rtol: float = FIT_RTOL) -> None:
        super().__init__(rtol=rtol)
        self.after, self.inhibitors = after, inhibitors
        self.asked: list[Asked] = []
        self._runs: Runs = {}
        self._kept: Runs = {}
        self._models: dict[tuple[ModelSpec, tuple[str, ...]], Remembering] = {}
        self._names: dict[tuple[ModelSpec, tuple[str, ...]], dict[str, str]] = {}

    def resolved(self, spec: ModelSpec) -> ModelSpec:
        given = spec.inhibitors if spec.name != "cytokine_signalling" else self.inhibitors
        return replace(spec, inhibitors=given, calibrated=self.after).resolved(get_library())

    def compiled(self, spec: ModelSpec) -> Model:
        return self._model(spec)

    def set(self, theta: Mapping[str, float]) -> None:
        """New parameter values (model units); forgets what was simulated with the old ones."""
        if self.values.keys() != theta.keys():
            self._names.clear()
        self.values = theta
        self._known.clear()
        self._runs.clear()
        self._models.clear()
        if len(self._kept) > KEPT:
            self._kept.clear()
        self.asked.clear()

    def number(self, name: str, where: str = "", otherwise: float | None = None) -> float:
        if name not in self.values and otherwise is not None:
            return otherwise
        if name not in self.values:
            raise PlanError(
                f"{where}: the plan has no parameter '{name}'; add it, with scope nuisance if in no model"
            )
        return self.values[name]

    def model(self, spec: ModelSpec, inert: tuple[str, ...] = ()) -> Runnable:
        if (spec, inert) not in self._models:
            settings = self.starts(spec, inert)
            self._models[spec, inert] = Remembering(self, spec, inert, self.compiled(spec), settings)
        return self._models[spec, inert]

    def starts(self, spec: ModelSpec, inert: tuple[str, ...]) -> dict[str, float]:
        """Values of the symbols of a model; which names they have is found once."""
        if (spec, inert) not in self._names:
            self._names[spec, inert] = self.names(self.compiled(spec).settable, scope_of(spec), inert)
        values = self.values
        return {symbol: values[name] for symbol, name in self._names[spec, inert].items()}

    def result(self, asked: Asked) -> NDArray[np.float64]:
        """What a run gives; it is made once."""
        self.asked.append(asked)
        # Values that change nothing are not set: such runs are kept over evaluations, others for this one.
        runs = self._kept if asked.inert else self._runs
        if asked.key not in runs:
            runs[asked.key] = asked.model.run(asked.whole, asked.observables)
        return runs[asked.key]


@dataclass(frozen=True)
class Remembering:
    """A model with the parameters of an evaluation that repeats no run."""

    context: Context
    spec: ModelSpec
    inert: tuple[str, ...]
    model: Model
    settings: Mapping[str, float]

    @property
    def settable(self) -> Collection[str]:
        return self.model.settable

    def run(self, protocol: Protocol, observables: Sequence[str]) -> NDArray[np.float64]:
        settings = {**self.settings, **protocol.settings}
        asked = Asked(self.spec, self.inert, self.model, settings, protocol, tuple(observables))
        return self.context.result(asked)

    def initial(self, symbol: str) -> float:
        return self.settings[symbol] if symbol in self.settings else self.model.initial(symbol)

    def unit(self, symbol: str) -> str:
        return self.model.unit(symbol)
