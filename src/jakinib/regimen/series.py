"""Series of equal doses: what texts, files and tables are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jakinib.errors import InputError
from jakinib.regimen.dose import Dose, Regimen, Route, Steady

MOST = 99_999  # doses of one series, and of a regimen


@dataclass(frozen=True)
class Series:
    """``repeats`` doses from ``start`` (h) on, every ``interval`` h (0: once), some of them missed.

    missing: numbers of the missed doses, counted from 1. steady: it went on before time 0 as well.
    """

    amount: float
    start: float = 0.0
    interval: float = 0.0
    repeats: int = 1
    missing: tuple[int, ...] = ()
    route: Route = "oral"
    duration: float = 0.0
    inhibitor: str = ""
    per_kg: bool = False
    steady: bool = False

    def dose(self, time: float, amount: float) -> Dose:
        return Dose(time, amount, self.route, self.duration, self.inhibitor, self.per_kg)

    def doses(self) -> list[Dose]:
        missed = set(self.missing)
        return [
            self.dose(self.start + i * self.interval, 0.0 if i + 1 in missed else self.amount)
            for i in range(self.repeats)
        ]

    @property
    def last(self) -> float:
        """Time of the last due dose, h."""
        return self.start + (self.repeats - 1) * self.interval


def assemble(series: Iterable[Series], text: str = "", notes: tuple[str, ...] = ()) -> Regimen:
    """The regimen of several series together."""
    series = list(series)
    refuse_many(sum(s.repeats for s in series))
    steady = tuple(Steady(s.dose(s.start, s.amount), s.interval) for s in series if s.steady)
    return Regimen(tuple(dose for s in series for dose in s.doses()), text, steady, notes)


def refuse_many(doses: int) -> None:
    """Raises InputError for more doses than a regimen may have."""
    if doses > MOST:
        raise InputError(f"regimen: {doses:,} doses; give at most {MOST:,}")


def split(regimen: Regimen) -> list[Series]:
    """Series that assemble to exactly this regimen, each as long as it can be."""
    waiting: dict[tuple, list[Dose]] = {}
    for dose in regimen.doses:
        waiting.setdefault(dose.kind, []).append(dose)
    firsts = [_first(waiting[train.dose.kind], train) for train in regimen.steady]
    found = [
        _extend(first, waiting[first.kind], train)
        for first, train in zip(firsts, regimen.steady, strict=True)
    ]
    for doses in waiting.values():
        while doses:
            found.append(_extend(doses.pop(0), doses))
    return sorted(found, key=lambda s: (s.start, s.inhibitor, not s.steady))


def _first(doses: list[Dose], train: Steady) -> Dose:
    """Remove the first due dose of ``train`` from ``doses``: the one taken, else the one missed."""
    mark = replace(train.dose, amount=0.0)
    first = train.dose if train.dose in doses else mark
    doses.remove(first)
    return first


def _extend(first: Dose, doses: list[Dose], train: Steady | None = None) -> Series:
    """The longest series that begins with ``first``; its doses are removed from ``doses`` (by time)."""
    if train is not None:
        amount, interval = train.dose.amount, train.interval
    else:
        amount, interval = first.amount or next((d.amount for d in doses if d.amount), 0.0), 0.0
    taken: list[Dose] = []
    missing = [1] if first.amount != amount else []
    for dose in doses:
        due = len(taken) + 1
        step = interval or dose.time - first.time
        # The time must come out to the last bit when the series is written and read again.
        if step <= 0 or dose.time < first.time + due * step:
            continue
        if due == MOST or dose.time != first.time + due * step or dose.amount not in (0.0, amount):
            break
        interval = step
        taken.append(dose)
        if dose.amount != amount:
            missing.append(due + 1)
    for dose in taken:
        doses.remove(dose)
    return Series(
        amount, first.time, interval if taken or train else 0.0, 1 + len(taken), tuple(missing),
        first.route, first.duration, first.inhibitor, first.per_kg, train is not None,
    )  # fmt: skip
