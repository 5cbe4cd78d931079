"""The pool of processes: order, errors, and the end of its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import jakinib as jk
from jakinib.errors import IncompleteRunError, InputError
from jakinib.parallel import each, in_order, one_pool, pool


class Items(list[int]):
    """Numbers that remember which of them were taken."""

    def __init__(self, count: int) -> None:
        super().__init__(range(count))
        self.taken: list[int] = []

    def __iter__(self) -> Iterator[int]:
        for number in super().__iter__():
            self.taken.append(number)
            yield number


def square(number: int) -> int:
    time.sleep(0.02 * (number % 3))
    return number * number


def refuse(number: int) -> int:
    if number == 2:
        raise InputError("two is not wanted")
    return number


def die(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.2)
    return number


def test_results_are_in_the_order_of_the_items_for_every_number_of_workers() -> None:
    for workers in (1, 2, 3):
        ended: list[int] = []
        found = in_order(square, range(30), workers, lambda index, _: ended.append(index))  # noqa: B023
        assert found == [number * number for number in range(30)]
        assert sorted(ended) == list(range(30))


def test_few_jobs_are_under_way_at_a_time() -> None:
    items = Items(200)
    ended = each(square, items, 2)
    next(ended)
    assert len(items.taken) < 20
    ended.close()


class Growing(Executor):
    """A cluster whose workers are done at once, and become more."""

    _max_workers = 10

    def __init__(self) -> None:
        self.given = 0

    def grow(self, workers: int) -> None:
        self._max_workers = workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.given += 1
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_a_cluster_has_two_jobs_a_worker_at_a_time_and_more_when_workers_join() -> None:
    cluster = Growing()
    ended = each(abs, range(400_000), executor=cluster)
    next(ended)
    assert cluster.given == 20
    cluster.grow(50)
    _ = [next(ended) for _ in range(20)]
    assert cluster.given == 20 + 100
    ended.close()


def test_no_items_start_no_process() -> None:
    assert in_order(square, [], 4) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_work_arrives_as_it_is(workers: int) -> None:
    with pytest.raises(InputError, match="two is not wanted"):
        in_order(refuse, range(5), workers)


def test_a_lost_worker_is_said_in_words() -> None:
    with pytest.raises(IncompleteRunError, match=r"a worker was lost.*run the same command again"):
        in_order(die, range(8), 2)


def test_workers_end_at_once_when_the_loop_is_left() -> None:
    begun = time.monotonic()

    def left() -> None:
        with pool(2) as workers:
            running = [workers.submit(time.sleep, 60) for _ in range(3)]
            while not running[0].running():
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        left()
    assert time.monotonic() - begun < 20


def meet(folder: Path, number: int) -> int:
    """The process that this runs in, once two of them are here."""
    (folder / f"{number}").touch()
    _until(lambda: list(folder.iterdir()), 2)
    return os.getpid()


def two(place: Path) -> set[int]:
    place.mkdir()
    return set(in_order(partial(meet, place), range(2), 2))


def test_two_stages_of_a_block_run_in_the_same_processes_which_end_with_it(tmp_path: Path) -> None:
    with one_pool():
        first = two(tmp_path / "first")
        with one_pool():  # a call that has stages of its own
            assert two(tmp_path / "second") == first
        assert all(map(_alive, first))
    assert len(first) == 2
    assert os.getpid() not in first
    assert not any(map(_alive, first))


def test_calls_without_a_block_around_them_leave_no_process(tmp_path: Path) -> None:
    first, second = two(tmp_path / "first"), two(tmp_path / "second")
    assert not first & second
    assert not any(map(_alive, first | second))


def test_an_interruption_between_two_stages_ends_the_workers(tmp_path: Path) -> None:
    ended: set[int] = set()

    def interrupted() -> None:
        with one_pool():
            ended.update(two(tmp_path / "first"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ended
    assert not any(map(_alive, ended))


def test_a_stage_after_a_lost_worker_or_an_error_has_workers_again() -> None:
    with one_pool():
        for fails, error in ((die, IncompleteRunError), (refuse, InputError)):
            with pytest.raises(error):
                in_order(fails, range(8), 2)
            assert in_order(square, range(4), 2) == [0, 1, 4, 9]


def test_an_inner_loop_that_is_left_early_spares_the_work_of_the_outer_one() -> None:
    found = []
    with closing(each(square, range(12), 2)) as outer:
        for _, value in outer:
            with closing(each(square, range(30), 2)) as inner:
                next(inner)
            found.append(value)
    assert sorted(found) == [number * number for number in range(12)]


def test_a_stage_that_asks_for_fewer_workers_than_there_are_has_no_more_jobs_at_once() -> None:
    items = Items(50)
    with one_pool(), pool(3), closing(each(square, items, 2)) as ended:
        next(ended)
        assert len(items.taken) == 2


def test_a_thread_has_workers_of_its_own(tmp_path: Path) -> None:
    with one_pool():
        mine = two(tmp_path / "mine")
        with ThreadPoolExecutor(1) as threads:
            others = threads.submit(two, tmp_path / "others").result()
        assert all(map(_alive, mine))
    assert not mine & others


class Copied:
    """A function that says how often it has arrived in its process."""

    arrived = 0

    def __setstate__(self, state: object) -> None:
        Copied.arrived += 1

    def __getstate__(self) -> object:
        return {"some": "state"}

    def __call__(self, number: int) -> int:
        return Copied.arrived


def loaded(stage: str, model: jk.Model, number: int) -> tuple[int, int]:
    return os.getpid(), id(model)


def test_a_worker_takes_a_function_once_and_loads_a_model_once_for_all_stages() -> None:
    model = jk.load("oral_pk")
    with one_pool():
        assert set(in_order(Copied(), range(20), 2)) == {1}
        found = [pair for stage in "ab" for pair in in_order(partial(loaded, stage, model), range(8), 2)]
    assert len(set(found)) == len({process for process, _ in found})


SCRIPT = """
import os, sys, time
from pathlib import Path
from jakinib.parallel import Terminated, end_cleanly_on_sigterm, in_order

def wait(number):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(120)

if __name__ == "__main__":
    end_cleanly_on_sigterm()
    try:
        in_order(wait, range(4), 2)
    except (KeyboardInterrupt, Terminated) as error:
        Path(sys.argv[1], type(error).__name__).touch()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_no_worker_outlives_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    script, seen = tmp_path / "script.py", tmp_path / "seen"
    script.write_text(SCRIPT, encoding="utf-8")
    seen.mkdir()
    process = subprocess.Popen([sys.executable, script, seen], start_new_session=True)
    pids = _until(lambda: [int(path.name) for path in seen.iterdir() if path.name.isdigit()], 2)
    if number == signal.SIGINT:  # as a terminal does it: to all processes of the group
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    process.wait(20)
    deadline = time.monotonic() + 10
    while any(map(_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_alive, pids))
    said = {signal.SIGTERM: ["Terminated"], signal.SIGINT: ["KeyboardInterrupt"]}.get(number, [])
    assert [path.name for path in seen.iterdir() if not path.name.isdigit()] == said


def _until(found, count: int) -> list[int]:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 60
    while len(found()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(found()) == count
    return list(found())


def _alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet collected does not."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(done.stdout.strip()) and not done.stdout.strip().startswith("Z")
