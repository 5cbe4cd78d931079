"""Measurements on a prediction: what every overlay shows, and a concentration-response with its Hill fit."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import CellAssay
from jakinib.assay.curve import at_each
from jakinib.errors import InputError
from jakinib.evaluate.potency import CellPotency
from jakinib.files.shown import Shown
from jakinib.scenario.dataset import Written, write_dataset
from jakinib.scenario.measured import Points
from jakinib.scenario.value import Scenario

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
FEWEST = 4  # points of a Hill fit: two numbers are fitted
BLUE, INK = "#0072b2", "#222222"


@dataclass(frozen=True)
class Hill:
    """IC50 (nM) and slope fitted to points, each with its central 90 % interval."""

    ic50: float
    ic50_interval: tuple[float, float]
    slope: float
    slope_interval: tuple[float, float]


@dataclass(frozen=True)
class Overlay(Shown):
    """Points of a user beside the prediction of a scenario."""

    points: Points
    scenario: Scenario
    bands: bool = field(default=True, kw_only=True)  # whether the band is shown and points in it counted
    unit: ClassVar[str] = "%"

    @property
    def at(self) -> tuple[float, ...]:
        """Places of the points, rising: nominal concentrations (nM), or hours after the first dose."""
        return self.points.at

    @property
    def each(self) -> tuple[tuple[float, ...], ...]:
        """Every replicate, by point."""
        return self.points.each

    @property
    def mean(self) -> Array:
        """Mean of the replicates, shape (points,)."""
        return self.points.mean

    @property
    def error(self) -> Array:
        """Standard deviation, shape (points,); 0 of a single replicate without one in the table."""
        return self.points.error

    @property
    def label(self) -> str:
        """What is predicted."""
        raise NotImplementedError

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know, a line each."""
        raise NotImplementedError

    @property
    def band_name(self) -> str:
        """Of whom the band is."""
        raise NotImplementedError

    def at_the_estimates(self, at: Array) -> Array:
        """The prediction, shape of ``at``."""
        raise NotImplementedError

    def band(self, at: Array) -> tuple[Array, Array]:
        """Ends of the central 90 % of what the draws of the parameters predict, shape of ``at`` each.

        Raises InputError, saying what to run, when the stored draws are lacking or stale.
        """
        raise NotImplementedError

    @property
    def inside(self) -> int:
        """How many points lie in the band, by the mean of their replicates."""
        low, high = self.band(np.array(self.at))
        return int(((low <= self.mean) & (self.mean <= high)).sum())

    @property
    def fold(self) -> float:
        """How far the points are off, as a factor."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """One row a point: mean, deviation, replicates, prediction, and the band unless it is left out;
        ``attrs`` has the units."""
        import pandas as pd

        x, y = self.points.over, self.points.quantity
        at = np.array(self.at)
        ends = dict(zip(("low", "high"), self.band(at), strict=True)) if self.bands else {}
        frame = pd.DataFrame({
            x: self.at, y: self.mean, "deviation": self.error,
            "replicates": [len(values) for values in self.each],
            "predicted": self.at_the_estimates(at), **ends,
        })  # fmt: skip
        units = {x: "nM" if x == "concentration" else "h"}
        frame.attrs = {
            "units": units | dict.fromkeys((y, "deviation", "predicted", *ends), self.unit),
            "notes": list(self.notes),
        }
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "what": self.label, "fold": self.fold, "points": len(self.at),
            "rows": self.to_frame().to_dict("records"), "notes": list(self.notes),
            "scenario": self.scenario.record(),
        } | ({"band": self.band_name, "inside": self.inside} if self.bands else {})  # fmt: skip

    def summary(self) -> list[str]:
        """The comparison in a few lines."""
        return [f"{self.fold:.3g}-fold{self._counted}"]

    @property
    def _counted(self) -> str:
        return (
            f"; {self.inside} of {len(self.at)} points in the band ({self.band_name})" if self.bands else ""
        )

    @property
    def conditions(self) -> CellAssay:
        """The assay that the prediction is of."""
        raise NotImplementedError

    def save_dataset(self, name: str, library: str | Path) -> Written:
        """Write the points as the data set ``name`` of a library folder, made where it is not there.

        ``data/<name>`` gets a row a point, means with deviation and count of the replicates, and of a
        concentration-response the fitted IC50; ``criteria.yaml`` gets criteria about them that report and do
        not decide. With the folder in JAKINIB_LIBRARY every ``jakinib evaluate`` judges them.
        Raises InputError for a name that cannot be used or is taken: nothing is overwritten.
        """
        return write_dataset(name, Path(library), self.points, self.scenario, self.conditions, self._fitted())

    def _fitted(self) -> Hill | None:
        """The Hill curve of the points, where there is one."""
        return None

    @property
    def _headed(self) -> str:
        """The title of a plot."""
        count = f", {self.inside} of {len(self.at)} in the band" if self.bands else ""
        return f"{self.label}\n{self.fold:.2g}-fold{count}"

    def _drawn(self, axes: Any, x: Array, scale: float = 1.0) -> None:
        """Band, prediction and points on axes; scale: of the places as they are shown."""
        if self.bands:
            low, high = self.band(x)
            axes.fill_between(
                x * scale, low, high, color=BLUE, alpha=0.2, linewidth=0, label=f"90 % band, {self.band_name}"
            )
        axes.plot(x * scale, self.at_the_estimates(x), color=BLUE, label="predicted")
        axes.errorbar(
            np.array(self.at) * scale, self.mean, yerr=self.error, fmt="o", color=INK, capsize=2, zorder=4,
            label="measured",
        )  # fmt: skip
        axes.spines[["top", "right"]].set_visible(False)


@dataclass(frozen=True)
class ResponseOverlay(Overlay):
    """A concentration-response: inhibition (%) over nominal concentrations (nM); predicted: its curve."""

    predicted: CellPotency = field(kw_only=True)

    @property
    def label(self) -> str:
        return self.predicted.label

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.points.notes, *self.predicted.notes)

    @property
    def conditions(self) -> CellAssay:
        return self.predicted.assay

    def _fitted(self) -> Hill | None:
        return self.hill if len(self.at) >= FEWEST else None

    @functools.cached_property
    def band_name(self) -> str:
        return self.predicted.inhibition_band(np.array(self.at))[0]

    def at_the_estimates(self, at: Array) -> Array:
        return 100 * at_each(self.predicted.inhibition, at)

    def band(self, at: Array) -> tuple[Array, Array]:
        return self.predicted.inhibition_band(at)[1:]

    @functools.cached_property
    def hill(self) -> Hill:
        """The Hill curve of the points from 0 to 100 %, by least squares over all replicates.

        Raises InputError for fewer than four concentrations, and for points that fix no curve.
        """
        from scipy.optimize import curve_fit
        from scipy.stats import t

        if len(self.at) < FEWEST:
            raise InputError(f"overlay: {len(self.at)} concentrations; a Hill fit takes at least {FEWEST}")
        x = np.log([c for c, values in zip(self.at, self.each, strict=True) for _ in values])
        y = np.array([value for values in self.each for value in values])
        start = (float(np.interp(50, np.maximum.accumulate(self.mean), np.log(self.at))), 0.0)
        try:
            best, spread = curve_fit(_law, x, y, p0=start, maxfev=2000)
        except RuntimeError:
            best, spread = np.array(start), np.full((2, 2), math.inf)
        if not np.isfinite(spread).all():
            raise InputError("overlay: the points fix no Hill curve; give concentrations around the IC50")
        wide = float(t.ppf(0.95, max(len(y) - 2, 1))) * np.sqrt(np.diag(spread))
        low, high = np.exp(np.clip(best - wide, -700, 700)), np.exp(np.clip(best + wide, -700, 700))
        centre = np.exp(best)
        return Hill(
            float(centre[0]), (float(low[0]), float(high[0])),
            float(centre[1]), (float(low[1]), float(high[1])),
        )  # fmt: skip

    @property
    def fold(self) -> float:
        """Fitted IC50 over the predicted one."""
        return self.hill.ic50 / self.predicted.ic50

    def record(self) -> dict[str, Any]:
        hill = self.hill
        return super().record() | {
            **({"band_nM": list(self.predicted.bands[self.band_name])} if self.bands else {}),
            "predicted_ic50_nM": self.predicted.ic50, "ic50_nM": hill.ic50,
            "ic50_interval_nM": list(hill.ic50_interval),
            "slope": hill.slope, "slope_interval": list(hill.slope_interval),
        }  # fmt: skip

    def summary(self) -> list[str]:
        hill, whose = self.hill, ""
        if self.bands:
            low, high = self.predicted.bands[self.band_name]
            whose = f" (90 %, {self.band_name}: {low:.3g} to {high:.3g})"
        (low, high), (flat, steep) = hill.ic50_interval, hill.slope_interval
        return [
            f"Hill fit: IC50 {hill.ic50:.4g} nM (90 % {low:.4g} to {high:.4g}), "
            f"slope {hill.slope:.3g} ({flat:.3g} to {steep:.3g})",
            f"predicted: IC50 {self.predicted.ic50:.4g} nM{whose}",
            f"IC50 {super().summary()[0]}",
        ]

    def plot(self) -> Any:
        """Points with error bars, their Hill curve, the prediction and its band; a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4), layout="constrained")
        axes = figure.subplots()
        ends = (*self.at, self.predicted.ic50)
        x = np.geomspace(min(ends) / 10, max(ends) * 10, 60)
        self._drawn(axes, x)
        hill = self.hill
        fitted = _law(np.log(x), math.log(hill.ic50), math.log(hill.slope))
        axes.plot(x, fitted, "--", color=INK, label=f"Hill fit, IC50 {hill.ic50:.3g} nM")
        axes.set(xscale="log", xlabel="inhibitor concentration (nM)", ylabel="inhibition (%)")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_title(self._headed, fontsize=9)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return figure


def _law(x: Array, middle: float, slope: float) -> Array:
    """Inhibition (%) at ln concentration ``x``; middle: ln IC50; slope: its ln."""
    from scipy.special import expit

    return np.asarray(100 * expit(np.exp(np.clip(slope, -20, 20)) * (x - middle)))
