"""Tasks side by side: the runs that they ask for at the same moment are made together, in lanes.

A search for an IC50 asks for one run after another, so it leaves lanes empty; the same search for every draw
of an ensemble fills them. Each task is a thread, and when all of them wait for a run, the runs are made. As a
run in lanes does not depend on the runs beside it, neither does what a task finds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from jakinib.lanes.model import Lanes
from jakinib.simulate import Model, Protocol

T = TypeVar("T")
Array = NDArray[np.float64]


class Abandoned(BaseException):
    """Ends a task whose meeting has ended; not an Exception, so that no task takes it for a failed run."""


@dataclass
class _Request:
    model: Model
    protocol: Protocol
    observables: tuple[str, ...]
    stage: int
    answer: Array | BaseException | None = None
    answered: threading.Event = field(default_factory=threading.Event)


class _Meeting:
    """Tasks under way and what they wait for.

    A task that has gone on to another model waits for those that have not, so that they stay together.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = 0
        self._waiting: list[_Request] = []

    def begin(self, task: Callable[[], None]) -> None:
        with self._changed:
            self._busy += 1
        threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def _run(self, task: Callable[[], None]) -> None:
        _HERE.meeting = self
        try:
            task()
        finally:
            self._rest()

    def _rest(self, request: _Request | None = None) -> None:
        with self._changed:
            self._busy -= 1
            self._waiting += [request] if request else []
            self._changed.notify()

    def ask(self, model: Model, protocol: Protocol, observables: Sequence[str]) -> Array:
        kind = (id(model), tuple(observables))
        if kind != _HERE.kind:
            _HERE.kind, _HERE.stage = kind, _HERE.stage + 1
        request = _Request(model, protocol, kind[1], _HERE.stage)
        self._rest(request)
        request.answered.wait()
        if isinstance(request.answer, BaseException):
            raise request.answer
        assert request.answer is not None
        return request.answer

    def serve(self) -> None:
        """Answer requests until every task has ended."""
        try:
            while requests := self._collected():
                self._answer(requests)
        except BaseException:
            self._give_up()
            raise

    def _collected(self) -> list[_Request]:
        with self._changed:
            while self._busy:
                self._changed.wait()
            first = min((one.stage for one in self._waiting), default=0)
            requests = [one for one in self._waiting if one.stage == first]
            self._waiting = [one for one in self._waiting if one.stage != first]
            return requests

    def _answer(self, requests: list[_Request]) -> None:
        kinds: dict[tuple[int, tuple[str, ...]], list[_Request]] = {}
        for request in requests:
            kinds.setdefault((id(request.model), request.observables), []).append(request)
        for (_, observables), alike in kinds.items():
            found: Sequence[Array | Exception]
            try:
                found = Lanes.of(alike[0].model).run_many([one.protocol for one in alike], observables)
            except Exception as error:  # a symbol of one of them, so each is told what concerns itself
                found = [_alone(one) for one in alike] if len(alike) > 1 else [error]
            for request, answer in zip(alike, found, strict=True):
                request.answer = answer
        with self._changed:
            self._busy += len(requests)
        for request in requests:
            request.answered.set()

    def _give_up(self) -> None:
        with self._changed:
            requests, self._waiting = self._waiting, []
        for request in requests:
            request.answer = Abandoned()
            request.answered.set()


def _alone(request: _Request) -> Array | Exception:
    try:
        (found,) = Lanes.of(request.model).run_many([request.protocol], request.observables)
    except Exception as error:
        return error
    return found


class _Here(threading.local):
    meeting: _Meeting | None = None
    kind: tuple[int, tuple[str, ...]] | None = None  # of the run asked for last
    stage = 0  # how often it has changed


_HERE = _Here()


@dataclass(frozen=True)
class Shared:
    """A compiled model whose runs are made in lanes while ``side_by_side`` is at work, else one at a time."""

    model: Model

    @property
    def settable(self) -> Collection[str]:
        return self.model.settable

    def run(self, protocol: Protocol, observables: Sequence[str]) -> Array:
        if _HERE.meeting is None:
            return self.model.run(protocol, observables)
        return _HERE.meeting.ask(self.model, protocol, observables)

    def initial(self, symbol: str) -> float:
        return self.model.initial(symbol)

    def unit(self, symbol: str) -> str:
        return self.model.unit(symbol)


def side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Results of tasks, in their order, which run at the same time and share the lanes.

    Tasks ask ``Shared`` models for runs and share nothing else that changes. Raises the error of the first
    task that fails, when all have ended.
    """
    meeting = _Meeting()
    found: dict[int, T] = {}
    failed: dict[int, BaseException] = {}

    def under(number: int, task: Callable[[], T]) -> None:
        try:
            found[number] = task()
        except BaseException as error:
            failed[number] = error

    for number, task in enumerate(tasks):
        meeting.begin(lambda number=number, task=task: under(number, task))  # type: ignore[misc]
    meeting.serve()
    if failed:
        raise failed[min(failed)]
    return [found[number] for number in range(len(tasks))]
