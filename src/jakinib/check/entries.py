"""Checks of library entries: inhibitors, cytokines, cells, populations, parameters, proteins, references."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jakinib import paths
from jakinib.check.base import Check, Context
from jakinib.check.files import File, Kind, located
from jakinib.evaluate.criteria import Criteria
from jakinib.fit.plan import Plan
from jakinib.library.cells import CellNumber, CellType
from jakinib.library.citations import Evidence, References
from jakinib.library.files import explain
from jakinib.library.measurements import DataSource
from jakinib.library.milieu import Milieu
from jakinib.library.populations import Population
from jakinib.library.readouts import Readout
from jakinib.library.schema import (
    Cell,
    Cytokine,
    Inhibitor,
    ParameterRow,
    Proteins,
    Row,
    Strict,
)

CODE = re.compile(r"\b[ABCDEFMPTX][0-9]{2,3}\b")  # of a published fact
FILL = "FILL"  # stands in the templates of ``jakinib new`` where a value is due
Found = Iterator[tuple[int, dict[str, Any]]]
SCHEMAS: dict[Kind, type[Strict]] = {
    "inhibitors": Inhibitor,
    "cytokines": Cytokine,
    "cells": Cell,
    "populations": Population,
    "milieus": Milieu,
    "readouts": Readout,
    "proteins": Proteins,
    "references": References,
    "source": DataSource,
    "plans": Plan,
    "criteria": Criteria,
}
ENTRIES: tuple[Kind, ...] = ("inhibitors", "cytokines", "cells", "populations", "milieus", "readouts")
ROWS: dict[Kind, tuple[type[Row], tuple[str, ...]]] = {  # schema of a row, and the columns that name it
    "parameters": (ParameterRow, ("id",)),
    "cell_numbers": (CellNumber, ("cell", "part", "of")),
    "cell_types": (CellType, ("id",)),
}
LIBRARY: tuple[Kind, ...] = (*ENTRIES, "proteins", "references")


def due(text: str) -> bool:
    """Whether a template left this text to fill in."""
    return re.search(r"(?<![A-Za-z])FILL(?![A-Za-z])", text) is not None


def dotted(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location) or "file"


def filled(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Locations of the values that a template left to fill in."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from [(*at, key)] if due(str(key)) else ()
            yield from filled(child, (*at, key))
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from filled(child, (*at, number))
    elif isinstance(node, str) and due(node):
        yield at


class Readable(Check):
    """The file can be read at all."""

    id, message = "readable", "{problem}"
    kinds = (*SCHEMAS, *ROWS, "evidence", "measurements", "sbml", "antimony", "unknown")

    def find(self, file: File, context: Context) -> Found:
        if file.problem:
            yield file.problem_line, {"problem": file.problem}


class KnownKind(Check):
    """A file the package would ignore."""

    id, level, kinds = "unknown-kind", "warning", ("unknown",)
    message = (
        "is neither a library entry, data, plan nor model; put it into a folder such as inhibitors/ or plans/"
    )

    def find(self, file: File, context: Context) -> Found:
        if not file.problem:
            yield 1, {}


class Filled(Check):
    """Nothing of a template is left to fill in."""

    id, kinds = "to-fill", (*SCHEMAS, *ROWS, "measurements")
    message = f"{{field}} still says {FILL}; write its value"

    def find(self, file: File, context: Context) -> Found:
        if file.path.suffix.lower() != ".tsv":
            for at in filled(file.data):
                yield file.line(*at), {"field": dotted(at)}
            return
        for line, row in file.rows:
            for column, cell in row.items():
                if due(cell):
                    yield line, {"field": f"column {column}"}


Complaint = tuple[tuple[Any, ...], str, str]


def complaints(file: File) -> list[Complaint]:
    """(location, pydantic type, message) of what the schema refuses, apart from values still to fill in."""
    if file.complaints is None:
        file.complaints = list(_complaints(file))
    return file.complaints


def _complaints(file: File) -> Iterator[Complaint]:
    if file.problem or file.kind not in SCHEMAS:
        return
    data = dict(file.data)
    if file.kind == "cells" and data.get("like"):  # what a cell takes over is not missing
        data = {**{name: {} for name in ("volumes", "chains", "stats")}, **data}
    like = file.kind == "plans" and isinstance(data.get("like"), str)  # what a plan takes over is neither
    left = list(filled(file.data))
    try:
        SCHEMAS[file.kind].model_validate(data)
    except ValidationError as error:
        for first in error.errors():
            location, message = explain(first)
            if like and first["type"] == "missing" and len(location) == 1:
                continue
            if not any(at[: len(location)] == location or location[: len(at)] == at for at in left):
                yield location, first["type"], message


def _origin(location: tuple[Any, ...], kind: str, problem: str) -> bool:
    told = ("gives no source", "gives no status", "names no source", "is documentation of this project")
    return any(words in problem for words in told) or (
        kind == "missing" and location[-1] in ("source", "status", "kind")
    )


def _reasonless(message: str) -> bool:
    return "gives no rationale" in message


def _unit(location: tuple[Any, ...], kind: str, message: str) -> bool:
    return bool(location) and location[-1] == "unit" and ("unit '" in message or kind == "missing")


class Schema(Check):
    """Fields, types and ranges."""

    id, kinds, message = "schema", tuple(SCHEMAS), "{field} {problem}"

    def find(self, file: File, context: Context) -> Found:
        for location, kind, problem in complaints(file):
            special = (
                _origin(location, kind, problem)
                or _reasonless(problem)
                or _unit(location, kind, problem)
                or "is not convertible to" in problem  # unit-dimension says so
            )
            if not special:
                yield file.line(*location), {"field": dotted(location), "problem": problem}


class Origin(Check):
    """Every number says where it comes from and how well that was checked."""

    id, kinds = "missing-origin", tuple(SCHEMAS)
    message = "{field} {problem}; every number states kind and, unless it is assumed, source and status"

    def find(self, file: File, context: Context) -> Found:
        for location, kind, problem in complaints(file):
            if _origin(location, kind, problem):
                missing = "is missing" if kind == "missing" else problem
                yield file.line(*location), {"field": dotted(location), "problem": missing}


class Rationale(Check):
    """An assumption says why."""

    id, kinds = "assumption-without-rationale", tuple(SCHEMAS)
    message = "{field} is assumed and gives no rationale; say why this value"

    def find(self, file: File, context: Context) -> Found:
        for location, _, problem in complaints(file):
            if _reasonless(problem):
                yield file.line(*location), {"field": dotted(location)}


class Unit(Check):
    """Units are known."""

    id, kinds, message = "unit", tuple(SCHEMAS), "{field} {problem}"

    def find(self, file: File, context: Context) -> Found:
        for location, kind, problem in complaints(file):
            if _unit(location, kind, problem):
                yield file.line(*location), {"field": dotted(location), "problem": problem}


class LibraryRows(Check):
    """Rows of the tables of a library are complete and stand once."""

    id, kinds, message = "library-row", tuple(ROWS), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        schema, naming = ROWS[file.kind]
        seen: dict[str, int] = {}
        for line, row in file.rows:
            name = " ".join(row.get(column, "") for column in naming)
            if name in seen:
                yield line, {"problem": f"'{name}' stands already on line {seen[name]}; keep one row"}
            seen[name] = line
            if any(map(due, row.values())):
                continue
            try:
                schema.model_validate({k: v for k, v in row.items() if v})
            except ValidationError as error:
                for first in error.errors():
                    location, problem = explain(first)
                    yield line, {"problem": f"column {dotted(location)} {problem}"}


class Recalled(Check):
    """A number nobody has looked up may be used, but should be known as such."""

    id, level, kinds = "recalled-value", "warning", (*ENTRIES, *ROWS, "measurements")
    message = "{field} is recalled, not read in a source; look it up and set status to verified"

    def find(self, file: File, context: Context) -> Found:
        if file.path.suffix.lower() == ".tsv":
            for line, row in file.rows:
                if row.get("status") == "recalled" and row.get("kind") != "assumed":
                    yield line, {"field": row.get("id") or f"{row.get('of')} of {row.get('cell')}"}
            return
        for at, quantity in file.quantities():
            if quantity.get("status") == "recalled" and quantity.get("kind") != "assumed":
                yield file.line(*at), {"field": dotted(at)}


class Cited(Check):
    """A source can be looked up."""

    id, level, kinds = "source-not-cited", "warning", (*ENTRIES, *ROWS, "source")
    message = "source '{source}' is in no references.yaml and no data folder; add its citation"
    _ELSEWHERE = re.compile(r"(https?://|doi:|10\.\d{4,}/|PMID:? ?\d|PMC\d)\S*", re.IGNORECASE)

    def find(self, file: File, context: Context) -> Found:
        seen = {FILL, ""}
        for at, source in self._sources(file):
            if not isinstance(source, str) or self._ELSEWHERE.match(source):
                continue
            if source not in seen and source not in context.sources:
                seen.add(source)
                yield at if isinstance(at, int) else file.line(*at), {"source": source}

    def _sources(self, file: File) -> Iterator[tuple[int | tuple[Any, ...], Any]]:
        if file.kind in ROWS:
            yield from ((line, row.get("source")) for line, row in file.rows)
            return
        yield from (((*at, "source"), q.get("source")) for at, q in file.quantities())


class Loads(Check):
    """The library takes the entry: its names clash with nothing; runs when nothing else is wrong with it."""

    id, kinds, message = "does-not-load", (*LIBRARY, *ROWS), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        if file.refused:
            line, problem = located(file.refused, file.path)
            yield line, {"problem": problem}


class EvidenceRows(Check):
    """A fact that others cite is complete, has a source, and a code of its own."""

    id, kinds, message = "evidence-row", ("evidence",), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        seen: dict[str, int] = {}
        for line, row in file.rows:
            try:
                fact = Evidence.model_validate({k: v for k, v in row.items() if v})
            except ValidationError as error:
                location, problem = explain(error.errors()[0])
                yield line, {"problem": f"column {dotted(location)} {problem}"}
                continue
            if fact.source not in context.sources:
                yield line, {"problem": f"source '{fact.source}' is in no references.yaml; add its citation"}
            if fact.code in seen:
                yield line, {"problem": f"code '{fact.code}' stands already on line {seen[fact.code]}"}
            seen[fact.code] = line


class EvidenceCodes(Check):
    """A code in a text points to a row: of an evidence table or of a data set."""

    id, level, kinds = "unknown-evidence", "warning", (*ENTRIES, *ROWS, "source")
    message = "{field} cites {code}, which is in no evidence.tsv and no data set; add the row or correct it"

    def find(self, file: File, context: Context) -> Found:
        for at, field, text in self._texts(file):
            for code in CODE.findall(text):
                if code not in context.library.evidence and code not in context.rows:
                    yield at if isinstance(at, int) else file.line(*at), {"field": field, "code": code}

    def _texts(self, file: File) -> Iterator[tuple[int | tuple[Any, ...], str, str]]:
        named = ("location", "rationale")
        if file.kind in ROWS:
            yield from ((line, field, row.get(field, "")) for line, row in file.rows for field in named)
        else:
            for at, quantity in file.quantities():
                yield from ((at, dotted((*at, field)), str(quantity.get(field, ""))) for field in named)


class DuplicateId(Check):
    """One id, one entry."""

    id, kinds = "duplicate-id", ENTRIES
    message = "id '{id}' is already used by {other}; choose another"

    def find(self, file: File, context: Context) -> Found:
        for other in context.of(file.kind):
            if other.path == file.path:
                return
            if file.id and other.id == file.id:
                yield file.line("id"), {"id": file.id, "other": other.path.name}


class Overrides(Check):
    """An entry takes the place of one of the package."""

    id, level, kinds = "overrides-entry", "warning", ENTRIES
    message = (
        "'{id}' takes the place of the package's entry of that id; choose another id if that is not meant"
    )

    def find(self, file: File, context: Context) -> Found:
        own = paths.models() / "library"
        folder = own / file.kind
        if file.path.absolute().is_relative_to(own) or not file.id:
            return
        if file.id in _ids(str(folder)):
            yield file.line("id"), {"id": file.id}


@functools.cache
def _ids(folder: str) -> frozenset[str]:
    found = (
        re.search(r"^id: *(.+?) *$", p.read_text("utf-8"), re.MULTILINE) for p in Path(folder).glob("*.yaml")
    )
    return frozenset(hit[1] for hit in found if hit)
