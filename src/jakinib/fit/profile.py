"""Profile likelihood: how far one parameter can move while all others are re-estimated.

Source: Raue et al. 2009, Bioinformatics 25:1923 (profiles, practical and structural non-identifiability).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from jakinib import paths
from jakinib.errors import InputError
from jakinib.files.journal import read_record
from jakinib.fit.objective import Array, Objective, Optimum, covariance, minimise, one_thread
from jakinib.fit.side import AT_BOUND, THRESHOLD, Side
from jakinib.library.files import read_table
from jakinib.library.ranges import Number
from jakinib.library.schema import Row as TableRow
from jakinib.parallel import in_order

__all__ = ["Array", "Objective", "Optimum", "Point", "Profile", "covariance", "minimise"]
Verdict = Literal["identifiable", "practically non-identifiable", "structurally non-identifiable", "at bound"]

FLAT = 0.01  # change of the data part of chi2 below which re-estimation cannot tell it from none


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
        middle = min(
            range(len(self.points)), key=lambda i: abs(math.log(self.points[i].value / self.estimate))
        )
        sides = ((self.points[:middle], self.low_closed), (self.points[middle + 1 :], self.high_closed))
        ends = [min(side, key=lambda p: abs(p.rise - THRESHOLD)) for side, closed in sides if closed and side]
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
    problem: Objective,
    theta_best: Array,
    index: int,
    spread: Array | None = None,
    jac: Array | None = None,
) -> Profile:
    """Profile of parameter ``index`` out to the 90 % threshold or the bounds, whichever comes first.

    theta_best: ln of the estimates, an optimum (``minimise``). spread, jac: Gauss-Newton covariance and
    Jacobian there, when known. Each side is tried at half and at all of the distance the quadratic
    approximation predicts, then at the crossing that the points so far predict, until one lies on it.
    """
    theta_best = np.asarray(theta_best, dtype=float)
    residual = problem.residuals(theta_best)
    data = residual[: len(problem.targets)]
    best = Optimum(theta_best, 0.5 * float(residual @ residual), 0.5 * float(data @ data))
    spread = covariance(problem, theta_best) if spread is None else spread
    jac = problem.jacobian(theta_best) if jac is None else jac
    with one_thread():
        down = Side(problem, best, index, -1, spread, jac).search()
        up = Side(problem, best, index, +1, spread, jac).search()
    margin = min(theta_best[index] - problem.low[index], problem.high[index] - theta_best[index])
    return Profile(
        problem.names[index],
        math.exp(theta_best[index]),
        math.exp(down.end),
        math.exp(up.end),
        down.closed,
        up.closed,
        bool(margin < AT_BOUND),
        _flat(problem, [down.points, up.points], index),
        tuple(
            Point(math.exp(p.theta[index]), 2 * (p.cost - best.cost), 2 * (p.data - best.data))
            for p in [*reversed(down.shown), *up.shown[1:]]
        ),
    )


def _flat(problem: Objective, sides: Sequence[Sequence[Optimum]], index: int) -> bool:
    """Whether the data part stays put, leaving out points where another parameter has run into a bound."""

    def on_bound(point: Optimum) -> NDArray[np.bool_]:
        margin = np.minimum(point.theta - problem.low, problem.high - point.theta)
        margin[index] = np.inf
        return margin < AT_BOUND

    best = sides[0][0]
    moved = [p for side in sides for p in side[1:] if not np.any(on_bound(p) & ~on_bound(best))]
    return bool(moved) and max(abs(2 * (p.data - best.data)) for p in moved) < FLAT


def profiles(
    problem: Objective,
    theta_best: Array,
    workers: int = 1,
    done: Callable[[Profile], None] = lambda profile: None,
    earlier: Sequence[Profile] = (),
) -> list[Profile]:
    """Profiles of all parameters, in processes when ``workers`` > 1; ``done`` is called as each one ends.

    earlier: those finished before an interruption; they are not run again.
    """
    found = {item.id: item for item in earlier}
    missing = [index for index, name in enumerate(problem.names) if name not in found]
    if missing:
        theta_best = np.asarray(theta_best, dtype=float)
        spread, jac = covariance(problem, theta_best), problem.jacobian(theta_best)
        one = partial(profile, problem, theta_best, spread=spread, jac=jac)
        found |= {item.id: item for item in in_order(one, missing, workers, lambda _, item: done(item))}
    return [found[name] for name in problem.names]


def fresh(folder: Path, state: Mapping[str, str]) -> dict[str, Profile]:
    """Stored profiles by parameter, none when they belong to another fit (``results.state``)."""
    record, table = folder / "profiles.json", folder / "profiles.tsv"
    if not (record.exists() and table.exists()):
        return {}
    again = "run: jakinib profile again"
    if read_record(record, "the record of profiles", again).get("inputs") != state:
        return {}
    return {item.id: item for item in read(table)}


def pack(item: Profile) -> bytes:
    """A profile as JSON, at full precision."""
    return json.dumps(asdict(item)).encode()


def unpack(content: bytes) -> Profile:
    """The profile that ``pack`` gave."""
    record: dict[str, Any] = json.loads(content)
    return Profile(**{**record, "points": tuple(Point(**point) for point in record["points"])})


class _Row(TableRow):
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
