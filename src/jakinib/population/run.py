"""Run a study chunk by chunk on any executor; to a data frame, or to Parquet that survives a kill."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jakinib.errors import InputError, JakinibError
from jakinib.paths import write_atomic
from jakinib.population.engine import Job, run_chunk
from jakinib.population.study import study
from jakinib.regimen import Regimen

if TYPE_CHECKING:
    import pandas as pd

Done = Callable[[int, int], None]  # patients finished, failures among them


class IncompleteRunError(JakinibError):
    """A run that stopped before its end; what was finished is kept and the same call goes on from there."""


class _Here(Executor):
    """Runs a job at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def executor_of(workers: int = 1, scheduler: str = "") -> Iterator[Executor]:
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
            yield client.get_executor(pure=False)
        finally:
            client.close()
    elif workers <= 1:
        yield _Here()
    else:
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def population(
    population: str,
    n: int = 1000,
    regimen: Regimen | str = "4 mg qd x 7",
    *,
    inhibitor: str = "baricitinib",
    cytokine: str | None = "IL-6",
    readout: str = "",
    cytokine_dose: str = "",
    conditions: Sequence[str] = (),
    seed: int = 1,
    workers: int = 1,
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
        cytokine_dose=cytokine_dose, conditions=conditions, seed=seed, ensemble=ensemble,
    )  # fmt: skip
    parts: dict[int, pd.DataFrame] = {}
    with _given(executor) if executor else executor_of(workers, scheduler) as pool:
        for number, columns in _chunks(job, range(job.chunks), pool, 2 * max(workers, 1), done, 0):
            parts[number] = _frame(columns)
    frame = pd.concat([parts[number] for number in sorted(parts)], ignore_index=True)
    frame.attrs = {"manifest": manifest | {"failed": int((frame["status"] == "failed").sum())}}
    return frame


def run_to_file(
    out: Path,
    population: str,
    n: int,
    regimen: Regimen | str,
    *,
    workers: int = 1,
    scheduler: str = "",
    executor: Executor | None = None,
    done: Done = lambda finished, failed: None,
    **options: Any,
) -> dict[str, Any]:
    """Stream a population to Parquet; the same call after a kill goes on and ends with the same bytes.

    Chunks lie in ``<out>.parts`` until the last is done, the manifest in ``<out>.json``. options: as for
    ``population``. Returns the manifest, with the number of failed patients.
    Raises InputError when ``out`` belongs to another run, IncompleteRunError when a disk is full or a worker
    lost.
    """
    _pyarrow()
    job, manifest = study(population, n, regimen, **options)
    record, parts = out.with_name(out.name + ".json"), out.with_name(out.name + ".parts")
    old = _earlier(record, manifest, out)
    if old is not None and old["complete"] and out.exists():
        done(n, old["failed"])
        return old
    try:
        parts.mkdir(parents=True, exist_ok=True)
        write_atomic(record, _text(manifest | {"complete": False, "failed": None}))
        missing, rows, failed = _missing(job, parts)
        done(rows, failed)
        with _given(executor) if executor else executor_of(workers, scheduler) as pool:
            for number, columns in _chunks(job, missing, pool, 2 * max(workers, 1), done, rows, failed):
                _write_part(_part(parts, number), columns)
        failed = _merge(job, parts, out)
        complete = manifest | {"complete": True, "failed": failed}
        write_atomic(record, _text(complete))
    except OSError as error:
        kept = len(list(parts.glob("*.parquet"))) if parts.is_dir() else 0
        raise IncompleteRunError(
            f"{out}: cannot write ({error.strerror or error}); {kept} of {job.chunks} chunks are kept: "
            "make room and run the same command again"
        ) from error
    shutil.rmtree(parts)
    return complete


