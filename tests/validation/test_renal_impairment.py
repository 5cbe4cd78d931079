"""Renal impairment (study JADL) and the exposure of adults with RA, against the published intervals."""

from __future__ import annotations

import pytest

from jakinib.assay.patient import Circumstances, typical
from jakinib.evaluate.criteria import Criterion, Verdict, read_criteria
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.run import PLANS
from jakinib.experiments import Models
from jakinib.experiments.exposure import CLASSES, ExposureRatio, PopulationExposure
from jakinib.fit import get_data, read_plan
from jakinib.library import get_library

EVIDENCE = Evidence([read_plan(name, get_data()) for name in PLANS], get_data())
RENAL = [c for c in read_criteria() if isinstance(EVIDENCE.of(c)[0], ExposureRatio)]
SPREAD = [c for c in read_criteria() if isinstance(EVIDENCE.of(c)[0], PopulationExposure)]


def exposure_ratio(identifier: str, drawn: dict[str, float] | None = None) -> float:
    """The ratio of a criterion, with a disposition of the typical healthy adult in place of the library's."""
    values = {f"{name}_baricitinib@healthy_adult": value for name, value in (drawn or {}).items()}
    (one,) = EVIDENCE.of(identifier)
    return one.value(Models(values))


@pytest.mark.parametrize("criterion", RENAL, ids=lambda c: c.id)
def test_a_ratio_lies_in_the_published_interval(criterion: Criterion) -> None:
    row = get_data()[criterion.rows[0]]
    assert (criterion.low, criterion.high) == (row.low, row.high)
    assert row.low is not None
    assert row.high is not None
    assert row.low <= EVIDENCE.value(criterion) <= row.high


@pytest.mark.parametrize("criterion", SPREAD, ids=lambda c: c.id)
def test_the_ra_population_has_the_published_exposure(criterion: Criterion) -> None:
    assert Verdict(criterion, EVIDENCE.value(criterion), ()).passed


def test_renal_clearance_in_proportion_to_eGFR_explains_AUC_and_not_Cmax() -> None:
    """What the fitted uptake is for: AUC ratios lie in their intervals without it, Cmax does not."""
    values = typical("baricitinib", "healthy_adult")
    clearance = {name: values["CLr"] * g / 93 + values["CLnr"] for name, g in CLASSES.items()}
    assert 1.15 <= clearance["normal"] / clearance["mild"] <= 1.74
    assert 1.81 <= clearance["normal"] / clearance["moderate"] <= 2.73
    uptake = Circumstances.of("baricitinib", "healthy_adult").apply(values, CLASSES["moderate"])
    exposure_gain = values["V1"] / uptake["V1"]
    assert exposure_ratio("renal_cmax_moderate") / exposure_gain < 1.17


def test_the_uptake_in_renal_impairment_is_fitted_to_Cmax_and_to_no_AUC() -> None:
    quantity = get_library().inhibitor("baricitinib").renal_uptake["healthy_adult"]
    assert quantity.kind == "fitted"
    assert "A41, A42" in quantity.location
    assert "AUC ratios stay out" in quantity.rationale


def test_the_classes_are_the_middle_of_their_limits() -> None:
    limits = {"normal": (90, 120), "mild": (60, 90), "moderate": (30, 60), "severe": (15, 30)}
    assert {name: (low + high) / 2 for name, (low, high) in limits.items()} == CLASSES


def test_without_renal_clearance_impairment_raises_exposure_only_by_uptake() -> None:
    drawn = {"CLr": 0.0, "CLnr": 15.0}
    auc, cmax = (exposure_ratio(f"renal_{metric}_moderate", drawn) for metric in ("auc", "cmax"))
    assert auc == pytest.approx(cmax, rel=1e-3)
    assert 1 < auc < exposure_ratio("renal_auc_moderate")


def test_a_draw_with_less_renal_clearance_predicts_less_of_a_rise() -> None:
    drawn = {"CLr": 5.0, "CLnr": 12.0}
    assert exposure_ratio("renal_auc_moderate", drawn) < exposure_ratio("renal_auc_moderate")
