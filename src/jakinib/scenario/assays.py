"""Cell assays of several cytokines side by side: one table, a panel each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.assay.curve import at_each
from jakinib.errors import InputError
from jakinib.evaluate.potency import CellPotency
from jakinib.files.shown import Shown
from jakinib.scenario.value import Scenario

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"cytokine_dose": "nM", "ic50": "nM", "ic50_low": "nM", "ic50_high": "nM"}


def _band(curve: CellPotency) -> tuple[str, tuple[float, float]]:
    """The band that answers the question: the same laboratory's where one is meant that measured this."""
    return list(curve.bands.items())[-1]


@dataclass(frozen=True)
class Assays(Shown):
    """The concentration-responses of one inhibitor on several cytokines, in the order of the scenario.

    banded: whether each IC50 is shown with the central 90 % of what a laboratory would publish.
    """

    curves: tuple[CellPotency, ...]
    scenario: Scenario
    banded: bool = True

    def __iter__(self) -> Iterator[CellPotency]:
        return iter(self.curves)

    def __len__(self) -> int:
        return len(self.curves)

    def __getitem__(self, stimulus: str) -> CellPotency:
        """The curve of a cytokine as the scenario has it; raises InputError for another."""
        for curve in self.curves:
            if stimulus in (curve.assay.stimulus, f"{curve.assay.stimulus}/{curve.assay.readout}"):
                return curve
        known = ", ".join(curve.assay.stimulus for curve in self.curves)
        raise InputError(f"assay: no curve of '{stimulus}'; there are {known}")

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, and why there are no bands where there are none, a line each."""
        said = [note for curve in self.curves for note in curve.notes]
        return tuple(dict.fromkeys([*said, *([self._without] if self._without else [])]))

    @property
    def _without(self) -> str:
        if not self.banded:
            return ""
        try:
            _ = [curve.bands for curve in self.curves]
        except InputError as error:
            return f"no band: {error}"
        return ""

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for curve in self.curves:
            read = curve.assay
            row = {
                "cytokine": read.stimulus, "readout": read.readout, "cell": read.cell,
                "matrix": read.matrix, "cytokine_dose": " + ".join(f"{d:.4g}" for d in read.doses.values()),
                "ic50": curve.ic50,
            }  # fmt: skip
            if self.banded and not self._without:
                name, (low, high) = _band(curve)
                row |= {"ic50_low": low, "ic50_high": high, "band": name}
            rows.append(row | {"hill": curve.hill})
        return rows

    def to_frame(self) -> pd.DataFrame:
        """One row a cytokine: doses, IC50 with its 90 % band, Hill slope; ``attrs`` has units and notes."""
        import pandas as pd

        frame = pd.DataFrame(self._rows())
        units = {name: unit for name, unit in UNITS.items() if name in frame}
        frame.attrs = {"units": units, "notes": list(self.notes)}
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"rows": self._rows(), "units": UNITS, "notes": list(self.notes),
                "scenario": self.scenario.record()}  # fmt: skip

    def plot(self) -> Any:
        """A panel a cytokine, all over the same concentrations; a matplotlib Figure."""
        from matplotlib.figure import Figure

        columns = min(len(self.curves), 3)
        lines = math.ceil(len(self.curves) / columns)
        figure = Figure(figsize=(3.1 * columns + 0.4, 2.5 * lines + 0.5), layout="constrained")
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        logs = [math.log10(curve.ic50) for curve in self.curves]
        at = np.logspace(min(logs) - 1.5, max(logs) + 1.5, 61)
        for axes, curve in zip(panels.flat, self.curves, strict=False):
            axes.semilogx(at, 100 * at_each(curve.inhibition, at), color="#0072b2")
            axes.axvline(curve.ic50, color="0.45", linestyle=":", linewidth=1)
            if self.banded and not self._without:
                name, low, high = curve.inhibition_band(at)
                axes.fill_between(at, low, high, color="#0072b2", alpha=0.18, linewidth=0, label=name)
            axes.set_title(
                f"{curve.assay.stimulus} {curve.assay.readout}\nIC50 {curve.ic50:.3g} nM", fontsize=9
            )
            axes.set(ylim=(-3, 103))
            axes.spines[["top", "right"]].set_visible(False)
        for axes in list(panels.flat)[len(self.curves) :]:
            axes.set_visible(False)
        inhibitor = self.curves[0].assay.inhibitor
        figure.supxlabel(f"{inhibitor} (nM)", fontsize=9)
        figure.supylabel("inhibition (%)", fontsize=9)
        if self.banded and not self._without:
            names = dict.fromkeys(_band(curve)[0] for curve in self.curves)
            figure.suptitle(f"shaded: 90 % band, {' or '.join(names)}", fontsize=8, x=0.99, ha="right")
        return figure
