"""The files a check looks at: what each is, what it holds, and on which line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from jakinib.errors import InputError
from jakinib.files import FileError, Table, read_table
from jakinib.library.files import compose, line_in, read_text, read_yaml, short

Kind = Literal[
    "inhibitors", "cytokines", "cells", "populations", "milieus", "readouts", "proteins", "references",
    "parameters", "cell_numbers", "cell_types",
    "measurements", "source", "plans", "criteria", "evidence", "sbml", "antimony", "unknown",
]  # fmt: skip
FOLDERS: tuple[Kind, ...] = (
    "inhibitors", "cytokines", "cells", "populations", "milieus", "readouts", "plans"
)  # fmt: skip
SUFFIXES = (".yaml", ".yml", ".tsv", ".xml", ".sbml", ".ant")
# Fields that only one kind of YAML file has.
MARKS: dict[Kind, tuple[str, ...]] = {
    "inhibitors": ("potency", "fu", "binding"),
    "cytokines": ("first_chain", "second_chain", "slot_a"),
    "plans": ("calibration", "starts", "question"),
    "source": ("citation", "how_read"),
    "criteria": ("criteria",),
    "proteins": ("proteins",),
    "references": ("references",),
    "cells": ("chains", "volumes", "like"),
    "populations": ("weight", "eGFR"),
    "milieus": ("levels",),
    "readouts": ("formula",),
}
WRITTEN = ("results", "report")  # folders that jakinib writes
NOTES = "facts.tsv"  # statements without a number: nothing to check


@dataclass
class File:
    """One file. data: what its YAML holds, {} when it cannot be read; problem: why it cannot."""

    path: Path
    kind: Kind
    data: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    problem_line: int = 1
    table: Table | None = None
    complaints: list[tuple[tuple[Any, ...], str, str]] | None = None  # of the schema, once asked for
    refused: str = ""  # why the library does not take it
    report: bool = True  # False: read for what it defines only

    def line(self, *location: Any) -> int:
        """Line of a field of the YAML."""
        return line_in(self._node, location) or 1

    @cached_property
    def _node(self) -> Any:
        return compose(self.text)

    @cached_property
    def text(self) -> str:
        return read_text(self.path)

    @cached_property
    def rows(self) -> list[tuple[int, dict[str, str]]]:
        """(line, cells by column) of a table; a cell that holds nothing is empty."""
        if self.table is None:
            return []
        blank = dict.fromkeys(self.table.columns, "")
        return [(row.line, blank | row.cells) for row in self.table.rows]

    @property
    def id(self) -> str:
        return str(self.data.get("id", ""))

    def quantities(self) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
        """(location, mapping) of every number with its origin in the YAML."""
        yield from _quantities(self.data, ())


def _quantities(node: Any, at: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    if isinstance(node, dict):
        if "value" in node:
            yield at, node
            return
        for key, child in node.items():
            yield from _quantities(child, (*at, key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _quantities(child, (*at, number))


def _kind(path: Path, data: Any) -> Kind:
    match path.suffix.lower():
        case ".xml" | ".sbml":
            return "sbml"
        case ".ant":
            return "antimony"
        case ".tsv":
            tables: dict[str, Kind] = {
                "measurements": "measurements", "parameters": "parameters", "evidence": "evidence",
                "cells": "cell_numbers", "cell_types": "cell_types",
            }  # fmt: skip
            return tables.get(path.stem, "unknown")
    for kind in FOLDERS:
        if path.parent.name == kind:
            return kind
    if isinstance(data, dict):
        scores = {kind: sum(mark in data for mark in marks) for kind, marks in MARKS.items()}
        best = max(scores, key=lambda kind: scores[kind])
        return best if scores[best] else "unknown"
    return "unknown"


def read(path: Path, report: bool = True) -> File:
    """Read one file; what is wrong with it is kept, not raised."""
    try:
        if path.suffix.lower() in (".yaml", ".yml"):
            data = read_yaml(path)
            kind = _kind(path, data)
            if not isinstance(data, dict):
                return File(
                    path, kind, problem="expected a mapping of fields; write 'id: ...'", report=report
                )
            return File(path, kind, data, report=report)
        table = read_table(path) if path.suffix.lower() == ".tsv" else None
        file = File(path, _kind(path, None), table=table, report=report)
        _ = file.text
        return file
    except InputError as error:
        return _broken(path, error, report)


def _broken(path: Path, error: InputError, report: bool) -> File:
    if isinstance(error, FileError):
        line, message = (
            error.line or 1,
            f"column {error.column}: {error.problem}" if error.column else error.problem,
        )
    else:
        line, message = located(str(error), path)
    return File(path, _kind(path, None), problem=message, problem_line=line, report=report)


def located(message: str, path: Path) -> tuple[int, str]:
    """(line, rest) of a message that begins with this file's name."""
    for name in (short(path), str(path), path.name):
        if message.startswith(f"{name}:"):
            line, colon, tail = message.removeprefix(f"{name}:").partition(":")
            if colon and line.strip().isdigit():
                return int(line), tail.strip()
            return 1, message.removeprefix(f"{name}:").strip()
    return 1, message


def root_of(path: Path) -> Path | None:
    """The library folder a single file belongs to, if it lies in one."""
    if path.parent.name in FOLDERS:
        return path.parent.parent
    if path.name in ("measurements.tsv", "source.yaml") and path.parent.parent.name == "data":
        return path.parent.parent.parent
    tables = ("parameters.tsv", "cells.tsv", "cell_types.tsv", "evidence.tsv")
    return path.parent if path.name in (*tables, "proteins.yaml", "references.yaml") else None


def collect(path: Path) -> list[File]:
    """Every file under ``path``; of one file in a library folder, its neighbours too, not to be reported on.

    Raises InputError when there is nothing to check.
    """
    if not os.path.exists(path):  # noqa: PTH110 (a name too long is no file, not an error)
        raise InputError(f"{short(path)}: no such file or folder")
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise InputError(f"{short(path)}: nothing to check in a {path.suffix or 'nameless'} file")
        root = root_of(path.absolute())
        around = [p for p in _under(root) if p != path.absolute()] if root else []
        return [read(path), *(read(other, report=False) for other in around)]
    found = [read(p) for p in _under(path)]
    if not found:
        raise InputError(f"{short(path)}: holds no {', '.join(SUFFIXES)} file to check")
    return found


def _under(folder: Path) -> list[Path]:
    def wanted(path: Path) -> bool:
        inside = path.relative_to(folder).parts
        hidden = any(part.startswith((".", "_")) for part in inside)
        return not hidden and not set(inside[:-1]) & set(WRITTEN) and path.name != NOTES

    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file() and wanted(p))
