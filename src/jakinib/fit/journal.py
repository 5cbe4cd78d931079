"""What an unfinished run has done so far, in its result folder: run again, it goes on from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jakinib import paths


class Journal:
    """Finished pieces by name; valid only for the same ``key`` (inputs, seed, options)."""

    def __init__(self, path: Path, key: dict[str, Any]) -> None:
        self.path, self.key = path, json.loads(json.dumps(key))
        self.done: dict[str, Any] = {}
        if path.exists():
            stored = json.loads(path.read_text(encoding="utf-8"))
            if stored["key"] == self.key:
                self.done = stored["done"]

    def add(self, name: str, record: Any) -> None:
        """Keep a finished piece; the file is replaced as a whole, so a kill loses the running ones only."""
        self.done[name] = record
        paths.write_atomic(self.path, json.dumps({"key": self.key, "done": self.done}))

    def remove(self) -> None:
        """Forget the pieces: the results are written."""
        self.path.unlink(missing_ok=True)
