"""Intervals of predictions: joined draws, coverage, and honesty where there are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.assay import Curve
from jakinib.evaluate.agreement import agreements, predictive
from jakinib.evaluate.bands import Bands
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.evidence import Prediction
from jakinib.experiments import Models
from jakinib.simulate import load


@given(st.floats(1.01, 5), st.floats(1.01, 5), st.floats(1.01, 3))
def test_a_predictive_interval_holds_that_of_the_prediction_and_the_assay_error(
    down: float, up: float, error: float
) -> None:
    low, high = predictive(100 / down, 100 * up, 100, error)
    assert low <= min(100 / down, 100 / error**1.64)
    assert high >= max(100 * up, 100 * error**1.64)
    assert low == pytest.approx(100 / math.exp(math.hypot(math.log(down), 1.645 * math.log(error))), rel=1e-3)


def test_coverage_and_folds_are_counted_for_each_set_apart() -> None:
    rows = [
        Prediction("a", "calibration", "", 100, 110, "verified", "s", 1.25),
        Prediction("b", "validation", "", 100, 110, "verified", "s", 1.25),
        Prediction("c", "validation", "", 100, 900, "verified", "s", 1.25),
    ]
    joint = Joint(methods=dict.fromkeys(("enzyme", "dynamics", "pathways"), "posterior"))
    values = {f"cell {p.row}": p.predicted * np.exp(np.linspace(-0.1, 0.1, 40)) for p in rows}
    calibration, validation = agreements(rows, [], Bands(joint, values))
    assert (calibration.coverage, validation.coverage) == (1.0, 0.5)
    assert (calibration.within_2, validation.within_2) == (1.0, 0.5)
    assert validation.gmfe == pytest.approx(math.sqrt(1.1 * 9))


def test_without_a_stored_ensemble_an_interval_says_what_to_run() -> None:
    missing = {"pathways": "plan pathways has no stored ensemble; run: jakinib ensemble pathways"}
    bands = Bands(Joint(missing=missing))
    interval = bands.interval("cell C001")
    assert interval.low is None
    assert interval.reason.startswith("not computed: ")
    assert interval.reason.endswith("run: jakinib ensemble pathways")
    assert bands.band("curve stat3_decay 0") is None


def test_one_laplace_ensemble_makes_the_band_laplace_where_it_enters_and_only_there() -> None:
    methods = {
        "enzyme": "posterior",
        "dynamics": "posterior",
        "pathways": "Laplace",
        "clinical_pk": "posterior",
    }
    values = {"curve ra_cmax 0": np.ones((40, 3)), "cell C001": np.ones(40)}
    behind = {"curve ra_cmax 0": ("clinical_pk",), "cell C001": ("enzyme", "dynamics", "pathways")}
    bands = Bands(Joint(methods=methods), values, behind=behind)
    assert bands.interval("cell C001").method == "Laplace"
    assert bands.method("curve ra_cmax 0") == "posterior"


@given(st.floats(-4, 4), st.floats(0.7, 3))
def test_the_ic50_found_from_nearby_is_that_of_the_full_search(shift: float, hill: float) -> None:
    ic50 = 50 * math.exp(shift)
    curve = Curve(lambda c: c**hill / (c**hill + ic50**hill))
    assert curve.ic50_near(50.0) == pytest.approx(ic50, rel=1e-4)


def test_a_draw_reaches_the_model_of_its_scope_only() -> None:
    model = load("cytokine_signalling", cytokines="IL-6", cell="macrophage")
    draw = {"IL6R_rest@macrophage": 3.0, "IL6ST_rest@hepatocyte": 9.0, "ATP": 4e6}
    settings = Models(draw).settings(model.settable, "macrophage")
    assert settings["IL6R_rest"] == model.started(settings)["IL6R"] == 3.0
    assert "IL6ST_rest" not in settings
    assert settings["ATP"] == 4e6


def test_few_draws_make_no_interval_and_the_reason_says_so() -> None:
    joint = Joint(methods=dict.fromkeys(("enzyme", "dynamics", "pathways"), "posterior"))
    few, enough = (Bands(joint, {"cell C001": np.arange(1.0, n)}) for n in (20, 41))
    assert few.interval("cell C001").low is None
    assert few.interval("cell C001").reason == "not computed: fewer than 20 draws could be simulated"
    found = enough.interval("cell C001")
    assert found.low is not None
    assert found.high is not None
    assert 1 <= found.low < 20 < found.high <= 40
