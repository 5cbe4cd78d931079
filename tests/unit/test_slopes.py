"""The Jacobian of a plan: derivatives of runs in lanes, and of separate runs where lanes cannot make them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

from jakinib.build import ModelSpec
from jakinib.errors import SimulationError
from jakinib.experiments import Experiment, Models, registered
from jakinib.fit import get_data, read_plan
from jakinib.fit.objective import minimise
from jakinib.fit.problem import Problem
from jakinib.lanes import Lanes, available, native
from jakinib.library.measurements import DataSet
from jakinib.simulate import Model, Protocol

Array = NDArray[np.float64]
FEW = {"dynamics": None, "pathways": {"C008", "C016"}, "clinical_pk": None}  # None: all rows


@functools.cache
def problem(plan: str) -> Problem:
    return fresh(plan)


def fresh(plan: str) -> Problem:
    data = get_data()
    read = read_plan(plan, data)
    kept = FEW[plan]
    return Problem(read, data, () if kept is None else set(read.calibration) - kept)


def differences(of: Problem, theta: Array, step: float = 2e-4) -> Array:
    """Central differences of residuals, so large that the noise of separate runs does not matter.

    NaN for a residual at a kink, where slopes to both sides differ: another point of its course gets highest.
    """
    here, out, kinks = of.residuals(theta), [], np.zeros(of.size, dtype=bool)
    for i in range(len(theta)):
        moved = [theta + step * sign * (np.arange(len(theta)) == i) for sign in (1, -1)]
        up, down = ((of.residuals(one) - here) / step for one in moved)
        out.append((up - down) / 2)
        kinks |= np.abs(up + down) > 2e-3 * np.abs(up - down) + 2e-3
    return np.where(kinks[:, None], np.nan, np.array(out).T)


def close(found: Array, expected: Array, tolerance: float) -> None:
    """Within a share of the largest slope of each residual, of nearly all."""
    smooth = np.isfinite(expected).all(axis=1)
    size = np.abs(expected).max(axis=1, keepdims=True) + 1e-3
    assert smooth.mean() > 0.8
    assert (np.abs(found - expected) / size)[smooth].max() < tolerance


@pytest.mark.parametrize("plan", FEW)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_jacobian_of_a_plan_is_that_of_its_residuals(plan: str, seed: int) -> None:
    one = problem(plan)
    theta = one.start + np.random.default_rng(seed).uniform(-0.3, 0.3, len(one.start))
    theta = np.clip(theta, one.low + 1e-3, one.high - 1e-3)
    close(one.jacobian(theta), differences(one, theta), 5e-5)


@pytest.mark.skipif(not available(), reason="the lane engine was not built")
@pytest.mark.parametrize("plan", ["dynamics", "pathways"])
def test_it_takes_no_run_beyond_those_of_the_residuals(plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(model: Model, protocol: Protocol, observables: list[str]) -> Array:
        raise SimulationError("a separate run", 0.0, {})

    one = problem(plan)
    theta = one.start + 0.01
    one.residuals(theta)
    monkeypatch.setattr(Model, "run", refuse)
    assert np.isfinite(one.jacobian(theta)).all()


@pytest.mark.parametrize("plan", ["dynamics", "pathways"])
def test_residuals_of_runs_in_lanes_are_those_of_separate_runs(plan: str) -> None:
    one, other = problem(plan), fresh(plan)
    other.context.in_lanes = False
    theta = one.start - 0.02
    assert one.residuals(theta) == pytest.approx(other.residuals(theta), abs=2e-6)


def test_linear_algebra_of_a_fit_has_one_thread() -> None:
    numbers = []

    class Seen:
        names, targets = ["a"], [None]
        low, high = np.array([-1.0]), np.array([1.0])

        def residuals(self, theta: Array) -> Array:
            found = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
            numbers.append(max(found, default=1))
            return theta - 0.5

        def jacobian(self, theta: Array) -> Array:
            return np.ones((1, 1))

    assert minimise(Seen(), np.zeros(1)).theta == pytest.approx([0.5])
    assert set(numbers[1:]) == {1}


@pytest.fixture
def no_lanes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lanes are off in this test."""
    monkeypatch.setenv(native.SWITCH, "off")
    monkeypatch.setattr(Lanes, "of", lambda model, rtol: Lanes(model.sbml, rtol, reference=model))
    for cached in (native.library, native.available):
        cached.cache_clear()
    yield
    for cached in (native.library, native.available):
        cached.cache_clear()


def test_without_lanes_it_is_the_same_from_separate_runs(request: pytest.FixtureRequest) -> None:
    one = problem("pathways")
    theta = one.start + 0.05
    before = one.jacobian(theta)
    request.getfixturevalue("no_lanes")
    close(one.jacobian(theta), before, 1e-4)


class Late(Experiment):
    """Phosphorylated STAT1 when a nuclear one has lost its phosphate in the mean: a time that is fitted."""

    quantities = ("late",)
    specs = (ModelSpec("cytokine_signalling", ("IL-6",)),)  # type: ignore[assignment]
    rate = "kdeph_pSTAT1_nuc"

    def predicted(self, models: Models) -> float:
        model = models.model(self.specs[0])
        protocol = Protocol([1 / model.initial(self.rate)], {"L_IL6": 1.0})
        return float(model.run(protocol, ["pSTAT1_percent"])[0, 0])


def test_a_run_that_moves_with_a_parameter_is_made_for_itself(tmp_path: Path) -> None:
    (tmp_path / "Mine2026").mkdir()
    (tmp_path / "Mine2026" / "source.yaml").write_text("citation: Somebody 2026\n", encoding="utf-8")
    table = "id\tquantity\tvalue\tunit\tset\tstatus\nZ1\tlate\t5\tdimensionless\tcalibration\tverified\n"
    (tmp_path / "Mine2026" / "measurements.tsv").write_text(table, encoding="utf-8")
    rates = {"kdeph_pSTAT1_nuc": "1/min", "kphos_IL6_STAT1": "1/(nM*min)"}
    plan = {
        "id": "mine", "question": "?", "calibration": ["Z1"], "errors": {"late": 2}, "seed": 1, "starts": 1,
        "parameters": [
            {"id": name, "unit": unit, "low": 0.01, "high": 100, "start": 0.1} for name, unit in rates.items()
        ],
    }  # fmt: skip
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(plan), encoding="utf-8")
    with registered(Late):
        data = DataSet(tmp_path)
        one = Problem(read_plan(path, data), data)
        found = one.jacobian(one.start)
        assert (np.abs(found) > 1e-3).all()
        close(found, differences(one, one.start), 1e-4)
