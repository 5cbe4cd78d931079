"""Published potencies and the model's values for them, row by row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jakinib.assay import Curve
from jakinib.fit.data import Measurement
from jakinib.fit.plan import Plan
from jakinib.fit.targets import SATURATING, cell_assay
from jakinib.library import get_library
from jakinib.simulate import Protocol
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from jakinib.evaluate.measures import Measures


@dataclass(frozen=True)
class Prediction:
    """One published cell IC50 or EC50 and the model's value for it, nM.

    error: one standard deviation of the published value as a factor, as its plan states it.
    """

    row: str
    role: str
    label: str
    published: float
    predicted: float
    status: str
    source: str
    error: float = 1.0

    @property
    def fold(self) -> float:
        """Fold error, at least 1."""
        return float(np.exp(abs(math.log(self.predicted / self.published))))


def cell_ic50s(measures: Measures) -> list[Prediction]:
    """Every cell_ic50 row with a value (not a bound) that the plans name."""
    out = []
    for plan, role, row in _rows(measures, "cell_ic50"):
        if row.qualifier != "=":
            continue
        conditions = cell_assay(row, measures.data.conditions(row))
        kind = "recalled" if row.status == "recalled" else role
        label = f"{row.inhibitor} {row.cytokine} {row.readout}, {row.cell}, {row.matrix}"
        value = measures.ic50(row.id, conditions.curve(measures.cell_model(conditions)))
        error = plan.errors[row.quantity]
        out.append(Prediction(row.id, kind, label, row.to("nM"), value, row.status, row.source, error))
    return out


def ec50s(measures: Measures, read_in: Mapping[str, str] | None = None) -> list[Prediction]:
    """Every ec50 row that the plans name.

    read_in: a cell of the library in place of the cell that a row names; rows of other cells are left out.
    """
    out = []
    for plan, role, row in _rows(measures, "ec50"):
        if read_in is not None:
            if row.cell not in read_in:
                continue
            row = row.model_copy(update={"cell": read_in[row.cell]})
        label = f"{row.cytokine} {row.readout}, {row.cell}, {row.time}"
        mass = get_library().cytokine(row.cytokine).molecular_weight.to("g/mol")
        published = parse_quantity(f"{row.value} {row.unit}", "nM", mass=mass, where=row.id)
        value, error = _cytokine_ec50(measures, row), plan.errors[row.quantity]
        out.append(Prediction(row.id, role, label, published, value, row.status, row.source, error))
    return out


def _rows(measures: Measures, quantity: str) -> Iterator[tuple[Plan, str, Measurement]]:
    for plan in measures.plans:
        for role, rows in (("calibration", plan.calibration), ("validation", plan.validation)):
            for row in (measures.data[identifier] for identifier in rows):
                if row.quantity == quantity:
                    yield plan, role, row


def _cytokine_ec50(measures: Measures, row: Measurement) -> float:
    symbol = get_library().cytokine(row.cytokine).symbol
    cell = get_library().cell(row.cell).id
    model = measures.model(cell, "cytokine_signalling", cytokines=row.cytokine, cell=cell)
    hours = parse_quantity(row.time, "hour")

    def signal(dose: float) -> float:
        protocol = Protocol([hours], {f"L_{symbol}": dose})
        return float(model.run(protocol, [f"{row.readout}_percent"])[0, 0])

    top = signal(SATURATING)
    curve = Curve(lambda dose: signal(dose) / top, f"{row.cytokine} in {cell}")
    return measures.ic50(f"{row.id} {cell}", curve)
