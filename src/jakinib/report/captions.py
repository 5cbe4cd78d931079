"""The figures of the report in order, each with what its caption calls model and what published."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jakinib.evaluate.bands import Bands
from jakinib.evaluate.criteria import Criterion, own_criteria
from jakinib.evaluate.evidence import Evidence
from jakinib.report import courses, exposures, plots, potencies, seen

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Plot:
    """A figure of the report and the three parts of its caption.

    item: of the criteria that it stands beside; None beside the potencies. shows: patterns of the criteria
    whose numbers can be read off it. seen: what is seen on it, in words.
    """

    name: str
    title: str
    model: str
    published: str
    item: int | None
    shows: tuple[str, ...]
    draw: Callable[[Evidence, Bands], Figure]
    seen: Callable[[Evidence, Bands], str]

    def is_of(self, criterion: Criterion) -> bool:
        """Whether the number of a criterion can be read off it."""
        return any(fnmatch.fnmatchcase(criterion.id, pattern) for pattern in self.shows)


def _words(of: Callable[[Evidence], str]) -> Callable[[Evidence, Bands], str]:
    return lambda evidence, bands: of(evidence)


Panels = Callable[[Evidence, Bands], tuple[potencies.Panel, potencies.Panel]]

# What the points of a kind of potency are, by how they came about.
WAYS = {
    ("IC50", "predicted"): "vertical axis, each by a fit that saw no row of its drug; bars: 90 % band of a "
    "laboratory that nobody has seen. Colour tells the inhibitor, shape the laboratory; hollow: recalled, "
    "never decides.",
    ("IC50", "fitted"): "vertical axis, at the estimates in the laboratory of the row; bars: 90 % interval. "
    "Rows calibrated the pathways: that they lie near the line shows that the model can hold them.",
    ("EC50", "predicted"): "vertical axis, rows in no objective; bars: 90 % interval. There is no inhibitor: "
    "colour tells the cell, shape the laboratory.",
    ("EC50", "fitted"): "vertical axis, rows that calibrated; bars: 90 % interval.",
}


@dataclass(frozen=True)
class _Potencies:
    """One of the two panels of a kind of potency: its figure and what is seen on it."""

    panels: Panels
    place: int
    quantity: str

    def draw(self, evidence: Evidence, bands: Bands | None = None) -> Figure:
        panel = self.panels(evidence, bands or Bands())[self.place]
        return potencies.predicted_observed(panel, self.quantity)

    def seen(self, evidence: Evidence, bands: Bands) -> str:
        return potencies.seen(self.panels(evidence, bands)[self.place], self.quantity)


def _potency_plots(
    name: str, quantity: str, panels: Panels, unseen: tuple[str, ...], fitted: tuple[str, ...]
) -> Iterator[Plot]:
    """Predicted and fitted potencies of a kind, side by side."""
    published = "horizontal axis. Solid line: identity. Dashed lines: two-fold."
    for place, (shows, how) in enumerate(((unseen, "predicted"), (fitted, "fitted"))):
        one = _Potencies(panels, place, quantity)
        title = f"{name}, {how}, against published."
        yield Plot(
            f"{quantity.lower()}_{how}",
            title,
            WAYS[quantity, how],
            published,
            None,
            shows,
            one.draw,
            one.seen,
        )


PLOTS = (
    *_potency_plots(
        "Cell IC50", "IC50", potencies.cell_panels, ("drug_*", "brepocitinib_*"), ("calibration_*",)
    ),
    *_potency_plots("Cytokine EC50", "EC50", potencies.ec50_panels, ("ec50_IL2*",), ("ec50_IL15",)),
    Plot(
        "enzyme_curves",
        "Baricitinib on the isolated kinases at 1 mM ATP.",
        "lines: simulated assay with ATP, drug and enzyme as explicit species.",
        "markers: IC50s, which are also the potencies of the library, so agreement verifies the assay.",
        1,
        ("enzyme_*", "selectivity_*"),
        plots.enzyme_curves,
        _words(seen.enzyme_curves),
    ),
    Plot(
        "dose_inhibition",
        "Inhibition after one oral dose of baricitinib, healthy adults.",
        "lines: IL-6 → pSTAT3 in whole blood drawn after the dose and stimulated ex vivo with 50 ng/mL IL-6 "
        "(assumed); bands: 90 %, over the parameters the data leave open, here and below; a dot marks the "
        "return to within 10 points of baseline.",
        "shaded windows of the maximum (1-2 h) and of the return to near baseline (16-24 h). The curves "
        "themselves are not published; their height and rise with dose are predictions.",
        3,
        ("time_of_maximum", "back_by_*", "maximum_rises", "return_*", "window_*"),
        plots.dose_inhibition,
        _words(seen.dose_inhibition),
    ),
    Plot(
        "peak_and_return",
        "Peak inhibition and time to return against dose.",
        "points: the peak of each curve above and the time until at most 10 % inhibition remain.",
        "shaded window of the return to near baseline. A return below it is earlier than published; the "
        "criteria ask only for a return by 16 h (1-4 mg) and by 24 h (all doses).",
        3,
        ("maximum_rises", "return_*", "window_*_10"),
        plots.peak_and_return,
        _words(seen.peak_and_return),
    ),
    Plot(
        "pbmc",
        "IL-6 → pSTAT3 in PBMC under baricitinib.",
        "lines: at three doses of IL-6, since the source states none; a marker at each IC50. All are "
        "predictions.",
        "shaded: IC50s below the published bound of 50 nM.",
        4,
        ("pbmc_*",),
        plots.pbmc,
        _words(seen.pbmc),
    ),
    Plot(
        "plasma_steady_state",
        "Plasma concentration at steady state, RA, 4 mg once daily.",
        "line: the typical patient on the fourteenth day.",
        "point: mean Cmax with its CV between patients, at the median tmax with its range. Both calibrated "
        "the disposition.",
        6,
        ("ra_cmax", "ra_auc", "ra_half_life", "ra_tmax"),
        plots.plasma_steady_state,
        _words(seen.plasma_steady_state),
    ),
    Plot(
        "healthy",
        "Plasma concentration in healthy adults, 4 mg once daily.",
        "line: the typical healthy adult at steady state.",
        "no curve. The clearance says the area under it, the bi-exponential decline its two phases.",
        6,
        ("healthy_*",),
        exposures.healthy,
        _words(seen.healthy),
    ),
    Plot(
        "time_course",
        "IL-6 → pSTAT3 in macrophages.",
        "lines: with SOCS3 feedback, and with transcription of SOCS3 off.",
        "points: fold over basal, which calibrated the feedback. Both courses are compared relative to their "
        "own peak: the shape is evidence, the height is not.",
        7,
        ("stat3_*",),
        courses.time_course,
        _words(seen.time_course),
    ),
    Plot(
        "time_course_stat1",
        "IL-6 → pSTAT1 in macrophages.",
        "line: with SOCS3 feedback.",
        "points: fold over basal at 20 and 60 min. As for pSTAT3 both are relative to the peak, so that two "
        "points leave only the ratio between them as evidence.",
        7,
        (),
        courses.time_course_stat1,
        _words(seen.time_course_stat1),
    ),
    Plot(
        "hepatocytes",
        "IL-6 → pSTAT3 in hepatocytes, by dose.",
        "line: share phosphorylated after 20 min.",
        "circle: share by mass spectrometry in primary mouse hepatocytes. Diamonds: EC50s of two "
        "experiments, drawn at half of the model's maximum. All calibrated the receptor numbers of the "
        "hepatocyte.",
        7,
        (),
        courses.hepatocytes,
        _words(seen.hepatocytes),
    ),
    Plot(
        "kinase_block",
        "pSTAT1 after a complete kinase block.",
        "line: IFN-γ for 30 min, then every JAK is blocked.",
        "dashed line: pSTAT1 had disappeared within 60 min (staurosporine, cell lines). Below 5 % is how the "
        "criterion reads it.",
        7,
        ("stat1_block",),
        courses.kinase_block,
        _words(seen.kinase_block),
    ),
    Plot(
        "daily_inhibition",
        "Inhibition of each pathway over the fourteenth day of 4 mg once daily, RA.",
        "lines: whole blood drawn over the day and stimulated ex vivo with 50 ng/mL of the cytokine "
        "(assumed). All are predictions.",
        "no curve per pathway. Dotted: the bounds of the criteria, which stand for partial and periodic "
        "inhibition.",
        8,
        ("partial_*", "periodic_*"),
        plots.daily_inhibition,
        _words(seen.daily_inhibition),
    ),
    Plot(
        "renal",
        "Exposure against renal function, one dose of 4 mg.",
        "lines: the typical healthy adult at each eGFR.",
        "points: ratios of mild and moderate impairment at the middle of their class, with 90 % intervals. "
        "The ratios of the AUC are predicted, uptake was fitted to those of the Cmax.",
        9,
        ("renal_*",),
        exposures.renal,
        _words(seen.renal),
    ),
    Plot(
        "population",
        "Exposure of patients with RA, 4 mg once daily.",
        "line: a sample of 1,000 patients, sorted; dotted: their mean.",
        "dashed: mean; shaded: one standard deviation between patients on both sides.",
        9,
        ("ra_population_*",),
        exposures.population,
        _words(seen.population),
    ),
)


def _own(criterion: Criterion, evidence: Evidence, bands: Bands) -> str:
    return seen.own(criterion, evidence)


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
            c.item,
            (c.id,),
            functools.partial(plots.own_figure, c),
            functools.partial(_own, c),
        )
        for c in evidence.criteria
        if c.id in own
    )
