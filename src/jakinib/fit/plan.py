"""A plan: which parameters are free, which rows calibrate, which validate; fixed before any comparison."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jakinib import paths
from jakinib.errors import PlanError, UnknownIdError
from jakinib.experiments import kind_of, kinds
from jakinib.library import get_library, ranges
from jakinib.library.files import line_of, read_model, short
from jakinib.library.measurements import DataSet, Measurement
from jakinib.library.plugins import extra_folders
from jakinib.library.ranges import EntryName, Line, Number, Whole, listed_once, text
from jakinib.library.schema import Quantity, Strict, Unit

MOST_STARTS = 10_000
# A symbol of a model, or of one cell or population: IL6R_rest@CD4 T.
PlanSymbol = Annotated[
    str,
    AfterValidator(text(r"[A-Za-z][A-Za-z0-9_]*(@[A-Za-z0-9][A-Za-z0-9 _+-]*)?", 120, "a symbol of a model")),
]


class Prior(Strict):
    """Log-normal prior: half of the mass within median / factor^0.67 .. median x factor^0.67."""

    median: Number
    factor: Annotated[Number, Field(le=1e6)]

    @model_validator(mode="after")
    def _positive(self) -> Prior:
        if self.median <= 0 or self.factor <= 1:
            raise ValueError(
                "prior needs a positive median and a factor above 1 (one standard deviation, log scale)"
            )
        return self


class FreeParameter(Strict):
    """A parameter the plan estimates, on the log scale, in the unit stated.

    also: symbols that take the same value because they are the same thing. prior_from: one plan, or several
    that share no data; their estimates and intervals multiply into one prior.
    """

    id: PlanSymbol
    also: list[PlanSymbol] = Field(default_factory=list)
    unit: Unit
    low: Number
    high: Number
    start: Number
    prior: Prior | None = None
    prior_from: list[str] = Field(default_factory=list)  # earlier plans whose estimates are the prior
    scope: Literal["model", "nuisance"] = "model"
    rationale: str = ""

    @field_validator("prior_from", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return ([value] if value else []) if isinstance(value, str) else value

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

    @model_validator(mode="after")
    def _in_range(self) -> FreeParameter:
        if self.scope == "model":
            for value in (self.low, self.high):
                stated = Quantity(value=value, unit=self.unit, kind="fitted", status="model", source="plan")
                ranges.check_symbol(self.id, stated)
        return self


class Plan(Strict):
    """A fit declared in full: rerunning it gives the same optimum.

    populations and cells map what a data row names to a library population or cell. errors: one standard
    deviation of each kind of number, as a factor.
    """

    id: EntryName
    question: Line
    after: Annotated[list[EntryName], AfterValidator(listed_once)] = Field(default_factory=list)
    populations: dict[str, str] = Field(default_factory=dict)
    cells: dict[str, str] = Field(default_factory=dict)
    parameters: Annotated[list[FreeParameter], Field(min_length=1, max_length=1000)]
    reserve_prior: Prior | None = None
    errors: dict[str, Annotated[Number, Field(le=1e6)]]
    calibration: list[str]
    validation: list[str] = Field(default_factory=list)
    context: list[str] = Field(default_factory=list)
    seed: Annotated[Whole, Field(ge=0)]
    starts: Annotated[Whole, Field(ge=1, le=MOST_STARTS)]

    @field_validator("calibration", "validation", "context")
    @classmethod
    def _named_once(cls, rows: list[str], info: ValidationInfo) -> list[str]:
        twice = {row for row in rows if rows.count(row) > 1}
        if twice:
            raise ValueError(f"names {min(twice)} twice; name it once")
        both = set(rows) & set(info.data.get("calibration", ()))
        if info.field_name == "validation" and both:
            raise ValueError(
                f"names {', '.join(sorted(both))}: under both calibration and validation; choose one"
            )
        return rows

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
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

    def check_rows(self, data: DataSet, path: Path) -> None:
        """Refuse rows that are unknown, of no known kind, without error factor or used against their set.

        Raises PlanError with the line of the plan and the row's file, line and column. Simulates nothing.
        """

        def where(section: str, number: int) -> str:
            return f"{short(path)}:{line_of(path, (section, number)) or 1}: {section}"

        for section in ("calibration", "validation", "context"):
            for number, identifier in enumerate(getattr(self, section)):
                try:
                    row = data[identifier]
                except UnknownIdError as error:
                    raise PlanError(f"{where(section, number)}: {error}") from None
                place = f"{identifier} ({data.place(identifier)}, column set)"
                if section == "validation" and row.set == "calibration":
                    raise PlanError(
                        f"{where(section, number)}: {place} is a calibration row and cannot validate"
                    )
                if section == "calibration":
                    self._check_calibration(row, data, where(section, number))
        self._check_names(data, path)

    def _check_names(self, data: DataSet, path: Path) -> None:
        """Refuse names that would be ignored: of plans, of people and cells in rows, of scopes, of errors."""
        library, rows = get_library(), data.measurements.values()
        cells = {*library.cells, *(alias for cell in library.cells.values() for alias in cell.aliases)}
        named: list[tuple[tuple[str | int, ...], str, str, Iterable[str]]] = [
            *((("after", n), "plan", name, known_plans()) for n, name in enumerate(self.after)),
            *((("errors", name), "quantity of a data row", name, kinds()) for name in self.errors),
        ]
        for field, known in (("populations", set(library.populations)), ("cells", cells)):
            said = {getattr(row, field.removesuffix("s")) for row in rows} - {""}
            for key, name in getattr(self, field).items():
                named.append(((field, key), f"{field.removesuffix('s')} of a data row", key, said))
                named.append(((field, key), field.removesuffix("s"), name, known))
        for number, parameter in enumerate(self.parameters):
            for symbol in (parameter.id, *parameter.also):
                if scope := symbol.partition("@")[2]:
                    options = {*library.cells, *library.populations}
                    named.append((("parameters", number), f"cell or population of {symbol}", scope, options))
        for at, noun, name, allowed in named:
            if name not in allowed:
                place = f"{short(path)}:{line_of(path, at) or 1}: {at[0]}"
                raise PlanError(str(UnknownIdError(noun, name, allowed, where=place)))

    def _check_calibration(self, row: Measurement, data: DataSet, where: str) -> None:
        kind = kind_of(row, data, where)
        for identifier in (row.id, *kind.needs(row)):
            try:
                used = data[identifier]
            except UnknownIdError as error:
                raise PlanError(f"{where}: {row.id} ({data.place(row.id)}, column target): {error}") from None
            if used.set == "validation":
                raise PlanError(
                    f"{where}: {identifier} ({data.place(identifier)}, column set) is a validation row of "
                    f"{used.source}; it may not calibrate"
                )
        if row.quantity not in self.errors:
            raise PlanError(
                f"{where}: no error factor for '{row.quantity}' ({row.id}, {data.place(row.id)}); "
                "add it under errors"
            )

    def reads(self, data: DataSet) -> list[str]:
        """Rows the objective depends on: calibration, and rows that a ratio or an ordering is about."""
        out = dict.fromkeys(self.calibration)
        for identifier in self.calibration:
            row = data[identifier]
            out |= dict.fromkeys(kind_of(row, data, self.id).needs(row))
        return list(out)


def known_plans() -> dict[str, Path]:
    """Every plan by name: the package's, those of plug-ins and of user folders (``<folder>/plans``)."""
    known = {p.stem: p for p in sorted((paths.fits() / "plans").glob("*.yaml"))}
    for folder in extra_folders():
        for own in sorted((folder / "plans").glob("*.yaml")):
            if known.setdefault(own.stem, own) != own:
                raise PlanError(
                    f"{short(own)}: plan '{own.stem}' exists already in {short(known[own.stem])}; rename it"
                )
    return known


