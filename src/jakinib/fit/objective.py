"""What uncertainty needs of a problem: residuals and their Jacobian on the ln scale, within bounds."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError

Array = NDArray[np.float64]
FTOL = 1e-6


class Objective(Protocol):
    """What uncertainty needs of a problem; ``jakinib.fit.problem.Problem`` is one.

    names (d), low and high (d): ln of the parameters. The first ``len(targets)`` residuals are data, the
    others priors; all in standard deviations.
    """

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def low(self) -> Array: ...
    @property
    def high(self) -> Array: ...
    @property
    def targets(self) -> Sequence[object]: ...
    def residuals(self, theta: Array) -> Array: ...
    def jacobian(self, theta: Array) -> Array: ...


@dataclass(frozen=True, eq=False)
class Optimum:
    """A (constrained) minimum. theta: ln; cost: half the sum of squares; data: the share of the data."""

    theta: Array
    cost: float
    data: float


def one_thread() -> AbstractContextManager[object]:
    """A block with linear algebra in one thread.

    Threads that share matrices of a hundred rows wait for each other most of the time.
    """
    from threadpoolctl import threadpool_limits

    importlib.import_module("scipy.linalg")  # only what is loaded can be told
    return threadpool_limits(limits=1, user_api="blas")


def minimise(problem: Objective, theta: Array, fixed: int | None = None) -> Optimum:
    """Local minimum from ``theta``; the parameter with index ``fixed`` stays where it is.

    Raises SimulationError when the starting point cannot be simulated.
    """
    from scipy.optimize import least_squares

    theta = np.clip(theta, problem.low, problem.high)
    free = np.array([i for i in range(len(theta)) if i != fixed], dtype=int)

    def whole(part: Array) -> Array:
        out = theta.copy()
        out[free] = part
        return out

    residual = problem.residuals(theta)
    if len(free):
        size = len(residual)

        def residuals(part: Array) -> Array:
            try:
                return problem.residuals(whole(part))
            except SimulationError:
                return np.full(size, np.inf)  # a step the optimiser takes back

        def jacobian(part: Array) -> Array:
            return problem.jacobian(whole(part))[:, free]

        with one_thread():
            fit = least_squares(
                residuals, theta[free], jac=jacobian, bounds=(problem.low[free], problem.high[free]),
                x_scale="jac", ftol=FTOL, xtol=1e-8, gtol=1e-8,
            )  # fmt: skip
        if fit.cost <= 0.5 * residual @ residual:  # starting on a bound, the optimiser first moves inside
            theta, residual = whole(fit.x), fit.fun
    data = residual[: len(problem.targets)]
    return Optimum(theta, 0.5 * float(residual @ residual), 0.5 * float(data @ data))


def covariance(problem: Objective, theta: Array) -> Array:
    """Gauss-Newton covariance on the ln scale, shape (d, d).

    A weak pull of the width of the bounds keeps directions the data do not see finite.
    """
    jac = problem.jacobian(theta)
    precision = jac.T @ jac + np.diag((problem.high - problem.low) ** -2.0)
    return np.asarray(np.linalg.inv(precision), dtype=float)
