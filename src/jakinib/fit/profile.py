"""Profile likelihood: how far one parameter can move while all others are re-estimated.

Source: Raue et al. 2009, Bioinformatics 25:1923 (profiles, practical and structural non-identifiability).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from jakinib import paths
from jakinib.errors import InputError, SimulationError
from jakinib.library.files import read_table
from jakinib.library.schema import Number, Strict

Array = NDArray[np.float64]
Verdict = Literal["identifiable", "practically non-identifiable", "structurally non-identifiable", "at bound"]

THRESHOLD = 2.705543454095404  # 90 % quantile of chi2 with one degree of freedom
FLAT = 0.01  # change of the data part of chi2 below which re-estimation cannot tell it from none
AT_BOUND = 1e-3  # ln units
ROOT_STEP = math.sqrt(THRESHOLD) / 3.5  # change of sqrt(chi2) aimed at between two points
FINEST = 1e-3  # ln units: no step is shortened below it
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


@dataclass(frozen=True)
class Optimum:
    """A (constrained) minimum. theta: ln; cost: half the sum of squares; data: the share of the data."""

    theta: Array
    cost: float
    data: float


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

        fit = least_squares(
            residuals, theta[free], jac=jacobian,
            bounds=(problem.low[free], problem.high[free]), x_scale="jac", ftol=FTOL, xtol=1e-8, gtol=1e-8,
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


@dataclass(frozen=True)
class Point:
    """One point of a profile. value: plan unit; rise, data_rise: chi2 and its data part over the optimum."""

    value: float
    rise: float
    data_rise: float


@dataclass(frozen=True)
class Profile:
    """Profile likelihood of one parameter, values in the plan's unit.

    points: in increasing order. low, high: ends of the 90 % interval where ``low_closed``, ``high_closed``;
    otherwise the bound. at_bound: the optimum lies on a bound. flat: the data part of chi2 does not change
    (by 0.01) until some other parameter runs into a bound.
    """

    id: str
    estimate: float
    low: float
    high: float
    low_closed: bool
    high_closed: bool
    at_bound: bool
    flat: bool
    points: tuple[Point, ...]

    @property
    def prior_driven(self) -> bool:
        """An end closes with less than half of the rise of chi2 coming from data.

        For a linear model: some prior is narrower than what the data say.
        """
        ends = [p for p, closed in ((self.points[0], self.low_closed), (self.points[-1], self.high_closed))
                if closed]  # fmt: skip
        return any(end.data_rise < 0.5 * end.rise for end in ends)

    @property
    def improvement(self) -> float:
        """How far chi2 falls below that of the estimate along the profile; above 0.01 refit from there."""
        return max(0.0, -min(point.rise for point in self.points))


def verdict(profile: Profile) -> Verdict:
    """What the data can say about a parameter; the first that holds of:

    structurally non-identifiable: the data part of chi2 changes by less than 0.01 over the whole profile,
    or as far as the others can follow within their own bounds (``flat``).
    at bound: the estimate lies on a bound (within 0.1 %).
    practically non-identifiable: an end of the interval is not reached inside the bounds, or it is reached
    only thanks to a prior (``prior_driven``: data supply less than half of the rise there).
    identifiable: both ends are reached inside the bounds, and by the data.

    The rise at an end is shared between data and priors, so the data part alone is below the threshold for
    every parameter that has a prior, however weak: hence one half.
    """
    if profile.flat:
        return "structurally non-identifiable"
    if profile.at_bound:
        return "at bound"
    if profile.prior_driven or not (profile.low_closed and profile.high_closed):
        return "practically non-identifiable"
    return "identifiable"


def profile(
    problem: Objective, theta_best: Array, index: int, spread: Array | None = None, step: float = ROOT_STEP
) -> Profile:
    """Profile of parameter ``index`` out to the 90 % threshold or the bounds, whichever comes first.

    theta_best: ln of the estimates, an optimum (``minimise``). spread: Gauss-Newton covariance there, when
    known. step: change of sqrt(chi2) between points; sqrt(chi2) is linear in a linear model, so the ends
    are interpolated on that scale.
    """
    theta_best = np.asarray(theta_best, dtype=float)
    residual = problem.residuals(theta_best)
    data = residual[: len(problem.targets)]
    best = Optimum(theta_best, 0.5 * float(residual @ residual), 0.5 * float(data @ data))
    spread = covariance(problem, theta_best) if spread is None else spread
    down = _walk(problem, best, index, -1, spread, step)
    up = _walk(problem, best, index, +1, spread, step)
    low, low_closed = _end(down, best, index, float(problem.low[index]))
    high, high_closed = _end(up, best, index, float(problem.high[index]))
    margin = min(theta_best[index] - problem.low[index], problem.high[index] - theta_best[index])
    return Profile(
        problem.names[index],
        math.exp(theta_best[index]),
        math.exp(low),
        math.exp(high),
        low_closed,
        high_closed,
        bool(margin < AT_BOUND),
        _flat(problem, [down, up], index),
        tuple(
            Point(math.exp(p.theta[index]), 2 * (p.cost - best.cost), 2 * (p.data - best.data))
            for p in [*reversed(down), *up[1:]]
        ),
    )


def _root(point: Optimum, best: Optimum) -> float:
    return math.sqrt(max(2 * (point.cost - best.cost), 0.0))


def _walk(
    problem: Objective, best: Optimum, index: int, sign: int, spread: Array, aim: float
) -> list[Optimum]:
    """Points outward from the optimum, each warm-started along the line through the last two."""
    bound = float((problem.low, problem.high)[sign > 0][index])
    direction = spread[:, index] / spread[index, index]  # how the others follow in a linear model
    step = aim * math.sqrt(spread[index, index])
    points = [best]
    while True:
        here = points[-1]
        room = abs(bound - here.theta[index])
        if room < 1e-9 or _root(here, best) ** 2 >= THRESHOLD:
            return points
        move = min(step, room)
        guess = here.theta + sign * move * direction
        guess[index] = bound if move == room else here.theta[index] + sign * move
        there = minimise(problem, guess, index)
        gain = _root(there, best) - _root(here, best)
        step = move * min(max(aim / max(abs(gain), 1e-9), 0.25), 3.0)
        if gain > 2 * aim and move > FINEST:  # too far to interpolate: try again from here
            continue
        points.append(there)
        direction = (there.theta - here.theta) / (there.theta[index] - here.theta[index])


def _flat(problem: Objective, sides: Sequence[Sequence[Optimum]], index: int) -> bool:
    """Whether the data part stays put, leaving out points where another parameter has run into a bound."""

    def on_bound(point: Optimum) -> NDArray[np.bool_]:
        margin = np.minimum(point.theta - problem.low, problem.high - point.theta)
        margin[index] = np.inf
        return margin < AT_BOUND

    best = sides[0][0]
    moved = [p for side in sides for p in side[1:] if not np.any(on_bound(p) & ~on_bound(best))]
    return bool(moved) and max(abs(2 * (p.data - best.data)) for p in moved) < FLAT


def _end(points: Sequence[Optimum], best: Optimum, index: int, bound: float) -> tuple[float, bool]:
    """(end of the interval, whether the threshold was reached)."""
    last = _root(points[-1], best)
    if last**2 < THRESHOLD:
        return bound, False
    inner, outer = points[-2], points[-1]
    share = (math.sqrt(THRESHOLD) - _root(inner, best)) / (last - _root(inner, best))
    return float(inner.theta[index] + share * (outer.theta[index] - inner.theta[index])), True


def profiles(
    problem: Objective,
    theta_best: Array,
    workers: int = 1,
    done: Callable[[Profile], None] = lambda profile: None,
) -> list[Profile]:
    """Profiles of all parameters, in processes when ``workers`` > 1; ``done`` is called as each one ends."""
    one = partial(profile, problem, theta_best, spread=covariance(problem, theta_best))
    out = []
    if workers <= 1:
        for index in range(len(problem.names)):
            out.append(one(index))
            done(out[-1])
        return out
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for result in pool.map(one, range(len(problem.names))):
            out.append(result)
            done(result)
    return out


class _Row(Strict):
    """One line of profiles.tsv. points: value:rise:data_rise, separated by spaces."""

    id: str
    estimate: Number
    low: Number
    high: Number
    low_closed: bool
    high_closed: bool
    at_bound: bool
    flat: bool
    verdict: Verdict
    prior_driven: bool
    points: str


def write(path: Path, items: Sequence[Profile]) -> None:
    """Write profiles.tsv atomically: plan units, 4 significant digits."""
    lines = ["\t".join(_Row.model_fields)]
    for item in items:
        points = " ".join(f"{p.value:.4g}:{p.rise:.4g}:{p.data_rise:.4g}" for p in item.points)
        numbers = [f"{x:.4g}" for x in (item.estimate, item.low, item.high)]
        flags = [str(x).lower() for x in (item.low_closed, item.high_closed, item.at_bound, item.flat)]
        lines.append(
            "\t".join([item.id, *numbers, *flags, verdict(item), str(item.prior_driven).lower(), points])
        )
    paths.write_atomic(path, "\n".join(lines) + "\n")


def read(path: Path) -> list[Profile]:
    """Read profiles.tsv; raises InputError with file, row and column."""
    out = []
    for number, row in enumerate(read_table(path, _Row), start=2):
        try:
            points = tuple(Point(*map(float, point.split(":"))) for point in row.points.split(" "))
        except (TypeError, ValueError):
            raise InputError(
                f"{path}:{number}: column points: expected value:rise:data_rise separated by spaces"
            ) from None
        out.append(
            Profile(row.id, row.estimate, row.low, row.high, row.low_closed, row.high_closed, row.at_bound,
                    row.flat, points)
        )  # fmt: skip
    return out
