"""What the report shows of a cross-validation: potencies predicted by fits that did not see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jakinib.errors import InputError
from jakinib.fit.crossvalidation import CrossValidation, gmfe, share_inside, stored, worst
from jakinib.fit.folds import LEAVE, Band
from jakinib.fit.plan import Plan
from jakinib.report.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure, plain_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BANDS: tuple[tuple[Band, str], ...] = (
    ("same", "same laboratory"),
    ("new", "a new laboratory"),
    ("ratio", "ratio of two drugs"),
)
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
MARKERS = "osD^vP"


@dataclass(frozen=True)
class Summary:
    """One way of leaving out, as a line of a table. inside: percent of rows in each band, by its words."""

    leave: str
    folds: int
    rows: int
    gmfe: float
    worst: float
    inside: dict[str, str]
    density: float


def summary(found: CrossValidation) -> Summary:
    """What a cross-validation comes to."""
    held = found.held
    inside = {
        words: f"{share_inside(held, band):.0f} %"
        if band != "ratio" or any(one.ratio is not None for one in held)
        else "–"
        for band, words in BANDS
    }
    return Summary(found.leave, len(found.folds), len(held), gmfe(held), worst(held), inside, found.density)


def every(plans: Sequence[Plan]) -> tuple[list[CrossValidation], list[str]]:
    """The stored cross-validations of the plans that share offsets, and why others are lacking."""
    found, lacking = [], []
    for plan in plans:
        for leave in LEAVE if "laboratory" in plan.offsets else ():
            try:
                found.append(stored(plan, leave))
            except InputError as error:
                lacking.append(str(error))
    return found, lacking


def predicted_published(found: CrossValidation) -> Figure:
    """Predicted against published, log-log, with identity and two-fold lines.

    Colour tells the inhibitor, shape the laboratory; a bar is the 90 % band of a new laboratory.
    """
    with plain_style():
        figure, axes = new_figure(6.4, 4.4)
        held = found.held
        ends = [value for one in held for value in (one.published, one.predicted, *one.new)]
        low, high = min(ends) / 1.3, max(ends) * 1.3
        line = np.array([low, high])
        across = (min(one.published for one in held) / 2, max(one.published for one in held) * 2)
        axes.plot(line, line, color=GREY, linewidth=1.2)
        for factor in (0.5, 2.0):
            axes.plot(line, factor * line, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        drugs = list(dict.fromkeys(one.inhibitor for one in held))
        places = list(dict.fromkeys(one.laboratory for one in held))
        for one in held:
            colour = COLOURS[drugs.index(one.inhibitor) % len(COLOURS)]
            marker = MARKERS[places.index(one.laboratory) % len(MARKERS)]
            axes.vlines(one.published, *one.new, color=colour, linewidth=0.8, alpha=0.7)
            axes.plot(
                one.published, one.predicted, marker, color=colour, markersize=7, markeredgecolor="white"
            )
        for number, drug in enumerate(drugs):
            axes.plot([], [], "s", color=COLOURS[number % len(COLOURS)], label=drug)
        for number, laboratory in enumerate(places):
            axes.plot([], [], MARKERS[number % len(MARKERS)], color=GREY, label=laboratory)
        axes.set(xscale="log", yscale="log", xlim=across, ylim=(low, high))
        axes.set(
            xlabel=f"published ({held[0].unit})",
            ylabel=f"predicted without that {found.leave} ({held[0].unit})",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
        return figure
