"""What a fit leaves behind: estimates with intervals, and the provenance to believe and repeat them."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jakinib import paths
from jakinib.build import compose
from jakinib.build.estimates import Estimate, estimates_path, own_plan, result_file
from jakinib.errors import InputError
from jakinib.experiments import Inhibited
from jakinib.files.journal import read_record
from jakinib.fit.context import FIT_RTOL
from jakinib.fit.inherited import FILE as COVARIANCE
from jakinib.fit.inherited import write_covariance
from jakinib.fit.objective import Objective, covariance
from jakinib.fit.optimise import FTOL, GTOL, XTOL, Start, optimise
from jakinib.fit.plan import Plan
from jakinib.fit.problem import Z90, Problem, build_experiments
from jakinib.fit.profile import FLAT, Verdict
from jakinib.fit.side import THRESHOLD
from jakinib.fit.spreads import log_evidence, settle
from jakinib.library.files import read_table
from jakinib.library.measurements import DataSet
from jakinib.simulate.scale import ATOL_NM

FILES = ("estimates.tsv", COVARIANCE, "provenance.json")


def versions() -> dict[str, str]:
    """What computes a result: part of its provenance, and of the key of an unfinished run."""
    names = ("jakinib", "libroadrunner", "antimony", "numpy", "scipy")
    return {name: version(name) for name in names} | {"python": platform.python_version()}


def folder(plan: Plan) -> Path:
    """Where the results of a plan are written when no folder is named.

    The folder of a user's plan, or that of JAKINIB_RESULTS; else fits/results of a checkout, and
    jakinib-results of the current folder where the package is installed, which is never written to.
    """
    if own := own_plan(plan.id):
        return own / "results" / plan.id
    if told := paths.own_results():
        return told / plan.id
    return (Path("jakinib-results") if paths.installed() else paths.fits() / "results") / plan.id


@dataclass(frozen=True)
class Fit:
    """The outcome of a plan. estimates: one row a parameter, in plan units, with a 90 % interval.

    covariance: of ln(parameters), in the plan's order; None when read from a folder.
    """

    plan: Plan
    estimates: list[Estimate]
    provenance: dict[str, Any]
    covariance: NDArray[np.float64] | None = None


def intervals(
    problem: Problem, theta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """90 % interval (natural log scale) from the Gauss-Newton Hessian, clipped to the bounds."""
    jac = problem.jacobian(theta)
    spread = np.linalg.pinv(jac.T @ jac, rcond=1e-12)
    half = Z90 * np.sqrt(np.maximum(np.diag(spread), 0))
    half[np.abs(jac).max(axis=0) < 1e-9] = np.inf  # no residual depends on it here: only the bounds limit it
    return np.maximum(theta - half, problem.low), np.minimum(theta + half, problem.high)


def summarise(problem: Problem, starts: Sequence[Start], data: DataSet) -> Fit:
    """Estimates and provenance from the best start; raises InputError when none succeeded.

    The starts are compared under the medians of the spreads; from the best one the spreads are estimated.
    """
    good = sorted((s for s in starts if np.isfinite(s.cost)), key=lambda s: s.cost)
    if not good:
        raise InputError(
            f"plan {problem.plan.id}: none of {len(starts)} starts could be simulated: {starts[0].message}"
        )
    best = good[0]
    theta = settle(problem, np.array(best.theta)) if problem.spreads else np.array(best.theta)
    problem.spreads = {name: _round(value) for name, value in problem.spreads.items()}
    low, high = intervals(problem, theta)
    priors = problem.marginal_priors()
    shares = Quadratic(problem, theta)
    rows = []
    for i, parameter in enumerate(problem.plan.parameters):
        at_bound = theta[i] - problem.low[i] < 1e-3 or problem.high[i] - theta[i] < 1e-3
        clipped = low[i] <= problem.low[i] or high[i] >= problem.high[i]
        verdict: Verdict = "at bound" if at_bound else shares.verdict(i, clipped)
        for symbol in (parameter.id, *parameter.also):
            rows.append(
                Estimate(
                    id=symbol,
                    value=_round(float(np.exp(theta[i]))),
                    unit=parameter.unit,
                    low=_round(float(np.exp(low[i]))),
                    high=_round(float(np.exp(high[i]))),
                    scope=parameter.scope,
                    verdict=verdict,
                    prior_median=_round(priors[i].median) if i in priors else None,
                    prior_factor=_round(math.exp(priors[i].sigma({}))) if i in priors else None,
                )
            )
    provenance = {
        "plan": problem.plan.id,
        "inputs": fingerprint(problem.plan, data),
        "objective": _round(best.cost),
        "residuals": problem.size,
        "starts": len(starts),
        "starts_within_1_percent": sum(s.cost <= best.cost * 1.01 for s in good),
        "failed_starts": len(starts) - len(good),
        "failed_evaluations": sum(s.failures for s in starts),
        "costs": [float(f"{s.cost:.10g}") for s in good],
        "seed": problem.plan.seed,
        "tolerances": {"xtol": XTOL, "ftol": FTOL, "gtol": GTOL, "rtol": FIT_RTOL, "atol_nM": ATOL_NM},
        "termination": best.message,
        "spreads": problem.spreads,
        "log_evidence": _round(log_evidence(problem, theta)),
        "interval": "90 %, Gauss-Newton",
        "versions": versions(),
    }  # fmt: skip
    return Fit(problem.plan, rows, provenance, covariance(problem, theta))


class Quadratic:
    """Verdicts as ``profile.verdict`` gives them, from the quadratic approximation at an optimum."""

    def __init__(self, problem: Objective, theta: NDArray[np.float64]) -> None:
        spread, jac = covariance(problem, theta), problem.jacobian(theta)
        along = spread / np.diag(spread)  # column i: how all parameters move with parameter i
        whole = np.square(jac @ along).sum(axis=0)
        data = np.square((jac @ along)[: len(problem.targets)]).sum(axis=0)
        self.data_share = np.divide(data, whole, out=np.zeros_like(whole), where=whole > 0)

    def verdict(self, index: int, clipped: bool) -> Verdict:
        """clipped: the interval reaches a bound."""
        return judge(float(self.data_share[index]), clipped)


def judge(data_share: float, clipped: bool = False) -> Verdict:
    """Verdict by the share of the data in what holds a quantity; clipped: its interval reaches a bound."""
    if data_share * THRESHOLD < FLAT:
        return "structurally non-identifiable"
    if clipped or data_share < 0.5:
        return "practically non-identifiable"
    return "identifiable"


@dataclass(frozen=True)
class Judged:
    """An estimate with its interval and verdict by the best method at hand; plan units."""

    estimate: Estimate
    low: float
    high: float
    verdict: str
    method: Literal["profile", "quadratic"]


def judged(fit: Fit, stored: Path | None = None) -> list[Judged]:
    """Interval and verdict of every estimate: from the stored profile where it belongs to this very fit.

    stored: where profiles lie, default where ``result_file`` finds them.
    """
    from jakinib.fit import profile

    found = profile.fresh(stored or result_file(fit.plan.id, "profiles.json").parent, state(fit))
    out = []
    free = {symbol: p.id for p in fit.plan.parameters for symbol in (p.id, *p.also)}
    for row in fit.estimates:
        item = found.get(free[row.id])
        if item is None:
            out.append(Judged(row, row.low, row.high, row.verdict, "quadratic"))
        else:
            out.append(Judged(row, item.low, item.high, profile.verdict(item), "profile"))
    return out


def state(fit: Fit) -> dict[str, str]:
    """What profiles and ensembles of a fit depend on: the inputs of the fit and its estimates."""
    rows = "".join(f"{row.id}={row.value:.4g};" for row in fit.estimates)
    return {**fit.provenance["inputs"], "estimates": _hash(rows.encode())}


def _round(value: float) -> float:
    """Four digits: a refit gives the same text, and so the same SBML."""
    return float(f"{value:.4g}")


_WORDS = {"location", "note", "kind", "status"}  # of a data row: no number depends on them


def fingerprint(plan: Plan, data: DataSet) -> dict[str, str]:
    """SHA-256 of all that the fit depends on: mathematics of the models, plan, numbers, earlier results."""
    context, experiments = build_experiments(plan, data)
    named = {spec for one in experiments for spec in one.fitted_specs}
    specs = sorted({context.resolved(spec) for spec in named}, key=repr)
    read = plan.reads(data)
    sources = sorted({data[row].source for row in read})
    rows = [data[row].model_dump_json(exclude_defaults=True, exclude=_WORDS) for row in read]
    rows += [assay.numbers() for source in sources if (assay := data.sources[source].assay)]
    rows += [repr(one.assay.free) for one in experiments if isinstance(one, Inhibited)]
    out = {
        "models": _hash("".join(compose(spec).mathematics for spec in specs).encode()),
        "plan": _hash(plan.model_dump_json(exclude_defaults=True).encode()),
        "data": _hash("".join(rows).encode()),
    }
    for earlier in plan.after:
        out[f"results/{earlier}"] = _digest(
            [estimates_path(earlier), estimates_path(earlier).parent / COVARIANCE]
        )
    return out


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def _digest(files: Sequence[Path]) -> str:
    return _hash(
        b"".join(path.name.encode() + (path.read_bytes() if path.exists() else b"") for path in files)
    )


def write(fit: Fit, folder: Path) -> None:
    """Write estimates.tsv, covariance.tsv and provenance.json atomically."""
    columns = list(Estimate.model_fields)
    lines = ["\t".join(columns)]
    for row in fit.estimates:
        values = row.model_dump()
        lines.append("\t".join("" if values[c] is None else f"{values[c]}" for c in columns))
    paths.write_atomic(
        folder / "provenance.json", json.dumps(fit.provenance, indent=2, sort_keys=True) + "\n"
    )
    if fit.covariance is not None:
        write_covariance(folder, [parameter.id for parameter in fit.plan.parameters], fit.covariance)
    paths.write_atomic(folder / "estimates.tsv", "\n".join(lines) + "\n")


def read(plan: Plan) -> Fit:
    """Results of a plan; raises InputError when it was never fitted."""
    path, again = estimates_path(plan.id), f"run: jakinib fit {plan.id}"
    if not path.exists():
        raise InputError(f"plan {plan.id} has no results; {again}")
    provenance = read_record(path.parent / "provenance.json", "the provenance of a fit", again)
    if not isinstance(provenance.get("inputs"), dict):
        raise InputError(f"{path.parent / 'provenance.json'}: names no inputs; {again}")
    return Fit(plan, read_table(path, Estimate), provenance)


def best_theta(problem: Problem, data: DataSet) -> NDArray[np.float64]:
    """The stored optimum (ln of parameters in plan units), polished by one local optimisation.

    The spreads of the fit are set in ``problem``.

    Raises InputError when the plan was never fitted or its inputs changed since.
    """
    fit = read(problem.plan)
    if changed := stale(fit, data):
        raise InputError(
            f"results of plan {problem.plan.id} are stale: {', '.join(changed)} changed; "
            f"run: jakinib fit {problem.plan.id}"
        )
    stored = {row.id: row.value for row in fit.estimates}
    theta = np.log([stored[name] for name in problem.names])
    problem.spreads = dict(fit.provenance.get("spreads", {}))
    return np.array(optimise(problem, 0, theta).theta)


def stale(fit: Fit, data: DataSet) -> list[str]:
    """Names of the inputs that changed since the fit; empty when it is fresh."""
    now = fingerprint(fit.plan, data)
    then = fit.provenance["inputs"]
    return [name for name in now if now[name] != then.get(name)]
