"""The quantities that criteria bound, each computed from the calibrated models."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.assay import (
    CellAssay,
    Curve,
    ExVivo,
    KinaseAssay,
    PlasmaProfile,
    assay,
    ex_vivo_inhibition,
    plasma,
)
from jakinib.assay.pk import Disposition
from jakinib.errors import UnknownIdError
from jakinib.fit.data import DataSet, Measurement
from jakinib.fit.plan import Plan
from jakinib.fit.targets import SATURATING, cell_assay, half_life
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.simulate import Protocol, Step, load
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
BLOCK = 1e7  # nM free inhibitor: kinase block


@dataclass(frozen=True)
class Prediction:
    """One published cell IC50 and the model's value for it, nM."""

    row: str
    role: str
    label: str
    published: float
    predicted: float
    status: str
    source: str

    @property
    def fold(self) -> float:
        """Fold error, at least 1."""
        return float(np.exp(abs(math.log(self.predicted / self.published))))


class Measures:
    """Computes each quantity once; methods are named by 'measure' in fits/criteria.yaml."""

    def __init__(self, plan: Plan, data: DataSet) -> None:
        self.plan, self.data = plan, data

    def measure(self, name: str, of: str = "", rows: Sequence[str] = ()) -> float:
        """Value of the quantity ``name`` (of ``of``, or over ``rows``) in the unit of its criterion."""
        method = getattr(self, f"_{name}", None)
        if method is None:
            raise UnknownIdError("measure", name, [m[1:] for m in vars(Measures) if re.match("_[a-z]", m)])
        if name in ("gmfe", "worst_fold", "worst_ec50"):
            return float(method(rows))
        return float(method(of) if of else method())

    # Enzyme -----------------------------------------------------------------------------------------

    @functools.cache  # noqa: B019 - one instance lives as long as the evaluation
    def _enzyme_ic50(self, kinase: str) -> float:
        return KinaseAssay(DRUG, kinase).curve().ic50

    def _selectivity(self, kinase: str) -> float:
        return self._enzyme_ic50(kinase) / self._enzyme_ic50("JAK1")

    # Ex vivo after one dose -------------------------------------------------------------------------

    @functools.cached_property
    def ex_vivo(self) -> dict[float, ExVivo]:
        """IL-6 -> pSTAT3 inhibition in blood drawn after each single dose, healthy adults."""
        conditions = CellAssay(DRUG, "IL-6", "pSTAT3")
        return {dose: ex_vivo_inhibition(plasma(Regimen.single(dose), DRAWS), conditions) for dose in DOSES}

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
        return float(np.diff([run.time_back() for run in self.ex_vivo.values()]).min())

    def _return_10mg(self) -> float:
        return self.ex_vivo[10.0].time_back()

    # Cell assays ------------------------------------------------------------------------------------

    @functools.cache  # noqa: B019
    def _pbmc_ic50(self, cytokine_dose: str = "50 ng/mL") -> float:
        return assay(DRUG, "IL-6", "pSTAT3", matrix="PBMC", cytokine_dose=cytokine_dose).ic50

    @functools.cached_property
    def predictions(self) -> list[Prediction]:
        """Published against simulated IC50 of every cell_ic50 row the plan names."""
        out = []
        for role in ("calibration", "validation"):
            for identifier in getattr(self.plan, role):
                row = self.data[identifier]
                if row.quantity != "cell_ic50" or row.qualifier != "=":
                    continue
                conditions = cell_assay(row, self.data.conditions(row))
                kind = "recalled" if row.status == "recalled" else role
                label = f"{row.inhibitor} {row.cytokine} {row.readout}, {row.cell}, {row.matrix}"
                out.append(
                    Prediction(
                        identifier, kind, label, row.to("nM"), conditions.curve().ic50, row.status, row.source
                    )
                )
        return out

    def _folds(self, rows: Sequence[str]) -> list[float]:
        by_row = {p.row: p.fold for p in self.predictions}
        return [by_row[row] for row in rows]

    def _gmfe(self, rows: Sequence[str]) -> float:
        return float(np.exp(np.mean(np.log(self._folds(rows)))))

    def _worst_fold(self, rows: Sequence[str]) -> float:
        return max(self._folds(rows))

    @functools.cached_property
    def ec50(self) -> list[Prediction]:
        """Published against simulated cytokine EC50 (nM) of every ec50 row the plan names."""
        out = []
        for role in ("calibration", "validation"):
            for row in (self.data[identifier] for identifier in getattr(self.plan, role)):
                if row.quantity == "ec50":
                    label = f"{row.cytokine} {row.readout}, {row.cell}, {row.time}"
                    out.append(
                        Prediction(
                            row.id,
                            role,
                            label,
                            row.to("nM"),
                            self._cytokine_ec50(row),
                            row.status,
                            row.source,
                        )
                    )
        return out

    @staticmethod
    def _cytokine_ec50(row: Measurement) -> float:
        symbol = get_library().cytokine(row.cytokine).symbol
        model = load("cytokine_signalling", cytokines=row.cytokine, cell=row.cell)
        hours = parse_quantity(row.time, "hour")

        def signal(dose: float) -> float:
            return float(
                model.run(Protocol([hours], {f"L_{symbol}": dose}), [f"{row.readout}_percent"])[0, 0]
            )

        top = signal(SATURATING)
        return Curve(lambda dose: signal(dose) / top, f"{row.cytokine} in {row.cell}").ic50

    def _worst_ec50(self, rows: Sequence[str]) -> float:
        return max(p.fold for p in self.ec50 if p.row in rows)

    # Pharmacokinetics -------------------------------------------------------------------------------

    @functools.cached_property
    def steady_state(self) -> PlasmaProfile:
        """RA, 4 mg once daily: the fourteenth dosing interval."""
        disposition = Disposition.of(DRUG, "ra_adult")
        peak = disposition.lag + disposition.duration
        times = LAST_DOSE + np.unique(np.concatenate((np.linspace(0, 24, 289), [peak])))
        return plasma(Regimen.parse("4 mg qd x 14"), times, population="ra_adult")

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
                profile = plasma(Regimen.single(4.0), np.linspace(0, 480, 48001))
                return 4.0 * 1e3 / profile.interval(0, 480)["auc"]
            case "healthy_slow_share":
                return 100 * slow_share(
                    healthy["CLr"] + healthy["CLnr"], healthy["V1"], healthy["V2"], healthy["Q"]
                )
        raise UnknownIdError(
            "pharmacokinetic measure", metric, ["ra_cmax", "ra_auc", "ra_half_life", "ra_tmax"]
        )

    @staticmethod
    def _disposition(population: str) -> dict[str, float]:
        model = load("oral_pk", population=population)
        return {key: model.initial(f"{key}_{DRUG}") for key in ("CLr", "CLnr", "V1", "V2", "Q")}

    # Kinetics of signalling -------------------------------------------------------------------------

    @functools.cache  # noqa: B019
    def time_course(self, socs3: bool = True) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minutes and pSTAT3 (percent) of macrophages under 10 ng/mL IL-6, with or without SOCS3."""
        cytokine = get_library().cytokine("IL-6")
        dose = parse_quantity("10 ng/mL", "nM", mass=cytokine.molecular_weight.to("g/mol"))
        model = load("cytokine_signalling", cytokines="IL-6", cell="macrophage")
        minutes = np.arange(0, 121.0)
        settings = {"L_IL6": dose} | ({} if socs3 else {"ktx_SOCS3": 0.0})
        return minutes, model.run(Protocol(minutes / 60, settings), ["pSTAT3_percent"])[:, 0]

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
        return minutes, conditions.model().run(protocol, ["pSTAT1_percent"])[:, 0]

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
            f"{cytokine} {readout}": ex_vivo_inhibition(thin, CellAssay(DRUG, cytokine, readout))
            for cytokine, readout in DAILY
        }

    def _daily_max(self, pathway: str) -> float:
        return 100 * float(self.daily[pathway].inhibition.max())

    def _daily_min(self, pathway: str) -> float:
        return 100 * float(self.daily[pathway].inhibition.min())


def slow_share(clearance: float, central: float, peripheral: float, between: float) -> float:
    """Share of the slow exponential in the decline after an intravenous bolus (two compartments)."""
    k10, k12, k21 = clearance / central, between / central, between / peripheral
    total = k10 + k12 + k21
    root = math.sqrt(total * total - 4 * k10 * k21)
    fast, slow = (total + root) / 2, (total - root) / 2
    return (k21 - slow) / (fast - slow)
