"""The published constraints, and the honesty of how they are decided."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

import jakinib as jk
from jakinib import cache, paths
from jakinib.errors import InputError, SimulationError
from jakinib.evaluate import Criterion, Evaluation, Verdict, evaluate, read_criteria
from jakinib.evaluate import run as evaluation_module
from jakinib.fit import get_data, posterior, read_plan
from jakinib.fit import results as results_module
from jakinib.fit.problem import Problem
from jakinib.report import sources

PLANS = sorted(path.stem for path in (paths.fits() / "plans").glob("*.yaml"))


@functools.cache
def outcome() -> Evaluation:
    return evaluate(draws=0)  # the intervals decide nothing


@pytest.mark.parametrize("criterion", read_criteria(), ids=lambda c: c.id)
def test_criterion_has_the_verdict_it_is_known_to_have(criterion: Criterion) -> None:
    [verdict] = [v for v in outcome().verdicts if v.criterion.id == criterion.id]
    news = f"{criterion.statement}: {verdict.value} {verdict.error}; known to {criterion.expected}"
    assert verdict.verdict == criterion.expected.upper(), news


@pytest.mark.parametrize("criterion", read_criteria(), ids=lambda c: c.id)
def test_every_criterion_can_fail_and_has_a_source(criterion: object) -> None:
    below = -np.inf if criterion.low is None else criterion.low - 1e-6  # type: ignore[attr-defined]
    above = np.inf if criterion.high is None else criterion.high + 1e-6  # type: ignore[attr-defined]
    verdicts = [Verdict(criterion, value, ()) for value in (below, above)]  # type: ignore[arg-type]
    assert not all(v.passed for v in verdicts)
    assert not Verdict(criterion, None, (), "failed").passed  # type: ignore[arg-type]
    assert all(get_data()[row] for row in criterion.rows)  # type: ignore[attr-defined]


def test_items_one_to_nine_are_covered() -> None:
    assert {c.item for c in read_criteria() if c.hard} == set(range(1, 10))


def test_recalled_rows_never_decide() -> None:
    data = get_data()
    predictions = {p.row: p for p in outcome().evidence.cell_ic50s}
    recalled = {row.id for row in data.measurements.values() if row.status == "recalled"}
    assert {row for row, p in predictions.items() if p.role == "recalled"} == recalled & set(predictions)
    assert recalled & set(predictions)
    for criterion in read_criteria():
        if criterion.hard:
            assert not recalled & {*criterion.rows, *criterion.of}, criterion.id


def test_validation_rows_are_in_no_objective() -> None:
    data = get_data()
    fitted = {row for name in PLANS for row in read_plan(name, data).calibration}
    held_out = {row for name in PLANS for row in read_plan(name, data).validation}
    assert not fitted & held_out
    assert not [row for row in fitted if data[row].set == "validation"]
    for name in PLANS:
        plan = read_plan(name, data)
        assert [target.row.id for target in Problem(plan, data).targets] == plan.calibration


def test_moving_a_validation_number_leaves_the_objective_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    data = get_data()
    plan = read_plan("pathways", data)
    problem = Problem(plan, data)
    before = problem.residuals(problem.start)
    for row in plan.validation:
        changed = data[row].model_copy(update={"value": data[row].value * 3})
        monkeypatch.setitem(data.measurements, row, changed)
    moved = Problem(plan, data)
    assert np.array_equal(moved.residuals(moved.start), before)


def test_a_quantity_that_cannot_be_simulated_fails_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object, *_: object) -> float:
        raise SimulationError("the integrator stopped", 0.3)

    monkeypatch.setattr(evaluation_module.Evidence, "value", broken)
    evaluation = evaluate(draws=0)
    assert not evaluation.passed
    assert {v.verdict for v in evaluation.verdicts} == {"FAIL"}
    assert "the integrator stopped" in evaluation.verdicts[0].error


def test_stale_results_are_refused_with_what_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")  # it remembers that these files are not stale
    original = results_module.fingerprint
    monkeypatch.setattr(results_module, "fingerprint", lambda *a: {**original(*a), "library": "other"})
    with pytest.raises(InputError, match=r"stale: library changed; run: jakinib fit"):
        evaluate()


def test_records_are_plain_json() -> None:
    records = json.loads(json.dumps(outcome().records(), allow_nan=False))
    assert [r["id"] for r in records] == [c.id for c in read_criteria()]
    assert all(r["sources"] for r in records)


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANS)
def test_a_fit_reruns_from_its_plan_to_the_committed_optimum(name: str, tmp_path: object) -> None:
    plan = read_plan(name, get_data())
    committed = results_module.read(plan)
    again = jk.fit(name, starts=1, folder=tmp_path)  # type: ignore[arg-type]
    assert again.provenance["objective"] == pytest.approx(committed.provenance["objective"], rel=0.01)
    for old, new in zip(committed.estimates, again.estimates, strict=True):
        if old.verdict == "structurally non-identifiable":
            continue  # the objective, compared above, does not depend on it
        # What the data leave open may end elsewhere in its interval; what they fix is found again.
        open_ = math.log(old.high / old.low)
        assert abs(math.log(new.value / old.value)) < 0.01 + 0.02 * open_, old.id


def test_the_stored_evaluation_that_documents_quote_is_what_an_evaluation_finds() -> None:
    stored, found = sources.stored(), sources.record(outcome())
    same = {"verdict": ("verdicts", "id", "value"), "prediction": ("predictions", "row", "predicted")}
    for noun, (group, key, value) in same.items():
        assert [entry[key] for entry in stored[group]] == [entry[key] for entry in found[group]], noun
        for then, now in zip(stored[group], found[group], strict=True):
            assert then[value] == pytest.approx(now[value], rel=2e-3), f"{noun} {now[key]}: run make book"
    assert stored["tallies"] == found["tallies"]


def test_estimates_lie_inside_their_intervals_and_bounds() -> None:
    data = get_data()
    for name in PLANS:
        plan = read_plan(name, data)
        free_by_id = {symbol: p for p in plan.parameters for symbol in (p.id, *p.also)}
        for estimate in results_module.read(plan).estimates:
            free = free_by_id[estimate.id]
            assert free.low <= estimate.low <= estimate.value <= estimate.high <= free.high, estimate.id


def test_halving_the_tolerance_moves_no_prediction() -> None:
    plan = read_plan("pathways", get_data())
    problem, finer = Problem(plan, get_data()), Problem(plan, get_data())
    finer.context.rtol /= 2
    one, other = problem.residuals(problem.start), finer.residuals(finer.start)
    assert not np.array_equal(one, other)  # they were integrated apart
    assert other == pytest.approx(one, abs=1e-4)


def test_a_criterion_known_to_fail_says_why() -> None:
    stated = {"id": "a", "hard": True, "statement": "a", "rows": ["C007"], "high": 1, "unit": "nM"}
    assert Criterion.model_validate({**stated, "expected": "fail", "explanation": "b"}).expected == "fail"
    with pytest.raises(ValidationError, match="does not say why"):
        Criterion.model_validate({**stated, "expected": "fail"})


def test_a_verdict_that_changed_either_way_is_news() -> None:
    verdicts = outcome().verdicts
    assert outcome().surprises == []
    passing = next(v for v in verdicts if v.passed)
    failing = next(v for v in verdicts if not v.passed)
    now = [replace(passing, value=None), replace(failing, value=failing.criterion.high)]
    assert replace(outcome(), verdicts=now).surprises == now


@pytest.mark.parametrize("name", PLANS)
def test_every_fitted_parameter_has_a_profile_and_a_verdict(name: str) -> None:
    fit = results_module.read(read_plan(name, get_data()))
    judged = results_module.judged(fit)
    assert {row.method for row in judged} == {"profile"}
    assert all(row.verdict and row.low <= row.estimate.value <= row.high for row in judged)


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_has_draws_of_this_very_fit(name: str) -> None:
    fit = results_module.read(read_plan(name, get_data()))
    stored = posterior.load(fit.plan, results_module.state(fit))
    diagnosed = {True: "posterior", False: "Laplace"}[stored.diagnostics["rhat"] < 1.05]
    assert stored.method == diagnosed
    assert len(stored.theta) >= 100
