"""How long phosphorylated STAT stays: in the nucleus, and after the kinases are blocked."""

from __future__ import annotations

import functools
import math

import numpy as np

from jakinib.assay.cell import default_dose
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Percentage, Trace, register
from jakinib.experiments.course import READ_FROM_A_COURSE, Array, Stimulated, falls_to
from jakinib.experiments.models import Models
from jakinib.experiments.petab import Place, Writer
from jakinib.library.measurements import DataSet, Measurement
from jakinib.simulate import Protocol, Runnable, Step
from jakinib.units import parse_quantity

BLOCK = 1e7  # nM free inhibitor: kinase block
GONE = 0.05  # share of the signal at the block that counts as disappeared
BEFORE = 0.5  # h under cytokine before the block
MINUTES = np.arange(0, 91.0)  # after the block, as it is shown


@register
class ResidenceTime(Stimulated):
    """Mean time of phosphorylated STAT in the nucleus, which it leaves by losing its phosphate: 1 / rate."""

    quantities = ("residence_time",)
    unit = "hour"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        stats = self.readout.stats(self.cytokine)
        if len(stats) != 1:
            raise PlanError(
                f"{row.id} ({data.place(row.id)}, column readout): '{row.readout}' reads "
                f"{len(stats)} STATs, each with a residence time of its own; name the read-out of one"
            )
        self.rate = f"kdeph_p{stats[0]}_nuc"

    def predicted(self, models: Models) -> float:
        return 1 / models.model(self.spec).initial(self.rate)

    def symbols(self, models: Models) -> set[str]:
        return {self.rate}

    def curve(self, models: Models) -> Trace:
        """What is left of one molecule in the nucleus."""
        mean = self.predicted(models)
        hours = np.linspace(0, 4 * max(mean, self.published), 101)
        left, label = 100 * np.exp(-hours / mean), f"{self.row.readout} left in the nucleus (%)"
        return Trace(60 * hours, left, "time (min)", label, (60 * self.published, 100 / math.e))

    def petab(self, part: Writer) -> Place:
        row = self.row
        text = f"mean time of {row.readout} in the nucleus, h"
        observable = part.observable(f"residence_{self.readout.key}", text, f"1 / {self.rate}")
        condition = self.petab_condition(part, 0.0)
        part.measure(row.id, observable, condition, 0.0, self.published, self.sigma)
        return condition, 0.0


class Blocked(Stimulated):
    """A cell under cytokine for 30 min, then every kinase is blocked.

    The cytokine dose is the row's, else the usual one of cell assays.
    """

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        stated = row.cytokine_dose
        self.dose = self.concentration(stated) if stated else default_dose(self.cytokine)

    def protocol(self, times: Array, model: Runnable) -> Protocol:
        """times: hours after the block, by every inhibitor that the model knows."""
        block = {symbol: BLOCK for symbol in model.settable if symbol.startswith("I_")}
        return Protocol(times, self.settings(self.dose), [Step(0.0, block)], start=-BEFORE)

    def left(self, models: Models) -> Array:
        """Percent of the signal at the block at each of ``MINUTES``."""

        def run() -> Array:
            model = models.model(self.spec)
            observables = [self.readout.symbol]
            percent = model.run(self.protocol(MINUTES / 60, model), observables)[:, 0]
            return 100 * percent / percent[0]

        return models.once(("left", self.key), run)

    def curve(self, models: Models) -> Trace:
        label = f"{self.row.readout} (% of its value at block)"
        return Trace(MINUTES, self.left(models), "time after kinase block (min)", label)


@register
class DisappearanceTime(Blocked):
    """Time from the block until 5 % of the signal are left."""

    not_in_petab = READ_FROM_A_COURSE
    quantities = ("disappearance_time",)
    unit = "hour"

    @functools.cached_property
    def times(self) -> Array:
        return np.linspace(0.0, 3 * self.published, 181)

    def predicted(self, models: Models) -> float:
        model = models.model(self.spec)
        signal = model.run(self.protocol(self.times, model), self.observed)[:, self.signal_at]
        return falls_to(GONE * float(signal[0] / signal.max()), self.times, signal)


@register
class PercentLeftAfterBlock(Blocked, Percentage):
    """Percent of the signal at the block that is left at a time after it."""

    quantities = ("percent_left_after_block",)

    def predicted(self, models: Models) -> float:
        at = parse_quantity(self.row.time, "min", where=self.row.id)
        return float(np.interp(at, MINUTES, self.left(models)))
