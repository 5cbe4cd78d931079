"""Synthetic data: the fit finds the parameters they were made from, and its intervals say how well."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from jakinib.errors import PlanError
from jakinib.experiments import CellIC50
from jakinib.fit import get_data, read_plan
from jakinib.fit.plan import Plan
from jakinib.fit.problem import Problem, build_experiments
from jakinib.fit.profile import Array, minimise
from jakinib.fit.recovery import SyntheticPlan, estimated, main, noiseless, recover, with_values


@cache
def clinical() -> tuple[Plan, Array]:
    plan = read_plan("clinical_pk", get_data())
    return plan, estimated(plan)


def some_of_pathways() -> Plan:
    """One row of each kind of cell measurement."""
    plan, dynamics = (read_plan(name, get_data()) for name in ("pathways", "dynamics"))
    own = {p.id: p for p in (*dynamics.parameters, *plan.parameters)}
    update = {"calibration": ["C007", "T002", "B061"], "parameters": list(own.values())}
    plan = plan.model_copy(update=update | {"errors": dynamics.errors | plan.errors})
    context, experiments = build_experiments(plan, get_data())
    touched = set[str]().union(*(one.symbols(context) for one in experiments))
    parameters = [p for p in plan.parameters if p.id in touched]
    return plan.model_copy(update={"parameters": parameters})


def test_refitting_data_without_noise_from_elsewhere_returns_the_parameters_they_were_made_from() -> None:
    plan, truth = clinical()
    values = noiseless(plan, get_data(), truth)
    centred = [
        p.model_copy(update={"prior": p.prior and p.prior.model_copy(update={"median": math.exp(centre)})})
        for p, centre in zip(plan.parameters, truth, strict=True)
    ]
    problem = Problem(plan.model_copy(update={"parameters": centred}), with_values(get_data(), values))
    assert np.abs(problem.residuals(truth)).max() < 1e-6
    away = truth + 0.2 * np.random.default_rng(1).standard_normal(len(truth))
    assert minimise(problem, away).theta == pytest.approx(truth, abs=1e-3)


def test_data_without_noise_are_what_the_simulated_assay_reads() -> None:
    plan = some_of_pathways()
    truth = np.log([parameter.start for parameter in plan.parameters])
    values = noiseless(plan, get_data(), truth)
    problem = Problem(plan, with_values(get_data(), values))
    context = problem.use(truth)
    assert [target.residual(context) for target in problem.targets] == pytest.approx([0, 0, 0], abs=1e-6)
    (potency,) = [target for target in problem.targets if isinstance(target, CellIC50)]
    assert values["C007"] == pytest.approx(potency.predicted(context), rel=1e-6)


def test_synthetic_rows_scatter_with_the_factor_of_the_plan_and_priors_with_their_own() -> None:
    plan, truth = clinical()
    factory, rng = SyntheticPlan(plan, get_data()), np.random.default_rng(3)
    exact = noiseless(plan, get_data(), truth)
    scatter, prior = [], []
    for _ in range(60):
        problem = factory(truth, rng)
        scatter += [math.log(t.row.value / exact[t.row.id]) / t.sigma for t in problem.targets]
        prior += [(math.log(p.median) - truth[index]) / math.log(p.factor) for index, p in problem.priors]
    for sample in (scatter, prior):
        assert np.mean(sample) == pytest.approx(0, abs=4 / math.sqrt(len(sample)))
        assert np.std(sample) == pytest.approx(1, abs=4 / math.sqrt(2 * len(sample)))


def test_the_measurements_themselves_are_left_as_published() -> None:
    plan, truth = clinical()
    before = {row: get_data()[row].value for row in plan.calibration}
    SyntheticPlan(plan, get_data())(truth, np.random.default_rng(0))
    assert {row: get_data()[row].value for row in plan.calibration} == before


@pytest.mark.slow
def test_the_90_percent_intervals_of_the_clinical_plan_cover_the_truth_in_most_of_ten_replicates() -> None:
    plan, truth = clinical()
    result = recover(SyntheticPlan(plan, get_data()), truth, 10, seed=plan.seed)
    assert result.failed == 0
    # Correlation leaves the 140 intervals worth 130 independent ones (linear theory): at a true coverage of
    # 90 % fewer than 75 % of 130 cover with a probability below 1e-6.
    assert result.covers.mean() >= 0.75
    # Intervals that always cover would be too wide: 0.9 ** 130 is 1e-6.
    assert result.covers.mean() < 1


def test_a_row_that_no_value_can_satisfy_is_named() -> None:
    plan, truth = clinical()
    absurd = truth.copy()
    absurd[plan_index(plan, "CLr_baricitinib@ra_adult")] = math.log(1e14)
    with pytest.raises(PlanError, match="no value agrees"):
        noiseless(plan, get_data(), absurd)


def plan_index(plan: Plan, identifier: str) -> int:
    return [parameter.id for parameter in plan.parameters].index(identifier)


@pytest.mark.slow
def test_the_offline_command_prints_one_line_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clinical_pk", "--replicates", "2", "--seed", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [
        "parameter",
        *(p.id for p in clinical()[0].parameters),
        "all",
    ]
