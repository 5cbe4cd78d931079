"""Speed and memory, beside tellurium and COPASI in the same run: ``python benchmarks [--json FILE]``.

Needs the ``dev`` dependencies. Machines are noisy: read the medians and the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import lanes
import populations
import ratios
from cases import measurements
from engines import comparison
from measure import Measurement
from rich.console import Console
from rich.table import Table

from jakinib.paths import write_atomic

PACKAGES = ("jakinib", "libroadrunner", "antimony", "tellurium", "copasi-basico", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    file: Path | None = parser.parse_args().json
    console = Console(width=None if sys.stdout.isatty() else 130)
    with Console(stderr=True).status("measuring") as status:
        taken = []
        for number, take in enumerate(measurements(), start=1):
            status.update(f"measuring ({number})")
            taken.append(take())
        status.update("beside other tools")
        compared = comparison()
    console.print(_figures(taken), ratios.table(), _beside(compared), sep="\n")
    console.print("virtual populations", style="italic")
    populations.main()
    console.print("runs in lanes", style="italic")
    lanes.main()
    if file:
        write_atomic(file, json.dumps(_record(taken, compared), indent=2) + "\n")
        console.print(f"written to {file}")


def _figures(taken: list[Measurement]) -> Table:
    table = Table(title="jakinib", title_justify="left")
    for column in ("what", "median", "quartiles", "rounds", "target", ""):
        table.add_column(column, justify="left" if column in ("what", "") else "right")
    for one in taken:
        target = "" if one.target is None else f"< {one.target:g} {one.unit}"
        table.add_row(
            one.name, f"{one.median:.3g} {one.unit}", f"{one.low:.3g} to {one.high:.3g}",
            str(one.rounds), target, one.verdict,
        )  # fmt: skip
    return table


def _beside(compared: list[tuple[Measurement, float]]) -> Table:
    table = Table(title="blood_pkpd, 24 h, 4 mg, 97 points, all species, rtol 1e-8", title_justify="left")
    for column in ("tool", "median", "quartiles", "times jakinib", "largest difference"):
        table.add_column(column, justify="left" if column == "tool" else "right")
    ours = compared[0][0].median
    for one, difference in compared:
        table.add_row(
            one.name, f"{one.median:.3g} {one.unit}", f"{one.low:.3g} to {one.high:.3g}",
            f"{one.median / ours:.2g}", f"{difference:.0e}",
        )  # fmt: skip
    return table


def _record(taken: list[Measurement], compared: list[tuple[Measurement, float]]) -> dict[str, object]:
    ours = compared[0][0].median
    return {
        "machine": {
            "system": platform.system(), "architecture": platform.machine(), "processors": os.cpu_count(),
            "python": platform.python_version(),
        },
        "packages": {name: version(name) for name in PACKAGES},
        "figures": [one.record() for one in taken],
        "beside": [
            one.record() | {"ratio": one.median / ours, "difference": difference}
            for one, difference in compared
        ],
    }  # fmt: skip


if __name__ == "__main__":
    main()
