"""Run a plan from file to results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jakinib.build.estimates import estimates_path
from jakinib.fit.checkpoint import Checkpoint
from jakinib.fit.data import DataSet, get_data
from jakinib.fit.optimise import Start, multistart
from jakinib.fit.plan import plan_path, read_plan
from jakinib.fit.problem import Problem
from jakinib.fit.results import Fit, fingerprint, summarise, write


@dataclass(frozen=True)
class Prepared:
    """A plan that was read, checked against its data and composed: ready to be fitted."""

    path: Path
    problem: Problem
    data: DataSet


def prepare(plan: str | Path) -> Prepared:
    """Read a plan by name or path; raises PlanError or InputError before anything is simulated."""
    data = get_data()
    path = plan_path(plan)
    return Prepared(path, Problem(read_plan(path, data), data), data)


def fit(
    plan: str | Path | Prepared,
    *,
    starts: int | None = None,
    workers: int = 1,
    folder: Path | None = None,
    done: Callable[[Start], None] = lambda start: None,
) -> Fit:
    """Estimate the free parameters of a plan and write fits/results/<plan>/.

    plan: name, path or a prepared plan. starts: default from the plan. folder: where to write instead.
    An interrupted fit, run again, goes on with the starts it had not finished.
    Raises PlanError or InputError before anything is simulated.
    """
    ready = plan if isinstance(plan, Prepared) else prepare(plan)
    declared = ready.problem.plan
    wanted = starts or declared.starts
    target = folder or estimates_path(declared.id).parent
    checkpoint = Checkpoint(
        target, {"inputs": fingerprint(declared, ready.data), "seed": declared.seed, "starts": wanted}
    )
    for start in checkpoint.starts:
        done(start)

    def keep(start: Start) -> None:
        checkpoint.add(start)
        done(start)

    runs = multistart(
        ready.path, ready.problem, wanted, declared.seed, workers, keep, tuple(checkpoint.starts)
    )
    outcome = summarise(ready.problem, runs, ready.data)
    write(outcome, target)
    checkpoint.remove()
    return outcome
