"""Run a plan from file to results."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from jakinib import paths
from jakinib.arguments import Within, checked
from jakinib.files.journal import Journal
from jakinib.fit import results
from jakinib.fit.optimise import Start, multistart
from jakinib.fit.plan import plan_path, read_plan
from jakinib.fit.problem import Problem
from jakinib.fit.results import Fit
from jakinib.library.measurements import DataSet, get_data
from jakinib.parallel import Workers

Starts = Annotated[int, Within(1, 10_000)]
PARTIAL = "starts.partial.json"


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


@checked
def fit(
    plan: str | Path | Prepared,
    *,
    starts: Starts | None = None,
    workers: Workers = 1,
    folder: Path | None = None,
    done: Callable[[Start], None] = lambda start: None,
) -> Fit:
    """Estimate the free parameters of a plan and write its results.

    plan: name, path or a prepared plan. starts: default from the plan. folder: default that of
    the plan (``results.folder``).
    An interrupted fit, run again, goes on with the starts it had not finished.
    Raises PlanError or InputError before anything is simulated.

    >>> import jakinib as jk
    >>> from pathlib import Path
        >>> found = jk.fit("clinical_pk", starts=1, folder=Path("my_fit"))
    >>> found.plan.id
    'clinical_pk'
    """
    ready = plan if isinstance(plan, Prepared) else prepare(plan)
    declared = ready.problem.plan
    wanted = starts or declared.starts
    target = folder or results.folder(declared)
    paths.check_writable(*(target / name for name in (*results.FILES, PARTIAL)))
    inputs = results.fingerprint(declared, ready.data)
    key = {"inputs": inputs, "seed": declared.seed, "starts": wanted, "versions": results.versions()}
    with Journal(target / PARTIAL, key) as journal:
        earlier = tuple(_unpack(journal[name]) for name in journal)
        for start in earlier:
            done(start)

        def keep(start: Start) -> None:
            journal.add(f"start {start.number}", json.dumps(asdict(start)).encode())
            done(start)

        runs = multistart(ready.problem, wanted, declared.seed, workers, keep, earlier)
        outcome = results.summarise(ready.problem, runs, ready.data)
        results.write(outcome, target)
        journal.remove()
    return outcome


def _unpack(content: bytes) -> Start:
    record = json.loads(content)
    return Start(**record | {"theta": tuple(record["theta"])})
