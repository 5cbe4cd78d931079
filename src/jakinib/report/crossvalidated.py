"""Figure of a cross-validation: potencies predicted by fits that did not see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jakinib.report.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure, plain_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from jakinib.fit.crossvalidation import CrossValidation

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
MARKERS = "osD^vP"


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
        axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
        axes.set(
            xlabel=f"published ({held[0].unit})",
            ylabel=f"predicted without that {found.leave} ({held[0].unit})",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter("{x:g}")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper")
        return figure
