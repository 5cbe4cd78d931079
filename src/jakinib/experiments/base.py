"""What every experiment is: a published row, what is done to which model, and what is read.

A kind of evidence of one's own subclasses ``Experiment`` and is passed to ``register``; an installed package
offers it under the entry point group ``jakinib.experiments``.
"""

from __future__ import annotations

import functools
import math
import typing
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.curve import logit
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.models import Models
from jakinib.experiments.petab import NotExpressedError, Place, Writer
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.library.plugins import objects
from jakinib.units import factor

ENTRY_POINTS = ("jakinib.experiments", "jakinib.targets")  # the second is the name of earlier releases
NOT_CONDITIONS = {"id", "qualifier", "value", "low", "high", "spread", "spread_type", "n", "set", "status",
                  "location", "note"}  # fmt: skip


class Choices(typing.Protocol):
    """What a plan or a criterion adds to its rows; ``jakinib.fit.Plan`` is one.

    populations and cells map what a row names to a library population or cell. errors: one standard
    deviation of each quantity, as a factor. offsets_of: symbols of the factors that a row shares with others.
    """

    @property
    def id(self) -> str: ...
    @property
    def populations(self) -> Mapping[str, str]: ...
    @property
    def cells(self) -> Mapping[str, str]: ...
    @property
    def errors(self) -> Mapping[str, float]: ...
    def offsets_of(self, row: Measurement, data: DataSet) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Chosen:
    """Choices outside a plan."""

    id: str = ""
    populations: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    plan: Choices | None = None  # whose offsets apply

    def offsets_of(self, row: Measurement, data: DataSet) -> tuple[str, ...]:
        return () if self.plan is None else self.plan.offsets_of(row, data)


