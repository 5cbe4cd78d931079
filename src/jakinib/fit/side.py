"""One side of a profile: out from the optimum to where the profile crosses the 90 % threshold, or to a bound.

sqrt(chi2) is linear in a linear model, so crossings are predicted on that scale. Each constrained minimum is
found by Gauss-Newton steps that start from the last two points and keep the Jacobian of the point before,
updated row by row where its entries are not zero (Schubert 1970, Math. Comput. 24:27); a fresh Jacobian is
computed only when a step disappoints and at the crossing itself.
"""

from __future__ import annotations

import math

import numpy as np

from jakinib.errors import SimulationError
from jakinib.fit.objective import Array, Objective, Optimum

THRESHOLD = 2.705543454095404  # 90 % quantile of chi2 with one degree of freedom
ROOT = math.sqrt(THRESHOLD)
AT_BOUND = 1e-3  # ln units
CLOSE = 0.06  # in sqrt(chi2): a point this near the threshold ends the search
EXACT = 1e-6  # predicted decrease of the cost at which a minimum is reached
MOST_POINTS = 40
MOST_STEPS = 40


class Side:
    """Search from ``best`` in the direction ``sign`` of parameter ``index``.

    After ``search``: points from the optimum outward, end (ln) and closed (the threshold was reached).
    """

    def __init__(
        self, problem: Objective, best: Optimum, index: int, sign: int, spread: Array, jac: Array
    ) -> None:
        self.problem, self.best, self.index, self.sign = problem, best, index, sign
        self.jac = jac.copy()
        self.seen = jac != 0  # entries that can change
        self.bound = float((problem.low, problem.high)[sign > 0][index])
        self.room = abs(self.bound - float(best.theta[index]))
        self.along = spread[:, index] / spread[index, index]  # how the others follow in a linear model
        self.reach = ROOT * math.sqrt(spread[index, index])  # predicted distance of the crossing
        self.points = [best]
        self.failed_at = math.inf  # distance at which the model could not be simulated
        self.end, self.closed = self.bound, False

    def distance(self, point: Optimum) -> float:
        return abs(float(point.theta[self.index] - self.best.theta[self.index]))

    def root(self, point: Optimum) -> float:
        """sqrt of the rise of chi2 over the optimum."""
        return math.sqrt(max(2 * (point.cost - self.best.cost), 0.0))

    @property
    def shown(self) -> list[Optimum]:
        """Points worth keeping: those far beyond the threshold only served to bracket it."""
        inside = [p for p in self.points if self.root(p) <= 2 * ROOT]
        return inside if len(inside) > 1 else self.points[:2]

    def search(self) -> Side:
        """Find the crossing; raises SimulationError when it cannot be approached by simulation."""
        if self.room < 1e-9:
            return self
        self._visit(min(0.5 * self.reach, self.room))
        while len(self.points) < MOST_POINTS:
            inner = [p for p in self.points if self.root(p) < ROOT]
            outer = [p for p in self.points if self.root(p) >= ROOT]
            last = inner[-1]
            if not outer and self.distance(last) >= self.room - 1e-9:
                return self  # the bound is reached below the threshold
            crossing = self._predict()
            near = min(self.points[1:], key=lambda p: abs(self.root(p) - ROOT), default=None)
            if (
                near is not None
                and abs(self.root(near) - ROOT) < CLOSE
                and crossing <= self.room
                and self._certified(near)
            ):
                break
            if outer and self.distance(outer[0]) - self.distance(last) < 1e-4:
                crossing = self.distance(outer[0])
                break
            self._visit(self._next(crossing, last, outer))
        self.end = float(self.best.theta[self.index] + self.sign * min(self._predict(), self.room))
        self.closed = True
        return self

    def _predict(self) -> float:
        """Distance of the crossing, linear in sqrt(chi2) between (or beyond) the two nearest points."""
        known = sorted((self.distance(p), self.root(p)) for p in self.points)
        after = next((i for i, (_, root) in enumerate(known) if root >= ROOT), len(known) - 1)
        (a, low), (b, high) = known[max(after - 1, 0)], known[after]
        if len(known) == 1:
            return self.reach
        if high - low < 1e-9:
            return math.inf
        return a + (ROOT - low) / (high - low) * (b - a)

    def _next(self, crossing: float, last: Optimum, outer: list[Optimum]) -> float:
        """Where to look: at the predicted crossing, never far out at once, by halves where that stalls."""
        inner_end = self.distance(last)
        if not outer:
            furthest = max(3 * inner_end, 0.5 * self.reach)
            if math.isfinite(self.failed_at):
                furthest = 0.5 * (inner_end + self.failed_at)
                if self.failed_at - inner_end < 1e-3:
                    raise SimulationError(
                        f"profile of {self.problem.names[self.index]}: the model fails before the threshold"
                    )
            # A little beyond, so that the crossing is bracketed rather than crept up to.
            return min(crossing + 0.03 * (crossing - inner_end), furthest, self.room)
        outer_end = self.distance(outer[0])
        width = outer_end - inner_end
        if self.root(outer[0]) > 2 * ROOT and len(self.points) > 2:
            return inner_end + 0.5 * width
        return min(max(crossing, inner_end + 0.02 * width), outer_end - 0.02 * width)

    def _visit(self, distance: float) -> None:
        """Add the constrained minimum at a distance; remembers where the model cannot be simulated."""
        value = self.best.theta[self.index] + self.sign * distance
        if abs(value - self.bound) < 1e-9:
            value = self.bound
        start = min(self.points, key=lambda p: abs(self.distance(p) - distance))
        along = self.along
        if start is not self.best:
            before = self.points[max(self.points.index(start) - 1, 0)]
            along = (start.theta - before.theta) / (start.theta[self.index] - before.theta[self.index])
        guess = start.theta + along * (value - start.theta[self.index])
        guess[self.index] = value
        try:
            point = self.minimum(guess)
        except SimulationError:
            try:
                held = start.theta.copy()
                held[self.index] = value
                point = self.minimum(held)
            except SimulationError:
                self.failed_at = min(self.failed_at, distance)
                return
        self.points.append(point)
        self.points.sort(key=self.distance)

    def _certified(self, point: Optimum) -> bool:
        """Whether a fresh Jacobian confirms the minimum; if not, it is improved in place."""
        self.jac = self.problem.jacobian(point.theta)
        better = self.minimum(point.theta)
        self.points[self.points.index(point)] = better
        return abs(self.root(better) - self.root(point)) < 0.5 * CLOSE

    def minimum(self, theta: Array) -> Optimum:
        """Constrained minimum from ``theta``, ``index`` held; SimulationError when it cannot start."""
        problem = self.problem
        theta = np.clip(theta, problem.low, problem.high)
        free = np.array([i for i in range(len(theta)) if i != self.index], dtype=int)
        residual = problem.residuals(theta)
        cost, radius, fresh = 0.5 * float(residual @ residual), 2.0, False
        for _ in range(MOST_STEPS if len(free) else 0):
            step = self._step(theta, residual, free, radius)
            model = residual + self.jac @ step
            predicted = cost - 0.5 * float(model @ model)
            if predicted < EXACT:
                break
            try:
                there = problem.residuals(theta + step)
                gain = cost - 0.5 * float(there @ there)
            except SimulationError:
                radius = 0.25 * float(np.abs(step).max())
                continue
            if gain > 0:
                self._update(step, there - model)
                theta, residual, cost = theta + step, there, cost - gain
                if gain < 0.25 * predicted and not fresh:
                    self.jac, fresh = problem.jacobian(theta), True
                elif gain > 0.75 * predicted:
                    radius, fresh = 2 * radius, False
                continue
            if not fresh:
                self.jac, fresh = problem.jacobian(theta), True
            else:
                radius = 0.25 * float(np.abs(step).max())
                if radius < 1e-7:
                    break
        data = residual[: len(problem.targets)]
        return Optimum(theta, cost, 0.5 * float(data @ data))

    def _step(self, theta: Array, residual: Array, free: Array, radius: float) -> Array:
        """Gauss-Newton step within the bounds and ``radius`` (ln units of each parameter)."""
        from scipy.optimize import lsq_linear

        problem = self.problem
        low = np.maximum(problem.low - theta, -radius)[free]
        high = np.minimum(problem.high - theta, radius)[free]
        weak = 1e-4 * np.eye(len(free))  # keeps directions that nothing sees where they are
        matrix = np.vstack([self.jac[:, free], weak])
        target = np.concatenate([-residual, np.zeros(len(free))])
        part = np.linalg.lstsq(matrix, target, rcond=None)[0]
        if np.any(part < low) or np.any(part > high):
            low, high = np.minimum(low, -1e-12), np.maximum(high, 1e-12)
            part = np.clip(lsq_linear(matrix, target, (low, high), method="bvls").x, low, high)
        step = np.zeros(len(theta))
        step[free] = part
        return np.clip(theta + step, problem.low, problem.high) - theta

    def _update(self, step: Array, missed: Array) -> None:
        """Correct each row of the Jacobian by what it missed, in the entries that are not zero."""
        squares = self.seen @ np.square(step)
        rows = squares > 1e-20
        self.jac[rows] += (missed[rows] / squares[rows])[:, None] * (self.seen[rows] * step)
