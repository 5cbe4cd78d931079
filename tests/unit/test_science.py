"""Derived numbers of the library, computed again from what they are said to derive from."""

from __future__ import annotations

import math
import re

import pytest

from jakinib.fit import get_data
from jakinib.library import get_library
from jakinib.library.schema import Quantity
from jakinib.units import molecules_to_nM, parse_quantity

LIBRARY, DATA = get_library(), get_data()
HEALTHY = LIBRARY.inhibitor("baricitinib").pharmacokinetics["healthy_adult"]
RA = LIBRARY.inhibitor("baricitinib").pharmacokinetics["ra_adult"]
# IUPAC conventional atomic weights, g/mol
ATOMS = {"C": 12.011, "H": 1.008, "F": 18.998, "N": 14.007, "O": 15.999, "S": 32.06}


def states(quantity: Quantity | None, exact: float) -> bool:
    """True when ``quantity`` is ``exact`` rounded to the digits it is written with (trailing zeros aside)."""
    assert quantity is not None
    digits = len(f"{quantity.value:.12g}".replace(".", "").lstrip("0").split("e")[0])
    return quantity.value == pytest.approx(float(f"{exact:.{digits}g}"), rel=1e-12)


def row(identifier: str) -> float:
    return DATA[identifier].value


@pytest.mark.parametrize("name", ["IL-6", "IFN-gamma", "GM-CSF"])
def test_the_assembly_constant_gives_the_published_affinity_on_the_reference_cell(name: str) -> None:
    cytokine = LIBRARY.cytokine(name)
    symbol = cytokine.symbol
    assembly = cytokine.parameters[f"Kasm_{symbol}"]
    published = re.search(r"([\d.]+ [pn]M) on the cell = Kd x Kasm / (\w+)", assembly.location)
    assert published is not None
    on_the_cell, second = parse_quantity(published[1], "nM"), published[2]
    assert second == cytokine.second_chain
    cell = LIBRARY.cell(cytokine.reference_cell)
    resting = molecules_to_nM(cell.chains[second].to("molecule"), cell.volumes["cytosol"].to("L"))
    assert states(assembly, on_the_cell * resting / cytokine.parameters[f"Kd_{symbol}"].to("nM"))


def test_stat1_leaves_the_nucleus_with_the_published_half_life() -> None:
    assert states(LIBRARY.parameter("kexp_STAT1"), math.log(2) / 5)


def test_nuclear_pstat1_is_dephosphorylated_at_the_inverse_of_its_residence_time() -> None:
    assert states(LIBRARY.parameter("kdeph_pSTAT1_nuc"), 1 / row("T013"))


def test_trans_phosphorylation_is_three_tenths_of_receptor_dephosphorylation() -> None:
    dephosphorylation = LIBRARY.parameter("kdea_IL6")
    assert dephosphorylation is not None
    assert states(LIBRARY.parameter("kact_IL6"), 0.3 * dephosphorylation.value)


@pytest.mark.parametrize(("chain", "cd4", "cd8"), [("IL2RB", 173, 521), ("IL2RG", 13391, 12524)])
def test_a_t_cell_is_two_cd4_to_one_cd8(chain: str, cd4: float, cd8: float) -> None:
    assert LIBRARY.cell("T cell").chains[chain].value == round((2 * cd4 + cd8) / 3)


def test_monocytes_carry_gp130_at_the_density_of_t_cells() -> None:
    density = [
        LIBRARY.cell(name).chains["IL6ST"].value / LIBRARY.cell(name).volumes["cytosol"].to("pL")
        for name in ("T cell", "monocyte")
    ]
    assert density[0] == pytest.approx(density[1])


def test_socs3_reaches_the_stated_levels_at_full_dna_occupancy() -> None:
    rate = {
        name: quantity.value
        for name in ("ktx_SOCS3", "kdeg_SOCS3_mRNA", "ktl_SOCS3", "kdeg_SOCS3")
        if (quantity := LIBRARY.parameter(name)) is not None
    }
    mrna = rate["ktx_SOCS3"] / rate["kdeg_SOCS3_mRNA"]
    assert mrna == pytest.approx(1)
    assert mrna * rate["ktl_SOCS3"] / rate["kdeg_SOCS3"] == pytest.approx(100)


# Pharmacokinetics of baricitinib ----------------------------------------------------------------------


def test_healthy_renal_clearance_is_the_share_of_the_absorbed_dose_found_in_urine() -> None:
    renal = row("A09") * row("A30") / row("A01")
    assert states(HEALTHY["CLr"], renal)
    assert states(HEALTHY["CLnr"], row("A09") - renal)


def test_healthy_clearances_add_up_to_the_published_total() -> None:
    assert HEALTHY["CLr"].value + HEALTHY["CLnr"].value == pytest.approx(row("A09"))


def test_healthy_volumes_are_the_intravenous_volume_per_bioavailability_split_as_in_ra() -> None:
    total = row("A25") / row("A01")
    share = row("A15") / (row("A15") + row("A16"))
    assert states(HEALTHY["V1"], total * share)
    assert states(HEALTHY["V2"], total * (1 - share))


def test_healthy_input_ends_at_the_median_time_of_the_maximum() -> None:
    assert HEALTHY["D1"].value + HEALTHY["lag"].value == pytest.approx(row("A03"))


@pytest.mark.parametrize(
    ("key", "identifier"),
    [
        ("CLr", "A12"),
        ("CLnr", "A13"),
        ("V1", "A15"),
        ("V2", "A16"),
        ("Q", "D07"),
        ("D1", "D01"),
        ("lag", "D03"),
    ],
)
def test_ra_disposition_is_the_published_row(key: str, identifier: str) -> None:
    assert RA[key].to(RA[key].unit) == DATA[identifier].to(RA[key].unit)


def test_the_fraction_unbound_is_what_is_left_by_plasma_protein_binding() -> None:
    assert LIBRARY.inhibitor("baricitinib").fu.value == 1 - DATA["A26"].to("dimensionless")


# Potencies and masses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("drug", list(LIBRARY.inhibitors))
def test_an_enzyme_potency_is_the_published_row_it_names(drug: str) -> None:
    for jak, potency in LIBRARY.inhibitor(drug).potency.items():
        named = re.match(r"E\d+", potency.location)
        assert named is not None, jak
        published = DATA[named[0]]
        assert (published.inhibitor, published.target.partition("-")[0]) == (drug, jak)
        assert published.to("nM") == potency.to("nM")
        assert potency.status == published.status
        if published.atp in ("", "Km"):  # the ATP of the library is then an assumption and says why
            assert potency.kind == "assumed"
            assert potency.rationale
        else:
            assert parse_quantity(published.atp, "nM") == potency.atp_nM


@pytest.mark.parametrize(
    ("drug", "formula"),
    [("baricitinib", "C16H17N7O2S"), ("brepocitinib", "C18H21F2N7O"), ("tofacitinib", "C16H20N6O")],
)
def test_a_molecular_weight_follows_from_the_formula(drug: str, formula: str) -> None:
    mass = sum(ATOMS[atom] * int(count or 1) for atom, count in re.findall(r"([A-Z])(\d*)", formula))
    assert LIBRARY.inhibitor(drug).molecular_weight.to("g/mol") == pytest.approx(mass, abs=0.01)