def _chunks(
    job: Job,
    numbers: Sequence[int],
    pool: Executor,
    ahead: int,
    done: Done,
    finished: int,
    failed: int = 0,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Results of chunks as they come, at most ``ahead`` under way, so that memory does not grow with n."""
    ahead = 1 if isinstance(pool, _Here) else max(ahead, getattr(pool, "_max_workers", 0) * 2, 8)
    waiting = iter(numbers)
    running: dict[Future[Any], int] = {}
    while True:
        while len(running) < ahead and (number := next(waiting, None)) is not None:
            running[pool.submit(run_chunk, job, number)] = number
        if not running:
            return
        ready, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in ready:
            number = running.pop(future)
            try:
                columns = future.result()
            except JakinibError:
                raise
            except Exception as error:
                if not _is_loss(error):
                    raise
                raise IncompleteRunError(
                    f"population: a worker was lost ({type(error).__name__}) in chunk {number}; finished "
                    "chunks are kept: run the same command again, with fewer workers if memory ran out"
                ) from error
            yield number, columns
            finished += len(columns["status"])
            failed += columns["status"].count("failed")
            done(finished, failed)


def _is_loss(error: BaseException) -> bool:
    """A worker that died, on this machine or on a cluster, in place of an error of the simulation."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"BrokenExecutor", "KilledWorker", "CancelledError", "CommClosedError"})


@contextmanager
def _given(executor: Executor) -> Iterator[Executor]:
    yield executor


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns)


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            "Parquet needs pyarrow; install it with: pip install 'jakinib[population]'"
        ) from None
    return pyarrow


def _part(parts: Path, number: int) -> Path:
    return parts / f"{number:06d}.parquet"


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


def _write_part(path: Path, columns: dict[str, Any]) -> None:
    _write(path, lambda target: _pyarrow().parquet.write_table(_table(columns), target))


def _write(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place, then move it there: half a file is never seen."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as handle:
        temporary = Path(handle.name)
    try:
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _missing(job: Job, parts: Path) -> tuple[list[int], int, int]:
    """Chunks that are not on disk, and patients and failures of those that are."""
    pq = _pyarrow().parquet
    missing, rows, failed = [], 0, 0
    for number in range(job.chunks):
        path = _part(parts, number)
        if not path.exists():
            missing.append(number)
            continue
        status = pq.read_table(path, columns=["status"])["status"].to_pylist()
        rows, failed = rows + len(status), failed + status.count("failed")
    return missing, rows, failed


def _merge(job: Job, parts: Path, out: Path) -> int:
    """All chunks in order as one file, one row group a chunk; returns the number of failed patients."""
    pa = _pyarrow()
    failed = 0

    def write(target: Path) -> None:
        nonlocal failed
        schema = pa.parquet.read_schema(_part(parts, 0))
        with pa.parquet.ParquetWriter(target, schema) as writer:
            for number in range(job.chunks):
                table = pa.parquet.read_table(_part(parts, number))
                failed += table["status"].to_pylist().count("failed")
                writer.write_table(table)

    _write(out, write)
    return failed


def _text(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=2, sort_keys=True) + "\n"


def _earlier(record: Path, manifest: dict[str, Any], out: Path) -> dict[str, Any] | None:
    """The manifest on disk; raises InputError when it is that of another run, saying what differs."""
    if not record.exists():
        if out.exists():
            raise InputError(f"{out}: exists and has no manifest {record.name}; choose another --out")
        return None
    try:
        old: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{record}: not a manifest ({error}); choose another --out") from None
    now = _flat(json.loads(json.dumps(manifest)))
    then = _flat(old) if isinstance(old, dict) else {}
    changed = [name for name in now if then.get(name) != now[name]]
    if changed:
        shown = ", ".join(f"{name} ({then.get(name)} then, {now[name]} now)" for name in changed[:3])
        raise InputError(
            f"{out}: belongs to another run: {shown}; choose another --out or remove {record.name}"
        )
    return old


def _flat(manifest: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in manifest.items():
        out.update(
            {f"{name}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
        )
    return out
