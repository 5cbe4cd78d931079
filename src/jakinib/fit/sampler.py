"""Markov chains on exp(-cost), driven by a model of every residual that costs next to nothing.

The residuals of a plan are smooth in ln(parameter). Near the optimum each is replaced by its second-order
expansion, whose coefficients come from the Jacobian at plus and minus one standard deviation along the
columns of the Cholesky factor of the Gauss-Newton covariance. The expansion costs microseconds, so a chain
walks on it for many steps between two evaluations of the true residuals; where the walk ends is then accepted
or refused with the true density, which keeps the posterior exact whatever the expansion misses
(surrogate transitions: Liu 2001, Monte Carlo Strategies in Scientific Computing, section 9.4.3;
Christen and Fox 2005, J. Comput. Graph. Stat. 14:795). The walk itself uses proposals that leave the Laplace
approximation invariant (preconditioned Crank-Nicolson: Cotter et al. 2013, Stat. Sci. 28:424). Its length is
drawn anew each time: long walks forget the start, short ones are accepted where the expansion is poor.

A walk never proposes what the expansion takes to be impossible, so where a residual levels off far from the
optimum (a rate too fast to see) walks alone would miss the tail, in all chains alike and unseen by R-hat.
One move in five is therefore a jump that does not use the expansion's cost: one parameter moves by a Cauchy
distance in its standard deviations, the others follow along their regression on it. A jump is symmetric and
is accepted with the true density; a mixture of two kinds of moves that each keep the posterior keeps it.
Jumps are part of the walks too, judged there by the expansion, or by what replaces it once simulations
have taught more (``jakinib.fit.emulator``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.fit.objective import Array, Objective, covariance
from jakinib.parallel import in_order

REACH = 1.0  # standard deviations over which the expansion is taken
PACE = 0.3  # size of a step of the walk, in standard deviations
JUMPS = 0.2  # share of the moves
LEAPS = 0.2  # share of the steps of a walk that are jumps, judged by the expansion
JUMP = 1.5  # scale of a jump, in standard deviations
FAR = 6.0  # standard deviations
WARM_UP = 0.1  # share of a chain that is thrown away


class Simulated(Protocol):
    """What a chain asks of an objective."""

    @property
    def low(self) -> Array: ...
    @property
    def high(self) -> Array: ...
    def residuals(self, theta: Array) -> Array: ...


@dataclass(frozen=True)
class Expansion:
    """Residuals r(z) = constant + slope z + z' curvature z / 2, with theta = centre + root z.

    constant: (n,). slope: (n, d). curvature: (m, d, d) of the residuals ``bent``. root: (d, d), the Cholesky
    factor of the Gauss-Newton covariance.
    """

    centre: Array
    root: Array
    constant: Array
    slope: Array
    bent: NDArray[np.intp]
    curvature: Array
    walks: ClassVar[tuple[int, ...]] = (4, 50, 200)  # steps between two true evaluations

    @property
    def mean(self) -> Array:
        """z of the mean of the Laplace approximation; beyond a bound when the optimum leans on one."""
        return np.asarray(-self.slope.T @ self.constant)

    def cost(self, z: Array) -> float:
        """Half the sum of squares of the expanded residuals."""
        out = self.constant + self.slope @ z
        if len(self.bent):
            out[self.bent] += 0.5 * (self.curvature @ z) @ z
        return 0.5 * float(out @ out)

    def theta(self, z: Array) -> Array:
        return np.asarray(self.centre + self.root @ z)


def expand(problem: Objective, theta: Array, workers: int = 1) -> Expansion:
    """Expansion of all residuals about ``theta``; costs 2 d Jacobians for d parameters, on ``workers``."""
    constant = problem.residuals(theta)
    root: Array = np.asarray(np.linalg.cholesky(covariance(problem, theta)), dtype=np.float64)
    slope = problem.jacobian(theta) @ root
    one = partial(_bend, problem, theta, root)
    columns = in_order(one, range(len(theta)), workers)
    curvature = np.stack(columns, axis=1)
    curvature = 0.5 * (curvature + curvature.transpose(0, 2, 1))
    bent = np.flatnonzero(np.abs(curvature).max(axis=(1, 2)) > 1e-6)
    return Expansion(theta.copy(), root, constant, slope, bent, curvature[bent])


def _bend(problem: Objective, theta: Array, root: Array, column: int) -> Array:
    """Change of the slope (n, d) along one column of ``root``.

    Where the model cannot be simulated the reach is shortened; at the last the residuals stay linear.
    """
    for reach in (REACH, REACH / 2, REACH / 4):
        step = reach * root[:, column]
        try:
            there, back = problem.jacobian(theta + step), problem.jacobian(theta - step)
        except SimulationError:
            continue
        return np.asarray((there - back) @ root / (2 * reach))
    return np.zeros((len(problem.residuals(theta)), len(theta)))


@dataclass(frozen=True)
class Chain:
    """One chain after its warm-up. draws: (kept, d), ln of plan units.

    accepted: share of the walks whose end was taken; jumped: share of the jumps.
    """

    draws: Array
    accepted: float
    jumped: float
    evaluations: int


def walk(
    model: Expansion, low: Array, high: Array, z: Array, steps: int, rng: np.random.Generator
) -> tuple[Array, float]:
    """Metropolis-Hastings on the expansion within the bounds; returns (z, its cost) after ``steps``."""
    mean = model.mean
    cost, kept = model.cost(z), math.sqrt(1 - PACE * PACE)
    shocks, leaps = PACE * rng.standard_normal((steps, len(z))), rng.random(steps) < LEAPS
    for shock, leap, draw in zip(shocks, leaps.tolist(), rng.random(steps).tolist(), strict=True):
        there = jump(model, z, rng) if leap else mean + kept * (z - mean) + shock
        theta = model.theta(there)
        if (theta < low).any() or (theta > high).any():
            continue
        proposed = model.cost(there)
        gain = cost - proposed
        if not leap:  # a step keeps the Laplace approximation, a jump is symmetric
            gain += 0.5 * float(np.square(there - mean).sum() - np.square(z - mean).sum())
        if draw < math.exp(min(0.0, gain)):
            z, cost = there, proposed
    return z, cost


def jump(model: Expansion, z: Array, rng: np.random.Generator) -> Array:
    """A point a Cauchy distance away along the profile of one parameter; symmetric."""
    direction = model.root[rng.integers(len(z))]
    length = JUMP * rng.standard_cauchy() / float(np.linalg.norm(direction))
    return np.asarray(z + length * direction)


def chain(problem: Simulated, model: Expansion, evaluations: int, seed: np.random.SeedSequence) -> Chain:
    """A chain of ``evaluations`` true evaluations, from an overdispersed point of the expansion."""
    rng = np.random.default_rng(seed)
    z, level, cost, used = _start(problem, model, rng)
    draws, moves = [], {True: [0, 0], False: [0, 0]}  # whether a jump: [accepted, tried]
    warm = int(WARM_UP * evaluations)
    for number in range(evaluations):
        jumps = bool(rng.random() < JUMPS)
        if jumps:
            there = jump(model, z, rng)
            theta = model.theta(there)
            inside = bool(np.all(theta >= problem.low) and np.all(theta <= problem.high))
            true, proposed = _cost(problem, theta) if inside else math.inf, model.cost(there)
            gain = level - true
        else:
            there, proposed = walk(model, problem.low, problem.high, z, int(rng.choice(model.walks)), rng)
            true = _cost(problem, model.theta(there))
            # Both densities enter: the walk already follows the expansion's.
            gain = (level - cost) - (true - proposed)
        taken = rng.random() < math.exp(min(0.0, gain))
        if taken:
            z, level, cost = there, true, proposed
        if number >= warm:
            draws.append(model.theta(z))
            moves[jumps][0] += taken
            moves[jumps][1] += 1
    walked, jumped = (count / max(tried, 1) for count, tried in (moves[False], moves[True]))
    return Chain(np.array(draws), walked, jumped, used + evaluations)


def _cost(problem: Simulated, theta: Array) -> float:
    """Half the sum of squares; infinite where the model cannot be simulated (probability 0)."""
    try:
        residual = problem.residuals(theta)
    except SimulationError:
        return math.inf
    return 0.5 * float(residual @ residual)


def _start(problem: Simulated, model: Expansion, rng: np.random.Generator) -> tuple[Array, float, float, int]:
    """(z, true cost, expanded cost, evaluations): 1.5 standard deviations about the centre, inside bounds."""
    width, used = 1.5, 0
    while True:
        theta = model.theta(width * rng.standard_normal(len(model.centre)))
        theta = np.clip(theta, problem.low + 1e-6, problem.high - 1e-6)
        z: Array = np.asarray(np.linalg.solve(model.root, theta - model.centre), dtype=np.float64)
        z, cost = walk(model, problem.low, problem.high, z, 20, rng)
        true, used = _cost(problem, model.theta(z)), used + 1
        if math.isfinite(true):
            return z, true, cost, used
        width *= 0.7


def laplace_draws(problem: Objective, model: Expansion, count: int, seed: np.random.SeedSequence) -> Array:
    """Draws (count, d) of the Laplace approximation cut off at the bounds, by Gibbs sampling.

    Points that cannot be simulated are left out. For use when the chains have not converged.
    """
    rng = np.random.default_rng(seed)
    inverse = np.linalg.inv(model.root)
    precision = inverse.T @ inverse
    mean, theta = model.theta(model.mean), np.clip(model.centre, problem.low, problem.high)
    width = 1 / np.sqrt(np.diag(precision))
    out: list[Array] = []
    while len(out) < count:
        for _ in range(20):
            for i in range(len(theta)):
                others = precision[i] @ (theta - mean) - precision[i, i] * (theta[i] - mean[i])
                centre = mean[i] - others * width[i] ** 2
                theta[i] = _cut_normal(centre, width[i], problem.low[i], problem.high[i], rng)
        if math.isfinite(_cost(problem, theta)):
            out.append(theta.copy())
    return np.array(out)


def _cut_normal(mean: float, width: float, low: float, high: float, rng: np.random.Generator) -> float:
    """One draw of a normal distribution cut off at ``low`` and ``high``."""
    from scipy.special import ndtr, ndtri

    a, b = (low - mean) / width, (high - mean) / width
    if a > FAR:  # beyond, the normal tail is exponential to within 3 %
        return float(min(mean + width * (a + rng.exponential() / a), high))
    if b < -FAR:
        return float(max(mean + width * (b + rng.exponential() / b), low))
    flip = a > 0  # the lower tail keeps its digits, the upper one does not
    if flip:
        a, b = -b, -a
    share = ndtr(a) + rng.random() * (ndtr(b) - ndtr(a))
    z = ndtri(share) * (-1 if flip else 1)
    return float(np.clip(mean + width * z, low, high))


def thinned(chains: Sequence[Chain], count: int) -> Array:
    """At most ``count`` draws (.., d), evenly spaced over all chains."""
    pooled = np.concatenate([one.draws for one in chains])
    return np.asarray(pooled[np.linspace(0, len(pooled) - 1, min(count, len(pooled))).round().astype(int)])
