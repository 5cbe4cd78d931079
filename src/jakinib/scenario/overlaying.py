"""A user's measurements on the prediction of a scenario: over concentration, or over time after doses."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import checked
from jakinib.assay.cell import EX_VIVO, CellAssay
from jakinib.assay.course import Course
from jakinib.errors import InputError
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.laws import inhibitions
from jakinib.evaluate.potency import NEW
from jakinib.fit import ensemble
from jakinib.scenario.drawn import Courses, courses
from jakinib.scenario.measured import read_points
from jakinib.scenario.overlaid import Overlay, ResponseOverlay
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import assay, only, simulate, without

Array = NDArray[np.float64]
LARGEST_SHIFT = 1000.0  # factor of potency that is looked for


@dataclass(frozen=True)
class CourseOverlay(Overlay):
    """Plasma (ng/mL), or inhibition (%) in blood drawn, over time (h) from the first dose; predicted: the
    course of the typical patient.
    """

    predicted: Course = field(kw_only=True)
    draws: Joint | None = field(default=None, repr=False, compare=False)

    @property
    def plasma(self) -> bool:
        """Whether concentrations in plasma were measured, and not inhibition."""
        return self.points.quantity == "plasma"

    @property
    def unit(self) -> str:  # type: ignore[override]  # it depends on what was measured
        return "ng/mL" if self.plasma else "%"

    @property
    def label(self) -> str:
        return f"{self._read}: {self.scenario.label}"

    @property
    def _read(self) -> str:
        read = self.predicted.conditions
        return f"{read.inhibitor} in plasma" if self.plasma else f"{read.cytokine} {read.readout} ex vivo"

    @property
    def notes(self) -> tuple[str, ...]:
        typical = "the band is of the typical patient, without the spread between patients"
        return (*self.points.notes, *self.predicted.notes, *([typical] if self.bands else []))

    @property
    def conditions(self) -> CellAssay:
        return self.predicted.conditions

    @property
    def band_name(self) -> str:
        return "typical patient" if self.plasma else f"typical patient, {NEW}"

    @functools.cached_property
    def drawn(self) -> Courses:
        """The courses of the draws of the parameters, at the times of the predicted one."""
        return courses(self.scenario, self.predicted.profile.time, self.draws)

    @functools.cached_property
    def _ends(self) -> tuple[Array, Array]:
        low, _, high = ensemble.bands(self.drawn.plasma if self.plasma else 100 * self.drawn.inhibition)
        return low, high

    def at_the_estimates(self, at: Array) -> Array:
        course = self.predicted
        values = course.profile.ng_per_mL if self.plasma else 100 * course.inhibition
        return np.interp(at, course.profile.time, values)

    def band(self, at: Array) -> tuple[Array, Array]:
        time = self.predicted.profile.time
        return np.interp(at, time, self._ends[0]), np.interp(at, time, self._ends[1])

    @functools.cached_property
    def fold(self) -> float:
        """Measured over predicted: the geometric mean of the concentrations above 0 in plasma; of inhibition
        the factor on the IC50 with which the predicted plasma gives the points, by least squares.

        Raises InputError for points that fix no such factor.
        """
        predicted = self.at_the_estimates(np.array(self.at))
        if not self.plasma:
            return self._shift()
        seen = (self.mean > 0) & (predicted > 0)
        if not seen.any():
            raise InputError("overlay: no point has a concentration above 0, measured and predicted")
        return float(np.exp(np.log(self.mean[seen] / predicted[seen]).mean()))

    def _shift(self) -> float:
        from scipy.optimize import minimize_scalar

        course = self.predicted
        chosen = np.searchsorted(course.profile.time, np.array(self.at) - 1e-6)
        free = {profile.inhibitor: profile.free[chosen] for profile in course.profiles}
        conditions = course.conditions
        model = conditions.model_of(tuple(free))

        def off(shift: float) -> float:
            levels = {name: level / math.exp(shift) for name, level in free.items()}
            (found,) = inhibitions([levels], conditions, model, [{}])
            return float(((100 * found - self.mean) ** 2).sum())

        end = math.log(LARGEST_SHIFT)
        found = float(minimize_scalar(off, bounds=(-end, end), method="bounded", options={"xatol": 1e-4}).x)
        if abs(found) > 0.99 * end:
            raise InputError(
                f"overlay: no factor of potency up to {LARGEST_SHIFT:g} brings the prediction to the points; "
                "give points with an inhibition between 0 and 100 %"
            )
        return math.exp(found)

    @property
    def deviation(self) -> float:
        """Mean distance of the points from the prediction: of plasma as a factor (geometric mean fold error
        of those above 0), of inhibition in percentage points."""
        predicted = self.at_the_estimates(np.array(self.at))
        if not self.plasma:
            return float(np.abs(self.mean - predicted).mean())
        seen = (self.mean > 0) & (predicted > 0)
        return float(np.exp(np.abs(np.log(self.mean[seen] / predicted[seen])).mean()))

    def record(self) -> dict[str, Any]:
        how = "mean_fold_error" if self.plasma else "mean_distance_points"
        return super().record() | {"quantity": self.points.quantity, "unit": self.unit, how: self.deviation}

    def summary(self) -> list[str]:
        if self.plasma:
            of = f"measured over predicted plasma {self.fold:.3g}; mean fold error {self.deviation:.3g}"
        else:
            of = f"IC50 of the points {self.fold:.3g}-fold; {self.deviation:.3g} points off on average"
        return [of, *([self._counted.removeprefix("; ")] if self.bands else [])]

    def plot(self) -> Any:
        """Points with error bars, the prediction and its band over time; a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6.4, 4), layout="constrained")
        axes = figure.subplots()
        time = self.predicted.profile.time
        days = time[-1] > 72
        self._drawn(axes, time, 1 / 24 if days else 1.0)
        what = f"{self._read} ({self.unit})" if self.plasma else f"inhibition of {self._read} (%)"
        axes.set(xlabel=f"time ({'days' if days else 'h'})", ylabel=what, xlim=(0, None))
        axes.set_ylim(0 if self.plasma else min(0.0, float((self.mean - self.error).min())), None)
        axes.set_title(self._headed, fontsize=9)
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
        return figure


