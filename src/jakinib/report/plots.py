"""Figures of the evaluation: model as lines, published numbers as markers and shaded windows."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.evaluate.bands import Bands, curve_key, value_key
from jakinib.evaluate.criteria import Criterion
from jakinib.evaluate.evidence import Evidence
from jakinib.library.schema import JAKS
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, safe for colour-blind readers.
BLUE, ORANGE, GREEN, VERMILION, PURPLE = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
INK, GREY = "#222222", "#6B6B6B"
# Light to dark with dose, each at least 3:1 on white.
DOSE_COLOURS = ("#8A9A1E", "#1E9A78", "#1F7A9C", "#3B4F9A", "#2D1160")
PUBLISHED: dict[str, Any] = {
    "linestyle": "none", "color": INK, "markersize": 6, "elinewidth": 1, "zorder": 5, "fmt": "o"
}  # fmt: skip

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "svg.fonttype": "path",
    "svg.hashsalt": "jakinib",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
}


def plain_style() -> Any:
    import matplotlib.style

    return matplotlib.style.context(["default", STYLE])


def styled(draw: Callable[[Evidence, Bands], Figure]) -> Callable[..., Figure]:
    @functools.wraps(draw)
    def with_style(evidence: Evidence, bands: Bands | None = None) -> Figure:
        with plain_style():
            return draw(evidence, bands or Bands())

    return with_style


def new_figure(width: float = 5.9, height: float = 3.7, columns: int = 1) -> tuple[Figure, Any]:
    """A figure (inches) outside pyplot, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(1, columns)


def svg(figure: Figure) -> str:
    """The figure as SVG text, the same bytes for the same figure."""
    stream = io.StringIO()
    with plain_style():
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", metadata=nothing)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def band(axes: Axes, bands: Bands, key: str, x: Any, colour: str) -> None:
    """The 90 % band of a curve, where there is one."""
    found = bands.band(key)
    if found is not None:
        axes.fill_between(x, *found, color=colour, alpha=0.18, linewidth=0, zorder=1)


def _hours(axes: Axes, label: str, end: float = 24) -> None:
    axes.set(xlim=(0, end), xticks=np.arange(0, end + 1, 4), xlabel=label)


def _window(axes: Axes, low: float, high: float, text: str) -> None:
    """A published window of time, named above the axes."""
    axes.axvspan(low, high, color=ORANGE, alpha=0.22, linewidth=0)
    axes.annotate(
        text, ((low + high) / 2, 1.0), (0, 4), xycoords=axes.get_xaxis_transform(),
        textcoords="offset points", ha="center", va="bottom", fontsize=8.5,
    )  # fmt: skip


def _name(text: str) -> str:
    """Greek letters and arrows for a pathway such as 'IFN-gamma pSTAT1'."""
    return text.replace("-gamma", "-γ").replace("-alpha", "-α").replace(" pSTAT", " → pSTAT")


@styled
def dose_inhibition(evidence: Evidence, bands: Bands) -> Figure:
    """IL-6 pSTAT3 inhibition in blood drawn over 24 h after each single dose, healthy adults."""
    figure, axes = new_figure(6.2, 4.0)
    doses = evidence.of("maximum_rises")
    returns = [evidence.back(one) for one in evidence.of("return_rises")]
    for number, (one, colour, returned) in enumerate(zip(doses, DOSE_COLOURS, returns, strict=True)):
        run = evidence.course(one)
        label = f"{one.row.dose}, " + (
            f"back after {returned:.1f} h" if np.isfinite(returned) else "not back"
        )
        axes.plot(run.time, 100 * run.inhibition, color=colour, label=label)
        band(axes, bands, curve_key("maximum_rises", number), run.time, colour)
        if np.isfinite(returned):
            axes.plot(returned, 10, "o", color=colour, markersize=5.5, markeredgecolor="white", zorder=4)
    axes.axhspan(0, 10, color=GREY, alpha=0.16, linewidth=0)
    axes.text(23.8, 7.4, "within 10 points of baseline", ha="right", va="center", fontsize=8.5)
    peak, back = evidence.data["B03"], evidence.data["B04"]
    _window(axes, peak.low or 0.0, peak.high or 0.0, "published\nmaximum")
    _window(axes, back.low or 0.0, back.high or 0.0, "published return\nto near baseline")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1], labels[::-1], title="model: baricitinib, one oral dose,\nhealthy adults",
        alignment="left", loc="upper right", bbox_to_anchor=(0.655, 1.0),
    )  # fmt: skip
    _hours(axes, "time after the dose (h)")
    axes.set(ylim=(0, 100), ylabel="inhibition of IL-6 → pSTAT3 (%)")
    return figure


