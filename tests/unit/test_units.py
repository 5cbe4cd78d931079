"""Units: one registry, one set of model units, and no number without its unit."""

from __future__ import annotations

import math

import libsbml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.build import built, compose, to_sbml
from jakinib.errors import UnitError
from jakinib.units import (
    AVOGADRO_PER_NMOL,
    MODEL_UNITS,
    convert,
    dose_to_nmol,
    factor,
    molecules_to_nM,
    parse_quantity,
    registry,
)

POSITIVE = st.floats(1e-6, 1e6)


def si_size(definition: libsbml.UnitDefinition) -> float:
    """One of a unit in SI base units, as libSBML reads it."""
    base = libsbml.UnitDefinition.convertToSI(definition)
    units = [base.getUnit(i) for i in range(base.getNumUnits())]
    return math.prod((u.getMultiplier() * 10.0 ** u.getScale()) ** u.getExponentAsDouble() for u in units)


@pytest.mark.parametrize("name", ["blood_pkpd", "kinase_assay_JAK1"])
def test_a_unit_has_the_same_size_in_the_models_and_in_the_package(name: str) -> None:
    model = libsbml.readSBMLFromString(to_sbml(compose(built()[name], name))).getModel()
    definitions = {d.getId(): d for d in model.getListOfUnitDefinitions() if d.getId() in MODEL_UNITS}
    assert {"nM", "hour", "per_hour"} <= set(definitions)
    for identifier, definition in definitions.items():
        pint_size = registry().Quantity(1.0, MODEL_UNITS[identifier]).to_base_units()
        # pint counts mass in kilograms, as SI does; libSBML agrees.
        assert pint_size.magnitude == pytest.approx(si_size(definition), rel=1e-12), identifier


def test_one_nanomolar_in_one_litre_is_avogadros_number_times_1e_9() -> None:
    assert molecules_to_nM(6.02214076e14, 1.0) == 1.0


@given(POSITIVE, st.floats(1e-15, 1.0))
def test_molecules_and_nanomolar_are_inverse(molecules: float, litres: float) -> None:
    concentration = molecules_to_nM(molecules, litres)
    assert concentration * litres * AVOGADRO_PER_NMOL == pytest.approx(molecules)
    assert concentration == pytest.approx(convert(molecules, "molecule", "nmol") / litres)


def test_four_milligram_of_baricitinib_are_10_8_micromol() -> None:
    assert dose_to_nmol(4.0, 371.42) == pytest.approx(10769.5, abs=0.1)


@given(POSITIVE, st.floats(50, 2000))
def test_a_dose_in_milligram_is_the_same_amount_however_it_is_converted(dose: float, mass: float) -> None:
    assert parse_quantity(f"{dose!r} mg", "nmol", mass=mass) == pytest.approx(dose_to_nmol(dose, mass))


@given(POSITIVE, st.floats(1e3, 1e6))
def test_a_mass_concentration_becomes_nanomolar_by_the_molar_mass(level: float, mass: float) -> None:
    assert parse_quantity(f"{level!r} ng/mL", "nM", mass=mass) == pytest.approx(level * 1e3 / mass)


@given(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
    st.sampled_from(["", " ", "  "]),
)
def test_a_number_and_its_unit_are_read_as_written(number: float, gap: str) -> None:
    assert parse_quantity(f" {number!r}{gap}nM ", "nM") == number


@pytest.mark.parametrize(
    ("text", "to", "hours"), [("15 min", "hour", 0.25), ("1 day", "hour", 24.0), ("0.5h", "hour", 0.5)]
)
def test_times_are_read_in_any_unit_of_time(text: str, to: str, hours: float) -> None:
    assert parse_quantity(text, to) == pytest.approx(hours)


def test_a_missing_unit_is_refused_and_the_message_shows_one() -> None:
    with pytest.raises(UnitError, match=r"C007: '10' has no unit; write for example '10 nM'"):
        parse_quantity("10", "nM", where="C007")


@pytest.mark.parametrize("text", ["", "nM", "ten nM", "nan nM", "inf nM", "1,5,2 nM", "- 5 nM"])
def test_text_that_is_not_a_finite_number_with_a_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="not"):
        parse_quantity(text, "nM")


@pytest.mark.parametrize("unit", ["hour", "ng/mL", "furlongs", "nM/hour", "degC", "dB"])
def test_a_unit_of_another_dimension_is_refused_by_name(unit: str) -> None:
    with pytest.raises(UnitError, match=f"unit '{unit}' .* not convertible to 'nM'"):
        parse_quantity(f"10 {unit}", "nM")
    with pytest.raises(UnitError, match=f"unit '{unit}'"):
        factor(unit, "nM")


@pytest.mark.parametrize("unit", ["(", "nM/0", "'", "@", "**", "nM**nM", "nM^^2", "5 nM", "\\"])
def test_text_that_is_no_unit_at_all_is_refused(unit: str) -> None:
    with pytest.raises(UnitError, match="not convertible"):
        parse_quantity(f"10 {unit}", "nM")


def test_a_molar_mass_does_not_turn_a_time_into_a_concentration() -> None:
    with pytest.raises(UnitError, match="'hour'"):
        parse_quantity("10 hour", "nM", mass=371.42)
