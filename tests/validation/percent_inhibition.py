"""A kind of evidence from outside the package: percent inhibition of a cell assay at one concentration."""

from __future__ import annotations

from jakinib.experiments import Choices, Inhibited, Models, Percentage, Trace
from jakinib.experiments.petab import REFERENCE, Place, Writer
from jakinib.library.measurements import DataSet, Measurement
from jakinib.units import parse_quantity


class PercentInhibition(Inhibited, Percentage):
    """Inhibition under the concentration in the column dose."""

    quantities = ("percent_inhibition",)

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.concentration = parse_quantity(row.dose, "nM", where=row.id)

    def predicted(self, models: Models) -> float:
        return 100 * (1 - self.share_left(models, self.concentration))

    def curve(self, models: Models) -> Trace:
        return self.concentration_response(models, self.concentration, self.published)

    def petab(self, part: Writer) -> Place:
        condition, time = self.petab_condition(part, self.concentration)
        signal, odds = f"{self.row.readout}_percent", self.published / (100 - self.published)
        formula = f"({signal}{REFERENCE} - {signal}) / {signal}"
        text = f"odds of {self.row.readout} being inhibited"
        observable = part.observable(f"inhibition_{self.row.readout}", text, formula)
        part.measure(self.row.id, observable, condition, time, odds, self.sigma)
        return condition, time
