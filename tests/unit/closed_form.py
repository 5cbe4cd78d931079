"""Problems whose answer is known in closed form, in place of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jakinib.fit.profile import Array

Z90 = 1.6448536269514722


@dataclass
class Linear:
    """Residuals (A theta - y) / sigma; a row of A below the data is a prior."""

    matrix: Array
    y: Array
    data: int
    low: Array
    high: Array
    names: list[str] = field(init=False)
    targets: list[object] = field(init=False)

    def __post_init__(self) -> None:
        self.names = [f"k{i + 1}" for i in range(self.matrix.shape[1])]
        self.targets = [object()] * self.data

    def residuals(self, theta: Array) -> Array:
        return self.matrix @ theta - self.y

    def jacobian(self, theta: Array) -> Array:
        return self.matrix.copy()

    def values(self, theta: Array) -> Mapping[str, float]:
        return dict(zip(self.names, np.exp(theta).tolist(), strict=True)) | {"tied": float(np.exp(theta[0]))}


def linear(
    rows: list[list[float]], y: list[float], *, priors: int = 0, low: float = -10, high: float = 10
) -> Linear:
    matrix = np.array(rows, dtype=float)
    size = matrix.shape[1]
    return Linear(
        matrix, np.array(y, dtype=float), len(rows) - priors, np.full(size, low), np.full(size, high)
    )


@dataclass
class Decay:
    """exp(-k t) seen with error: a convex, asymmetric profile."""

    times: Array = field(default_factory=lambda: np.array([0.5, 1.0, 2.0]))
    sigma: float = 0.1
    true: float = 1.0
    names: tuple[str, ...] = ("k",)
    low: Array = field(default_factory=lambda: np.array([-8.0]))
    high: Array = field(default_factory=lambda: np.array([8.0]))
    targets: tuple[int, ...] = (0, 1, 2)

    def residuals(self, theta: Array) -> Array:
        return (np.exp(-np.exp(theta[0]) * self.times) - np.exp(-self.true * self.times)) / self.sigma

    def jacobian(self, theta: Array) -> Array:
        k = np.exp(theta[0])
        return (-k * self.times * np.exp(-k * self.times) / self.sigma)[:, None]


@dataclass
class Laboratories:
    """Decay seen by laboratories, each with an offset of its own that has a prior: linear and Gaussian.

    theta: ln k, then the offsets.
    """

    count: int = 3
    sigma: float = 0.25
    spread: float = 0.4
    times: Array = field(default_factory=lambda: np.array([0.5, 1.0, 2.0]))

    def __post_init__(self) -> None:
        self.names = ["k", *(f"offset{i + 1}" for i in range(self.count))]
        self.low, self.high = np.full(self.count + 1, -4.0), np.full(self.count + 1, 4.0)
        self.targets = [object()] * (self.count * len(self.times))
        self.seen = np.exp(-self.times) + 0.3 * (np.arange(self.count) - 1)[:, None]

    def residuals(self, theta: Array) -> Array:
        shown = np.exp(-np.exp(theta[0]) * self.times) + theta[1:, None]
        return np.concatenate([((shown - self.seen) / self.sigma).ravel(), theta[1:] / self.spread])

    def jacobian(self, theta: Array) -> Array:
        rate = np.exp(theta[0]) * self.times
        out = np.zeros((len(self.targets) + self.count, self.count + 1))
        out[: len(self.targets), 0] = np.tile(-rate * np.exp(-rate) / self.sigma, self.count)
        for i in range(self.count):
            out[i * len(rate) : (i + 1) * len(rate), i + 1] = 1 / self.sigma
            out[len(self.targets) + i, i + 1] = 1 / self.spread
        return out

    def values(self, theta: Array) -> Mapping[str, float]:
        return dict(zip(self.names, np.exp(theta).tolist(), strict=True))

    def marginal(self, log: float) -> float:
        """Density of ln k, not normalised, with every offset integrated out."""
        off = np.exp(-np.exp(log) * self.times) - self.seen
        n = len(self.times)
        shared = self.spread**2 / (self.sigma**2 + n * self.spread**2)
        squares = (np.square(off).sum(axis=1) - shared * np.square(off.sum(axis=1))) / self.sigma**2
        return float(np.exp(-0.5 * squares.sum()))
