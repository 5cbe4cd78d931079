"""Run a study chunk by chunk on any executor; to a data frame, or to Parquet that survives a kill."""

from __future__ import annotations

import io
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jakinib.arguments import checked
from jakinib.errors import IncompleteRunError, InputError, WriteError
from jakinib.files.journal import Journal, differences, read_record
from jakinib.lanes import available
from jakinib.parallel import Workers, each, pool
from jakinib.paths import check_writable, write_atomic
from jakinib.population.engine import Job, run_chunk
from jakinib.population.study import study
from jakinib.regimen import Regimen

if TYPE_CHECKING:
    import pandas as pd

Done = Callable[[int, int], None]  # patients finished, failures among them
TASK, TASKS = 8, 16  # chunks that a cluster is given at once, where there are enough for as many tasks
RECOUNT = 10.0  # s after which the threads of a cluster are counted again


class _Cluster(Executor):
    """A Dask cluster, which says how many of its threads there are now, so that all of them get work."""

    def __init__(self, client: Any) -> None:
        self._client, self._executor = client, client.get_executor(pure=False)
        self._counted, self._threads = -math.inf, 0

    @property
    def _max_workers(self) -> int:  # the name that the executors of concurrent.futures have for it
        if time.monotonic() - self._counted > RECOUNT:
            self._threads, self._counted = sum(self._client.nthreads().values()), time.monotonic()
        return self._threads

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = self._executor.submit(fn, *args, **kwargs)
        return future


