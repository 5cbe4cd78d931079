"""Covariates, times and doses with the units in which they are spoken."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib.assay.cell import cytokine_dose_nM
from jakinib.errors import UnitError
from jakinib.library import get_library
from jakinib.units import spoken

SAID = [
    ("45 mL/min", "mL/min", "eGFR", 45.0), ("45 ml/min/1.73m2", "mL/min", "eGFR", 45.0),
    ("45 mL/min per 1.73 m²", "mL/min", "eGFR", 45.0), ("0.75 mL/s", "mL/min", "eGFR", 45.0),
    ("70 kg", "kg", "weight", 70.0), ("70,5 kg", "kg", "weight", 70.5), ("70 KG", "kg", "weight", 70.0),
    ("70", "kg", "weight", 70.0), ("2 days", "hour", "hours", 48.0), ("2 d", "hour", "hours", 48.0),
    ("90 min", "hour", "hours", 1.5), ("70000 g", "kg", "weight", 70.0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "unit", "what", "value"), SAID)
def test_a_covariate_is_read_with_its_unit(text: str, unit: str, what: str, value: float) -> None:
    assert spoken(text, unit, what) == pytest.approx(value, rel=1e-12)


@given(st.floats(1, 300))
def test_a_number_means_the_same_with_and_without_its_unit(value: float) -> None:
    assert spoken(value, "kg", "weight") == spoken(repr(value), "kg", "weight") == value
    assert spoken(f"{value!r} kg", "kg", "weight") == value


@pytest.mark.parametrize(
    ("text", "what", "says"),
    [("1 mg/dL", "eGFR", "is a creatinine in serum"), ("88 umol/L", "eGFR", "is a creatinine in serum"),
     ("45 kg", "eGFR", "not convertible"), ("70 mL", "weight", "not convertible"),
     ("heavy", "weight", "not a number"),
     ("1,000 g", "weight", "thousands")],
)  # fmt: skip
def test_another_quantity_is_refused(text: str, what: str, says: str) -> None:
    with pytest.raises(UnitError, match=says):
        spoken(text, {"eGFR": "mL/min", "weight": "kg"}[what], what)


def test_a_patient_is_the_same_in_words_and_numbers() -> None:
    said: Any = {"weight": "70 kg", "eGFR": "45 mL/min/1.73 m2"}
    assert jk.Patient("RA", **said) == jk.Patient("RA", weight=70.0, eGFR=45.0)


@pytest.mark.parametrize("cytokine", [c for c in get_library().cytokines.values() if c.activity])
def test_international_units_are_the_mass_that_the_activity_says(cytokine: Any) -> None:
    per_mg = cytokine.activity.to("IU/mg")
    units = cytokine_dose_nM(cytokine, "100 IU/mL", "dose")
    assert units == pytest.approx(cytokine_dose_nM(cytokine, f"{100 / per_mg!r} mg/mL", "dose"), rel=1e-12)
    assert units == pytest.approx(cytokine_dose_nM(cytokine, "0.1 kIU/mL", "dose"), rel=1e-12)


def test_units_without_an_activity_and_units_of_an_assay_are_refused() -> None:
    library = get_library()
    with pytest.raises(UnitError, match="no activity of IL-6"):
        cytokine_dose_nM(library.cytokine("IL-6"), "100 IU/mL", "dose")
    with pytest.raises(UnitError, match="units of an assay"):
        cytokine_dose_nM(library.cytokine("IL-2"), "100 U/mL", "dose")
