"""Concentration-response curves against the Hill equation, and the conditions of the assays behind them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib import Curve, InputError, SimulationError, UnknownIdError
from jakinib.assay.cell import MATRICES, free_fraction

LOG_IC50 = st.floats(-3, 7)  # ten decades, nM
SLOPES = st.floats(0.5, 3)
FRACTIONS = st.floats(0.001, 1)


def hill(ic50: float, slope: float, top: float = 1.0) -> Curve:
    def inhibition(concentration: float) -> float:
        return 0.0 if concentration == 0 else top / (1 + (ic50 / concentration) ** slope)

    return Curve(inhibition, "an analytic curve")


@given(LOG_IC50, SLOPES)
def test_the_ic50_of_a_hill_curve_is_found_to_one_in_a_million(log_ic50: float, slope: float) -> None:
    assert hill(10**log_ic50, slope).ic50 == pytest.approx(10**log_ic50, rel=1e-6)


@given(LOG_IC50, SLOPES)
def test_the_slope_of_a_hill_curve_is_found(log_ic50: float, slope: float) -> None:
    assert hill(10**log_ic50, slope).hill == pytest.approx(slope, rel=1e-5)


@given(LOG_IC50, st.floats(0.55, 1))
def test_a_curve_that_stops_short_of_full_inhibition_has_its_ic50_at_half_inhibition(
    log_ic50: float, top: float
) -> None:
    curve = hill(10**log_ic50, 1.0, top)
    assert curve.inhibition(curve.ic50) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("top", [0.0, 0.3, 0.4999])
def test_a_curve_that_never_reaches_half_has_no_ic50(top: float) -> None:
    with pytest.raises(SimulationError, match="an analytic curve: no half-maximal inhibition"):
        _ = hill(100.0, 1.0, top).ic50


@pytest.mark.parametrize("log_ic50", [-4.5, 8.5])
def test_half_inhibition_outside_a_tenth_picomolar_to_a_tenth_molar_is_not_an_ic50(log_ic50: float) -> None:
    with pytest.raises(SimulationError, match="no half-maximal inhibition"):
        _ = hill(10**log_ic50, 1.0).ic50


def test_the_table_spans_two_decades_either_side_of_the_ic50() -> None:
    concentrations, fractions = hill(30.0, 1.0).table()
    assert [concentrations[0], concentrations[-1]] == pytest.approx([0.3, 3000.0])
    assert (np.diff(fractions) > 0).all()
    assert fractions[len(fractions) // 2] == pytest.approx(0.5)


def test_a_table_at_a_negative_concentration_is_refused() -> None:
    with pytest.raises(InputError, match="negative"):
        hill(30.0, 1.0).table(np.array([-1.0, 10.0]))


# Free fraction ----------------------------------------------------------------------------------------


RATIOS = st.floats(0.5, 20)
SERUM = [matrix for matrix in MATRICES if "blood" not in matrix]


@given(FRACTIONS, st.floats(0.2, 0.6), st.floats(0, 100))
def test_spiked_blood_shares_its_drug_between_cells_plasma_protein_and_water(
    fu: float, haematocrit: float, uptake: float
) -> None:
    """uptake: of blood cells, their total over the free concentration."""
    free = 1.0
    blood = (1 - haematocrit) * free / fu + haematocrit * uptake * free
    ratio = blood / (free / fu)  # of blood to plasma
    assert free_fraction(fu, "whole blood", blood_plasma_ratio=ratio) == pytest.approx(free / blood)


@given(FRACTIONS, RATIOS, st.floats(0, 1))
def test_blood_after_a_dose_is_stated_in_total_plasma_which_its_cells_leave_alone(
    fu: float, ratio: float, serum: float
) -> None:
    assert free_fraction(fu, "ex vivo blood", serum, ratio) == pytest.approx(fu)
    spiked = free_fraction(fu, "whole blood", serum, ratio)
    assert free_fraction(fu, "ex vivo blood", serum, ratio) / spiked == pytest.approx(ratio)


@given(FRACTIONS)
def test_blood_is_as_plasma_where_cells_hold_what_plasma_holds(fu: float) -> None:
    assert free_fraction(fu, "whole blood", serum_fraction=0.1) == pytest.approx(fu)


@given(FRACTIONS, RATIOS, st.floats(0, 1), st.sampled_from(SERUM))
def test_blood_cells_do_not_count_where_there_are_none(
    fu: float, ratio: float, serum: float, matrix: str
) -> None:
    assert free_fraction(fu, matrix, serum, ratio) == free_fraction(fu, matrix, serum)


@pytest.mark.parametrize("drug", ["baricitinib", "tofacitinib"])
def test_the_same_blood_is_inhibited_by_half_whether_it_was_spiked_or_drawn(drug: str) -> None:
    """The free concentration decides: the two IC50s differ by the blood-to-plasma ratio of the library."""
    spiked, drawn = (
        jk.assay(drug, "IL-6", matrix=matrix).ic50 for matrix in ("whole blood", "ex vivo blood")
    )
    ratio = jk.get_library().inhibitor(drug).blood_plasma_ratio.to("dimensionless")
    assert spiked / drawn == pytest.approx(ratio, rel=1e-5)


def test_a_ratio_without_a_source_is_said_to_be_assumed_where_it_counts() -> None:
    assert "blood-to-plasma ratio 1 is assumed" in jk.assay("tofacitinib", "IL-6").notes[0]
    assert jk.assay("tofacitinib", "IL-6", matrix="culture").notes == ()
    assert jk.assay("baricitinib", "IL-6").notes == ()


@given(FRACTIONS, st.sampled_from(SERUM))
def test_medium_without_serum_binds_nothing_and_pure_serum_binds_as_plasma(fu: float, matrix: str) -> None:
    assert free_fraction(fu, matrix, serum_fraction=0.0) == 1
    assert free_fraction(fu, matrix, serum_fraction=1.0) == pytest.approx(fu)


@given(st.sampled_from(sorted(MATRICES)), st.floats(0, 1))
def test_an_unbound_drug_is_free_everywhere(matrix: str, serum: float) -> None:
    assert free_fraction(1.0, matrix, serum) == 1


@given(FRACTIONS, st.floats(0, 1), st.floats(0, 1))
def test_more_serum_leaves_less_free(fu: float, serum: float, other: float) -> None:
    less, more = sorted((serum, other))
    assert fu <= free_fraction(fu, "culture", more) * (1 + 1e-12)
    assert free_fraction(fu, "culture", more) <= free_fraction(fu, "culture", less) <= 1


def test_an_unknown_matrix_is_refused_with_its_closest_match() -> None:
    with pytest.raises(UnknownIdError, match="did you mean whole blood"):
        free_fraction(0.5, "whole blod")


# Assay conditions -------------------------------------------------------------------------------------

CONDITIONS = {"inhibitor": "baricitinib", "cytokine": "IL-6", "readout": "pSTAT3"}


@pytest.mark.parametrize("value", [-1.0, math.inf])
@pytest.mark.parametrize("name", ["cytokine_dose", "preincubation", "stimulation", "serum_fraction"])
def test_a_condition_of_a_cell_assay_is_finite_and_not_negative(name: str, value: float) -> None:
    with pytest.raises(InputError, match=name):
        jk.CellAssay(**CONDITIONS, **{name: value})


def test_a_cell_assay_reads_a_stat_that_its_cytokine_phosphorylates() -> None:
    with pytest.raises(UnknownIdError, match=r"readout of IL-6 'pSTAT5'"):
        jk.CellAssay("baricitinib", "IL-6", "pSTAT5")


def test_an_assay_without_cytokine_has_no_signal_to_inhibit() -> None:
    with pytest.raises(SimulationError, match="no signal"):
        jk.assay("baricitinib", "IL-6", "pSTAT3", cytokine_dose="0 ng/mL")


def test_blood_stimulated_without_cytokine_has_no_signal_to_inhibit() -> None:
    conditions = jk.CellAssay(**CONDITIONS, cytokine_dose=0.0)
    with pytest.raises(SimulationError, match="no signal"):
        jk.ex_vivo_inhibition(jk.plasma(jk.Regimen.single(4.0), [1.0]), conditions)


@pytest.mark.parametrize("absent", [{"atp": 0.0}, {"peptide": 0.0}], ids=["ATP", "peptide"])
def test_an_enzyme_assay_without_a_substrate_has_no_product_to_inhibit(absent: dict[str, float]) -> None:
    with pytest.raises(jk.JakinibError):
        _ = jk.KinaseAssay("baricitinib", "JAK1", **absent).curve().ic50


def test_an_enzyme_assay_knows_its_inhibitor_in_any_case_of_letters() -> None:
    assert jk.KinaseAssay("Baricitinib", "JAK1").curve().ic50 == pytest.approx(
        jk.KinaseAssay("baricitinib", "JAK1").curve().ic50
    )


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"weight": 0.0}, "weight"),
        ({"eGFR": math.nan}, "eGFR"),
        ({"CLr_baricitinb": 5.0}, "CLr_baricitinb"),
        ({"D1_baricitinb": 5.0}, "D1_baricitinb"),
        ({"D1_baricitinib": 0.0}, "D1"),
        ({"lag_baricitinib": math.nan}, "lag"),
    ],
)
def test_a_covariate_or_setting_that_cannot_be_used_is_named(settings: dict[str, float], named: str) -> None:
    with pytest.raises(InputError, match=named):
        jk.plasma(jk.Regimen.single(4.0), [1.0], settings=settings)
