"""The one reader of tables, with the separators, decimal commas and absent values other tools write."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from jakinib.arguments import shown
from jakinib.errors import InputError, visible
from jakinib.files.text import FileError, read_text, short

SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "blanks"}
# What other tools write where there is no value.
ABSENT = frozenset({
    "", ".", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "-NaN", "NULL", "null", "None",
})  # fmt: skip
MOST_ROWS, LONGEST_LINE = 200_000, 20_000  # lines of a table, and characters of a line
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_POINT = re.compile(r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


_WRITTEN = {".tsv": "\t", ".tab": "\t", ".txt": "\t", ".csv": ","}


def separator_of(path: Path) -> str:
    """The separator that the suffix of a table stands for; raises FileError for other suffixes."""
    if (separator := _WRITTEN.get(path.suffix.lower())) is None:
        raise FileError(
            path, f"a table is written as {', '.join(_WRITTEN)}; give the file one of these suffixes"
        )
    return separator


def table_text(columns: Sequence[str], rows: Iterable[Iterable[object]], separator: str = "\t") -> str:
    """A table that ``read_table`` reads; numbers have eight digits, cells are quoted where needed."""
    return separated(
        columns, ([f"{c:.8g}" if isinstance(c, float) else c for c in row] for row in rows), separator
    )


def separated(columns: Sequence[str], rows: Iterable[Iterable[object]], separator: str) -> str:
    """A table as it stands; raises InputError for what does not separate cells."""
    if separator not in SEPARATORS:
        known = ", ".join(map(repr, SEPARATORS))
        raise InputError(f"separator is {shown(separator)}; give one of {known}")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()


@dataclass(frozen=True)
class Row:
    """One line of a table: its cells by column, without those that hold nothing."""

    file: str
    line: int
    cells: dict[str, str]

    def refuse(self, column: str, problem: str) -> NoReturn:
        raise FileError(self.file, problem, self.line, column)


@dataclass(frozen=True)
class Table:
    """Columns in the order of the file, and its rows; separator is one of ``SEPARATORS``."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    separator: str


def read_table(
    path: Path,
    numeric: Callable[[str], bool] = lambda column: False,
    *,
    name: Callable[[str], str] = str,
    short_rows: bool = False,
    separator: str = "",
) -> Table:
    """Read a table whose first line names the columns; empty lines are passed over.

    numeric: is this a column of numbers? There NA and its like are absent, and a decimal comma is read where
    commas do not separate cells. name: makes a column's name of its title. short_rows: cells may be missing
    at the end of a row. separator: taken from the first line unless given.
    Raises FileError with file, line and column for quotes that do not close, rows that are too short or long,
    columns without or of the same name, and numbers whose comma may mean either of two things.
    """
    where = short(path)
    lines = _lines(path)
    if lines and (told := re.fullmatch(r"sep=(.)", lines[0][1].rstrip())):  # spreadsheets write this line
        separator, lines = told[1], lines[1:]
    if not lines:
        raise FileError(where, "empty table; the first line names the columns", 1)
    separator = separator or _separator(lines[0][1])
    first, titles = lines[0][0], [name(title) for title in _cells(where, *lines[0], separator, [])]
    split = [(n, _cells(where, n, line, separator, titles)) for n, line in lines[1:]]
    split = [(n, cells) for n, cells in split if any(cells)]
    split = [(n, _fitted(where, n, cells, titles, separator, short_rows)) for n, cells in split]
    kept = list(_named(where, first, titles, split))
    for i in kept:
        if titles.count(titles[i]) > 1:
            raise FileError(where, f"column '{titles[i]}' stands twice; keep one", first)
    rows = [Row(where, n, {titles[i]: cells[i] for i in kept if cells[i]}) for n, cells in split]
    columns = tuple(titles[i] for i in kept)
    for column in filter(numeric, columns):
        _numbers(column, rows, separator)
    return Table(where, columns, tuple(rows), separator)


