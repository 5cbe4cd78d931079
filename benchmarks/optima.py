"""One start of a fit: by separate runs, and by runs made ahead in lanes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from goals import Row
from measure import rounds

from jakinib.fit import prepare
from jakinib.fit.optimise import optimise
from jakinib.fit.problem import Problem

PLAN = "pathways"


def rows() -> Iterator[Row]:
    """Processor seconds of a local optimisation from the start of the plan, each way once."""
    ways: dict[str, Callable[[], object]] = {}
    spent: dict[str, int] = {}
    for name, in_lanes in (("libRoadRunner", False), ("lanes", True)):
        problem = prepare(PLAN).problem
        problem.context.in_lanes = in_lanes
        problem.jacobian(problem.start)  # models are loaded
        ways[name] = partial(_optimised, problem, name, spent)
    seconds = {name: times[0] for name, times in rounds(ways, 1, warm=0).items()}
    evaluations = " and ".join(map(str, spent.values()))
    yield Row(f"a start of {PLAN}", seconds, "s", ratio=5, note=f" ({evaluations} evaluations)")


def _optimised(problem: Problem, name: str, spent: dict[str, int]) -> None:
    spent[name] = optimise(problem, 0, problem.start).evaluations