@dataclass(frozen=True)
class Trace:
    """What a person would look at: y over x, with units in the labels, and the published point.

    published: (x, y); None where the row says nothing that can be drawn. logarithmic: the x axis.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    x_label: str
    y_label: str
    published: tuple[float, float] | None = None
    logarithmic: bool = False


class Experiment:
    """A published number, able to say what a model makes of it.

    A kind of its own names the ``quantities`` it reads and gives ``specs``, ``predicted`` and ``curve``; the
    rest follows. ``distance`` and ``petab`` are given where the default does not serve.
    unit: of ``predicted``. log: ``distance`` is ln(model / published), so rows can be compared as ratios.
    paired, onset, daily_doses: what ``petab`` needs of its model (see ``jakinib.experiments.petab``).
    not_in_petab: why PEtab v1 holds no row of this kind, where it never can. patients: whether it reads the
    column patient.
    """

    quantities: ClassVar[tuple[str, ...]] = ()
    unit: str = "dimensionless"
    log: ClassVar[bool] = True
    paired: ClassVar[bool] = False
    onset: ClassVar[bool] = False
    not_in_petab: ClassVar[str] = ""
    patients: ClassVar[bool] = False
    daily_doses: bool = False
    scope: str = ""  # cell or population whose own parameters (symbol@scope) apply

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        self.row, self.choices = row, choices
        self.offsets = choices.offsets_of(row, data)

    @functools.cached_property
    def key(self) -> Hashable:
        """Equal for experiments of the same kind under the same conditions."""
        conditions = self.row.model_dump(exclude=NOT_CONDITIONS, exclude_defaults=True)
        return type(self).__name__, self.scope, *sorted(conditions.items())

    @functools.cached_property
    def sigma(self) -> float:
        """One standard deviation of ``distance``: ln of the error factor chosen for this quantity."""
        try:
            return math.log(self.choices.errors[self.row.quantity])
        except KeyError:
            raise PlanError(
                f"plan {self.choices.id}: no error factor for '{self.row.quantity}' ({self.row.id}); "
                "add it under errors"
            ) from None

    @functools.cached_property
    def published(self) -> float:
        """The published number in ``unit``."""
        return self.row.to(self.unit)

    @classmethod
    def needs(cls, row: Measurement) -> tuple[str, ...]:
        """Ids of other rows this row is about."""
        return ()

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        """Every model that is simulated."""
        raise NotImplementedError

    @property
    def fitted_specs(self) -> tuple[ModelSpec, ...]:
        """Every model that ``distance`` simulates."""
        return self.specs

    def symbols(self, models: Models) -> set[str]:
        """Symbols that ``distance`` can depend on: other parameters leave it unchanged."""
        found = {symbol for spec in self.fitted_specs for symbol in models.compiled(spec).settable}
        return {*found, *(f"{symbol}@{self.scope}" for symbol in found)}

    def nuisances(self) -> dict[str, str]:
        """Unit (pint) of each symbol it reads that no model has, such as the scale of a signal."""
        return {}

    def predicted(self, models: Models) -> float:
        """What the model says, in ``unit``. Raises SimulationError when a run fails."""
        raise NotImplementedError

    def value(self, models: Models) -> float:
        """What reports show: the quantity in the unit of the row."""
        return self.predicted(models) * factor(self.unit, self.row.unit)

    def distance(self, models: Models) -> float:
        """Model against published on a smooth scale without units: 0 when equal, positive when the model is
        higher. Raises SimulationError when a run fails."""
        return math.log(self.predicted(models) / self.published)

    def offset(self, models: Models) -> float:
        """ln of the factor that the row shares with others of its laboratory; 0 for one never measured."""
        return sum(math.log(models.number(name, self.row.id, 1.0)) for name in self.offsets)

    def residual(self, models: Models) -> float:
        """Distance in standard deviations; 0 while a published bound (qualifier > or <) holds."""
        return one_sided(self.distance(models) + self.offset(models), self.row.qualifier) / self.sigma

    def curve(self, models: Models) -> Trace:
        """What a person would look at."""
        raise NotImplementedError

    def petab_offset(self, name: str, formula: str) -> tuple[str, str, tuple[str, ...]]:
        """Id and formula of an observable with the factors that the row shares, and these as parameters."""
        return "_".join([name, *self.offsets]), " * ".join([formula, *self.offsets]), self.offsets

    def petab(self, part: Writer) -> Place:
        """Write observable, condition and measurement; raises NotExpressedError with the reason why not."""
        raise NotExpressedError(self.not_in_petab or f"no PEtab form of {type(self).__name__}")


class Percentage(Experiment):
    """A share in percent, compared as the logarithm of its odds: it cannot pass 0 or 100 %.

    The error factor of a plan is one of the odds, share / (1 - share).
    """

    unit = "percent"
    log = False

    def distance(self, models: Models) -> float:
        return logit(self.predicted(models) / 100) - logit(self.published / 100)


def population_of(row: Measurement, choices: Choices) -> str:
    """Library population of a row; raises PlanError when the choices map none."""
    if row.population in choices.populations:
        return choices.populations[row.population]
    if row.population in get_library().populations:
        return row.population
    raise PlanError(f"{row.id}: the plan maps no population for '{row.population}'; add it under populations")


def cell_of(row: Measurement, choices: Choices) -> str:
    """Library cell of a row: the one its cell is mapped to, else the cell of that name."""
    return get_library().cell(choices.cells.get(row.cell, row.cell)).id


def one_sided(distance: float, qualifier: str) -> float:
    """``distance`` itself; for a published bound only the part that violates it."""
    if qualifier == ">":
        return min(distance, 0.0)
    return max(distance, 0.0) if qualifier == "<" else distance


# Registry -----------------------------------------------------------------------------------------------

T = TypeVar("T", bound=type[Experiment])
_KINDS: dict[str, type[Experiment]] = {}


def register(kind: T) -> T:
    """Make a kind of experiment known; returns it, so it also serves as a class decorator.

    Call it at module level: the worker processes of a fit import the calling script again.
    Raises PlanError for a class that is no Experiment, names no quantity, or names one another kind reads.
    """
    if not (isinstance(kind, type) and issubclass(kind, Experiment)):
        raise PlanError(f"kind of experiment {kind!r}: subclass jakinib.experiments.Experiment")
    if not kind.quantities:
        raise PlanError(f"kind of experiment {kind.__name__}: name what it reads in quantities")
    for quantity in kind.quantities:
        known = _KINDS.get(quantity, kind)
        if (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
            raise PlanError(
                f"kind of experiment {kind.__name__}: {known.__name__} already reads '{quantity}'; "
                "choose another name for the quantity"
            )
    _KINDS.update(dict.fromkeys(kind.quantities, kind))
    return kind


@contextmanager
def registered(*kinds: type[Experiment]) -> Iterator[None]:
    """Kinds that are known inside the block alone; so is what an installed package adds meanwhile."""
    before = dict(_KINDS)
    try:
        for kind in kinds:
            register(kind)
        yield
    finally:
        _KINDS.clear()
        _KINDS.update(before)


def kinds() -> dict[str, type[Experiment]]:
    """The kind of experiment that reads each quantity, those of installed packages included."""
    for group in ENTRY_POINTS:
        for _, kind in objects(group):
            register(kind)
    return dict(_KINDS)


def kind_of(row: Measurement, data: DataSet, where: str) -> type[Experiment]:
    """The kind that reads a row; raises PlanError with the row's file and line when there is none."""
    known = kinds()
    if row.quantity not in known:
        raise PlanError(
            f"{where}: {row.id} ({data.place(row.id)}, column quantity) is '{row.quantity}', which no kind "
            f"of experiment reads; known: {', '.join(sorted(known))}"
        )
    return known[row.quantity]


def experiment(row: Measurement, data: DataSet, choices: Choices, where: str = "") -> Experiment:
    """The experiment of a row. Raises PlanError for a row that no kind reads or whose kind refuses it."""
    kind = kind_of(row, data, where or choices.id)
    if row.patient and not kind.patients:
        raise PlanError(
            f"{where or choices.id}: {row.id} ({data.place(row.id)}, column patient): '{row.quantity}' is of "
            "the typical patient of a population; leave the cell empty"
        )
    return kind(row, data, choices)
