"""How long the page of ``jakinib explore`` takes to answer a slider: ``python benchmarks/page.py``.

Every cytokine and inhibitor in headless Chromium, from the move to the layout of all charts; aim: 100 ms.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from jakinib.explore import explore

AIM = 100.0  # ms


def main() -> None:
    program = shutil.which("chromium")
    if program is None:
        sys.exit("needs chromium; Debian has it in the package chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page = explore(Path(folder) / "explore.html")
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        run = subprocess.run(
            [program, *options, "--dump-dom", f"{page.as_uri()}#timing"],
            capture_output=True, encoding="utf-8", check=True,
        )  # fmt: skip
    found = re.search(r'id="timing">(.*?)</script>', run.stdout, re.DOTALL)
    if found is None:
        sys.exit("the page measured nothing")
    taken = json.loads(found[1])
    table = Table(title="a move of a slider, ms", title_justify="left")
    for column in ("cytokine", "median", "95 % of moves under", "slowest inhibitor", "its median"):
        table.add_column(column)
    every: list[float] = []
    for cytokine, by in taken.items():
        moves = [one for some in by.values() for one in some]
        every += moves
        slowest = max(by, key=lambda name: float(np.median(by[name])))
        table.add_row(
            cytokine, f"{np.median(moves):.0f}", f"{np.quantile(moves, 0.95):.0f}", slowest,
            f"{np.median(by[slowest]):.0f}",
        )  # fmt: skip
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print(table)
    inside = 100 * float(np.mean(np.array(every) < AIM))
    console.print(f"median {np.median(every):.0f} ms; {inside:.0f} % of {len(every)} moves under {AIM:g} ms")


if __name__ == "__main__":
    main()
