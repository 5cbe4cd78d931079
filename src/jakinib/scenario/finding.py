"""The dose, or another input, at which a quantity reaches a value, by bracketed root finding."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.arguments import checked
from jakinib.assay.curve import logit, steps_near
from jakinib.errors import InputError
from jakinib.evaluate.draws import Joint
from jakinib.files.shown import Shown
from jakinib.scenario.quantities import (
    Input,
    Outcome,
    Quantity,
    amount,
    in_vitro_side_by_side,
    numeric,
    quantity,
)
from jakinib.scenario.spread import outcomes, unheld
from jakinib.scenario.value import Scenario

if TYPE_CHECKING:
    import pandas as pd

COARSE = 8  # steps of the coarse search over an input's range
WIDER = 1.4  # factor by which the bracket of a draw grows


@dataclass(frozen=True)
class Found(Shown):
    """The value ``at`` of an input at which a quantity is ``value``; scenario: the one with that input.

    interval: central 90 % of what the draws of the parameters find, in the unit of the input; raises
    InputError, saying what to run, when the stored draws are lacking or stale, and where it would be one of
    plasma whose pharmacokinetics were not fitted. unheld: what it leaves out, or why there is none. banded:
    whether there is one.
    """

    quantity: Quantity
    value: float
    input: Input
    at: float
    scenario: Scenario
    notes: tuple[str, ...]
    draws: Joint | None = field(default=None, repr=False, compare=False)

    @functools.cached_property
    def every(self) -> tuple[float, ...]:
        """The input at which each draw of the parameters reaches the value; inf or 0 where none does."""
        made = outcomes(self.scenario, [self.quantity], self.draws)
        near: list[float | None] = [None] * len(made) if self.quantity.dosed else self._near(made)
        pairs = zip(made, near, strict=True)
        return tuple(self._again(outcome) if at is None else at for outcome, at in pairs)

    @functools.cached_property
    def unheld(self) -> list[str]:
        return unheld(self.scenario, self.quantity, self.draws)

    @property
    def banded(self) -> bool:
        return not (self.quantity.plasma and self.unheld)

    @property
    def interval(self) -> tuple[float, float]:
        if not self.banded:
            raise InputError("; ".join(self.unheld))
        low, high = np.quantile(self.every, (0.05, 0.95), method="closest_observation")
        return float(low), float(high)

    def _near(self, made: Sequence[Outcome]) -> list[float | None]:
        """Where each draw reaches the value of an assay, by steps that all take side by side.

        None where that is not found near what the estimates give, and inside the range of the input.
        """
        searches = dict(enumerate(steps_near(self.at) for _ in made))
        wanted = {number: next(search) for number, search in searches.items()}
        found: list[float | None] = [None] * len(made)
        while wanted:
            inside = {n: x for n, x in wanted.items() if self.input.low <= x <= self.input.high}
            asked = [(made[n], self.input.put(self.scenario, x)) for n, x in inside.items()]
            read = in_vitro_side_by_side(asked, self.quantity, self.value)
            wanted = {}
            for number, value in zip(inside, read, strict=True):
                if value is None:
                    continue
                distance = _scaled(self.quantity, value) - _scaled(self.quantity, self.value)
                try:
                    wanted[number] = searches[number].send(1 / (1 + math.exp(-distance)))
                except StopIteration as ended:
                    at: float | None = ended.value
                    if at is not None and self.input.low <= at <= self.input.high:
                        found[number] = at
        return found

    def _again(self, outcome: Outcome) -> float:
        distance = _distance(self.scenario, self.quantity, self.value, self.input, outcome)
        low = high = self.at
        below = above = start = distance(self.at)
        while below * above > 0:
            if low <= self.input.low and high >= self.input.high:
                rises = above > below if above != below else start < 0
                return math.inf if (start < 0) == rises else 0.0
            low, high = max(low / WIDER, self.input.low), min(high * WIDER, self.input.high)
            below, above = distance(low), distance(high)
        return _root(distance, low, high)

    def record(self, band: bool = True) -> dict[str, Any]:
        """Plain data for JSON; band: with the interval."""
        out: dict[str, Any] = {
            "quantity": self.quantity.name, "value": self.value, "unit": self.quantity.unit,
            "vary": self.input.name, "at": self.at, "at_unit": self.input.unit,
        }  # fmt: skip
        if band and self.banded:
            out["band"] = self.quantity.whose
            out["low"], out["high"] = (end if math.isfinite(end) else None for end in self.interval)
        return out | {"notes": list(self.notes), "scenario": self.scenario.record()}

    def to_frame(self, band: bool = True) -> pd.DataFrame:
        """One row; the units are in ``attrs``."""
        import pandas as pd

        row = {self.quantity.name: self.value, self.input.name: self.at}
        if band and self.banded:
            row["low"], row["high"] = self.interval
        frame = pd.DataFrame([row])
        frame.attrs["units"] = {self.quantity.name: self.quantity.unit, self.input.name: self.input.unit}
        return frame

    def __str__(self) -> str:
        return (
            f"{self.input.name} {self.at:.4g} {self.input.unit}: {self.quantity.label} "
            f"{self.value:.4g} {self.quantity.unit}"
        )


@checked
def find(
    wanted: str,
    value: float | str,
    vary: str = "dose",
    scenario: Scenario | None = None,
    *,
    draws: Joint | None = None,
    **parts: Any,
) -> Found:
    """The input of a scenario at which a quantity reaches a value.

    wanted: average, maximum or minimum inhibition (over a day at steady state; over the last dosing interval
    of a regimen that ends), hours above IC50 (a day), Cmax, Cmin, AUC (over 24 h), or, of an assay,
    inhibition or IC50. value: a number in the quantity's unit (%, h, ng/mL, ng*h/mL, nM), or a text with one
    ("50 %"). vary: dose, interval, eGFR, weight, concentration, cytokine_dose. parts: fields of the
    scenario, which change ``scenario`` where both are given. draws: parameters behind the interval, in place
    of those stored.

    ``notes`` of the result warn when doses or patient lie outside what has been studied.
    Raises InputError when the value is not reached, and says the most that is; UnknownIdError for names.

    >>> import jakinib as jk
    >>> dose = jk.find("average inhibition", "50 %", regimen="baricitinib 4 mg qd", population="ra_adult")
    >>> dose.input.unit
    'mg'
    """
    asked = Scenario.of(**parts) if scenario is None else scenario.but(**parts) if parts else scenario
    what, over = quantity(wanted), numeric(vary)
    target = amount(value, what.unit, f"find: {what.label}")
    if not 0 < target < what.top:
        most = f" and below {what.top:g}" if math.isfinite(what.top) else ""
        raise InputError(f"find: {what.label} of {target:g} {what.unit}; give more than 0{most} {what.unit}")
    outcome = Outcome()
    at = _search(asked, what, target, over, outcome)
    final = over.put(asked, at)
    _, notes = outcome.of(final, [what])
    return Found(what, target, over, at, final, tuple(dict.fromkeys(notes)), draws)


def _distance(
    scenario: Scenario, what: Quantity, target: float, over: Input, outcome: Outcome
) -> Callable[[float], float]:
    """How far the quantity is above its target at a value of the input: smooth, 0 where it is reached."""
    goal = _scaled(what, target)
    return lambda x: _scaled(what, outcome.of(over.put(scenario, x), [what])[0][0]) - goal


def _scaled(what: Quantity, number: float) -> float:
    """A quantity on the scale on which it is nearest to a line of the logarithm of an input."""
    if what.unit == "%":
        return logit(number / 100, 1e-12)
    return number if math.isfinite(what.top) else math.log(max(number, 1e-12))


def _root(distance: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    if low == high:
        return low
    found = brentq(lambda ln: distance(math.exp(ln)), math.log(low), math.log(high), xtol=1e-7, rtol=1e-10)
    return float(math.exp(found))


def _search(scenario: Scenario, what: Quantity, target: float, over: Input, outcome: Outcome) -> float:
    """The input nearest to the present one at which the target is reached."""
    known: dict[float, float] = {}
    plain = _distance(scenario, what, target, over, outcome)

    def distance(x: float) -> float:
        if x not in known:
            known[x] = plain(x)
        return known[x]

    now = over.now(scenario)
    grid = [float(x) for x in np.geomspace(over.low, over.high, COARSE + 1)]
    start = now if now is not None and over.low < now < over.high else grid[COARSE // 2]
    grid = sorted({*grid, start})
    pairs = sorted(itertools.pairwise(grid), key=lambda ends: abs(math.log(ends[0] * ends[1] / start**2)))
    near = next((ends for ends in pairs if distance(ends[0]) * distance(ends[1]) <= 0), None)
    if near is None:
        high = known[start] < 0
        best = (max if high else min)(grid, key=lambda x: known[x])
        reached = outcome.of(over.put(scenario, best), [what])[0][0]
        raise InputError(
            f"find: {what.label} of {target:g} {what.unit} is not reached by any {over.name} from "
            f"{over.low:g} to {over.high:g} {over.unit}; the {'most' if high else 'least'} is {reached:.4g} "
            f"{what.unit}, at {best:.4g} {over.unit}"
        )
    return _root(plain, *near)
