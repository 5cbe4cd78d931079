"""One chunk of patients: plasma over the regimen, then inhibition over the last dosing interval.

The PK model runs over the whole regimen, from a steady state where it has one, and is read over the last
interval. Each patient's cell is stimulated at a few concentrations, which give inhibition at all times.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.curve import NO_SIGNAL
from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import input_rates, reading_times, side_by_side, steady_amounts, turns
from jakinib.assay.inhibition import concentrations, integral, law_through, nodes, reach, time_above
from jakinib.assay.patient import PARAMETERS, TIMES, Circumstances
from jakinib.errors import InputError, SimulationError
from jakinib.lanes import Lanes
from jakinib.population.sampling import CHUNK, Sampler
from jakinib.regimen import Regimen
from jakinib.simulate import Model

Array = NDArray[np.float64]

MOST_EDGES = 500_000  # changes of the input of patients who are followed at once, for the sake of memory
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
        fields = {"duration": "D1", "lag": "lag", "release": "release", "bioavailability": "F"}
        self.uptake = {field: name for field, name in fields.items() if name in self.stated}
        self.edges = 4 * len(job.regimen.doses)  # begin and end of two ways into the body, at the most
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
        metrics = {name: np.full(count, np.nan) for name in self.metrics}
        reasons = [""] * count
        for who in np.array_split(np.arange(count), -(-count * self.edges // MOST_EDGES)):
            for group, time, level in self._followed(values, who, reasons):
                found = self._exposure(time, level)
                if job.cell_sbml:
                    own = {name: values[name][group] for name in self.columns}
                    share, failed = self._inhibition(own, level)
                    found |= self._response(time, share)
                    for k, reason in failed.items():
                        reasons[group[k]] = reason
                for name, column in found.items():
                    metrics[name][group] = column
        for column in metrics.values():
            column[[bool(reason) for reason in reasons]] = np.nan
        return {
            "patient": np.arange(number * CHUNK, number * CHUNK + count),
            **values,
            **metrics,
            "status": ["failed" if reason else "ok" for reason in reasons],
            "reason": reasons,
        }

    def _followed(
        self, values: dict[str, Array], who: NDArray[np.intp], reasons: list[str]
    ) -> Iterator[tuple[NDArray[np.intp], Array, Array]]:
        """Patients ``who`` with their plasma; one who fails is set apart, with a reason."""
        try:
            found = self.plasma({name: column[who] for name, column in values.items()})
        except (InputError, SimulationError) as error:
            if len(who) == 1:
                reasons[who[0]] = str(error)
                return
            for half in np.array_split(who, 2):
                yield from self._followed(values, half, reasons)
        else:
            yield who, *found

    def plasma(self, values: dict[str, Array]) -> tuple[Array, Array]:
        """Hours since the last dose and plasma concentrations (nM) of patients over the last interval.

        Both are (times, patients); a patient who needs fewer times has the last one again.
        Raises InputError or SimulationError where one of them cannot be followed.
        """
        job, drug = self.job, self.job.inhibitor
        uptake = {field: values[f"{name}_{drug}"] for field, name in self.uptake.items()}
        rows = zip(*(column.tolist() for column in uptake.values()), strict=True)
        dispositions = [replace(job.disposition, **dict(zip(uptake, row, strict=True))) for row in rows]
        settings = {name: values[name] for name in self.settings}
        taken = input_rates(job.regimen, dispositions, drug, values["weight"])
        first, last = job.interval
        step = STEP_DEPOT if job.disposition.first_order > 0 else STEP
        times = reading_times(first, last, turns(taken), step)
        amounts = steady_amounts(job.regimen, dispositions, drug, self.pk, settings)
        protocols = side_by_side(taken, times, {**settings, **amounts})
        return times - first, self.pk.run_all(protocols, [f"C_{drug}"])[..., 0]

    def _exposure(self, time: Array, level: Array) -> dict[str, Array]:
        """Exposure of patients over the last interval."""
        scale, peak = 1e-3 * self.job.disposition.molecular_weight, level.argmax(axis=0)
        found = (
            scale * level.max(axis=0),
            scale * level.min(axis=0),
            time[peak, np.arange(len(peak))],
            scale * integral(time, level),
        )
        return dict(zip(EXPOSURE, found, strict=True))

    def _response(self, time: Array, share: Array) -> dict[str, Array]:
        """Inhibition in patients over the last interval."""
        found = (
            100 * integral(time, share) / (time[-1] - time[0]),
            100 * share.max(axis=0),
            100 * share.min(axis=0),
            time_above(time, share, 0.5),
        )
        return dict(zip(METRICS[len(EXPOSURE) :], found, strict=True))

    def _inhibition(self, values: dict[str, Array], level: Array) -> tuple[Array, dict[int, str]]:
        """Fraction inhibited at each level (nM), (times, patients), in the cells of each patient, all
        stimulated side by side; and why a patient failed."""
        job, free = self.job, self.job.fu * level
        (low, high), share, failed = reach(free), np.zeros_like(level), dict[int, str]()
        exposed = np.flatnonzero(high > 0)
        number = nodes(low[exposed], high[exposed])
        groups = [exposed[number == one] for one in np.unique(number).tolist()]
        points = [np.pad(concentrations(low[who], high[who]), ((1, 0), (0, 0))) for who in groups]
        if not groups:
            return share, failed
        whose = np.concatenate([np.tile(who, len(own)) for who, own in zip(groups, points, strict=True)])
        doses = np.concatenate([own.ravel() for own in points])
        rows = np.column_stack([*(column[whose] for column in values.values()), doses])
        columns, fixed = [*values, f"I_{job.inhibitor}"], dict(job.ligands)
        signal, lost = self.cell.run_rows(columns, rows, job.stimulation, [job.observable], fixed)
        for row in sorted(lost, reverse=True):
            failed[int(whose[row])] = str(lost[row])
        first = 0
        for who, own in zip(groups, points, strict=True):
            seen = signal[first : first + own.size, 0].reshape(own.shape)
            first += own.size
            for i in who[seen[0] <= NO_SIGNAL].tolist():
                failed.setdefault(i, str(SimulationError("no signal without inhibitor")))
            kept = np.array([i not in failed for i in who.tolist()])
            some, shares = who[kept], 1 - seen[1:, kept] / seen[0, kept]
            share[:, some] = law_through(shares, low[some], high[some])(free[:, some])
        return share, failed


_LOCAL = threading.local()  # of each thread: the worker of the job at hand


def run_chunk(job: Job, number: int) -> dict[str, Any]:
    """Columns of chunk ``number``; the models are compiled once per thread and job."""
    worker: Worker | None = getattr(_LOCAL, "worker", None)
    if worker is None or worker.job.key != job.key:
        worker = _LOCAL.worker = Worker(job)
    return worker.run(number)
