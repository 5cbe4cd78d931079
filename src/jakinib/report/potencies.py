"""Predicted against observed potencies, log-log: what was predicted unseen apart from what was fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jakinib.errors import InputError
from jakinib.evaluate.bands import Bands
from jakinib.evaluate.evidence import Evidence, Prediction
from jakinib.fit.crossvalidation import CrossValidation, stored
from jakinib.report.inline import say
from jakinib.report.plots import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, new_figure, plain_style
from jakinib.units import convert

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
MARKERS = "osD^vP"
COLUMNS = 2  # of a legend


@dataclass(frozen=True)
class Point:
    """One potency, nM. colour: what its colour tells, such as the inhibitor. low, high: 90 % interval."""

    row: str
    label: str
    colour: str
    laboratory: str
    published: float
    predicted: float
    low: float | None = None
    high: float | None = None
    recalled: bool = False

    @property
    def within_two(self) -> bool:
        return 0.5 <= self.predicted / self.published <= 2

    @property
    def says(self) -> str:
        """The point in words."""
        interval = "" if self.low is None else f" ({self.low:.3g} to {self.high:.3g})"
        mark = ", recalled" if self.recalled else ""
        return (
            f"{self.row} {self.label}, {self.laboratory}{mark}: published {self.published:.3g} nM, "
            f"predicted {self.predicted:.3g} nM{interval}"
        )


@dataclass(frozen=True)
class Panel:
    """Points that came about in the same way, and what that is called.

    beside: the points of the panel that stands beside it, with the same axes, colours and shapes.
    """

    title: str
    points: Sequence[Point]
    beside: Sequence[Point] = ()


def left_out(found: CrossValidation) -> list[Point]:
    """Potencies predicted by fits that did not see them; the interval is that of a new laboratory."""
    points = []
    for one in found.held:
        to_nM = convert(1.0, one.unit, "nM")
        published, predicted, low, high = (
            value * to_nM for value in (one.published, one.predicted, *one.new)
        )
        recalled = one.status == "recalled"
        points.append(
            Point(
                one.row, one.label, one.inhibitor, one.laboratory, published, predicted, low, high, recalled
            )
        )
    return points


def _point(p: Prediction, evidence: Evidence, bands: Bands, key: str, colour: str) -> Point:
    """A potency at the estimates, in the laboratory that measured it."""
    found = bands.interval(key)
    known = found.low is not None and found.high is not None and np.isfinite(found.high)
    ends = (found.low, found.high) if known else (None, None)
    laboratory = evidence.data.laboratory(evidence.data[p.row])
    return Point(
        p.row, p.label, colour, laboratory, p.published, p.predicted, *ends, recalled=p.status == "recalled"
    )


def _fitted(evidence: Evidence) -> set[str]:
    return {row for plan in evidence.plans for row in plan.calibration}


def cell_panels(evidence: Evidence, bands: Bands) -> tuple[Panel, Panel]:
    """Cell IC50s: each predicted by a fit that saw no row of its drug; and as fitted."""
    points = [
        _point(p, evidence, bands, f"cell {p.row}", evidence.data[p.row].inhibitor)
        for p in evidence.cell_ic50s
    ]
    unseen = []
    for plan in evidence.plans:
        if "laboratory" in plan.offsets:
            try:
                unseen += left_out(stored(plan, "drug"))
            except InputError:  # the section of the cross-validation says what is lacking
                continue
    fitted, known = _fitted(evidence), {p.row for p in unseen}
    unseen += [p for p in points if p.row not in fitted | known]
    return _panels("fitted without the row's drug", unseen, [p for p in points if p.row in fitted])


def ec50_panels(evidence: Evidence, bands: Bands) -> tuple[Panel, Panel]:
    """Cytokine EC50s: those in no objective; and as fitted. Colour tells the cell: there is no inhibitor."""
    points = [_point(p, evidence, bands, f"ec50 {p.row}", evidence.data[p.row].cell) for p in evidence.ec50s]
    fitted = _fitted(evidence)
    unseen = [p for p in points if p.row not in fitted]
    return _panels("in no objective", unseen, [p for p in points if p.row in fitted])


def _panels(how: str, unseen: Sequence[Point], fitted: Sequence[Point]) -> tuple[Panel, Panel]:
    return Panel(f"Predicted: {how}", unseen, fitted), Panel("Fitted: in the objective", fitted, unseen)


def predicted_observed(panel: Panel, quantity: str) -> Figure:
    """Predicted against published: identity and two-fold lines, points with intervals."""
    with plain_style():
        every = [*panel.points, *panel.beside]
        ends = [end for p in every for end in (p.published, p.predicted, p.low, p.high) if end is not None]
        low, high = min(ends, default=1.0) / 1.3, max(ends, default=1000.0) * 1.3
        colours = sorted({p.colour for p in every})
        places = sorted({p.laboratory for p in every})
        height = 4.3 + 0.23 * -(-(len(colours) + len(places)) // COLUMNS)
        figure, axes = new_figure(4.2, height)
        _lines(axes, low, high)
        for point in panel.points:
            look = COLOURS[colours.index(point.colour) % len(COLOURS)]
            _draw(axes, point, look, MARKERS[places.index(point.laboratory) % len(MARKERS)])
        axes.set_title(panel.title, fontsize=10, loc="left")
        axes.set(xlabel=f"published {quantity} (nM)", ylabel=f"predicted {quantity} (nM)")
        _legend(figure, axes, colours, places)
        return figure


def _lines(axes: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    line = np.array([low, high])
    decades = 10.0 ** np.arange(np.ceil(np.log10(low)), np.log10(high))
    axes.plot(line, line, color=GREY, linewidth=1.2)
    for factor in (0.5, 2.0):
        axes.plot(line, factor * line, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), box_aspect=1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(decades.tolist()))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())


def _draw(axes: Axes, point: Point, colour: str, marker: str) -> None:
    if point.low is not None and point.high is not None:
        axes.vlines(point.published, point.low, point.high, color=colour, linewidth=0.9, alpha=0.7)
    face, edge = ("white", colour) if point.recalled else (colour, "white")
    (drawn,) = axes.plot(
        point.published, point.predicted, marker,
        color=colour, markersize=6.5, markerfacecolor=face, markeredgecolor=edge,
    )  # fmt: skip
    say(drawn, point.says)


def _legend(figure: Figure, axes: Axes, colours: list[str], places: list[str]) -> None:
    """Colours first, then shapes, below the panels."""
    for number, name in enumerate(colours):
        axes.plot(
            [], [], "_", color=COLOURS[number % len(COLOURS)], label=name, markeredgewidth=4, markersize=9
        )
    for number, laboratory in enumerate(places):
        axes.plot([], [], MARKERS[number % len(MARKERS)], color=GREY, label=laboratory)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=COLUMNS)


def seen(panel: Panel, quantity: str) -> str:
    """The figure in words: how many points lie where."""
    said = f"Predicted against published {quantity}. {panel.title}: "
    if not panel.points:
        return f"{said}no point."
    inside = sum(p.within_two for p in panel.points)
    furthest = max(panel.points, key=lambda p: abs(np.log(p.predicted / p.published)))
    fold = float(np.exp(abs(np.log(furthest.predicted / furthest.published))))
    side = "above" if furthest.predicted > furthest.published else "below"
    return (
        f"{said}{inside} of {len(panel.points)} points lie within two-fold; furthest from the identity line "
        f"is {furthest.row} {furthest.label}, {fold:.3g}-fold {side}."
    )
