"""Pharmacokinetic metrics of a population."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from jakinib.assay.disposition import UPTAKE, Disposition
from jakinib.assay.dosing import dosing_steps
from jakinib.assay.pk import PlasmaProfile, plasma
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.experiments.base import Choices, Experiment, Trace, population_of, register
from jakinib.experiments.models import Models
from jakinib.experiments.petab import DAYS, INTERVAL, Cell, NotExpressedError, Place, Writer
from jakinib.library import get_library
from jakinib.library.measurements import DataSet, Measurement
from jakinib.regimen import Regimen
from jakinib.simulate import Protocol
from jakinib.units import dose_to_nmol, factor, parse_quantity

DISPOSITION = ("CLr", "CLnr", "V1", "V2", "Q")


@dataclass(frozen=True)
class Typical:
    """Disposition of the typical patient: clearances L/h, volumes L, its input, and the share F."""

    CLr: float
    CLnr: float
    V1: float
    V2: float
    Q: float
    input: Disposition

    @property
    def peak(self) -> float:
        """Hours from a dose to its maximum: a zero-order input peaks when it ends."""
        return self.input.lag + self.input.duration

    def exponents(self) -> tuple[float, float, float]:
        """k21 and the two rates (1/h) at which plasma declines after a bolus, the faster first."""
        k10, k12, k21 = (self.CLr + self.CLnr) / self.V1, self.Q / self.V1, self.Q / self.V2
        total = k10 + k12 + k21
        root = math.sqrt(total * total - 4 * k10 * k21)
        return k21, (total + root) / 2, (total - root) / 2


@dataclass(frozen=True)
class Metric:
    """A metric in closed form: of numbers, and as a formula of model symbols. ``F``: the share absorbed."""

    unit: str
    name: str
    of: Callable[[Typical, float], float]
    formula: str
    absolute: bool = False  # it needs the share absorbed


def _half_life(typical: Typical, share: float) -> float:
    return math.log(2) / typical.exponents()[2]


def _slow_share(typical: Typical, share: float) -> float:
    k21, fast, slow = typical.exponents()
    return 100 * ((k21 - slow) / (fast - slow))


_TOTAL = "(({CLr} + {CLnr}) / {V1} + {Q} / {V1} + {Q} / {V2})"
_ROOT = f"sqrt({_TOTAL}^2 - 4 * ({{CLr}} + {{CLnr}}) / {{V1}} * {{Q}} / {{V2}})"
METRICS: Mapping[tuple[str, str], Metric] = {
    ("clearance", "CLr/F"): Metric("L/hour", "CLr_F", lambda t, f: t.CLr, "{CLr}"),
    ("clearance", "CLnr/F"): Metric("L/hour", "CLnr_F", lambda t, f: t.CLnr, "{CLnr}"),
    ("clearance", "Q/F"): Metric("L/hour", "Q_F", lambda t, f: t.Q, "{Q}"),
    ("clearance", "CL/F"): Metric("L/hour", "CL_F", lambda t, f: t.CLr + t.CLnr, "{CLr} + {CLnr}"),
    ("volume", "V1/F"): Metric("L", "V1_F", lambda t, f: t.V1, "{V1}"),
    ("volume", "V2/F"): Metric("L", "V2_F", lambda t, f: t.V2, "{V2}"),
    ("volume", "V/F"): Metric("L", "V_F", lambda t, f: t.V1 + t.V2, "{V1} + {V2}"),
    ("volume", "V"): Metric("L", "V", lambda t, f: (t.V1 + t.V2) * f, "{F} * ({V1} + {V2})", True),
    ("fraction", "fe(urine)"): Metric(
        "dimensionless", "fe_urine", lambda t, f: t.CLr / (t.CLr + t.CLnr) * f,
        "{F} * {CLr} / ({CLr} + {CLnr})", True,
    ),
    ("fraction", "slow phase"): Metric("percent", "slow_phase", _slow_share, ""),
    ("half_life", ""): Metric("hour", "t_half", _half_life, f"2 * ln(2) / ({_TOTAL} - {_ROOT})"),
    ("tmax", ""): Metric("hour", "tmax", lambda t, f: t.peak, "{lag} + {D1}"),
    ("duration", ""): Metric("hour", "input_duration", lambda t, f: t.input.duration, "{D1}"),
    ("lag", ""): Metric("hour", "input_lag", lambda t, f: t.input.lag, "{lag}"),
}  # fmt: skip
EXPOSURE = {"cmax": "ng/mL", "auc": "ng*hour/mL"}  # read from a run


@register
class PKMetric(Experiment):
    """Clearance, volume, half-life, Cmax, AUC, tmax, input duration of the typical patient.

    A published value is a mean over people. Its variance is the plan's error factor plus, where the row
    states a population CV, that of the mean: ln(1 + CV^2) / n, or of one person when n is not stated.
    ``value`` is read from plasma where the row states a dose: Cmax, AUC and tmax over the fourteenth daily
    dose, CL/F after a single one. ``distance`` takes the closed form, and the tenth dose for Cmax and AUC.
    """

    quantities = ("clearance", "volume", "half_life", "cmax", "auc", "tmax", "duration", "lag", "fraction")

    def __init__(self, row: Measurement, data: DataSet, choices: Choices) -> None:
        super().__init__(row, data, choices)
        self.drug = get_library().inhibitor(row.inhibitor)
        self.scope = self.population = population_of(row, choices)
        if self.metric is None and row.quantity not in EXPOSURE:
            raise PlanError(f"{row.id}: no metric for {row.quantity} of '{row.target}'")
        self.unit = EXPOSURE[row.quantity] if self.metric is None else self.metric.unit
        self.daily_doses = row.quantity == "cmax"

    @property
    def metric(self) -> Metric | None:
        """How the number follows from the typical patient; none for what is read from a run.

        It is looked up, not kept: functions without a name cannot be sent to another process.
        """
        return METRICS.get((self.row.quantity, self.row.target), METRICS.get((self.row.quantity, "")))

    @functools.cached_property
    def sigma(self) -> float:
        return math.hypot(super().sigma, sampling_error(self.row))

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return (self.spec,)

    @property
    def spec(self) -> ModelSpec:
        return ModelSpec("oral_pk", inhibitors=(self.drug.id,), population=self.population)

    def symbols(self, models: Models) -> set[str]:
        return super().symbols(models) | {f"{key}_{self.drug.id}@{self.population}" for key in UPTAKE}

    def predicted(self, models: Models) -> float:
        typical = self.typical(models)
        if self.metric is None:
            return self._tenth_dose(models, typical)
        return self.metric.of(typical, self._share(typical.input) if self.metric.absolute else 1.0)

    def _share(self, disposition: Disposition) -> float:
        if disposition.bioavailability is None:
            raise PlanError(
                f"{self.row.id}: inhibitor '{self.drug.id}' states no bioavailability; add it to its file"
            )
        return disposition.bioavailability

    def typical(self, models: Models) -> Typical:
        """Disposition of the typical patient of the population."""

        def read() -> Typical:
            drug = self.drug.id
            model = models.model(self.spec)
            numbers = {key: model.initial(f"{key}_{drug}") for key in DISPOSITION}
            return Typical(**numbers, input=self._input(models))

        return models.once(("typical", self.drug.id, self.population), read)

    def _input(self, models: Models) -> Disposition:
        drug, own = self.drug.id, models.scoped(self.population)
        if {f"{key}_{drug}" for key in UPTAKE[2:]} & set(own):
            return Disposition.of(drug, self.population, own)
        usual = self._usual
        return replace(
            usual, duration=own.get(f"D1_{drug}", usual.duration), lag=own.get(f"lag_{drug}", usual.lag)
        )

    @functools.cached_property
    def _usual(self) -> Disposition:
        return Disposition.of(self.drug.id, self.population)

    def _tenth_dose(self, models: Models, typical: Typical) -> float:
        """Cmax (ng/mL) or AUC (ng h/mL) of the tenth daily dose."""
        _, regimen = self._doses
        peak, start = typical.peak, (DAYS - 1) * INTERVAL
        times = np.concatenate(
            (np.linspace(start, start + peak, 11), np.linspace(start + peak, start + 24, 200)[1:])
        )
        steps = dosing_steps(regimen, typical.input, self.drug.id)
        protocol = Protocol(times, steps=steps)
        nanomolar = models.model(self.spec).run(protocol, [f"C_{self.drug.id}"])[:, 0]
        level = nanomolar * typical.input.molecular_weight * 1e-3
        return float(level.max() if self.row.quantity == "cmax" else np.trapezoid(level, times))

    @functools.cached_property
    def _doses(self) -> tuple[float, Regimen]:
        """mg of one dose, and ten of them a day apart."""
        amount = parse_quantity(self.row.dose, "mg", where=self.row.id)
        return amount, Regimen.parse(f"{amount} mg qd x {DAYS}")

    def value(self, models: Models) -> float:
        metric, dose = self.row.quantity, self.row.dose
        read: float | None = None
        if metric in ("cmax", "auc", "tmax") and dose:
            read = self._day(models).interval(0, 24)[metric]
        elif (metric, self.row.target) == ("clearance", "CL/F") and dose:
            single = Regimen.parse(dose)
            profile = plasma(
                single, np.linspace(0, 480, 48001), inhibitor=self.drug.id, population=self.population,
                settings=models.scoped(self.population),
            )  # fmt: skip
            read = parse_quantity(dose, "mg", where=self.row.id) * 1e3 / profile.interval(0, 480)["auc"]
        return super().value(models) if read is None else read * factor(self.unit, self.row.unit)

    def _day(self, models: Models) -> PlasmaProfile:
        regimen = Regimen.parse(f"{self.row.dose} qd x 14")
        return last_interval(models, regimen, self.drug.id, self.population)

    def curve(self, models: Models) -> Trace:
        """Plasma over the fourteenth daily dose, or after one dose of 1 mg where the row states none."""
        dose = self.row.dose or "1 mg"
        regimen = Regimen.parse(f"{dose} qd x 14")
        day = last_interval(models, regimen, self.drug.id, self.population)
        point = None
        if self.row.quantity in ("cmax", "tmax") and self.row.dose:
            here = day.interval(0, 24)
            here[self.row.quantity] = self.published
            point = (here["tmax"], here["cmax"])
        y_label = f"{self.drug.id} in plasma (ng/mL)"
        return Trace(day.time, day.ng_per_mL, f"time after {dose} daily (h)", y_label, point)

    def petab(self, part: Writer) -> Place:
        drug, row = self.drug.id, self.row
        condition = part.condition(self.population, f"{self.population}, no dose", self.scope, {})
        if row.quantity == "cmax":
            return self._petab_cmax(part)
        if self.metric is None:
            raise NotExpressedError("its area is a trapezoid sum over times that move with the parameters")
        if not self.metric.formula:
            raise NotExpressedError(f"no PEtab form of {row.quantity} '{row.target}'")
        if self.metric.absolute and self.drug.bioavailability is None:
            raise NotExpressedError(f"inhibitor '{drug}' states no bioavailability")
        symbols = {key: f"{key}_{drug}" for key in (*DISPOSITION, "D1", "lag")}
        share = repr(self._share(self._usual)) if self.metric.absolute else ""
        formula, name = self.metric.formula.format(**symbols, F=share), self.metric.name
        observable = part.observable(f"{name}_{drug}", f"{name} of {drug}, {self.unit}", formula)
        part.measure(row.id, observable, condition, 0.0, self.published, self.sigma)
        return condition, 0.0

    def _petab_cmax(self, part: Writer) -> Place:
        drug, row = self.drug.id, self.row
        usual = self._usual
        if usual.first_order:
            raise NotExpressedError("its first-order input has no form here; only zero-order input has")
        amount, mass = self._doses[0], usual.molecular_weight
        given: dict[str, Cell] = {f"dose_{drug}": dose_to_nmol(amount, mass)}
        text = f"{self.population}, {amount:g} mg once daily x {DAYS}"
        condition = part.condition(f"{self.population}_{amount:g}_mg_qd", text, self.scope, given)
        observable = part.observable(
            f"Cmax_{drug}", "Cmax of the last dose, ng/mL", f"{mass * 1e-3!r} * Cpeak_{drug}"
        )
        time = DAYS * INTERVAL
        part.measure(row.id, observable, condition, time, self.published, self.sigma)
        return condition, time


def last_interval(models: Models, regimen: Regimen, inhibitor: str, population: str) -> PlasmaProfile:
    """Plasma of the typical patient over the day after the last dose of a regimen; time 0 is that dose."""

    def run() -> PlasmaProfile:
        settings = models.scoped(population)
        disposition = Disposition.of(inhibitor, population, settings)
        last = max(dose.time for dose in regimen.doses)
        peak = disposition.lag + disposition.duration
        times = last + np.unique(np.concatenate((np.linspace(0, 24, 289), [peak])))
        profile = plasma(regimen, times, inhibitor=inhibitor, population=population, settings=settings)
        return profile if last == 0 else replace(profile, time=profile.time - last)

    return models.once(("last interval", regimen.text, inhibitor, population), run)


def sampling_error(row: Measurement) -> float:
    """Standard error (log scale) of a mean over n log-normal people with the row's CV; 0 without a CV.

    Source: variance of a log-normal variable, ln(1 + CV^2) (Limpert 2001, BioScience 51:341).
    """
    if row.spread is None or row.spread_type != "CV%":
        return 0.0
    return math.sqrt(math.log1p((row.spread / 100) ** 2) / (row.n or 1))
