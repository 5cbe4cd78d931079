"""Concentration-response: IC50 by bracketed root-finding, never by eye on a grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import Within, checked
from jakinib.errors import InputError, SimulationError
from jakinib.files.shown import Shown
from jakinib.lanes import Reading, readings

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Guess = Annotated[float, Within(0, 1e30)]  # nM
NO_SIGNAL = 1e-9  # a read-out that nothing can inhibit
LOWEST, HIGHEST = -4.0, 8.0  # log10 nM, the bracket: 0.1 pM to 0.1 M


def logit(share: float, floor: float = 1e-9) -> float:
    """ln(share / (1 - share)) held at ``floor`` from 0 and 1: feedback can lift a signal above its top."""
    share = min(max(share, floor), 1 - floor)
    return math.log(share / (1 - share))


def logits(shares: Array) -> Array:
    """``logit`` of each share."""
    held = np.clip(shares, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(held / (1 - held)))


@checked
@dataclass(frozen=True)
class Effect:
    """Share of an effect as a function of concentration (nM), from a run each.

    at: the reading at a concentration. top: the one that shares are of. inhibits: the effect is the part of
    the top that is lost, not the part that is there.
    """

    at: Callable[[float], Reading]
    top: float
    inhibits: bool = True

    def __call__(self, concentration: float) -> float:
        return self.share(self.at(concentration).value())

    def share(self, reading: float) -> float:
        """Share of the effect by what is read."""
        return 1 - reading / self.top if self.inhibits else reading / self.top


def at_each(effect: Callable[[float], float], concentrations: Sequence[float] | Array) -> Array:
    """An effect at several concentrations (nM); the runs of an ``Effect`` are made side by side.

    Raises SimulationError when one fails.
    """
    if not isinstance(effect, Effect):
        return np.array([effect(float(c)) for c in concentrations])
    out = []
    for found in readings([effect.at(float(c)) for c in concentrations]):
        if isinstance(found, SimulationError):
            raise found
        out.append(effect.share(found))
    return np.array(out)


def steps_near(guess: float) -> Generator[float, float, float | None]:
    """Secant steps in ln(concentration) from a guess: yields concentrations (nM), is sent the share there.

    Returns where it is one half (relative error 1e-5), or None when that is not found nearby. Steps that do
    not call what they need can be taken for many curves at once.
    """
    start = math.log(guess)
    before, odds_before = start, logit((yield guess), 1e-12)
    step = min(max(-odds_before, -2.0), 2.0)
    if abs(step) < 1e-6:
        return guess
    here = start + step
    odds = logit((yield math.exp(here)), 1e-12)
    if abs(odds) < abs(odds_before):
        before, odds_before, here, odds = here, odds, before, odds_before
    for _ in range(12):
        if odds == odds_before:
            return None
        later = here - odds * (here - before) / (odds - odds_before)
        if abs(later - here) <= 1e-5:
            return math.exp(later) if abs(later - start) < 6 else None
        if abs(later - start) > 50:
            return None
        before, odds_before, here = here, odds, later
        odds = logit((yield math.exp(here)), 1e-12)
    return None


@dataclass(frozen=True)
class Half:
    """Half of an effect, to be searched for from a guess (nM). reference: what shares are of.

    effect: the effect, given the value of the reference.
    """

    reference: Reading
    effect: Callable[[float], Effect]
    guess: float


def halves_near(asked: Sequence[Half]) -> list[float | None]:
    """Concentration (nM) of each half, searched side by side from values nearby.

    None where a run fails, there is no signal, or no half nearby.
    """
    found: list[float | None] = [None] * len(asked)
    tops = readings([one.reference for one in asked])
    effects = {
        number: one.effect(top)
        for number, (one, top) in enumerate(zip(asked, tops, strict=True))
        if not isinstance(top, SimulationError) and top > NO_SIGNAL
    }
    searches = {number: steps_near(asked[number].guess) for number in effects}
    wanted = {number: next(search) for number, search in searches.items()}
    while wanted:
        numbers = list(wanted)
        read = readings([effects[number].at(wanted[number]) for number in numbers])
        for number, value in zip(numbers, read, strict=True):
            del wanted[number]
            if isinstance(value, SimulationError):
                continue
            try:
                wanted[number] = searches[number].send(effects[number].share(value))
            except StopIteration as ended:
                found[number] = ended.value
    return found


@checked
@dataclass
class Curve(Shown):
    """Inhibition as a function of inhibitor concentration.

    inhibition: function of a nominal concentration (nM) giving the fraction inhibited, 0 to 1.
    notes: what was assumed about the inhibitor or taken in place of the usual, a line each.

    >>> import jakinib as jk
    >>> round(jk.Curve(lambda nM: nM / (nM + 10)).ic50, 6)
    10.0
    """

    inhibition: Callable[[float], float]
    label: str = ""
    conditions: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def _logit(self, log10_concentration: float) -> float:
        return logit(self.inhibition(10.0**log10_concentration), 1e-12)

    @cached_property
    def ic50(self) -> float:
        """Nominal concentration (nM) of half-maximal inhibition.

        Raises SimulationError when no concentration between 0.1 pM and 0.1 M inhibits by half.
        """
        from scipy.optimize import brentq

        low, high = 0.0, 3.0
        at_low, at_high = self._logit(low), self._logit(high)
        while at_low > 0 and low > LOWEST:
            high, at_high, low = low, at_low, max(low - 2, LOWEST)
            at_low = self._logit(low)
        while at_high < 0 and high < HIGHEST:
            low, at_low, high = high, at_high, min(high + 2, HIGHEST)
            at_high = self._logit(high)
        if at_low > 0 or at_high < 0:
            raise SimulationError(f"{self.label}: no half-maximal inhibition between 1e-4 and 1e8 nM")
        if at_low == 0 or at_high == 0:
            return float(10.0 ** (low if at_low == 0 else high))
        return float(10.0 ** brentq(self._logit, low, high, xtol=1e-6, rtol=1e-10))

    def ic50_near(self, guess: Guess) -> float:
        """IC50 by secant steps from a value nearby (relative error 1e-5); else by the full search."""
        search = steps_near(guess)
        wanted = next(search)
        while True:
            try:
                wanted = search.send(self.inhibition(wanted))
            except StopIteration as ended:
                near: float | None = ended.value
                return self.ic50 if near is None else near

    @cached_property
    def hill(self) -> float:
        """Slope of logit(inhibition) against ln(concentration) at the IC50."""
        middle, step = math.log10(self.ic50), 0.02
        return (self._logit(middle + step) - self._logit(middle - step)) / (2 * step * math.log(10))

    def table(
        self, concentrations: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(concentrations nM, inhibition fraction); default two decades either side of the IC50."""
        if concentrations is None:
            concentrations = np.logspace(math.log10(self.ic50) - 2, math.log10(self.ic50) + 2, 41)
        if not (np.isfinite(concentrations) & (np.asarray(concentrations) >= 0)).all():
            raise InputError("concentrations: a negative or infinite value; give nM of at least 0")
        return np.asarray(concentrations), at_each(self.inhibition, concentrations)

    def to_frame(self) -> pd.DataFrame:
        """Concentration (nM) and inhibition (%), 41 points around the IC50; ``attrs`` has the units."""
        import pandas as pd

        x, y = self.table()
        frame = pd.DataFrame({"concentration": x, "inhibition": 100 * y})
        units = {"concentration": "nM", "inhibition": "%"}
        frame.attrs = {"units": units, "ic50_nM": self.ic50, "hill": self.hill, "notes": list(self.notes)}
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        frame = self.to_frame()
        ends = {"ic50_nM": self.ic50, "hill": self.hill, "notes": list(self.notes)}
        return {"assay": self.label, **ends, "rows": frame.to_dict("records")}

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve with its IC50 marked on matplotlib axes; returns them, or a Figure without any."""
        if ax is None:
            return self.figure()
        x, y = self.table()
        ax.semilogx(x, 100 * y, color="#0072b2", label=self.label)
        ax.axvline(self.ic50, color="0.5", linestyle=":", linewidth=1)
        ax.set(xlabel="inhibitor concentration (nM)", ylabel="inhibition (%)", ylim=(-3, 103))
        ax.set_title(f"{self.label}: IC50 {self.ic50:.3g} nM", fontsize=9)
        return ax

    def figure(self) -> Any:
        """The curve alone, as a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5.5, 3.6), layout="constrained")
        self.plot(figure.subplots())
        return figure
