"""Offsets of laboratories, and spreads estimated by evidence: against the closed form of a linear problem."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from jakinib.errors import InputError
from jakinib.fit import get_data, read_plan
from jakinib.fit.objective import minimise
from jakinib.fit.plan import Prior
from jakinib.fit.problem import Problem
from jakinib.fit.spreads import log_evidence, settle

# Dissociation constants: ln(Ki / published) is linear in ln Ki, so the evidence has a closed form.
ROWS = ("E070", "E075", "E079", "E083", "E087", "E092", "E096", "E102")
WIDE = 2.0  # one standard deviation of ln Ki before any row


def kd_problem(folder: Path, **changes: Any) -> Problem:
    """Kd of two inhibitors on four kinases, by one laboratory with a factor of its own on each kinase."""
    data = get_data()
    kis = dict.fromkeys(f"Ki_{data[row].inhibitor}_{data[row].target.partition('-')[0]}" for row in ROWS)
    plan = {
        "id": "mine", "question": "?", "calibration": list(ROWS), "errors": {"kd": 1.5},
        "seed": 1, "starts": 1,
        "offsets": {"assay": {"of": ["kd"], "by": ["laboratory"]}},
        "spreads": {"kd": {"median": 0.4, "factor": 1.5}, "assay": {"median": 0.4, "factor": 1.5}},
        "parameters": [
            {"id": name, "unit": "nM", "low": 1e-6, "high": 1e6, "start": 1, "scope": "nuisance",
             "prior": {"median": 1, "factor": math.exp(WIDE)}} for name in kis
        ], **changes,
    }  # fmt: skip
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    return Problem(read_plan(path, data), data)


def exactly(problem: Problem, repeat: float, laboratory: float) -> float:
    """ln density of the rows, constants and factor integrated out, and of the spreads themselves."""
    data = [math.log(target.published) for target in problem.targets]
    shape = np.eye(len(data)) * (WIDE**2 + repeat**2) + laboratory**2
    hyper = sum(-0.5 * (math.log(value / 0.4) / math.log(1.5)) ** 2 for value in (repeat, laboratory))
    return float(multivariate_normal(np.zeros(len(data)), shape).logpdf(data)) + hyper


def test_the_evidence_of_a_linear_problem_is_the_integral(tmp_path: Path) -> None:
    problem = kd_problem(tmp_path)
    theta = minimise(problem, problem.start).theta
    pairs = [(0.4, 0.4), (0.2, 0.4), (0.4, 1.0), (0.8, 0.1)]
    ours = [log_evidence(problem, theta, {"kd": s, "assay": t}) for s, t in pairs]
    theirs = [exactly(problem, s, t) for s, t in pairs]
    assert np.diff(ours) == pytest.approx(np.diff(theirs), abs=0.02)  # the weak pull of the bounds remains


def test_the_spreads_that_are_kept_have_the_largest_evidence(tmp_path: Path) -> None:
    problem = kd_problem(tmp_path)
    settle(problem, problem.start)
    best = exactly(problem, problem.spreads["kd"], problem.spreads["assay"])
    for name in problem.spreads:
        for factor in (0.8, 1.25):
            moved = problem.spreads | {name: problem.spreads[name] * factor}
            assert exactly(problem, moved["kd"], moved["assay"]) < best + 1e-6


def test_the_written_slopes_of_offsets_and_priors_are_those_of_the_residuals(tmp_path: Path) -> None:
    problem = kd_problem(tmp_path)
    theta = problem.start + np.linspace(-0.3, 0.4, len(problem.names))
    jac, here = problem.jacobian(theta), problem.residuals(theta)
    for i in range(len(theta)):
        moved = theta.copy()
        moved[i] += 1e-6
        assert (problem.residuals(moved) - here) / 1e-6 == pytest.approx(jac[:, i], abs=1e-4)


def test_rows_of_one_laboratory_share_a_factor_and_others_do_not() -> None:
    data = get_data()
    plan = read_plan("pathways", data)
    offsets = {row: plan.offsets_of(data[row], data) for row in plan.calibration}
    assert offsets["C016"] == offsets["C030"] != offsets["C018"]  # one laboratory; another read-out
    assert offsets["C018"] != offsets["K112"]  # one pathway, two laboratories
    free = {parameter.id for parameter in plan.parameters}
    assert {name for names in offsets.values() for name in names} <= free


@given(share=st.floats(0.03, 0.97), median=st.floats(0.1, 0.9), deviate=st.floats(-2, 2))
def test_a_prior_on_odds_is_normal_in_the_logit(share: float, median: float, deviate: float) -> None:
    prior = Prior(median=median, factor=math.e, odds=True)
    logit = math.log(share / (1 - share)) - math.log(median / (1 - median))
    assert prior.residual(math.log(share), {}) == pytest.approx(logit, abs=1e-9)
    step = 1e-7
    slope = (prior.residual(math.log(share) + step, {}) - prior.residual(math.log(share), {})) / step
    assert prior.slope(math.log(share), {}) == pytest.approx(slope, rel=1e-4)
    moved = prior.around(math.log(share), deviate, {})
    assert prior.model_copy(update={"median": moved.median}).residual(math.log(share), {}) == pytest.approx(
        -deviate
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spreads": {"kd": {"median": 0.4, "factor": 1.5}}}, "'assay' has no spread"),
        (
            {"spreads": {n: {"median": 0.4, "factor": 1.5} for n in ("kd", "assay", "ec50")}},
            "spread of nothing",
        ),
        ({"offsets": {"assay": {"of": ["kd"], "by": ["place"]}}}, "field of a row"),
        ({"given": {"steps": {"value": 2, "unit": "nM"}}}, "steps"),
    ],
)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        kd_problem(tmp_path, **changes)


def test_a_plan_like_another_differs_in_what_it_gives() -> None:
    data = get_data()
    base, other = read_plan("pathways", data), read_plan("pathways_three_steps", data)
    assert other.calibration == base.calibration
    assert {p.id for p in base.parameters} - {p.id for p in other.parameters} == {"ATP"} <= set(other.given)
    assert other.given["catalytic_steps"].value == 3
