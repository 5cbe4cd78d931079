"""Acceptance criteria and their verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field, StrictBool, model_validator

from jakinib import paths
from jakinib.errors import InputError, UnknownIdError
from jakinib.fit.data import DataSet, get_data
from jakinib.fit.targets import target_types
from jakinib.library.files import line_of, read_model, short
from jakinib.library.ranges import EntryName, Line, Number, Whole, listed_once
from jakinib.library.schema import Strict

Measure = Literal[
    "enzyme_ic50", "selectivity", "time_of_maximum", "left_at_24h", "left_at_16h", "maximum_rise",
    "return_rise", "return_10mg", "pbmc_ic50", "gmfe", "worst_fold", "worst_ec50", "worst_ec50_median_cell",
    "pk", "stat3_peak", "stat3_at_60", "stat3_at_60_without_SOCS3", "stat1_after_block", "daily_max",
    "daily_min", "exposure_ratio", "population_exposure",
]  # fmt: skip
MEASURES: tuple[str, ...] = get_args(Measure)


class Criterion(Strict):
    """One criterion: a measured quantity and the bounds it must keep (inclusive, in ``unit``).

    hard: it decides whether the evaluation passes; the others report. explanation: why it fails, if so.
    fitted: a number of the library was fitted to these rows, outside the plans.
    """

    id: EntryName
    item: Annotated[Whole, Field(ge=0)]
    hard: StrictBool
    statement: Line
    measure: Measure
    of: str = ""
    low: Number | None = None
    high: Number | None = None
    target: str
    unit: str
    rows: list[str]
    explanation: str = ""
    fitted: StrictBool = False

    @model_validator(mode="after")
    def _bounded(self) -> Criterion:
        if self.low is None and self.high is None:
            raise ValueError("gives neither low nor high; a criterion must be able to fail")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} lies above high {self.high:g}; exchange them")
        listed_once(self.rows)
        if not self.rows:
            raise ValueError("names no data row; every criterion has a source")
        return self


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
    def label(self) -> str:
        """The verdict, and whether it only reports."""
        return self.verdict if self.criterion.hard else f"{self.verdict}, reported"


def read_criteria(path: Path | None = None, data: DataSet | None = None) -> list[Criterion]:
    """The criteria of a file, default fits/criteria.yaml.

    Raises InputError, with file, line and criterion, for a row that no data set has, and for a recalled row
    behind a criterion that decides.
    """
    path, data = path or paths.fits() / "criteria.yaml", data or get_data()
    criteria = read_model(path, Criteria).criteria
    for number, criterion in enumerate(criteria):
        for problem in row_problems(criterion, data):
            where = f"{short(path)}:{line_of(path, ('criteria', number)) or 1}"
            raise InputError(f"{where}: criterion {criterion.id}: {problem}")
    return criteria


def row_problems(criterion: Criterion, data: DataSet) -> Iterator[str]:
    """What is wrong with the rows of a criterion, those included that its rows are about or derived from."""
    for name in criterion.rows:
        try:
            behind = list(_behind(name, data))
        except UnknownIdError as error:
            yield f"rows: {error}"
            continue
        for row in behind if criterion.hard else []:
            status = data[row].status
            if status == "recalled":
                via = "" if row == name else f", which {name} rests on"
                yield (
                    f"is hard, and row {row}{via} is {status}; recalled rows never decide: "
                    "set hard to false or look the number up"
                )


def _behind(name: str, data: DataSet, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """A row, the rows that it compares, and the rows that a derived one names as its origin."""
    row = data[name]
    yield name
    kind = target_types().get(row.quantity)
    named = list(kind.needs(row)) if kind else []
    if row.status == "derived":
        named += [
            code for code in re.findall(r"\w+", f"{row.location} {row.note}") if code in data.measurements
        ]
    for other in dict.fromkeys(named):
        if other not in seen | {name}:
            yield from _behind(other, data, seen | {name})
