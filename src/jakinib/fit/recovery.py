"""Recovery: simulate published-like data from known parameters, refit, count how often the interval covers.

Noise is that of the plan's error model: log-normal, the factor of the row's quantity. A prior counts as one
more measurement of its parameter: every replicate draws its median around the truth with the factor of the
prior; so does what an earlier plan left about several parameters together. In a linear model this is the
same as drawing the truth from the prior, and it keeps the truth at the estimates, where coverage matters, and
inside the bounds (auxiliary measurements: Cousins, Linnemann and Tucker 2008, Nucl. Instrum. Methods A
595:480). The reserve prior, one number for many pathways, stays.

Offline: ``python -m jakinib.fit.recovery clinical_pk --replicates 200``.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from jakinib.build.estimates import Estimate, estimates_path
from jakinib.errors import InputError, PlanError, SimulationError
from jakinib.fit.plan import Plan, plan_path, read_plan
from jakinib.fit.problem import Problem, build_experiments
from jakinib.fit.profile import Array, Objective, minimise
from jakinib.library.files import read_table
from jakinib.library.measurements import DataSet, get_data
from jakinib.parallel import in_order

Z90 = 1.6448536269514722  # standard normal quantile, two-sided 90 %

Factory = Callable[[Array, np.random.Generator], Objective]
Interval = tuple[Array, Array]


@dataclass(frozen=True)
class Recovery:
    """Refits of synthetic data; all values ln of plan units.

    truth: (d,). estimate, low, high: (replicates, d), 90 % Gauss-Newton intervals, bounds ignored.
    failed: replicates that could not be refitted, left out of the arrays.
    """

    names: tuple[str, ...]
    truth: Array
    estimate: Array
    low: Array
    high: Array
    failed: int = 0

    @property
    def covers(self) -> np.ndarray:
        """Whether each interval holds the truth; (replicates, d)."""
        return (self.low <= self.truth) & (self.truth <= self.high)

    @property
    def coverage(self) -> Array:
        """Share of replicates whose interval holds the truth, per parameter."""
        return np.asarray(self.covers.mean(axis=0), dtype=float)

    def confidence(self, level: float = 0.95) -> Interval:
        """Clopper-Pearson confidence limits of ``coverage``, per parameter."""
        hits = self.covers.sum(axis=0)
        limits = [binomial_limits(int(hit), len(self.covers), level) for hit in hits]
        return np.array([low for low, _ in limits]), np.array([high for _, high in limits])

    def table(self) -> str:
        """One line a parameter: coverage with 95 % limits, bias and spread of the estimates (ln)."""
        low, high = self.confidence()
        bias, spread = (self.estimate - self.truth).mean(axis=0), self.estimate.std(axis=0, ddof=1)
        lines = ["parameter\tcoverage\tlow\thigh\tbias\tspread"]
        lines += [
            f"{name}\t{self.coverage[i]:.3f}\t{low[i]:.3f}\t{high[i]:.3f}\t{bias[i]:+.3f}\t{spread[i]:.3f}"
            for i, name in enumerate(self.names)
        ]
        return "\n".join([*lines, f"all\t{self.covers.mean():.3f}"])


def binomial_limits(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact two-sided confidence limits of a proportion (Clopper and Pearson 1934, Biometrika 26:404)."""
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(beta.ppf(tail, hits, trials - hits + 1))
    high = 1.0 if hits == trials else float(beta.ppf(1 - tail, hits + 1, trials - hits))
    return low, high


@dataclass
class SyntheticPlan:
    """Makes problems of one plan on synthetic data: call with the truth (ln) and a random generator."""

    plan: Plan
    data: DataSet
    _noiseless: dict[bytes, dict[str, float]] = field(default_factory=dict, repr=False)

    def __call__(self, truth: Array, rng: np.random.Generator) -> Problem:
        if (key := truth.tobytes()) not in self._noiseless:
            self._noiseless[key] = noiseless(self.plan, self.data, truth)
        values = {
            row: value * math.exp(rng.standard_normal() * self._sigma(row))
            for row, value in self._noiseless[key].items()
        }
        problem = Problem(self.plan, with_values(self.data, values))
        problem.priors = [
            (index, prior.around(float(truth[index]), rng.standard_normal(), problem.spreads))
            for index, prior in problem.priors
        ]
        problem.inherited = [
            left.around(truth, rng.standard_normal(len(left.indices))) for left in problem.inherited
        ]
        return problem

    def _sigma(self, row: str) -> float:
        """One standard deviation of a row: a spread at the median of its prior, else as declared."""
        quantity = self.data[row].quantity
        spread = self.plan.spreads.get(quantity)
        return math.log(self.plan.errors[quantity]) if spread is None else spread.median


