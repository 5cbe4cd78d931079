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
