"""Exposure of patients: what impaired kidneys do to it, and its spread over a population."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import numpy as np

from jakinib.assay.patient import Patient
from jakinib.assay.pk import plasma
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Experiment, Trace, population_of, register
from jakinib.experiments.models import Models
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.population import population
from jakinib.regimen import Regimen
from jakinib.regimen.changing import initial

if TYPE_CHECKING:
    import pandas as pd

# eGFR (mL/min per 1.73 m2) that stands for a class of renal function: the middle of its limits, 60 to 90, 30
# to 60 and 15 to 30; sources give no group means. Normal, which has no upper limit, is taken as 90 to 120.
CLASSES = {"normal": 105.0, "mild": 75.0, "moderate": 45.0, "severe": 22.5}
PATIENTS, SEED = 1000, 1
COLUMNS = {"Cmax": "Cmax_ng_per_mL", "AUC": "AUC_ng_h_per_mL"}


def metric_of(row: Measurement) -> str:
    """Cmax or AUC, by the beginning of the column target."""
    for metric in COLUMNS:
        if row.target.startswith(metric):
            return metric
    raise PlanError(f"{row.id}: column target is '{row.target}'; an exposure is a Cmax or an AUC")


@functools.lru_cache(maxsize=64)
def _single_dose(
    inhibitor: str, people: str, dose: str, eGFR: float, disposition: tuple[tuple[str, float], ...]
) -> dict[str, float]:
    """Cmax and AUC to 240 h of a typical patient of this renal function after one dose."""
    settings = initial(Patient(people, inhibitor, eGFR=eGFR).settings(dict(disposition)))
    peak = settings[f"lag_{inhibitor}"] + settings[f"D1_{inhibitor}"]
    times = np.unique(np.concatenate((np.linspace(0, 24, 481), np.linspace(24, 240, 865), [peak])))
    profile = plasma(Regimen.parse(dose), times, inhibitor=inhibitor, population=people, settings=settings)
    return profile.interval(0, 240)


@register
class ExposureRatio(Experiment):
    """AUC or Cmax in a class of renal impairment over that in another, the typical patient of a population.

    population: "mild renal impairment vs normal", which the choices map to a population of the library.
    """

    quantities = ("exposure_ratio",)

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.metric, self.drug = metric_of(row), get_library().inhibitor(row.inhibitor).id
        self.scope = population_of(row, choices)
        found = re.fullmatch(r"(\w+) renal impairment vs (\w+)", row.population)
        if found is None or not {*found.groups()} <= set(CLASSES):
            raise PlanError(
                f"{row.id}: population '{row.population}' names no two of {', '.join(CLASSES)}; "
                "write for example: mild renal impairment vs normal"
            )
        self.classes = found.groups()

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (ModelSpec("oral_pk", inhibitors=(self.drug,), population=self.scope),)

    def predicted(self, models: Models) -> float:
        own = self._own(models)
        first, second = (self._level(CLASSES[name], own) for name in self.classes)
        return first / second

    def _own(self, models: Models) -> tuple[tuple[str, float], ...]:
        """Disposition of the typical patient by parameter, where the models give another than the library."""
        mine, given = f"_{self.drug}", models.scoped(self.scope)
        own = {name.removesuffix(mine): v for name, v in given.items() if name.endswith(mine)}
        return tuple(sorted(own.items()))

    def _level(self, eGFR: float, disposition: tuple[tuple[str, float], ...]) -> float:
        found = _single_dose(self.drug, self.scope, self.row.dose, eGFR, disposition)
        return found[self.metric.lower()]

    def curve(self, models: Models) -> Trace:
        """Exposure against renal function."""
        eGFR, own = np.linspace(30, 120, 10), self._own(models)
        levels = np.array([self._level(at, own) for at in eGFR.tolist()])
        y = levels / self._level(CLASSES[self.classes[1]], own)
        point = (CLASSES[self.classes[0]], self.published)
        return Trace(eGFR, y, "eGFR (mL/min per 1.73 m2)", f"{self.metric} ratio", point)


@functools.cache
def _sample(people: str, regimen: str) -> pd.DataFrame:
    return population(people, PATIENTS, regimen, cytokine=None, seed=SEED)


@register
class PopulationExposure(Experiment):
    """Mean or CV of Cmax or AUC over a sample of patients under a regimen (column dose), at the estimates."""

    quantities = ("population_mean", "population_cv")

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.metric, self.population = metric_of(row), population_of(row, choices)
        mean = {"Cmax": "ng/mL", "AUC": "ng*hour/mL"}[self.metric]
        self.unit = mean if row.quantity == "population_mean" else "percent"

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return ()  # it follows no draw: a sample for each would take minutes

    def predicted(self, models: Models) -> float:
        values = _sample(self.population, self.row.dose)[COLUMNS[self.metric]]
        mean = float(values.mean())
        return mean if self.row.quantity == "population_mean" else 100 * float(values.std() / values.mean())

    def distance(self, models: Models) -> float:
        raise PlanError(f"{self.row.id}: '{self.row.quantity}' follows no parameter and cannot be fitted")

    def curve(self, models: Models) -> Trace:
        """The sample, sorted."""
        values = np.sort(_sample(self.population, self.row.dose)[COLUMNS[self.metric]].to_numpy())
        share = 100 * (np.arange(len(values)) + 0.5) / len(values)
        return Trace(values, share, f"{self.metric} (ng/mL or ng h/mL)", "patients at or below (%)")
