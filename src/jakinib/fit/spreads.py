"""Standard deviations that a plan estimates: by maximum evidence, alternating with the parameters.

About an optimum every residual is linear in the parameters, which can then be integrated out: what is left is
the evidence of the spreads (Laplace; MacKay 1992, Neural Comput. 4:415). A spread has a prior about itself,
since few rows inform it. The parameters are fitted again with the spreads found, until both stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from jakinib.fit.objective import Array, minimise
from jakinib.fit.problem import Problem

ROUNDS = 20
SETTLED = 2e-3  # largest change of ln(spread) that counts as none
WIDEST = 5.0  # standard deviations of a spread's prior within which it is sought


def log_evidence(problem: Problem, theta: Array, spreads: Mapping[str, float] | None = None) -> float:
    """Log evidence of the data under ``spreads`` (default the problem's).

    Comparable between plans of the same rows whose parameters without a prior are the same.
    theta: an optimum under the problem's spreads, about which the residuals are taken as linear.
    """
    return _Linear(problem, theta).evidence(problem.spreads if spreads is None else spreads)


def settle(problem: Problem, theta: Array) -> Array:
    """The optimum under the spreads of largest evidence, which ``problem.spreads`` then holds.

    theta: where to start. Raises SimulationError when it cannot be simulated.
    """
    theta = minimise(problem, theta).theta
    for _ in range(ROUNDS if problem.spreads else 0):
        before = dict(problem.spreads)
        problem.spreads = _Linear(problem, theta).best()
        theta = minimise(problem, theta).theta
        if all(abs(math.log(problem.spreads[name] / old)) < SETTLED for name, old in before.items()):
            break
    return theta


class _Linear:
    """Residuals linear about a point, as a function of the spreads that scale them."""

    def __init__(self, problem: Problem, theta: Array) -> None:
        self.problem, self.now = problem, dict(problem.spreads)
        self.residuals, self.jacobian = problem.residuals(theta), problem.jacobian(theta)
        self.pull = (problem.high - problem.low) ** -2.0  # as in objective.covariance
        self.rows: dict[str, NDArray[np.intp]] = {
            name: np.array(_scaled(problem, name, self.residuals), dtype=np.intp) for name in self.now
        }

    def evidence(self, spreads: Mapping[str, float]) -> float:
        weights = np.ones(len(self.residuals))
        out = -sum(math.log(prior.sigma({})) for _, prior in self.problem.priors if not prior.spread)
        for name, rows in self.rows.items():
            weights[rows] = self.now[name] / spreads[name]
            out -= len(rows) * math.log(spreads[name])
            prior = self.problem.plan.spreads[name]
            out -= 0.5 * prior.residual(math.log(spreads[name]), {}) ** 2
        residuals, jacobian = self.residuals * weights, self.jacobian * weights[:, None]
        precision = jacobian.T @ jacobian + np.diag(self.pull)
        gradient = jacobian.T @ residuals
        least = residuals @ residuals - gradient @ np.linalg.solve(precision, gradient)
        return float(out - 0.5 * least - 0.5 * np.linalg.slogdet(precision)[1])

    def best(self) -> dict[str, float]:
        """The spreads of largest evidence."""
        from scipy.optimize import minimize

        def cost(logs: Array) -> float:
            return -self.evidence(dict(zip(names, np.exp(logs).tolist(), strict=True)))

        names = list(self.now)
        priors = [self.problem.plan.spreads[name] for name in names]
        width = [WIDEST * prior.sigma({}) for prior in priors]
        centre = [math.log(prior.median) for prior in priors]
        found = minimize(
            cost,
            np.log([self.now[name] for name in names]),
            bounds=[(c - w, c + w) for c, w in zip(centre, width, strict=True)],
            method="L-BFGS-B",
        )
        return dict(zip(names, np.exp(found.x).tolist(), strict=True))


def _scaled(problem: Problem, name: str, residuals: Array) -> list[int]:
    """Residuals that a spread scales: rows of its quantity (not bounds that are kept) and priors."""
    rows = [
        number
        for number, target in enumerate(problem.targets)
        if target.row.quantity == name and not (target.row.qualifier in "<>" and residuals[number] == 0)
    ]
    first = len(problem.targets) + len(problem.reserves)
    return rows + [first + n for n, (_, prior) in enumerate(problem.priors) if prior.spread == name]