def _lines(path: Path) -> list[tuple[int, str]]:
    """(number, text) of the lines that hold something, within the bounds of a table."""
    lines = [(n, line) for n, line in enumerate(read_text(path).split("\n"), start=1) if line.strip()]
    if len(lines) > MOST_ROWS:
        raise FileError(path, f"{len(lines):,} lines; at most {MOST_ROWS:,} are read, split the table")
    for n, line in lines:
        if len(line) > LONGEST_LINE:
            raise FileError(path, f"{len(line):,} characters; a line has at most {LONGEST_LINE:,}", n)
        if not visible(line):
            raise FileError(path, "a control or invisible character stands in this line; remove it", n)
    return lines


def _separator(header: str) -> str:
    """The separator that splits the first line most; a tab before a semicolon before a comma."""
    bare = re.sub(r'"[^"]*"', "", header.strip(" "))
    counts = {mark: bare.count(mark) for mark in "\t;,"}
    best = max(counts, key=lambda mark: counts[mark])
    return best if counts[best] else " " if " " in bare else "\t"


def _cells(where: str, line: int, text: str, separator: str, titles: list[str]) -> list[str]:
    """The cells of one line; a quoted cell ends on the line on which it begins."""
    try:
        if separator == " ":
            return next(csv.reader([" ".join(text.split())], delimiter=" ", strict=True))
        return [cell.strip() for cell in next(csv.reader([text], delimiter=separator, strict=True))]
    except csv.Error:
        cells = text.split(separator)
        guilty = (
            i for i, cell in enumerate(cells) if cell[:1] == '"' and not re.fullmatch(r'"([^"]|"")*"', cell)
        )
        at = next(guilty, 0)
        column = titles[at] if at < len(titles) else str(at + 1)
        problem = "a cell begins with a quote that does not close at its end; close it, or drop the quotes"
        raise FileError(where, problem, line, column) from None


def _fitted(
    where: str, line: int, cells: list[str], titles: list[str], separator: str, short_rows: bool
) -> list[str]:
    """As many cells as there are columns; there may be empty ones too many, or with short_rows too few."""
    extra = cells[len(titles) :]
    if any(extra) or (len(cells) < len(titles) and not short_rows):
        mark = SEPARATORS.get(separator, repr(separator))
        raise FileError(where, f"{len(cells)} cells, {len(titles)} columns; {mark} separate cells", line)
    return cells[: len(titles)] + [""] * (len(titles) - len(cells))


def _named(where: str, first: int, titles: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[int]:
    """Places of the columns that have a name. Without one may be an empty column, and a count of the rows."""
    for i, title in enumerate(titles):
        if title:
            yield i
            continue
        held = [cells[i] for _, cells in rows]
        counts = [[str(k + start) for k in range(len(held))] for start in (0, 1)]
        if any(held) and not (i == 0 and held in counts and len(titles) > 1):
            line, cell = next((n, cells[i]) for n, cells in rows if cells[i])
            problem = f"holds '{cell}' on line {line} but has no name; name it in the first line, or drop it"
            raise FileError(where, problem, first, str(i + 1))
    if not any(titles):
        raise FileError(where, "empty table; the first line names the columns", first)


def _numbers(column: str, rows: list[Row], separator: str) -> None:
    """Absent numbers go, and decimal commas become points; what a comma means must be certain."""
    held = [row for row in rows if column in row.cells]
    commas = [row for row in held if _COMMA.fullmatch(row.cells[column]) and separator != ","]
    sure = any(not _THOUSANDS.fullmatch(row.cells[column]) for row in commas)
    points = any(_POINT.fullmatch(row.cells[column]) for row in held)
    for row in held:
        cell = row.cells[column]
        if cell in ABSENT:
            del row.cells[column]
        elif _THOUSANDS.fullmatch(cell) and (points or not sure or cell.count(",") > 1):
            without, pointed = cell.replace(",", ""), cell.replace(",", ".", 1)
            row.refuse(column, f"'{cell}' may be {without} or {pointed}; write the one you mean")
        elif row in commas and points:
            row.refuse(
                column, f"'{cell}' has a decimal comma, other numbers here have points; use one of them"
            )
        elif row in commas:
            row.cells[column] = cell.replace(",", ".")
