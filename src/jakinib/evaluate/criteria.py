"""Acceptance criteria and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from jakinib import paths
from jakinib.library.files import read_model
from jakinib.library.ranges import EntryName, Line, Number, Whole, listed_once
from jakinib.library.schema import Strict


class Criterion(Strict):
    """One criterion: a measured quantity and the bounds it must keep (inclusive, in ``unit``).

    hard: it decides whether the evaluation passes; the others report. explanation: why it fails, if so.
    fitted: a number of the library was fitted to these rows, outside the plans.
    """

    id: EntryName
    item: Annotated[Whole, Field(ge=0)]
    hard: StrictBool
    statement: Line
    measure: str
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


def read_criteria() -> list[Criterion]:
    """The criteria of fits/criteria.yaml."""
    return read_model(paths.fits() / "criteria.yaml", Criteria).criteria
