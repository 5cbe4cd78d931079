"""Times that event tables give by clock or calendar, as hours from the first row of a patient."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from jakinib.files import Row

CALENDAR = ("DATE", "DAY")
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.\d+)?)?")
_WHEN = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\S+)")


def in_hours(rows: Sequence[Row]) -> list[Row]:
    """The rows of one patient with TIME in hours; those of a table of hours as they are.

    TIME may be 08:00, with DATE as 2024-01-31 or DAY as a number beside it, or 2024-01-31 08:00.
    Raises FileError, with row and column, for a clock that runs backwards and dates in another order.
    """
    if not any(":" in row.cells.get("TIME", "") or "DATE" in row.cells for row in rows):
        return [_without(row) for row in rows]
    hours: list[float] = []
    for row in rows:
        hours.append(_hours(row))
        if len(hours) > 1 and hours[-1] < hours[-2]:
            row.refuse("TIME", f"'{row.cells['TIME']}' comes before the row above; add a column DATE or DAY")
    return [
        replace(_without(row), cells={**_without(row).cells, "TIME": repr(hour - hours[0])})
        for row, hour in zip(rows, hours, strict=True)
    ]


def _without(row: Row) -> Row:
    return replace(row, cells={column: cell for column, cell in row.cells.items() if column not in CALENDAR})


def _hours(row: Row) -> float:
    """Hours of a row from some day on."""
    time, date, day = (row.cells.get(column, "") for column in ("TIME", *CALENDAR))
    if found := _WHEN.fullmatch(time):
        date, time = found[1], found[2]
    clock = _CLOCK.fullmatch(time)
    if clock is None or int(clock[1]) > 24:
        row.refuse("TIME", f"'{time}' beside times of a clock; write 08:00, or 2024-01-31 08:00")
    start = 0.0
    if date:
        try:
            start = (datetime.strptime(date, "%Y-%m-%d") - datetime(1970, 1, 1)) / timedelta(hours=1)
        except ValueError:
            row.refuse("DATE", f"'{date}' may be read in two ways; write the year first, 2024-01-31")
    elif day:
        try:
            start = 24.0 * int(float(day))
        except ValueError:
            row.refuse("DAY", f"'{day}' is no number of a day; write 1, 2, 3 ...")
    return start + int(clock[1]) + int(clock[2]) / 60 + int(clock[3] or 0) / 3600
