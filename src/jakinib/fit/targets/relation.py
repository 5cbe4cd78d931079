"""Statements about two rows: their ratio, and which of them is lower."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jakinib.build import ModelSpec
from jakinib.errors import PlanError, UnitError
from jakinib.fit.data import DataSet, Measurement
from jakinib.fit.targets.base import Context, Target, register_target, target_type
from jakinib.units import factor

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan


class Relation(Target):
    """Compares what the model says for two rows, named in the column target.

    The model's value of a row is its published value times exp(distance): exact where the distance is, to
    first order for an IC50. The two rows may be of any set but validation and need not calibrate themselves.
    """

    SIGN = ""

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        place = f"{row.id} ({data.place(row.id)}, column target)"
        parts = [data[part] for part in self.needs(row)]
        if len(parts) != 2:
            raise PlanError(
                f"{place}: '{row.target}' does not name two rows; write for example C001 {self.SIGN} C002"
            )
        self.parts = [target_type(part, data, place)(part, plan, data, context) for part in parts]
        for part in self.parts:
            if not part.log or isinstance(part, Relation):
                raise PlanError(
                    f"{place}: '{part.row.quantity}' ({part.row.id}) cannot be compared as a ratio"
                )
        try:
            self.published = math.log(parts[0].value / parts[1].value * factor(parts[0].unit, parts[1].unit))
        except UnitError as error:
            raise PlanError(f"{place}: {error}") from None

    @classmethod
    def needs(cls, row: Measurement) -> tuple[str, ...]:
        names = [name.strip() for name in row.target.split(cls.SIGN)]
        return tuple(names) if len(names) == 2 and all(names) else ()

    def spec(self, context: Context) -> ModelSpec | None:
        return self.parts[0].spec(context)

    def specs(self, context: Context) -> set[ModelSpec]:
        return self.parts[0].specs(context) | self.parts[1].specs(context)

    def touches(self, context: Context) -> set[str]:
        return self.parts[0].touches(context) | self.parts[1].touches(context)

    def nuisances(self) -> dict[str, str]:
        return self.parts[0].nuisances() | self.parts[1].nuisances()

    def log_ratio(self, context: Context) -> float:
        """ln(first / second) in the model."""
        first, second = (part.distance(context) for part in self.parts)
        return self.published + first - second


@register_target
class Ratio(Relation):
    """Ratio of two rows, "C001 / C002" in the column target; value is the published ratio."""

    quantities = ("ratio",)
    SIGN = "/"

    def distance(self, context: Context) -> float:
        return self.log_ratio(context) - math.log(self.row.to("dimensionless"))


@register_target
class Ordering(Relation):
    """First row below second, "C001 < C002" in the column target: it counts only when violated.

    value is the tolerance: the factor by which the first may exceed the second before it counts, 1 for none.
    """

    quantities = ("ordering",)
    SIGN = "<"

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        if row.to("dimensionless") <= 0 or row.qualifier != "=":
            raise PlanError(
                f"{row.id} ({data.place(row.id)}): an ordering takes a positive tolerance and the qualifier ="
            )

    def distance(self, context: Context) -> float:
        return max(self.log_ratio(context) - math.log(self.row.to("dimensionless")), 0.0)
