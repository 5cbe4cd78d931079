"""Run every check on a file or a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.check import entries, evidence, meaning, models
from jakinib.check.base import Check, Context, Finding
from jakinib.check.files import File, Kind, collect, read
from jakinib.errors import InputError
from jakinib.library import Library
from jakinib.library.citations import Evidence, References
from jakinib.library.files import read_model, read_rows
from jakinib.library.measurements import DataSet
from jakinib.library.plugins import extra_folders
from jakinib.library.schema import ParameterRow, Proteins

CHECKS: tuple[Check, ...] = (
    entries.Readable(), entries.KnownKind(), entries.Filled(), entries.Schema(), entries.Origin(),
    entries.Rationale(), entries.Unit(), entries.LibraryRows(), entries.Recalled(), entries.Cited(),
    entries.DuplicateId(), entries.Overrides(), meaning.Dimension(), meaning.KnownSymbol(), meaning.Named(),
    meaning.Pool(), meaning.PotencyAtp(), evidence.DataRows(), evidence.DuplicateRow(), evidence.Source(),
    evidence.Wanted(), evidence.Licence(), evidence.AssayConditions(), evidence.RowUnused(),
    evidence.PlanRows(), evidence.CriterionRows(), evidence.HeldOut(), entries.EvidenceRows(),
    entries.EvidenceCodes(), evidence.EarlierPlan(), evidence.Bounds(), models.ValidSbml(),
    models.CleanSbml(), models.Template(),
)  # fmt: skip
LAST = (entries.Loads(), meaning.Composes())  # each only for files with no error so far


@dataclass(frozen=True)
class Report:
    """What the checks found in how many files."""

    findings: list[Finding]
    files: int

    @property
    def errors(self) -> int:
        return sum(f.level == "error" for f in self.findings)

    @property
    def passed(self) -> bool:
        """True without errors; warnings do not count."""
        return not self.errors

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "passed": self.passed,
            "files": self.files,
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
            "findings": [finding.record() for finding in self.findings],
        }


def check(path: str | Path, done: Callable[[Path], None] = lambda path: None) -> Report:
    """Lint one file, or every file of a folder laid out as a library; nothing is simulated or written.

    References are resolved against the package, plug-ins, JAKINIB_LIBRARY and the folder itself.
    Raises InputError when there is nothing to check.
    """
    files = collect(Path(path))
    context = _context(files, Path(path))
    findings = []
    reported = [file for file in files if file.report]
    for file in reported:
        found = [hit for one in CHECKS if file.kind in one.kinds for hit in one.run(file, context)]
        for last in LAST:
            if file.kind in last.kinds and not any(hit.level == "error" for hit in found):
                found += last.run(file, context)
        findings += sorted(found, key=lambda hit: (hit.line, hit.check))
        done(file.path)
    return Report(findings, len(reported))


def _context(files: list[File], path: Path) -> Context:
    """The library and the evidence around the files; entries with errors are left out of it."""
    whole = path.absolute()
    others = [f for f in extra_folders() if not _overlap(f.absolute(), whole)]
    library = Library(paths.models() / "library", *others)
    order: tuple[Kind, ...] = (
        "proteins",
        "references",
        "evidence",
        "parameters",
        "cell_numbers",
        "cells",
        "populations",
        "cytokines",
    )
    later: tuple[Kind, ...] = ("inhibitors", "milieus", "readouts")
    for kind in (*order, *later):
        for file in sorted((f for f in files if f.kind == kind), key=lambda f: bool(f.data.get("like"))):
            _take(library, kind, file)
    context = Context(files, library)
    around = [paths.fits(), *others]
    plans = [read(p) for root in around for p in sorted((root / "plans").glob("*.yaml"))]
    context.plans = {f.id or f.path.stem: f.data for f in (*plans, *context.of("plans"))}
    tables = [read(p) for root in around for p in sorted((root / "data").glob("*/measurements.tsv"))]
    for file in (*tables, *context.of("measurements")):
        if not file.problem:
            context.rows |= {row.get("id", ""): row.get("set", "") for _, row in file.rows}
            context.sources.add(file.path.parent.name)
    context.packaged_rows = {row.get("id", "") for file in tables for _, row in file.rows}
    context.sources |= set(library.references)
    context.measurements = _data([paths.fits() / "data", *(root / "data" for root in (*others, path))])
    return context


def _data(roots: list[Path]) -> DataSet:
    """The rows of data folders; those of the package alone while one cannot be read, which others report."""
    found = dict.fromkeys(root.absolute() for root in roots if root.is_dir())
    try:
        return DataSet(*found)
    except InputError:
        return DataSet(paths.fits() / "data")


def _overlap(a: Path, b: Path) -> bool:
    return a.is_relative_to(b) or b.is_relative_to(a)


def _take(library: Library, kind: Kind, file: File) -> None:
    """Add one file to the library when it is valid; what is wrong with it is reported by its own checks."""
    if file.problem:
        return
    try:
        match kind:
            case "proteins":
                library.proteins.update(read_model(file.path, Proteins).proteins)
            case "references":
                library.references.update(read_model(file.path, References).references)
            case "evidence":
                library.evidence.update({row.code: row for _, row in read_rows(file.path, Evidence)})
            case "parameters":
                library.parameters.update({row.id: row for _, row in read_rows(file.path, ParameterRow)})
            case "cell_numbers":
                library.add_cells(file.path.parent)
            case _:
                library.add(kind, file.path)
    except InputError as error:
        file.refused = str(error)