def with_values(data: DataSet, values: dict[str, float]) -> DataSet:
    """The data set with the values of some rows replaced."""
    return data.with_rows(*(data[row].model_copy(update={"value": value}) for row, value in values.items()))


def noiseless(plan: Plan, data: DataSet, truth: Array) -> dict[str, float]:
    """What each calibration row would say without error: the value at which its residual vanishes.

    This one definition serves IC50s, EC50s, time courses and pharmacokinetics alike.
    Raises PlanError for a row whose residual vanishes nowhere within 10 decades.
    """
    context = Problem(plan, data).use(truth)

    def residual(row: str, log: float) -> float:
        one = plan.model_copy(update={"calibration": [row]})
        _, (target,) = build_experiments(one, with_values(data, {row: math.exp(log)}))
        return target.residual(context)

    return {row: math.exp(_zero(partial(residual, row), math.log(data[row].value), row))
            for row in plan.calibration}  # fmt: skip


def _zero(residual: Callable[[float], float], start: float, row: str) -> float:
    """Root of a monotonic function of ln(value), bracketed outward from ``start``."""
    from scipy.optimize import brentq

    width = 0.5
    while width < math.log(1e10):
        if residual(start - width) * residual(start + width) <= 0:
            return float(brentq(residual, start - width, start + width, xtol=1e-9))
        width *= 2
    raise PlanError(f"{row}: no value agrees with the model at these parameters; is it a bound, not a value?")


def gauss_newton(problem: Objective, theta: Array) -> Interval:
    """90 % interval (ln) from the Gauss-Newton Hessian, bounds ignored."""
    jac = problem.jacobian(theta)
    half = Z90 * np.sqrt(np.diag(np.linalg.pinv(jac.T @ jac, rcond=1e-12)))
    return theta - half, theta + half


def _replicate(
    factory: Factory, truth: Array, interval: Callable[[Objective, Array], Interval],
    seed: np.random.SeedSequence,
) -> tuple[Array, Array, Array] | None:  # fmt: skip
    problem = factory(truth, np.random.default_rng(seed))
    try:
        best = minimise(problem, truth).theta
        return best, *interval(problem, best)
    except SimulationError:
        return None


def recover(
    problem_factory: Factory,
    truth: ArrayLike,
    replicates: int,
    seed: int,
    workers: int = 1,
    *,
    interval: Callable[[Objective, Array], Interval] = gauss_newton,
    done: Callable[[int], None] = lambda replicate: None,
) -> Recovery:
    """Refit ``replicates`` synthetic data sets, each from the truth.

    problem_factory: (truth, random generator) -> problem on synthetic data, e.g. ``SyntheticPlan``.
    truth: ln of the parameters in plan units. interval: what is tested. workers: processes (the result does
    not depend on it). Raises InputError when no replicate can be refitted.
    """
    truth = np.asarray(truth, dtype=float)
    names = tuple(problem_factory(truth, np.random.default_rng(seed)).names)
    one = partial(_replicate, problem_factory, truth, interval)
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    out = in_order(one, seeds, workers, lambda number, _: done(number))
    good = [result for result in out if result is not None]
    if not good:
        raise InputError(f"recovery: none of {replicates} replicates could be refitted")
    estimate, low, high = (np.array(arrays) for arrays in zip(*good, strict=True))
    return Recovery(names, truth, estimate, low, high, len(out) - len(good))


def estimated(plan: Plan) -> Array:
    """ln of the fitted values of a plan (plan units); raises InputError when it was never fitted."""
    path = estimates_path(plan.id)
    found = {row.id: row.value for row in read_table(path, Estimate)}
    missing = [parameter.id for parameter in plan.parameters if parameter.id not in found]
    if missing:
        raise InputError(f"{path}: no row for {missing[0]}; fit the plan again")
    return np.log([found[parameter.id] for parameter in plan.parameters])


def main(arguments: Sequence[str] | None = None) -> int:
    """Recovery of one plan at its fitted values; prints the coverage table."""
    parser = argparse.ArgumentParser(prog="python -m jakinib.fit.recovery", description=main.__doc__)
    parser.add_argument("plan", help="name or path of a fitted plan")
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--seed", type=int, help="default: the plan's")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args(arguments)
    data = get_data()
    plan = read_plan(Path(plan_path(options.plan)), data)
    result = recover(
        SyntheticPlan(plan, data), estimated(plan), options.replicates,
        plan.seed if options.seed is None else options.seed, options.workers,
        done=lambda n: print(f"\r{n + 1}/{options.replicates}", end="", file=sys.stderr, flush=True),
    )  # fmt: skip
    print(file=sys.stderr)
    print(result.table())
    if result.failed:
        print(f"{result.failed} replicates could not be refitted and are left out", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
