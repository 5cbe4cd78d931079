"""Figures of exposure between people: healthy adults, renal function, and the spread in a population."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jakinib.evaluate.bands import Bands, curve_key
from jakinib.evaluate.evidence import Evidence
from jakinib.report.plots import BLUE, GREY, INK, ORANGE, PUBLISHED, band, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS = ("AUC", "Cmax")


@styled
def healthy(evidence: Evidence, bands: Bands) -> Figure:
    """Plasma concentration of a healthy adult over a day, on a log scale that shows its two phases."""
    figure, axes = new_figure(5.9, 3.3)
    (one,) = evidence.of("healthy_clearance")
    plasma = evidence.trace(one)
    axes.plot(plasma.x, plasma.y, color=BLUE, label="model, typical healthy adult")
    band(axes, bands, curve_key("healthy_clearance"), plasma.x, BLUE)
    axes.set(xlim=(0, 24), xticks=range(0, 25, 4), yscale="log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="time after the dose (h)", ylabel="baricitinib in plasma (ng/mL)")
    axes.legend(loc="upper right")
    return figure


@styled
def renal(evidence: Evidence, bands: Bands) -> Figure:
    """AUC and Cmax of renal impairment over those of normal function, with published ratios."""
    figure, panels = new_figure(6.6, 3.3, columns=2)
    for axes, metric in zip(panels, METRICS, strict=True):
        criteria = [f"renal_{metric.lower()}_{name}" for name in ("mild", "moderate")]
        course = evidence.trace(evidence.of(criteria[0])[0])
        axes.plot(course.x, course.y, color=BLUE, label="model")
        band(axes, bands, curve_key(criteria[0]), course.x, BLUE)
        for (one,) in map(evidence.of, criteria):
            row, point = one.row, evidence.trace(one).published
            if point is not None and row.low is not None and row.high is not None:
                ends = [[row.value - row.low], [row.high - row.value]]
                label = "published, 90 % interval" if one is evidence.of(criteria[0])[0] else None
                axes.errorbar([point[0]], [point[1]], ends, capsize=2.5, label=label, **PUBLISHED)
        axes.axhline(1, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
        axes.set(xlim=(30, 120), ylim=(0, 3.9))
        axes.set(xlabel="eGFR (mL/min per 1.73 m²)", ylabel=f"{metric} over normal function (ratio)")
        axes.legend(loc="upper right")
    return figure


@styled
def population(evidence: Evidence, bands: Bands) -> Figure:
    """Exposure of a sample of patients, sorted, with published mean and standard deviation."""
    figure, panels = new_figure(6.6, 3.3, columns=2)
    for axes, metric, unit in zip(panels, METRICS, ("ng h/mL", "ng/mL"), strict=True):
        (one,) = evidence.of(f"ra_population_{metric.lower()}")
        sample, row = evidence.trace(one), one.row
        width = row.value * (row.spread or 0.0) / 100
        axes.axvspan(row.value - width, row.value + width, color=ORANGE, alpha=0.22, linewidth=0)
        axes.axvline(row.value, color=INK, linewidth=1.2, linestyle=(0, (4, 3)), label="published mean, ± SD")
        axes.plot(sample.x[::8], sample.y[::8], color=BLUE, label="model, patients")
        axes.axvline(sample.x.mean(), color=BLUE, linewidth=1.2, linestyle=(0, (1, 1)), label="their mean")
        axes.set(xlim=(0, None), ylim=(0, 100), xlabel=f"{metric} ({unit})")
        axes.set(ylabel="patients at or below (%)")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
