"""Two cytokines one after the other on a cell: what the first leaves of the second's signal."""

from __future__ import annotations

import numpy as np

from jakinib.assay.cell import cytokine_dose_nM
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Percentage, Trace, cell_of, register
from jakinib.experiments.models import Models
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.library.readouts import readout
from jakinib.simulate import Protocol, Step


@register
class PercentBlocked(Percentage):
    """Signal of a cytokine that another (``target``), given before it, blocks, in percent.

    Both stay until the signal is read; they share receptor chains and STATs.
    """

    quantities = ("percent_blocked",)
    not_in_petab = "two cytokines one after the other; the PEtab problem adds one"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        library, conditions = get_library(), data.conditions(row)
        self.scope = cell_of(row, choices)
        self.first, self.second = library.cytokine(row.target), library.cytokine(row.cytokine)
        self.before = conditions.preincubation.to("hour")
        self.after = conditions.stimulation.to("hour")
        self.symbol = readout(library, self.second, row.readout, where=row.id).symbol
        self.doses = {}
        for entry in (self.first, self.second):
            if entry.id not in conditions.cytokine_dose:
                raise PlanError(
                    f"fits/data/{row.source}/source.yaml: assay.cytokine_dose lacks {entry.id} ({row.id})"
                )
            stated = conditions.cytokine_dose[entry.id]
            text = f"{stated.value} {stated.unit}"
            self.doses[f"L_{entry.symbol}"] = cytokine_dose_nM(entry, text, row.id)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        both = tuple(sorted((self.first.id, self.second.id)))
        return (ModelSpec("cytokine_signalling", both, cell=self.scope),)

    def signal(self, models: Models, minutes: list[float], first: bool) -> list[float]:
        """Read-out (percent) at minutes after the second cytokine, with the first before it or without."""
        before, second = f"L_{self.first.symbol}", f"L_{self.second.symbol}"
        given = {before: self.doses[before] if first else 0.0}
        protocol = Protocol(
            [minute / 60 for minute in minutes],
            given,
            [Step(0.0, {second: self.doses[second]})],
            -self.before,
        )
        model = models.model(self.specs[0])
        return [float(v) for v in model.run(protocol, [self.symbol])[:, 0]]

    def predicted(self, models: Models) -> float:
        at = [60 * self.after]
        blocked, free = self.signal(models, at, first=True)[0], self.signal(models, at, first=False)[0]
        return 100 * (1 - blocked / free)

    def curve(self, models: Models) -> Trace:
        """Signal over time with the first cytokine, in percent of the highest without it."""
        minutes = [float(minute) for minute in range(1, 61)]
        blocked, free = self.signal(models, minutes, first=True), self.signal(models, minutes, first=False)
        label = f"{self.row.readout} after {self.first.id} (% of the peak without it)"
        return Trace(
            np.array(minutes),
            100 * np.array(blocked) / max(free),
            f"time after {self.second.id} (min)",
            label,
        )
