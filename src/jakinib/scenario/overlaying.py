"""A user's concentration-response on the prediction: points with error bars, the band, and a Hill fit."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import InputError, UnitError
from jakinib.evaluate.potency import NEW, SAME, CellPotency
from jakinib.files import read_table
from jakinib.files.shown import Shown
from jakinib.files.tables import Row
from jakinib.files.text import FileError
from jakinib.library import get_library
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import assay
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
FEWEST = 4  # points of a Hill fit: two numbers are fitted
_TITLE = re.compile(
    r"(conc(?:entration)?|inhib(?:ition)?)(?:[ _]*\d+)?(?:[ _]*[([]([^)\]]+)[)\]]|[ _]+(\S+))?", re.IGNORECASE
)


@dataclass(frozen=True)
class Hill:
    """IC50 (nM) and slope fitted to points, each with its central 90 % interval."""

    ic50: float
    ic50_interval: tuple[float, float]
    slope: float
    slope_interval: tuple[float, float]


@dataclass(frozen=True)
class Overlay(Shown):
    """Points of a user beside the prediction.

    at: (points,) nominal concentrations, nM. each: inhibition (%) of every replicate, by point. predicted:
    the curve of the scenario, with its bands.
    """

    at: tuple[float, ...]
    each: tuple[tuple[float, ...], ...]
    predicted: CellPotency
    scenario: Scenario

    @property
    def mean(self) -> Array:
        """Mean inhibition (%), shape (points,)."""
        return np.array([np.mean(values) for values in self.each])

    @property
    def error(self) -> Array:
        """Standard deviation of the replicates (%), shape (points,); 0 of a single one."""
        return np.array([np.std(values, ddof=1) if len(values) > 1 else 0.0 for values in self.each])

    @functools.cached_property
    def _range(self) -> tuple[str, tuple[float, float]]:
        bands = self.predicted.bands
        name = SAME if SAME in bands else NEW
        return name, bands[name]

    def band(self, at: Array) -> tuple[Array, Array]:
        """Smallest and largest inhibition (%) of the 90 % band of the IC50, shape of ``at`` (nM) each.

        Raises InputError when the stored draws are lacking or stale.
        """
        low, high = self._range[1]
        ends = [
            np.array([100 * self.predicted.inhibition(float(c) * self.predicted.ic50 / end) for c in at])
            for end in (high, low)
        ]
        return ends[0], ends[1]

    @property
    def inside(self) -> int:
        """How many points lie in the band, by the mean of their replicates."""
        low, high = self.band(np.array(self.at))
        return int(((low <= self.mean) & (self.mean <= high)).sum())

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

    def to_frame(self) -> pd.DataFrame:
        """One row a concentration: mean, deviation, replicates, prediction, band; ``attrs`` has the units."""
        import pandas as pd

        low, high = self.band(np.array(self.at))
        predicted = [100 * self.predicted.inhibition(c) for c in self.at]
        frame = pd.DataFrame({
            "concentration": self.at, "inhibition": self.mean, "deviation": self.error,
            "replicates": [len(values) for values in self.each], "predicted": predicted, "low": low,
            "high": high,
        })  # fmt: skip
        percent = ("inhibition", "deviation", "predicted", "low", "high")
        frame.attrs = {"units": {"concentration": "nM"} | dict.fromkeys(percent, "%")}
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        hill = self.hill
        return {
            "assay": self.predicted.label, "predicted_ic50_nM": self.predicted.ic50, "band": self._range[0],
            "band_nM": list(self._range[1]), "ic50_nM": hill.ic50,
            "ic50_interval_nM": list(hill.ic50_interval),
            "slope": hill.slope, "slope_interval": list(hill.slope_interval), "fold": self.fold,
            "inside": self.inside, "points": len(self.at), "rows": self.to_frame().to_dict("records"),
            "notes": list(self.predicted.notes), "scenario": self.scenario.record(),
        }  # fmt: skip

    def plot(self) -> Any:
        """Points with error bars, their Hill curve, the prediction and its band; a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 4), layout="constrained")
        axes = figure.subplots()
        ends = [*self.at, self.predicted.ic50]
        x = np.geomspace(min(ends) / 10, max(ends) * 10, 60)
        low, high = self.band(x)
        axes.fill_between(x, low, high, color="#0072b2", alpha=0.2, label=f"90 % band, {self._range[0]}")
        axes.plot(
            x, [100 * self.predicted.inhibition(float(c)) for c in x], color="#0072b2", label="predicted"
        )
        hill = self.hill
        fitted = _law(np.log(x), math.log(hill.ic50), math.log(hill.slope))
        axes.plot(x, fitted, "--", color="#222222", label=f"Hill fit, IC50 {hill.ic50:.3g} nM")
        axes.errorbar(
            self.at, self.mean, yerr=self.error, fmt="o", color="#222222", capsize=2, label="measured"
        )
        axes.set(xscale="log", xlabel="inhibitor concentration (nM)", ylabel="inhibition (%)")
        count = f"{self.inside} of {len(self.at)} in the band"
        axes.set_title(f"{self.predicted.label}: {self.fold:.2g}-fold, {count}", fontsize=9)
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
        return figure


