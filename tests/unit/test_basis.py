"""What a criterion is evidence of: computed from what plans and library did with its rows."""

from __future__ import annotations

import pytest

from jakinib.evaluate import Criterion, Verdict, read_criteria
from jakinib.evaluate.basis import bases, headline, tallies
from jakinib.evaluate.run import PLANS
from jakinib.fit import get_data, read_plan
from jakinib.fit.plan import Plan
from jakinib.library.measurements import DataSet

CRITERIA = {c.id: c for c in read_criteria()}


@pytest.fixture(scope="module")
def data() -> DataSet:
    return get_data()


@pytest.fixture(scope="module")
def plans(data: DataSet) -> list[Plan]:
    return [read_plan(name, data) for name in PLANS]


@pytest.mark.parametrize(
    ("identifier", "basis"),
    [
        ("enzyme_JAK1", "input"),  # E013 is the potency of the library
        ("selectivity_JAK3", "input"),
        ("calibration_gmfe", "calibrated"),
        ("ra_cmax", "calibrated"),
        (
            "renal_cmax_mild",
            "calibrated",
        ),  # A41: the library's uptake exponent was fitted to it, outside the plans
        ("ra_auc", "calibrated"),  # one of its two rows is
        ("ra_population_auc", "context"),
        ("back_by_24h", "predicted"),
        ("renal_auc_mild", "predicted"),
        ("drug_gmfe", "predicted"),  # its rows calibrate, and each was left out where it is predicted
        ("gammac_identified", "calibrated"),
    ],
)
def test_the_least_independent_row_says_what_a_criterion_is_evidence_of(
    identifier: str, basis: str, plans: list[Plan], data: DataSet
) -> None:
    assert bases([CRITERIA[identifier]], plans, data) == {identifier: basis}


def test_a_row_that_moves_into_an_objective_takes_its_criterion_out_of_the_predictions(
    plans: list[Plan], data: DataSet
) -> None:
    criterion = CRITERIA["back_by_24h"]
    [pathways] = [plan for plan in plans if plan.id == "pathways"]
    fitted = pathways.model_copy(update={"calibration": [*pathways.calibration, criterion.rows[-1]]})
    assert bases([criterion], [pathways], data)[criterion.id] == "predicted"
    assert bases([criterion], [fitted], data)[criterion.id] == "calibrated"


def test_rows_that_calibrate_are_predictions_only_where_a_fit_without_them_predicts_them(
    plans: list[Plan], data: DataSet
) -> None:
    left_out = CRITERIA["row_inside"]
    fitted = left_out.model_copy(update={"plan": "", "leave": "", "statistic": "gmfe"})
    assert bases([left_out], plans, data)[left_out.id] == "predicted"
    assert bases([fitted], plans, data)[left_out.id] == "calibrated"


def test_the_headline_counts_predictions_alone() -> None:
    def verdict(hard: bool, value: float) -> Verdict:
        stated = {"id": "a", "hard": hard, "statement": "a", "rows": ["C007"], "high": 1, "unit": "nM"}
        return Verdict(Criterion.model_validate(stated), value, ())

    good, bad, reported = verdict(True, 0.5), verdict(True, 2.0), verdict(False, 0.5)
    found = tallies([("input", good), ("predicted", good), ("predicted", bad), ("predicted", reported)])
    assert [(t.basis, t.criteria, t.passed, t.hard, t.hard_passed) for t in found] == [
        ("predicted", 3, 2, 2, 1),
        ("input", 1, 1, 1, 1),
    ]
    assert headline(found) == (
        "Of 3 criteria on numbers that the model predicts, 2 pass; of 2 that decide, 1."
    )
    assert headline(found[1:]) == "No criterion is on a number that the model predicts."
