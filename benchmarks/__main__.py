"""Speed and memory beside goals and other tools, in one run: ``python benchmarks [--json FILE] [--page]``.

Needs the ``dev`` dependencies. Machines are noisy: read the medians and the ratios.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import engines
import generated
import goals
import optima
import populations
import runs
import speed
import starts
from cases import measurements
from cost import Cost, cost
from measure import Measurement
from rich.console import Console
from rich.table import Table

from jakinib.paths import write_atomic

PACKAGES = ("jakinib", "libroadrunner", "antimony", "tellurium", "copasi-basico", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    parser.add_argument("--page", action="store_true", help="also write them into docs/reference/speed.md")
    given = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    load = os.getloadavg()[0]
    with Console(stderr=True).status("measuring") as status:
        rows = []
        for row in itertools.chain(runs.rows(), optima.rows(), starts.rows()):
            rows.append(row)
            status.update(f"measuring ({row.work})")
        status.update("virtual populations")
        costs, share = cost(), populations.own_time()
        rows += costs.rows()
        console.print(goals.table(rows), costs.markdown(), sep="\n")
        status.update("code that is written and compiled")
        compiled = list(generated.rows())
        console.print(goals.table(compiled, "interpreted or compiled"))
        status.update("beside other tools")
        compared = {}
        for task in engines.tasks():
            compared[task.name] = engines.comparison(task)
            console.print(engines.table(task, compared[task.name]))
        if given.page:
            speed.write(rows, costs, share, compiled, compared, load)
        status.update("one run after another")
        taken = [take() for take in measurements()]
        console.print(_figures(taken), populations.table(), sep="\n")
    if given.json:
        write_atomic(given.json, json.dumps(_record(rows, taken, compared, costs), indent=2) + "\n")


def _figures(taken: list[Measurement]) -> Table:
    table = Table(title="jakinib, one run after another", title_justify="left")
    for column in ("what", "median", "quartiles", "rounds", "target", ""):
        table.add_column(column, justify="left" if column in ("what", "") else "right")
    for one in taken:
        target = "" if one.target is None else f"< {one.target:g} {one.unit}"
        table.add_row(
            one.name, f"{one.median:.3g} {one.unit}", f"{one.low:.3g} to {one.high:.3g}",
            str(one.rounds), target, one.verdict,
        )  # fmt: skip
    return table


def _record(
    rows: list[goals.Row], taken: list[Measurement], compared: speed.Compared, costs: Cost
) -> dict[str, Any]:
    return {
        "machine": {
            "system": platform.system(), "architecture": platform.machine(), "processors": os.cpu_count(),
            "python": platform.python_version(),
        },
        "packages": {name: version(name) for name in PACKAGES},
        "goals": [row.record() for row in rows],
        "population": costs.__dict__,
        "figures": [one.record() for one in taken],
        "beside": {
            name: [one.record() | {"difference": difference} for one, difference in found]
            for name, found in compared.items()
        },
    }  # fmt: skip


if __name__ == "__main__":
    main()
