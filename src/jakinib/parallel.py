"""The one pool of processes: results by index whatever their number; none outlives its parent."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from jakinib.errors import IncompleteRunError, JakinibError

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 8  # jobs under way at least, so that no worker waits for the next one


class _Here(Executor):
    """Runs a job at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class _Processes(ProcessPoolExecutor):
    """Workers that leave Ctrl-C, which a terminal sends to all of them, to their parent."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # A blocked signal stays blocked in the processes that are started here, from their first moment on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _live_no_longer_than(lifeline: Connection) -> None:
    """In a worker: end this process as soon as the other end of ``lifeline`` is gone, killed or closed."""

    def watch() -> None:
        lifeline.poll(None)  # nothing is ever sent: it returns when the pipe has ended
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def pool(workers: int = 1, *, always: bool = False) -> Iterator[Executor]:
    """An executor of ``workers`` processes; of this one where that is one, unless ``always`` others.

    When its block ends by an exception, an interruption among them, the workers end at once. They also end
    when this process is killed, as the system closes the pipe that they watch.
    """
    if workers <= 1 and not always:
        yield _Here()
        return
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    executor = _Processes(workers, context, _live_no_longer_than, (theirs,))
    try:
        yield executor
    except BaseException:
        ours.close()
        raise
    finally:
        executor.shutdown(cancel_futures=True)
        ours.close()
        theirs.close()


def each(
    function: Callable[[T], R], items: Sequence[T], workers: int = 1, *, executor: Executor | None = None
) -> Generator[tuple[int, R], None, None]:
    """(index, function(item)) in the order in which they end; few are under way at a time.

    Close it (contextlib.closing) where the loop over it may be left early: that ends the workers.

    executor: any of concurrent.futures, in place of ``workers`` processes of this machine.
    Raises what ``function`` raises, and IncompleteRunError when a worker is lost.
    """
    if executor is None:
        with pool(min(workers, len(items))) as own:
            yield from each(function, items, workers, executor=own)
        return
    ahead = 1 if isinstance(executor, _Here) else max(2 * workers, AHEAD)
    waiting = enumerate(items)
    running: dict[Future[R], int] = {}
    while True:
        while len(running) < ahead and (job := next(waiting, None)) is not None:
            running[_submit(executor, function, job[1])] = job[0]
        if not running:
            return
        ready, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in sorted(ready, key=running.__getitem__):
            yield running.pop(future), result(future)


def in_order(
    function: Callable[[T], R],
    items: Sequence[T],
    workers: int = 1,
    done: Callable[[int, R], None] = lambda index, result: None,
) -> list[R]:
    """``function`` of every item, in the order of the items; ``done`` is called as each one ends."""
    found: dict[int, R] = {}
    with closing(each(function, items, workers)) as ended:
        for index, value in ended:
            found[index] = value
            done(index, value)
    return [found[index] for index in range(len(items))]


def result(future: Future[R]) -> R:
    """The result of a job; raises IncompleteRunError in the place of a worker that was lost."""
    try:
        return future.result()
    except JakinibError:
        raise
    except Exception as error:
        if not _is_loss(error):
            raise
        raise _lost(error) from error


def _submit(executor: Executor, function: Callable[[T], R], item: T) -> Future[R]:
    try:
        return executor.submit(function, item)
    except BrokenExecutor as error:
        raise _lost(error) from error


def _lost(error: Exception) -> IncompleteRunError:
    return IncompleteRunError(
        f"a worker was lost ({type(error).__name__}); run the same command again, with fewer workers if "
        "memory ran out: where results go to a file it goes on from what was finished"
    )


def _is_loss(error: BaseException) -> bool:
    """A worker that died, on this machine or on a cluster, in place of an error of the work."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & {"BrokenExecutor", "KilledWorker", "CancelledError", "CommClosedError"})


class Terminated(BaseException):
    """SIGTERM; not an Exception, so that nothing takes it for an error."""


def end_cleanly_on_sigterm() -> None:
    """Make SIGTERM unwind this process as Ctrl-C does, so that files and workers are left in order."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: the end is not to be ended half-way
    raise Terminated