@styled
def peak_and_return(evidence: Evidence, bands: Bands) -> Figure:
    """Peak inhibition and time to return within 10 points, against dose."""
    figure, (peak, back) = new_figure(6.2, 3.2, columns=2)
    experiments = evidence.of("maximum_rises")
    doses = np.array([parse_quantity(one.row.dose, "mg") for one in experiments])
    courses = [evidence.course(one) for one in experiments]
    tops = np.array([100 * run.inhibition.max() for run in courses])
    times = np.array([evidence.back(one) for one in evidence.of("return_rises")])
    for axes, values, digits, key in ((peak, tops, 0, "maximum_rises"), (back, times, 1, "return_rises")):
        for number, dose in enumerate(doses):
            found = bands.interval(value_key(key, number))
            if found.low is not None and found.high is not None and np.isfinite(found.high):
                axes.vlines(dose, found.low, found.high, color=BLUE, linewidth=1.5)
        axes.plot(doses, values, "-", color=BLUE, linewidth=1.5)
        axes.scatter(doses, values, c=DOSE_COLOURS, s=36, zorder=3)
        for dose, value in zip(doses, values, strict=True):
            if np.isfinite(value):
                axes.annotate(f"{value:.{digits}f}", (dose, value), (7, -5), textcoords="offset points",
                              fontsize=9)  # fmt: skip
        axes.set(xlim=(0, 11.5), xticks=doses, xlabel="single oral dose (mg)")
    window = evidence.data["B04"]
    back.axhspan(window.low or 0.0, window.high or 0.0, color=ORANGE, alpha=0.22, linewidth=0)
    back.text(0.3, 20, "published return to near baseline", va="center", fontsize=8.5)
    peak.set(ylim=(0, 100), ylabel="peak inhibition, IL-6 → pSTAT3 (%)")
    back.set(ylim=(0, 24), yticks=range(0, 25, 4), ylabel="time to ≤ 10 % inhibition (h)")
    return figure


