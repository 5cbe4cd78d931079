"""The overview that opens the report: every criterion as a line on one relative axis, failures first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jakinib.evaluate import Verdict
from jakinib.evaluate.basis import Basis, Tally
from jakinib.evaluate.criteria import Criterion
from jakinib.report import wording

SPAN = 4.0  # the axis runs from 1/SPAN to SPAN times the target
TICKS = (("¼", 0), ("½", 25), ("1", 50), ("2", 75), ("4", 100))  # with their places in percent of its width

# What the evidence of a criterion is called on the page.
WORDS: Mapping[Basis, str] = {
    "predicted": "predicted",
    "context": "at hand",
    "calibrated": "calibrated",
    "input": "input",
}


@dataclass(frozen=True)
class Count:
    """One of the numbers that open the report. decide: the part of them that decides, as (passed, of)."""

    name: str
    passed: int
    of: int
    decide: tuple[int, int]
    meaning: str


MEANINGS: Mapping[Basis, tuple[str, str]] = {
    "predicted": ("predicted", "The published number was in no objective: this is the evidence."),
    "calibrated": ("calibrated", "It was in an objective: the model can hold it."),
    "input": ("verified", "It was put in and comes out again: the simulation is right. No evidence."),
}


def counts(tallies: Sequence[Tally]) -> list[Count]:
    """Criteria that were predicted, calibrated and verified, in this order."""
    found = {tally.basis: tally for tally in tallies}
    out = []
    for basis, (name, meaning) in MEANINGS.items():
        tally = found.get(basis, Tally(basis, 0, 0, 0, 0))
        out.append(Count(name, tally.passed, tally.criteria, (tally.hard_passed, tally.hard), meaning))
    return out


@dataclass(frozen=True)
class Mark:
    """A place on the axis in percent of its width; beyond: -1 or 1 when it lies outside, else 0."""

    at: float
    beyond: int = 0


@dataclass(frozen=True)
class Line:
    """One criterion of the overview. target: from and to on the axis; interval: the same, if any.

    reading: how it passes although model and published number differ, if they do.
    """

    verdict: Verdict
    name: str
    basis: Basis
    value: str
    mark: Mark | None
    target: tuple[float, float]
    interval: tuple[float, float] | None
    reading: str = ""

    @property
    def words(self) -> str:
        return WORDS[self.basis]


@dataclass(frozen=True)
class Group:
    """Lines under one heading."""

    title: str
    lines: Sequence[Line]


def reference(criterion: Criterion) -> float:
    """What is 1 on the axis: the bound, or the geometric middle of two."""
    low, high = (
        bound if bound is not None and bound > 0 else None for bound in (criterion.low, criterion.high)
    )
    if low is not None and high is not None:
        return math.sqrt(low * high)
    return low or high or 1.0


def place(value: float, one: float) -> Mark:
    """Where a value stands on the axis, on which ``one`` is in the middle."""
    if value <= 0:
        return Mark(0.0, -1)
    if math.isinf(value):
        return Mark(100.0, 1)
    share = math.log(value / one) / math.log(SPAN)
    return Mark(50 + 50 * max(-1.0, min(1.0, share)), (share > 1) - (share < -1))


def line(verdict: Verdict, basis: Basis, name: str, reading: str = "") -> Line:
    """A verdict as it stands on the axis."""
    criterion, found = verdict.criterion, verdict.interval
    one = reference(criterion)
    low = 0.0 if criterion.low is None else place(criterion.low, one).at
    high = 100.0 if criterion.high is None else place(criterion.high, one).at
    ends = (
        None
        if found.low is None
        else (place(found.low, one).at, 100.0 if found.high is None else place(found.high, one).at)
    )
    mark = None if verdict.value is None or math.isnan(verdict.value) else place(verdict.value, one)
    return Line(verdict, name, basis, wording.value(verdict), mark, (low, high), ends, reading)


def full_names(verdicts: Sequence[Verdict]) -> dict[str, str]:
    """Statements by criterion; one that says "The same" leans on the one before it and is written out."""
    names: dict[str, str] = {}
    before = ""
    for verdict in verdicts:
        statement = verdict.criterion.statement
        if before and statement.startswith("The same,"):
            statement = before + statement.removeprefix("The same")
        else:
            before = statement
        names[verdict.criterion.id] = statement
    return names


def groups(
    verdicts: Sequence[Verdict], bases: Mapping[str, Basis], readings: Mapping[str, str]
) -> list[Group]:
    """Failures first, those that decide before those that report; then what passes, predictions first.

    readings: how criteria pass although model and published number differ, by id.
    """
    names = full_names(verdicts)
    ids = [v.criterion.id for v in verdicts]
    lines = [line(v, bases[i], names[i], readings.get(i, "")) for i, v in zip(ids, verdicts, strict=True)]

    def kinds() -> Iterator[tuple[str, list[Line]]]:
        failed = [one for one in lines if not one.verdict.passed]
        yield "Fail, and decide", [one for one in failed if one.verdict.criterion.hard]
        yield "Fail, reported", [one for one in failed if not one.verdict.criterion.hard]
        for basis, words in WORDS.items():
            yield f"Pass, {words}", [one for one in lines if one.verdict.passed and one.basis == basis]

    return [Group(title, found) for title, found in kinds() if found]
