"""One Node process that runs exported modules and answers with numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.export.javascript import to_javascript
from jakinib.simulate import Protocol

NODE = shutil.which("node")


class Node:
    """folder: where the modules are written that it runs."""

    def __init__(self, folder: Path) -> None:
        assert NODE is not None
        self.folder = folder
        process = subprocess.Popen(
            [NODE, str(Path(__file__).with_name("node_runs.mjs"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._asked, self._said = process, process.stdin, process.stdout

    def close(self) -> None:
        self._asked.close()
        self._said.close()
        self._process.wait()

    def module(self, sbml: str) -> Path:
        """A model as a file of its own."""
        path = self.folder / f"{len(list(self.folder.iterdir()))}.mjs"
        path.write_text(to_javascript(sbml), encoding="utf-8")
        return path

    def ask(self, module: Path, **what: Any) -> Any:
        """What the process finds; raises RuntimeError with the message of what it throws."""
        self._asked.write(json.dumps({"module": str(module), **what}) + "\n")
        self._asked.flush()
        said = json.loads(self._said.readline())
        if "error" in said:
            raise RuntimeError(said["error"])
        return said["found"]

    def run(
        self, module: Path, protocol: Protocol, read: list[str], rtol: float = 1e-8
    ) -> NDArray[np.float64]:
        """As ``Model.run``; shape (times, read)."""
        run = {
            "values": dict(protocol.settings),
            "times": list(map(float, protocol.times)),
            "stops": [{"time": step.time, "set": dict(step.values)} for step in protocol.steps],
            "from": protocol.start,
            "rtol": rtol,
        }
        return np.array(self.ask(module, run=run, read=read), dtype=float).T
