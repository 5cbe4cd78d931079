"""One patient: what weight, renal function, a meal and a co-medication do to exposure."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib import paths
from jakinib.assay.compare import exposure as exposure_of
from jakinib.assay.course import course
from jakinib.assay.patient import PARAMETERS, Circumstances, Patient, typical
from jakinib.assay.pk import plasma
from jakinib.assay.studied import studied
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import get_library
from jakinib.population.study import study

DAY = np.linspace(0, 24, 481)  # h

DOSE = jk.Regimen.single(4.0)


def exposure(patient: Patient) -> dict[str, float]:
    """Cmax, AUC to 240 h and tmax after one dose of 4 mg, half-life by log-linear regression over 12-48 h."""
    settings = patient.settings()
    peak = settings["lag_baricitinib"] + settings["D1_baricitinib"]
    times = np.unique(np.concatenate((np.linspace(0, 24, 241), np.linspace(24, 240, 433), [peak])))
    profile = plasma(DOSE, times, population=patient.population, settings=settings)
    late = (times >= 12) & (times <= 48)
    slope = np.polyfit(times[late], np.log(profile.ng_per_mL[late]), 1)[0]
    return profile.interval(0, 240) | {"half_life": -math.log(2) / slope}


def test_the_typical_patient_needs_no_settings() -> None:
    for population in ("ra_adult", "healthy_adult"):
        bare = plasma(DOSE, np.linspace(0, 48, 97), population=population)
        told = plasma(
            DOSE, np.linspace(0, 48, 97), population=population, settings=Patient(population).settings()
        )
        np.testing.assert_allclose(told.concentration, bare.concentration, rtol=1e-9)


def test_a_strong_OAT3_inhibitor_doubles_AUC_and_leaves_Cmax_and_tmax_nearly_alone() -> None:
    """Label, 4.5: AUC about 2-fold, no change of Cmax or tmax."""
    without, with_it = exposure(Patient()), exposure(Patient(conditions=("OAT3_inhibitor",)))
    assert with_it["auc"] / without["auc"] == pytest.approx(2.0, rel=0.02)
    assert with_it["cmax"] / without["cmax"] == pytest.approx(1.0, abs=0.1)
    assert with_it["tmax"] == pytest.approx(without["tmax"])
    assert with_it["half_life"] > 1.2 * without["half_life"]


def test_a_meal_lowers_and_delays_exposure_as_published() -> None:
    """Label, 5.2 (A35-A37): AUC by up to 14 %, Cmax by up to 18 % (met within 2 points), tmax 0.5 h later."""
    fasted, fed = exposure(Patient()), exposure(Patient(conditions=("fed",)))
    assert fed["auc"] / fasted["auc"] == pytest.approx(0.86, abs=0.002)
    assert 0.80 <= fed["cmax"] / fasted["cmax"] < 0.86
    assert fed["tmax"] - fasted["tmax"] == pytest.approx(0.5)


def test_a_child_clears_by_allometry() -> None:
    """D09, D10: clearance with weight^0.75 and volumes with weight, so AUC follows weight^-0.75."""
    small, large = (exposure(Patient("jia_child", weight=w, eGFR=93)) for w in (20.0, 74.0))
    assert small["auc"] / large["auc"] == pytest.approx((20 / 74) ** -0.75, rel=1e-3)
    assert 4e3 / large["auc"] == pytest.approx(6.34 + 3.36, rel=1e-3)  # D04, D05; L/h
    assert small["half_life"] < large["half_life"]


def test_two_mg_in_a_child_of_20_kg_matches_an_adult_on_4_mg() -> None:
    """The published posology: 2 mg from 10 to below 30 kg to match the exposure of adults on 4 mg."""
    child, adult = exposure(Patient("jia_child", weight=20.0)), exposure(Patient("ra_adult"))
    assert 0.5 * child["auc"] / adult["auc"] == pytest.approx(1.0, abs=0.35)


def test_a_dose_by_vein_is_cleared_as_before_whatever_is_absorbed() -> None:
    """A meal changes F; the clearance CL = CL/F x F of an intravenous dose stays."""
    by_vein = jk.Regimen.parse("4 mg iv infusion over 30 min")
    times = np.linspace(0, 48, 97)
    plain, fed = (
        plasma(by_vein, times, settings=Patient(conditions=conditions).settings()).concentration
        for conditions in ((), ("fed",))
    )
    np.testing.assert_allclose(fed, plain, rtol=1e-6)


@pytest.mark.parametrize(
    ("population", "inhibitor"),
    [(p, d.id) for d in jk.get_library().inhibitors.values() for p in d.pharmacokinetics],
)
def test_every_inhibitor_with_kinetics_has_patients(population: str, inhibitor: str) -> None:
    patient = Patient(population, inhibitor, weight=60.0, eGFR=70.0)
    settings = patient.settings()
    assert settings["eGFR"] == 70.0
    assert all(value >= 0 and math.isfinite(value) for value in settings.values())
    assert all(line.startswith(f"{inhibitor}: ") and "\n" not in line for line in patient.unknown())


def test_a_covariate_without_a_known_effect_is_said() -> None:
    assert Patient("mf_adult", "fedratinib", eGFR=45.0).unknown() == []
    assert "eGFR has no effect" in Patient("healthy_adult", "brepocitinib", eGFR=45.0).unknown()[0]
    assert "effect of weight is assumed" in Patient("mf_adult", "ruxolitinib", weight=50.0).unknown()[0]
    assert Patient("healthy_adult", "brepocitinib").unknown() == []


@given(st.floats(20, 93), st.floats(0.1, 3))
def test_bioavailability_never_passes_one(eGFR: float, exponent: float) -> None:
    values = typical("baricitinib", "healthy_adult")
    around = Circumstances(renal_exponent=exponent, most_F=1 / 0.79)
    changed = around.apply(values, eGFR)
    ratio = {values[name] / changed[name] for name in ("CLr", "CLnr", "Q", "V1", "V2")}
    assert max(ratio) == pytest.approx(min(ratio))
    assert 1 - 1e-12 <= max(ratio) <= 1 / 0.79 + 1e-9
    assert changed["D1"] == values["D1"]
    assert changed["F"] <= 1


@given(st.floats(93, 200))
def test_normal_renal_function_leaves_uptake_alone(eGFR: float) -> None:
    values = typical("baricitinib", "healthy_adult")
    around = Circumstances.of("baricitinib", "healthy_adult")
    assert around.renal_exponent > 0
    assert around.apply(values, eGFR) == values


def test_arrays_of_patients_and_single_patients_agree() -> None:
    around = Circumstances.of("baricitinib", "healthy_adult", ["fed", "OAT3_inhibitor"])
    values = typical("baricitinib", "healthy_adult")
    eGFR = np.array([25.0, 45.0, 80.0, 120.0])
    many = around.apply({name: np.full(4, value) for name, value in values.items()}, eGFR)
    for i, each in enumerate(eGFR):
        single = around.apply(values, float(each))
        for name in values:
            assert many[name][i] == pytest.approx(single[name])
    assert set(values) <= set(PARAMETERS)


@pytest.mark.parametrize("bad", [0.0, -5.0, math.nan, math.inf])
def test_an_impossible_covariate_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match=r"weight:? is"):
        Patient(weight=bad).settings()
    with pytest.raises(InputError, match=r"eGFR:? is"):
        Patient(eGFR=bad).settings()


def test_an_unknown_condition_names_the_known_ones() -> None:
    with pytest.raises(UnknownIdError, match="fed"):
        Patient(conditions=("feed",)).settings()


# The studied range ------------------------------------------------------------------------------------


def test_an_inhibitor_without_pharmacokinetics_in_the_population_has_no_patient() -> None:
    with pytest.raises(
        InputError, match=r"'tofacitinib' has no pharmacokinetics for population 'ra_adult'; .*psa"
    ):
        Patient("ra_adult", "tofacitinib")


@pytest.mark.parametrize("population", sorted(jk.get_library().populations))
def test_every_population_says_what_it_covers(population: str) -> None:
    people = jk.get_library().population(population)
    for covariate in ("weight", "eGFR"):
        low, high = studied(people, covariate) or (math.nan, math.nan)
        assert low < getattr(people, covariate).value < high


@given(st.floats(1, 600), st.floats(1, 300))
def test_a_patient_outside_the_studied_range_is_told_so(weight: float, eGFR: float) -> None:
    """In the notes of the patient and of every profile."""
    patient = Patient("ra_adult", weight=weight, eGFR=eGFR)
    said = " ".join(line for line in patient.unknown() if line.startswith("outside the studied range"))
    assert ("weight" in said) == (not 40 <= weight <= 140)
    assert ("eGFR" in said) == (not 30 <= eGFR <= 150)


@pytest.mark.parametrize(
    ("settings", "lines"), [({}, 0), ({"weight": 3.0}, 1), ({"weight": 500.0, "eGFR": 20.0}, 2)]
)
def test_a_profile_says_what_of_its_patient_was_not_studied(settings: dict[str, float], lines: int) -> None:
    notes = plasma(DOSE, [1.0, 2.0], settings=settings).notes
    assert len(notes) == lines
    assert all(note.startswith("outside the studied range: ") for note in notes)


def test_doses_by_weight_are_said_to_be_outside_what_was_studied() -> None:
    by_weight = jk.Regimen.parse("0.05 mg/kg")
    assert "mg/kg" in plasma(by_weight, [1.0]).notes[0]
    assert any("mg/kg" in note for note in course(by_weight, hours=2).notes)
    assert course("4 mg", hours=2).notes == ()


def test_children_with_dermatitis_clear_baricitinib_as_their_source_says() -> None:
    """Decker 2026, table 1: 10.66 L/h at 74 kg and 93 mL/min, with weight^0.75."""
    adult_sized = exposure(Patient("ad_child", weight=74.0, eGFR=93.0))
    assert 4e3 / adult_sized["auc"] == pytest.approx(7.9 + 2.76, rel=0.01)
    assert adult_sized["tmax"] == pytest.approx(0.144 + 0.263, abs=1e-6)
    small = exposure(Patient("ad_child", weight=20.0, eGFR=93.0))
    assert small["auc"] / adult_sized["auc"] == pytest.approx((74 / 20) ** 0.75, rel=0.01)


def test_the_typical_child_is_the_mean_one_of_its_study() -> None:
    typical_child = {name: get_library().population(name) for name in ("jia_child", "ad_child")}
    found = {name: (child.weight.value, child.eGFR.value) for name, child in typical_child.items()}
    assert found == {"jia_child": (50.2, 119), "ad_child": (46.6, 109)}


# Kidney failure ----------------------------------------------------------------------------------------

DIALYSED = """id: dialysed
weight: {value: 70, unit: kg, kind: assumed, rationale: a test}
eGFR: {value: %s, unit: mL/min, kind: assumed, rationale: a test}
"""


@given(eGFR=st.floats(0.5, 120), population=st.sampled_from(["healthy_adult", "ra_adult", "jia_child"]))
@settings(max_examples=30, deadline=None)
def test_no_number_of_a_patient_whose_kidneys_failed_stands_alone(eGFR: float, population: str) -> None:
    patient = Patient(population, eGFR=eGFR)
    profile = plasma(jk.Regimen.single(2.0), [1.0], population=population, settings=patient.settings())
    for notes in (patient.unknown(), profile.notes):
        assert any(note.startswith("outside the model: eGFR") for note in notes) == (eGFR < 15)


def test_a_course_of_a_dialysed_patient_says_first_that_the_model_does_not_hold() -> None:
    result = course("2 mg", settings={"eGFR": 8.0}, hours=4)
    assert result.notes[0].startswith("outside the model: eGFR 8 mL/min")
    assert "outside the model" in result.tsv().splitlines()[1]
    assert result.record()["notes"] == list(result.notes)
    assert not any("outside the model" in note for note in course("2 mg", hours=4).notes)


@pytest.mark.parametrize(("eGFR", "said"), [("10", True), ("20", False)])
def test_a_population_of_dialysed_patients_is_told_apart(eGFR: str, said: bool, tmp_path: Path) -> None:
    people, drug = tmp_path / "populations", tmp_path / "inhibitors"
    people.mkdir()
    drug.mkdir()
    (people / "dialysed.yaml").write_text(DIALYSED % eGFR, encoding="utf-8")
    own = (paths.models() / "library" / "inhibitors" / "baricitinib.yaml").read_text("utf-8")
    text = own.replace("  jia_child:\n    CLr", "  dialysed:\n    CLr")
    (drug / "baricitinib.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAKINIB_LIBRARY", str(tmp_path))
        get_library.cache_clear()
        try:
            _, manifest = study("dialysed", 10, "2 mg qd x 3", cytokine=None)
            assert any("outside the model" in note for note in manifest["notes"]) is said
            compared = exposure_of("baricitinib 2 mg qd", "dialysed")
            assert any("outside the model" in note for note in compared.notes) is said
        finally:
            patch.undo()
            get_library.cache_clear()


@pytest.mark.parametrize(
    ("weight", "regimen", "said"),
    [
        (20, "2 mg qd", ""),
        (
            29.9,
            "4 mg qd",
            "not the dose by weight: baricitinib 4 mg at 29.9 kg; patients of 10 to 30 kg take 2 mg",
        ),
        (30, "4 mg qd", ""),
        (8, "1 mg qd", "outside the doses by weight: none of baricitinib is stated for 8 kg"),
        ("28, 31 from 30 days", "2 mg qd ss x 40", "2 mg at 31 kg; patients of 30 kg and more take 4 mg"),
        (20, "0.1 mg/kg qd", ""),
    ],
)
def test_a_child_on_another_dose_than_its_weight_asks_for_is_told(
    weight: float | str, regimen: str, said: str
) -> None:
    child = jk.Scenario(patient={"population": "JIA", "weight": weight}, regimen=regimen)
    found = [note for note in jk.simulate(child).notes if "by weight:" in note]
    assert len(found) == bool(said)
    assert said in "".join(found)
    assert not [n for n in jk.simulate(child.but(population="RA")).notes if "by weight:" in n]


@pytest.mark.parametrize("people", ["jia_child", "ad_child"])
def test_doses_by_weight_bring_children_near_the_exposure_of_adults(people: str) -> None:
    """What the bands were chosen for: the middle of each is within twofold of an adult on 4 mg."""
    adult = jk.plasma(jk.Regimen.parse("4 mg qd ss"), DAY, population="ra_adult").interval(0, 24)["auc"]
    for weight, dose in ((20.0, 2), (50.0, 4)):
        patient = Patient(people, weight=weight).settings()
        child = jk.plasma(jk.Regimen.parse(f"{dose} mg qd ss"), DAY, population=people, settings=patient)
        assert 0.5 < child.interval(0, 24)["auc"] / adult < 2


@pytest.mark.parametrize(("dose", "said"), [(4, False), (40, True)])
def test_every_answer_says_that_nobody_has_studied_the_dose(dose: float, said: bool) -> None:
    asked = jk.Scenario(patient="ra_adult", regimen=f"{dose} mg qd")
    line = f"outside the doses studied: baricitinib {dose:g} mg"
    for notes in (
        jk.simulate(asked).notes,
        jk.scan("Cmax", {"weight": "70 kg"}, asked).notes,
        jk.compare(asked, bands=False).to_frame().attrs["notes"],
        jk.population(asked, n=1).notes,
    ):
        assert any(line in note for note in notes) == said
