"""Find library entries by name, in the package's folder and in the user's own."""

from __future__ import annotations

import functools
import itertools
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from jakinib import paths
from jakinib.errors import InputError, UnknownIdError
from jakinib.library.files import line_of, read_model, read_rows, read_text, read_yaml, short
from jakinib.library.plugins import extra_folders
from jakinib.library.schema import (
    Cell,
    Cytokine,
    Inhibitor,
    ParameterRow,
    Population,
    Protein,
    Proteins,
    Quantity,
    Reference,
    References,
    Strict,
)

S = TypeVar("S", bound=Strict)
_GENERATIONS = itertools.count(1)
_FOLDERS: dict[str, type[Strict]] = {
    "inhibitors": Inhibitor,
    "cytokines": Cytokine,
    "cells": Cell,
    "populations": Population,
}


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder, by name, whatever the case of their suffix; none when it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".yaml", ".yml"))


class Library:
    """All entries of one or more library folders; later folders add to and override earlier ones."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.inhibitors: dict[str, Inhibitor] = {}
        self.cytokines: dict[str, Cytokine] = {}
        self.cells: dict[str, Cell] = {}
        self.populations: dict[str, Population] = {}
        self.proteins: dict[str, Protein] = {}
        self.references: dict[str, Reference] = {}
        self.parameters: dict[str, ParameterRow] = {}
        self.files: dict[tuple[str, str], Path] = {}
        self.generation = 0  # new with every entry added, so that models built before are not reused
        for folder in folders:
            self._add_folder(folder)

    def _add_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such library folder")
        for name in _FOLDERS:
            here: set[str] = set()
            for path in yaml_files(folder / name):
                earlier = dict(self.files)
                entry = self.add(name, path)
                if entry in here:
                    other = earlier[name, entry].name
                    raise InputError(
                        f"{self.where(name, entry, 'id')}: id '{entry}' is already used by {other}"
                    )
                here.add(entry)
        if (path := folder / "proteins.yaml").exists():
            self.proteins.update(read_model(path, Proteins).proteins)
        if (path := folder / "references.yaml").exists():
            self.references.update(read_model(path, References).references)
        if (path := folder / "parameters.tsv").exists():
            seen: set[str] = set()
            for number, row in read_rows(path, ParameterRow):
                if row.id in seen:
                    raise InputError(f"{path}:{number}: parameter '{row.id}' stands twice; keep one row")
                seen.add(row.id)
                self.parameters[row.id] = row

    def add(self, kind: str, path: Path) -> str:
        """Add one YAML file of ``kind`` (a folder name such as "inhibitors"); returns its id."""
        entry: Any = read_model(path, _FOLDERS[kind], self._inherited(kind, path))
        getattr(self, kind)[entry.id] = entry
        self.files[kind, entry.id] = path
        self.generation = next(_GENERATIONS)
        if isinstance(entry, Cytokine):
            twins = [c.id for c in self.cytokines.values() if c.symbol == entry.symbol and c.id != entry.id]
            if twins:
                where = self.where(kind, entry.id, "symbol")
                raise InputError(
                    f"{where}: symbol '{entry.symbol}' is already used by {twins[0]}; choose another"
                )
        return str(entry.id)

    def _inherited(self, kind: str, path: Path) -> dict[str, dict[str, Any]]:
        """What a cell takes over from the cell it is like."""
        named = kind == "cells" and re.search(r"^['\"]?like\b", read_text(path), re.MULTILINE)
        data = read_yaml(path) if named else None
        like = data.get("like") if isinstance(data, dict) else None
        if not isinstance(like, str) or not like:
            return {}
        try:
            base = self.cell(like)
        except UnknownIdError as error:
            raise InputError(f"{short(path)}:{line_of(path, ('like',))}: like: {error}") from None
        return {field: dict(getattr(base, field)) for field in ("volumes", "chains", "stats")}

    def where(self, kind: str, name: str, *field: str) -> str:
        """File and line of a field of an entry, for messages."""
        path = self.files[kind, name]
        return f"{short(path)}:{line_of(path, field)}"

    def inhibitor(self, name: str) -> Inhibitor:
        return _find("inhibitor", name, self.inhibitors)

    def cytokine(self, name: str) -> Cytokine:
        aliases = {cytokine.symbol: cytokine for cytokine in self.cytokines.values()}
        return _find("cytokine", name, self.cytokines, aliases)

    def cell(self, name: str) -> Cell:
        aliases = {alias: cell for cell in self.cells.values() for alias in cell.aliases}
        return _find("cell", name, self.cells, aliases)

    def population(self, name: str) -> Population:
        return _find("population", name, self.populations)

    def parameter(self, symbol: str) -> Quantity | None:
        """The parameter row for a model symbol: exact id, else the longest wildcard that matches."""
        if symbol in self.parameters:
            return self.parameters[symbol]
        hits = [key for key in self.parameters if "*" in key and fnmatchcase(symbol, key)]
        return self.parameters[max(hits, key=len)] if hits else None


def _find(noun: str, name: str, entries: dict[str, S], aliases: dict[str, S] | None = None) -> S:
    known = {**(aliases or {}), **entries}
    if name in known:
        return known[name]
    folded = {key.casefold(): entry for key, entry in known.items()}
    if name.casefold() in folded:
        return folded[name.casefold()]
    raise UnknownIdError(noun, name, entries)


@functools.cache
def get_library() -> Library:
    """The package's library, plus the folders of plug-ins and of JAKINIB_LIBRARY (path separator between)."""
    return Library(paths.models() / "library", *extra_folders())


def register(kind: str, path: str | Path) -> str:
    """Add one YAML file to the running library from outside the package; returns the new id.

    kind: "inhibitors", "cytokines", "cells" or "populations".
    """
    if kind not in _FOLDERS:
        raise UnknownIdError("kind of entry", kind, _FOLDERS)
    return get_library().add(kind, Path(path))
