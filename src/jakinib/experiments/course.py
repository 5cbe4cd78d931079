"""A cell stimulated with cytokine alone: fold, percent and EC50 at a time, and times of the course."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import cytokine_dose_nM
from jakinib.assay.curve import Curve, Effect, at_each, logit
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Experiment, Percentage, Trace, cell_of, register
from jakinib.experiments.cell import Searched
from jakinib.experiments.models import Models
from jakinib.experiments.petab import REFERENCE, Place, Writer, at_once
from jakinib.lanes import Reading
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.library.readouts import observed, readout
from jakinib.simulate import Protocol, Runnable
from jakinib.units import factor, parse_quantity

Array = NDArray[np.float64]
SATURATING = 300.0  # nM cytokine, two decades above every published EC50
TIME_COURSE = [minute / 60 for minute in range(1, 121)]
MINUTES = np.arange(0, 121.0)  # of a course as it is shown
BASELINE = 0.1  # share of its maximum at which a signal counts as back at baseline
READ_FROM_A_COURSE = "a time read off a simulated course; PEtab observes at fixed times"


class Stimulated(Experiment):
    """A cell under one constant dose of cytokine from time 0, without inhibitor."""

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.cytokine = get_library().cytokine(row.cytokine)
        self.scope = cell_of(row, choices)
        self.readout = readout(get_library(), self.cytokine, row.readout, where=row.id)
        self.observed = observed(get_library(), self.cytokine, self.readout)
        self.signal_at = self.observed.index(self.readout.symbol)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (self.spec,)

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("cytokine_signalling", (self.cytokine.id,), cell=self.scope)

    def concentration(self, text: str) -> float:
        """A cytokine concentration with its unit as nM."""
        return cytokine_dose_nM(self.cytokine, text, self.row.id)

    def settings(self, dose: float) -> dict[str, float]:
        """What a run sets: the dose (nM) of cytokine, and no transcript of a protein that the cells lack."""
        lacking = {f"ktx_{self.row.without}": 0.0} if self.row.without else {}
        return {f"L_{self.cytokine.symbol}": dose, **lacking}

    def course(self, models: Models, dose: float, hours: list[float]) -> Array:
        """Percent phosphorylated of the read-out at each of ``hours`` under ``dose`` (nM)."""
        protocol = Protocol(hours, self.settings(dose))
        return models.model(self.spec).run(protocol, self.observed)[:, self.signal_at]

    def shown(self, models: Models, dose: float, end: float = 2.0) -> tuple[Array, Array]:
        """Minutes and percent phosphorylated of the course as it is shown; end: hours, at least two."""
        minutes = MINUTES * max(end / 2, 1.0)
        protocol = Protocol(minutes / 60, self.settings(dose))

        def run() -> Array:
            return models.model(self.spec).run(protocol, [self.readout.symbol])[:, 0]

        settings = tuple(protocol.settings.items())
        return minutes, models.once(("course", self.spec, self.row.readout, end, settings), run)

    def petab_condition(self, part: Writer, dose: float) -> str:
        """The condition of a cell under one dose of cytokine, without inhibitor."""
        symbol = self.cytokine.symbol
        changes = at_once(part, symbol, dose)
        if part.paired:
            changes |= at_once(part, symbol, dose, REFERENCE)
        text = f"{self.scope}, {dose:g} nM {self.row.cytokine}"
        return part.condition(f"{symbol}_{dose:.4g}_nM_{self.scope}", text, self.scope, changes)

    def trace(self, models: Models, dose: float, published: tuple[float, float] | None) -> Trace:
        """Percent phosphorylated over time (min)."""
        end = 2.0 if published is None else published[0] / 60
        minutes, percent = self.shown(models, dose, end)
        label = self.readout.axis
        x_label = f"time after {self.row.cytokine_dose or f'{dose:.3g} nM'} {self.cytokine.id} (min)"
        return Trace(minutes, percent, x_label, label, published)


class Timed(Stimulated):
    """... read at one time after one dose."""

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.dose = self.concentration(row.cytokine_dose)
        self.time = parse_quantity(row.time, "hour", where=row.id)


@register
class FoldOverBasal(Timed):
    """Read-out at a time over its basal value, relative to the peak of its own course.

    Signal over background is not in percent of the STAT: what can be compared is the share of the peak,
    (fold - 1) / (peak - 1), of the published course and of the model's.
    """

    quantities = ("fold_over_basal",)
    not_in_petab = "relative to the peak of its course; PEtab observes at fixed times"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        course = _course(row)
        self.peak = max(other.value for other in data.measurements.values() if _course(other) == course)
        if not 0 < self.time <= TIME_COURSE[-1]:
            raise PlanError(
                f"{row.id} ({data.place(row.id)}, column time): {row.time}; "
                "a fold over basal is read within the first 120 min"
            )

    def predicted(self, models: Models) -> float:
        percent = self.course(models, self.dose, TIME_COURSE)
        share = float(np.interp(self.time, TIME_COURSE, percent) / percent.max())
        return 1 + (self.peak - 1) * share

    def curve(self, models: Models) -> Trace:
        """In percent, where the published fold lies when the peaks agree."""
        _, percent = self.shown(models, self.dose)
        share = (self.published - 1) / (self.peak - 1)
        return self.trace(models, self.dose, (60 * self.time, share * float(percent.max())))


def _course(row: Measurement) -> tuple[str, ...]:
    """What rows that were read on one time course share."""
    return (
        row.source, row.quantity, row.cytokine, row.cytokine_dose, row.readout, row.cell, row.without
    )  # fmt: skip


@register
class PercentPhosphorylated(Timed, Percentage):
    """Share of the STAT that is phosphorylated at a time."""

    quantities = ("percent",)

    def predicted(self, models: Models) -> float:
        return float(self.course(models, self.dose, [self.time])[0])

    def curve(self, models: Models) -> Trace:
        return self.trace(models, self.dose, (60 * self.time, self.published))

    def petab(self, part: Writer) -> Place:
        row, signal = self.row, self.readout.symbol
        text = f"odds of {row.readout}: phosphorylated over not phosphorylated"
        observable = part.observable(f"share_{self.readout.key}", text, f"{signal} / (100 - {signal})")
        condition, percent = self.petab_condition(part, self.dose), self.published
        part.measure(row.id, observable, condition, self.time, percent / (100 - percent), self.sigma)
        return condition, self.time


@register
class PercentOfMaximum(Timed, Percentage):
    """Signal at a time as percent of the maximum of its course."""

    quantities = ("percent_of_maximum",)

    def predicted(self, models: Models) -> float:
        minutes, percent = self.shown(models, self.dose, self.time)
        at = parse_quantity(self.row.time, "min", where=self.row.id)
        return float(100 * np.interp(at, minutes, percent) / percent.max())

    def curve(self, models: Models) -> Trace:
        return self.trace(models, self.dose, None)


@register
class PeakRatio(Stimulated):
    """Highest signal of a course over that of another, which ``target`` names: IL-6 10 ng/mL."""

    quantities = ("peak_ratio",)
    not_in_petab = READ_FROM_A_COURSE

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        name, _, dose = row.target.partition(" ")
        if not dose:
            raise PlanError(
                f"{row.id} ({data.place(row.id)}, column target): '{row.target}' names no cytokine and dose; "
                "write for example IL-6 10 ng/mL"
            )
        other = row.model_copy(update={"cytokine": name, "cytokine_dose": dose, "target": ""})
        self.other = Stimulated(other, data, choices)
        self.doses = self.concentration(row.cytokine_dose), self.other.concentration(dose)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return tuple(dict.fromkeys((self.spec, self.other.spec)))

    def predicted(self, models: Models) -> float:
        peaks = [
            one.course(models, dose, TIME_COURSE).max()
            for one, dose in zip((self, self.other), self.doses, strict=True)
        ]
        return float(peaks[0] / peaks[1])

    def curve(self, models: Models) -> Trace:
        return self.trace(models, self.doses[0], None)


@register
class CytokineEC50(Stimulated, Searched):
    """EC50 of a cytokine at a time.

    ``distance`` is from one run at the published dose and one at saturation: logit(signal / top) is
    hill x ln(dose / EC50); dose responses of the models have a slope near 1.
    """

    quantities = ("ec50",)
    paired = True

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.time = parse_quantity(row.time, "hour", where=row.id)

    @functools.cached_property
    def published(self) -> float:
        return self.concentration(f"{self.row.value} {self.row.unit}")

    @property
    def label(self) -> str:
        row = self.row
        return f"{row.cytokine} {row.readout}, {row.cell}, {row.time}"

    def value(self, models: Models) -> float:
        return self.predicted(models) / self.concentration(f"1 {self.row.unit}")

    def reading(self, model: Runnable, dose: float) -> Reading:
        """The read-out (percent) under a dose (nM)."""
        return Reading(model, Protocol([self.time], self.settings(dose)), self.readout.symbol)

    def reference(self, models: Models) -> Reading:
        return self.reading(models.model(self.spec), SATURATING)

    def effect(self, models: Models, top: float) -> Effect:
        model = models.model(self.spec)
        return Effect(lambda dose: self.reading(model, dose), top, inhibits=False)

    def response(self, models: Models) -> Curve:
        effect = self.effect(models, self.reference(models).value())
        return Curve(effect, f"{self.row.cytokine} in {self.scope}")

    def distance(self, models: Models) -> float:
        doses = (self.published, SATURATING)
        here, top = (self.course(models, dose, [self.time])[0] for dose in doses)
        return -logit(float(here / top))

    def curve(self, models: Models) -> Trace:
        """The dose response, in the unit of the row."""
        row, per_unit = self.row, self.published / self.row.value
        doses = np.geomspace(row.value / 100, row.value * 50, 25)

        def run() -> Array:
            return at_each(self.effect(models, 1.0), doses * per_unit)

        percent = models.once(("doses", self.key, row.value), run)
        x_label, label = f"{row.cytokine} ({row.unit})", self.readout.axis
        return Trace(doses, percent, x_label, label, (row.value, float(percent[-1]) / 2), logarithmic=True)

    def petab(self, part: Writer) -> Place:
        symbol, row, dose = self.cytokine.symbol, self.row, self.published
        changes = at_once(part, symbol, dose) | at_once(part, symbol, SATURATING, REFERENCE)
        text = f"{row.cytokine}, {self.scope}: {dose:g} nM; {SATURATING:g} nM in the reference copy"
        condition = part.condition(f"{symbol}_{row.id}", text, self.scope, changes)
        signal = self.readout.symbol
        name = f"{row.readout} at the published EC50 over what it lacks to saturation; 1 is half"
        formula = f"{signal} / ({signal}{REFERENCE} - {signal})"
        observable = part.observable(f"odds_{self.readout.key}", name, formula)
        part.measure(row.id, observable, condition, self.time, 1.0, self.sigma)
        return condition, self.time


class CourseTime(Stimulated):
    """A time at which something happens in the course under one dose; fitted from 600 points."""

    unit = "hour"
    not_in_petab = READ_FROM_A_COURSE
    POINTS = 600
    SPAN = 6.0  # the course is followed to this multiple of the published time

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        if row.inhibitor:
            raise PlanError(
                f"{row.id} ({data.place(row.id)}, column inhibitor): '{row.quantity}' is read from a "
                "stimulated cell without inhibitor; name a time after a dose of inhibitor "
                "time_of_max_inhibition or return_of_inhibition"
            )
        self.dose = self.concentration(row.cytokine_dose)

    @functools.cached_property
    def times(self) -> list[float]:
        """Hours at which the course is read."""
        end = self.SPAN * self.published
        return [end * (i + 1) / self.POINTS for i in range(self.POINTS)]

    def curve(self, models: Models) -> Trace:
        return self.trace(models, self.dose, None)


@register
class TimeOfMaximum(CourseTime):
    """When the signal is highest: by the parabola through the three highest points; shown to the minute."""

    quantities = ("time_of_maximum",)

    def predicted(self, models: Models) -> float:
        signal = self.course(models, self.dose, self.times)
        at = int(np.clip(signal.argmax(), 1, len(signal) - 2))
        before, here, after = signal[at - 1 : at + 2].tolist()
        bend = before - 2 * here + after
        shift = 0.0 if bend >= 0 else min(max((before - after) / (2 * bend), -1.0), 1.0)
        return self.times[at] + shift * (self.times[1] - self.times[0])

    def value(self, models: Models) -> float:
        minutes, percent = self.shown(models, self.dose)
        return float(minutes[percent.argmax()]) * factor("min", self.row.unit)


@register
class ReturnToBaseline(CourseTime):
    """When the signal has fallen from its maximum to a tenth of it."""

    quantities = ("return_to_baseline",)

    def predicted(self, models: Models) -> float:
        signal = self.course(models, self.dose, self.times)
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
