"""Find library entries by name, in the package's folder and in the user's own."""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from jakinib import cache, paths
from jakinib.arguments import checked, text
from jakinib.errors import InputError, UnknownIdError
from jakinib.library.cells import NUMBERS, Place, read_cells
from jakinib.library.citations import Evidence, Reference, References
from jakinib.library.files import line_of, read_model, read_rows, read_text, read_yaml, short
from jakinib.library.milieu import Milieu
from jakinib.library.names import find, key, resolve, spellings, twins
from jakinib.library.plugins import extra_folders
from jakinib.library.populations import Population
from jakinib.library.readouts import Readout
from jakinib.library.schema import (
    Cell,
    Cytokine,
    Inhibitor,
    ParameterRow,
    Protein,
    Proteins,
    Quantity,
    Strict,
)
from jakinib.library.sources import DATABASES
from jakinib.library.symbols import ClashError, refuse_clashes

S = TypeVar("S", bound=Strict)
_GENERATIONS = itertools.count(1)
_FOLDERS: dict[str, type[Strict]] = {
    "inhibitors": Inhibitor,
    "cytokines": Cytokine,
    "cells": Cell,
    "populations": Population,
    "milieus": Milieu,
    "readouts": Readout,
}


_NOUNS = {kind: kind.removesuffix("s") for kind in _FOLDERS}


