"""How long phosphorylated STAT stays: in the nucleus, and after the kinases are blocked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from jakinib.assay.cell import default_dose
from jakinib.fit.data import DataSet, Measurement
from jakinib.fit.targets.base import Context, register_target
from jakinib.fit.targets.course import Stimulated, falls_to
from jakinib.simulate import Protocol, Step

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan

BLOCK = 1e7  # nM free inhibitor: kinase block
GONE = 0.05  # share of the signal at the block that counts as disappeared
BEFORE = 0.5  # h under cytokine before the block


@register_target
class ResidenceTime(Stimulated):
    """Mean time of phosphorylated STAT in the nucleus, which it leaves by losing its phosphate: 1 / rate."""

    quantities = ("residence_time",)

    def predicted(self, context: Context) -> float:
        """Mean residence, h."""
        model = context.model(self.spec(context))
        rate = f"kdeph_{self.row.readout}_nuc"
        return 1 / context.settings(model, self.scope).get(rate, model.initial(rate))

    def touches(self, context: Context) -> set[str]:
        return {f"kdeph_{self.row.readout}_nuc"}

    def distance(self, context: Context) -> float:
        return math.log(self.predicted(context) / self.row.to("hour"))


@register_target
class DisappearanceTime(Stimulated):
    """Time from a complete kinase block, after 30 min of cytokine, until 5 % of the signal are left.

    The cytokine dose is the row's, else the usual one of cell assays.
    """

    quantities = ("disappearance_time",)

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        stated = row.cytokine_dose
        self.dose = self.concentration(stated) if stated else default_dose(self.cytokine)
        self.times = np.linspace(0.0, 3 * row.to("hour"), 181)

    def predicted(self, context: Context) -> float:
        """Time to disappearance, h."""
        model = context.model(self.spec(context))
        settings = {**context.settings(model, self.scope), f"L_{self.cytokine.symbol}": self.dose}
        block = Step(0.0, {f"I_{name}": BLOCK for name in context.inhibitors})
        observables = [f"p{stat}_percent" for stat in self.cytokine.stats]
        key = ("block", self.cytokine.id, self.scope, self.dose, float(self.times[-1]))
        protocol = Protocol(self.times, settings, [block], start=-BEFORE)
        signal = context.run(key, model, protocol, observables)[:, self.stat]
        return falls_to(GONE * float(signal[0] / signal.max()), self.times, signal)

    def distance(self, context: Context) -> float:
        return math.log(self.predicted(context) / self.row.to("hour"))
