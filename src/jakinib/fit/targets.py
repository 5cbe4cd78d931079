"""How a published number is compared with the model: one small class a kind of number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from jakinib.assay.cell import SERUM_FRACTION, CellAssay
from jakinib.assay.pk import Disposition, dosing_steps
from jakinib.build import ModelSpec
from jakinib.errors import PlanError
from jakinib.fit.data import AssayConditions, Measurement
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol
from jakinib.simulate.models import from_spec
from jakinib.units import parse_quantity

FIT_RTOL = 1e-10


@dataclass
class Context:
    """What targets share during a fit: models on top of earlier plans, and values of this evaluation."""

    after: tuple[str, ...]
    inhibitors: tuple[str, ...]
    populations: Mapping[str, str] = field(default_factory=dict)
    rtol: float = FIT_RTOL
    theta: Mapping[str, float] = field(default_factory=dict)
    _cache: dict[tuple[object, ...], np.ndarray] = field(default_factory=dict)

    def signalling(self, cytokine: str, cell: str) -> ModelSpec:
        """The single-cytokine model all inhibitors of the plan share."""
        spec = ModelSpec(
            "cytokine_signalling", (cytokine,), self.inhibitors, cell=cell, calibrated=self.after
        )
        return spec.resolved(get_library())

    def population(self, row: Measurement) -> str:
        """Library population of a data row; raises PlanError when the plan maps none."""
        if row.population not in self.populations:
            raise PlanError(
                f"{row.id}: the plan maps no population for '{row.population}'; add it under populations"
            )
        return self.populations[row.population]

    def pk(self, inhibitor: str, population: str) -> ModelSpec:
        """The oral disposition of one inhibitor in one population."""
        spec = ModelSpec("oral_pk", (), (inhibitor,), population=population, calibrated=self.after)
        return spec.resolved(get_library())

    def model(self, spec: ModelSpec) -> Model:
        """The compiled model of a spec at the tolerance of the fit."""
        return from_spec(spec, self.rtol)

    def set(self, theta: Mapping[str, float]) -> None:
        """New parameter values (model units); forgets what was simulated with the old ones."""
        self.theta = theta
        self._cache.clear()

    def settings(self, model: Model, scope: str) -> dict[str, float]:
        """Free parameters this model has, general ones and those of ``scope`` (a cell or population).

        A resting chain also sets its initial value.
        """
        out = {}
        settable = set(model.settable)
        for name, value in self.theta.items():
            symbol, _, only = name.partition("@")
            if only and only != scope:
                continue
            if symbol in settable:
                out[symbol] = value
                if symbol.endswith("_rest"):
                    out[symbol.removesuffix("_rest")] = value
        return out

    def run(
        self, key: tuple[object, ...], model: Model, protocol: Protocol, observables: list[str]
    ) -> np.ndarray:
        """Simulate once per evaluation for each ``key``."""
        if key not in self._cache:
            self._cache[key] = model.run(protocol, observables)
        return self._cache[key]


class Target:
    """A published number, able to say how far the model is from it in standard deviations."""

    def __init__(self, row: Measurement, sigma: float) -> None:
        self.row, self.sigma = row, sigma

    scope = ""  # cell or population whose own parameters (symbol@scope) apply

    def spec(self, context: Context) -> ModelSpec | None:
        """The model this target simulates; None when it needs none."""
        raise NotImplementedError

    def touches(self, context: Context) -> set[str]:
        """Symbols this target depends on: other parameters leave it unchanged."""
        spec = self.spec(context)
        symbols = () if spec is None else context.model(spec).settable
        return {*symbols, *(f"{symbol}@{self.scope}" for symbol in symbols)}

    def residual(self, context: Context) -> float:
        """(model - published) / sigma on the log scale; raises SimulationError when the run fails."""
        raise NotImplementedError


def _logit(share: float) -> float:
    """ln(share / (1 - share)) held at 1e-9 from 0 and 1: feedback can lift a signal above its top."""
    share = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(share / (1 - share))


def cell_assay(row: Measurement, conditions: AssayConditions) -> CellAssay:
    """The assay behind a cell_ic50 row; raises PlanError when its source assumes no cytokine dose."""
    library = get_library()
    cytokine = library.cytokine(row.cytokine)
    if row.cytokine_dose:
        dose = parse_quantity(
            row.cytokine_dose, "nM", mass=cytokine.molecular_weight.to("g/mol"), where=row.id
        )
    elif row.cytokine in conditions.cytokine_dose:
        stated = conditions.cytokine_dose[row.cytokine]
        dose = parse_quantity(
            f"{stated.value} {stated.unit}", "nM", mass=cytokine.molecular_weight.to("g/mol")
        )
    else:
        raise PlanError(
            f"fits/data/{row.source}/source.yaml: assay.cytokine_dose lacks {row.cytokine} ({row.id})"
        )
    serum = SERUM_FRACTION if conditions.serum_fraction is None else conditions.serum_fraction.value
    return CellAssay(
        row.inhibitor,
        row.cytokine,
        row.readout,
        row.cell,
        row.matrix,
        dose,
        conditions.preincubation.to("hour"),
        conditions.stimulation.to("hour"),
        serum,
    )


class CellIC50(Target):
    """IC50 of a cell assay, from one run at the published concentration and one without inhibitor.

    logit(inhibition) = hill x ln(concentration / IC50): the sign is exact, the size is hill times the
    log error. Hill slopes of the panel are 1.1 to 2.1: steep pathways weigh more. Reports find the root.
    """

    def __init__(self, row: Measurement, sigma: float, conditions: AssayConditions) -> None:
        super().__init__(row, sigma)
        self.assay = cell_assay(row, conditions)
        self.symbol = get_library().cytokine(row.cytokine).symbol
        self.free = self.assay.free * row.to("nM")
        self.scope = self.assay.cell

    def spec(self, context: Context) -> ModelSpec:
        return context.signalling(self.assay.cytokine, self.assay.cell)

    def _observe(self, context: Context, free: float) -> np.ndarray:
        model = context.model(self.spec(context))
        stats = get_library().cytokine(self.assay.cytokine).stats
        observables = [f"p{s}_percent" for s in stats] + [f"reserve_{self.symbol}_{s}" for s in stats]
        assay = replace(self.assay, settings=context.settings(model, self.scope))
        key = (assay.cytokine, assay.cell, assay.inhibitor if free else "", free, assay.cytokine_dose,
               assay.preincubation, assay.stimulation)  # fmt: skip
        return context.run(key, model, assay.protocol(free), observables)[0]

    def residual(self, context: Context) -> float:
        stat = get_library().cytokine(self.assay.cytokine).stats.index(self.assay.readout[1:])
        top, inhibited = self._observe(context, 0.0)[stat], self._observe(context, self.free)[stat]
        return _logit(inhibited / top) / self.sigma

    def reserve(self, context: Context) -> float:
        """Signal reserve G without inhibitor at the time of reading."""
        stats = get_library().cytokine(self.assay.cytokine).stats
        return float(self._observe(context, 0.0)[len(stats) + stats.index(self.assay.readout[1:])])


class FoldOverBasal(Target):
    """Read-out at a time over its basal value: 1 + scale x percent phosphorylated.

    The scale (signal per percent over background) is a nuisance parameter of data set and read-out.
    """

    def __init__(self, row: Measurement, sigma: float) -> None:
        super().__init__(row, sigma)
        library = get_library()
        self.cytokine = library.cytokine(row.cytokine)
        self.scope = library.cell(row.cell).id
        self.dose = parse_quantity(
            row.cytokine_dose, "nM", mass=self.cytokine.molecular_weight.to("g/mol"), where=row.id
        )
        self.time = parse_quantity(row.time, "hour", where=row.id)
        self.scale = f"scale_{row.readout}_{row.source}"

    def spec(self, context: Context) -> ModelSpec:
        return context.signalling(self.cytokine.id, self.scope)

    def touches(self, context: Context) -> set[str]:
        return super().touches(context) | {self.scale}

    def predicted(self, context: Context) -> float:
        """Fold over basal in the model."""
        model = context.model(self.spec(context))
        times = TIME_COURSE
        observables = [f"p{s}_percent" for s in self.cytokine.stats]
        settings = {**context.settings(model, self.scope), f"L_{self.cytokine.symbol}": self.dose}
        key = ("course", self.cytokine.id, self.scope, self.dose)
        course = context.run(key, model, Protocol(times, settings), observables)
        stat = self.cytokine.stats.index(self.row.readout[1:])
        percent = float(np.interp(self.time, times, course[:, stat]))
        if self.scale not in context.theta:
            raise PlanError(
                f"{self.row.id}: the plan has no parameter '{self.scale}'; add it with scope nuisance"
            )
        return 1 + context.theta[self.scale] * percent

    def residual(self, context: Context) -> float:
        return math.log(self.predicted(context) / self.row.value) / self.sigma


class CytokineEC50(Target):
    """EC50 of a cytokine: one run at the published dose and one at saturation; logit of the ratio."""

    def __init__(self, row: Measurement, sigma: float) -> None:
        super().__init__(row, sigma)
        library = get_library()
        self.cytokine = library.cytokine(row.cytokine)
        self.scope = library.cell(row.cell).id
        mass = self.cytokine.molecular_weight.to("g/mol")
        self.dose = parse_quantity(f"{row.value} {row.unit}", "nM", mass=mass, where=row.id)
        self.time = parse_quantity(row.time, "hour", where=row.id)

    def spec(self, context: Context) -> ModelSpec:
        return context.signalling(self.cytokine.id, self.scope)

    def residual(self, context: Context) -> float:
        model = context.model(self.spec(context))
        settings = context.settings(model, self.scope)
        observables = [f"p{stat}_percent" for stat in self.cytokine.stats]
        stat = self.cytokine.stats.index(self.row.readout[1:])
        level = []
        for dose in (self.dose, SATURATING):
            protocol = Protocol([self.time], {**settings, f"L_{self.cytokine.symbol}": dose})
            key = ("dose", self.cytokine.id, self.scope, dose, self.time)
            level.append(context.run(key, model, protocol, observables)[0, stat])
        return -_logit(level[0] / level[1]) / self.sigma


SATURATING = 300.0  # nM cytokine, two decades above every published EC50
TIME_COURSE = [minute / 60 for minute in range(1, 121)]


class PKMetric(Target):
    """Clearance, volume, half-life, Cmax, AUC, tmax, input duration of the typical patient."""

    def __init__(self, row: Measurement, sigma: float, population: str) -> None:
        super().__init__(row, sigma)
        self.drug = get_library().inhibitor(row.inhibitor)
        self.scope = self.population = population

    def spec(self, context: Context) -> ModelSpec:
        return context.pk(self.drug.id, self.population)

    def touches(self, context: Context) -> set[str]:
        return super().touches(context) | {f"{key}_{self.drug.id}@{self.population}" for key in ("D1", "lag")}

    def predicted(self, context: Context) -> tuple[float, str]:
        """(value, unit) of the metric."""
        drug = self.drug.id
        model = context.model(self.spec(context))
        settings = context.settings(model, self.population)
        clr, clnr, v1, v2, q = (
            settings.get(f"{key}_{drug}", model.initial(f"{key}_{drug}"))
            for key in ("CLr", "CLnr", "V1", "V2", "Q")
        )
        disposition = self._disposition(context)
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
                return (v1 + v2) * self._bioavailability(), "L"
            case "fraction", "fe(urine)":
                return clr / (clr + clnr) * self._bioavailability(), "dimensionless"
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

    def _bioavailability(self) -> float:
        if self.drug.bioavailability is None:
            raise PlanError(
                f"{self.row.id}: inhibitor '{self.drug.id}' states no bioavailability; add it to its file"
            )
        return self.drug.bioavailability.to("dimensionless")

    def _disposition(self, context: Context) -> Disposition:
        mine = f"@{self.population}"
        overlay = {k.removesuffix(mine): v for k, v in context.theta.items() if k.endswith(mine)}
        return Disposition.of(self.drug.id, self.population, overlay)

    def _steady_state(
        self,
        context: Context,
        model: Model,
        settings: Mapping[str, float],
        disposition: Disposition,
        metric: str,
    ) -> tuple[float, str]:
        """Cmax (ng/mL) or AUC (ng h/mL) of the tenth daily dose."""
        amount = parse_quantity(self.row.dose, "mg", where=self.row.id)
        peak, start = disposition.lag + disposition.duration, 216.0
        times = np.concatenate(
            (np.linspace(start, start + peak, 11), np.linspace(start + peak, start + 24, 200)[1:])
        )
        steps = dosing_steps(Regimen.parse(f"{amount} mg qd x 10"), disposition, self.drug.id)
        key = ("pk", self.drug.id, self.population, amount)
        nanomolar = context.run(key, model, Protocol(times, settings, steps), [f"C_{self.drug.id}"])[:, 0]
        level = nanomolar * disposition.molecular_weight * 1e-3
        if metric == "cmax":
            return float(level.max()), "ng/mL"
        return float(np.trapezoid(level, times)), "ng*hour/mL"

    def residual(self, context: Context) -> float:
        value, unit = self.predicted(context)
        return math.log(value / self.row.to(unit)) / self.sigma


def half_life(clearance: float, central: float, peripheral: float, between: float) -> float:
    """Terminal half-life (h) of a two-compartment model; clearances L/h, volumes L.

    Source: smaller root of the bi-exponential disposition (Gabrielsson and Weiner, PK and PD Data Analysis).
    """
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    slow = (total - math.sqrt(total * total - 4 * k10 * k21)) / 2
    return math.log(2) / slow


PK_QUANTITIES = ("clearance", "volume", "half_life", "cmax", "auc", "tmax", "duration", "lag", "fraction")
