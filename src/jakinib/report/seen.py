"""What is seen on each figure of the report, in words, from the numbers that it draws."""

from __future__ import annotations

import numpy as np

from jakinib.evaluate.criteria import Criterion
from jakinib.evaluate.evidence import Evidence
from jakinib.library.schema import JAKS
from jakinib.report import wording


def dose_inhibition(evidence: Evidence) -> str:
    doses = [one.row.dose for one in evidence.of("maximum_rises")]
    tops = [100 * evidence.course(one).inhibition.max() for one in evidence.of("maximum_rises")]
    backs = [evidence.back(one) for one in evidence.of("return_rises")]
    window = evidence.data["B04"]
    before = sum(hours < (window.low or 0.0) for hours in backs)
    return (
        f"{len(doses)} curves, one a dose, rise to a peak and fall. From {doses[0]} to {doses[-1]} the peak "
        f"goes from {tops[0]:.0f} to {tops[-1]:.0f} % and the return to within 10 points of baseline from "
        f"{_hours(backs[0])} to {_hours(backs[-1])}. {before} of {len(backs)} return before the shaded "
        f"window of {window.low:g} to {window.high:g} h begins."
    )


def _hours(value: float) -> str:
    return f"{value:.1f} h" if np.isfinite(value) else "later than 24 h"


def peak_and_return(evidence: Evidence) -> str:
    ones = evidence.of("maximum_rises")
    tops = ", ".join(f"{100 * evidence.course(one).inhibition.max():.0f}" for one in ones)
    backs = ", ".join(_hours(evidence.back(one)) for one in evidence.of("return_rises"))
    return (
        f"Two panels against the doses {', '.join(one.row.dose for one in ones)}. Left, peak inhibition "
        f"rises: {tops} %. Right, the time to return rises: {backs}; a band shows the published window."
    )


def time_course(evidence: Evidence) -> str:
    (with_socs3,), (without,) = evidence.of("stat3_decay"), evidence.of("stat3_socs3")
    whole, lacking = evidence.trace(with_socs3), evidence.trace(without)
    peak = int(whole.y.argmax())
    return (
        f"With SOCS3 pSTAT3 peaks at {whole.y[peak]:.0f} % after {whole.x[peak]:.0f} min and falls to "
        f"{whole.y[-1]:.0f} % at {whole.x[-1]:.0f} min; without SOCS3 it stays at {lacking.y[-1]:.0f} %. "
        "Published points lie along the curve with SOCS3."
    )


def time_course_stat1(evidence: Evidence) -> str:
    course = evidence.trace(evidence.row("T008"))
    peak = int(course.y.argmax())
    return (
        f"pSTAT1 peaks at {course.y[peak]:.1f} % after {course.x[peak]:.0f} min and falls to "
        f"{course.y[-1]:.1f} % at {course.x[-1]:.0f} min; two published points, at 20 and 60 min."
    )


def hepatocytes(evidence: Evidence) -> str:
    response = evidence.trace(evidence.row("T011"))
    half = float(np.interp(response.y[-1] / 2, response.y, response.x))
    return (
        f"pSTAT3 rises with the dose of IL-6 to {response.y[-1]:.0f} %, half of it at {half:.2g} ng/mL; one "
        "published share and the published EC50s at half height."
    )


def kinase_block(evidence: Evidence) -> str:
    left = evidence.trace(evidence.of("stat1_block")[0])
    gone = evidence.data["T014"].to("min")
    share = float(np.interp(gone, left.x, left.y))
    return (
        f"pSTAT1 falls from 100 % after the block; at {gone:g} min, where it was published as gone, "
        f"{share:.2g} % of it is left."
    )


def plasma_steady_state(evidence: Evidence) -> str:
    plasma, cmax = evidence.trace(evidence.of("ra_cmax")[0]), evidence.data["A19"]
    peak = int(plasma.y.argmax())
    return (
        f"Plasma rises to {plasma.y[peak]:.0f} ng/mL at {plasma.x[peak]:.1f} h and falls to "
        f"{plasma.y[-1]:.1f} ng/mL at {plasma.x[-1]:.0f} h; the published mean peak is {cmax.value:g} ng/mL."
    )


def daily_inhibition(evidence: Evidence) -> str:
    parts = []
    for criterion in (c for c in evidence.criteria if c.id.startswith("partial_")):
        run = evidence.course(evidence.of(criterion)[0])
        name = f"{run.conditions.cytokine} {run.conditions.readout}"
        parts.append(f"{name} {100 * run.inhibition.max():.0f} to {100 * run.inhibition.min():.0f} %")
    return (
        f"Curves peak soon after the dose and fall over 24 h, from largest to smallest: {', '.join(parts)}."
    )


def enzyme_curves(evidence: Evidence) -> str:
    found = []
    for kinase in JAKS:
        (one,) = evidence.of(f"enzyme_{kinase}")
        found.append(f"{kinase} {evidence.number(one):.3g} nM")
    return f"Sigmoid curves through their published IC50s: {', '.join(found)}."


def pbmc(evidence: Evidence) -> str:
    found = []
    for name in ("_low_dose", "", "_high_dose"):
        (one,) = evidence.of(f"pbmc_IL6{name}")
        found.append(f"{evidence.number(one):.3g} nM at {one.row.cytokine_dose}")
    bound = evidence.data["B09"].value
    return (
        f"Sigmoid curves with IC50s of {', '.join(found)} of IL-6; a shade ends at the bound of {bound:g} nM."
    )


def healthy(evidence: Evidence) -> str:
    plasma = evidence.trace(evidence.of("healthy_clearance")[0])
    peak = int(plasma.y.argmax())
    return (
        f"On a log scale plasma rises to {plasma.y[peak]:.0f} ng/mL at {plasma.x[peak]:.1f} h and falls in "
        f"two phases to {plasma.y[-1]:.2g} ng/mL at {plasma.x[-1]:.0f} h."
    )


def renal(evidence: Evidence) -> str:
    parts = []
    for metric in ("AUC", "Cmax"):
        for name in ("mild", "moderate"):
            (one,) = evidence.of(f"renal_{metric.lower()}_{name}")
            model, published = f"{evidence.number(one):.2f}", wording.published(one.row)
            parts.append(f"{metric}, {name}: {model}, published {published}")
    return f"Two panels; both ratios fall as renal function rises. {'; '.join(parts)}."


def population(evidence: Evidence) -> str:
    parts = []
    for metric in ("AUC", "Cmax"):
        (one,) = evidence.of(f"ra_population_{metric.lower()}")
        parts.append(
            f"{metric} {evidence.trace(one).x.mean():.3g}, published {one.row.value:g} {one.row.unit}"
        )
    return f"Two panels, each an S-shaped curve of sorted patients. Means: {'; '.join(parts)}."


def own(criterion: Criterion, evidence: Evidence) -> str:
    """What the figure of a criterion that stands outside the package shows."""
    parts = []
    for one in evidence.of(criterion):
        trace = evidence.trace(one)
        parts.append(
            f"{trace.y_label or 'a curve'} from {trace.y[0]:.3g} to {trace.y[-1]:.3g} over {trace.x_label} "
            f"{trace.x[0]:.3g} to {trace.x[-1]:.3g}"
        )
    return f"{'; '.join(parts)}."
