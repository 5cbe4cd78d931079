"""Regimens: what a prescription says, and the input rate it becomes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jakinib import Dose, InputError, Regimen
from jakinib.units import dose_to_nmol

HOURS = {"qd": 24.0, "bid": 12.0, "tid": 8.0, "qid": 6.0, "qod": 48.0, "qw": 168.0, "q8h": 8.0, "q1.5h": 1.5}
MILLIGRAMS = {"mg": 1.0, "g": 1e3, "ug": 1e-3, "µg": 1e-3}
AMOUNTS = st.decimals(0, 1000, places=3).map(float)
MASS = 371.42

DOSES = st.lists(st.builds(Dose, st.floats(0, 48), st.floats(0, 100)), min_size=1, max_size=8)
DURATIONS = st.floats(0.05, 30)
LAGS = st.floats(0, 2)


def rate_at(changes: list[tuple[float, float]], time: float) -> float:
    return next((rate for start, rate in reversed(changes) if start <= time), 0.0)


@given(
    AMOUNTS,
    st.sampled_from(sorted(MILLIGRAMS)),
    st.sampled_from(sorted(HOURS)),
    st.integers(1, 60),
    st.sampled_from(["{} {} {} x {}", "{}{} {} x{}", "  {}  {}  {}  x  {}  "]),
)
def test_a_regimen_means_what_it_says(
    amount: float, unit: str, interval: str, repeats: int, layout: str
) -> None:
    doses = Regimen.parse(layout.format(amount, unit, interval, repeats)).doses
    assert [dose.time for dose in doses] == pytest.approx([i * HOURS[interval] for i in range(repeats)])
    assert [dose.amount for dose in doses] == pytest.approx([amount * MILLIGRAMS[unit]] * repeats)


def test_a_dose_alone_is_taken_once_at_time_zero() -> None:
    assert Regimen.parse("4 mg").doses == Regimen.single(4.0).doses == (Dose(0.0, 4.0),)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("4", "'4' has no unit"),
        ("4 nmol qd x 7", "unit 'nmol'"),
        ("4 qd x 7", "'qd'"),
        ("-4 mg", "dose -4 mg"),
        ("-4 mg qd x 7", "dose -4 mg"),
        ("nan mg qd x 7", "'nan mg'"),
        ("4 mg qx x 7", "interval 'qx'"),
        ("4 mg q0h x 7", "interval 'q0h'"),
        ("4 mg daily x 7", "interval 'daily'"),
        ("4 mg qd", "how often"),
        ("4 mg x 7", "repeated how"),
        ("4 mg qd x 0", "'x 0'"),
        ("4 mg qd x -2", "'x -2'"),
        ("4 mg qd x 1.5", "'x 1.5'"),
        ("4 mg qd x often", "'x often'"),
        ("4 mg qd x ²", "'x ²'"),
        ("4 mg qd x 7 then stop", "not understood"),
        ("", "not understood"),
    ],
)
def test_the_part_that_was_not_understood_is_named(text: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        Regimen.parse(text)
    assert part in str(caught.value)


@given(st.text(max_size=12), st.text(max_size=6), st.text(max_size=4))
@example("4 mg", "qd", "²")
def test_no_text_fails_in_any_other_way(dose: str, interval: str, repeats: str) -> None:
    try:
        regimen = Regimen.parse(f"{dose} {interval} x {repeats}")
    except InputError:
        return
    assert len(regimen.doses) >= 1


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_a_dose_must_be_finite_and_not_negative(amount: float) -> None:
    with pytest.raises(InputError, match="finite amount of at least 0 mg"):
        Regimen.single(amount)


@pytest.mark.parametrize("time", [-0.1, math.nan, math.inf])
def test_a_dose_time_must_be_finite_and_not_before_zero(time: float) -> None:
    with pytest.raises(InputError, match="dose time"):
        Regimen.single(4.0, time)


@given(DOSES, DURATIONS, LAGS)
def test_the_input_rate_integrates_to_the_total_dose(doses: list[Dose], duration: float, lag: float) -> None:
    changes = Regimen(tuple(doses)).input_rate(MASS, duration, lag)
    times, rates = np.array(changes).T
    total = dose_to_nmol(sum(dose.amount for dose in doses), MASS)
    assert np.sum(rates[:-1] * np.diff(times)) == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert (np.diff(times) > 0).all()
    assert (rates >= 0).all()
    assert rates[-1] == pytest.approx(0, abs=1e-9 * rates.max())


@given(DOSES, DURATIONS, LAGS, st.floats(0, 80))
def test_overlapping_doses_add_up(doses: list[Dose], duration: float, lag: float, time: float) -> None:
    changes = Regimen(tuple(doses)).input_rate(MASS, duration, lag)
    starts = [dose.time + lag for dose in doses]
    if any(abs(time - edge) < 1e-9 for start in starts for edge in (start, start + duration)):
        return  # at an edge both neighbours are right
    going = sum(
        dose.amount for dose, start in zip(doses, starts, strict=True) if start < time < start + duration
    )
    assert rate_at(changes, time) == pytest.approx(dose_to_nmol(going, MASS) / duration, rel=1e-9, abs=1e-6)


def test_two_tablets_at_once_are_one_of_twice_the_strength() -> None:
    two = Regimen((Dose(0.0, 2.0), Dose(0.0, 2.0)))
    assert two.input_rate(MASS, 0.5, 0.1) == Regimen.single(4.0).input_rate(MASS, 0.5, 0.1)


@pytest.mark.parametrize("duration", [0.0, -1.0, math.nan])
def test_an_input_needs_a_duration(duration: float) -> None:
    with pytest.raises(InputError, match="duration"):
        Regimen.single(4.0).input_rate(MASS, duration, 0.1)
