"""What a million virtual patients cost, from what this machine does: ``python benchmarks/cost.py``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from goals import Row
from populations import throughput

from jakinib.parallel import each
from jakinib.population.engine import Job, run_chunk
from jakinib.population.run import TASK, executor_of, population, run_to_file
from jakinib.population.sampling import CHUNK
from jakinib.population.study import study

WHO, REGIMEN, FEW, MANY = "ra_adult", "4 mg qd x 7", 2_000, 10_000
FIRST = f"import jakinib, time; jakinib.population({WHO!r}, 1, {REGIMEN!r}); print(time.process_time())"
SIZES, CORES = (1_000_000, 100_000_000), (2, 64, 1024)
ONE = 16  # cores of one machine, at most
HANDED = 250  # tasks whose handing out is timed


@dataclass(frozen=True)
class Cost:
    """Adults with RA on 4 mg a day for 7 days, plasma and IL-6 pSTAT3.

    processor: s of one core a patient. parent: s a patient of the one process that hands out chunks and
    writes. handed: s a patient of that process and of the scheduler of a Dask cluster for its tasks. begin: s
    of a core until a fresh process has its first patient. disk: bytes of Parquet a patient. few, many: MB of
    a worker at 2,000 and 10,000 patients. walls: wall seconds of 10,000 by one worker, by two, and by two of
    a Dask cluster.
    """

    processor: float
    parent: float
    handed: float
    begin: float
    disk: float
    few: float
    many: float
    walls: tuple[float, float, float]

    def wall(self, n: int, cores: int) -> float:
        """Seconds of n patients: of the cores, or of what one process does for all of them, if that is more.

        More than ``ONE`` cores are a cluster, whose client and scheduler are taken to share a core.
        """
        alone = self.parent + (self.handed if cores > ONE else 0.0)
        return n * max(self.processor / cores, alone) + self.begin

    def rows(self) -> Iterator[Row]:
        """Beside the goals."""
        one, two, cluster = self.walls
        yield Row("population of 10,000, 7 days", {"1 worker": one, "2 workers": two}, "s", ratio=1.8)
        yield Row("the same on a Dask cluster", {"2 workers": two, "2 of a cluster": cluster}, "s")
        memory = {"2,000 patients": self.few, "10,000 patients": self.many}
        yield Row("peak memory of a worker", memory, "MB", most=350)

    def markdown(self) -> str:
        """The estimate as text and a table."""
        one, two, cluster = self.walls
        lines = [
            f"Measured: {1 / self.processor:,.0f} patients a second and core, {self.many:.0f} MB a worker "
            f"({self.few:.0f} MB at 2,000 patients), {self.begin:.1f} s until a fresh process has its first",
            f"patient, {self.disk:.0f} bytes a patient in Parquet, and {1e6 * self.parent:.0f} µs a patient "
            "of the one process that hands out chunks and writes the file. 10,000 patients",
            f"take {one:.1f} s on one worker, {two:.1f} s on two, {cluster:.1f} s on a Dask cluster of two. "
            f"Client and scheduler of a cluster need {1e3 * self.handed * CHUNK * TASK:.0f} ms for",
            f"a task of {TASK} chunks, {1e6 * self.handed:.0f} µs a patient.",
            "",
            "| patients | chunks | core hours | "
            + " | ".join(f"on {n:,} cores" for n in CORES)
            + " | Parquet |",
            "|" + "---|" * (4 + len(CORES)),
        ]
        for n in SIZES:
            walls = [duration(self.wall(n, cores)) for cores in CORES]
            cells = [f"{n:,}", f"{n // CHUNK:,}", f"{n * self.processor / 3600:.2g}", *walls]
            lines.append(f"| {' | '.join(cells)} | {n * self.disk / 1e9:.2g} GB |")
        return "\n".join(lines) + "\n"


def duration(seconds: float) -> str:
    """Two digits in the unit that suits."""
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.2g} {unit}"
    return f"{seconds:.2g} s"


def cost() -> Cost:
    """Measured with fresh workers; speeds from processor time, which other programs do not lengthen."""
    one, two, few = throughput(MANY, 1), throughput(MANY, 2), throughput(FEW, 2)
    slope = (two.processor - few.processor) / (MANY - FEW)
    with tempfile.TemporaryDirectory() as folder:
        out, spent = Path(folder) / "trial.parquet", time.process_time()
        run_to_file(out, WHO, MANY, REGIMEN, workers=2)
        parent, disk = (time.process_time() - spent) / MANY, out.stat().st_size / MANY
    done = subprocess.run([sys.executable, "-c", FIRST], check=True, capture_output=True, encoding="utf-8")
    own, handed = _on_cluster()
    walls = one.wall, two.wall, own
    return Cost(slope, parent, handed, float(done.stdout), disk, few.memory, two.memory, walls)


def _on_cluster() -> tuple[float, float]:
    """On a Dask cluster of two processes, which know nothing yet: wall seconds of 10,000 patients, and
    processor seconds a patient of the client and the scheduler, which live in this process, for its tasks.
    """
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        begin = time.perf_counter()
        population(WHO, MANY, REGIMEN, scheduler=cluster.scheduler_address)
        wall = time.perf_counter() - begin
        job, _ = study(WHO, MANY, REGIMEN)
        with executor_of(scheduler=cluster.scheduler_address) as own:
            task = partial(_as_if_run, job)
            _ = list(each(task, range(2), executor=own))  # workers import what they need
            spent = time.process_time()
            _ = list(each(task, range(HANDED), executor=own))
            return wall, (time.process_time() - spent) / (HANDED * TASK * CHUNK)


_DONE: dict[str, dict[str, list[object]]] = {}


def _as_if_run(job: Job, number: int) -> list[dict[str, list[object]]]:
    """What a task of a cluster sends back, without the work, which each worker does once."""
    if job.key not in _DONE:
        _DONE[job.key] = run_chunk(job, 0)
    return [{name: list(values) for name, values in _DONE[job.key].items()} for _ in range(TASK)]


if __name__ == "__main__":
    print(cost().markdown())
