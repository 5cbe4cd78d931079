"""Enzyme potencies as targets: the closed form that the simulated kinase assay is shown to obey."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.fit.data import DataSet, Measurement
from jakinib.fit.targets.base import Context, Target, register_target
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan


@register_target
class EnzymePotency(Target):
    """IC50 = Ki (1 + ATP / Km), or Kd = Ki.

    Source: Cheng and Prusoff 1973 Biochem Pharmacol 22:3099 (competitive inhibition).
    """

    quantities = ("enzyme_ic50", "kd")

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.jak = row.target.partition("-")[0]  # JAK1-JH1 is the catalytic domain
        if row.target.endswith("JH2"):
            raise PlanError(
                f"{row.id}: {row.target} is the pseudokinase domain, not the catalytic one; remove it"
            )
        if row.quantity == "enzyme_ic50" and not row.atp:
            raise PlanError(f"{row.id}: an IC50 without its ATP cannot be used; remove it from the plan")
        self.ki, self.km = f"Ki_{row.inhibitor}_{self.jak}", f"Km_{self.jak}"

    def spec(self, context: Context) -> ModelSpec | None:
        return None

    def touches(self, context: Context) -> set[str]:
        return {self.ki} if self.row.quantity == "kd" else {self.ki, self.km}

    def predicted(self, context: Context) -> float:
        """IC50 or Kd, nM."""
        for name in self.touches(context):
            if name not in context.theta:
                raise PlanError(f"{self.row.id}: the plan has no parameter '{name}'; add it")
        ki = context.theta[self.ki]
        if self.row.quantity == "kd":
            return ki
        km = context.theta[self.km]
        atp = km if self.row.atp == "Km" else parse_quantity(self.row.atp, "nM", where=self.row.id)
        return ki * (1 + atp / km)

    def distance(self, context: Context) -> float:
        return math.log(self.predicted(context) / self.row.to("nM"))
