"""The profiles of a fitted plan: computed, stored next to its estimates, resumed after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from jakinib import paths
from jakinib.files.journal import Journal
from jakinib.fit import profile as profiles
from jakinib.fit import results
from jakinib.fit.profile import Profile
from jakinib.fit.run import Prepared, prepare

PARTIAL = "profiles.partial.json"


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
    target = folder or results.folder(problem.plan)
    files = [target / name for name in ("profiles.tsv", "profiles.json", PARTIAL)]
    paths.check_writable(*files)
    key = {"inputs": results.state(results.read(problem.plan))}
    with Journal(files[-1], key | {"versions": results.versions()}) as journal:
        theta = results.best_theta(problem, ready.data)
        earlier = [profiles.unpack(journal[name]) for name in journal]
        for item in earlier:
            done(item.id)

        def keep(item: Profile) -> None:
            journal.add(item.id, profiles.pack(item))
            done(item.id)

        found = profiles.profiles(problem, theta, workers, keep, earlier)
        profiles.write(files[0], found)
        paths.write_atomic(files[1], json.dumps(key, indent=1) + "\n")
        journal.remove()
    return found
