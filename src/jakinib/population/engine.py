"""One chunk of patients: plasma over the regimen, then inhibition over the last dosing interval.

The PK model runs over the whole regimen, from a steady state where it has one, and is read over the last
interval. Inhibition ex vivo depends on the
free concentration alone (binding is at equilibrium), so each patient's cell is stimulated at a few
concentrations and its concentration-response read off at all times: logit(inhibition) is a smooth, nearly
straight function of ln(concentration), interpolated through Chebyshev points.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.patient import PARAMETERS, TIMES, Circumstances
from jakinib.assay.pk import PLACES
from jakinib.errors import SimulationError
from jakinib.library.ranges import SHORTEST
from jakinib.population.sampling import CHUNK, Sampler
from jakinib.regimen import BOLUS, Dose, Steady
from jakinib.simulate import Model
from jakinib.simulate.batch import Batch

Array = NDArray[np.float64]

NODES = 7  # concentrations at which a patient's cell is stimulated
LOWEST = 1e-3  # share of Cmax below which inhibition is taken as proportional to concentration
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

    typical: value by symbol, before any variability. doses: from time 0 on; steady: what was taken before.
    interval: hours, the one that is read. cell_sbml: empty where exposure alone is asked for.
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
    doses: tuple[Dose, ...]
    steady: tuple[Steady, ...]
    interval: tuple[float, float]
    first_order: float
    molecular_weight: float
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
        pk = Model(job.pk_sbml, job.rtol)
        self.stated = [name for name in PARAMETERS if f"{name}_{drug}" in job.typical]
        acting = [name for name in self.stated if name not in (*TIMES, "F")]
        self.pk_columns = ["weight", "eGFR", *(f"{name}_{drug}" for name in acting)]
        inputs = [f"input_rate_{drug}", *([f"input_rate_depot_{drug}"] if job.first_order > 0 else [])]
        own = [f"{drug}_{place}" for place in PLACES]
        # Linear kinetics: what else is in the model, a metabolite, does not act back on the inhibitor.
        self.states = [name for name in own if name in pk.species] if job.steady else []
        self.pk = Batch(pk, [*self.pk_columns, *self.states], [f"C_{drug}", *self.states], inputs)
        self.metrics = METRICS if job.cell_sbml else EXPOSURE
        if job.cell_sbml:
            self._compile_cell()
        nodes = np.cos(np.pi * np.arange(NODES) / (NODES - 1))[::-1]
        self.nodes = nodes
        self.weights = np.linalg.inv(np.vander(nodes, NODES))

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
        none = [np.zeros(count)] * len(self.states)
        pk_rows = np.column_stack([*(values[name] for name in self.pk_columns), *none])
        cell_rows = self._cell_rows(values, count)
        before = [self._before(series, values) for series in job.steady]
        times, rates = self._input(values, (*job.doses, *(dose for doses in before for dose in doses)))
        trains = [
            (series, *self._input(values, (series.dose, *doses)))
            for series, doses in zip(job.steady, before, strict=True)
        ]
        metrics = np.full((count, len(self.metrics)), np.nan)
        reasons = [""] * count
        for i in range(count):
            try:
                for series, moments, levels in trains:
                    self._settle(pk_rows[i], series, moments[i], levels[i])
                time, level = self._plasma(pk_rows[i], times[i], rates[i])
                self._metrics(metrics[i], cell_rows[i], time, level)
            except SimulationError as error:
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

    def _before(self, series: Steady, values: dict[str, Array]) -> list[Dose]:
        """Doses of a steady state before time 0 whose input may still be going on then."""
        over = series.dose.over
        if series.dose.route == "oral":
            lag = values[f"lag_{self.job.inhibitor}"]
            ends = [values[f"{key}_{self.job.inhibitor}"] for key in ("D1", "release") if key in self.stated]
            over = float(np.max([lag + end for end in ends]))
        count = math.ceil((over + series.dose.time) / series.interval)
        return [
            replace(series.dose, time=series.dose.time - k * series.interval) for k in range(1, count + 1)
        ]

    def _input(self, values: dict[str, Array], doses: Sequence[Dose]) -> tuple[Array, Array]:
        """Times (patients, changes) at which input rates change, and the rates (patients, changes, inputs;
        nmol/h) from then on: into plasma over D1 or by vein and, of first-order absorption, into the depot.
        """
        job, drug = self.job, self.job.inhibitor
        oral = np.array([dose.route == "oral" for dose in doses])[None, :]
        per_kg = np.array([dose.per_kg for dose in doses])[None, :]
        due = np.array([dose.time for dose in doses])[None, :]
        push = np.array([dose.over for dose in doses])[None, :]
        mg = np.array([dose.amount for dose in doses])[None, :] * np.where(
            per_kg, values["weight"][:, None], 1.0
        )
        nmol = mg * 1e6 / job.molecular_weight
        begin = due + np.where(oral, values[f"lag_{drug}"][:, None], 0.0)
        veins = 0.0 if oral.all() else 1 / values[f"F_{drug}"][:, None]  # apparent amounts: divided by F
        ways = [("D1", np.where(oral, 1 - job.first_order, veins)), ("release", oral * job.first_order)]
        times, steps = [], []
        for k, (key, share) in enumerate(ways[: 1 + (job.first_order > 0)]):
            if not np.any(share > 0):
                continue
            duration = np.maximum(np.where(oral, values[f"{key}_{drug}"][:, None], push), SHORTEST)
            end = begin + duration
            rate = np.zeros((*begin.shape, 1 + (job.first_order > 0)))
            rate[:, :, k] = np.where(end > 0, share * nmol / duration, 0.0)
            times += [np.maximum(begin, 0.0), np.maximum(end, 0.0)]
            steps += [rate, -rate]
        moments, change = np.concatenate(times, axis=1), np.concatenate(steps, axis=1)
        order = np.argsort(moments, axis=1, kind="stable")
        total = np.cumsum(np.take_along_axis(change, order[:, :, None], axis=1), axis=1)
        total[np.abs(total) <= 1e-9 * np.abs(change).max(axis=(1, 2), keepdims=True)] = 0.0
        return np.take_along_axis(moments, order, axis=1), np.maximum(total, 0.0)

    def _settle(self, row: Array, series: Steady, times: Array, rates: Array) -> None:
        """Add to the last columns of ``row`` the amounts (nmol) that repeat from interval to interval.

        Over one interval linear kinetics take amounts x to P x + b; they repeat at (1 - P)^-1 b.
        """
        count, span = len(self.states), series.interval
        fresh = np.zeros((count + 1, len(row)))
        fresh[:] = row
        fresh[:, -count:] = 0.0
        scale = max(float(rates.max()) * BOLUS, 1.0)
        for k in range(count):
            fresh[k, k - count] = scale
        ends = [self._after(start, span, times[:0], rates[:0]) for start in fresh[:count]]
        kept = np.array(ends).T / scale
        gained = self._after(fresh[count], span, times, rates)
        row[-count:] += np.linalg.solve(np.eye(count) - kept, gained)

    def _after(self, row: Array, end: float, times: Array, rates: Array) -> Array:
        """Amounts (nmol) at ``end`` h of a run from ``row``."""
        pieces = self._pieces(row, 0.0, end, times, rates, reading=False)
        return pieces[-1][-1, 2:]

    def _plasma(self, row: Array, times: Array, rates: Array) -> tuple[Array, Array]:
        """Hours since the last dose and plasma concentration (nM) over the last interval."""
        first, last = self.job.interval
        table = np.concatenate(self._pieces(row, first, last, times, rates))
        return table[:, 0] - first, table[:, 1]

    def _pieces(
        self, row: Array, first: float, last: float, times: Array, rates: Array, reading: bool = True
    ) -> list[Array]:
        """Spans from ``first`` to ``last`` of a run from time 0; for reading, every ``STEP`` h."""
        pk, now, k, pieces = self.pk, 0.0, 0, []
        step = STEP_DEPOT if self.job.first_order > 0 else STEP
        pk.start(row)
        while now < last:
            until = min(times[k], last) if k < len(times) else last
            if now < first < until:
                until = first
            if until - now > 1e-9:
                fine = reading and now >= first
                piece = pk.span(now, until, max(3, math.ceil((until - now) / step) + 1) if fine else 2)
                if now >= first:
                    pieces.append(piece)
                now = until
            while k < len(times) and times[k] - now <= 1e-9:
                pk.force(rates[k])
                k += 1
        return pieces

    def _metrics(self, out: Array, row: Array, time: Array, level: Array) -> None:
        """Exposure and inhibition over the last interval, in the order of ``metrics``."""
        scale = 1e-3 * self.job.molecular_weight
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
        out[7] = _time_above(share, time, 0.5)

    def _inhibition(self, row: Array, free: Array) -> Array:
        """Fraction inhibited at each free concentration (nM) in this patient's cell."""
        high = float(free.max())
        if high <= 0:
            return np.zeros_like(free)
        low = max(float(free.min()), LOWEST * high)
        middle, half = 0.5 * math.log(high * low), max(0.5 * math.log(high / low), 1e-6)
        top = self._response(row, 0.0)
        if top <= 1e-9:
            raise SimulationError("no signal without inhibitor")
        logit = np.empty(NODES)
        for i, x in enumerate(self.nodes):
            share = 1 - self._response(row, math.exp(middle + half * x)) / top
            share = min(max(share, 1e-9), 1 - 1e-9)
            logit[i] = math.log(share / (1 - share))
        at = (np.log(np.maximum(free, low)) - middle) / half
        inhibited = 1 / (1 + np.exp(-np.polyval(self.weights @ logit, at)))
        return np.where(free < low, inhibited * free / low, inhibited)

    def _response(self, row: Array, free: float) -> float:
        """Read-out (percent of total STAT) after stimulation under a free concentration (nM)."""
        row[-1] = free
        self.cell.start(row)
        value = float(self.cell.span(0.0, self.job.stimulation)[-1, 1])
        if not math.isfinite(value):
            raise SimulationError("the read-out is not finite")
        return value


def _time_above(share: Array, time: Array, level: float) -> float:
    """Hours above ``level``, linear between readings."""
    y, width = share - level, np.diff(time)
    a, b = y[:-1], y[1:]
    steep = np.where(a == b, 1.0, np.abs(a - b))
    part = np.where((a > 0) & (b > 0), 1.0, np.where((a <= 0) & (b <= 0), 0.0, np.maximum(a, b) / steep))
    return float((part * width).sum())


_LOCAL = threading.local()  # of each thread: the worker of the job at hand


def run_chunk(job: Job, number: int) -> dict[str, Any]:
    """Columns of chunk ``number``; the models are compiled once per thread and job."""
    worker: Worker | None = getattr(_LOCAL, "worker", None)
    if worker is None or worker.job.key != job.key:
        worker = _LOCAL.worker = Worker(job)
    return worker.run(number)
