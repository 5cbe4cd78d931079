"""Potencies with the band that answers the question: one laboratory, any laboratory, two drugs in one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib.build.estimates import estimates
from jakinib.evaluate import potency
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.potency import NEW, SAME, Scatter, interval, ratio

Z90 = 1.6448536269514722
REPEAT, LABORATORY, INHIBITOR = 0.2, 0.6, 0.25  # one standard deviation (ln)
FACTOR = "laboratory_EUbOPEN2024_IL6_pSTAT3"
DRUGS = ("baricitinib", "tofacitinib")  # whose shift is fitted
Scattered = Callable[..., Scatter]


def scattered(*draws: dict[str, float], **spreads: float) -> Scatter:
    values = {"repeat": REPEAT, "laboratory": LABORATORY, "inhibitor": INHIBITOR} | spreads
    return Scatter(Joint(settings=draws), fitted=frozenset(f"shift_{drug}" for drug in DRUGS), **values)


@pytest.fixture
def given_draws(monkeypatch: pytest.MonkeyPatch) -> Scattered:
    """Replaces the stored draws by those of the test."""

    def use(*draws: dict[str, float], **spreads: float) -> Scatter:
        found = scattered(*draws, **spreads)
        monkeypatch.setattr(potency, "scatter", lambda: found)
        return found

    return use


def half_width(band: tuple[float, float]) -> float:
    return math.log(band[1] / band[0]) / 2


@given(st.floats(-5, 15), st.lists(st.floats(0, 2), min_size=1, max_size=4))
def test_one_draw_blurred_by_independent_errors_is_a_normal_distribution(
    centre: float, spreads: list[float]
) -> None:
    low, high = np.log(interval(np.array([centre]), *spreads))
    half = Z90 * math.sqrt(sum(spread**2 for spread in spreads))
    assert (low, high) == pytest.approx((centre - half, centre + half), abs=0.01 * half + 1e-9)


def test_a_new_laboratory_adds_its_factor_to_a_repeat_and_one_that_is_known_does_not(
    given_draws: Scattered,
) -> None:
    given_draws({"shift_baricitinib": 1.0, FACTOR: 3.0})
    found = jk.assay("baricitinib", "IL-6", laboratory="EUbOPEN2024")
    plain = math.exp(found.draws[0])
    assert half_width(found.bands[NEW]) == pytest.approx(Z90 * math.hypot(REPEAT, LABORATORY), rel=0.01)
    assert half_width(found.bands[SAME]) == pytest.approx(Z90 * REPEAT, rel=0.01)
    assert math.sqrt(math.prod(found.bands[NEW])) == pytest.approx(plain, rel=1e-3)
    assert math.sqrt(math.prod(found.bands[SAME])) == pytest.approx(3.0 * plain, rel=1e-3)


def test_a_drug_twice_as_weak_in_cells_has_twice_the_ic50_in_every_draw(given_draws: Scattered) -> None:
    """One inhibitor: its apparent constants alone scale the axis of concentration."""
    given_draws({"shift_baricitinib": 1.0}, {"shift_baricitinib": 2.0}, {"shift_baricitinib": 0.5})
    one, double, half = np.exp(jk.assay("baricitinib", "IL-6").draws)
    assert (double / one, half / one) == pytest.approx((2, 0.5), rel=1e-4)


def test_without_a_laboratory_there_is_no_band_of_the_same_one(given_draws: Scattered) -> None:
    given_draws({"shift_baricitinib": 1.0})
    assert set(jk.assay("baricitinib", "IL-6").bands) == {NEW}


def test_a_drug_that_no_cell_has_seen_has_the_wider_band(given_draws: Scattered) -> None:
    given_draws({})
    known, unseen = (half_width(jk.assay(d, "IL-6").bands[NEW]) for d in ("baricitinib", "abrocitinib"))
    assert unseen == pytest.approx(Z90 * math.sqrt(REPEAT**2 + LABORATORY**2 + INHIBITOR**2), rel=0.01)
    assert known == pytest.approx(Z90 * math.hypot(REPEAT, LABORATORY), rel=0.01)


@pytest.mark.parametrize("cytokine", ["IL-6", "IL-7"])
def test_a_laboratory_reads_the_curve_scaled_by_its_estimated_factor(cytokine: str) -> None:
    found, plain = (
        jk.assay("tofacitinib", cytokine, laboratory="Mohamed2020"),
        jk.assay("tofacitinib", cytokine),
    )
    factor = estimates("pathways", nuisance=True)[found.offset].value
    assert factor != pytest.approx(1, abs=0.1)
    assert found.ic50 == pytest.approx(factor * plain.ic50, rel=1e-5)
    for concentration in (1.0, 30.0, 1000.0):
        assert found.inhibition(factor * concentration) == pytest.approx(plain.inhibition(concentration))
    assert "Mohamed2020" in found.label


def test_a_laboratory_that_has_not_measured_the_pathway_says_so_and_changes_nothing() -> None:
    found, plain = (jk.assay("tofacitinib", "IFN-gamma", laboratory=name) for name in ("Mohamed2020", ""))
    assert "Mohamed2020 has measured no potency on IFN-gamma pSTAT1: that of any" in found.notes[-1]
    assert found.ic50 == plain.ic50


def test_a_laboratory_that_no_potency_is_from_is_refused_with_its_closest_match() -> None:
    with pytest.raises(jk.UnknownIdError, match=r"laboratory 'EUbOPEN2023'.*did you mean EUbOPEN2024"):
        jk.assay("baricitinib", "IL-6", laboratory="EUbOPEN2023")


def test_a_model_that_is_given_has_no_draws_and_says_so(given_draws: Scattered) -> None:
    given_draws({})
    model = jk.CellAssay("baricitinib", "IL-6").model()
    with pytest.raises(jk.InputError, match="bands are those of the package's model"):
        _ = jk.assay("baricitinib", "IL-6", model=model).bands


# Two drugs in one laboratory --------------------------------------------------------------------------

LOGS = st.lists(st.floats(-1, 1), min_size=5, max_size=5)


@given(LOGS, st.floats(-5, 5), st.floats(-5, 5))
def test_the_band_of_a_ratio_holds_the_ratio_whose_draws_move_together(
    moves: list[float], first: float, second: float
) -> None:
    together = np.array(moves)
    found = ratio(together + first, together + second, scattered({}), *DRUGS)
    assert found["ic50_ratio"] == pytest.approx(math.exp(second - first))
    assert found["ic50_ratio_low"] < found["ic50_ratio"] < found["ic50_ratio_high"]
    width = half_width((found["ic50_ratio_low"], found["ic50_ratio_high"]))
    assert width == pytest.approx(Z90 * math.sqrt(2) * REPEAT, rel=0.01)  # no factor of the laboratory


def test_the_order_of_two_drugs_is_certain_where_95_of_100_draws_agree() -> None:
    first = np.zeros(100)

    def certain(stronger: int) -> bool:
        second = np.where(np.arange(100) < stronger, -0.1, 0.1)
        return bool(ratio(first, second, scattered({}), *DRUGS)["order_certain"])

    assert [certain(n) for n in (0, 5, 6, 50, 94, 95, 100)] == [True, True, False, False, False, True, True]


def test_a_drug_that_no_cell_has_seen_is_of_uncertain_order_within_its_spread() -> None:
    """A difference of one spread has the odds of one standard deviation, of two spreads those of two."""
    first = np.zeros(3)

    def certain(difference: float) -> Any:
        return ratio(first, first + difference, scattered({}), "baricitinib", "new")["order_certain"]

    assert [certain(times * INHIBITOR) for times in (1.6, 1.7)] == [False, True]


def test_a_comparison_gives_each_ratio_with_its_band(given_draws: Scattered) -> None:
    given_draws({"shift_tofacitinib": 0.8}, {"shift_tofacitinib": 1.0}, {"shift_tofacitinib": 1.25})
    regimens = ["baricitinib 4 mg qd", "tofacitinib 5 mg bid"]
    frame = jk.compare(regimens, ["IL-2"]).to_frame().set_index("inhibitor")
    first, other = frame.loc["baricitinib"], frame.loc["tofacitinib"]
    assert first.ic50_ratio is None
    assert other.ic50_ratio_low < other.ic50_ratio < other.ic50_ratio_high
    plain = [jk.assay(drug, "IL-2", matrix="ex vivo blood") for drug in frame.index]
    medians = [math.exp(float(np.median(curve.draws))) for curve in plain]
    assert other.ic50_ratio == pytest.approx(medians[1] / medians[0], rel=1e-3)


@pytest.mark.parametrize(
    ("regimens", "more"),
    [
        (["baricitinib 2 mg qd", "baricitinib 4 mg qd"], {}),
        (["baricitinib 4 mg qd", "tofacitinib 5 mg bid"], {"bands": False}),
        (["baricitinib 4 mg qd", "tofacitinib 5 mg bid"], {"anchored": False}),
    ],
)
def test_a_ratio_that_is_not_one_of_cells_or_not_asked_for_is_not_given(
    regimens: list[str], more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Scatter:
        raise AssertionError("no draw is needed")

    monkeypatch.setattr(potency, "scatter", none)
    assert "ic50_ratio" not in jk.compare(regimens, ["IL-2"], **more).to_frame()