def yaml_files(folder: Path) -> list[Path]:
    """The YAML files of a folder, by name, whatever the case of their suffix; none when it does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".yaml", ".yml"))


@checked
class Library:
    """All entries of one or more library folders; later folders add to and override earlier ones."""

    def __init__(self, *folders: Path) -> None:
        self.folders = folders
        self.inhibitors: dict[str, Inhibitor] = {}
        self.cytokines: dict[str, Cytokine] = {}
        self.cells: dict[str, Cell] = {}
        self.populations: dict[str, Population] = {}
        self.milieus: dict[str, Milieu] = {}
        self.readouts: dict[str, Readout] = {}
        self.proteins: dict[str, Protein] = {}
        self.references: dict[str, Reference] = {}
        self.parameters: dict[str, ParameterRow] = {}
        self.evidence: dict[str, Evidence] = {}
        self.files: dict[tuple[str, str], Path] = {}
        self._places: dict[str, Place] = {}  # of cells that stand in a table
        self._index: tuple[int, dict[str, dict[str, str]]] = (-1, {})  # names to ids, of a generation
        self.generation = 0  # new with every entry added, so that models built before are not reused
        self.added = False  # anything that its folders do not hold
        for folder in folders:
            self._add_folder(folder)
        self._refuse_clashes()
        for kind, name, field, noun, named, known in self._mentions():
            if named not in known:
                where = f"{self.where(kind, name, *field)}: {field[0]}"
                raise UnknownIdError(noun, named, known, where=where)

    def _add_folder(self, folder: Path) -> None:
        if not os.path.isdir(folder):  # noqa: PTH112 (a name too long is no folder, not an error)
            raise InputError(f"{folder}: no such library folder")
        for name in _FOLDERS:
            here = set(self.add_cells(folder)) if name == "cells" else set()
            for path in yaml_files(folder / name):
                earlier = dict(self.files)
                entry = self._read(name, path)
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
        if (path := folder / "evidence.tsv").exists():
            for number, fact in read_rows(path, Evidence):
                if fact.source not in self.references:
                    where = f"{short(path)}:{number}: column source"
                    raise UnknownIdError("reference", fact.source, self.references, where=where)
                if fact.code in self.evidence:
                    raise InputError(
                        f"{short(path)}:{number}: code '{fact.code}' stands already; choose another"
                    )
                self.evidence[fact.code] = fact
        if (path := folder / "parameters.tsv").exists():
            seen: set[str] = set()
            for number, row in read_rows(path, ParameterRow):
                if row.id in seen:
                    raise InputError(f"{path}:{number}: parameter '{row.id}' stands twice; keep one row")
                seen.add(row.id)
                self.parameters[row.id] = row

    def add_cells(self, folder: Path) -> list[str]:
        """Add the cells of the tables of a folder; returns their ids. Raises InputError for a faulty one."""
        added = []
        for cell, place in read_cells(folder, self.cell):
            if cell.id in added:
                raise InputError(f"{place.where('id')}: id '{cell.id}' stands twice; keep one row")
            self._put("cells", cell, folder / NUMBERS)
            self._places[cell.id] = place
            added.append(cell.id)
        return added

    def _mentions(self) -> Iterator[tuple[str, str, tuple[str, ...], str, str, Iterable[str]]]:
        """Names in entries that nothing would miss at use: (kind, entry, field, noun, name, known names)."""
        for drug in self.inhibitors.values():
            for field in ("pharmacokinetics", "renal_uptake", "tissues", "dose_bands"):
                for people in getattr(drug, field):
                    yield "inhibitors", drug.id, (field, people), "population", people, self.populations
            if drug.metabolite:
                yield "inhibitors", drug.id, ("metabolite",), "inhibitor", drug.metabolite, self.inhibitors
        for kind in ("inhibitors", "cytokines", "cells"):
            for entry in getattr(self, kind).values():
                for database in entry.identifiers:
                    yield kind, entry.id, ("identifiers", database), "database", database, DATABASES
        for milieu in self.milieus.values():
            for name in milieu.levels:
                yield "milieus", milieu.id, ("levels", name), "cytokine", name, self.cytokines
        plans = [folder / "plans" for folder in (paths.fits(), *self.folders)]
        known = {path.stem for folder in plans for path in folder.glob("*.yaml")}
        for people in self.populations.values():
            if people.ensemble:
                yield "populations", people.id, ("ensemble",), "plan", people.ensemble, known

    def add(self, kind: str, path: Path) -> str:
        """Add one YAML file of ``kind`` (a folder name such as "inhibitors"); returns its id.

        Raises InputError for a file that cannot be used or whose names clash; the library stays as it was.
        """
        before = dict(getattr(self, kind)), dict(self.files), dict(self._places)
        try:
            entry = self._read(kind, path)
            self._refuse_clashes()
        except InputError:
            setattr(self, kind, before[0])
            self.files, self._places = before[1:]
            raise
        self.added = True
        return entry

    def _read(self, kind: str, path: Path) -> str:
        entry: Any = read_model(path, _FOLDERS[kind], self._inherited(kind, path))
        self._put(kind, entry, path)
        if kind == "cells":
            self._places.pop(entry.id, None)
        return str(entry.id)

    def _put(self, kind: str, entry: Any, path: Path) -> None:
        getattr(self, kind)[entry.id] = entry
        self.files.pop((kind, entry.id), None)  # the newest stands last
        self.files[kind, entry.id] = path
        self.generation = next(_GENERATIONS)

    def _refuse_clashes(self) -> None:
        """Raises InputError, with the file read last of those concerned, when two names clash."""
        named = list(self._names())
        by_kind: dict[str, list[str]] = {}
        for kind, name, _ in named:
            by_kind.setdefault(kind, []).append(name)
        try:
            refuse_clashes(by_kind)
            self._refuse_twins()
        except ClashError as error:
            order = list(self.files)
            places = [place for kind, name, place in named if (kind, name) in error.names]
            latest = max(places, key=lambda place: order.index((place[0], place[1])))
            raise InputError(f"{self.where(*latest)}: {error}") from None

    def _names(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """(kind, name, (folder, entry, field ...) where it stands) of every name that makes symbols."""
        for drug in self.inhibitors:
            yield "inhibitor", drug, ("inhibitors", drug, "id")
        for cytokine in self.cytokines.values():
            place = ("cytokines", cytokine.id)
            yield "cytokine", cytokine.symbol, (*place, "symbol")
            yield from (("chain", chain, (*place, field)) for field, chain in cytokine.chains)
            yield from (("STAT", stat, (*place, "stats")) for stat in cytokine.stats)
            yield from (
                ("feedback protein", made.protein, (*place, "feedback")) for made in cytokine.feedback
            )
        for cell in self.cells.values():
            yield from (("chain", chain, ("cells", cell.id, "chains", chain)) for chain in cell.chains)
            yield from (("STAT", stat, ("cells", cell.id, "stats", stat)) for stat in cell.stats)

    def _refuse_twins(self) -> None:
        """Raises InputError when one name, however it is spelt, finds two entries of a kind."""
        entries = ((kind, name, entry) for kind in _FOLDERS for name, entry in getattr(self, kind).items())
        if (clash := twins(entries)) is None:
            return
        kind, one, other, spelt = clash
        first, second = sorted((one, other), key=lambda e: list(self.files).index((kind, e)))
        stated = getattr(self, kind)[second]
        mine = next(name for name in spellings(second, stated) if key(name) == key(spelt))
        aliased = mine in getattr(stated, "aliases", ())
        field = "aliases" if aliased else "id" if mine == second else "symbol"
        noun = "alias" if aliased else field
        raise InputError(
            f"{self.where(kind, second, field)}: {noun} '{mine}' is already used by {first}; choose another"
        )

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
        if kind == "cells" and name in self._places:
            return self._places[name].where(*field)
        if (path := self.files.get((kind, name))) is None:
            raise UnknownIdError("entry", f"{kind}/{name}", [f"{one}/{other}" for one, other in self.files])
        return f"{short(path)}:{line_of(path, field)}"

    def inhibitor(self, name: str) -> Inhibitor:
        return self._find("inhibitor", name, self.inhibitors)

    def cytokine(self, name: str) -> Cytokine:
        return self._find("cytokine", name, self.cytokines)

    def cell(self, name: str) -> Cell:
        return self._find("cell", name, self.cells)

    def population(self, name: str) -> Population:
        return self._find("population", name, self.populations)

    def milieu(self, name: str) -> Milieu:
        return self._find("milieu", name, self.milieus)

    def _find(self, noun: str, name: str, entries: dict[str, S]) -> S:
        found = find(name, entries)
        return entries[resolve(noun, name, entries, self._elsewhere(entries)) if found is None else found]

    def find(self, kind: str, name: str) -> str | None:
        """The id of the entry of ``kind`` (a folder name) that a name means; None where none states it."""
        if text(name, "a name") in getattr(self, _folder(kind)):
            return name
        if self._index[0] != self.generation:
            self._index = self.generation, {}
        names = self._index[1]
        if kind not in names:
            entries = getattr(self, kind).items()
            names[kind] = {key(spelt): entry for entry, it in entries for spelt in spellings(entry, it)}
        return names[kind].get(key(name))

    def _elsewhere(self, entries: dict[str, S]) -> dict[str, str]:
        """Names of the entries of other kinds, by what all their spellings share, and what they name."""
        others = [kind for kind in _FOLDERS if getattr(self, kind) is not entries]
        return {
            key(spelt): f"the {_NOUNS[kind]} {identifier}"
            for kind in others
            for identifier, entry in getattr(self, kind).items()
            for spelt in spellings(identifier, entry)
        }

    def parameter(self, symbol: str) -> Quantity | None:
        """The parameter row for a model symbol: exact id, else the longest wildcard that matches."""
        if symbol in self.parameters:
            return self.parameters[symbol]
        hits = [key for key in self.parameters if "*" in key and fnmatchcase(symbol, key)]
        return self.parameters[max(hits, key=len)] if hits else None


def _folder(kind: str) -> str:
    """The kind itself; raises UnknownIdError for one that there is none of."""
    if kind not in _FOLDERS:
        raise UnknownIdError("kind of entry", text(kind, "kind of entry"), _FOLDERS)
    return kind


def read_library(*folders: Path) -> Library:
    """``Library(*folders)``, from the cache where its files are the ones that were read before."""
    library = cache.kept("library", lambda: contents(*folders), lambda: Library(*folders))
    library.generation = next(_GENERATIONS)
    return library


def contents(*folders: Path) -> str:
    """All that ``Library(*folders)`` follows from: its files, names of plans, places in messages."""
    places = [place for folder in folders for place in (folder, *(folder / kind for kind in _FOLDERS))]
    found = [path for place in places if place.is_dir() for path in sorted(place.iterdir())]
    plans = [
        path for folder in (paths.fits(), *folders) for path in sorted((folder / "plans").glob("*.yaml"))
    ]
    return f"{Path.cwd()}\n{folders}\n{cache.contents(found)}\n{plans}"


@functools.cache
def get_library() -> Library:
    """The package's library, plus the folders of plug-ins and of JAKINIB_LIBRARY (path separator between).

    >>> import jakinib as jk
    >>> jk.get_library().inhibitor("Olumiant").id
    'baricitinib'
    """
    return read_library(paths.models() / "library", *extra_folders())


@checked
def register(kind: str, path: str | Path) -> str:
    """Add one YAML file to the running library from outside the package; returns the new id.

    kind: "inhibitors", "cytokines", "cells", "populations", "milieus" or "readouts".

    >>> import jakinib as jk
    >>> from pathlib import Path
    >>> own = Path("joint.yaml")
    >>> level = "{value: 2, unit: ng/mL, kind: measured, status: verified, source: notebook}"
    >>> size = own.write_text(f"id: joint\\nnote: my patients\\nlevels:\\n  IL-6: {level}\\n")
    >>> jk.register("milieus", own)
    'joint'
    """
    return get_library().add(_folder(kind), Path(path))
