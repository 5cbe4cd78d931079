"""Single points of a curve: inhibition at a concentration, and inhibition or plasma at a time after doses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.inhibition import inhibition_law
from jakinib.assay.patient import Patient
from jakinib.assay.pk import PlasmaProfile, plasma_profiles
from jakinib.assay.studied import COVARIATES
from jakinib.build import ModelSpec
from jakinib.errors import InputError
from jakinib.experiments.base import Choices, Experiment, Percentage, Trace, population_of, register
from jakinib.experiments.cell import Inhibited
from jakinib.experiments.exvivo import NEW_LABORATORY, RANGE, AfterDose
from jakinib.experiments.models import Models
from jakinib.experiments.petab import REFERENCE, Place, Writer
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, Covariate, changing
from jakinib.units import factor, parse_quantity

Array = NDArray[np.float64]
SHOWN = 97  # points of a curve over time
JOINS = "joins two models, of plasma and of the cell, in one patient"


def patient_text(weight: Covariate | None, eGFR: Covariate | None, conditions: Sequence[str]) -> str:
    """The column patient of a row: what is not as usual in the population, such as "eGFR 45; fed"."""
    given = {"weight": weight, "eGFR": eGFR}
    said = {n: v if isinstance(v, Changing) else f"{v:.12g}" for n, v in given.items() if v is not None}
    return "; ".join([*(f"{name} {value}" for name, value in said.items()), *conditions])


def patient_of(row: Measurement, population: str) -> Patient:
    """The patient of a row; raises InputError for a column patient that is not understood."""
    given: dict[str, Covariate] = {}
    conditions = []
    for part in filter(None, (text.strip() for text in row.patient.split(";"))):
        name, _, value = part.partition(" ")
        if name in COVARIATES:
            given[name] = changing(value, COVARIATES[name], f"{row.id}: {name}")
        else:
            conditions.append(part)
    return Patient(population, row.inhibitor, given.get("weight"), given.get("eGFR"), tuple(conditions))


class _Dosed:
    """Plasma of the patient of a row; the columns dose and time hold a regimen and a time after its start."""

    def __init__(self, row: Measurement, population: str) -> None:
        self.patient = patient_of(row, population)
        self.regimen = Regimen.parse(row.dose)
        self.hours = parse_quantity(row.time, "hour", where=row.id)
        if self.hours < 0:
            raise InputError(f"{row.id}: time is {row.time}; it counts from the first dose")
        drug = get_library().inhibitor(row.inhibitor)
        self.moieties = (drug.id, drug.metabolite) if drug.metabolite else (drug.id,)

    def profiles(self, models: Models, times: Sequence[float] | Array) -> tuple[PlasmaProfile, ...]:
        """The inhibitor and its active metabolite at increasing times (h)."""
        who = self.patient
        mine = f"_{who.inhibitor}"
        own = {
            name.removesuffix(mine): value
            for name, value in models.scoped(who.population).items()
            if name.endswith(mine)
        }
        settings = who.settings(own)
        return plasma_profiles(
            self.regimen.at_weight(settings["weight"]), times, inhibitor=who.inhibitor,
            population=who.population, settings=settings,
        )  # fmt: skip

    @property
    def shown(self) -> Array:
        """Hours at which a curve is shown: a day, or more where the point lies beyond."""
        return np.unique(np.append(np.linspace(0, max(24.0, self.hours), SHOWN), self.hours))


@register
class InhibitionAtConcentration(Inhibited, Percentage):
    """Inhibition of a cell assay at the nominal concentration in the column dose."""

    quantities = ("inhibition_at_concentration",)

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.concentration = parse_quantity(row.dose, "nM", where=row.id)

    def predicted(self, models: Models) -> float:
        return 100 * (1 - self.share_left(models, self.concentration))

    def curve(self, models: Models) -> Trace:
        return self.concentration_response(models, self.concentration, self.published)

    def petab(self, part: Writer) -> Place:
        condition, time = self.petab_condition(part, self.concentration)
        signal, odds = self.assay.read.symbol, self.published / (100 - self.published)
        formula = f"({signal}{REFERENCE} - {signal}) / {signal}"
        observable = part.observable(
            f"inhibition_{self.assay.read.key}", f"odds of {self.row.readout} being inhibited", formula
        )
        part.measure(self.row.id, observable, condition, time, odds, self.sigma)
        return condition, time


@register
class PlasmaAtTime(Experiment):
    """Concentration in plasma of the typical patient at a time (column time) from the first dose."""

    quantities = ("plasma_at_time",)
    unit = "ng/mL"
    patients = True
    not_in_petab = "doses of one patient at times of their own"

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.scope = self.population = population_of(row, choices)
        self.dosed = _Dosed(row, self.population)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (ModelSpec("oral_pk", inhibitors=(self.row.inhibitor,), population=self.population),)

    def predicted(self, models: Models) -> float:
        return float(self.dosed.profiles(models, [self.dosed.hours])[0].ng_per_mL[0])

    def curve(self, models: Models) -> Trace:
        profile = self.dosed.profiles(models, self.dosed.shown)[0]
        scale, unit = factor("ng/mL", self.row.unit), self.row.unit
        y_label, point = f"{self.row.inhibitor} in plasma ({unit})", (self.dosed.hours, self.row.value)
        return Trace(profile.time, profile.ng_per_mL * scale, f"time, {self.row.dose} (h)", y_label, point)


@register
class InhibitionAtTime(AfterDose, Percentage):
    """Inhibition in blood drawn at a time (column time) from the first dose, stimulated ex vivo."""

    quantities = ("inhibition_at_time",)
    patients = True
    not_in_petab = JOINS

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.dosed = _Dosed(row, self.population)

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        plasma, cell = super().specs
        return plasma, replace(cell, inhibitors=self.dosed.moieties)

    def predicted(self, models: Models) -> float:
        return float(self._inhibition(models, self.dosed.profiles(models, [self.dosed.hours]))[0])

    def _inhibition(self, models: Models, profiles: Sequence[PlasmaProfile]) -> Array:
        """Inhibition (%) at each time of the profiles."""
        model, base = models.model(self.specs[1]), self.assay.protocol(0.0)
        other = models.values.get(NEW_LABORATORY, 1.0)
        if models.near is not None and len(profiles) == 1:  # one of many draws, for all rows of this assay
            known = ("law", *self._course[:-2])
            law = models.once(known, lambda: inhibition_law(self.assay.inhibited(model), *RANGE))
            return 100 * law(profiles[0].free / other)

        def signal(levels: Mapping[str, float]) -> float:
            protocol = replace(base, settings={**base.settings, **levels})
            return float(model.run(protocol, [self.assay.observable])[0, 0])

        top = models.once(("top", self.key), lambda: self.assay.uninhibited(model))
        at = zip(*(profile.free / other for profile in profiles), strict=True)
        names = [f"I_{profile.inhibitor}" for profile in profiles]
        left = [signal(dict(zip(names, map(float, free), strict=True))) / top for free in at]
        return 100 * (1 - np.array(left))

    def curve(self, models: Models) -> Trace:
        profiles = self.dosed.profiles(models, self.dosed.shown)
        point = (self.dosed.hours, self.published)
        y_label = f"inhibition of {self.pathway} (%)"
        inhibition = self._inhibition(models, profiles)
        return Trace(profiles[0].time, inhibition, f"time, {self.row.dose} (h)", y_label, point)
