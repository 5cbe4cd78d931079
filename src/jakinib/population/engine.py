"""One chunk of patients: plasma over the regimen, then inhibition over the last dosing interval.

The PK model runs over the whole regimen, from a steady state where it has one, and is read over the last
interval. Each patient's cell is stimulated at a few concentrations, which give inhibition at all times.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import dosed, reading_times, turns
from jakinib.assay.inhibition import concentrations, law_through, reach, time_above
from jakinib.assay.patient import PARAMETERS, TIMES, Circumstances
from jakinib.errors import InputError, SimulationError
from jakinib.lanes import Lanes
from jakinib.population.sampling import CHUNK, Sampler
from jakinib.regimen import Regimen
from jakinib.simulate import Model

Array = NDArray[np.float64]

STEP, STEP_DEPOT = 0.25, 0.05  # h between readings, changes of the input rate apart; first-order absorption
EXPOSURE = ("Cmax_ng_per_mL", "Cmin_ng_per_mL", "tmax_h", "AUC_ng_h_per_mL")
METRICS = (
    *EXPOSURE,
    "mean_inhibition_percent",
    "max_inhibition_percent",
    "min_inhibition_percent",
    "above_IC50_h",
)


@dataclass(frozen=True)
class Job:
    """Everything a worker needs, so that it reads no file; pickles to a few hundred kB.

    typical: value by symbol, before any variability. regimen: of this inhibitor alone; disposition: how the
    typical patient takes it up. interval: hours, the one that is read. cell_sbml: empty where exposure alone
    is asked for.
    """

    key: str
    n: int
    seed: int
    inhibitor: str
    sampler: Sampler
    circumstances: Circumstances
    typical: dict[str, float]
    pk_sbml: str
    cell_sbml: str
    rtol: float
    regimen: Regimen
    disposition: Disposition
    interval: tuple[float, float]
    fu: float
    ligands: tuple[tuple[str, float], ...]
    stimulation: float
    observable: str

    @property
    def chunks(self) -> int:
        return -(-self.n // CHUNK)


class Worker:
    """The compiled models of one job; one per thread."""

    def __init__(self, job: Job) -> None:
        self.job = job
        drug = job.inhibitor
        self.pk = Model(job.pk_sbml, job.rtol)
        self.stated = [name for name in PARAMETERS if f"{name}_{drug}" in job.typical]
        acting = [name for name in self.stated if name not in (*TIMES, "F")]
        self.settings = ["weight", "eGFR", *(f"{name}_{drug}" for name in acting)]
        self.metrics = METRICS if job.cell_sbml else EXPOSURE
        if job.cell_sbml:
            self._compile_cell()

    def _compile_cell(self) -> None:
        job, names = self.job, self.job.sampler.names
        self.cell = Lanes(job.cell_sbml, job.rtol)
        self.columns = [name for name in names if name in set(self.cell.settable)]

    def values(self, number: int) -> dict[str, Array]:
        """Covariates, disposition and signalling values of the patients of a chunk, by symbol."""
        job, drug = self.job, self.job.inhibitor
        drawn = job.sampler.chunk(job.seed, number)
        columns = {name: drawn[:, i] for i, name in enumerate(job.sampler.names)}
        whole = {name: columns.get(name, np.full(CHUNK, value)) for name, value in job.typical.items()}
        own = {name: whole[f"{name}_{drug}"] for name in self.stated}
        changed = job.circumstances.apply(own, whole["eGFR"])
        return whole | {f"{name}_{drug}": np.asarray(values) for name, values in changed.items()}

    def run(self, number: int) -> dict[str, Any]:
        """Columns of the patients of a chunk. A patient that fails has empty metrics and a reason."""
        job = self.job
        count = min(CHUNK, job.n - number * CHUNK)
        values = {name: column[:count] for name, column in self.values(number).items()}
        metrics = np.full((count, len(self.metrics)), np.nan)
        reasons = [""] * count
        levels: dict[int, tuple[Array, Array]] = {}
        for i in range(count):
            try:
                levels[i] = self.plasma({name: float(column[i]) for name, column in values.items()})
                self._exposure(metrics[i], *levels[i])
            except (InputError, SimulationError) as error:
                reasons[i] = str(error)
        shares = self._inhibition(values, {i: level for i, (_, level) in levels.items() if not reasons[i]})
        for i, share in shares.items():
            if isinstance(share, SimulationError):
                reasons[i] = str(share)
            else:
                self._response(metrics[i], levels[i][0], share)
        metrics[[bool(reason) for reason in reasons]] = np.nan
        return {
            "patient": np.arange(number * CHUNK, number * CHUNK + count),
            **values,
            **{name: metrics[:, k] for k, name in enumerate(self.metrics)},
            "status": ["failed" if reason else "ok" for reason in reasons],
            "reason": reasons,
        }

    def plasma(self, values: dict[str, float]) -> tuple[Array, Array]:
        """Hours since the last dose and plasma concentration (nM) of one patient over the last interval."""
        job, drug = self.job, self.job.inhibitor
        disposition = replace(
            job.disposition,
            duration=values[f"D1_{drug}"],
            lag=values[f"lag_{drug}"],
            release=values.get(f"release_{drug}", job.disposition.release),
            bioavailability=values.get(f"F_{drug}", job.disposition.bioavailability),
        )
        settings = {name: values[name] for name in self.settings}
        step = STEP_DEPOT if disposition.first_order > 0 else STEP
        first, last = job.interval
        times = reading_times(
            first, last, turns(job.regimen.at_weight(values["weight"]), disposition, drug), step
        )
        protocol = dosed(self.pk, job.regimen, {drug: disposition}, times, settings)
        return times - first, self.pk.run(protocol, [f"C_{drug}"])[:, 0]

    def _exposure(self, out: Array, time: Array, level: Array) -> None:
        """Exposure over the last interval, in the order of ``metrics``."""
        scale = 1e-3 * self.job.disposition.molecular_weight
        if not np.isfinite(level).all():
            raise SimulationError("the plasma concentration is not finite")
        peak = int(level.argmax())
        out[0], out[1], out[2] = scale * level[peak], scale * level.min(), time[peak]
        out[3] = scale * np.trapezoid(level, time)

    def _response(self, out: Array, time: Array, share: Array) -> None:
        """Inhibition over the last interval, in the order of ``metrics``."""
        out[4] = 100 * np.trapezoid(share, time) / (time[-1] - time[0])
        out[5], out[6] = 100 * share.max(), 100 * share.min()
        out[7] = time_above(time, share, 0.5)

    def _inhibition(
        self, values: dict[str, Array], levels: Mapping[int, Array]
    ) -> dict[int, Array | SimulationError]:
        """Fraction inhibited at each level (nM) in the cells of each patient, all stimulated side by side."""
        job = self.job
        if not job.cell_sbml:
            return {}
        free = {i: job.fu * level for i, level in levels.items()}
        found: dict[int, Array | SimulationError] = {i: np.zeros_like(own) for i, own in free.items()}
        at = {i: [0.0, *concentrations(*reach(own))] for i, own in free.items() if own.max() > 0}
        who = np.repeat(list(at), [len(points) for points in at.values()]).astype(int)
        if not len(who):
            return found
        own = [values[name][who] for name in self.columns]
        rows = np.column_stack([*own, np.concatenate(list(at.values()))])
        columns, fixed = [*self.columns, f"I_{job.inhibitor}"], dict(job.ligands)
        signal, failed = self.cell.run_rows(columns, rows, job.stimulation, [job.observable], fixed)
        first = 0
        for i, points in at.items():
            last = first + len(points)
            lost = [failed[k] for k in range(first, last) if k in failed]
            found[i] = lost[0] if lost else self._shares(signal[first:last, 0], free[i])
            first = last
        return found

    def _shares(self, signal: Array, free: Array) -> Array | SimulationError:
        """Fraction inhibited at free concentrations (nM); signal: without inhibitor, then under some."""
        if signal[0] <= 1e-9:
            return SimulationError("no signal without inhibitor")
        return law_through(1 - signal[1:] / signal[0], *reach(free))(free)


_LOCAL = threading.local()  # of each thread: the worker of the job at hand


def run_chunk(job: Job, number: int) -> dict[str, Any]:
    """Columns of chunk ``number``; the models are compiled once per thread and job."""
    worker: Worker | None = getattr(_LOCAL, "worker", None)
    if worker is None or worker.job.key != job.key:
        worker = _LOCAL.worker = Worker(job)
    return worker.run(number)
