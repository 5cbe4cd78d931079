"""IC50 of a cell assay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from jakinib.assay.cell import SERUM_FRACTION, CellAssay
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.fit.data import AssayConditions, DataSet, Measurement
from jakinib.fit.targets.base import Context, Target, logit, register_target
from jakinib.library import get_library
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan

WITHOUT_INHIBITOR = ("ATP", "Km_", "w_")  # act only through bound inhibitor


def cell_assay(row: Measurement, conditions: AssayConditions) -> CellAssay:
    """The assay behind a cell_ic50 row; raises PlanError when its source assumes no cytokine dose."""
    library = get_library()
    cytokine = library.cytokine(row.cytokine)
    if row.cytokine_dose:
        dose = parse_quantity(
            row.cytokine_dose, "nM", mass=cytokine.molecular_weight.to("g/mol"), where=row.id
        )
    elif row.cytokine in conditions.cytokine_dose:
        stated = conditions.cytokine_dose[row.cytokine]
        dose = parse_quantity(
            f"{stated.value} {stated.unit}", "nM", mass=cytokine.molecular_weight.to("g/mol")
        )
    else:
        raise PlanError(
            f"fits/data/{row.source}/source.yaml: assay.cytokine_dose lacks {row.cytokine} ({row.id})"
        )
    serum = SERUM_FRACTION if conditions.serum_fraction is None else conditions.serum_fraction.value
    return CellAssay(
        row.inhibitor,
        row.cytokine,
        row.readout,
        row.cell,
        row.matrix,
        dose,
        conditions.preincubation.to("hour"),
        conditions.stimulation.to("hour"),
        serum,
    )


@register_target
class CellIC50(Target):
    """ln(IC50 of the model / published), from one run at the published concentration and one without.

    logit(signal / uninhibited) = hill x ln(IC50 / concentration), and in the closed form of the pathway
    (docs/science.md 2.4) signal is (1 + G) T^2 / (1 + G T^2), so that hill = -2 dlnT/dlnI / (1 - T^2)
    whatever the reserve G: it costs no run. The sign is exact, the size to first order. Reports find
    the root.
    """

    quantities = ("cell_ic50",)

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.assay = cell_assay(row, data.conditions(row))
        self.entry = get_library().cytokine(row.cytokine)
        self.symbol = self.entry.symbol
        self.free = self.assay.free * row.to("nM")
        self.scope = self.assay.cell
        self._jaks = sorted({*self.entry.slot_a, *self.entry.slot_b})

    def spec(self, context: Context) -> ModelSpec:
        return context.signalling(self.assay.cytokine, self.assay.cell)

    def _observe(self, context: Context, free: float) -> np.ndarray:
        model = context.model(self.spec(context))
        settings = context.settings(model, self.scope)
        if not free:  # the same for every value of these
            settings = {name: x for name, x in settings.items() if not name.startswith(WITHOUT_INHIBITOR)}
        stats, own = self.entry.stats, self.symbol
        observables = [f"p{s}_percent" for s in stats] + [f"reserve_{own}_{s}" for s in stats]
        observables += [f"T_{own}", f"w_{own}", f"a_{own}", f"b_{own}", *(f"A_{jak}" for jak in self._jaks)]
        assay = replace(self.assay, settings=settings)
        key = (assay.cytokine, assay.cell, assay.inhibitor if free else "", free, assay.cytokine_dose,
               assay.preincubation, assay.stimulation)  # fmt: skip
        if not free:
            return context.keep((*key, *settings.items()), model, assay.protocol(free), observables)[0]
        return context.run(key, model, assay.protocol(free), observables)[0]

    def hill(self, context: Context) -> float:
        """Slope of logit(inhibition) in ln(concentration) at the published one, by the closed form."""
        activity, w, a, b, *available = self._observe(context, self.free)[
            2 * len(self.entry.stats) :
        ].tolist()
        share = dict(zip(self._jaks, available, strict=True))
        fall_a = sum(x.value * share[jak] * (1 - share[jak]) for jak, x in self.entry.slot_a.items()) / a
        fall_b = sum(x.value * share[jak] * (1 - share[jak]) for jak, x in self.entry.slot_b.items()) / b
        lost = 1 - activity * activity
        return 1.0 if lost < 1e-9 else 2 * (w * fall_a + (1 - w) * fall_b) / lost

    def distance(self, context: Context) -> float:
        stat = self.entry.stats.index(self.assay.readout[1:])
        top, inhibited = self._observe(context, 0.0)[stat], self._observe(context, self.free)[stat]
        return logit(inhibited / top) / self.hill(context)

    def reserve(self, context: Context) -> float:
        """Signal reserve G without inhibitor at the time of reading."""
        stats = self.entry.stats
        return float(self._observe(context, 0.0)[len(stats) + stats.index(self.assay.readout[1:])])