@contextmanager
def executor_of(workers: Workers = 1, scheduler: str = "") -> Iterator[Executor]:
    """Executor on this machine, or on the Dask cluster at ``scheduler`` (tcp://host:port).

    Raises InputError when Dask is not installed or the scheduler does not answer.
    """
    if scheduler:
        try:
            from distributed import Client
        except ImportError:
            raise InputError(
                "--scheduler needs Dask; install it with: pip install 'jakinib[cluster]'"
            ) from None
        try:
            client: Any = Client(scheduler, timeout="10s", set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise InputError(f"scheduler {scheduler}: no answer ({error}); is it running?") from None
        try:
            yield _Cluster(client)
        finally:
            client.close()
    else:
        with pool(workers) as own:
            yield own


@checked
def population(
    population: str,
    n: int = 1000,
    regimen: Regimen | str = "4 mg qd x 7",
    *,
    inhibitor: str = "baricitinib",
    cytokine: str | None = "IL-6",
    readout: str = "",
    cytokine_dose: str = "",
    milieu: str = "",
    conditions: Sequence[str] = (),
    seed: int = 1,
    workers: Workers = 1,
    scheduler: str = "",
    ensemble: pd.DataFrame | None = None,
    executor: Executor | None = None,
    done: Done = lambda finished, failed: None,
) -> pd.DataFrame:
    """A virtual population under a regimen of one inhibitor: a data frame, one row a patient.

    Columns: covariates and parameters of the patient; over the last dosing interval Cmax and Cmin (ng/mL),
    tmax (h), AUC (ng h/mL), mean, largest and smallest inhibition ex vivo (%), hours above the IC50; status,
    reason. A patient that cannot be simulated is a row whose metrics are empty. ``attrs`` holds the manifest.
    Patient i is the same for every n, every number of workers and every machine.

    cytokine: None for exposure alone. conditions: names under ``conditions`` of the inhibitor.
    ensemble: typical signalling values, one draw a row; default that of the population's plan.
    executor: any concurrent.futures executor.
    Raises InputError, UnknownIdError; IncompleteRunError when a worker is lost.
    """
    import pandas as pd

    job, manifest = study(
        population, n, regimen, inhibitor=inhibitor, cytokine=cytokine, readout=readout,
        cytokine_dose=cytokine_dose, milieu=milieu, conditions=conditions, seed=seed, ensemble=ensemble,
    )  # fmt: skip
    parts: dict[int, pd.DataFrame] = {}
    with nullcontext(executor) if executor else executor_of(workers, scheduler) as own:
        for number, columns in _chunks(job, range(job.chunks), own, workers, done):
            parts[number] = pd.DataFrame(columns)
    frame = pd.concat([parts[number] for number in sorted(parts)], ignore_index=True)
    frame.attrs = {"manifest": manifest | {"failed": int((frame["status"] == "failed").sum())}}
    return frame


def run_to_file(
    out: Path,
    population: str,
    n: int,
    regimen: Regimen | str,
    *,
    workers: Workers = 1,
    scheduler: str = "",
    executor: Executor | None = None,
    done: Done = lambda finished, failed: None,
    **options: Any,
) -> dict[str, Any]:
    """Stream a population to Parquet; the same call after a kill goes on and ends with the same bytes.

    Chunks are kept in ``<out>.parts`` until the last is done, the manifest in ``<out>.json``. options: as for
    ``population``. Returns the manifest, with the number of failed patients.
    Raises InputError when ``out`` or what is kept belongs to another run, IncompleteRunError when a disk is
    full or a worker lost.
    """
    _pyarrow()
    record, kept = out.with_name(out.name + ".json"), out.with_name(out.name + ".parts")
    check_writable(out, record, kept)
    job, manifest = study(population, n, regimen, **options)
    old = _earlier(record, manifest, out)
    if old and out.exists():
        if kept.exists():  # the run was killed between its last two steps
            with Journal(kept, manifest) as journal:
                journal.remove()
        done(n, old["failed"])
        return old
    with Journal(kept, manifest) as journal:
        write_atomic(record, _text(manifest | {"complete": False, "failed": None}))
        missing, rows, failed = _missing(job, journal)
        done(rows, failed)
        try:
            with nullcontext(executor) if executor else executor_of(workers, scheduler) as own:
                for number, columns in _chunks(job, missing, own, workers, done, rows, failed):
                    journal.add(_name(number), _packed(columns))
            failed = _merge(job, journal, out)
            complete = manifest | {"complete": True, "failed": failed}
            write_atomic(record, _text(complete))
        except WriteError as error:
            raise IncompleteRunError(
                f"{error}; {len(journal)} of {job.chunks} chunks are kept: then run the same command again"
            ) from error
        journal.remove()
    return complete


def _chunks(
    job: Job,
    numbers: Sequence[int],
    own: Executor,
    workers: int,
    done: Done,
    finished: int = 0,
    failed: int = 0,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Results of chunks as they come, few under way at a time, so that memory does not grow with n."""
    if job.cell_sbml:
        available()  # workers do not say that they are slower
    size = max(1, min(TASK, len(numbers) // TASKS)) if isinstance(own, _Cluster) else 1
    tasks = [numbers[first : first + size] for first in range(0, len(numbers), size)]
    for place, several in each(partial(_several, job), tasks, workers, executor=own):
        for number, columns in zip(tasks[place], several, strict=True):
            yield number, columns
            finished += len(columns["status"])
            failed += columns["status"].count("failed")
            done(finished, failed)


def _several(job: Job, numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [run_chunk(job, number) for number in numbers]


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            "Parquet needs pyarrow; install it with: pip install 'jakinib[population]'"
        ) from None
    return pyarrow


def _name(number: int) -> str:
    return f"chunk {number}"


def _table(columns: dict[str, Any]) -> Any:
    """Arrow table; metrics of failed patients are null, never NaN."""
    pa = _pyarrow()
    return pa.table(
        {
            name: pa.array(values, from_pandas=True) if name not in ("status", "reason")
            else pa.array(values, type=pa.string())
            for name, values in columns.items()
        }
    )  # fmt: skip


def _packed(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    _pyarrow().parquet.write_table(_table(columns), buffer)
    return buffer.getvalue()


def _unpacked(journal: Journal, number: int) -> Any:
    return _pyarrow().parquet.read_table(io.BytesIO(journal[_name(number)]))


def _missing(job: Job, journal: Journal) -> tuple[list[int], int, int]:
    """Chunks that are not kept, and patients and failures of those that are."""
    missing, rows, failed = [], 0, 0
    for number in range(job.chunks):
        if _name(number) not in journal:
            missing.append(number)
            continue
        status = _unpacked(journal, number)["status"].to_pylist()
        rows, failed = rows + len(status), failed + status.count("failed")
    return missing, rows, failed


def _merge(job: Job, journal: Journal, out: Path) -> int:
    """All chunks in order as one file, one row group a chunk; returns the number of failed patients."""
    failed = 0

    def write(target: Path) -> None:
        nonlocal failed
        with _pyarrow().parquet.ParquetWriter(target, _unpacked(journal, 0).schema) as writer:
            for number in range(job.chunks):
                table = _unpacked(journal, number)
                failed += table["status"].to_pylist().count("failed")
                writer.write_table(table)

    write_atomic(out, write)
    return failed


def _text(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"


def _earlier(record: Path, manifest: dict[str, Any], out: Path) -> dict[str, Any] | None:
    """The manifest on disk of a complete run, none where there is none.

    Raises InputError when it is damaged or that of another run, saying what differs.
    """
    if not record.exists():
        if out.exists():
            raise InputError(f"{out}: exists and has no manifest {record.name}; choose another --out")
        return None
    advice = f"choose another --out, or remove {record} and {out}"
    old = read_record(record, "a manifest", advice)
    if changed := differences(old, manifest):
        raise InputError(
            f"{out}: belongs to another run: {changed}; choose another --out, or remove {record.name}, "
            f"{out.name} and {out.name}.parts where they are there"
        )
    if old.get("complete") is not True:
        return None
    if type(old.get("failed")) is not int:
        raise InputError(f"{record}: is damaged, not a manifest; {advice}")
    return old
