"""Profiles and recovery on problems whose answer is known in closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from closed_form import Z90, Decay, Linear, linear
from hypothesis import given, settings
from hypothesis import strategies as st

from jakinib.errors import InputError, SimulationError
from jakinib.fit import profile, recovery
from jakinib.fit.profile import Array, Point, Profile, verdict
from jakinib.fit.side import THRESHOLD

# Profiles ---------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    a=st.floats(0.3, 3), b=st.floats(0.3, 3), tilt=st.floats(-0.9, 0.9), index=st.integers(0, 1),
    y=st.floats(-1, 1),
)  # fmt: skip
def test_the_profile_interval_of_a_linear_problem_is_plus_minus_1_645_standard_errors(
    a: float, b: float, tilt: float, index: int, y: float
) -> None:
    problem = linear([[a, tilt], [tilt, b + 0.8 / a], [0.5, 0.5]], [y, 0.2, -0.4])
    best = profile.minimise(problem, np.zeros(2)).theta
    covariance = np.linalg.inv(problem.matrix.T @ problem.matrix)
    half = Z90 * math.sqrt(covariance[index, index])
    found = profile.profile(problem, best, index)
    assert math.log(found.low) == pytest.approx(best[index] - half, abs=2e-3 * half)
    assert math.log(found.high) == pytest.approx(best[index] + half, abs=2e-3 * half)
    assert verdict(found) == "identifiable"
    assert not found.prior_driven


def test_the_profile_interval_of_a_decay_rate_seen_once_is_the_transformed_interval_of_the_signal() -> None:
    found = profile.profile(Decay(times=np.array([1.5]), targets=(0,)), np.zeros(1), 0)
    signal = math.exp(-1.5)
    assert found.low == pytest.approx(-math.log(signal + 0.1 * Z90) / 1.5, rel=0.01)
    assert found.high == pytest.approx(-math.log(signal - 0.1 * Z90) / 1.5, rel=0.01)
    assert verdict(found) == "identifiable"


def test_a_decay_that_is_over_before_the_first_sample_gives_only_a_lower_limit_of_its_rate() -> None:
    over = Decay(times=np.array([1.0, 2.0, 3.0]), true=30.0)
    found = profile.profile(over, np.array([math.log(30.0)]), 0)
    assert (found.low_closed, found.high_closed) == (True, False)
    assert found.high == pytest.approx(math.exp(over.high[0]))
    assert verdict(found) == "practically non-identifiable"


@pytest.mark.parametrize("index", [0, 1])
def test_only_the_product_of_two_rates_being_seen_neither_is_structurally_identifiable(index: int) -> None:
    problem = linear([[1, 1]], [0.3])
    best = profile.minimise(problem, np.array([0.1, 0.0])).theta
    found = profile.profile(problem, best, index)
    assert verdict(found) == "structurally non-identifiable"
    assert not found.low_closed
    assert not found.high_closed
    assert found.high == pytest.approx(math.exp(10))


def test_a_product_stays_structural_when_the_bound_of_one_factor_closes_the_interval_of_the_other() -> None:
    problem = linear([[10, 10]], [90.0])
    found = profile.profile(problem, np.array([0.0, 9.0]), 0)
    assert found.low_closed
    assert math.log(found.low) == pytest.approx(-1 - Z90 / 10, abs=0.02)
    assert verdict(found) == "structurally non-identifiable"


def test_a_prior_on_one_factor_of_a_product_closes_both_intervals_and_is_named_as_the_reason() -> None:
    problem = linear([[10, 10], [0, 2]], [0.0, 0.0], priors=1)
    unseen, prior_held = (profile.profile(problem, np.zeros(2), index) for index in (0, 1))
    for found in (unseen, prior_held):
        assert found.low_closed
        assert found.high_closed
        assert found.prior_driven
    assert verdict(prior_held) == "structurally non-identifiable"
    assert verdict(unseen) == "practically non-identifiable"


@pytest.mark.parametrize(("data", "driven"), [(3.0, False), (0.5, True)])
def test_an_interval_is_prior_driven_when_the_prior_is_narrower_than_the_data(
    data: float, driven: bool
) -> None:
    problem = linear([[data], [1.0]], [0.0, 0.0], priors=1)
    found = profile.profile(problem, np.zeros(1), 0)
    assert found.prior_driven == driven
    assert verdict(found) == ("practically non-identifiable" if driven else "identifiable")


def test_an_estimate_on_its_bound_is_said_to_be_there_and_its_interval_stops_there() -> None:
    problem = linear([[1, 0], [0, 1]], [-0.5, 2.0], low=0.0)
    best = np.array([0.0, 2.0])
    held, free = (profile.profile(problem, best, index) for index in (0, 1))
    assert verdict(held) == "at bound"
    assert (held.low, held.low_closed) == (1.0, False)
    assert math.log(held.high) == pytest.approx(math.sqrt(THRESHOLD + 0.25) - 0.5, rel=0.02)
    assert verdict(free) == "identifiable"


def test_an_interval_that_a_bound_cuts_off_is_not_identifiable() -> None:
    problem = linear([[1.0]], [0.0], low=-1.0, high=10.0)
    found = profile.profile(problem, np.zeros(1), 0)
    assert verdict(found) == "practically non-identifiable"
    assert (found.low_closed, found.high_closed) == (False, True)
    assert math.log(found.high) == pytest.approx(Z90, rel=1e-3)


def test_a_profile_says_by_how_much_it_found_a_better_optimum() -> None:
    problem = linear([[1, 0.3], [0.3, 1]], [0.0, 0.0])
    away = np.array([0.0, 1.0])
    found = profile.profile(problem, away, 0)
    assert found.improvement > 0.3
    assert profile.profile(problem, np.zeros(2), 0).improvement < 1e-6


def test_an_evaluation_that_fails_on_the_way_is_stepped_around() -> None:
    problem = linear([[1, 0], [0, 1]], [0.0, 0.0])
    plain = problem.residuals

    def fragile(theta: Array) -> Array:
        if theta[1] > 2.9:
            raise SimulationError("too stiff")
        return plain(theta)

    problem.residuals = fragile  # type: ignore[method-assign]
    best = profile.minimise(problem, np.array([0.0, -8.0]))
    assert best.theta == pytest.approx([0, 0], abs=1e-6)
    with pytest.raises(SimulationError, match="too stiff"):
        profile.minimise(problem, np.array([0.0, 3.0]))


def test_profiles_are_the_same_in_one_process_and_in_two_and_are_reported_as_they_end() -> None:
    problem = linear([[1, 0.3], [0.3, 1]], [0.0, 0.0])
    seen: list[str] = []
    alone = profile.profiles(problem, np.zeros(2), done=lambda item: seen.append(item.id))
    assert seen == ["k1", "k2"]
    assert profile.profiles(problem, np.zeros(2), workers=2) == alone


def test_profiles_come_back_from_their_file_with_the_same_verdict(tmp_path: Path) -> None:
    items = [
        profile.profile(linear([[1.0]], [0.0], low=-1), np.zeros(1), 0),
        profile.profile(linear([[1.0], [2.0]], [0.0, 0.0], priors=1), np.zeros(1), 0),
    ]
    path = tmp_path / "profiles.tsv"
    profile.write(path, items)
    back = profile.read(path)
    assert [verdict(item) for item in back] == [verdict(item) for item in items]
    assert [item.prior_driven for item in back] == [False, True]
    assert [item.high for item in back] == pytest.approx([item.high for item in items], rel=1e-3)
    profile.write(path, back)
    assert profile.read(path) == back


def test_a_damaged_profile_file_is_refused_with_its_row(tmp_path: Path) -> None:
    path = tmp_path / "profiles.tsv"
    profile.write(path, [Profile("k", 1, 0.5, 2, True, True, False, False, (Point(1, 0, 0),))])
    path.write_text(path.read_text(encoding="utf-8").replace("1:0:0", "1:0"), encoding="utf-8")
    with pytest.raises(InputError, match=r"profiles\.tsv:2: column points"):
        profile.read(path)


def test_profiles_that_were_finished_are_not_computed_again() -> None:
    problem = linear([[1, 0.3], [0.3, 1]], [0.0, 0.0])
    whole = profile.profiles(problem, np.zeros(2))
    again: list[str] = []
    resumed = profile.profiles(problem, np.zeros(2), done=lambda p: again.append(p.id), earlier=whole[:1])
    assert again == ["k2"]
    assert resumed == whole
    assert profile.unpack(profile.pack(whole[0])) == whole[0]


# Recovery ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Synthetic:
    """Unit noise on data and prior of a linear problem with a known truth."""

    def __call__(self, truth: Array, rng: np.random.Generator) -> Linear:
        matrix = np.array([[2.0, 0.3], [0.3, 1.0], [1.0, -1.0], [0.0, 1.0]])
        return Linear(matrix, matrix @ truth + rng.standard_normal(4), 3, np.full(2, -50.0), np.full(2, 50.0))


def test_the_90_percent_intervals_of_a_linear_problem_cover_nine_times_in_ten() -> None:
    result = recovery.recover(Synthetic(), [0.5, -0.3], 400, seed=4)
    low, high = result.confidence(level=0.999)
    assert np.all((low <= 0.9) & (high >= 0.9))
    assert result.failed == 0


def too_narrow(problem: profile.Objective, theta: Array) -> tuple[Array, Array]:
    low, high = recovery.gauss_newton(problem, theta)
    return theta + 0.5 * (low - theta), theta + 0.5 * (high - theta)


def test_intervals_half_as_wide_as_they_should_be_are_found_out() -> None:
    result = recovery.recover(Synthetic(), [0.5, -0.3], 300, seed=4, interval=too_narrow)
    assert np.all(result.confidence(level=0.999)[1] < 0.9)


def test_recovery_is_the_same_in_one_process_and_in_two() -> None:
    one, two = (recovery.recover(Synthetic(), [0.5, -0.3], 6, seed=4, workers=w) for w in (1, 2))
    assert np.array_equal(one.estimate, two.estimate)


def fails_at(threshold: float) -> Callable[[Array, np.random.Generator], Linear]:
    def factory(truth: Array, rng: np.random.Generator) -> Linear:
        problem = Synthetic()(truth, rng)
        if problem.y[0] > threshold:
            problem.residuals = failing  # type: ignore[method-assign]
        return problem

    return factory


def failing(theta: Array) -> Array:
    raise SimulationError("too stiff")


def test_a_replicate_that_cannot_be_refitted_is_counted_not_hidden() -> None:
    result = recovery.recover(fails_at(1.0), [0.5, -0.3], 40, seed=4)
    assert 0 < result.failed < 40
    assert len(result.covers) == 40 - result.failed
    with pytest.raises(InputError, match="none of 5 replicates"):
        recovery.recover(fails_at(-math.inf), [0.5, -0.3], 5, seed=4)


@given(hits=st.integers(0, 60), level=st.floats(0.5, 0.99))
def test_binomial_limits_leave_half_of_the_remainder_in_each_tail(hits: int, level: float) -> None:
    from scipy.stats import binom

    low, high = recovery.binomial_limits(hits, 60, level)
    assert low <= hits / 60 <= high
    if hits:
        assert binom.sf(hits - 1, 60, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    if hits < 60:
        assert binom.cdf(hits, 60, high) == pytest.approx((1 - level) / 2, rel=1e-6)
