"""The profiles of a fitted plan: computed, stored next to its estimates, resumed after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from jakinib import paths
from jakinib.build.estimates import estimates_path
from jakinib.fit import profile as profiles
from jakinib.fit import results
from jakinib.fit.journal import Journal
from jakinib.fit.profile import Profile
from jakinib.fit.run import Prepared, prepare


def profile_plan(
    plan: str | Path | Prepared,
    *,
    workers: int = 1,
    folder: Path | None = None,
    done: Callable[[str], None] = lambda parameter: None,
) -> list[Profile]:
    """Profile every parameter of a fitted plan; writes profiles.tsv and profiles.json.

    An interrupted run goes on with the parameters it had not finished. folder: where to write instead.
    Raises InputError when the plan was never fitted or its inputs changed since.
    """
    ready = plan if isinstance(plan, Prepared) else prepare(plan)
    problem = ready.problem
    theta = results.best_theta(problem, ready.data)
    target = folder or estimates_path(problem.plan.id).parent
    key = {"inputs": results.state(results.read(problem.plan))}
    journal = Journal(target / "profiles.partial.json", key)
    earlier = [profiles.unpack(record) for record in journal.done.values()]
    for item in earlier:
        done(item.id)

    def keep(item: Profile) -> None:
        journal.add(item.id, profiles.pack(item))
        done(item.id)

    found = profiles.profiles(problem, theta, workers, keep, earlier)
    profiles.write(target / "profiles.tsv", found)
    paths.write_atomic(target / "profiles.json", json.dumps(key, indent=1) + "\n")
    journal.remove()
    return found
