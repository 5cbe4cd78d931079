"""Regimens as YAML: one text, or a list of series.

doses:
  - {inhibitor: baricitinib, dose: 4 mg, every: qd, repeats: 7, missing: [3]}
  - {inhibitor: baricitinib, dose: 2 mg, route: iv infusion, over: 30 min, at: 7 days}
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, StrictBool, model_validator

from jakinib.errors import InputError, RegimenError
from jakinib.library.files import line_of, read_model, short
from jakinib.library.ranges import Whole
from jakinib.library.schema import Strict
from jakinib.regimen import words
from jakinib.regimen.dose import Regimen, Route
from jakinib.regimen.series import MOST, Series, assemble, split
from jakinib.regimen.text import parse


def _hours(value: Any) -> float:
    hours = words.hours(str(value))
    if not 0 <= hours < float("inf"):
        raise ValueError(f"'{value}' is not a finite time of at least 0")
    return hours


def _interval(value: Any) -> float:
    text = str(value)
    hours = _hours(text) if text[:1].isdigit() else words.interval(text)
    if not hours > 0:
        raise ValueError(f"'{value}' is not an interval above 0")
    return hours


def _amount(value: Any) -> tuple[float, bool]:
    number, unit = words.quantity(str(value))
    scale, per_kg = words.mass_unit(unit)
    if not 0 <= number * scale < float("inf"):
        raise ValueError(f"'{value}' is not a finite amount of at least 0 {unit}")
    return number * scale, per_kg


Hours = Annotated[float, BeforeValidator(_hours)]


class Entry(Strict):
    """One series of doses; numbers carry their unit ("4 mg", "0.1 mg/kg", "30 min")."""

    inhibitor: Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_]*)?$")] = ""
    dose: Annotated[tuple[float, bool], BeforeValidator(_amount)]
    route: Route = "oral"
    over: Hours = 0.0  # of an infusion
    at: Hours = 0.0  # of the first dose
    every: Annotated[float, BeforeValidator(_interval)] = 0.0
    repeats: Annotated[Whole, Field(ge=1, le=MOST)] = 1
    missing: list[Annotated[Whole, Field(ge=1)]] = Field(default_factory=list)
    steady_state: StrictBool = False

    @model_validator(mode="after")
    def _agree(self) -> Entry:
        if (self.route == "iv infusion") != (self.over > 0):
            raise ValueError("an 'iv infusion' and no other route goes 'over' a time; give both or neither")
        if not self.every and (self.repeats > 1 or self.steady_state):
            raise ValueError("is repeated and gives no interval; add every: qd")
        if self.missing and max(self.missing) > self.repeats:
            raise ValueError(f"dose {max(self.missing)} is missing, of {self.repeats} in this series")
        if self.steady_state and self.at >= self.every:
            raise ValueError("at steady state the first dose falls within one interval from time 0")
        return self

    def series(self) -> Series:
        amount, per_kg = self.dose
        return Series(
            amount, self.at, self.every, self.repeats, tuple(sorted(set(self.missing))),
            self.route, self.over, self.inhibitor, per_kg, self.steady_state,
        )  # fmt: skip


class Document(Strict):
    """A regimen file: either ``regimen``, as it is prescribed, or ``doses``."""

    regimen: str = ""
    doses: list[Entry] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Document:
        if bool(self.regimen) == bool(self.doses):
            raise ValueError("give either regimen (one text) or doses (a list), and one of them")
        if len({bool(entry.inhibitor) for entry in self.doses}) > 1:
            raise ValueError("some doses name their inhibitor and some do not; name it for all")
        return self

    def regimen_of_doses(self) -> Regimen:
        """The regimen that the list makes up; raises InputError where its series do not agree."""
        regimen = assemble(entry.series() for entry in self.doses)
        return Regimen(regimen.doses, regimen.to_text(), regimen.steady)


def read_regimen(path: Path) -> Regimen:
    """Read a YAML regimen; raises InputError with file, line and field."""
    document = read_model(path, Document)
    if document.doses:
        try:
            return document.regimen_of_doses()
        except InputError as error:
            raise InputError(f"{short(path)}:{line_of(path, ('doses',))}: {error}") from None
    try:
        return parse(document.regimen)
    except RegimenError as error:
        raise error.found_in(f"{short(path)}:{line_of(path, ('regimen',))}") from None
    except InputError as error:
        raise InputError(f"{short(path)}:{line_of(path, ('regimen',))}: {error}") from None


def write_regimen(regimen: Regimen) -> str:
    """YAML that ``read_regimen`` reads as ``regimen``."""
    entries = [_entry(series) for series in split(regimen)]
    return yaml.safe_dump({"doses": entries}, sort_keys=False, default_flow_style=None, width=1000)


def _entry(series: Series) -> dict[str, Any]:
    n = words.number
    entry: dict[str, Any] = {
        "inhibitor": series.inhibitor,
        "dose": f"{n(series.amount)} mg{'/kg' if series.per_kg else ''}",
        "route": "" if series.route == "oral" else series.route,
        "over": f"{n(series.duration)} h" if series.duration else "",
        "at": f"{n(series.start)} h" if series.start else "",
        "every": words.interval_word(series.interval) if series.interval else "",
        "repeats": series.repeats if series.repeats > 1 else None,
        "missing": list(series.missing),
        "steady_state": series.steady,
    }
    return {field: value for field, value in entry.items() if value}
