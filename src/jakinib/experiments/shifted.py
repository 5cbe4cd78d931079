"""What an inhibitor does to the dose response of a cytokine: it moves it and lowers its top."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jakinib.assay.curve import Curve
from jakinib.experiments.base import Choices, Percentage, Trace, register
from jakinib.experiments.cell import Inhibited
from jakinib.experiments.course import SATURATING
from jakinib.experiments.models import Models
from jakinib.library.measurements import DataSet, Measurement
from jakinib.units import parse_quantity

DOSES = np.geomspace(1e-3, SATURATING, 25)  # nM cytokine, as they are shown


class DoseResponse(Inhibited):
    """A dose response of a cytokine under the nominal concentration of inhibitor in the column dose."""

    not_in_petab = "compares two dose responses, each over all doses"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.inhibitor = self.assay.free * parse_quantity(row.dose, "nM", where=row.id)

    def signal(self, models: Models, dose: float, inhibitor: float) -> float:
        """Read-out under a dose of cytokine (nM) and a free concentration of inhibitor (nM)."""
        assay = replace(self.assay, cytokine_dose=dose)
        return assay.response(inhibitor, models.model(self.spec))

    def ec50(self, models: Models, inhibitor: float) -> float:
        """EC50 (nM) of the cytokine under a free concentration of inhibitor (nM)."""
        top = self.signal(models, SATURATING, inhibitor)
        label = f"{self.row.cytokine} in {self.scope}"
        return Curve(lambda dose: self.signal(models, dose, inhibitor) / top, label).ic50

    def curve(self, models: Models) -> Trace:
        """The dose response under the inhibitor, in percent of the top without it."""
        top = self.signal(models, SATURATING, 0.0)
        share = np.array([self.signal(models, dose, self.inhibitor) / top for dose in DOSES.tolist()])
        label = f"{self.row.readout} (% of the top without {self.row.inhibitor})"
        return Trace(DOSES, 100 * share, f"{self.row.cytokine} (nM)", label, logarithmic=True)


@register
class EC50Shift(DoseResponse):
    """EC50 of a cytokine under an inhibitor over that without it."""

    quantities = ("ec50_shift",)

    def predicted(self, models: Models) -> float:
        return self.ec50(models, self.inhibitor) / self.ec50(models, 0.0)


@register
class TopLeft(DoseResponse, Percentage):
    """Signal of a saturating dose of cytokine under an inhibitor, in percent of that without it."""

    quantities = ("percent_of_top",)

    def predicted(self, models: Models) -> float:
        top = self.signal(models, SATURATING, 0.0)
        return 100 * self.signal(models, SATURATING, self.inhibitor) / top
