"""The one pool of processes: results by index whatever their number; none outlives its parent."""

from __future__ import annotations

import functools
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Annotated, Any, TypeVar

from jakinib.arguments import Within
from jakinib.errors import IncompleteRunError, JakinibError

T = TypeVar("T")
R = TypeVar("R")
Workers = Annotated[int, Within(1, 256)]  # processes
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
    """At most ``most`` workers, started as jobs come, that leave Ctrl-C to their parent.

    A terminal sends it to all of them. users: blocks that have jobs in it.
    """

    def __init__(self, most: int) -> None:
        context = get_context("spawn")
        self._theirs, self._ours = context.Pipe(duplex=False)
        super().__init__(most, context, _live_no_longer_than, (self._theirs,))
        self.most, self.users = most, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        # A blocked signal stays blocked in the processes that are started here, from their first moment on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self, *, at_once: bool = False) -> None:
        """Wait until the workers are gone; at once: whatever they are at."""
        if at_once:
            self._ours.close()
        self.shutdown(cancel_futures=True)
        self._ours.close()
        self._theirs.close()


def _live_no_longer_than(lifeline: Connection) -> None:
    """In a worker: end this process as soon as the other end of ``lifeline`` is gone, killed or closed."""

    def watch() -> None:
        lifeline.poll(None)  # nothing is ever sent: it returns when the pipe has ended
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class _Open:
    """The blocks of a thread that hold workers, and the workers."""

    def __init__(self) -> None:
        self.process, self.blocks = os.getpid(), 0
        self.workers: _Processes | None = None

    @classmethod
    def here(cls) -> _Open:
        """Those of this thread; a process that was forked has none of its parent's."""
        found: _Open | None = getattr(_THREAD, "open", None)
        if found is None or found.process != os.getpid():
            found = _THREAD.open = cls()
        return found

    def take(self, most: int) -> _Processes:
        """The workers that are there; others where they are too few and nobody uses them."""
        if self.workers is not None and self.workers.most < most and not self.workers.users:
            self.end()
        if self.workers is None:
            self.workers = _Processes(most)
        return self.workers

    def end(self, *, at_once: bool = False) -> None:
        ended, self.workers = self.workers, None
        if ended is not None:
            ended.end(at_once=at_once)


_THREAD = threading.local()


@contextmanager
def one_pool() -> Iterator[None]:
    """All that runs on workers in this block shares them, and the models that they have loaded.

    They are started when they are first needed and end with the outermost such block. Each thread has its
    own. Every command is such a block, and so is every call that has several stages.

    >>> import math
    >>> with one_pool():
    ...     roots = in_order(math.sqrt, [16.0, 81.0], workers=2)
    ...     again = in_order(math.sqrt, roots, workers=2)  # by the same two processes
    >>> again
    [2.0, 3.0]
    """
    mine = _Open.here()
    mine.blocks += 1
    try:
        yield
    except BaseException:
        if mine.blocks == 1:
            mine.end(at_once=True)
        raise
    finally:
        mine.blocks -= 1
        if not mine.blocks:
            mine.end()


@contextmanager
def pool(workers: int = 1, *, always: bool = False) -> Iterator[Executor]:
    """An executor of ``workers`` processes; of this one where that is one, unless ``always`` others.

    It is that of the block of ``one_pool`` around it, where there is one. When its block ends by an
    exception, an interruption among them, the workers end at once, unless a block around it has jobs in them
    too. They also end when this process is killed, as the system closes the pipe that they watch.
    """
    if workers <= 1 and not always:
        yield _Here()
        return
    with one_pool():
        mine = _Open.here()
        taken = mine.take(workers)
        taken.users += 1
        try:
            yield taken
        except BaseException:
            if taken.users == 1:
                mine.end(at_once=True)
            raise
        finally:
            taken.users -= 1


class _Sent:
    """A function on its way to workers: packed once, unpacked once by each of them, whatever the jobs."""

    def __init__(self, function: Callable[[T], R]) -> None:
        self.packed = bytes(ForkingPickler.dumps(function))

    def __call__(self, item: Any) -> Any:
        return _unpacked(self.packed)(item)


@functools.lru_cache(maxsize=4)
def _unpacked(packed: bytes) -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = ForkingPickler.loads(packed)
    return function


def each(
    function: Callable[[T], R], items: Sequence[T], workers: int = 1, *, executor: Executor | None = None
) -> Generator[tuple[int, R], None, None]:
    """(index, function(item)) in the order in which they end; few are under way at a time.

    Close it (contextlib.closing) where the loop over it may be left early: that ends the workers, or, where
    others have jobs in them, what is not yet begun. A worker may use one copy of ``function`` for many items.

    executor: any of concurrent.futures, in place of ``workers`` processes of this machine.
    Raises what ``function`` raises, and IncompleteRunError when a worker is lost.
    """
    if executor is None:
        with pool(workers if len(items) > 1 else 1) as own:
            yield from each(function, items, workers, executor=own)
        return
    if isinstance(executor, _Processes):
        function = _Sent(function)
    waiting = enumerate(items)
    running: dict[Future[R], int] = {}
    try:
        while True:
            while len(running) < _window(executor, workers) and (job := next(waiting, None)) is not None:
                running[_submit(executor, function, job[1])] = job[0]
            if not running:
                return
            ready, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(ready, key=running.__getitem__):
                yield running.pop(future), result(future)
    finally:
        for future in running:
            future.cancel()


def _window(executor: Executor, workers: int) -> int:
    """How many jobs are under way at once: two a worker, of which a cluster may have more by and by."""
    if isinstance(executor, _Here):
        return 1
    if isinstance(executor, _Processes) and workers < executor.most:
        return workers  # no more at once than were asked for
    return max(2 * workers, 2 * getattr(executor, "_max_workers", 0), AHEAD)


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
