"""Figures of pSTAT over time and dose, without inhibitor: model as lines, published numbers as markers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.assay.curve import logit
from jakinib.evaluate.bands import Bands, curve_key
from jakinib.evaluate.evidence import Evidence
from jakinib.fit.plan import Plan, read_plan
from jakinib.library.measurements import Measurement
from jakinib.report.plots import BLUE, GREY, INK, ORANGE, PUBLISHED, VERMILION, band, new_figure, styled
from jakinib.units import parse_quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _rows(evidence: Evidence, quantity: str, readout: str) -> tuple[Plan, list[Measurement]]:
    plan = read_plan("dynamics", evidence.data)
    rows = [evidence.data[identifier] for identifier in plan.calibration]
    return plan, [row for row in rows if row.quantity == quantity and row.readout == readout]


def _folds(axes: Any, evidence: Evidence, readout: str, peak: float) -> None:
    """Published folds over basal as percent, the highest at ``peak``, and their own unit on the right."""
    plan, rows = _rows(evidence, "fold_over_basal", readout)
    error, fold = plan.errors["fold_over_basal"], np.array([row.value for row in rows])
    scale = (fold.max() - 1) / peak
    bounds = np.abs(np.array([fold / error, fold * error]) - fold) / scale
    axes.errorbar(
        [parse_quantity(row.time, "min") for row in rows], (fold - 1) / scale, bounds,
        label=f"published, ± assumed error ({error:g}-fold)", **PUBLISHED,
    )  # fmt: skip
    right = axes.secondary_yaxis(
        "right", functions=(lambda percent: 1 + scale * percent, lambda fold: (fold - 1) / scale)
    )
    right.spines["right"].set_visible(True)
    right.set_ylabel("fold over basal (published unit)")


@styled
def time_course(evidence: Evidence, bands: Bands) -> Figure:
    """pSTAT3 in macrophages under IL-6, with and without SOCS3, and the published fold over basal."""
    figure, axes = new_figure()
    (with_socs3,), (without,) = evidence.of("stat3_decay"), evidence.of("stat3_socs3")
    lacking, whole = evidence.trace(without), evidence.trace(with_socs3)
    band(axes, bands, curve_key("stat3_socs3"), lacking.x, VERMILION)
    band(axes, bands, curve_key("stat3_decay"), whole.x, BLUE)
    axes.plot(lacking.x, lacking.y, color=VERMILION, linestyle=(0, (5, 2)), label="model without SOCS3")
    axes.plot(whole.x, whole.y, color=BLUE, label="model")
    _folds(axes, evidence, "pSTAT3", float(whole.y.max()))
    axes.set(xlim=(0, 122), xticks=range(0, 121, 20), ylim=(0, 118), yticks=range(0, 101, 20))
    axes.set(xlabel="time after 10 ng/mL IL-6 (min)", ylabel="pSTAT3 (% of total STAT3)")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend([handles[i] for i in (1, 0, 2)], [labels[i] for i in (1, 0, 2)], loc="upper left")
    return figure


@styled
def time_course_stat1(evidence: Evidence, bands: Bands) -> Figure:
    """pSTAT1 in macrophages under IL-6, and the published fold over basal."""
    figure, axes = new_figure(5.9, 3.3)
    course = evidence.trace(evidence.row("T008"))
    band(axes, bands, curve_key("T008"), course.x, BLUE)
    axes.plot(course.x, course.y, color=BLUE, label="model")
    _folds(axes, evidence, "pSTAT1", float(course.y.max()))
    found = bands.band(curve_key("T008"))
    top = 1.9 * float(course.y.max()) if found is None else 1.25 * float(found[1].max())
    axes.set(xlim=(0, 122), xticks=range(0, 121, 20), ylim=(0, top))
    axes.set(xlabel="time after 10 ng/mL IL-6 (min)", ylabel="pSTAT1 (% of total STAT1)")
    axes.legend(loc="upper right")
    return figure


@styled
def hepatocytes(evidence: Evidence, bands: Bands) -> Figure:
    """pSTAT3 in hepatocytes against the dose of IL-6, with the published share and EC50s."""
    figure, axes = new_figure()
    response = evidence.trace(evidence.row("T011"))
    doses, percent = response.x, response.y
    band(axes, bands, curve_key("T011"), doses, BLUE)
    axes.plot(doses, percent, color=BLUE, label="model, 20 min")
    plan, rows = _rows(evidence, "percent", "pSTAT3")
    odds = np.log(plan.errors["percent"])
    for row in rows:
        centre = logit(row.value / 100)
        ends = 100 / (1 + np.exp(-np.array([centre - odds, centre + odds])))
        axes.errorbar(
            [parse_quantity(row.cytokine_dose, "ng/mL")], [row.value], np.abs(ends - row.value)[:, None],
            label=f"published share, {row.time} (± assumed error)", **PUBLISHED,
        )  # fmt: skip
    plan, rows = _rows(evidence, "ec50", "pSTAT3")
    half = float(percent[-1]) / 2
    values = np.array([row.value for row in rows])
    error = plan.errors["ec50"]
    axes.hlines(half, doses[0], doses[-1], color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.errorbar(
        values, [half] * len(values), xerr=np.abs(np.array([values / error, values * error]) - values),
        label=f"published EC50s (± {error:g}-fold), at half of the model's maximum",
        **{**PUBLISHED, "fmt": "D", "color": ORANGE, "markeredgecolor": INK},
    )  # fmt: skip
    axes.set(xscale="log", xlim=(doses[0], doses[-1]), ylim=(0, 100))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel="IL-6 (ng/mL)", ylabel="pSTAT3 (% of total STAT3)")
    axes.legend(loc="upper left")
    return figure


@styled
def kinase_block(evidence: Evidence, bands: Bands) -> Figure:
    """pSTAT1 after a complete kinase block."""
    figure, axes = new_figure(5.9, 3.3)
    left = evidence.trace(evidence.of("stat1_block")[0])
    gone = evidence.data["T014"].to("min")
    axes.axhspan(0, 5, color=GREY, alpha=0.16, linewidth=0)
    axes.text(89, 7, "gone: below 5 %", ha="right", fontsize=8.5)
    axes.plot(left.x, left.y, color=BLUE)
    band(axes, bands, curve_key("stat1_block"), left.x, BLUE)
    axes.axvline(gone, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.text(gone + 1.5, 60, f"published: gone\nwithin {gone:g} min", fontsize=9)
    axes.set(xlim=(0, 90), xticks=range(0, 91, 15), ylim=(0, 103))
    axes.set(xlabel="time after kinase block (min)", ylabel="pSTAT1 (% of its value at block)")
    return figure
