"""What every target shares: the context of a fit, the interface, and the registry of types."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, TypeVar

import numpy as np

from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.fit.data import DataSet, Measurement
from jakinib.library import get_library
from jakinib.library.plugins import objects
from jakinib.simulate import Model, Protocol
from jakinib.simulate.models import from_spec

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan

FIT_RTOL = 1e-10
KEPT = 256  # runs
ENTRY_POINTS = "jakinib.targets"


@dataclass
class Context:
    """What targets share during a fit: models on top of earlier plans, and values of this evaluation."""

    after: tuple[str, ...]
    inhibitors: tuple[str, ...]
    populations: Mapping[str, str] = field(default_factory=dict)
    rtol: float = FIT_RTOL
    theta: Mapping[str, float] = field(default_factory=dict)
    _cache: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict)
    cells: Mapping[str, str] = field(default_factory=dict)
    _kept: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict)

    def signalling(self, cytokine: str, cell: str) -> ModelSpec:
        """The single-cytokine model all inhibitors of the plan share."""
        spec = ModelSpec(
            "cytokine_signalling", (cytokine,), self.inhibitors, cell=cell, calibrated=self.after
        )
        return spec.resolved(get_library())

    def population(self, row: Measurement) -> str:
        """Library population of a data row; raises PlanError when the plan maps none."""
        if row.population not in self.populations:
            raise PlanError(
                f"{row.id}: the plan maps no population for '{row.population}'; add it under populations"
            )
        return self.populations[row.population]

    def cell(self, row: Measurement) -> str:
        """Library cell of a data row: the one the plan maps its cell to, else the cell of that name."""
        return get_library().cell(self.cells.get(row.cell, row.cell)).id

    def pk(self, inhibitor: str, population: str) -> ModelSpec:
        """The oral disposition of one inhibitor in one population."""
        spec = ModelSpec("oral_pk", (), (inhibitor,), population=population, calibrated=self.after)
        return spec.resolved(get_library())

    def model(self, spec: ModelSpec) -> Model:
        """The compiled model of a spec at the tolerance of the fit."""
        return from_spec(spec, self.rtol)

    def set(self, theta: Mapping[str, float]) -> None:
        """New parameter values (model units); forgets what was simulated with the old ones."""
        self.theta = theta
        self._cache.clear()

    def settings(self, model: Model, scope: str) -> dict[str, float]:
        """Free parameters this model has, general ones and those of ``scope`` (a cell or population)."""
        out = {}
        settable = set(model.settable)
        for name, value in self.theta.items():
            symbol, _, only = name.partition("@")
            if only and only != scope:
                continue
            if symbol in settable:
                out[symbol] = value
        return out

    def run(
        self, key: tuple[object, ...], model: Model, protocol: Protocol, observables: list[str]
    ) -> np.ndarray:
        """Simulate once per evaluation for each ``key``."""
        if key not in self._cache:
            self._cache[key] = model.run(protocol, observables)
        return self._cache[key]

    def keep(
        self, key: tuple[object, ...], model: Model, protocol: Protocol, observables: list[str]
    ) -> np.ndarray:
        """As ``run``, and remember it over evaluations: ``key`` holds every value the run depends on."""
        key = (model.sha256, model.rtol, *key)
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = model.run(protocol, observables)
        return self._kept[key]


class Target:
    """A published number, able to say how far the model is from it.

    A type of its own names the quantities it reads and gives ``spec`` and ``distance``; it becomes known by
    ``register_target``, or by the entry point group ``jakinib.targets`` of an installed package.
    A bound (qualifier > or <) counts only while the model violates it.
    """

    quantities: ClassVar[tuple[str, ...]] = ()
    log: ClassVar[bool] = True  # distance is ln(model / published), so rows can be compared with each other
    scope: str = ""  # cell or population whose own parameters (symbol@scope) apply

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        self.row, self._plan = row, plan

    @functools.cached_property
    def sigma(self) -> float:
        """One standard deviation of ``distance``: ln of the plan's error factor of this quantity."""
        try:
            return math.log(self._plan.errors[self.row.quantity])
        except KeyError:
            raise PlanError(
                f"plan {self._plan.id}: no error factor for '{self.row.quantity}' ({self.row.id}); "
                "add it under errors"
            ) from None

    @classmethod
    def needs(cls, row: Measurement) -> tuple[str, ...]:
        """Ids of other rows this row is about."""
        return ()

    def spec(self, context: Context) -> ModelSpec | None:
        """The model this target simulates; None when it needs none."""
        raise NotImplementedError

    def specs(self, context: Context) -> set[ModelSpec]:
        """Every model this target simulates."""
        return {spec} if (spec := self.spec(context)) else set()

    def touches(self, context: Context) -> set[str]:
        """Symbols this target depends on: other parameters leave it unchanged."""
        spec = self.spec(context)
        symbols = () if spec is None else context.model(spec).settable
        return {*symbols, *(f"{symbol}@{self.scope}" for symbol in symbols)}

    def nuisances(self) -> dict[str, str]:
        """Unit (pint) of each symbol this target reads that no model has, such as the scale of a signal."""
        return {}

    def distance(self, context: Context) -> float:
        """Model against published on a scale without units, 0 when equal, positive when the model is higher.

        Raises SimulationError when the run fails.
        """
        raise NotImplementedError

    def residual(self, context: Context) -> float:
        """Distance in standard deviations; 0 while a bound holds."""
        return one_sided(self.distance(context), self.row.qualifier) / self.sigma


def one_sided(distance: float, qualifier: str) -> float:
    """``distance`` itself; for a published bound only the part that violates it."""
    if qualifier == ">":
        return min(distance, 0.0)
    return max(distance, 0.0) if qualifier == "<" else distance


def logit(share: float) -> float:
    """ln(share / (1 - share)) held at 1e-9 from 0 and 1: feedback can lift a signal above its top."""
    share = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(share / (1 - share))


# Registry -----------------------------------------------------------------------------------------------

T = TypeVar("T", bound=type[Target])
_TYPES: dict[str, type[Target]] = {}


def register_target(kind: T) -> T:
    """Make a target type known to plans; returns it, so it also serves as a class decorator.

    Call it at module level: the worker processes of a fit import the calling script again.
    Raises PlanError for a class that is no Target, names no quantity, or names one another type reads.
    """
    if not (isinstance(kind, type) and issubclass(kind, Target)):
        raise PlanError(f"target type {kind!r}: subclass jakinib.fit.Target")
    if not kind.quantities:
        raise PlanError(f"target type {kind.__name__}: name what it reads in quantities")
    for quantity in kind.quantities:
        known = _TYPES.get(quantity, kind)
        if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
            raise PlanError(
                f"target type {kind.__name__}: {known.__name__} already reads '{quantity}'; "
                "choose another name for the quantity"
            )
    _TYPES.update(dict.fromkeys(kind.quantities, kind))
    return kind


@functools.cache
def _load_entry_points() -> None:
    for _, kind in objects(ENTRY_POINTS):
        register_target(kind)


def target_types() -> dict[str, type[Target]]:
    """The type that reads each quantity, those of installed packages included."""
    _load_entry_points()
    return dict(_TYPES)


def target_type(row: Measurement, data: DataSet, where: str) -> type[Target]:
    """The type that reads a row; raises PlanError with the row's file and line when there is none."""
    types = target_types()
    if row.quantity not in types:
        raise PlanError(
            f"{where}: {row.id} ({data.place(row.id)}, column quantity) is '{row.quantity}', which no target "
            f"type reads; known: {', '.join(sorted(types))}"
        )
    return types[row.quantity]
