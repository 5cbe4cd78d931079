"""What was measured, in the page of the documentation that says it: between two marks, by ``--page``."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

import goals
from cost import Cost
from measure import Measurement

from jakinib.paths import write_atomic

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "speed.md"
Compared = Mapping[str, list[tuple[Measurement, float]]]


def write(
    rows: Iterable[goals.Row],
    costs: Cost,
    share: Measurement,
    compiled: Iterable[goals.Row],
    compared: Compared,
    load: float,
) -> None:
    """Fill the parts of the page. load: of the machine before anything was measured."""
    parts = {
        "machine": f"Measured on {os.cpu_count()} cores ({platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}), of which other programs used {load:.1f} when it began.\n",
        "goals": goals.markdown(rows),
        "engines": _beside(compared),
        "compiled": goals.markdown(compiled),
        "share": f"Of the time of a virtual patient {share.median:.0f} % is spent in it: a kernel twice as "
        f"fast would make a population {1 / (1 - share.median / 200):.2g} times as fast.\n",
        "cost": costs.markdown(),
    }
    text = PAGE.read_text(encoding="utf-8")
    for name, content in parts.items():
        head, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"<!-- /{name} -->\n")
        if not begin or not end:
            raise SystemExit(f"{PAGE}: has no marks for {name}; restore them")
        text = f"{head}{begin}{content}{end}{tail}"
    write_atomic(PAGE, text)


def _beside(compared: Compared) -> str:
    """One table of all tasks."""
    lines = ["| run | tool | ms | times jakinib | largest difference |", "|---|---|---|---|---|"]
    for task, found in compared.items():
        ours = found[0][0].median
        lines += [
            f"| {task} | {one.name} | {one.median:.3g} | {one.median / ours:.2g} | {difference:.0e} |"
            for one, difference in found
        ]
    return "\n".join(lines) + "\n"
