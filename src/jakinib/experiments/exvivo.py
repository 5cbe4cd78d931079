"""Inhibition in blood that is drawn after a dose and stimulated ex vivo."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import EX_VIVO, CellAssay, cytokine_dose_nM
from jakinib.assay.curve import at_each
from jakinib.assay.inhibition import inhibition_law
from jakinib.assay.pk import ExVivo, PlasmaProfile, plasma
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Experiment, Percentage, Trace, cell_of, population_of, register
from jakinib.experiments.cell import cell_assay
from jakinib.experiments.models import Models
from jakinib.experiments.pk import last_interval
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.regimen import Regimen
from jakinib.units import parse_quantity

Array = NDArray[np.float64]
RANGE = (0.05, 1000.0)  # free nM: where a law of inhibition is read that many draws of blood share
NEW_LABORATORY = "factor_of_a_new_laboratory"  # of its potencies; 1 at the estimates
BLOOD = np.concatenate((np.arange(0, 4, 0.25), np.arange(4, 24.1, 0.5)))  # h after a single dose


class AfterDose(Experiment):
    """Blood of the typical patient, drawn over 24 h after the (last) dose; the column dose is a regimen.

    The assay has the conditions that the data source assumes, else the usual ones of whole blood. A draw of
    the parameters may hold the factor by which a laboratory that nobody has heard of finds other potencies.
    """

    not_in_petab = "joins two models, of plasma and of the cell"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.regimen = Regimen.parse(row.dose)
        self.population = population_of(row, choices)
        if data.sources[row.source].assay is not None:
            self.assay = replace(cell_assay(row, data, choices), matrix=EX_VIVO)
        else:
            cell = cell_of(row, choices) if row.cell else ""
            self.assay = CellAssay(row.inhibitor, row.cytokine, row.readout, cell, EX_VIVO)
            if row.cytokine_dose:
                dose = cytokine_dose_nM(get_library().cytokine(row.cytokine), row.cytokine_dose, row.id)
                self.assay = replace(self.assay, cytokine_dose=dose)
        self.scope = self.assay.cell
        conditions = {name: value for name, value in asdict(self.assay).items() if name != "settings"}
        self._course = (*conditions.values(), self.population, self.regimen.text)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        assay = self.assay
        return (
            ModelSpec("oral_pk", inhibitors=(assay.inhibitor,), population=self.population),
            ModelSpec("cytokine_signalling", (assay.cytokine,), (assay.inhibitor,), cell=assay.cell),
        )

    @functools.cached_property
    def pathway(self) -> str:
        return f"{self.assay.cytokine} {self.assay.readout}"

    def _plasma(self, models: Models) -> PlasmaProfile:
        drug = self.assay.inhibitor
        if len(self.regimen.doses) == 1:
            settings = models.scoped(self.population)
            return plasma(self.regimen, BLOOD, inhibitor=drug, population=self.population, settings=settings)
        day = last_interval(models, self.regimen, drug, self.population)
        kept = np.union1d(np.arange(0, len(day.time), 6), day.concentration.argmax())
        return replace(day, time=day.time[kept], concentration=day.concentration[kept])

    def course(self, models: Models) -> ExVivo:
        """Inhibition over the hours after the dose, as it is shown."""
        spec = self.specs[1]

        def run() -> ExVivo:
            profile, model = self._plasma(models), models.model(spec)
            inhibited = self.assay.inhibited(model)
            law: Callable[[Array], Array] = functools.partial(at_each, inhibited)
            if models.near is not None:
                law = models.once(("law", *self._course[:-2]), lambda: inhibition_law(inhibited, *RANGE))
            factor = models.values.get(NEW_LABORATORY, 1.0)
            return ExVivo(profile, law(profile.free / factor), self.assay)

        return models.once(("ex vivo", *self._course), run)

    def curve(self, models: Models) -> Trace:
        course = self.course(models)
        label = f"inhibition of {self.pathway} (%)"
        x_label = f"time after {self.row.dose} (h)"
        return Trace(course.time, 100 * course.inhibition, x_label, label)


class Sampled(AfterDose):
    """... read where the study drew blood: column time, such as "0, 1, 2, 4 h"; densely where it is empty."""

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.hours = self._times(f"{row.id} ({data.place(row.id)}, column time)") if row.time else None

    def _times(self, where: str) -> NDArray[np.float64]:
        """Hours after the dose at which blood was drawn; raises PlanError for what is no such list."""
        *some, last = self.row.time.split(",")
        unit = last.strip().partition(" ")[2]
        texts = [*(f"{number.strip()} {unit}" for number in some), last.strip()]
        hours = np.array([parse_quantity(text, "hour", where=where) for text in texts])
        if len(hours) < 2 or (np.diff(hours) <= 0).any() or hours[0] < 0 or hours[-1] > BLOOD[-1]:
            raise PlanError(
                f"{where}: '{self.row.time}'; list the times at which blood was drawn, each after the one "
                f"before and none after {BLOOD[-1]:g} h, such as: 0, 1, 2, 4, 8, 24 h"
            )
        return hours

    def drawn(self, course: ExVivo) -> ExVivo:
        """A course in each drawing of blood."""
        if self.hours is None:
            return course
        profile = course.profile
        level = np.interp(self.hours, profile.time, profile.concentration)
        inhibition = np.interp(self.hours, course.time, course.inhibition)
        return ExVivo(replace(profile, time=self.hours, concentration=level), inhibition, self.assay)


@register
class TimeOfMaxInhibition(Sampled):
    """Hours after the dose at which inhibition is largest, of the times at which blood was drawn."""

    quantities = ("time_of_max_inhibition",)
    unit = "hour"

    def predicted(self, models: Models) -> float:
        return self.drawn(self.course(models)).time_of_maximum()


@register
class ReturnOfInhibition(Sampled):
    """Hours after the dose from which inhibition stays within 10 (or 5) points; inf when it does not in 24 h.

    It is read as from a figure of the study: linearly between two drawings of blood.
    """

    quantities = ("return_of_inhibition", "return_within_5_points")
    unit = "hour"

    def predicted(self, models: Models) -> float:
        return self.back(self.course(models))

    def back(self, course: ExVivo) -> float:
        """Hours after the dose at which a course is back, as the study would read it."""
        within = 0.05 if self.row.quantity == "return_within_5_points" else 0.10
        return self.drawn(course).time_back(within)


@register
class MaximumInhibition(AfterDose, Percentage):
    """Largest inhibition after the dose."""

    quantities = ("maximum_inhibition",)

    def predicted(self, models: Models) -> float:
        return 100 * float(self.course(models).inhibition.max())


@register
class MinimumInhibition(AfterDose, Percentage):
    """Smallest inhibition in the 24 h after the dose."""

    quantities = ("minimum_inhibition",)

    def predicted(self, models: Models) -> float:
        return 100 * float(self.course(models).inhibition.min())


@register
class InhibitionLeft(AfterDose, Percentage):
    """Largest inhibition, of either sign, from a time after the dose (column time) on."""

    quantities = ("inhibition_left",)

    def predicted(self, models: Models) -> float:
        course = self.course(models)
        later = course.time >= parse_quantity(self.row.time, "hour", where=self.row.id)
        return 100 * float(np.abs(course.inhibition[later]).max()) if later.any() else math.nan
