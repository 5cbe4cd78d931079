"""A user's table of measurements: what its columns mean, in which units, and its replicates."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import UnitError
from jakinib.files import Row, read_table
from jakinib.files.tables import Table
from jakinib.files.text import FileError
from jakinib.library import get_library
from jakinib.units import factor, parse_quantity

Array = NDArray[np.float64]
NEEDED = (
    "'concentration (nM)' and 'inhibition (%)' are needed, or 'time (h)' and one of 'plasma (ng/mL)', "
    "'inhibition (%)' and 'pSTAT3 (% of control)'"
)
_TITLE = re.compile(
    r"(?P<time>time(?: after (?:first )?dose)?|t|hours?|hrs?|h|days?|d|min(?:ute)?s?)"
    r"|(?P<level>conc(?:entration)?|(?:plasma|serum|cp)(?:[ _]*(?:conc(?:entration)?|level))?)"
    r"|(?P<inhibition>inhib(?:ition)?)|(?P<signal>p-?stat *-?\d[ab]?)|(?P<deviation>sd)",
    re.IGNORECASE,
)
_REST = re.compile(r"(?:[ _]*\d+)?(?:[ _]*[([]([^)\]]+)[)\]]|[ _]+(\S+))?")
_CONTROL = re.compile(
    r"(?:%|percent)(?: of)? *(?:control|baseline|vehicle|uninhibited|untreated|maximum|max)", re.I
)
_HOURS = {"h": "hour", "d": "day", "m": "minute"}


@dataclass(frozen=True)
class Points:
    """Measured points, rising in ``at``: nominal concentrations (nM), or hours after the first dose.

    quantity: inhibition (%) or plasma (ng/mL). each: every replicate, by point. stated: the standard
    deviation that the table gives, 0 where it gives none. unread: columns that were not understood.
    """

    file: str
    over: Literal["concentration", "time"]
    quantity: Literal["inhibition", "plasma"]
    at: tuple[float, ...]
    each: tuple[tuple[float, ...], ...]
    stated: tuple[float, ...]
    unread: tuple[str, ...] = ()

    @property
    def mean(self) -> Array:
        """Mean of the replicates, shape (points,)."""
        return np.array([np.mean(values) for values in self.each])

    @property
    def error(self) -> Array:
        """Standard deviation, of the replicates or as the table gives it, shape (points,); 0 where none."""
        return np.array([
            np.std(values, ddof=1) if len(values) > 1 else stated
            for values, stated in zip(self.each, self.stated, strict=True)
        ])  # fmt: skip

    @property
    def notes(self) -> list[str]:
        """What of the table was not used."""
        return [f"not read of {self.file}: {', '.join(self.unread)}"] if self.unread else []


@dataclass(frozen=True)
class _Column:
    """A column that is understood. scale: its unit in ours; complement: 100 minus its value is meant."""

    title: str
    kind: str
    scale: float
    complement: bool = False


def read_points(path: Path, inhibitor: str, readout: str) -> Points:
    """Read a table of measurements, as ``overlay`` describes it.

    inhibitor: whose molar mass turns mass concentrations into nM. readout: the STAT that is predicted.
    Raises FileError with file, line and column for a table that cannot be used.
    """
    table = read_table(path, lambda title: _kind(title) is not None)
    kinds = {title: kind for title in table.columns if (kind := _kind(title))}
    over = _only(table, [title for title, kind in kinds.items() if kind == "time"], "time")
    columns = [_understood(table.file, title, kind, inhibitor, readout) for title, kind in kinds.items()]
    levels = [column for column in columns if column.kind == "level"]
    effects = [column for column in columns if column.kind in ("inhibition", "signal")]
    if over and levels and effects:
        raise FileError(
            table.file, "holds plasma and inhibition over time; give each in a table of its own", 1
        )
    if not (effects or (over and levels)) or not (over or levels):
        listed = ", ".join(table.columns)
        raise FileError(table.file, f"columns {NEEDED}; the columns are {listed}", 1)
    if not over and len(levels) > 1:
        raise FileError(table.file, "holds several columns of concentrations; keep one", 1, levels[1].title)
    x = next(column for column in columns if column.title == over) if over else levels[0]
    deviation = next((column for column in columns if column.kind == "deviation"), None)
    plasma = not effects
    per_ng = get_library().inhibitor(inhibitor).molecular_weight.to("g/mol") * 1e-3 if plasma else 1.0
    points = _points(table, x, levels if plasma else effects, deviation, per_ng)
    unread = tuple(title for title in table.columns if title not in kinds)
    at, found = tuple(sorted(points)), [points[x] for x in sorted(points)]
    if not over:
        found = [points[x] for x in at if x > 0]  # a control has no place on an axis of logarithms
        at = tuple(x for x in at if x > 0)
    if not at:
        raise FileError(table.file, "holds no point with both numbers, at a concentration above 0", 1)
    return Points(
        table.file, "time" if over else "concentration", "plasma" if plasma else "inhibition", at,
        tuple(tuple(values) for values, _ in found), tuple(stated for _, stated in found), unread,
    )  # fmt: skip


def _kind(title: str) -> str | None:
    """What a title names: time, level, inhibition, signal or deviation; None for anything else."""
    found = _TITLE.match(title.strip())
    if found is None or _REST.fullmatch(title.strip()[found.end() :]) is None:
        return None
    return found.lastgroup


def _unit(title: str) -> str:
    found = _TITLE.match(title.strip())
    rest = _REST.fullmatch(title.strip()[found.end() :]) if found else None
    return (rest[1] or rest[2] or "").strip() if rest else ""


def _only(table: Table, titles: Sequence[str], what: str) -> str:
    if len(titles) > 1:
        raise FileError(table.file, f"holds several columns of {what}; keep one", 1, titles[1])
    return titles[0] if titles else ""


def _understood(file: str, title: str, kind: str, inhibitor: str, readout: str) -> _Column:
    """A column with its scale to h, nM or %; raises FileError for a unit that does not fit."""
    unit = _unit(title)
    if kind == "time":
        word = title.strip().lower()
        if not unit and not word.startswith("t"):
            unit = _HOURS[word[0]]
        return _Column(title, kind, _scaled(file, title, unit, "hour", "time (h)"))
    if kind == "level":
        mass = get_library().inhibitor(inhibitor).molecular_weight.to("g/mol")
        return _Column(title, kind, _scaled(file, title, unit, "nM", "concentration (nM)", mass))
    if kind == "signal":
        named = re.sub(r"[ -]", "", title.strip())[: len(readout)]
        if named.lower() != readout.lower():
            raise FileError(
                file, f"is not {readout}, which the scenario reads; name it in the scenario", 1, title
            )
        if not _CONTROL.fullmatch(unit):
            raise FileError(
                file,
                f"is read in % of what it is without inhibitor; write '{readout} (% of control)'",
                1,
                title,
            )
        return _Column(title, kind, 1.0, complement=True)
    if kind == "inhibition" and (unit or "%") not in ("%", "percent"):
        raise FileError(file, "inhibition is read in %; write 'inhibition (%)'", 1, title)
    return _Column(title, kind, 1.0)


def _scaled(file: str, title: str, unit: str, to: str, example: str, mass: float | None = None) -> float:
    """One unit of a column in ``to``."""
    if not unit:
        raise FileError(file, f"has no unit; write it in brackets, '{example}'", 1, title)
    try:
        return factor(unit, to) if mass is None else parse_quantity(f"1 {unit}", to, mass=mass)
    except UnitError as error:
        raise FileError(file, str(error), 1, title) from None


def _points(
    table: Table, x: _Column, read: Sequence[_Column], deviation: _Column | None, scale: float
) -> dict[float, tuple[list[float], float]]:
    """Replicates and the stated deviation by place. scale: of a reading beside that of its column."""
    points: dict[float, tuple[list[float], float]] = {}
    for row in table.rows:
        values = list(_values(row, read, scale))
        if x.title not in row.cells or not values:
            continue
        at = float(
            f"{_number(row, x.title, 'a time' if x.kind == 'time' else 'a concentration') * x.scale:.9g}"
        )
        known, stated = points.get(at, ([], 0.0))
        if deviation is not None and deviation.title in row.cells:
            stated = _number(row, deviation.title, "a deviation") * (
                read[0].scale * scale if scale != 1 else 1
            )
            if len(known) + len(values) > 1:
                row.refuse(
                    deviation.title, "stands beside replicates, which have their own; keep one of them"
                )
        points[at] = [*known, *values], stated
    return points


def _values(row: Row, columns: Sequence[_Column], scale: float) -> Iterator[float]:
    for column in columns:
        if column.title in row.cells:
            level = column.kind == "level"
            value = _number(row, column.title, "a concentration" if level else "")
            yield value * column.scale * scale if level else 100 - value if column.complement else value


def _number(row: Row, column: str, not_negative: str = "") -> float:
    try:
        value = float(row.cells[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        row.refuse(column, f"'{row.cells[column]}' is no number; write one, or leave the cell empty")
    if value < 0 and not_negative:
        row.refuse(column, f"'{row.cells[column]}' is below 0; {not_negative} is 0 or more")
    return value