@checked
def overlay(
    table: str | Path,
    scenario: Scenario | None = None,
    *,
    draws: Joint | None = None,
    bands: bool = True,
    **parts: Any,
) -> Overlay:
    """A table of yours on the prediction of a scenario: over concentration, or over time after doses.

    table: a file (commas, semicolons or tabs; decimal commas; byte order marks). A concentration-response has
    a column "concentration (nM)", in any unit of concentration, and one or more "inhibition (%)"; a time
    course has "time (h)", or in days or min, from the first dose of the scenario, and "plasma (ng/mL)",
    "inhibition (%)" or "pSTAT3 (% of control)", in blood drawn and stimulated ex vivo. Rows of one place, and
    further columns ("inhibition 2 (%)"), are replicates; a column "SD" gives the error bar of one value.
    parts: fields of the scenario, which change ``scenario`` where both are given. draws: parameters behind
    the band of a time course, in place of those stored. bands: leave out the band when false, which is
    quicker.
    Raises FileError with file, line and column for a table that cannot be used, InputError for a scenario of
    more than one inhibitor or cytokine, or of no doses for a time course.

    >>> import jakinib as jk, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp(), "mine.csv")
    >>> _ = file.write_text("concentration (nM);inhibition (%)\\n10;8\\n50;27,5\\n150;52\\n1000;91\\n")
    >>> mine = jk.overlay(file, inhibitor="baricitinib", cytokine="IL-6")
    >>> len(mine.at), round(mine.fold)
    (4, 1)
    """
    asked = Scenario.of(**parts) if scenario is None else scenario.but(**parts) if parts else scenario
    cytokine = only("overlay", asked.cytokines, "cytokine")
    drug = only("overlay", asked.inhibitors, "inhibitor")
    conditions = asked.assay.of(drug, cytokine, EX_VIVO)
    points = read_points(Path(table), drug, conditions.readout)
    if points.over == "concentration":
        return ResponseOverlay(points, asked, predicted=assay(asked), bands=bands)
    without(asked, "overlay of a time course", "concentration")
    if points.at[-1] <= 0:
        raise InputError(f"{points.file}: no time after the first dose; a time course has one above 0 h")
    course = simulate(asked, hours=points.at[-1], at=points.at)
    return CourseOverlay(points, asked, predicted=course, draws=draws, bands=bands)
