"""The ensemble of a fitted plan: drawn, stored next to its estimates, found again while it is fresh."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jakinib import paths
from jakinib.build.estimates import result_file
from jakinib.errors import InputError
from jakinib.files.journal import Journal, read_record
from jakinib.fit import ensemble as ensembles
from jakinib.fit import results
from jakinib.fit.ensemble import EVALUATIONS, MOST_DRAWS, Ensemble, Method
from jakinib.fit.objective import Array
from jakinib.fit.plan import Plan
from jakinib.fit.run import Prepared, prepare

PARTIAL = "ensemble.partial.json"


@dataclass(frozen=True)
class Stored:
    """An ensemble as it lies in the result folder.

    theta: (draws, d), ln of plan units. symbols: model symbol -> (column, factor to the model unit).
    given: symbols that the plan holds at values of its own.
    """

    plan: Plan
    theta: Array
    method: Method
    diagnostics: Mapping[str, float]
    symbols: Mapping[str, tuple[int, float]]
    given: Mapping[str, float]

    def settings(self, theta: Array) -> dict[str, float]:
        """Model symbols and their values for one draw."""
        values = np.exp(theta)
        drawn = {name: float(values[i] * unit) for name, (i, unit) in self.symbols.items()}
        return {**self.given, **drawn}


def sample(
    plan: str | Path | Prepared,
    *,
    evaluations: int = EVALUATIONS,
    draws: int = MOST_DRAWS,
    workers: int = 1,
    seed: int | None = None,
    folder: Path | None = None,
    done: Callable[[str], None] = lambda piece: None,
) -> Ensemble:
    """Draw the ensemble of a fitted plan; writes ensemble.tsv and ensemble.json.

    evaluations: of each of four chains. seed: default that of the plan. folder: where to write instead.
    An interrupted run goes on with the chains it had not finished.
    Raises InputError when the plan was never fitted or its inputs changed since.
    """
    ready = plan if isinstance(plan, Prepared) else prepare(plan)
    problem, declared = ready.problem, ready.problem.plan
    seed = declared.seed if seed is None else seed
    target = folder or results.folder(declared)
    files = [target / ensembles.NAME, _record(target), target / PARTIAL]
    paths.check_writable(*files)
    inputs = results.state(results.read(declared))
    key = {"inputs": inputs, "seed": seed, "evaluations": evaluations, "draws": draws}
    with Journal(files[-1], key | {"versions": results.versions()}) as journal:
        theta = results.best_theta(problem, ready.data)
        drawn = ensembles.draw(
            problem, theta, draws, seed, evaluations=evaluations, workers=workers, journal=journal, done=done
        )
        factors = problem.values(np.zeros(len(theta)))
        record = {
            **key,
            "plan": declared.id,
            "method": drawn.method,
            "threshold": {"rhat": ensembles.LARGEST_RHAT, "ess": ensembles.SMALLEST_ESS},
            "diagnostics": {name: float(f"{value:.4g}") for name, value in drawn.diagnostics.items()},
            "symbols": {
                symbol: [column, factors[symbol]]
                for column, parameter in enumerate(declared.parameters)
                for symbol in (parameter.id, *parameter.also)
            },
            "given": problem.given,
        }
        units = {parameter.id: parameter.unit for parameter in declared.parameters}
        ensembles.write(files[0], drawn, units)
        paths.write_atomic(files[1], json.dumps(record, indent=1) + "\n")
        journal.remove()
        return drawn


def _record(folder: Path) -> Path:
    return (folder / ensembles.NAME).with_suffix(".json")


def load(plan: Plan, state: Mapping[str, str]) -> Stored:
    """The stored ensemble of a plan; ``state`` is what ``results.state`` gives now.

    Raises InputError, in one line that says what to run, when there is none or it is stale.
    """
    folder = result_file(plan.id, _record(Path()).name).parent
    run = f"run: jakinib ensemble {plan.id}"
    if not _record(folder).exists():
        raise InputError(f"plan {plan.id} has no stored ensemble; {run}")
    record = read_record(_record(folder), "the record of an ensemble", run)
    then = record.get("inputs")
    changed = [name for name in state if not isinstance(then, dict) or then.get(name) != state[name]]
    if changed:
        raise InputError(f"the ensemble of plan {plan.id} is stale: {', '.join(changed)} changed; {run}")
    values = ensembles.read(folder / ensembles.NAME, [parameter.id for parameter in plan.parameters])
    return Stored(
        plan,
        np.log(values),
        record["method"],
        record["diagnostics"],
        {symbol: (int(column), float(factor)) for symbol, (column, factor) in record["symbols"].items()},
        record.get("given", {}),
    )
