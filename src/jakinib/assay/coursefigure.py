"""The picture of a course: plasma, free concentration, occupancy and inhibition over time."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jakinib.library.schema import JAKS

if TYPE_CHECKING:
    from jakinib.assay.course import Course

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
_JAK_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7")


def figure_of(course: Course) -> Any:
    """Plasma, free, occupancy and inhibition over time, one panel each; a matplotlib Figure."""
    from matplotlib.figure import Figure

    time, days = course.profile.time, course.profile.time[-1] > 72
    figure = Figure(figsize=(8, 9), layout="constrained")
    total, free, occupied, inhibited = figure.subplots(4, 1, sharex=True)
    x = time / 24 if days else time
    for profile, colour in zip(course.profiles, _cycle(_COLOURS, len(course.profiles)), strict=True):
        total.plot(x, profile.ng_per_mL, color=colour, label=profile.inhibitor)
        free.plot(x, profile.free, color=colour, label=profile.inhibitor)
        ic50 = course.ic50[profile.inhibitor]
        if ic50 < 3 * profile.free.max():  # further up, the line would flatten the curves
            free.axhline(ic50, color=colour, linestyle="--", linewidth=1, label=f"IC50, {ic50:.3g} nM")
        elif math.isfinite(ic50):
            free.plot([], [], " ", label=f"IC50 of {profile.inhibitor}, {ic50:.3g} nM, is above")
    bands, _ = course.banded()
    for axes, name, scale in ((total, "plasma", 1), (inhibited, "inhibition", 100)):
        if name in bands.series:
            low, high = (scale * end for end in bands.series[name])
            whose = "typical patient" if name == "plasma" else "an average\nlaboratory"
            axes.fill_between(x, low, high, color="0.5", alpha=0.3, linewidth=0, label=f"90 % band, {whose}")
    total.set(ylabel="plasma (ng/mL)", ylim=(0, None))
    free.set(ylabel="free (nM)", ylim=(0, None))
    for jak, colour, width in zip(JAKS, _JAK_COLOURS, (3, 1.2, 1.2, 1.2), strict=True):  # JAK1 under JAK2
        occupied.plot(x, 100 * course.occupancy[jak], color=colour, linewidth=width, label=jak)
    occupied.set(ylabel="JAK occupied (%)", ylim=(0, 100))
    inhibited.plot(x, 100 * course.inhibition, color="black", linewidth=1.6)
    inhibited.axhline(50, color="0.6", linestyle=":", linewidth=1)
    label = f"{course.conditions.stimulus} {course.conditions.readout}\ninhibited ex vivo (%)"
    unit = "days" if days else "h"
    inhibited.set(ylabel=label, ylim=(0, 100), xlabel=f"time ({unit})", xlim=(0, x[-1]))
    for number, due in enumerate(course.missed):
        at = due / 24 if days else due
        total.plot(at, 0, "kx", clip_on=False, label="dose missed" if number == 0 else None)
    for axes in (total, free, occupied, *([inhibited] if bands.series else [])):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    for axes in (total, free, occupied, inhibited):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.92")
    figure.suptitle("\n".join(textwrap.wrap(course.title, 95)), fontsize=10, x=0.01, ha="left")
    figure.align_ylabels()
    return figure


def _cycle(colours: Sequence[str], number: int) -> list[str]:
    return [colours[i % len(colours)] for i in range(number)]
