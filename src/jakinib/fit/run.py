"""Run a plan from file to results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jakinib.fit.data import get_data
from jakinib.fit.optimise import Start, multistart
from jakinib.fit.plan import plan_path, read_plan
from jakinib.fit.problem import Problem
from jakinib.fit.results import Fit, summarise, write


def fit(
    plan: str | Path,
    *,
    starts: int | None = None,
    workers: int = 1,
    folder: Path | None = None,
    done: Callable[[Start], None] = lambda start: None,
) -> Fit:
    """Estimate the free parameters of a plan and write fits/results/<plan>/.

    plan: name or path. starts: default from the plan. folder: where to write instead.
    Raises PlanError or InputError before anything is simulated.
    """
    data = get_data()
    path = plan_path(plan)
    declared = read_plan(path, data)
    problem = Problem(declared, data)
    outcome = summarise(
        problem, multistart(path, problem, starts or declared.starts, declared.seed, workers, done), data
    )
    write(outcome, folder)
    return outcome