def plan_path(name: str | Path) -> Path:
    """Path of a plan given by name ("pathways") or by file."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        packaged = paths.root() / path
        return path if os.path.exists(path) or not os.path.exists(packaged) else packaged  # noqa: PTH110
    known = known_plans()
    if str(name) not in known:
        raise UnknownIdError("plan", str(name), known)
    return known[str(name)]


def read_plan(name: str | Path, data: DataSet) -> Plan:
    """Read and check a plan; raises InputError or PlanError with file and field."""
    path = plan_path(name)
    plan = read_model(path, Plan)
    plan.check_rows(data, path)
    _check_earlier(plan, data, path)
    return plan


def _check_earlier(plan: Plan, data: DataSet, path: Path) -> None:
    """Raises PlanError when a distribution is passed on from data or a prior that then counts twice."""
    for number, parameter in enumerate(plan.parameters):
        where = f"{short(path)}:{line_of(path, ('parameters', number)) or 1}: {parameter.id}: prior_from"
        rows = dict.fromkeys(plan.reads(data), plan.id)
        for name in parameter.prior_from:
            if name not in plan.after:
                raise PlanError(f"{where} names {name}, which after does not; add it there")
            earlier = read_model(plan_path(name), Plan)
            if twice := [row for row in earlier.calibration if row in rows]:
                raise PlanError(f"{where}: {twice[0]} would count twice, in {name} and in {rows[twice[0]]}")
            rows |= dict.fromkeys(earlier.calibration, name)
            taken = {p.id: p for p in earlier.parameters}.get(parameter.id)
            if taken and (again := set(taken.prior_from) & set(parameter.prior_from)):
                raise PlanError(f"{where}: {name} already takes it from {min(again)}; name {name} alone")
