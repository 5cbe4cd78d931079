"""Concentration-response: IC50 by bracketed root-finding, never by eye on a grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import InputError, SimulationError
from jakinib.files.shown import Shown

if TYPE_CHECKING:
    import pandas as pd

LOWEST, HIGHEST = -4.0, 8.0  # log10 nM, the bracket: 0.1 pM to 0.1 M


def logit(share: float, floor: float = 1e-9) -> float:
    """ln(share / (1 - share)) held at ``floor`` from 0 and 1: feedback can lift a signal above its top."""
    share = min(max(share, floor), 1 - floor)
    return math.log(share / (1 - share))


@dataclass
class Curve(Shown):
    """Inhibition as a function of inhibitor concentration.

    inhibition: function of a nominal concentration (nM) giving the fraction inhibited, 0 to 1.
    notes: what was assumed about the inhibitor or taken in place of the usual, a line each.
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

    def ic50_near(self, guess: float) -> float:
        """IC50 by secant steps from a value nearby (relative error 1e-5); else by the full search."""
        from scipy.optimize import root_scalar

        def odds(ln: float) -> float:
            return logit(self.inhibition(math.exp(ln)), 1e-12)

        start = math.log(guess)
        step = min(max(-odds(start), -2.0), 2.0)
        if abs(step) < 1e-6:
            return guess
        found = root_scalar(odds, x0=start, x1=start + step, method="secant", xtol=1e-5, maxiter=12)
        if found.converged and abs(found.root - start) < 6:
            return math.exp(found.root)
        return self.ic50

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
        if (np.asarray(concentrations) < 0).any():
            raise InputError("concentrations: a negative value; give nM of at least 0")
        return np.asarray(concentrations), np.array([self.inhibition(float(c)) for c in concentrations])

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
