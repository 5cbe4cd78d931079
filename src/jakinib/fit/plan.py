"""A plan: which parameters are free, which rows calibrate, which validate; fixed before any comparison."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from jakinib import paths
from jakinib.errors import PlanError, UnknownIdError
from jakinib.fit.data import DataSet
from jakinib.library.files import read_model
from jakinib.library.schema import Number, Strict


class Prior(Strict):
    """Log-normal prior: half of the mass within median / factor^0.67 .. median x factor^0.67."""

    median: Number
    factor: Number

    @model_validator(mode="after")
    def _positive(self) -> Prior:
        if self.median <= 0 or self.factor <= 1:
            raise ValueError(
                "prior needs a positive median and a factor above 1 (one standard deviation, log scale)"
            )
        return self


class FreeParameter(Strict):
    """A parameter the plan estimates, on the log scale, in the unit stated.

    also: symbols that take the same value because they are the same thing.
    """

    id: str
    also: list[str] = Field(default_factory=list)
    unit: str
    low: Number
    high: Number
    start: Number
    prior: Prior | None = None
    prior_from: str = ""  # an earlier plan whose estimate and interval are the prior
    scope: Literal["model", "nuisance"] = "model"
    rationale: str = ""

    @model_validator(mode="after")
    def _bounds(self) -> FreeParameter:
        if not 0 < self.low < self.high:
            raise ValueError(
                f"bounds {self.low:g}..{self.high:g}: need 0 < low < high (the fit is on the log scale)"
            )
        if self.prior and self.prior_from:
            raise ValueError("states a prior and prior_from; keep one")
        if not self.low <= self.start <= self.high:
            raise ValueError(f"start {self.start:g} lies outside its bounds {self.low:g}..{self.high:g}")
        return self


class Plan(Strict):
    """A fit declared in full: rerunning it gives the same optimum.

    populations maps the population named in a data row to a library population. errors: one standard
    deviation of each kind of number, as a factor.
    """

    id: str
    question: str
    after: list[str] = Field(default_factory=list)
    populations: dict[str, str] = Field(default_factory=dict)
    parameters: list[FreeParameter]
    reserve_prior: Prior | None = None
    errors: dict[str, Number]
    calibration: list[str]
    validation: list[str] = Field(default_factory=list)
    context: list[str] = Field(default_factory=list)
    seed: int
    starts: int = Field(ge=1)

    @model_validator(mode="after")
    def _disjoint(self) -> Plan:
        both = set(self.calibration) & set(self.validation)
        if both:
            raise ValueError(
                f"{', '.join(sorted(both))} stand under both calibration and validation; choose one"
            )
        for name in ("calibration", "validation", "context"):
            rows = getattr(self, name)
            twice = {row for row in rows if rows.count(row) > 1}
            if twice:
                raise ValueError(f"{name} names {sorted(twice)[0]} twice; name it once")
        ids = [symbol for parameter in self.parameters for symbol in (parameter.id, *parameter.also)]
        twice = {identifier for identifier in ids if ids.count(identifier) > 1}
        if twice:
            raise ValueError(f"parameter {sorted(twice)[0]} stands twice; keep one")
        for quantity, error in self.errors.items():
            if not error > 1 or not math.isfinite(error):
                raise ValueError(
                    f"errors.{quantity} is {error:g}; give a factor above 1 (one standard deviation)"
                )
        return self

    def check_rows(self, data: DataSet, where: str) -> None:
        """Raises PlanError when a row is unknown or is used against its declared set."""
        for identifier in (*self.calibration, *self.validation, *self.context):
            try:
                data[identifier]
            except UnknownIdError as error:
                raise PlanError(f"{where}: {error}") from None
        for identifier in self.calibration:
            row = data[identifier]
            if row.set == "validation":
                raise PlanError(
                    f"{where}: {identifier} is a validation row of {row.source}; it may not calibrate"
                )
            if row.quantity not in self.errors:
                raise PlanError(
                    f"{where}: no error factor for '{row.quantity}' ({identifier}); add it under errors"
                )
        for identifier in self.validation:
            if data[identifier].set == "calibration":
                raise PlanError(f"{where}: {identifier} is a calibration row and cannot validate; remove it")


def plan_path(name: str | Path) -> Path:
    """Path of a plan given by name ("pathways") or by file."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if path.exists():
            return path
        packaged = paths.root() / path
        return packaged if packaged.exists() else path
    known = {p.stem: p for p in sorted((paths.fits() / "plans").glob("*.yaml"))}
    if str(name) not in known:
        raise UnknownIdError("plan", str(name), known)
    return known[str(name)]


def read_plan(name: str | Path, data: DataSet) -> Plan:
    """Read and check a plan; raises InputError or PlanError with file and field."""
    path = plan_path(name)
    plan = read_model(path, Plan)
    plan.check_rows(data, path.name)
    return plan
