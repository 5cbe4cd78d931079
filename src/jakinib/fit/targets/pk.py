"""Pharmacokinetic metrics of a population."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.assay.disposition import UPTAKE, Disposition
from jakinib.assay.pk import dosing_steps
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.fit.data import DataSet, Measurement
from jakinib.fit.targets.base import Context, Target, register_target
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan

DISPOSITION = ("CLr", "CLnr", "V1", "V2", "Q")


@dataclass(frozen=True)
class _Typical:
    """What a metric starts from, read once a plan: the model, its values and the input of the population."""

    key: tuple[object, ...]
    model: Model
    values: Mapping[str, float]
    disposition: Disposition


@register_target
class PKMetric(Target):
    """Clearance, volume, half-life, Cmax, AUC, tmax, input duration of the typical patient.

    A published value is a mean over people. Its variance is the plan's error factor plus, where the row
    states a population CV, that of the mean: ln(1 + CV^2) / n, or of one person when n is not stated.
    """

    quantities = ("clearance", "volume", "half_life", "cmax", "auc", "tmax", "duration", "lag", "fraction")

    def __init__(self, row: Measurement, plan: Plan, data: DataSet, context: Context) -> None:
        super().__init__(row, plan, data, context)
        self.drug = get_library().inhibitor(row.inhibitor)
        self.scope = self.population = context.population(row)
        self._read: _Typical | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_read": None}  # a worker compiles its own model, one for all metrics

    @functools.cached_property
    def sigma(self) -> float:
        return math.hypot(super().sigma, sampling_error(self.row))

    def spec(self, context: Context) -> ModelSpec:
        return context.pk(self.drug.id, self.population)

    def touches(self, context: Context) -> set[str]:
        return super().touches(context) | {f"{key}_{self.drug.id}@{self.population}" for key in UPTAKE}

    def predicted(self, context: Context) -> tuple[float, str]:
        """(value, unit) of the metric."""
        drug = self.drug.id
        typical = self._typical(context)
        model = typical.model
        settings = context.settings(model, self.population)
        clr, clnr, v1, v2, q = (settings.get(f"{key}_{drug}", typical.values[key]) for key in DISPOSITION)
        disposition = self._disposition(context, typical.disposition)
        peak = disposition.lag + disposition.duration  # a zero-order input peaks when it ends
        match self.row.quantity, self.row.target:
            case "clearance", "CLr/F":
                return clr, "L/hour"
            case "clearance", "CLnr/F":
                return clnr, "L/hour"
            case "clearance", "Q/F":
                return q, "L/hour"
            case "clearance", "CL/F":
                return clr + clnr, "L/hour"
            case "volume", "V1/F":
                return v1, "L"
            case "volume", "V2/F":
                return v2, "L"
            case "volume", "V/F":
                return v1 + v2, "L"
            case "volume", "V":
                return (v1 + v2) * self._bioavailability(disposition), "L"
            case "fraction", "fe(urine)":
                return clr / (clr + clnr) * self._bioavailability(disposition), "dimensionless"
            case "half_life", _:
                return half_life(clr + clnr, v1, v2, q), "hour"
            case "tmax", _:
                return peak, "hour"
            case "duration", _:
                return disposition.duration, "hour"
            case "lag", _:
                return disposition.lag, "hour"
            case ("cmax" | "auc") as metric, _:
                return self._steady_state(context, model, settings, disposition, metric)
        raise PlanError(f"{self.row.id}: no metric for {self.row.quantity} of '{self.row.target}'")

    def _bioavailability(self, disposition: Disposition) -> float:
        if disposition.bioavailability is None:
            raise PlanError(
                f"{self.row.id}: inhibitor '{self.drug.id}' states no bioavailability; add it to its file"
            )
        return disposition.bioavailability

    def _typical(self, context: Context) -> _Typical:
        """Read once, since each takes longer than a metric in closed form."""
        key = (context.after, context.rtol, get_library().generation)
        if self._read is None or self._read.key != key:
            model = context.model(self.spec(context))
            values = {name: model.initial(f"{name}_{self.drug.id}") for name in DISPOSITION}
            self._read = _Typical(key, model, values, Disposition.of(self.drug.id, self.population))
        return self._read

    def _disposition(self, context: Context, typical: Disposition) -> Disposition:
        mine, drug = f"@{self.population}", self.drug.id
        overlay = {k.removesuffix(mine): v for k, v in context.theta.items() if k.endswith(mine)}
        if {f"{key}_{drug}" for key in UPTAKE[2:]} & set(overlay):
            return Disposition.of(drug, self.population, overlay)
        duration, lag = overlay.get(f"D1_{drug}", typical.duration), overlay.get(f"lag_{drug}", typical.lag)
        return replace(typical, duration=duration, lag=lag)

    @functools.cached_property
    def _doses(self) -> tuple[float, Regimen]:
        """mg of one dose, and ten of them a day apart."""
        amount = parse_quantity(self.row.dose, "mg", where=self.row.id)
        return amount, Regimen.parse(f"{amount} mg qd x 10")

    def _steady_state(
        self,
        context: Context,
        model: Model,
        settings: Mapping[str, float],
        disposition: Disposition,
        metric: str,
    ) -> tuple[float, str]:
        """Cmax (ng/mL) or AUC (ng h/mL) of the tenth daily dose."""
        amount, regimen = self._doses
        peak, start = disposition.lag + disposition.duration, 216.0
        times = np.concatenate(
            (np.linspace(start, start + peak, 11), np.linspace(start + peak, start + 24, 200)[1:])
        )
        steps = dosing_steps(regimen, disposition, self.drug.id)
        key = ("pk", self.drug.id, self.population, amount)
        nanomolar = context.run(key, model, Protocol(times, settings, steps), [f"C_{self.drug.id}"])[:, 0]
        level = nanomolar * disposition.molecular_weight * 1e-3
        if metric == "cmax":
            return float(level.max()), "ng/mL"
        return float(np.trapezoid(level, times)), "ng*hour/mL"

    def distance(self, context: Context) -> float:
        value, unit = self.predicted(context)
        return math.log(value / self.row.to(unit))


def sampling_error(row: Measurement) -> float:
    """Standard error (log scale) of a mean over n log-normal people with the row's CV; 0 without a CV.

    Source: variance of a log-normal variable, ln(1 + CV^2) (Limpert 2001, BioScience 51:341).
    """
    if row.spread is None or row.spread_type != "CV%":
        return 0.0
    return math.sqrt(math.log1p((row.spread / 100) ** 2) / (row.n or 1))


def half_life(clearance: float, central: float, peripheral: float, between: float) -> float:
    """Terminal half-life (h) of a two-compartment model; clearances L/h, volumes L.

    Source: smaller root of the bi-exponential disposition (Gabrielsson and Weiner, PK and PD Data Analysis).
    """
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    slow = (total - math.sqrt(total * total - 4 * k10 * k21)) / 2
    return math.log(2) / slow
