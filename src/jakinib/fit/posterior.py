"""The ensemble of a fitted plan: drawn, stored next to its estimates, found again while it is fresh."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jakinib import paths
from jakinib.build.estimates import Estimate, estimates_path, result_file
from jakinib.errors import InputError
from jakinib.files.journal import Journal, read_record
from jakinib.fit import ensemble as ensembles
from jakinib.fit import results
from jakinib.fit.ensemble import EVALUATIONS, MOST_DRAWS, Ensemble, Method
from jakinib.fit.objective import Array, covariance
from jakinib.fit.plan import Plan, read_plan
from jakinib.fit.problem import Problem
from jakinib.fit.run import Prepared, prepare
from jakinib.library.files import read_table
from jakinib.library.measurements import DataSet

PARTIAL = "ensemble.partial.json"
STEP = 1e-3  # ln units; step in a parameter of an earlier plan


@dataclass(frozen=True)
class Stored:
    """An ensemble as it lies in the result folder.

    theta: (draws, d), ln of plan units. symbols: model symbol -> (column, factor to the model unit).
    response: parameter of an earlier plan -> (its ln value, change (d) of ln estimates per unit of it).
    """

    plan: Plan
    theta: Array
    method: Method
    diagnostics: Mapping[str, float]
    symbols: Mapping[str, tuple[int, float]]
    response: Mapping[str, tuple[float, Array]]

    def settings(self, theta: Array) -> dict[str, float]:
        """Model symbols and their values for one draw."""
        values = np.exp(theta)
        return {name: float(values[i] * unit) for name, (i, unit) in self.symbols.items()}


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
            "response": _responses(problem, theta, ready.data),
        }
        units = {parameter.id: parameter.unit for parameter in declared.parameters}
        ensembles.write(files[0], drawn, units)
        paths.write_atomic(files[1], json.dumps(record, indent=1) + "\n")
        journal.remove()
        return drawn


def _record(folder: Path) -> Path:
    return (folder / ensembles.NAME).with_suffix(".json")


def _responses(problem: Problem, theta: Array, data: DataSet) -> dict[str, Any]:
    """How the estimates follow an earlier plan's parameter that this plan took as given.

    Linear re-estimation, d theta / d phi = -C J' dr/dphi. A draw of the earlier plan then moves the draws of
    this one along (the cut distribution of staged plans: Plummer 2015, Stat. Comput. 25:37); varied alone, it
    would spoil the calibration that it was part of.
    """
    out: dict[str, Any] = {}
    own = problem.values(theta)
    touched = set[str]().union(*(target.symbols(problem.context) for target in problem.targets))
    gain = covariance(problem, theta) @ problem.jacobian(theta).T
    for name in problem.plan.after:
        fitted = {row.id: row.value for row in read_table(estimates_path(name), Estimate)}
        plan = read_plan(name, data)
        factors = Problem(plan, data).values(np.zeros(len(plan.parameters)))
        for parameter in plan.parameters:
            tied = {parameter.id, *parameter.also}
            if parameter.scope != "model" or not tied & touched or tied & set(own):
                continue
            ends = []
            for sign in (1, -1):
                value = fitted[parameter.id] * np.exp(sign * STEP)
                moved = copy.copy(problem)
                extra = {symbol: float(value * factors[symbol]) for symbol in tied}
                moved.given = extra
                ends.append(moved.residuals(theta + sign * 1e-12))  # another point: nothing remembered
            slope = -gain @ (ends[0] - ends[1]) / (2 * STEP)
            out[parameter.id] = {
                "at": float(np.log(fitted[parameter.id])),
                "change": [float(f"{x:.4g}") for x in slope],
            }
    return out


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
        {name: (row["at"], np.array(row["change"])) for name, row in record["response"].items()},
    )
