"""What a check is: one id, one level, one message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from jakinib import paths
from jakinib.check.files import File, Kind
from jakinib.errors import LONGEST, printable, shortened
from jakinib.library import Library
from jakinib.library.files import short
from jakinib.library.measurements import DataSet

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One complaint: which check, where, and what to do."""

    check: str
    level: Level
    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        message = shortened(" ".join(self.message.split()), LONGEST)
        return printable(f"{short(self.path)}:{self.line}: {self.level}: {message} [{self.check}]")

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "check": self.check,
            "level": self.level,
            "file": short(self.path),
            "line": self.line,
            "message": self.message,
        }


@dataclass
class Context:
    """What the files may refer to: the library with the checked entries in it, the data rows, the plans."""

    files: list[File]
    library: Library
    rows: dict[str, str] = field(default_factory=dict)  # id of a data row: its set
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)  # by id, as in the YAML
    sources: set[str] = field(default_factory=set)  # references and data folders that can be cited
    measurements: DataSet = field(default_factory=DataSet)  # rows as a criterion reads them
    packaged_rows: set[str] = field(default_factory=set)  # ids of rows outside the checked files

    @staticmethod
    def is_packaged(path: Path) -> bool:
        """Whether a file is one of the package's own."""
        return any(path.absolute().is_relative_to(own) for own in (paths.models(), paths.fits()))

    def of(self, kind: Kind) -> list[File]:
        return [file for file in self.files if file.kind == kind]


class Check:
    """Subclasses state id, level, the kinds of file they read and one message; ``find`` fills its gaps."""

    id: ClassVar[str]
    level: ClassVar[Level] = "error"
    kinds: ClassVar[tuple[Kind, ...]]
    message: ClassVar[str]

    def find(self, file: File, context: Context) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line, values for the message) of each complaint about one file."""
        raise NotImplementedError

    def run(self, file: File, context: Context) -> Iterator[Finding]:
        for line, values in self.find(file, context):
            yield Finding(self.id, self.level, file.path, line, self.message.format(**values))
