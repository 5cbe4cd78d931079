"""What one plan leaves to the next about several parameters is their joint distribution."""

from pathlib import Path

import numpy as np
import pytest

from jakinib.build.estimates import estimates, estimates_path
from jakinib.errors import PlanError
from jakinib.fit.inherited import FILE, Inherited, covariance_text, read_covariance, write_covariance
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Problem
from jakinib.library.measurements import get_data
from jakinib.units import factor

COVARIANCE = np.array([[1.0, 0.6], [0.6, 0.5]])


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Problem(read_plan("pathways", get_data()), get_data())


@pytest.fixture(params=["enzyme", "dynamics"])
def left(problem: Problem, request: pytest.FixtureRequest) -> Inherited:
    """What an earlier plan left to this one: a joint distribution for each."""
    [found] = [one for one in problem.inherited if one.plan == request.param]
    return found


def test_a_covariance_survives_its_file(tmp_path: Path) -> None:
    write_covariance(tmp_path, ["a", "b"], COVARIANCE)
    table = read_covariance(tmp_path / "covariance.tsv")
    assert [table["a", "a"], table["a", "b"], table["b", "b"]] == [1.0, 0.6, 0.5]


def test_a_table_that_is_not_square_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "covariance.tsv"
    file.write_text(covariance_text(["a", "b"], COVARIANCE).rsplit("\n", 2)[0], encoding="utf-8")
    with pytest.raises(PlanError, match="not a square table"):
        read_covariance(file)


def test_the_inherited_residuals_are_zero_at_what_the_earlier_plan_found(
    problem: Problem, left: Inherited
) -> None:
    found = estimates(left.plan)
    theta = problem.start.copy()
    for index in left.indices:
        parameter = problem.plan.parameters[index]
        value = found[parameter.id]
        theta[index] = np.log(value.value * factor(value.unit, parameter.unit))
    np.testing.assert_allclose(left.residuals(theta), 0, atol=1e-9)


def stored(problem: Problem, left: Inherited) -> np.ndarray:
    """The covariance of the inherited parameters as the earlier plan wrote it."""
    table = read_covariance(estimates_path(left.plan).parent / FILE)
    names = [problem.plan.parameters[index].id for index in left.indices]
    return np.array([[table[a, b] for b in names] for a in names])


def test_the_inherited_residuals_have_the_stored_covariance(problem: Problem, left: Inherited) -> None:
    expected = stored(problem, left)
    np.testing.assert_allclose(np.linalg.inv(left.root.T @ left.root), expected, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(left.spread(), np.sqrt(np.diag(expected)), rtol=1e-6)


def test_what_is_left_scatters_around_another_truth_with_its_covariance(
    problem: Problem, left: Inherited
) -> None:
    rng, truth = np.random.default_rng(2), problem.start + 0.3
    size, draws, expected = len(left.indices), 4000, stored(problem, left)
    means = np.array([left.around(truth, rng.standard_normal(size)).mean for _ in range(draws)])
    spread = np.sqrt(np.diag(expected))
    away = (means.mean(axis=0) - truth[left.indices]) / spread
    np.testing.assert_allclose(away, 0, atol=5 / np.sqrt(draws))
    np.testing.assert_allclose((np.cov(means.T) - expected) / np.outer(spread, spread), 0, atol=0.1)


def test_the_jacobian_of_inherited_residuals_is_their_slope(problem: Problem, left: Inherited) -> None:
    theta = problem.start
    moved = theta.copy()
    moved[left.indices] += 0.1
    change = left.residuals(moved) - left.residuals(theta)
    first = problem.size - sum(len(one.indices) for one in problem.inherited)
    for one in problem.inherited[: [one.plan for one in problem.inherited].index(left.plan)]:
        first += len(one.indices)
    rows = problem.jacobian(theta)[first : first + len(left.indices)]
    np.testing.assert_allclose(rows @ (moved - theta), change, rtol=1e-6)
    assert len(problem.residuals(theta)) == problem.size
