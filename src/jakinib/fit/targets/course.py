"""Read-outs of a stimulated cell: fold, percent and EC50 at a time, and the times of a time course."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from jakinib.build import ModelSpec
from jakinib.errors import PlanError, UnknownIdError
from jakinib.fit.data import DataSet, Measurement
from jakinib.fit.targets.base import Context, Target, logit, register_target
from jakinib.library import get_library
from jakinib.simulate import Protocol
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan

SATURATING = 300.0  # nM cytokine, two decades above every published EC50
TIME_COURSE = [minute / 60 for minute in range(1, 121)]
BASELINE = 0.1  # share of its maximum at which a signal counts as back at baseline


class Stimulated(Target):
    """A cell under one constant dose of cytokine from time 0, without inhibitor."""

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.cytokine = get_library().cytokine(row.cytokine)
        self.scope = context.cell(row)
        if not row.readout.startswith("p") or row.readout[1:] not in self.cytokine.stats:
            known = [f"p{stat}" for stat in self.cytokine.stats]
            raise UnknownIdError(f"readout of {self.cytokine.id}", row.readout, known, where=row.id)
        self.stat = self.cytokine.stats.index(row.readout[1:])

    def spec(self, context: Context) -> ModelSpec:
        return context.signalling(self.cytokine.id, self.scope)

    def concentration(self, text: str) -> float:
        """A cytokine concentration with its unit as nM."""
        mass = self.cytokine.molecular_weight.to("g/mol")
        return parse_quantity(text, "nM", mass=mass, where=self.row.id)

    def course(self, context: Context, dose: float, hours: list[float]) -> NDArray[np.float64]:
        """Percent phosphorylated of the read-out at each of ``hours`` under ``dose`` (nM)."""
        model = context.model(self.spec(context))
        observables = [f"p{stat}_percent" for stat in self.cytokine.stats]
        settings = {**context.settings(model, self.scope), f"L_{self.cytokine.symbol}": dose}
        key = ("course", self.cytokine.id, self.scope, dose, hours[0], hours[-1], len(hours))
        return context.run(key, model, Protocol(hours, settings), observables)[:, self.stat]


class Timed(Stimulated):
    """... read at one time after one dose."""

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.dose = self.concentration(row.cytokine_dose)
        self.time = parse_quantity(row.time, "hour", where=row.id)


@register_target
class FoldOverBasal(Timed):
    """Read-out at a time over its basal value: 1 + scale x percent phosphorylated.

    The scale (signal per percent over background) is a nuisance parameter of data set and read-out.
    """

    quantities = ("fold_over_basal",)

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.scale = f"scale_{row.readout}_{row.source}"
        if not 0 < self.time <= TIME_COURSE[-1]:
            raise PlanError(
                f"{row.id} ({data.place(row.id)}, column time): {row.time}; "
                "a fold over basal is read within the first 120 min"
            )

    def touches(self, context: Context) -> set[str]:
        return super().touches(context) | {self.scale}

    def nuisances(self) -> dict[str, str]:
        return {self.scale: "dimensionless"}

    def predicted(self, context: Context) -> float:
        """Fold over basal in the model."""
        percent = float(np.interp(self.time, TIME_COURSE, self.course(context, self.dose, TIME_COURSE)))
        if self.scale not in context.theta:
            raise PlanError(
                f"{self.row.id}: the plan has no parameter '{self.scale}'; add it with scope nuisance"
            )
        return 1 + context.theta[self.scale] * percent

    def distance(self, context: Context) -> float:
        return math.log(self.predicted(context) / self.row.to("dimensionless"))


@register_target
class PercentPhosphorylated(Timed):
    """Share of the STAT that is phosphorylated at a time, as logarithm of its odds.

    The error factor of the plan is one of the odds, share / (1 - share): it cannot pass 0 or 100 %.
    """

    quantities = ("percent",)
    log = False

    def predicted(self, context: Context) -> float:
        """Percent phosphorylated in the model."""
        return float(self.course(context, self.dose, [self.time])[0])

    def distance(self, context: Context) -> float:
        return logit(self.predicted(context) / 100) - logit(self.row.to("percent") / 100)


@register_target
class CytokineEC50(Stimulated):
    """EC50 of a cytokine: one run at the published dose and one at saturation; logit of the ratio.

    logit(signal / top) = hill x ln(dose / EC50); dose responses of the models have a slope near 1.
    """

    quantities = ("ec50",)

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.dose = self.concentration(f"{row.value} {row.unit}")
        self.time = parse_quantity(row.time, "hour", where=row.id)

    def distance(self, context: Context) -> float:
        here, top = (self.course(context, dose, [self.time])[0] for dose in (self.dose, SATURATING))
        return -logit(float(here / top))


class CourseTime(Stimulated):
    """A time at which something happens in the course under one dose; read at 600 points."""

    POINTS = 600
    SPAN = 6.0  # the course is followed to this multiple of the published time

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        if row.inhibitor:
            raise PlanError(
                f"{row.id} ({data.place(row.id)}, column inhibitor): '{row.quantity}' is read from a "
                "stimulated cell without inhibitor; a time after a dose of inhibitor has no target type"
            )
        self.dose = self.concentration(row.cytokine_dose)
        end = self.SPAN * row.to("hour")
        self.times = [end * (i + 1) / self.POINTS for i in range(self.POINTS)]

    def predicted(self, context: Context) -> float:
        """The time, h."""
        raise NotImplementedError

    def distance(self, context: Context) -> float:
        return math.log(self.predicted(context) / self.row.to("hour"))


@register_target
class TimeOfMaximum(CourseTime):
    """When the signal is highest, by the parabola through the three highest neighbours."""

    quantities = ("time_of_maximum",)

    def predicted(self, context: Context) -> float:
        signal = self.course(context, self.dose, self.times)
        at = int(np.clip(signal.argmax(), 1, len(signal) - 2))
        before, here, after = signal[at - 1 : at + 2].tolist()
        bend = before - 2 * here + after
        shift = 0.0 if bend >= 0 else min(max((before - after) / (2 * bend), -1.0), 1.0)
        return self.times[at] + shift * (self.times[1] - self.times[0])


@register_target
class ReturnToBaseline(CourseTime):
    """When the signal has fallen from its maximum to a tenth of it."""

    quantities = ("return_to_baseline",)

    def predicted(self, context: Context) -> float:
        signal = self.course(context, self.dose, self.times)
        return falls_to(BASELINE, np.array(self.times), signal)


def falls_to(share: float, times: NDArray[np.float64], signal: NDArray[np.float64]) -> float:
    """Time at which a signal has fallen to ``share`` of its maximum.

    A signal still above it at the end is followed on at the mean rate of its fall, at most 100-fold.
    """
    top = int(signal.argmax())
    level = np.log(np.maximum(signal[top:], 1e-300) / signal[top] / share)
    after = times[top:]
    below = np.flatnonzero(level <= 0)
    if len(below):
        i = int(below[0])
        return float(after[i - 1] + (after[i] - after[i - 1]) * level[i - 1] / (level[i - 1] - level[i]))
    fallen = max(float(level[0] - level[-1]), 1e-2)
    return float(after[-1] + max(after[-1] - after[0], after[-1] * 1e-3) * min(level[-1] / fallen, 100.0))
