"""The cells of a folder as two tables: cell_types.tsv says who they are, cells.tsv what is on and in them.

cells.tsv has one row a number: a volume, a receptor chain or a STAT of a cell. A row of the cell ``*`` holds
for every cell of the table that has no row of its own for it and is not like another cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from jakinib.errors import UnknownIdError
from jakinib.files import FileError
from jakinib.library.files import explain, read_rows, short
from jakinib.library.ranges import EntryName, Label, Line, SymbolName
from jakinib.library.schema import Cell, Quantity, Row

NUMBERS, TYPES = "cells.tsv", "cell_types.tsv"
EVERY = "*"


class CellType(Row):
    """One row of cell_types.tsv. aliases: names separated by semicolons."""

    id: EntryName
    like: Label | Literal[""] = ""
    name: Line = ""
    aliases: str = ""
    CellOntology: str = ""


class CellNumber(Row, Quantity):
    """One row of cells.tsv: ``of`` is a compartment, chain or STAT, as ``part`` says."""

    cell: EntryName | Literal["*"]
    part: Literal["volumes", "chains", "stats"]
    of: SymbolName


@dataclass(frozen=True)
class Place:
    """Where a cell of a table stands: its line in cell_types.tsv, and those of its numbers in cells.tsv."""

    folder: Path
    line: int
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def where(self, *location: Any) -> str:
        """File and line of a field of the cell; the table of its numbers for one that it lacks."""
        at = self.numbers.get(location[:2])
        if at is not None:
            return f"{short(self.folder / NUMBERS)}:{at}"
        if location[:1] in (("volumes",), ("chains",), ("stats",)):
            own = [line for (part, _), line in self.numbers.items() if part == location[0]]
            return f"{short(self.folder / NUMBERS)}:{max(own, default=1)}"
        return f"{short(self.folder / TYPES)}:{self.line}"


def read_cells(folder: Path, known: Callable[[str], Cell]) -> Iterator[tuple[Cell, Place]]:
    """The cells of the tables of a folder, in their order. known: finds the cell that one is like.

    Raises InputError with file and line for a row that cannot be used, a number that stands twice and a
    number of a cell that cell_types.tsv does not name.
    """
    types = read_rows(folder / TYPES, CellType) if (folder / TYPES).exists() else []
    rows: dict[str, dict[tuple[str, str], tuple[int, CellNumber]]] = {EVERY: {}}
    rows |= {row.id: {} for _, row in types}
    for line, number in read_rows(folder / NUMBERS, CellNumber) if (folder / NUMBERS).exists() else []:
        if number.cell not in rows:
            problem = f"'{number.cell}' has no row in {TYPES}; add one"
            raise FileError(folder / NUMBERS, problem, line, "cell")
        key = (number.part, number.of)
        if key in rows[number.cell]:
            first = rows[number.cell][key][0]
            raise FileError(
                folder / NUMBERS, f"{number.of} of {number.cell} also stands on line {first}", line
            )
        rows[number.cell][key] = line, number
    for line, row in types:
        own = rows[row.id] if row.like else rows[EVERY] | rows[row.id]
        place = Place(folder, line, {key: at for key, (at, _) in own.items()})
        yield _cell(row, {key: number for key, (_, number) in own.items()}, known, place), place


def _cell(
    row: CellType, own: dict[tuple[str, str], CellNumber], known: Callable[[str], Cell], place: Place
) -> Cell:
    try:
        base = known(row.like) if row.like else None
    except UnknownIdError as error:
        raise FileError(place.folder / TYPES, str(error), place.line, "like") from None
    data: dict[str, Any] = {
        "id": row.id, "like": row.like, "name": row.name,
        "aliases": [alias for part in row.aliases.split(";") if (alias := part.strip())],
        "identifiers": {"CellOntology": row.CellOntology} if row.CellOntology else {},
    }  # fmt: skip
    for part in ("volumes", "chains", "stats"):
        data[part] = dict(getattr(base, part)) if base else {}
    for (part, of), number in own.items():
        data[part][of] = number.model_dump(exclude={"cell", "part", "of"})
    try:
        return Cell.model_validate(data)
    except ValidationError as error:
        location, message = explain(error.errors()[0])
        at = ".".join(str(name) for name in location)
        raise FileError(f"{place.where(*location)}", f"{at} {message}".strip()) from None
