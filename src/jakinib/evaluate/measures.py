"""The quantities that criteria bound, each computed from the calibrated models."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from jakinib.assay import (
    CellAssay,
    Curve,
    ExVivo,
    KinaseAssay,
    PlasmaProfile,
    ex_vivo_inhibition,
    plasma,
)
from jakinib.assay.disposition import Disposition
from jakinib.errors import SimulationError, UnknownIdError
from jakinib.evaluate import exposure, predictions
from jakinib.evaluate.criteria import MEASURES
from jakinib.evaluate.overlay import Overlaid, ic50_near, inhibition_law
from jakinib.evaluate.predictions import Prediction
from jakinib.fit.data import DataSet
from jakinib.fit.plan import Plan
from jakinib.fit.targets import half_life
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, Step, load
from jakinib.units import parse_quantity

DRUG = "baricitinib"
DOSES = (1.0, 2.0, 4.0, 7.0, 10.0)  # mg, single doses
LOWER_DOSES = (1.0, 2.0, 4.0)
DRAWS = np.concatenate((np.arange(0, 4, 0.25), np.arange(4, 24.1, 0.5)))  # h after the dose
DAILY = (
    ("IL-6", "pSTAT3"),
    ("IL-6", "pSTAT1"),
    ("IL-2", "pSTAT5"),
    ("IFN-gamma", "pSTAT1"),
    ("GM-CSF", "pSTAT5"),
)
LAST_DOSE = 13 * 24.0  # h; the fourteenth daily dose stands for steady state
HEPATOCYTE_DOSES = np.logspace(-1, np.log10(500), 19)  # ng/mL IL-6, the published range
BLOCK = 1e7  # nM free inhibitor: kinase block


__all__ = ["Measures", "Prediction", "slow_share"]


class Measures:
    """Computes each quantity once; methods are named by 'measure' in fits/criteria.yaml."""

    def __init__(
        self,
        plan: Plan | Sequence[Plan],
        data: DataSet,
        draw: Mapping[str, float] | None = None,
        near: Measures | None = None,
    ) -> None:
        """Predict the rows of one plan or of several.

        draw: symbol (or symbol@scope) -> value in model units, in place of the estimates. near: measures
        whose IC50s are near these, so that roots are found from there.
        """
        self.plans = (plan,) if isinstance(plan, Plan) else tuple(plan)
        self.data, self.near = data, near
        self.draw: Mapping[str, float] = draw or {}
        self.ic50s: dict[str, float] = {}
        self._laws: dict[tuple[str, ...], Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {}

    @property
    def plan(self) -> Plan:
        """The last plan: the one that builds on the others."""
        return self.plans[-1]

    def model(self, scope: str, name: str, **choice: Any) -> Model:
        """A model with the draw set: its own symbols and those of ``scope`` (a cell or population)."""
        model = load(name, **choice)
        return cast(Model, Overlaid.of(model, self.draw, scope)) if self.draw else model

    def cell_model(self, conditions: CellAssay) -> Model:
        """The model of a cell assay, with the draw set."""
        model = conditions.model()
        return cast(Model, Overlaid.of(model, self.draw, conditions.cell)) if self.draw else model

    def ic50(self, key: str, curve: Curve) -> float:
        """IC50 of a curve; from the one of the same key in ``near`` when there is one."""
        near = self.near and self.near.ic50s.get(key)
        self.ic50s[key] = ic50_near(curve, near) if near else curve.ic50
        return self.ic50s[key]

    def plasma(
        self, regimen: Regimen, times: NDArray[np.float64], population: str = "healthy_adult"
    ) -> PlasmaProfile:
        """Plasma of the typical patient, with the draw set."""
        return plasma(regimen, times, population=population, settings=self._of_population(population))

    def _of_population(self, population: str) -> dict[str, float]:
        mine = f"@{population}"
        return {name.removesuffix(mine): value for name, value in self.draw.items() if name.endswith(mine)}

    def ex_vivo_of(self, profile: PlasmaProfile, conditions: CellAssay) -> ExVivo:
        """Inhibition ex vivo; for a draw interpolated in ln(concentration), within 0.1 percentage points."""
        model = self.cell_model(conditions)
        if not self.draw:
            return ex_vivo_inhibition(profile, conditions, model)
        key = (conditions.cytokine, conditions.readout, conditions.cell)
        if key not in self._laws:
            self._laws[key] = inhibition_law(conditions, model)
        return ExVivo(profile, self._laws[key](profile.free), conditions)

    def measure(self, name: str, of: str = "", rows: Sequence[str] = ()) -> float:
        """Value of the quantity ``name`` (of ``of``, or over ``rows``) in the unit of its criterion."""
        if name not in MEASURES:
            raise UnknownIdError("measure", name, MEASURES)
        method = getattr(self, f"_{name}")
        if name in ("gmfe", "worst_fold", "worst_ec50", "worst_ec50_median_cell"):
            return float(method(rows))
        return float(method(of) if of else method())

    # Enzyme -----------------------------------------------------------------------------------------

    @functools.cache  # noqa: B019 - one instance lives as long as the evaluation
    def _enzyme_ic50(self, kinase: str) -> float:
        return self.ic50(f"enzyme {kinase}", self.enzyme_curve(kinase))

    def enzyme_curve(self, kinase: str) -> Curve:
        """The enzyme assay at 1 mM ATP."""
        model = self.model("", "kinase_assay", kinase=kinase, inhibitors=(DRUG,))
        return KinaseAssay(DRUG, kinase).curve(model)

    def _selectivity(self, kinase: str) -> float:
        return self._enzyme_ic50(kinase) / self._enzyme_ic50("JAK1")

    # Ex vivo after one dose -------------------------------------------------------------------------

    @functools.cached_property
    def ex_vivo(self) -> dict[float, ExVivo]:
        """IL-6 -> pSTAT3 inhibition in blood drawn after each single dose, healthy adults."""
        conditions = CellAssay(DRUG, "IL-6", "pSTAT3")
        return {dose: self.ex_vivo_of(self.plasma(Regimen.single(dose), DRAWS), conditions) for dose in DOSES}

    def _time_of_maximum(self) -> float:
        """The time farthest from the middle of the published window, 1.5 h."""
        return max((run.time_of_maximum() for run in self.ex_vivo.values()), key=lambda t: abs(t - 1.5))

    def _left(self, hour: float, doses: tuple[float, ...]) -> float:
        return max(
            100 * float(np.abs(run.inhibition[run.time >= hour]).max())
            for dose, run in self.ex_vivo.items() if dose in doses
        )  # fmt: skip

    def _left_at_24h(self) -> float:
        return self._left(24.0, DOSES)

    def _left_at_16h(self) -> float:
        return self._left(16.0, LOWER_DOSES)

    def _maximum_rise(self) -> float:
        return float(np.diff([100 * run.inhibition.max() for run in self.ex_vivo.values()]).min())

    def _return_rise(self) -> float:
        times = [run.time_back() for run in self.ex_vivo.values()]
        if not np.isfinite(times[:-1]).all():  # of the largest dose alone it would still be a rise
            raise SimulationError("no return within 24 h of a lower dose; the rise is unknown")
        return float(np.diff(times).min())

    def _return_10mg(self) -> float:
        return self.ex_vivo[10.0].time_back()

    # Cell assays ------------------------------------------------------------------------------------

    @functools.cache  # noqa: B019
    def _pbmc_ic50(self, cytokine_dose: str = "50 ng/mL") -> float:
        mass = get_library().cytokine("IL-6").molecular_weight.to("g/mol")
        dose = parse_quantity(cytokine_dose, "nM", mass=mass, where="cytokine_dose")
        conditions = CellAssay(DRUG, "IL-6", "pSTAT3", matrix="PBMC", cytokine_dose=dose)
        return self.ic50(f"PBMC {cytokine_dose}", conditions.curve(self.cell_model(conditions)))

    @functools.cached_property
    def predictions(self) -> list[Prediction]:
        """Published against simulated IC50 of every cell_ic50 row the plans name."""
        return predictions.cell_ic50s(self)

    def _folds(self, rows: Sequence[str]) -> list[float]:
        by_row = {p.row: p.fold for p in self.predictions}
        return [by_row[row] for row in rows]

    def _gmfe(self, rows: Sequence[str]) -> float:
        return float(np.exp(np.mean(np.log(self._folds(rows)))))

    def _worst_fold(self, rows: Sequence[str]) -> float:
        return max(self._folds(rows))

    @functools.cached_property
    def ec50(self) -> list[Prediction]:
        """Published against simulated cytokine EC50 (nM) of every ec50 row the plans name."""
        return predictions.ec50s(self)

    def _worst_ec50(self, rows: Sequence[str]) -> float:
        by_row = {p.row: p.fold for p in self.ec50}
        return max(by_row[row] for row in rows)

    def _worst_ec50_median_cell(self, rows: Sequence[str]) -> float:
        """As worst_ec50, CD4 T cells read in the median cell (no IL2RA) instead of the mean one."""
        median = predictions.ec50s(self, {"CD4 T": "CD4 T CD25-"})
        by_row = {p.row: p.fold for p in (*self.ec50, *median)}
        return max(by_row[row] for row in rows)

    # Pharmacokinetics -------------------------------------------------------------------------------

    @functools.cached_property
    def steady_state(self) -> PlasmaProfile:
        """RA, 4 mg once daily: the fourteenth dosing interval."""
        disposition = Disposition.of(DRUG, "ra_adult", self._of_population("ra_adult"))
        peak = disposition.lag + disposition.duration
        times = LAST_DOSE + np.unique(np.concatenate((np.linspace(0, 24, 289), [peak])))
        return self.plasma(Regimen.parse("4 mg qd x 14"), times, "ra_adult")

    def _pk(self, metric: str) -> float:
        interval = self.steady_state.interval(LAST_DOSE, LAST_DOSE + 24)
        ra, healthy = self._disposition("ra_adult"), self._disposition("healthy_adult")
        match metric:
            case "ra_cmax":
                return interval["cmax"]
            case "ra_auc":
                return interval["auc"]
            case "ra_tmax":
                return interval["tmax"]
            case "ra_half_life":
                return half_life(ra["CLr"] + ra["CLnr"], ra["V1"], ra["V2"], ra["Q"])
            case "healthy_clearance":
                profile = self.plasma(Regimen.single(4.0), np.linspace(0, 480, 48001))
                return 4.0 * 1e3 / profile.interval(0, 480)["auc"]
            case "healthy_slow_share":
                return 100 * slow_share(
                    healthy["CLr"] + healthy["CLnr"], healthy["V1"], healthy["V2"], healthy["Q"]
                )
        raise UnknownIdError(
            "pharmacokinetic measure", metric, ["ra_cmax", "ra_auc", "ra_half_life", "ra_tmax"]
        )

    def _disposition(self, population: str) -> dict[str, float]:
        model = self.model(population, "oral_pk", population=population)
        return {key: model.initial(f"{key}_{DRUG}") for key in ("CLr", "CLnr", "V1", "V2", "Q")}

    # Kinetics of signalling -------------------------------------------------------------------------

    @functools.cache  # noqa: B019
    def time_course(
        self, socs3: bool = True, readout: str = "pSTAT3"
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minutes and read-out (percent) of macrophages under 10 ng/mL IL-6, with or without SOCS3."""
        cytokine = get_library().cytokine("IL-6")
        dose = parse_quantity("10 ng/mL", "nM", mass=cytokine.molecular_weight.to("g/mol"))
        model = self.model("macrophage", "cytokine_signalling", cytokines="IL-6", cell="macrophage")
        minutes = np.arange(0, 121.0)
        settings = {"L_IL6": dose} | ({} if socs3 else {"ktx_SOCS3": 0.0})
        return minutes, model.run(Protocol(minutes / 60, settings), [f"{readout}_percent"])[:, 0]

    @functools.cached_property
    def hepatocytes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """IL-6 (ng/mL) and pSTAT3 (percent) of hepatocytes after 20 min."""
        mass = get_library().cytokine("IL-6").molecular_weight.to("g/mol")
        model = self.model("hepatocyte", "cytokine_signalling", cytokines="IL-6", cell="hepatocyte")
        percent = [
            model.run(Protocol([1 / 3], {"L_IL6": dose * per_dose}), ["pSTAT3_percent"])[0, 0]
            for per_dose in [parse_quantity("1 ng/mL", "nM", mass=mass)]
            for dose in HEPATOCYTE_DOSES.tolist()
        ]
        return HEPATOCYTE_DOSES, np.array(percent)

    def _stat3_peak(self) -> float:
        minutes, percent = self.time_course()
        return float(minutes[percent.argmax()])

    def _stat3_at_60(self) -> float:
        _, percent = self.time_course()
        return float(100 * percent[60] / percent.max())

    def _stat3_at_60_without_SOCS3(self) -> float:
        _, percent = self.time_course(socs3=False)
        return float(100 * percent[60] / percent.max())

    @functools.cached_property
    def kinase_block(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minutes after a complete kinase block and pSTAT1 (percent); IFN-gamma for 30 min before."""
        conditions = CellAssay(DRUG, "IFN-gamma", "pSTAT1")
        minutes = np.arange(0, 91.0)
        protocol = Protocol(
            minutes / 60, {"L_IFNg": conditions.cytokine_dose}, [Step(0.0, {f"I_{DRUG}": BLOCK})], start=-0.5
        )
        return minutes, self.cell_model(conditions).run(protocol, ["pSTAT1_percent"])[:, 0]

    def _stat1_after_block(self) -> float:
        _, percent = self.kinase_block
        return float(100 * percent[60] / percent[0])

    # 4 mg once daily --------------------------------------------------------------------------------

    @functools.cached_property
    def daily(self) -> dict[str, ExVivo]:
        """Inhibition of each read-out over the fourteenth day of 4 mg once daily in RA."""
        full = self.steady_state
        keep = np.union1d(np.arange(0, len(full.time), 6), full.concentration.argmax())
        thin = replace(full, time=full.time[keep] - LAST_DOSE, concentration=full.concentration[keep])
        return {
            f"{cytokine} {readout}": self.ex_vivo_of(thin, CellAssay(DRUG, cytokine, readout))
            for cytokine, readout in DAILY
        }

    def _day_of(self, pathway: str) -> ExVivo:
        if pathway not in self.daily:
            raise UnknownIdError("read-out of a day", pathway, self.daily)
        return self.daily[pathway]

    def _daily_max(self, pathway: str) -> float:
        return 100 * float(self._day_of(pathway).inhibition.max())

    def _daily_min(self, pathway: str) -> float:
        return 100 * float(self._day_of(pathway).inhibition.min())

    # Patients ---------------------------------------------------------------------------------------

    def _exposure_ratio(self, of: str) -> float:
        mine = f"_{DRUG}"
        drawn = self._of_population("healthy_adult").items()
        disposition = {name.removesuffix(mine): value for name, value in drawn if name.endswith(mine)}
        return exposure.exposure_ratio(of, disposition)

    _population_exposure = staticmethod(exposure.population_exposure)


def slow_share(clearance: float, central: float, peripheral: float, between: float) -> float:
    """Share of the slow exponential in the decline after an intravenous bolus (two compartments)."""
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    root = math.sqrt(total * total - 4 * k10 * k21)
    fast, slow = (total + root) / 2, (total - root) / 2
    return (k21 - slow) / (fast - slow)
