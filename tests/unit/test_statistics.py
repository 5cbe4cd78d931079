"""Statistics of criteria and bounds that follow from rows, on numbers known beforehand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.build import ModelSpec
from jakinib.errors import InputError, SimulationError
from jakinib.evaluate.criteria import Bound
from jakinib.evaluate.statistics import STATISTICS
from jakinib.experiments import Chosen, Experiment, Models
from jakinib.library.measurements import DataSet, Measurement

MODELS = Models()


class Stated(Experiment):
    """A model that says what it is told."""

    quantities = ("stated",)
    said = 0.0

    @property
    def specs(self) -> tuple[ModelSpec, ...]:
        return ()

    def predicted(self, models: Models) -> float:
        return self.said


def row(value: float, **fields: Any) -> Measurement:
    given = {
        "id": "Z1",
        "quantity": "stated",
        "unit": "dimensionless",
        "set": "context",
        "status": "verified",
    }
    return Measurement.model_validate({**given, "value": value, **fields})


def saying(*said: float, published: float = 1.0) -> list[Experiment]:
    out: list[Experiment] = []
    for value in said:
        one = Stated(row(published), DataSet(), Chosen())
        one.said = value
        out.append(one)
    return out


def statistic(name: str, *said: float, low: float | None = None, high: float | None = None) -> float:
    return STATISTICS[name](saying(*said), MODELS, (low, high))


NUMBERS = st.lists(st.floats(0.01, 100), min_size=2, max_size=8)


@given(NUMBERS)
def test_extremes_rise_and_ratio_are_those_of_the_values(said: list[float]) -> None:
    assert statistic("minimum", *said) == min(said)
    assert statistic("maximum", *said) == max(said)
    assert statistic("rise", *said) == np.diff(said).min()
    assert statistic("ratio", *said[:2]) == said[1] / said[0]
    assert statistic("value", said[0]) == said[0]


@given(NUMBERS, st.floats(0.01, 100))
def test_fold_errors_are_at_least_one_and_the_mean_lies_below_the_worst(
    said: list[float], published: float
) -> None:
    found = {
        name: STATISTICS[name](saying(*said, published=published), MODELS, (None, 2.0))
        for name in ("gmfe", "worst_fold")
    }
    logs = np.abs(np.log(np.array(said) / published))
    assert found["gmfe"] == pytest.approx(math.exp(logs.mean()))
    assert found["worst_fold"] == pytest.approx(math.exp(logs.max()))


@given(NUMBERS, st.floats(1, 10), st.floats(0.1, 50))
def test_each_lies_within_bounds_exactly_when_every_value_does(
    said: list[float], low: float, width: float
) -> None:
    high = low + width
    found = statistic("each", *said, low=low, high=high)
    assert found in said
    assert (low <= found <= high) == all(low <= value <= high for value in said)
    assert statistic("each", *said, low=low) == min(said)
    assert statistic("each", *said, high=high) == max(said)


def test_a_rise_to_no_limit_is_one_and_a_rise_from_none_is_not_known() -> None:
    assert statistic("rise", 1.0, 3.0, math.inf) == 2.0
    with pytest.raises(SimulationError, match="the rise is unknown"):
        statistic("rise", 1.0, math.inf, math.inf)


@pytest.mark.parametrize(
    ("bound", "published", "expected"),
    [
        ({"percent": 5}, row(5.9), (5.605, 6.195, "5.9 within 5 %")),
        ({"fold": 2}, row(50, qualifier="<"), (None, 100, "< 100 (2-fold of the bound < 50)")),
        ({"fold": 2}, row(50, qualifier=">"), (25, None, "> 25 (2-fold of the bound > 50)")),
        ({}, row(50, qualifier="<"), (None, 50, "< 50")),
        ({"fold": 2}, row(50), (25, 100, "50 within 2-fold")),
        ({}, row(1.41, low=1.15, high=1.74), (1.15, 1.74, "1.41 (1.15-1.74)")),
        ({}, row(2, low=1, high=2), (1, 2, "1-2")),
    ],
)
def test_a_bound_follows_from_its_row(bound: dict[str, float], published: Measurement, expected: Any) -> None:
    assert Bound.model_validate(bound).around(published) == expected


def test_a_row_without_range_bounds_nothing() -> None:
    with pytest.raises(InputError, match="Z1 gives no range"):
        Bound().around(row(3))
