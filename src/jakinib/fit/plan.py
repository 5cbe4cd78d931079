"""A plan: which parameters are free, which rows calibrate, which validate; fixed before any comparison."""

from __future__ import annotations

import functools
import math
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jakinib import paths
from jakinib.errors import PlanError, UnknownIdError
from jakinib.experiments import kind_of, kinds
from jakinib.library import get_library, ranges
from jakinib.library.files import line_of, read_model, read_yaml, short
from jakinib.library.measurements import DataSet, Measurement
from jakinib.library.plugins import extra_folders
from jakinib.library.ranges import EntryName, Line, Number, SymbolName, Whole, listed_once, text
from jakinib.library.schema import Quantity, Strict, Unit

MOST_STARTS = 10_000
# A symbol of a model, or of one cell or population: IL6R_rest@CD4 T.
PlanSymbol = Annotated[
    str,
    AfterValidator(text(r"[A-Za-z][A-Za-z0-9_]*(@[A-Za-z0-9][A-Za-z0-9 _+-]*)?", 120, "a symbol of a model")),
]


class Prior(Strict):
    """Log-normal prior: half of the mass within median / factor^0.67 .. median x factor^0.67.

    odds: the factor is one of the odds x / (1 - x) of a share. spread: a spread that the plan estimates, in
    place of the factor.
    """

    median: Number
    factor: Annotated[Number, Field(le=1e6)] | None = None
    odds: bool = False
    spread: str = ""

    @model_validator(mode="after")
    def _positive(self) -> Prior:
        if (self.factor is None) != bool(self.spread):
            raise ValueError("prior needs a factor or a spread, and not both")
        if self.median <= 0 or (self.factor is not None and self.factor <= 1):
            raise ValueError(
                "prior needs a positive median and a factor above 1 (one standard deviation, log scale)"
            )
        if self.odds and self.median >= 1:
            raise ValueError(f"prior of odds needs a median below 1, not {self.median:g}")
        return self

    def sigma(self, spreads: Mapping[str, float]) -> float:
        """One standard deviation, of ln(x) or of the logit of x."""
        return spreads[self.spread] if self.factor is None else math.log(self.factor)

    def residual(self, log: float, spreads: Mapping[str, float]) -> float:
        """Distance of ln(x) from the median in standard deviations."""
        distance = log - math.log(self.median)
        if self.odds:
            distance -= math.log(-math.expm1(log)) - math.log1p(-self.median)
        return distance / self.sigma(spreads)

    def around(self, log: float, deviate: float, spreads: Mapping[str, float]) -> Prior:
        """The same prior about another median: x moved by a standard normal deviate."""
        step = deviate * self.sigma(spreads)
        if not self.odds:
            return self.model_copy(update={"median": math.exp(log + step)})
        odds = math.exp(log) / -math.expm1(log) * math.exp(step)
        return self.model_copy(update={"median": odds / (1 + odds)})

    def slope(self, log: float, spreads: Mapping[str, float]) -> float:
        """Derivative of the residual by ln(x)."""
        return 1 / ((-math.expm1(log) if self.odds else 1.0) * self.sigma(spreads))


class Offsets(Strict):
    """A factor that published numbers share and that no model holds, such as one of a laboratory.

    of: quantities of rows. by: fields of a row, or ``laboratory``; rows equal in all of them share one. Each
    is ln-normal about 1 with the spread of the same name.
    """

    of: Annotated[list[str], Field(min_length=1), AfterValidator(listed_once)]
    by: Annotated[list[str], Field(min_length=1), AfterValidator(listed_once)]

    @field_validator("by")
    @classmethod
    def _fields(cls, by: list[str]) -> list[str]:
        known = {"laboratory", *Measurement.model_fields}
        for name in by:
            if name not in known:
                raise ValueError(str(UnknownIdError("field of a row", name, known)))
        return by

    def symbol(self, name: str, row: Measurement, data: DataSet) -> str:
        """The offset of a row; empty for a quantity that has none."""
        if row.quantity not in self.of:
            return ""
        values = [data.laboratory(row) if by == "laboratory" else str(getattr(row, by)) for by in self.by]
        return "_".join([name, *(re.sub(r"[^A-Za-z0-9]", "", value) for value in values)])


class Setting(Strict):
    """A symbol that the plan holds at a value of its own, in place of the library's."""

    value: Number
    unit: Unit
    rationale: Line = ""


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
                stated = Quantity(value=value, unit=self.unit, kind="fitted", source="plan")
                ranges.check_symbol(self.id, stated)
        return self


