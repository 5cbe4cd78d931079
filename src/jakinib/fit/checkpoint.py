"""Finished starts of a fit in progress: an interrupted fit goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.fit.optimise import Start

NAME = "starts.partial.json"


class Checkpoint:
    """Starts done so far, in the result folder; valid only for the same inputs, seed and number of starts."""

    def __init__(self, folder: Path, key: dict[str, Any]) -> None:
        self.path, self.key = folder / NAME, key
        self.starts: list[Start] = self._read()

    def _read(self) -> list[Start]:
        if not self.path.exists():
            return []
        stored = json.loads(self.path.read_text(encoding="utf-8"))
        if stored["key"] != self.key:
            return []
        return [
            Start(**{**row, "theta": tuple(row["theta"]), "cost": float(row["cost"])})
            for row in stored["starts"]
        ]

    def add(self, start: Start) -> None:
        """Keep a finished start; the file is replaced as a whole, so a kill loses the running one only."""
        self.starts.append(start)
        rows = [{**asdict(start), "cost": repr(start.cost)} for start in self.starts]
        paths.write_atomic(self.path, json.dumps({"key": self.key, "starts": rows}))

    def remove(self) -> None:
        """Forget the starts: the results are written."""
        self.path.unlink(missing_ok=True)
