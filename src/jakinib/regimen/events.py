"""Regimens as an event table in NONMEM style.

Tabs, semicolons, commas or blanks separate cells; numbers may have decimal commas where commas do not
separate. Columns, in any order and case; an empty cell, a dot or NA is an absent value:

    TIME  h, not decreasing          AMT   mg, or UNIT                  UNIT  mg (default), mg/kg, ug, g ...
    EVID  0 observation (no dose), 1 dose, 2 dose due and missed; 3 and 4 reset the body: refused
    RATE  infusion rate, UNIT/h; 0 none; -2 (oral) duration of input as estimated      TINF  infusion time, h
    II    interval, h                ADDL  additional doses             SS    1 first, 2 further series
    CMT   1 oral, 2 central          ROUTE oral, iv bolus, iv infusion  INHIBITOR  library name
    TIME may be a clock's, 08:00, with DATE (2024-01-31) or DAY (1, 2 ...) beside it, or 2024-01-31 08:00.
    ID    one patient each           DV    what was observed            WT, EGFR or CRCL: from the row on
    Other covariates (AGE, SEX ...) are not used, and notes name them. Without EVID, a row with DV or MDV and
    no AMT is an observation; those of a patient are kept with it.

Steady state is reached by time 0: a row with SS has -II <= TIME <= 0; a later one would rewrite the past.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError

from jakinib.errors import InputError
from jakinib.files import ABSENT, FileError, Table, read_table, separated
from jakinib.files import Row as Line
from jakinib.library import get_library
from jakinib.library.ranges import Number, Whole
from jakinib.library.schema import Row
from jakinib.regimen import words
from jakinib.regimen.changing import Changing, Covariate, over_time
from jakinib.regimen.clock import CALENDAR, in_hours
from jakinib.regimen.dose import Dose, Regimen, Route, Steady, with_due
from jakinib.regimen.series import MOST, Series, split

TABLES = (".csv", ".tsv", ".tab", ".txt")  # suffixes of event tables
_UNUSED = ("ID", "DV", "MDV")
WEIGHT = ("WT", "WEIGHT", "BW", "BWT", "BODYWEIGHT")
CLEARANCE = ("CRCL", "CLCR", "CRCLN")
RENAL = ("EGFR", "GFR", *CLEARANCE)
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
    CMT: Annotated[str, _Flag] | None = None
    ROUTE: Route | None = None
    UNIT: str = "mg"
    INHIBITOR: Annotated[str, Field(max_length=80)] = ""


def _number_in(row: Line, column: str) -> bool:
    """Whether a cell holds something; what is no number is refused."""
    cell = row.cells.get(column, "")
    if cell and not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", cell, re.ASCII):
        row.refuse(column, f"'{cell}' is not a number; write . where there is none")
    return bool(cell)


class _Row:
    """An event and where it stands, for messages."""

    def __init__(self, row: Line) -> None:
        self.refuse = row.refuse
        cells = {c: v for c, v in row.cells.items() if c in Event.model_fields}
        if "EVID" not in cells and "AMT" not in cells and {"DV", "MDV"} & row.cells.keys():
            cells["EVID"] = "0"
        self.value = float(row.cells["DV"]) if _number_in(row, "DV") else None
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
        named = get_library().find("inhibitors", event.INHIBITOR) if event.INHIBITOR else ""
        if named is None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", event.INHIBITOR):
            self.refuse("INHIBITOR", f"'{event.INHIBITOR}' is not the name of an inhibitor of the library")
        return Dose(event.TIME, event.AMT * scale, route, duration, named or event.INHIBITOR, per_kg)

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
            if event.CMT not in ("1", "2"):
                self.refuse("CMT", f"'{event.CMT}' is no compartment of a dose; 1 is oral, 2 central")
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


@dataclass(frozen=True)
class TablePatient:
    """One ID of an event table. weight (kg) and eGFR (mL/min per 1.73 m2): where given, from each row on.

    observations: its rows that are no dose, in hours from its first row on, with DV where there is one.
    """

    id: str
    regimen: Regimen
    weight: Covariate | None = None
    eGFR: Covariate | None = None
    observations: tuple[tuple[float, float | None], ...] = ()


def read_patient(path: Path) -> TablePatient:
    """Read the event table of one patient; see the module for its columns.

    Raises FileError with row (line of the file) and column, and for a table of several patients.
    """
    one, *others = read_patients(path)
    if others:
        known = ", ".join(patient.id for patient in (one, *others)[:12])
        raise FileError(path, f"{1 + len(others)} patients (ID {known}); follow each with read_patients", 1)
    return one


def read_events(path: Path) -> Regimen:
    """The doses of the event table of one patient; the notes name the covariates it holds.

    Raises FileError as ``read_patient``.
    """
    first = read_patient(path)
    used = [name for name, value in (("weight", first.weight), ("eGFR", first.eGFR)) if value is not None]
    said = (
        (f"{path}: {' and '.join(used)} of the table not used; give them beside the regimen",) if used else ()
    )
    regimen = first.regimen
    return Regimen(regimen.doses, regimen.text, regimen.steady, (*regimen.notes, *said))


def read_patients(path: str | Path) -> tuple[TablePatient, ...]:
    """Read an event table, one patient an ID; see the module for its columns.

    Raises FileError with file, row (line of the file) and column.
    """
    path = Path(path)
    table = read_table(path, _is_number, name=str.upper)
    _known_columns(table)
    groups: dict[str, list[Line]] = {}
    last = None
    for row in table.rows:
        given = {column: cell for column, cell in row.cells.items() if cell not in ABSENT}
        whose = str(_flag(given.get("ID", last if last is not None else "")))
        if whose != last and whose in groups:
            row.refuse("ID", f"{whose} stands further up too; keep the rows of a patient together")
        groups.setdefault(whose, []).append(replace(row, cells=given))
        last = whose
    patients = []
    for name, lines in groups.items():
        lines = in_hours(lines)
        rows = [_Row(line) for line in lines]
        doses = _regimen(path, rows)
        weight, eGFR, notes = _covariates(table, lines)
        regimen = Regimen(doses.doses, doses.to_text(), doses.steady, (*_notes(table), *notes))
        seen = tuple((row.event.TIME, row.value) for row in rows if row.event.EVID == "0")
        patients.append(TablePatient(name, regimen, weight, eGFR, seen))
    if not patients:
        raise FileError(path, "no row is a dose; give at least one with EVID 1")
    return tuple(patients)


def _covariates(table: Table, rows: list[Line]) -> tuple[Covariate | None, Covariate | None, list[str]]:
    """Weight and eGFR of a patient: each value holds from its row on, the first from the beginning."""
    found: list[Covariate | None] = []
    notes: list[str] = []
    for columns in (WEIGHT, RENAL):
        stated = [column for column in columns if column in table.columns]
        if len(stated) > 1:
            raise FileError(table.file, f"columns {' and '.join(stated)} both say it; keep one", 1)
        held = [(row, row.cells[stated[0]]) for row in rows if stated and stated[0] in row.cells]
        points: dict[float, float] = {}
        for row, cell in held:
            try:
                points[max(float(row.cells["TIME"]), 0.0) if points else 0.0] = float(cell)
            except ValueError:
                row.refuse(stated[0], f"'{cell}' is not a number; write kg or mL/min without the unit")
        try:
            covariate = over_time(points.items()) if points else None
        except InputError as error:
            raise FileError(table.file, f"{stated[0]} {error}") from None
        found.append(covariate)
        if isinstance(covariate, Changing):
            notes.append(f"{table.file}: {stated[0]} changes; each value holds from its row on")
        if points and stated[0] in CLEARANCE:
            notes.append(f"{table.file}: {stated[0]} is used as eGFR, mL/min per 1.73 m2")
    return found[0], found[1], notes


def _regimen(path: Path, rows: list[_Row]) -> Regimen:
    """The doses of one patient."""
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
    doses = list(with_due(doses, steady))  # a series that stopped at time 0 has missed its first due dose
    if not doses:
        raise FileError(path, "no row is a dose; give at least one with EVID 1")
    if len({bool(dose.inhibitor) for dose in doses}) > 1:
        raise FileError(path, "column INHIBITOR: some doses name it and some do not; name it for all")
    try:
        regimen = Regimen(tuple(doses), "", tuple(steady))
    except InputError as error:
        raise FileError(path, str(error)) from None
    return regimen


def _is_number(column: str) -> bool:
    text = ("ROUTE", "UNIT", "INHIBITOR")
    return column in (*WEIGHT, *RENAL, "DV") or (column in Event.model_fields and column not in text)


def _notes(table: Table) -> tuple[str, ...]:
    """One line that names the columns of the table which nothing uses."""
    unused = [column for column in table.columns if column in COVARIATES - {*WEIGHT, *RENAL}]
    return (f"{table.file}: {', '.join(unused)} not used",) if unused else ()


def _known_columns(table: Table) -> None:
    known = (*Event.model_fields, *_UNUSED, *CALENDAR)
    for column in table.columns:
        if column not in known and column not in COVARIATES:
            raise FileError(
                table.file,
                f"unknown column '{column}'; known: {', '.join(known)}, and covariates such as WT, CRCL and "
                "AGE; rename or drop the column",
                1,
            )


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
    return separated(used, ([row.get(column) or "." for column in used] for _, row in rows), separator)


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
