"""Multi-start trust-region least squares on the log scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.fit.objective import one_thread
from jakinib.fit.problem import Problem
from jakinib.parallel import in_order

XTOL = FTOL = GTOL = 1e-10
MAX_EVALUATIONS = 200


@dataclass(frozen=True)
class Start:
    """One local optimisation. theta: ln(parameters in plan units); cost: half the sum of squares."""

    number: int
    theta: tuple[float, ...]
    cost: float
    status: int
    message: str
    evaluations: int
    failures: int


def starting_points(problem: Problem, starts: int, seed: int) -> NDArray[np.float64]:
    """The plan's start, then a Latin hypercube over the bounds (log scale); shape (starts, parameters)."""
    from scipy.stats import qmc

    sampler = qmc.LatinHypercube(d=len(problem.names), rng=np.random.default_rng(seed))
    points = qmc.scale(sampler.random(starts), problem.low, problem.high)
    return np.vstack([problem.start, points[1:]])


def optimise(problem: Problem, number: int, theta: NDArray[np.float64]) -> Start:
    """One local optimisation; a point that cannot be simulated counts as infinitely bad and is reported."""
    from scipy.optimize import least_squares

    failures = 0

    def residuals(x: NDArray[np.float64]) -> NDArray[np.float64]:
        nonlocal failures
        try:
            return problem.residuals(x)
        except SimulationError:
            failures += 1
            return np.full(problem.size, np.inf)

    inside = np.clip(theta, problem.low + 1e-9, problem.high - 1e-9)
    try:
        with one_thread():
            fit = least_squares(
                residuals, inside, jac=problem.jacobian, bounds=(problem.low, problem.high), method="trf",
                x_scale="jac", xtol=XTOL, ftol=FTOL, gtol=GTOL, max_nfev=MAX_EVALUATIONS,
            )  # fmt: skip
    except (SimulationError, ValueError) as error:
        return Start(number, tuple(inside), float("inf"), -1, str(error), 0, failures + 1)
    return Start(
        number, tuple(fit.x), float(fit.cost), int(fit.status), str(fit.message), int(fit.nfev), failures
    )


def _run(problem: Problem, job: tuple[int, tuple[float, ...]]) -> Start:
    number, theta = job
    return optimise(problem, number, np.array(theta))


def multistart(
    problem: Problem,
    starts: int,
    seed: int,
    workers: int,
    done: Callable[[Start], None],
    earlier: Sequence[Start] = (),
) -> list[Start]:
    """Run all starts, in processes when ``workers`` > 1; ``done`` is called as each one ends.

    earlier: starts finished before an interruption; they are not run again.
    """
    points = starting_points(problem, starts, seed)
    out = [start for start in earlier if start.number < starts]
    finished = {start.number for start in out}
    jobs = [(n, tuple(point)) for n, point in enumerate(points) if n not in finished]
    out += in_order(partial(_run, problem), jobs, workers, lambda _, start: done(start))
    return sorted(out, key=lambda start: start.number)
