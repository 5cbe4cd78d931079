"""Statements about two rows: their ratio, and which of them is lower."""

from __future__ import annotations

import math

from jakinib.build import ModelSpec
from jakinib.errors import PlanError, UnitError
from jakinib.experiments.base import Choices, Experiment, Trace, experiment, register
from jakinib.experiments.models import Models
from jakinib.library.measurements import DataSet, Measurement
from jakinib.units import factor


class Relation(Experiment):
    """Compares what the model says for two rows, named in the column target.

    The model's value of a row is its published value times exp(distance): exact where the distance is, to
    first order for an IC50. The two rows may be of any set but validation and need not calibrate themselves.
    """

    SIGN = ""

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        place = f"{row.id} ({data.place(row.id)}, column target)"
        parts = [data[part] for part in self.needs(row)]
        if len(parts) != 2:
            raise PlanError(
                f"{place}: '{row.target}' does not name two rows; write for example C001 {self.SIGN} C002"
            )
        self.parts = [experiment(part, data, choices, place) for part in parts]
        for part in self.parts:
            if not part.log or isinstance(part, Relation):
                raise PlanError(
                    f"{place}: '{part.row.quantity}' ({part.row.id}) cannot be compared as a ratio"
                )
        try:
            self.log_published = math.log(
                parts[0].value / parts[1].value * factor(parts[0].unit, parts[1].unit)
            )
        except UnitError as error:
            raise PlanError(f"{place}: {error}") from None

    @classmethod
    def needs(cls, row: Measurement) -> tuple[str, ...]:
        names = [name.strip() for name in row.target.split(cls.SIGN)]
        return tuple(names) if len(names) == 2 and all(names) else ()

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (*self.parts[0].specs, *self.parts[1].specs)

    @property
    def fitted_specs(self) -> tuple[ModelSpec, ...]:
        return (*self.parts[0].fitted_specs, *self.parts[1].fitted_specs)

    def symbols(self, models: Models) -> set[str]:
        return self.parts[0].symbols(models) | self.parts[1].symbols(models)

    def nuisances(self) -> dict[str, str]:
        return self.parts[0].nuisances() | self.parts[1].nuisances()

    def predicted(self, models: Models) -> float:
        """The first over the second, of the values that reports show."""
        first, second = self.parts
        return first.value(models) / second.value(models) * factor(first.row.unit, second.row.unit)

    def curve(self, models: Models) -> Trace:
        """That of the first row."""
        return self.parts[0].curve(models)

    def log_ratio(self, models: Models) -> float:
        """ln(first / second) in the model."""
        first, second = (part.distance(models) for part in self.parts)
        return self.log_published + first - second


@register
class Ratio(Relation):
    """Ratio of two rows, "C001 / C002" in the column target; value is the published ratio."""

    quantities = ("ratio",)
    SIGN = "/"

    not_in_petab = "compares two simulations, of two models as a rule"

    def distance(self, models: Models) -> float:
        return self.log_ratio(models) - math.log(self.row.to("dimensionless"))


@register
class Ordering(Relation):
    """First row below second, "C001 < C002" in the column target: it counts only when violated.

    value is the tolerance: the factor by which the first may exceed the second before it counts, 1 for none.
    """

    quantities = ("ordering",)
    SIGN = "<"

    not_in_petab = "an inequality, which counts only when violated; PEtab v1 has none"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        if row.to("dimensionless") <= 0 or row.qualifier != "=":
            raise PlanError(
                f"{row.id} ({data.place(row.id)}): an ordering takes a positive tolerance and the qualifier ="
            )

    def distance(self, models: Models) -> float:
        return max(self.log_ratio(models) - math.log(self.row.to("dimensionless")), 0.0)
