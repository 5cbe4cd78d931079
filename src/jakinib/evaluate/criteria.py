"""Acceptance criteria: rows, a statistic of their experiments, and a bound; and their verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, ValidationError, model_validator

from jakinib import paths
from jakinib.errors import InputError, JakinibError, UnknownIdError
from jakinib.evaluate.statistics import COUNTS, STATISTICS
from jakinib.experiments import Choices, Chosen, Experiment, experiment, kinds
from jakinib.fit.folds import Leave
from jakinib.fit.plan import Plan
from jakinib.library.files import explain, line_of, read_model, short
from jakinib.library.measurements import DataSet, Measurement, get_data
from jakinib.library.plugins import extra_folders
from jakinib.library.ranges import EntryName, Line, Number, Whole, listed_once
from jakinib.library.schema import Strict

OF_FOLDS = ("gmfe", "worst_fold", "inside_same", "inside_new", "inside_ratio")


class Bound(Strict):
    """A bound that follows from a published row: its range, or a percentage or a fold of its value.

    row: the first row of the criterion when not given. A row that is itself a bound (< or >) bounds one side.
    """

    row: str = ""
    percent: Number | None = None
    fold: Number | None = None

    @model_validator(mode="after")
    def _one(self) -> Bound:
        if self.percent is not None and self.fold is not None:
            raise ValueError("gives percent and fold; keep one")
        return self

    def around(self, row: Measurement) -> tuple[float | None, float | None, str]:
        """Low, high and the bound in words."""
        value, fold = row.value, 1.0 if self.fold is None else self.fold
        if self.percent is not None:
            share = self.percent / 100
            text = f"{value:g} within {self.percent:g} %"
            return _rounded(value * (1 - share)), _rounded(value * (1 + share)), text
        if row.qualifier in ("<", ">"):
            limit = _rounded(value * fold if row.qualifier == "<" else value / fold)
            text = f"{row.qualifier} {limit:g}"
            if self.fold is not None:
                text += f" ({fold:g}-fold of the bound {row.qualifier} {value:g})"
            return (None, limit, text) if row.qualifier == "<" else (limit, None, text)
        if self.fold is not None:
            return _rounded(value / fold), _rounded(value * fold), f"{value:g} within {fold:g}-fold"
        if row.low is None or row.high is None:
            raise InputError(f"bound: row {row.id} gives no range; add percent or fold")
        inside = f"{value:g} ({row.low:g}-{row.high:g})"
        return row.low, row.high, inside if row.low < value < row.high else f"{row.low:g}-{row.high:g}"


def _rounded(bound: float) -> float:
    return float(f"{bound:.12g}")  # 5.9 x 1.05 is 6.195


class Criterion(Strict):
    """One criterion: a statistic of the experiments of rows, and the bounds it must keep (inclusive).

    rows: the published numbers it stands for. of: those that are computed, by default all. conditions: fields
    of a row, such as a dose, that are set in all of them; each: a field and the values it takes in turn.
    populations, cells: as in a plan. bound: low and high from a row, in place of numbers. hard: it decides
    whether the evaluation passes; the others report. leave: the rows are those of a stored cross-validation
    of ``plan``, predicted by fits without that group. parameter: of ``plan``; 1 when the data identify it,
    else 0. expected: the verdict it is known to have; a change either way is news. explanation: why it fails,
    if so.
    """

    id: EntryName
    item: Annotated[Whole, Field(ge=0)] = 0
    hard: StrictBool
    statement: Line
    rows: Annotated[list[str], Field(min_length=1), AfterValidator(listed_once)]
    of: list[str] = Field(default_factory=list)
    conditions: dict[str, str] = Field(default_factory=dict)
    each: dict[str, list[str]] = Field(default_factory=dict, max_length=1)
    populations: dict[str, str] = Field(default_factory=dict)
    cells: dict[str, str] = Field(default_factory=dict)
    statistic: str = "value"
    plan: str = ""
    leave: Leave | Literal[""] = ""
    parameter: str = ""
    bound: Bound | None = None
    low: Number | None = None
    high: Number | None = None
    target: str = ""
    unit: str
    expected: Literal["pass", "fail"] = "pass"
    explanation: str = ""

    @property
    def stored(self) -> bool:
        """Whether it is read from stored results of ``plan``: nothing is simulated."""
        return bool(self.plan)

    @model_validator(mode="after")
    def _known(self) -> Criterion:
        if bool(self.plan) != bool(self.leave or self.parameter) or (self.leave and self.parameter):
            raise ValueError("plan goes with leave or with parameter, and they with it")
        known = OF_FOLDS if self.leave else (*STATISTICS,)
        if self.statistic not in known:
            raise ValueError(str(UnknownIdError("statistic", self.statistic, known)))
        return self

    @model_validator(mode="after")
    def _bounded(self) -> Criterion:
        if self.low is None and self.high is None and self.bound is None:
            raise ValueError("gives neither low, high nor bound; a criterion must be able to fail")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} lies above high {self.high:g}; exchange them")
        if self.expected == "fail" and not self.explanation:
            raise ValueError("is expected to fail and does not say why; add an explanation")
        wanted = None if self.stored else COUNTS.get(self.statistic)
        found = len(self.of or self.rows) * max(len(values) for values in (*self.each.values(), [""]))
        if wanted is not None and found != wanted:
            raise ValueError(
                f"'{self.statistic}' takes {wanted} experiment(s), here are {found}; name the rows under of"
            )
        return self

    def bounded(self, data: DataSet) -> Criterion:
        """The criterion with the numbers and words of a bound that follows from a row."""
        if self.bound is None:
            return self
        low, high, text = self.bound.around(data[self.bound.row or self.rows[0]])
        numbers = {
            "low": low if self.low is None else self.low,
            "high": high if self.high is None else self.high,
        }
        return self.model_copy(update={**numbers, "target": self.target or text})

    def experiments(self, data: DataSet, plans: Sequence[Plan]) -> tuple[Experiment, ...]:
        """An experiment for each row that is computed and each value of ``each``.

        Raises PlanError or InputError for a row that is no experiment under these conditions.
        """
        (name, values), *_ = self.each.items() or [("", [""])]
        out = []
        for row in (data[identifier] for identifier in self.of or self.rows):
            named = (p for p in plans if row.id in (*p.calibration, *p.validation, *p.context))
            plan: Choices = next(named, Chosen())
            choices = Chosen(
                plan.id,
                {**plan.populations, **self.populations},
                {**plan.cells, **self.cells},
                plan.errors,
                plan,
            )
            for value in values:
                changed = self._under(row, {**self.conditions, **({name: value} if name else {})})
                out.append(experiment(changed, data, choices, f"criterion {self.id}"))
        return tuple(out)

    def _under(self, row: Measurement, conditions: dict[str, str]) -> Measurement:
        try:
            return Measurement.model_validate({**row.model_dump(), **conditions})
        except ValidationError as error:
            where, problem = explain(error.errors()[0])
            raise InputError(
                f"criterion {self.id}: conditions.{'.'.join(map(str, where))} {problem}"
            ) from None


class Criteria(Strict):
    criteria: Annotated[list[Criterion], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> Criteria:
        listed_once([criterion.id for criterion in self.criteria])
        return self


@dataclass(frozen=True)
class Interval:
    """Central 90 % interval. low, high: None when it was not computed; then ``reason`` says why.

    method: posterior; Laplace when an ensemble behind it did not converge.
    """

    low: float | None = None
    high: float | None = None
    method: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Verdict:
    """A criterion after the comparison; ``error`` says why the value could not be computed (then FAIL).

    interval: 90 %, of the value over the parameters that the data leave open; it does not decide.
    """

    criterion: Criterion
    value: float | None
    sources: tuple[str, ...]
    error: str = ""
    interval: Interval = field(default_factory=Interval)

    @property
    def passed(self) -> bool:
        if self.value is None:
            return False
        low, high = self.criterion.low, self.criterion.high
        return (low is None or self.value >= low) and (high is None or self.value <= high)

    @property
    def verdict(self) -> Literal["PASS", "FAIL"]:
        return "PASS" if self.passed else "FAIL"

    @property
    def expected(self) -> bool:
        """Whether it is the verdict that the criterion is known to have."""
        return self.passed == (self.criterion.expected == "pass")

    @property
    def label(self) -> str:
        """The verdict, and whether it only reports."""
        return self.verdict if self.criterion.hard else f"{self.verdict}, reported"


def read_criteria(path: Path | None = None, data: DataSet | None = None) -> list[Criterion]:
    """The criteria of a file; by default of fits/criteria.yaml and those of plug-ins and users beside it.

    Users' criteria stand in ``<folder>/criteria.yaml``. Raises InputError, with file, line and criterion, for
    a row that no data set has, for a recalled row behind a criterion that decides, and for a bound that does
    not follow.
    """
    extra = (folder / "criteria.yaml" for folder in extra_folders())
    files = [path] if path else [paths.fits() / "criteria.yaml", *(file for file in extra if file.exists())]
    found: dict[str, Criterion] = {}
    for file in files:
        for criterion in _read(file, data or get_data()):
            if criterion.id in found:
                raise InputError(f"{short(file)}: criterion '{criterion.id}' is already known; rename it")
            found[criterion.id] = criterion
    return list(found.values())


def own_criteria() -> set[str]:
    """Ids of the criteria that stand outside the package."""
    file = paths.fits() / "criteria.yaml"
    return {c.id for c in read_criteria()} - {c.id for c in read_model(file, Criteria).criteria}


def _read(file: Path, data: DataSet) -> list[Criterion]:
    out = []
    for number, criterion in enumerate(read_model(file, Criteria).criteria):
        where = f"{short(file)}:{line_of(file, ('criteria', number)) or 1}: criterion {criterion.id}"
        for problem in row_problems(criterion, data):
            raise InputError(f"{where}: {problem}")
        try:
            out.append(criterion.bounded(data))
        except JakinibError as error:
            raise InputError(f"{where}: {error}") from None
    return out


def row_problems(criterion: Criterion, data: DataSet) -> Iterator[str]:
    """What is wrong with the rows of a criterion, those included that its rows are about or derived from."""
    for name in dict.fromkeys((*criterion.rows, *criterion.of)):
        try:
            rows = list(behind(name, data))
        except UnknownIdError as error:
            yield f"rows: {error}"
            continue
        for row in rows if criterion.hard else []:
            status = data[row].status
            if status == "recalled":
                via = "" if row == name else f", which {name} rests on"
                yield (
                    f"is hard, and row {row}{via} is {status}; recalled rows never decide: "
                    "set hard to false or look the number up"
                )


def behind(name: str, data: DataSet, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """A row, the rows that it compares, and the rows that a derived one names as its origin."""
    row = data[name]
    yield name
    kind = kinds().get(row.quantity)
    named = list(kind.needs(row)) if kind else []
    if row.kind == "derived":
        named += [
            code for code in re.findall(r"\w+", f"{row.location} {row.note}") if code in data.measurements
        ]
    for other in dict.fromkeys(named):
        if other not in seen | {name}:
            yield from behind(other, data, seen | {name})
