"""Parameter draws of plans, joined into draws of the whole model.

Each plan holds every parameter that its predictions depend on, those of earlier plans as priors, so draws of
different plans are independent. A plan may have alternatives, which explain the same data by another
structure: its draws are then taken from all of them, in shares by how well each predicts left-out rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import Within
from jakinib.errors import InputError
from jakinib.experiments.exvivo import NEW_LABORATORY
from jakinib.fit import posterior, results
from jakinib.fit.crossvalidation import stored
from jakinib.fit.posterior import Stored
from jakinib.fit.results import Fit

COUNT, SEED = 40, 20261123
Draws = Annotated[int, Within(0, 10_000)]
SPREADS = ("laboratory", "cell_ic50")  # between laboratories, and of a potency measured again


@dataclass(frozen=True)
class Joint:
    """settings: one mapping a draw, symbol (or symbol@scope) -> value in model units.

    Beside parameters a draw holds the factor of a new laboratory, where a plan estimates how far they lie
    apart: what dosing does to blood is predicted for a laboratory that nobody has heard of.

    methods: posterior or Laplace, by plan. missing: why a plan has no draws, by plan. shares: of the draws,
    by plan, where a plan has alternatives.
    """

    settings: tuple[Mapping[str, float], ...] = ()
    methods: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)


def joint(fits: Sequence[Sequence[Fit]], count: int = COUNT, seed: int = SEED) -> Joint:
    """``count`` draws of the stored ensembles of fits.

    fits: for each plan its fit and those of its alternatives. Of a symbol that two plans hold, the value of
    the later one counts.
    """
    rng = np.random.default_rng(seed)
    drawn: list[list[Mapping[str, float]]] = []
    methods: dict[str, str] = {}
    missing: dict[str, str] = {}
    shares: dict[str, float] = {}
    for group in fits:
        name = group[0].plan.id
        try:
            drawn_by = [posterior.load(fit.plan, results.state(fit)) for fit in group]
            weights = probabilities(group)
        except InputError as error:
            missing[name] = str(error)
            continue
        if len(group) > 1:
            shares |= {fit.plan.id: float(weight) for fit, weight in zip(group, weights, strict=True)}
        if "laboratory" in group[0].provenance.get("spreads", {}):
            drawn.append(_laboratories(group, weights, count, seed))
        drawn.append(_mixed(drawn_by, apportioned(weights, count), rng))
        methods[name] = "Laplace" if any(one.method == "Laplace" for one in drawn_by) else "posterior"
    settings = [
        {name: value for one in draw for name, value in one.items()} for draw in zip(*drawn, strict=True)
    ]
    return Joint(tuple(settings), methods, missing, shares)


def _laboratories(
    group: Sequence[Fit], weights: NDArray[np.float64], count: int, seed: int
) -> list[Mapping[str, float]]:
    """The factor of a new laboratory on a pathway in each draw: equally likely ones in random order."""
    from scipy.special import ndtri

    squares = [sum(float(fit.provenance["spreads"][name]) ** 2 for name in SPREADS) for fit in group]
    shares = (np.random.default_rng([seed, count]).permutation(count) + 0.5) / count
    logs = np.sqrt(float(weights @ squares)) * ndtri(shares)
    return [{NEW_LABORATORY: value} for value in np.exp(logs).tolist()]


def probabilities(group: Sequence[Fit]) -> NDArray[np.float64]:
    """Weight of each structure, by how well it predicts rows that it was not fitted to, one by one.

    Pseudo model averaging (Yao et al. 2018, Bayesian Anal. 13:917): cross-validation also chooses the
    default, and evidence would let priors of single parameters decide. Raises InputError, saying what to run,
    when a cross-validation is lacking or stale.
    """
    if len(group) == 1:
        return np.ones(1)
    density = np.array([stored(fit.plan, "row").density for fit in group])
    weights = np.exp(density - density.max())
    return np.asarray(weights / weights.sum())


def apportioned(shares: NDArray[np.float64], count: int) -> list[int]:
    """Whole numbers that add up to ``count``, nearest to its shares (largest remainders)."""
    wanted = shares * count
    out = np.floor(wanted).astype(int)
    largest = np.argsort(out - wanted, kind="stable")[: count - int(out.sum())]
    out[largest] += 1
    return [int(number) for number in out]


def _mixed(
    stored: Sequence[Stored], counts: Sequence[int], rng: np.random.Generator
) -> list[Mapping[str, float]]:
    """Draws of each structure in random order; all different while there are enough."""
    out = [
        one.settings(one.theta[row])
        for one, count in zip(stored, counts, strict=True)
        for row in rng.choice(len(one.theta), count, replace=count > len(one.theta))
    ]
    return [out[i] for i in rng.permutation(len(out))]
