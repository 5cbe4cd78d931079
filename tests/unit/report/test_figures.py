"""Figures draw the numbers they are given, name their units and stay legible."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text
from synthetic import Synthetic, ex_vivo, overlaps

from jakinib.assay import ExVivo
from jakinib.evaluate.bands import Bands
from jakinib.evaluate.evidence import Evidence
from jakinib.experiments import Experiment
from jakinib.fit import read_plan
from jakinib.fit.crossvalidation import stored
from jakinib.fit.folds import LEAVE, Leave
from jakinib.report import captions, courses, crossvalidated, plots, potencies


@pytest.mark.parametrize("plot", captions.PLOTS, ids=lambda plot: plot.name)
def test_texts_of_a_figure_do_not_overlap_and_axes_name_their_unit(
    plot: captions.Plot, evidence: Evidence
) -> None:
    figure = plot.draw(evidence)
    assert overlaps(figure) == []
    for axes in figure.axes:
        for label in (axes.get_xlabel(), axes.get_ylabel()):
            assert re.search(r"\(.+\)$", label)


def test_drawing_leaves_the_settings_of_matplotlib_alone(evidence: Evidence) -> None:
    before = dict(matplotlib.rcParams)
    for plot in captions.PLOTS:
        plot.draw(evidence)
    assert dict(matplotlib.rcParams) == before


def test_the_dose_figure_draws_the_inhibition_of_every_dose(evidence: Evidence) -> None:
    (axes,) = plots.dose_inhibition(evidence).axes
    drawn = {line.get_label().split(",")[0]: line.get_ydata() for line in axes.lines}  # type: ignore[union-attr]
    doses = evidence.of("maximum_rises")
    assert [one.row.dose for one in doses] == ["1 mg", "2 mg", "4 mg", "7 mg", "10 mg"]
    for one in doses:
        assert drawn[one.row.dose] == pytest.approx(100 * evidence.course(one).inhibition)


def test_a_dose_whose_inhibition_stays_is_called_not_back(evidence: Evidence) -> None:
    class Strong(Synthetic):
        def course(self, one: Experiment) -> ExVivo:
            return ex_vivo(1e5) if one.row.dose == "10 mg" else super().course(one)

    strong = Strong(evidence.plans, evidence.data)
    (axes,) = plots.dose_inhibition(strong).axes
    assert "10 mg, not back" in {line.get_label() for line in axes.lines}
    assert overlaps(plots.peak_and_return(strong)) == []


def test_potencies_stand_at_published_and_predicted_with_unseen_ones_apart_from_fitted(
    evidence: Evidence,
) -> None:
    unseen, fitted = potencies.cell_panels(evidence, Bands())
    calibrated = {row for plan in evidence.plans for row in plan.calibration}
    assert {(p.row, p.published, p.predicted) for p in fitted.points} == {
        (p.row, p.published, p.predicted) for p in evidence.cell_ic50s if p.row in calibrated
    }
    left_out = {one.row: one for one in stored(read_plan("pathways", evidence.data), "drug").held}
    assert {p.row for p in unseen.points} == set(left_out)
    for point in unseen.points:
        assert (point.published, point.predicted) == (
            pytest.approx(left_out[point.row].published),
            pytest.approx(left_out[point.row].predicted),
        )
    for panel in (unseen, fitted):
        (axes,) = potencies.predicted_observed(panel, "IC50").axes
        drawn = {
            (x, y)
            for line in axes.lines
            if line.get_gid()
            for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)  # type: ignore[arg-type]
        }
        assert drawn == {(p.published, p.predicted) for p in panel.points}


@pytest.mark.parametrize("leave", LEAVE)
def test_texts_of_a_cross_validation_do_not_overlap_and_lie_on_the_figure(
    leave: Leave, evidence: Evidence
) -> None:
    figure = crossvalidated.predicted_published(stored(read_plan("pathways", evidence.data), leave))
    assert overlaps(figure) == []
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        if text.get_visible() and text.get_text().strip():
            assert figure.bbox.contains(*box.min), text
            assert figure.bbox.contains(*box.max), text


def test_the_time_course_figure_shows_published_folds_as_shares_of_the_peak(evidence: Evidence) -> None:
    axes = courses.time_course(evidence).axes[0]
    points = axes.containers[0].lines[0]  # type: ignore[attr-defined]
    published = [evidence.data[f"T00{i}"] for i in range(1, 7)]
    above = np.array([row.value for row in published]) - 1
    peak = float(evidence.trace(evidence.of("stat3_decay")[0]).y.max())
    assert points.get_ydata() == pytest.approx(peak * above / above.max())
    assert [f"{x:g} min" for x in points.get_xdata()] == [row.time for row in published]


def test_the_diagram_of_the_model_can_be_redrawn_and_its_texts_do_not_overlap() -> None:
    script = Path(__file__).parents[3] / "docs" / "images" / "draw_model.py"
    figure = runpy.run_path(str(script))["draw"]()
    assert overlaps(figure) == []
    assert {"oral dose", "cytokine", "STAT", "SOCS mRNA"} <= {t.get_text() for t in figure.findobj(Text)}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12).map(sorted))
def test_labels_are_spread_apart_in_order_and_stay_inside(wanted: list[float]) -> None:
    placed = np.array(plots.spread(wanted, 0.05))
    assert (np.diff(placed) > 0.05 - 1e-9).all()
    assert placed[0] > -1e-9
    assert placed[-1] < 1 + 1e-9


@given(st.lists(st.integers(0, 10), min_size=1, unique=True).map(sorted))
def test_labels_that_do_not_touch_stay_where_they_belong(tenths: list[int]) -> None:
    wanted = [value / 10 for value in tenths]
    assert plots.spread(wanted, 0.05) == pytest.approx(wanted)
