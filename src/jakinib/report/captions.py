"""The figures of the report in order, each with what its caption calls model and what published."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jakinib.evaluate.bands import Bands
from jakinib.evaluate.criteria import own_criteria
from jakinib.evaluate.evidence import Evidence
from jakinib.report import courses, plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A figure of the report and the three parts of its caption."""

    name: str
    title: str
    model: str
    published: str
    draw: Callable[[Evidence, Bands], Figure]


PLOTS = (
    Plot(
        "dose_inhibition",
        "Inhibition after one oral dose of baricitinib, healthy adults.",
        "lines: IL-6 → pSTAT3 in whole blood drawn after the dose and stimulated ex vivo with 50 ng/mL IL-6 "
        "(assumed); bands: 90 %, over the parameters the data leave open, here and below; a dot marks the "
        "return to within 10 points of baseline.",
        "shaded windows of the maximum (1-2 h) and of the return to near baseline (16-24 h). The curves "
        "themselves are not published; their height and rise with dose are predictions.",
        plots.dose_inhibition,
    ),
    Plot(
        "peak_and_return",
        "Peak inhibition and time to return against dose.",
        "points: the peak of each curve above and the time until at most 10 % inhibition remain.",
        "shaded window of the return to near baseline. A return below it is earlier than published; the "
        "criteria ask only for a return by 16 h (1-4 mg) and by 24 h (all doses).",
        plots.peak_and_return,
    ),
    Plot(
        "predicted_published",
        "Cell IC50, predicted against published.",
        "vertical axis, with 90 % interval: assays simulated under the conditions listed below. Circles "
        "calibrated the pathways; squares (validation) and triangles (recalled, never decide) were in no "
        "objective.",
        "horizontal axis, with one standard deviation of assay error. Solid line: identity. Dashed lines: "
        "two-fold.",
        plots.predicted_published,
    ),
    Plot(
        "ec50",
        "Cytokine EC50, predicted against published.",
        "vertical axis, with 90 % interval: dose-response of pSTAT5 in each cell of PBMC. IL-15 calibrated, "
        "IL-2 was in no objective.",
        "horizontal axis, with one standard deviation of assay error. Solid line: identity. Dashed lines: "
        "two-fold.",
        plots.ec50,
    ),
    Plot(
        "time_course",
        "IL-6 → pSTAT3 in macrophages.",
        "lines: with SOCS3 feedback, and with transcription of SOCS3 off.",
        "points: fold over basal, which calibrated the feedback. Both courses are compared relative to their "
        "own peak: the shape is evidence, the height is not.",
        courses.time_course,
    ),
    Plot(
        "time_course_stat1",
        "IL-6 → pSTAT1 in macrophages.",
        "line: with SOCS3 feedback.",
        "points: fold over basal at 20 and 60 min. As for pSTAT3 both are relative to the peak, so that two "
        "points leave only the ratio between them as evidence.",
        courses.time_course_stat1,
    ),
    Plot(
        "hepatocytes",
        "IL-6 → pSTAT3 in hepatocytes, by dose.",
        "line: share phosphorylated after 20 min.",
        "circle: share by mass spectrometry in primary mouse hepatocytes. Diamonds: EC50s of two "
        "experiments, drawn at half of the model's maximum. All calibrated the receptor numbers of the "
        "hepatocyte.",
        courses.hepatocytes,
    ),
    Plot(
        "kinase_block",
        "pSTAT1 after a complete kinase block.",
        "line: IFN-γ for 30 min, then every JAK is blocked.",
        "dashed line: pSTAT1 had disappeared within 60 min (staurosporine, cell lines). Below 5 % is how the "
        "criterion reads it.",
        courses.kinase_block,
    ),
    Plot(
        "plasma_steady_state",
        "Plasma concentration at steady state, RA, 4 mg once daily.",
        "line: the typical patient on the fourteenth day.",
        "point: mean Cmax with its CV between patients, at the median tmax with its range. Both calibrated "
        "the disposition.",
        plots.plasma_steady_state,
    ),
    Plot(
        "daily_inhibition",
        "Inhibition of each pathway over the fourteenth day of 4 mg once daily, RA.",
        "lines: whole blood drawn over the day and stimulated ex vivo with 50 ng/mL of the cytokine "
        "(assumed). All are predictions.",
        "no curve per pathway. Dotted: the bounds of the criteria, which stand for partial and periodic "
        "inhibition.",
        plots.daily_inhibition,
    ),
    Plot(
        "enzyme_curves",
        "Baricitinib on the isolated kinases at 1 mM ATP.",
        "lines: simulated assay with ATP, drug and enzyme as explicit species.",
        "markers: IC50s, which are also the potencies of the library, so agreement verifies the assay.",
        plots.enzyme_curves,
    ),
)


def plots_of(evidence: Evidence) -> tuple[Plot, ...]:
    """The figures of a page: those above, and one for each criterion that stands outside the package.

    Without a criterion of the package there is nothing above to draw.
    """
    own = own_criteria()
    shipped = PLOTS if {c.id for c in evidence.criteria} - own else ()
    return shipped + tuple(
        Plot(
            c.id,
            f"{c.statement}.",
            f"{'lines' if len(evidence.of(c)) > 1 else 'line'}: what the experiments of the criterion "
            f"{c.id} show; band: 90 %.",
            f"rows {', '.join(c.rows)}; a marker where they say a point of the curve.",
            functools.partial(plots.own_figure, c),
        )
        for c in evidence.criteria
        if c.id in own
    )