class Plan(Strict):
    """A fit declared in full: rerunning it gives the same optimum.

    populations and cells map what a data row names to a library population or cell. errors: one standard
    deviation of each kind of number, as a factor. given: symbols held at values of the plan. offsets: factors
    that rows share. spreads: standard deviations on the ln scale that are estimated with the parameters, of a
    kind of number, of offsets or of priors by name; the prior is about the spread itself.
    """

    id: EntryName
    like: str = ""
    question: Line
    after: Annotated[list[EntryName], AfterValidator(listed_once)] = Field(default_factory=list)
    populations: dict[str, str] = Field(default_factory=dict)
    cells: dict[str, str] = Field(default_factory=dict)
    given: dict[PlanSymbol, Setting] = Field(default_factory=dict)
    parameters: Annotated[list[FreeParameter], Field(min_length=1, max_length=1000)]
    offsets: dict[SymbolName, Offsets] = Field(default_factory=dict)
    spreads: dict[SymbolName, Prior] = Field(default_factory=dict)
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
        used = {*self.errors, *self.offsets, *(p.prior.spread for p in self.parameters if p.prior)} - {""}
        needed = {*self.offsets, *(p.prior.spread for p in self.parameters if p.prior)} - {""}
        for name in needed - set(self.spreads):
            raise ValueError(f"'{name}' has no spread; add it under spreads")
        for name in set(self.spreads) - used:
            raise ValueError(f"spreads.{name} is the spread of nothing; name a quantity of errors or offsets")
        return self

    def offsets_of(self, row: Measurement, data: DataSet) -> tuple[str, ...]:
        """Symbols of the offsets that a row shares with others."""
        found = (offsets.symbol(name, row, data) for name, offsets in self.offsets.items())
        return tuple(symbol for symbol in found if symbol)

    def with_offsets(self, data: DataSet) -> Plan:
        """The plan with its offsets as free parameters, one for each group of rows that calibrate."""
        added: dict[str, FreeParameter] = {}
        for name, offsets in self.offsets.items():
            for row in (data[identifier] for identifier in self.calibration):
                if symbol := offsets.symbol(name, row, data):
                    added[symbol] = FreeParameter(
                        id=symbol, unit="dimensionless", low=1e-3, high=1e3, start=1, scope="nuisance",
                        prior=Prior(median=1, spread=name),
                    )  # fmt: skip
        return self.model_copy(update={"parameters": [*self.parameters, *added.values()]})

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
    plan = load_plan(path)
    plan.check_rows(data, path)
    _check_earlier(plan, data, path)
    return plan.with_offsets(data)


def load_plan(path: Path) -> Plan:
    """A plan as its file and the plan it is like declare it; no row is read.

    What the file gives stands in place of what the other plan gives; parameters do so one by one, and what
    it holds at a value of its own is not free.
    """
    own = read_yaml(path)
    if not (isinstance(own, dict) and isinstance(own.get("like"), str)):
        return read_model(path, Plan)
    base = plan_path(own["like"])
    beneath = read_yaml(base)
    if not isinstance(beneath, dict) or "like" in beneath:
        raise PlanError(f"{short(path)}: like: {short(base)} must be a plan that is like no other")

    def merged(data: dict[str, Any]) -> dict[str, Any]:
        changed = {p.get("id"): p for p in data.get("parameters", ()) if isinstance(p, dict)}
        kept = [p for p in beneath["parameters"] if p["id"] not in {*changed, *data.get("given", {})}]
        return {**beneath, **data, "parameters": [*kept, *data.get("parameters", ())]}

    return read_model(path, Plan, change=merged)


def _check_earlier(plan: Plan, data: DataSet, path: Path) -> None:
    """Raises PlanError when a distribution is passed on from data or a prior that then counts twice."""
    loaded = functools.cache(lambda name: load_plan(plan_path(name)))
    for number, parameter in enumerate(plan.parameters):
        where = f"{short(path)}:{line_of(path, ('parameters', number)) or 1}: {parameter.id}: prior_from"
        rows = dict.fromkeys(plan.reads(data), plan.id)
        for name in parameter.prior_from:
            if name not in plan.after:
                raise PlanError(f"{where} names {name}, which after does not; add it there")
            earlier = loaded(name)
            if twice := [row for row in earlier.calibration if row in rows]:
                raise PlanError(f"{where}: {twice[0]} would count twice, in {name} and in {rows[twice[0]]}")
            rows |= dict.fromkeys(earlier.calibration, name)
            taken = {p.id: p for p in earlier.parameters}.get(parameter.id)
            if taken and (again := set(taken.prior_from) & set(parameter.prior_from)):
                raise PlanError(f"{where}: {name} already takes it from {min(again)}; name {name} alone")