def overlay(table: str | Path, scenario: Scenario | None = None, **parts: Any) -> Overlay:
    """A concentration-response table of yours on the prediction of a scenario.

    table: a file (commas, semicolons or tabs; decimal commas; byte order marks) with a column "concentration
    (nM)", in any unit of concentration, and one or more "inhibition (%)"; rows of one concentration, and
    further columns ("inhibition 2 (%)"), are replicates. parts: fields of the scenario, which change
    ``scenario`` where both are given.
    Raises FileError with file, line and column for a table that cannot be used, InputError for a scenario of
    more than one inhibitor or cytokine.

    >>> import jakinib as jk, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "mine.csv")
    >>> _ = file.write_text("concentration (nM);inhibition (%)\\n10;8\\n50;27,5\\n150;52\\n1000;91\\n")
    >>> mine = jk.overlay(file, inhibitor="baricitinib", cytokine="IL-6")
    >>> len(mine.at), round(mine.fold)
    (4, 1)
    """
    asked = Scenario.of(**parts) if scenario is None else scenario.but(**parts) if parts else scenario
    if not isinstance(asked, Scenario):
        raise InputError(f"overlay: scenario is {type(asked).__name__}; give a jk.Scenario")
    predicted = assay(asked)
    points = _points(Path(table), predicted.assay.inhibitor)
    return Overlay(tuple(points), tuple(map(tuple, points.values())), predicted, asked)


def _points(path: Path, inhibitor: str) -> dict[float, list[float]]:
    """Inhibition (%) of each replicate by concentration (nM), rising."""
    found = read_table(path, lambda title: _TITLE.fullmatch(title.strip()) is not None)
    titles = {title: match for title in found.columns if (match := _TITLE.fullmatch(title.strip()))}
    dosed = [title for title, match in titles.items() if match[1].lower().startswith("conc")]
    seen = [title for title in titles if title not in dosed]
    if len(dosed) != 1 or not seen:
        raise FileError(
            found.file, "one column 'concentration (nM)' and one or more 'inhibition (%)' are needed; "
            f"the columns are {', '.join(found.columns)}", 1,
        )  # fmt: skip
    scale = _scale(found.file, dosed[0], titles[dosed[0]], inhibitor)
    for title in seen:
        if (titles[title][2] or titles[title][3] or "%") not in ("%", "percent"):
            raise FileError(found.file, "inhibition is read in %; write 'inhibition (%)'", 1, title)
    points: dict[float, list[float]] = {}
    for row in found.rows:
        if dosed[0] not in row.cells or not any(title in row.cells for title in seen):
            continue
        at = _number(row, dosed[0]) * scale
        if at > 0:  # a control without inhibitor has no place on an axis of logarithms
            values = [_number(row, title) for title in seen if title in row.cells]
            points.setdefault(float(f"{at:.9g}"), []).extend(values)
    if not points:
        raise FileError(found.file, "holds no point with a concentration above 0 and an inhibition", 1)
    return dict(sorted(points.items()))


def _scale(file: str, title: str, match: re.Match[str], inhibitor: str) -> float:
    """nM in one unit of a column of concentrations."""
    unit = match[2] or match[3]
    if not unit:
        raise FileError(file, "has no unit; write it in brackets, 'concentration (nM)'", 1, title)
    mass = get_library().inhibitor(inhibitor).molecular_weight.to("g/mol")
    try:
        return parse_quantity(f"1 {unit}", "nM", mass=mass)
    except UnitError as error:
        raise FileError(file, str(error), 1, title) from None


def _number(row: Row, column: str) -> float:
    try:
        value = float(row.cells[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        row.refuse(column, f"'{row.cells[column]}' is no number; write one, or leave the cell empty")
    if value < 0 and column.lower().startswith("conc"):
        row.refuse(column, f"'{row.cells[column]}' is below 0; a concentration is 0 or more")
    return value


def _law(x: Array, middle: float, slope: float) -> Array:
    """Inhibition (%) at ln concentration ``x``; middle: ln IC50; slope: its ln."""
    from scipy.special import expit

    return np.asarray(100 * expit(np.exp(np.clip(slope, -20, 20)) * (x - middle)))