def waterfall(plan: str, costs: Sequence[float]) -> Figure:
    """Final objective of each start above the best, sorted; starts on the floor found the same optimum."""
    with plain_style():
        figure, axes = new_figure(5.2, 3.2)
        above = np.sort(np.asarray(costs)) - min(costs)
        axes.semilogy(np.arange(1, len(above) + 1), np.maximum(above, 1e-8), "o", color=BLUE, markersize=6)
        axes.axhline(1.0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.annotate("one log-likelihood unit", (0.98, 1.0), (0, 4), xycoords=axes.get_yaxis_transform(),
                      textcoords="offset points", ha="right", fontsize=8.5)  # fmt: skip
        axes.set(xlabel=f"start of plan {plan}, sorted", ylabel="objective above the best", ylim=(5e-9, None))
        axes.xaxis.get_major_locator().set_params(integer=True)
        return figure


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Heights in [0, 1] nearest to ``wanted`` (ascending) that keep ``gap`` between neighbours."""
    from scipy.optimize import isotonic_regression

    ranks = gap * np.arange(len(wanted))
    settled = isotonic_regression(np.asarray(wanted) - ranks).x
    return [float(height) for height in ranks + np.clip(settled, 0, 1 - ranks[-1])]


@styled
def plasma_steady_state(evidence: Evidence, bands: Bands) -> Figure:
    """Plasma concentration over a day at steady state, RA, 4 mg once daily."""
    figure, axes = new_figure(5.9, 3.3)
    plasma = evidence.trace(evidence.of("ra_cmax")[0])
    axes.plot(plasma.x, plasma.y, color=BLUE, label="model, typical patient")
    band(axes, bands, curve_key("ra_cmax"), plasma.x, BLUE)
    cmax, tmax = evidence.data["A19"], evidence.data["A03"]
    across = [[tmax.value - (tmax.low or 0.0)], [(tmax.high or 0.0) - tmax.value]]
    axes.errorbar(
        [tmax.value], [cmax.value], cmax.value * (cmax.spread or 0.0) / 100, across, capsize=2.5,
        label=f"published Cmax (± {cmax.spread:g} % CV) at tmax (range)", **PUBLISHED,
    )  # fmt: skip
    _hours(axes, "time after the dose (h)")
    axes.set(ylim=(0, 75), ylabel="baricitinib in plasma (ng/mL)")
    axes.legend(loc="upper right")
    return figure


PATHWAYS: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"),
    (VERMILION, (0, (2, 1.2))),
    (ORANGE, (0, (5, 1.5, 1, 1.5))),
    (GREEN, (0, (6, 1.5))),
    (PURPLE, "-"),
)


@styled
def daily_inhibition(evidence: Evidence, bands: Bands) -> Figure:
    """Inhibition of each pathway over a day of 4 mg once daily, RA."""
    figure, axes = new_figure(6.2, 3.8)
    criteria = [c.id for c in evidence.criteria if c.id.startswith("partial_")]
    runs = [(identifier, evidence.course(evidence.of(identifier)[0])) for identifier in criteria]
    runs.sort(key=lambda item: item[1].inhibition[-1])
    heights = spread([float(run.inhibition[-1]) * 100 / 104 for _, run in runs], 0.06)
    for (identifier, run), (colour, dashes), height in zip(runs, PATHWAYS, heights, strict=True):
        axes.plot(run.time, 100 * run.inhibition, color=colour, linestyle=dashes)
        band(axes, bands, curve_key(identifier), run.time, colour)
        pathway = f"{run.conditions.cytokine} {run.conditions.readout}"
        axes.text(1.015, height, _name(pathway), transform=axes.transAxes, va="center", fontsize=9)
    for bound, x, y, text in (
        (95, 1.2, 99, "no pathway above 95 %"),
        (50, 3.2, 53, "none above 50 % all day"),
    ):
        axes.axhline(bound, color=INK, linewidth=1, linestyle=(0, (1, 2)))
        axes.text(x, y, text, va="center", fontsize=8.5)
    _hours(axes, "time after the dose (h)")
    axes.set(ylim=(0, 104), yticks=range(0, 101, 25), ylabel="inhibition, whole blood ex vivo (%)")
    return figure


@styled
def enzyme_curves(evidence: Evidence, bands: Bands) -> Figure:
    """Concentration-response of baricitinib on the four JAKs at 1 mM ATP, with the published IC50s."""
    figure, axes = new_figure()
    looks = zip(JAKS, (BLUE, ORANGE, VERMILION, GREEN), "ovsD", ("-", (0, (3, 2)), "-", "-"), strict=True)
    for kinase, colour, marker, dashes in looks:
        (one,) = evidence.of(f"enzyme_{kinase}")
        trace, known = evidence.trace(one), one.published
        band(axes, bands, curve_key(f"enzyme_{kinase}"), trace.x, colour)
        label = f"{kinase}: {evidence.number(one):.3g} (published {known:g})"
        look = {"color": colour, "marker": marker, "markersize": 7, "markeredgecolor": INK}
        axes.plot(trace.x, trace.y, linestyle=dashes, markevery=[], label=label, **look)
        axes.plot(known, 50, zorder=4, **look)
    axes.set(xscale="log", xlim=(0.1, 1e5), ylim=(0, 103))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set(xlabel="baricitinib (nM)", ylabel="inhibition of the enzyme (%)")
    axes.legend(title="IC50 (nM)", alignment="left", loc="lower right")
    return figure


@styled
def pbmc(evidence: Evidence, bands: Bands) -> Figure:
    """Inhibition of IL-6 in PBMC by baricitinib at three doses of the cytokine, and the published bound."""
    figure, axes = new_figure()
    looks = zip(("_low_dose", "", "_high_dose"), (GREEN, BLUE, VERMILION), "vos", strict=True)
    for name, colour, marker in looks:
        (one,) = evidence.of(f"pbmc_IL6{name}")
        trace, ic50 = evidence.trace(one), evidence.number(one)
        band(axes, bands, curve_key(f"pbmc_IL6{name}"), trace.x, colour)
        look = {"color": colour, "marker": marker, "markersize": 7, "markeredgecolor": INK}
        label = f"{one.row.cytokine_dose}: {ic50:.3g} nM"
        axes.plot(trace.x, trace.y, markevery=[], label=label, **look)
        axes.plot(ic50, 50, zorder=4, **look)
    bound = evidence.data["B09"]
    axes.axvspan(0.5, bound.value, color=ORANGE, alpha=0.22, linewidth=0)
    axes.text(0.6, 96, f"published: IC50 below {bound.value:g} nM", va="top", fontsize=8.5)
    axes.set(xscale="log", xlim=(0.5, 5000), ylim=(0, 103))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set(xlabel="baricitinib (nM)", ylabel="inhibition of IL-6 → pSTAT3 (%)")
    axes.legend(title="IC50 at a dose of IL-6", alignment="left", loc="lower right")
    return figure


def own_figure(criterion: Criterion, evidence: Evidence, bands: Bands) -> Figure:
    """What the experiments of a criterion show, with the published points and 90 % bands."""
    with plain_style():
        figure, axes = new_figure()
        colours = (BLUE, VERMILION, GREEN, PURPLE, ORANGE)
        for number, one in enumerate(evidence.of(criterion)):
            trace, colour = evidence.trace(one), colours[number % len(colours)]
            varied = [str(one.row.model_dump()[name]) for name in criterion.each]
            axes.plot(trace.x, trace.y, color=colour, label=", ".join(["model", *varied]))
            band(axes, bands, curve_key(criterion.id, number), trace.x, colour)
            if trace.published is not None and "quantity" not in criterion.conditions:
                axes.plot(
                    *trace.published, "o", color=colour, markeredgecolor=INK, label=f"published, {one.row.id}"
                )
            axes.set(xlabel=trace.x_label, ylabel=trace.y_label)
            axes.set_xscale("log" if trace.logarithmic else "linear")
        axes.legend()
        return figure
