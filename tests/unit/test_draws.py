"""Draws of the whole model: plans joined, structures mixed in shares by what they predict of held rows."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.errors import InputError
from jakinib.evaluate import draws
from jakinib.evaluate.draws import apportioned, joint, probabilities
from jakinib.fit import posterior, results
from jakinib.fit.crossvalidation import CrossValidation
from jakinib.fit.folds import Fold, Predicted
from jakinib.fit.plan import Plan
from jakinib.fit.posterior import Stored
from jakinib.fit.results import Fit

SHARES = st.lists(st.floats(0, 50), min_size=1, max_size=6).filter(lambda s: sum(s) > 1e-6)


@given(SHARES, st.integers(0, 200))
def test_apportioned_draws_add_up_and_none_is_further_from_its_share_than_one(
    weights: list[float], count: int
) -> None:
    shares = np.array(weights) / sum(weights)
    found = apportioned(shares, count)
    assert sum(found) == count
    assert (np.abs(np.array(found) - shares * count) < 1 + 1e-9).all()


@given(SHARES.filter(lambda s: len(s) <= 3), st.integers(0, 12))
def test_no_other_whole_numbers_are_nearer_to_the_shares(weights: list[float], count: int) -> None:
    shares = np.array(weights) / sum(weights)

    def distance(numbers: Sequence[int]) -> float:
        return float(((np.array(numbers) - shares * count) ** 2).sum())

    every = (n for n in itertools.product(range(count + 1), repeat=len(shares)) if sum(n) == count)
    assert distance(apportioned(shares, count)) == pytest.approx(min(map(distance, every)), abs=1e-9)


def fit(name: str) -> Fit:
    return Fit(Plan.model_construct(id=name), [], {})


def predicting(densities: Mapping[str, float]) -> Callable[[Plan, str], CrossValidation]:
    """Stored cross-validations by row with these log densities, 0 where none is given."""

    def stored(plan: Plan, leave: str) -> CrossValidation:
        assert leave == "row"
        fold = Predicted(Fold("all", ()), {}, densities.get(plan.id, 0.0), ())
        return CrossValidation(plan.id, "row", (fold,))

    return stored


@given(st.floats(-500, 500), st.floats(-20, 20))
def test_two_structures_have_the_odds_of_what_they_predict(density: float, more: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draws, "stored", predicting({"one": density, "other": density + more}))
        first, second = probabilities([fit("one"), fit("other")])
    assert first + second == pytest.approx(1)
    assert math.log(second / first) == pytest.approx(more, abs=1e-9)


def ensemble(
    name: str, symbols: Sequence[str], values: Sequence[Sequence[float]], **more: float | str
) -> Stored:
    """Draws of a plan in model units; ``given`` holds what the plan does not estimate."""
    columns = {symbol: (column, 1.0) for column, symbol in enumerate(symbols)}
    held = {key: float(value) for key, value in more.items() if key != "method"}
    method = "Laplace" if more.get("method") == "Laplace" else "posterior"
    return Stored(Plan.model_construct(id=name), np.log(values), method, {}, columns, held)


@pytest.fixture
def ensembles(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stored]:
    """What is stored, by plan; a plan that is not here has no ensemble."""
    kept: dict[str, Stored] = {}

    def load(plan: Plan, state: Mapping[str, str]) -> Stored:
        if plan.id not in kept:
            raise InputError(f"plan {plan.id} has no stored ensemble; run: jakinib ensemble {plan.id}")
        return kept[plan.id]

    monkeypatch.setattr(posterior, "load", load)
    monkeypatch.setattr(results, "state", lambda fit: {})
    monkeypatch.setattr(draws, "stored", predicting({"better": math.log(3)}))
    return kept


def test_draws_come_from_both_structures_in_the_shares_of_what_they_predict(
    ensembles: dict[str, Stored],
) -> None:
    ensembles["better"] = ensemble("better", ["k"], [[1.0 + n] for n in range(100)])
    ensembles["two"] = ensemble("two", ["k", "ATP"], [[1.0 + n, 2.0] for n in range(100)], steps=2.0)
    found = joint([[fit("better"), fit("two")]], 40)
    assert found.shares == pytest.approx({"better": 0.75, "two": 0.25})
    assert Counter("steps" in draw for draw in found.settings) == {False: 30, True: 10}
    for held in (True, False):
        drawn = [draw["k"] for draw in found.settings if ("steps" in draw) is held]
        assert len(set(drawn)) == len(drawn)  # no draw twice while there are enough
    assert all(draw["steps"] == 2 and draw["ATP"] == 2 for draw in found.settings if "ATP" in draw)


def test_structures_are_spread_over_the_draws_that_other_plans_join(ensembles: dict[str, Stored]) -> None:
    ensembles["three"] = ensemble("three", ["k"], [[1.0]])
    ensembles["two"] = ensemble("two", ["k"], [[2.0]])
    drawn = [draw["k"] for draw in joint([[fit("three"), fit("two")]], 40).settings]
    assert sorted(drawn) == [1.0] * 20 + [2.0] * 20
    assert drawn != sorted(drawn)


def test_the_later_plan_decides_on_a_symbol_that_two_hold(ensembles: dict[str, Stored]) -> None:
    ensembles["first"] = ensemble("first", ["shared", "own"], [[1.0, 5.0]], method="Laplace")
    ensembles["second"] = ensemble("second", ["shared"], [[2.0]])
    found = joint([[fit("first")], [fit("second")]], 3)
    assert [dict(draw) for draw in found.settings] == [pytest.approx({"shared": 2.0, "own": 5.0})] * 3
    assert found.methods == {"first": "Laplace", "second": "posterior"}
    assert found.shares == {}  # no plan has an alternative


def test_a_structure_without_draws_leaves_its_plan_without_and_says_what_to_run(
    ensembles: dict[str, Stored],
) -> None:
    ensembles["three"] = ensemble("three", ["k"], [[1.0]])
    found = joint([[fit("three"), fit("two")]], 4)
    assert found.settings == ()
    assert found.missing == {"three": "plan two has no stored ensemble; run: jakinib ensemble two"}
