"""Inhibition read off a few runs, and the time a course spends above a level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jakinib import CellAssay, Regimen, ex_vivo_inhibition, plasma
from jakinib.assay.inhibition import inhibition_at, inhibition_law, time_above


@given(
    ic50=st.floats(0.3, 300),
    hill=st.floats(0.7, 2.5),
    top=st.floats(0.5, 1),
    peak=st.floats(1, 3000),
    decades=st.floats(0, 4),
)
def test_a_law_from_a_few_runs_is_the_assay_within_a_tenth_of_a_point(
    ic50: float, hill: float, top: float, peak: float, decades: float
) -> None:
    """Whatever the potency, the slope, the largest effect, and how far concentrations range."""

    def inhibited(free: float) -> float:
        return top * free**hill / (free**hill + ic50**hill)

    low = peak * 10**-decades
    free = np.geomspace(low, peak, 101)
    law = inhibition_law(inhibited, low, peak)
    assert law(free) == pytest.approx([inhibited(c) for c in free], abs=1e-3)


def test_a_course_costs_few_runs_and_ends_exactly_at_its_peak() -> None:
    runs: list[float] = []

    def inhibited(free: float) -> float:
        runs.append(free)
        return free / (free + 10)

    free = np.geomspace(2, 50, 400)
    assert inhibition_at(free, inhibited)[-1] == pytest.approx(50 / 60, abs=1e-9)
    assert len(runs) < 10


def test_without_drug_nothing_is_inhibited_and_a_trace_inhibits_in_proportion() -> None:
    assert (inhibition_at(np.zeros(3), lambda free: free / (free + 10)) == 0).all()
    zero, trace, half, _ = inhibition_at(np.array([0.0, 5e-4, 1e-3, 10.0]), lambda free: free / (free + 10))
    assert zero == 0
    assert trace == pytest.approx(half / 2)


def test_a_signal_that_a_little_inhibitor_lifts_keeps_its_sign() -> None:
    def inhibited(free: float) -> float:
        return free / (free + 10) - 0.5 * np.exp(-free)

    free = np.geomspace(0.05, 1000, 200)
    found = inhibition_law(inhibited, 0.05, 1000)(free)
    assert found == pytest.approx([inhibited(c) for c in free], abs=0.03)
    assert found.min() == pytest.approx(-0.47, abs=0.02)


def test_interpolated_inhibition_is_that_of_the_simulated_assay_within_a_tenth_of_a_point() -> None:
    conditions = CellAssay("baricitinib", "IL-6", "pSTAT3")
    profile = plasma(Regimen.single(4.0), [0.5, 1.0, 2.0, 6.0, 12.0, 24.0])
    exact = ex_vivo_inhibition(profile, conditions).inhibition
    law = inhibition_law(conditions.inhibited(conditions.model()), 0.05, 1000.0)
    assert law(profile.free) == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "hours"),
    [([0, 2], 1.0), ([2, 0], 1.0), ([2, 2], 2.0), ([0, 0], 0.0), ([1, 3], 2.0), ([0, 4], 1.5)],
)
def test_time_above_a_limit_is_linear_between_times(values: list[float], hours: float) -> None:
    assert time_above(np.array([0.0, 2.0]), np.array(values, dtype=float), 1.0) == pytest.approx(hours)


@example([0.0, 5e-324])  # a step too small to divide by
@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_time_above_and_time_below_make_up_the_whole(values: list[float]) -> None:
    time, curve = np.linspace(0, 24, len(values)), np.array(values)
    above, below = time_above(time, curve, 0.5), time_above(time, -curve, -0.5)
    level = float(np.diff(time)[(curve[:-1] == 0.5) & (curve[1:] == 0.5)].sum())
    assert above + below + level == pytest.approx(24)
