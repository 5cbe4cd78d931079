"""One chunk of patients: plasma over the regimen, then inhibition over the last dosing interval.

The PK model runs over the whole regimen, from a steady state where it has one, and is read over the last
interval. Each patient's cell is stimulated at a few concentrations, which give inhibition at all times.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import dosed, reading_times, turns
from jakinib.assay.inhibition import inhibition_at, time_above
from jakinib.assay.patient import PARAMETERS, TIMES, Circumstances
from jakinib.errors import InputError, SimulationError
from jakinib.population.sampling import CHUNK, Sampler
from jakinib.regimen import Regimen
from jakinib.simulate import Model
from jakinib.simulate.batch import Batch

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
    ligand: str
    ligand_dose: float
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
        cell = Model(job.cell_sbml, job.rtol)
        self.cell_names = [name for name in names if name in cell.settable]
        self.cell_from = [names.index(name) for name in self.cell_names]
        columns = [*self.cell_names, f"I_{job.inhibitor}"]
        self.cell = Batch(cell, columns, [job.observable], fixed={job.ligand: job.ligand_dose})

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
        cell_rows = self._cell_rows(values, count)
        metrics = np.full((count, len(self.metrics)), np.nan)
        reasons = [""] * count
        for i in range(count):
            own = {name: float(column[i]) for name, column in values.items()}
            try:
                time, level = self.plasma(own)
                self._metrics(metrics[i], cell_rows[i], time, level)
            except (InputError, SimulationError) as error:
                metrics[i] = np.nan
                reasons[i] = str(error)
        return {
            "patient": np.arange(number * CHUNK, number * CHUNK + count),
            **values,
            **{name: metrics[:, k] for k, name in enumerate(self.metrics)},
            "status": ["failed" if reason else "ok" for reason in reasons],
            "reason": reasons,
        }

    def _cell_rows(self, values: dict[str, Array], count: int) -> Array:
        """Columns of the cell's batch by patient; the last, the free concentration, is filled in later."""
        if not self.job.cell_sbml:
            return np.empty((count, 1))
        rows = np.empty((count, len(self.cell.columns)))
        for place, source in enumerate(self.cell_from):
            rows[:, place] = values[self.job.sampler.names[source]]
        return rows

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

    def _metrics(self, out: Array, row: Array, time: Array, level: Array) -> None:
        """Exposure and inhibition over the last interval, in the order of ``metrics``."""
        scale = 1e-3 * self.job.disposition.molecular_weight
        if not np.isfinite(level).all():
            raise SimulationError("the plasma concentration is not finite")
        peak = int(level.argmax())
        out[0], out[1], out[2] = scale * level[peak], scale * level.min(), time[peak]
        out[3] = scale * np.trapezoid(level, time)
        if not self.job.cell_sbml:
            return
        share = self._inhibition(row, self.job.fu * level)
        out[4] = 100 * np.trapezoid(share, time) / (time[-1] - time[0])
        out[5], out[6] = 100 * share.max(), 100 * share.min()
        out[7] = time_above(time, share, 0.5)

    def _inhibition(self, row: Array, free: Array) -> Array:
        """Fraction inhibited at each free concentration (nM) in this patient's cell."""
        if free.max() <= 0:
            return np.zeros_like(free)
        top = self._response(row, 0.0)
        if top <= 1e-9:
            raise SimulationError("no signal without inhibitor")
        return inhibition_at(free, lambda concentration: 1 - self._response(row, concentration) / top)

    def _response(self, row: Array, free: float) -> float:
        """Read-out (percent of total STAT) after stimulation under a free concentration (nM)."""
        row[-1] = free
        self.cell.start(row)
        value = float(self.cell.span(0.0, self.job.stimulation)[-1, 1])
        if not math.isfinite(value):
            raise SimulationError("the read-out is not finite")
        return value


_LOCAL = threading.local()  # of each thread: the worker of the job at hand


def run_chunk(job: Job, number: int) -> dict[str, Any]:
    """Columns of chunk ``number``; the models are compiled once per thread and job."""
    worker: Worker | None = getattr(_LOCAL, "worker", None)
    if worker is None or worker.job.key != job.key:
        worker = _LOCAL.worker = Worker(job)
    return worker.run(number)
