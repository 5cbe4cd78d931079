"""Heat map of a comparison: one row a cytokine, one column a regimen, the number in each cell."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.assay.cell import cytokines_of
from jakinib.library import get_library

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PANELS = (
    ("average_inhibition_percent", "Average daily inhibition (%)", 100.0),
    ("hours_above_ic50_per_day", "Time above IC50 (h/day)", 24.0),
)
HALFWAY = 0.179  # luminance at which black and white stand out alike, 4.58 to 1
COLOURS = "cividis"  # perceptually uniform, and the same to colour-blind readers


def kinases(stimulus: str) -> str:
    """The JAKs a cytokine signals through, such as "JAK1/JAK3"; of several at once, those of each."""
    return " + ".join(dict.fromkeys(_kinases(name) for name in cytokines_of(stimulus)))


def _kinases(cytokine: str) -> str:
    """The JAKs of one cytokine; all of those that share a slot."""
    entry = get_library().cytokine(cytokine)
    pure = [jak for slot in (entry.slot_a, entry.slot_b) if len(slot) == 1 for jak in slot]
    mixed = list(dict.fromkeys(jak for slot in (entry.slot_a, entry.slot_b) if len(slot) > 1 for jak in slot))
    return "/".join([*pure, *(jak for jak in mixed if jak not in pure)])


def heat_map(frame: pd.DataFrame) -> Figure:
    """Average daily inhibition beside time above the IC50, cytokines grouped by their JAK pair.

    frame: that of a ``jakinib.compare``.
    """
    from matplotlib.figure import Figure

    regimens = list(dict.fromkeys(frame["regimen"]))
    read = dict.fromkeys(zip(frame["cytokine"], frame["readout"], strict=True))
    rows = sorted(read, key=lambda one: (kinases(one[0]), one))
    notes = [line for note in frame.attrs.get("notes", []) for line in textwrap.wrap(note, 105)]
    width = 3.4 + 2 * 0.95 * len(regimens)
    height = 1.6 + 0.3 * len(rows) + 0.16 * len(notes)
    figure = Figure(figsize=(max(width, 7.5), height), layout="constrained", facecolor="white")
    for axes, (column, title, top) in zip(figure.subplots(1, 2, sharey=True), PANELS, strict=True):
        table = frame.pivot(index=["cytokine", "readout"], columns="regimen", values=column).loc[
            rows, regimens
        ]
        _draw(axes, table.loc[rows, regimens].to_numpy(), top, title)
        axes.set_xticks(range(len(regimens)), [text.replace(" ", "\n", 1) for text in regimens], fontsize=8.5)
    labels = [f"{name} {readout}  ({kinases(name)})" for name, readout in rows]
    figure.axes[0].set_yticks(range(len(rows)), labels, fontsize=8.5)
    for line, (previous, following) in enumerate(itertools.pairwise(rows)):
        if kinases(previous[0]) != kinases(following[0]):
            for axes in figure.axes:
                axes.axhline(line + 0.5, color="white", linewidth=3)
    figure.suptitle("At steady state, whole blood stimulated ex vivo", fontsize=10, x=0.01, ha="left")
    if notes:
        figure.supxlabel("\n".join(notes), fontsize=7.5, x=0.01, ha="left", color="#444444")
    return figure


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever stands out from an sRGB colour, at 4.58 to 1 or more (WCAG 2.1)."""
    light = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return "black" if 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > HALFWAY else "white"


def _draw(axes: Any, values: Any, top: float, title: str) -> None:
    """Coloured cells from 0 to ``top``, each with its number in ink that stands out from it."""
    image = axes.imshow(values, cmap=COLOURS, vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        text = f"{value:.0f}" if value >= 9.95 or value < 0.05 else f"{value:.1f}"
        ink = ink_on(image.cmap(image.norm(value)))
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=9)
    axes.set_title(title, fontsize=9.5)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
