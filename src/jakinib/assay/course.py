"""One regimen, one cytokine read-out: concentration, occupancy and inhibition over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import CellAssay
from jakinib.assay.pk import PlasmaProfile, ex_vivo_inhibition, plasma
from jakinib.errors import InputError
from jakinib.library import get_library
from jakinib.library.schema import JAK, JAKS
from jakinib.regimen import Regimen
from jakinib.simulate import Protocol


@dataclass(frozen=True)
class Course:
    """Time in hours; occupancy per JAK and inhibition as fractions. intervals: one row a dosing interval."""

    title: str
    profile: PlasmaProfile
    occupancy: dict[JAK, NDArray[np.float64]]
    inhibition: NDArray[np.float64]
    conditions: CellAssay
    intervals: list[dict[str, float]]

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """All series by name with unit."""
        return {
            "time_h": self.profile.time,
            "plasma_nM": self.profile.concentration,
            "plasma_ng_per_mL": self.profile.ng_per_mL,
            "free_nM": self.profile.free,
            **{f"occupancy_{jak}": values for jak, values in self.occupancy.items()},
            "inhibition": self.inhibition,
        }

    def tsv(self) -> str:
        """The series as a tab-separated table."""
        columns = self.columns()
        rows = zip(*columns.values(), strict=True)
        body = ["\t".join(f"{value:.8g}" for value in row) for row in rows]
        return "\n".join(["\t".join(columns), *body]) + "\n"

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "title": self.title,
            "cytokine_dose_nM": self.conditions.cytokine_dose,
            "intervals": self.intervals,
            "course": {name: values.tolist() for name, values in self.columns().items()},
        }

    def figure(self) -> Any:
        """Plasma concentration above, occupancy and inhibition below; returns a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 5.2), layout="constrained")
        top, bottom = figure.subplots(2, 1, sharex=True)
        top.plot(self.profile.time, self.profile.ng_per_mL, color="#0072b2")
        top.set(ylabel=f"{self.profile.inhibitor}\nin plasma (ng/mL)", ylim=(0, None))
        top.set_title(self.title, fontsize=10, loc="left")
        colours = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7")
        for jak, colour, width in zip(JAKS, colours, (3, 1.2, 1.2, 1.2), strict=True):  # JAK1 under JAK2
            share = 100 * self.occupancy[jak]
            bottom.plot(self.profile.time, share, color=colour, linewidth=width, label=f"{jak} occupied")
        label = f"{self.conditions.cytokine} {self.conditions.readout} inhibited"
        bottom.plot(self.profile.time, 100 * self.inhibition, color="black", linewidth=2, label=label)
        bottom.set(xlabel="time after the first dose (h)", ylabel="percent", ylim=(0, 100))
        figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=8)
        return figure


def course(
    regimen: Regimen | str,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    cytokine: str = "IL-6",
    readout: str = "",
    settings: Mapping[str, float] | None = None,
    hours: float | None = None,
) -> Course:
    """Follow a regimen: plasma, JAK occupancy, and ex vivo inhibition in blood drawn every quarter hour.

    settings: weight (kg), eGFR (mL/min per 1.73 m2). hours: default 24 h after the last dose.
    Raises InputError for conditions outside their range, UnknownIdError for unknown names.
    """
    library = get_library()
    if isinstance(regimen, str):
        regimen = Regimen.parse(regimen)
    drug = library.inhibitor(inhibitor)
    people = library.population(population)
    conditions = CellAssay(drug.id, cytokine, readout or f"p{library.cytokine(cytokine).stats[0]}")
    doses = sorted({dose.time for dose in regimen.doses})
    end = doses[-1] + 24.0 if hours is None else hours
    if not math.isfinite(end) or end <= 0:
        raise InputError(f"hours is {end:g}; give a finite number above 0")
    times = np.unique(np.append(np.arange(0, end, 0.25), end))
    profile = plasma(regimen, times, inhibitor=drug.id, population=people.id, settings=settings)
    inhibition = ex_vivo_inhibition(profile, conditions).inhibition
    model = conditions.model()
    observables = [f"occupancy_{jak}" for jak in JAKS]
    bound = np.array(
        [model.run(Protocol([1e-3], {f"I_{drug.id}": free}), observables)[0] for free in profile.free]
    )
    intervals = []
    for start, stop in zip(doses, [*doses[1:], end], strict=True):
        if start >= end:
            break
        inside = (times >= start) & (times <= stop)
        share = inhibition[inside]
        intervals.append(
            {
                "from (h)": start,
                "Cmax (ng/mL)": (metrics := profile.interval(start, stop))["cmax"],
                "Cmin (ng/mL)": metrics["cmin"],
                "tmax (h)": metrics["tmax"],
                "AUC (ng h/mL)": metrics["auc"],
                "max inhibition (%)": 100 * float(share.max()),
                "mean inhibition (%)": 100
                * float(np.trapezoid(share, times[inside]) / (times[inside][-1] - start)),
                "above IC50 (h)": float(np.trapezoid((share > 0.5).astype(float), times[inside])),
            }
        )
    reading = f"{conditions.cytokine} {conditions.readout} ex vivo"
    title = f"{drug.id} {regimen.text}, {people.name or people.id}, {reading}"
    return Course(title, profile, dict(zip(JAKS, bound.T, strict=True)), inhibition, conditions, intervals)
