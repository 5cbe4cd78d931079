"""Enzyme potencies: the simulated kinase assay, and the closed form that it is shown to obey."""

from __future__ import annotations

import math

import numpy as np

from jakinib.assay.curve import Curve
from jakinib.assay.kinase import KinaseAssay
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Trace, register
from jakinib.experiments.cell import Potency
from jakinib.experiments.models import Models
from jakinib.experiments.petab import Cell, Place, Writer
from jakinib.library.measurements import DataSet, Measurement
from jakinib.units import parse_quantity


@register
class EnzymePotency(Potency):
    """IC50 of an isolated kinase at an ATP concentration, or Kd.

    ``distance`` takes the closed form, IC50 = Ki (1 + ATP / Km) and Kd = Ki.
    Source: Cheng and Prusoff 1973 Biochem Pharmacol 22:3099 (competitive inhibition).
    """

    quantities = ("enzyme_ic50", "kd")

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.jak = row.target.partition("-")[0]  # JAK1-JH1 is the catalytic domain
        if row.target.endswith("JH2"):
            raise PlanError(
                f"{row.id}: {row.target} is the pseudokinase domain, not the catalytic one; remove it"
            )
        if row.quantity == "enzyme_ic50" and not row.atp:
            raise PlanError(f"{row.id}: an IC50 without its ATP cannot be used; remove it from the plan")
        self.ki, self.km = f"Ki_{row.inhibitor}_{self.jak}", f"Km_{self.jak}"

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (self.spec,)

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("kinase_assay", inhibitors=(self.row.inhibitor,), kinase=self.jak)

    @property
    def fitted_specs(self) -> tuple[ModelSpec, ...]:
        return ()

    @property
    def label(self) -> str:
        return f"{self.row.inhibitor} on {self.jak}"

    def symbols(self, models: Models) -> set[str]:
        return {self.ki} if self.row.quantity == "kd" else {self.ki, self.km}

    def response(self, models: Models) -> Curve:
        model = models.model(self.spec)
        atp = model.initial(self.km) if self.row.atp == "Km" else self._stated_atp()
        return KinaseAssay(self.row.inhibitor, self.jak, atp).curve(model)

    def _stated_atp(self) -> float:
        return parse_quantity(self.row.atp, "nM", where=self.row.id)

    def predicted(self, models: Models) -> float:
        if self.row.quantity == "kd":
            return models.model(self.spec).initial(self.ki)
        return super().predicted(models)

    def distance(self, models: Models) -> float:
        potency = models.number(self.ki, self.row.id)
        if self.row.quantity != "kd":
            km = models.number(self.km, self.row.id)
            potency *= 1 + (km if self.row.atp == "Km" else self._stated_atp()) / km
        return math.log(potency / self.published)

    def curve(self, models: Models) -> Trace:
        response = self.response(models)
        x, y = models.once(("table", self.key), lambda: response.table(np.logspace(-1, 5, 61)))
        point = (self.published, 50.0)
        label = f"{self.row.inhibitor} (nM)"
        return Trace(x, 100 * y, label, "inhibition of the enzyme (%)", point, logarithmic=True)

    def petab(self, part: Writer) -> Place:
        row = self.row
        if row.quantity == "kd":
            condition = part.condition("no_ATP", "binding, no ATP", self.scope, {"ATP": 0.0})
            name, formula = f"Kd_{row.inhibitor}_{self.jak}", self.ki
            text = "dissociation constant, nM"
        else:
            atp: Cell = self.km if row.atp == "Km" else self._stated_atp()
            level = self.km if row.atp == "Km" else row.atp
            condition = part.condition(f"ATP_{level}", f"ATP at {level}", self.scope, {"ATP": atp})
            name = f"IC50_{row.inhibitor}_{self.jak}"
            formula = f"{self.ki} * (1 + ATP / {self.km})"
            text = "IC50 at the ATP of the assay, nM"
        name, formula, shared = self.petab_offset(name, formula)
        observable = part.observable(name, text, formula, shared)
        part.measure(row.id, observable, condition, 0.0, self.published, self.sigma)
        return condition, 0.0
