"""Which parameters a prediction hangs on: partial rank correlations over joint draws."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.evaluate import Sensitivity
from jakinib.evaluate.influence import explain, rank_correlations


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@cache
def il6() -> Sensitivity:
    return jk.sensitivity("baricitinib", "IL-6", "pSTAT3", draws=120)


def test_what_acts_only_through_another_parameter_has_no_coefficient(rng: np.random.Generator) -> None:
    cause = rng.standard_normal(2000)
    follower = cause + 0.3 * rng.standard_normal(2000)
    output = cause + 0.5 * rng.standard_normal(2000)
    assert np.corrcoef(follower, output)[0, 1] > 0.8
    direct, indirect = rank_correlations(np.column_stack([cause, follower]), output)
    assert direct > 0.4
    assert abs(indirect) < 0.06


def test_without_correlation_and_noise_the_coefficient_of_one_input_is_its_sign(
    rng: np.random.Generator,
) -> None:
    x = rng.standard_normal(50)
    for sign in (1, -1):
        assert rank_correlations(x[:, None], np.exp(sign * x)) == pytest.approx([sign])


def test_of_normal_variables_the_coefficient_is_that_of_their_rank_correlations(
    rng: np.random.Generator,
) -> None:
    covariance = np.array([[1, 0.4, 0.2], [0.4, 1, -0.6], [0.2, -0.6, 1]])
    x = rng.multivariate_normal(np.zeros(3), covariance, size=20_000)
    ranks = 6 / np.pi * np.arcsin(covariance / 2)  # Spearman's coefficient of normal variables
    precision = np.linalg.inv(ranks)
    expected = -precision[:2, 2] / np.sqrt(np.diag(precision)[:2] * precision[2, 2])
    assert rank_correlations(x[:, :2], x[:, 2]) == pytest.approx(expected, abs=0.02)


def test_of_two_names_for_one_thing_neither_has_a_coefficient_of_its_own(rng: np.random.Generator) -> None:
    x = rng.standard_normal(100)
    twice = rank_correlations(np.column_stack([x, 2 * x]), x + 0.1 * rng.standard_normal(100))
    assert twice.tolist() == [0, 0]


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 5))
def test_only_ranks_count(seed: int, power: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.lognormal(size=(60, 3))
    y = x[:, 0] * rng.lognormal(size=60)
    np.testing.assert_allclose(rank_correlations(x**power, np.log(y)), rank_correlations(x, y), atol=1e-12)


def test_too_few_draws_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(jk.InputError, match="too few for 9 parameters"):
        rank_correlations(rng.standard_normal((20, 9)), rng.standard_normal(20))


def test_the_interval_of_an_idle_parameter_holds_zero_and_that_of_a_strong_one_does_not(
    rng: np.random.Generator,
) -> None:
    x = rng.standard_normal((200, 2))
    found = explain("made up", ["strong", "idle"], x, np.exp(x[:, 0] + 0.2 * rng.standard_normal(200)))
    strong, idle = found.records()
    assert strong["parameter"] == "strong"
    assert strong["low"] > 0.9
    assert idle["low"] < 0 < idle["high"]
    assert found.settled


def test_coefficients_that_still_move_are_called_unsettled(rng: np.random.Generator) -> None:
    x = rng.standard_normal((200, 1))
    early = np.arange(200) < 100
    found = explain("made up", ["x"], x, np.exp(np.where(early, 1, -0.2) * x[:, 0]))
    assert not found.settled


def test_the_ic50_of_il6_rises_with_its_reserve_and_with_atp_and_falls_with_km() -> None:
    found = {row["parameter"]: row for row in il6().records()}
    assert found["kphos_IL6_STAT3"]["low"] > 0.5
    assert found["ATP"]["low"] > 0
    assert found["Km_JAK1"]["high"] < 0


def test_a_parameter_tied_to_one_of_the_pathway_is_among_them() -> None:
    assert "kphos_IL15_STAT5" in jk.sensitivity("baricitinib", "IL-2", "pSTAT5", draws=60).parameters


def test_the_median_over_draws_is_near_the_ic50_at_the_estimates() -> None:
    low, median, high = il6().quantiles()
    at_the_estimates = jk.assay("baricitinib", "IL-6", "pSTAT3").ic50
    assert low < at_the_estimates < high
    assert median == pytest.approx(at_the_estimates, rel=0.25)


def test_the_command_prints_json_and_draws_the_figure(
    jakinib: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    asked = ["--cytokine", "GM-CSF", "--readout", "pSTAT5", "--plot", "figure.png"]
    record = json.loads(jakinib("sensitivity", "--draws", "60", *asked, "--json").stdout)
    assert record["draws"] == 60
    strongest = [abs(row["rank_correlation"]) for row in record["parameters"]]
    assert strongest == sorted(strongest, reverse=True)
    assert (tmp_path / "figure.png").stat().st_size > 5000
