"""Regimens as an event table in NONMEM style.

Tabs, semicolons, commas or blanks separate cells; numbers may have decimal commas where commas do not
separate. Columns, in any order and case; an empty cell, a dot or NA is an absent value:

    TIME  h, not decreasing          AMT   mg, or UNIT                  UNIT  mg (default), mg/kg, ug, g ...
    EVID  0 observation (no dose), 1 dose, 2 dose due and missed; 3 and 4 reset the body: refused
    RATE  infusion rate, UNIT/h; 0 none; -2 (oral) duration of input as estimated      TINF  infusion time, h
    II    interval, h                ADDL  additional doses             SS    1 first, 2 further series
    CMT   1 oral, 2 central          ROUTE oral, iv bolus, iv infusion  INHIBITOR  library name
    ID, DV, MDV and covariates (WT, CRCL, AGE, SEX ...) are not used, and the regimen's notes name the
    covariates; more than one ID is refused. Without EVID, a row with DV or MDV and no AMT is an observation.

Steady state is reached by time 0: a row with SS has -II <= TIME <= 0; a later one would rewrite the past.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from jakinib.errors import InputError
from jakinib.files import ABSENT, FileError, Table, read_table
from jakinib.files import Row as Line
from jakinib.library.ranges import Number, Whole
from jakinib.library.schema import Row
from jakinib.regimen import words
from jakinib.regimen.dose import Dose, Regimen, Route, Steady
from jakinib.regimen.series import MOST, Series, split

_UNUSED = ("ID", "DV", "MDV")
# Titles under which other tools carry what is known of a patient or an observation; no dose depends on them.
COVARIATES = frozenset({
    "WT", "WEIGHT", "BW", "BWT", "BODYWEIGHT", "HT", "HEIGHT", "BMI", "BSA", "LBM", "FFM", "IBW", "AGE",
    "SEX", "GENDER", "MALE", "FEMALE", "RACE", "ETHN", "ETHNICITY", "CRCL", "CLCR", "CRCLN", "EGFR",
    "GFR", "MDRD", "SCR", "CREAT", "CR", "ALB", "ALT", "AST", "BILI", "CRP", "ESR", "DAS28", "HCT",
    "FED", "FOOD", "SMOK", "SMOKE", "STUDY", "STUDYID", "PROTOCOL", "SITE", "COUNTRY", "ARM", "GROUP",
    "COHORT", "PERIOD", "OCC", "VISIT", "NTIME", "NTAD", "TAD", "TAFD", "DVID", "YTYPE", "YNAME",
    "LNDV", "BLQ", "LLOQ", "CENS", "LIMIT", "NUM", "ROW", "LINE",
})  # fmt: skip


def _flag(value: object) -> object:
    """A whole number as tools that know only floats write it, 1.0 for 1."""
    try:
        number = float(str(value))
        return str(int(number)) if number == int(number) else value
    except (ValueError, OverflowError):
        return value


_Flag = BeforeValidator(_flag)


class Event(Row):
    """One row."""

    TIME: Number
    AMT: Annotated[Number, Field(ge=0)] = 0.0
    EVID: Annotated[Literal["0", "1", "2", "3", "4"], _Flag] = "1"
    RATE: Number = 0.0
    TINF: Annotated[Number, Field(ge=0)] = 0.0
    II: Annotated[Number, Field(ge=0)] = 0.0
    ADDL: Annotated[Whole, Field(ge=0, lt=MOST), _Flag] = 0
    SS: Annotated[Literal["0", "1", "2"], _Flag] = "0"
    CMT: Annotated[Literal["1", "2"], _Flag] | None = None
    ROUTE: Route | None = None
    UNIT: str = "mg"
    INHIBITOR: Annotated[str, Field(pattern=r"^([A-Za-z][A-Za-z0-9_]*)?$")] = ""


class _Row:
    """An event and where it stands, for messages."""

    def __init__(self, row: Line) -> None:
        self.refuse = row.refuse
        cells = {c: v for c, v in row.cells.items() if c in Event.model_fields}
        if "EVID" not in cells and "AMT" not in cells and {"DV", "MDV"} & row.cells.keys():
            cells["EVID"] = "0"
        try:
            self.event = Event.model_validate(cells)
        except ValidationError as error:
            first = error.errors()[0]
            column = str(first["loc"][0]) if first["loc"] else "row"
            if first["type"] == "missing":
                self.refuse(column, "is missing; every row needs it")
            message = first["msg"].removeprefix("Value error, ")
            self.refuse(column, f"{message[0].lower()}{message[1:]} (got '{first['input']}')")

    def dose(self) -> Dose | None:
        """The dose at TIME; None for an observation."""
        event = self.event
        if event.EVID in ("3", "4"):
            self.refuse(
                "EVID", f"{event.EVID} resets the body, which a regimen cannot; begin a new table there"
            )
        if event.EVID == "0":
            if event.AMT or event.ADDL or event.SS != "0":
                self.refuse("EVID", "0 is an observation, but the row doses; write 1 for a dose")
            return None
        if event.RATE > 0 and not event.AMT and event.EVID in ("1", "2"):
            endless = "a constant infusion at steady state" if event.SS != "0" else "an infusion without end"
            self.refuse(
                "RATE",
                f"{event.RATE:g} with AMT 0 is {endless}, which a regimen cannot hold; give AMT, and II with "
                "ADDL or SS, for infusions that repeat",
            )
        if event.EVID == "2" and event.AMT:
            self.refuse("AMT", "EVID 2 is a dose that was due and missed; give AMT 0, or EVID 1 for a dose")
        if event.EVID == "2" and event.SS != "0":
            self.refuse("SS", "EVID 2 is a missed dose and has no steady state; write EVID 1")
        if event.EVID == "1" and not event.AMT:
            self.refuse("AMT", "a dose needs an amount above 0; write EVID 2 for a missed dose")
        if (event.ADDL or event.SS != "0") and not event.II:
            self.refuse("II", "ADDL and SS need an interval above 0 h")
        try:
            scale, per_kg = words.mass_unit(event.UNIT)
        except ValueError as error:
            self.refuse("UNIT", str(error))
        route, duration = self._route()
        if not math.isfinite(event.AMT * scale):
            self.refuse("AMT", "is not finite")
        return Dose(event.TIME, event.AMT * scale, route, duration, event.INHIBITOR, per_kg)

    def _route(self) -> tuple[Route, float]:
        event = self.event
        if event.RATE < 0 and event.RATE != -2:
            self.refuse(
                "RATE", f"{event.RATE:g}; give a rate of at least 0, or -2 for oral input as estimated"
            )
        over = event.TINF or (event.AMT / event.RATE if event.RATE > 0 else 0.0)
        if event.TINF and event.RATE > 0 and abs(event.AMT / event.RATE - over) > 1e-6 * over:
            self.refuse("TINF", f"{event.TINF:g} h is not AMT / RATE; leave one of the two out")
        by_cmt: Route | None = None
        if event.CMT is not None:
            by_cmt = "oral" if event.CMT == "1" else "iv infusion" if over else "iv bolus"
        route = event.ROUTE or by_cmt or ("iv infusion" if over else "oral")
        if by_cmt is not None and (by_cmt == "oral") != (route == "oral"):
            self.refuse("CMT", f"{event.CMT} contradicts the route '{route}'; 1 is oral, 2 central")
        if event.RATE == -2 and route != "oral":
            self.refuse("RATE", f"-2 is for oral doses, not for '{route}'; give the rate")
        if (route == "iv infusion") != (over > 0):
            column = "RATE" if event.RATE else "TINF" if event.TINF else "RATE"
            self.refuse(column, f"an infusion and no other route has a rate above 0; the route is '{route}'")
        return route, over


def read_events(path: Path) -> Regimen:
    """Read an event table; see the module for its columns. Covariates it carries are named in the notes.

    Raises InputError with file, row (line of the file) and column.
    """
    table = read_table(path, _is_number, name=str.upper)
    rows = _rows(table)
    doses: list[Dose] = []
    steady: list[Steady] = []
    settled: set[str] = set()
    due = 0
    for number, row in enumerate(rows):
        event = row.event
        if number and event.TIME < rows[number - 1].event.TIME:
            row.refuse(
                "TIME", f"{event.TIME:g} h comes after {rows[number - 1].event.TIME:g} h; sort the rows"
            )
        dose = row.dose()
        if dose is None:
            continue
        due += event.ADDL + 1
        if due > MOST:
            row.refuse("ADDL", f"{due:,} doses up to here; a regimen has at most {MOST:,}")
        times = [event.TIME + i * event.II for i in range(event.ADDL + 1)]
        if event.SS != "0":
            if not -event.II <= event.TIME <= 0:
                row.refuse("TIME", f"{event.TIME:g} h with SS; a steady state needs -II <= TIME <= 0")
            if (event.SS == "1") == (event.INHIBITOR in settled):
                row.refuse("SS", "write 1 for the first steady state of an inhibitor and 2 for further ones")
            settled.add(event.INHIBITOR)
            first_due = 0.0 if event.TIME == 0 else event.TIME + event.II
            steady.append(Steady(replace(dose, time=first_due), event.II))
            times = [time for time in times if time >= 0]
        elif event.TIME < 0:
            row.refuse("TIME", f"{event.TIME:g} h; only a row with SS may lie before time 0")
        doses += [replace(dose, time=time) for time in times]
    listed = list(doses)
    for series in steady:  # a series that stopped at time 0 has missed its first due dose
        first = next((d for d in (series.dose, replace(series.dose, amount=0.0)) if d in listed), None)
        if first is None:
            doses.append(replace(series.dose, amount=0.0))
        else:
            listed.remove(first)
    if not doses:
        raise FileError(path, "no row is a dose; give at least one with EVID 1")
    if len({bool(dose.inhibitor) for dose in doses}) > 1:
        raise FileError(path, "column INHIBITOR: some doses name it and some do not; name it for all")
    try:
        regimen = Regimen(tuple(doses), "", tuple(steady))
    except InputError as error:
        raise FileError(path, str(error)) from None
    return Regimen(regimen.doses, regimen.to_text(), regimen.steady, _notes(table))


def _is_number(column: str) -> bool:
    return column in Event.model_fields and column not in ("ROUTE", "UNIT", "INHIBITOR")


def _notes(table: Table) -> tuple[str, ...]:
    """One line that names the covariates of the table, which no regimen uses."""
    unused = [column for column in table.columns if column in COVARIATES]
    if not unused:
        return ()
    return (f"{table.file}: {', '.join(unused)} not used; give weight and eGFR beside the regimen",)


def _rows(table: Table) -> list[_Row]:
    known = (*Event.model_fields, *_UNUSED)
    for column in table.columns:
        if column not in known and column not in COVARIATES:
            raise FileError(
                table.file,
                f"unknown column '{column}'; known: {', '.join(known)}, and covariates such as WT, AGE "
                "and CRCL, which are not used; rename or drop the column",
                1,
            )
    patient = ""
    rows = []
    for row in table.rows:
        given = {column: cell for column, cell in row.cells.items() if cell not in ABSENT}
        whose = str(_flag(given.get("ID", patient)))
        if patient and whose != patient:
            row.refuse("ID", f"{whose} after {patient}; a regimen is of one patient")
        patient = whose
        rows.append(_Row(replace(row, cells=given)))
    return rows


def write_events(regimen: Regimen, separator: str = ",") -> str:
    """Event table that ``read_events`` reads as ``regimen``."""
    rows: list[tuple[float, dict[str, str]]] = []
    for series in split(regimen):
        if not series.missing:
            rows.append((series.start, _cells(series, series.start, series.interval, series.repeats)))
            continue
        rows += [(dose.time, _cells(series, dose.time, 0.0, 1, dose.amount)) for dose in series.doses()]
    settled: set[str] = set()
    for train in sorted(regimen.steady, key=lambda s: s.dose.time - s.interval):
        dose, before = train.dose, train.dose.time - train.interval
        series = Series(
            dose.amount, before, train.interval, 1, (), dose.route, dose.duration, dose.inhibitor, dose.per_kg
        )
        further = "2" if dose.inhibitor in settled else "1"
        settled.add(dose.inhibitor)
        rows.append((before, {**_cells(series, before, train.interval, 1), "SS": further}))
    rows.sort(key=lambda row: row[0])
    used = [column for column in Event.model_fields if any(row.get(column) for _, row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(used)
    writer.writerows([row.get(column) or "." for column in used] for _, row in rows)
    return out.getvalue()


def _cells(series: Series, time: float, interval: float, repeats: int, amount: float | None = None) -> dict:
    n = words.number
    amount = series.amount if amount is None else amount
    infused = series.route == "iv infusion"
    return {
        "TIME": n(time),
        "AMT": n(amount),
        "EVID": "1" if amount else "2",
        "RATE": n(amount / series.duration) if infused and amount else "0",
        "TINF": n(series.duration) if infused else "",
        "II": n(interval) if interval else "",
        "ADDL": str(repeats - 1) if repeats > 1 else "",
        "CMT": "1" if series.route == "oral" else "2",
        "ROUTE": series.route,
        "UNIT": "mg/kg" if series.per_kg else "",
        "INHIBITOR": series.inhibitor,
    }
