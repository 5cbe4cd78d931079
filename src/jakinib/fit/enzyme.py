"""Enzyme potencies as targets: the closed form that the simulated kinase assay is shown to obey."""

from __future__ import annotations

import math

from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.fit.data import Measurement
from jakinib.fit.targets import Context, Target
from jakinib.units import parse_quantity


class EnzymePotency(Target):
    """IC50 = Ki (1 + ATP / Km), or Kd = Ki; bounds (> and <) count only when they are violated.

    Source: Cheng and Prusoff 1973 Biochem Pharmacol 22:3099 (competitive inhibition).
    """

    def __init__(self, row: Measurement, sigma: float) -> None:
        super().__init__(row, sigma)
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

    def residual(self, context: Context) -> float:
        distance = math.log(self.predicted(context) / self.row.to("nM")) / self.sigma
        if self.row.qualifier == ">":
            return min(distance, 0.0)
        return max(distance, 0.0) if self.row.qualifier == "<" else distance
