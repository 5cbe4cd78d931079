"""What is held against a goal: two ways of the same work in turn, so that both see the same noise.

Times of the process itself are processor time. A ratio of medians says how many times faster the second way
is and holds on any machine; a goal in seconds is that of an idle machine of two cores.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from measure import rounds
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """Work, done one way and another, or one way alone; and what is asked of it.

    ways: a name and a value in ``unit`` each, the last one counts. ratio: of the first to the last, at least.
    most: of the last, at most. note: what else is said of the values.
    """

    work: str
    ways: Mapping[str, float]
    unit: str = "ms"
    ratio: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def found(self) -> float | None:
        """How many times better the last way is than the first; None where there is one way."""
        first, last = list(self.ways.values())[:1], list(self.ways.values())[1:]
        return first[0] / last[-1] if last else None

    @property
    def goal(self) -> str:
        goals = [f"> {self.ratio:g} x"] if self.ratio is not None else []
        goals += [f"< {self.most:g} {self.unit}"] if self.most is not None else []
        return ", ".join(goals)

    @property
    def verdict(self) -> str:
        held = [
            compare(value, bound)
            for value, bound, compare in (
                (self.found, self.ratio, operator.gt),
                (next(reversed(self.ways.values()), None), self.most, operator.lt),
            )
            if value is not None and bound is not None
        ]
        if not self.ways:
            return "failed"
        return "" if not held else "met" if all(held) else "missed"

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"found": self.found, "verdict": self.verdict}

    def cells(self) -> list[str]:
        """work, the ways with their values, ratio, goal, verdict."""
        ways = "; ".join(f"{name} {value:.3g}" for name, value in self.ways.items())
        found = "" if self.found is None else f"{self.found:.3g} x"
        values = f"{ways} {self.unit}{self.note}" if ways else self.note
        return [self.work, values, found, self.goal, self.verdict]


def in_turn(work: str, ways: Mapping[str, Callable[[], object]], number: int, runs: int = 1, **goals: float
            ) -> Row:  # fmt: skip
    """Median ms of each way, which does ``runs`` of the work at once; goals: as of ``Row``."""
    seconds = rounds(ways, number)
    return Row(work, {name: 1e3 * median(times) / runs for name, times in seconds.items()}, **goals)


HEAD = ["work", "medians", "ratio", "goal", ""]


def table(rows: Iterable[Row], title: str = "beside the goals") -> Table:
    """For a console."""
    out = Table(title=title, title_justify="left")
    for column in HEAD:
        out.add_column(column, justify="right" if column == "ratio" else "left")
    for row in rows:
        out.add_row(*row.cells())
    return out


def markdown(rows: Iterable[Row]) -> str:
    """For a page."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
