"""Parameter draws of all plans, joined into draws of the whole model.

Ensembles of different plans are independent unless linked. A parameter that a later plan takes over as a
prior (``prior_from``) is estimated twice: the later plan's draws hold, and the draws of the earlier plan are
paired with them so that the shared parameters agree as well as possible (least sum of squared differences in
standard deviations, each draw used once), which keeps what the earlier plan says about its other parameters.
A parameter that a later plan took as given moves that plan's draws by its linear re-estimation
(``jakinib.fit.posterior``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import InputError
from jakinib.fit import posterior, results
from jakinib.fit.posterior import Stored
from jakinib.fit.results import Fit

COUNT, SEED = 40, 20261123


@dataclass(frozen=True)
class Joint:
    """settings: one mapping a draw, symbol (or symbol@scope) -> value in model units.

    methods: posterior or Laplace, by plan. missing: why a plan has no draws, by plan.
    """

    settings: tuple[Mapping[str, float], ...] = ()
    methods: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def joint(fits: Sequence[Fit], count: int = COUNT, seed: int = SEED) -> Joint:
    """``count`` draws of the stored ensembles of fits, given in the order in which they build on another."""
    stored: list[Stored] = []
    missing: dict[str, str] = {}
    for fit in fits:
        try:
            stored.append(posterior.load(fit.plan, results.state(fit)))
        except InputError as error:
            missing[fit.plan.id] = str(error)
    if not stored:
        return Joint(missing=missing)
    rng = np.random.default_rng(seed)
    theta = [_some(one.theta, count, rng) for one in stored]
    for earlier in range(len(stored) - 2, -1, -1):
        theta[earlier] = paired(stored, theta, earlier)
    for later in range(1, len(stored)):
        theta[later] = followed(stored, theta, later)
    settings = []
    for number in range(count):
        one: dict[str, float] = {}
        for plan, values in zip(stored, theta, strict=True):
            one |= plan.settings(values[number])
        settings.append(one)
    return Joint(tuple(settings), {one.plan.id: one.method for one in stored}, missing)


def _some(theta: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """``count`` draws in random order: all different while there are enough."""
    return theta[rng.choice(len(theta), count, replace=count > len(theta))]


def _links(earlier: Stored, later: Stored) -> list[tuple[int, int]]:
    """Columns of the parameters that the later plan takes over from the earlier one."""
    names = [parameter.id for parameter in earlier.plan.parameters]
    return [
        (names.index(parameter.id), column)
        for column, parameter in enumerate(later.plan.parameters)
        if earlier.plan.id in parameter.prior_from and parameter.id in names
    ]


def paired(stored: list[Stored], theta: list[NDArray[np.float64]], earlier: int) -> NDArray[np.float64]:
    """The draws of a plan in the order that fits those of the plans after it."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    mine, theirs = [], []
    for later in range(earlier + 1, len(stored)):
        for own, other in _links(stored[earlier], stored[later]):
            mine.append(theta[earlier][:, own])
            theirs.append(theta[later][:, other])
    if not mine:
        return theta[earlier]

    def scaled(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
        table = np.array(columns).T
        return (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-12)

    distance = cdist(scaled(theirs), scaled(mine), "sqeuclidean")
    _, order = linear_sum_assignment(distance)
    return np.asarray(theta[earlier][order])


def followed(stored: list[Stored], theta: list[NDArray[np.float64]], later: int) -> NDArray[np.float64]:
    """The draws of a plan, moved along with what it took as given from the plans before it."""
    out = theta[later].copy()
    for earlier in range(later):
        for column, parameter in enumerate(stored[earlier].plan.parameters):
            if parameter.id in stored[later].response and stored[earlier].plan.id in stored[later].plan.after:
                at, change = stored[later].response[parameter.id]
                out += (theta[earlier][:, column] - at)[:, None] * change
    low = np.log([parameter.low for parameter in stored[later].plan.parameters])
    high = np.log([parameter.high for parameter in stored[later].plan.parameters])
    return np.clip(out, low, high)
