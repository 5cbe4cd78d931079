"""The residuals of a plan learnt from simulations: what the expansion about the optimum misses.

The first chains walk on the quadratic expansion alone. All points that they simulated then teach an
interpolation of each residual that bends: linear in the parameters in which it is linear (offsets, priors),
and in the others a regression line with a Gaussian process about it (Rasmussen and Williams 2006, Gaussian
Processes for Machine Learning, chapter 2). The chains that count walk on this; it is frozen before they
start and their moves are accepted with the true density, so that it decides how fast they are, not what they
find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.fit.objective import Array, Objective
from jakinib.fit.sampler import Expansion, chain

LEARNT = 700  # points at most
LINEAR = 1e-3  # largest change of a residual, in its standard deviations, that still counts as linear
LIKELY = 15.0  # above the lowest cost, beyond half the number of parameters: points that teach nothing
LENGTHS = (1.5, 3.0, 6.0, 12.0)  # of the Gaussian process, in standard deviations of the points
NUGGET = 1e-8


@dataclass(frozen=True)
class Emulator(Expansion):
    """An expansion whose bent residuals are replaced by what simulations taught.

    learnt: (m,) the residuals it replaces. active: (a,) the parameters in which they bend. points: (n, a) ln
    of these. weights: (n, m) of the kernel at each point. scales: (a, g) inverse squared lengths of each
    kernel, 0 for what it does not depend on.
    kernel: (m,) which of the g. lines: (m, d) and level: (m,) of the regression, theta - centre -> residual.
    """

    learnt: NDArray[np.intp]
    active: NDArray[np.intp]
    points: Array
    weights: Array
    scales: Array
    kernel: NDArray[np.intp]
    lines: Array
    level: Array
    walks: ClassVar[tuple[int, ...]] = (50, 500, 1500)  # what simulations taught can be followed far

    def cost(self, z: Array) -> float:
        """Half the sum of squares of the emulated residuals."""
        out = self.constant + self.slope @ z
        theta = self.theta(z)
        near = _matern(np.sqrt(np.square(theta[self.active] - self.points) @ self.scales))
        bends = np.einsum("nm,nm->m", near[:, self.kernel], self.weights)
        out[self.learnt] = self.level + self.lines @ (theta - self.centre) + bends
        return 0.5 * float(out @ out)


class _Remembered:
    """A problem that keeps what it was asked for."""

    def __init__(self, problem: Objective) -> None:
        self.low, self.high, self._problem = problem.low, problem.high, problem
        self.seen: list[tuple[Array, Array]] = []

    def residuals(self, theta: Array) -> Array:
        residual = self._problem.residuals(theta)
        self.seen.append((theta.copy(), residual))
        return residual


def pilot(
    problem: Objective, model: Expansion, evaluations: int, seed: np.random.SeedSequence
) -> tuple[Array, Array]:
    """Points (n, d) that a first chain simulated, taken or refused, and their residuals (n, r)."""
    remembered = _Remembered(problem)
    chain(remembered, model, evaluations, seed)
    points, residuals = zip(*remembered.seen, strict=True)
    return np.array(points), np.array(residuals)


def learn(problem: Objective, model: Expansion, points: Array, residuals: Array, seed: int = 0) -> Expansion:
    """An emulator taught by simulated points (n, d) and their residuals (n, r); ``model`` if none bends."""
    cost = 0.5 * np.square(residuals).sum(axis=1)
    likely = np.flatnonzero(cost < cost.min() + len(model.centre) / 2 + LIKELY)
    distinct = likely[np.unique(points[likely], axis=0, return_index=True)[1]]
    some = np.random.default_rng(seed).permutation(distinct)[:LEARNT]
    points, residuals = points[some], residuals[some]
    spread = np.maximum(points.std(axis=0), 1e-9)
    slopes = _slopes(problem, model, points, residuals)
    bent = np.ptp(slopes, axis=0) * spread > LINEAR  # (r, d)
    learnt = np.flatnonzero(bent.any(axis=1))
    if not len(learnt) or len(points) < 2 * len(model.centre):
        return model
    away = points - model.centre
    lines, level = np.zeros((len(learnt), len(spread))), np.zeros(len(learnt))
    weights = np.zeros((len(points), len(learnt)))
    inputs, kernel = np.unique(bent[learnt], axis=0, return_inverse=True)
    kernel = kernel.reshape(-1)
    scales = np.zeros((len(spread), len(inputs)))
    for group, used in enumerate(inputs):
        members = np.flatnonzero(kernel == group)
        straight = np.where(used, 0.0, slopes[0][learnt[members]])
        aim = residuals[:, learnt[members]] - away @ straight.T
        design = np.column_stack([np.ones(len(points)), away[:, used]])
        fitted = np.linalg.lstsq(design, aim, rcond=None)[0]
        level[members], lines[members] = fitted[0], straight
        lines[np.ix_(members, np.flatnonzero(used))] = fitted[1:].T
        scales[:, group], weights[:, members] = _process(points, spread, used, aim - design @ fitted)
    active = np.flatnonzero(scales.any(axis=1))
    return Emulator(
        model.centre, model.root, model.constant, model.slope, model.bent, model.curvature,
        learnt, active, points[:, active], weights, np.square(scales[active]), kernel, lines, level,
    )  # fmt: skip


def _slopes(problem: Objective, model: Expansion, points: Array, residuals: Array) -> Array:
    """Jacobians (p, r, d) at the centre and, for each residual, where it departs most from its tangent."""
    tangent = model.constant + np.linalg.solve(model.root, (points - model.centre).T).T @ model.slope.T
    off = np.abs(residuals - tangent)
    out = [problem.jacobian(model.centre)]
    for farthest in np.unique(off.argmax(axis=0)[off.max(axis=0) > LINEAR]):
        try:
            out.append(problem.jacobian(points[farthest]))
        except SimulationError:  # a step beside a point that could be simulated
            continue
    return np.array(out)


def _process(points: Array, spread: Array, used: NDArray[np.bool_], aim: Array) -> tuple[Array, Array]:
    """(inverse lengths (d,), weights (n, m)) of the Gaussian process that foretells left-out points best."""
    best, least = (np.zeros(len(spread)), np.zeros_like(aim)), np.inf
    scaled = (points / spread)[:, used]
    squares = np.square(scaled[:, None, :] - scaled[None, :, :]).sum(axis=2)
    for length in LENGTHS:
        inverse = np.linalg.inv(_matern(np.sqrt(squares) / length) + NUGGET * np.eye(len(points)))
        weights = inverse @ aim
        error = float(np.square(weights / np.diag(inverse)[:, None]).sum())  # each point left out in turn
        if error < least:
            best, least = (np.where(used, 1 / (length * spread), 0.0), weights), error
    return best


def _matern(distance: Array) -> Array:
    """Covariance of a process that is twice differentiable, at a distance in lengths."""
    scaled = np.sqrt(5.0) * distance
    return np.asarray((1 + scaled + np.square(scaled) / 3) * np.exp(-scaled))
