"""A scenario says who, what and when, and how it is measured; it is one value in Python and in YAML."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib.assay.course import course
from jakinib.scenario.verbs import for_population

RA = jk.Scenario(patient={"population": "ra_adult"}, regimen="baricitinib 4 mg qd")
amounts = st.floats(0.01, 500, allow_nan=False)


@given(
    population=st.sampled_from(["healthy_adult", "ra_adult"]),
    weight=st.none() | st.floats(3, 200),
    eGFR=st.none() | st.floats(5, 150),
    meal=st.sampled_from([(), ("fed",), ("OAT3_inhibitor", "fed")]),
    dose=amounts,
    how=st.sampled_from(
        ["{} mg qd", "{} mg bid x 3", "baricitinib {} mg qod ss", "{} mg once then 2 mg qd x 2"]
    ),
    cytokine=st.sampled_from(["IL-6", ("IL-2", "IL-6"), "all"]),
    level=st.sampled_from([{}, {"cytokine_dose": "2 nM", "cytokine": "IL-6"}]),
    seen=st.none() | amounts,
)
def test_a_scenario_is_the_same_after_yaml(
    tmp_path_factory: pytest.TempPathFactory, population: str, weight: float | None, eGFR: float | None,
    meal: tuple[str, ...], dose: float, how: str, cytokine: Any, level: dict[str, Any], seen: float | None,
) -> None:  # fmt: skip
    asked = jk.Scenario(
        patient={"population": population, "weight": weight, "eGFR": eGFR, "with": meal},
        regimen=how.format(dose),
        assay={"cytokine": cytokine, "concentration": seen, **level},
    )
    file = tmp_path_factory.mktemp("study") / "study.yaml"
    asked.to_yaml(file)
    assert jk.Scenario.read(file) == asked
    assert jk.Scenario(**asked.record()) == asked


def test_an_event_table_stands_in_place_of_a_regimen(tmp_path: Path) -> None:
    doses = jk.Regimen.parse("4 mg qd x 3 missing 2")
    (tmp_path / "doses.csv").write_text(doses.to_table())
    (tmp_path / "study.yaml").write_text("patient: ra_adult\nevents: doses.csv\n")
    assert jk.Scenario.read(tmp_path / "study.yaml").regimen == doses


def test_a_scenario_takes_units_names_and_values_of_the_package() -> None:
    assert RA.but(eGFR="45 mL/min").patient.eGFR == 45
    assert RA.but(weight="154.32 lb").patient.weight == pytest.approx(70, abs=0.01)
    patient = jk.Patient("ra_adult", eGFR=45, conditions=("fed",))
    assert jk.Scenario(patient=patient, regimen="4 mg qd") == RA.but(
        inhibitor="", regimen="4 mg qd", eGFR=45, **{"with": "fed"}
    )
    assert jk.Scenario(regimen="4 mg qd").doses == jk.Regimen.parse("4 mg qd ss")


def test_names_are_understood_as_spoken_and_kept_as_the_library_has_them() -> None:
    said = jk.Scenario(
        patient={"population": "RA", "eGFR": "45 mL/min per 1.73 m2", "with": "probenecid"},
        regimen="Olumiant 4 mg once daily",
        assay={"cytokine": "IL 6", "readout": "stat3", "matrix": "ex vivo"},
    )
    assert said.record() == {
        "patient": {"population": "ra_adult", "eGFR": "45 mL/min", "with": ["OAT3_inhibitor"]},
        "regimen": "baricitinib 4 mg qd ss",
        "assay": {"cytokine": "IL-6", "readout": "pSTAT3", "matrix": "ex vivo blood"},
    }


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        RA.name = "other"  # type: ignore[misc]
    assert len({RA, RA.but(), RA.but(eGFR=45)}) == 2


REFUSED = [
    ({"patient": {"population": "martians"}}, "unknown population 'martians'"),
    ({"patient": {"weight": -3}}, "weight is -3 kg; it must be"),
    ({"patient": {"weight": True}}, "write a number of kg"),
    ({"patient": {"eGFR": "45 kg"}}, "not convertible to 'mL/min'"),
    ({"patient": {"with": "smoking"}}, "known: OAT3_inhibitor, fed"),
    ({"patient": 3}, "valid dictionary"),
    ({"regimen": "4 mg sometimes"}, "'sometimes'"),
    ({"regimen": [{"dose": "4 mg", "every": "qd"}, {"dose": "four"}]}, "1.dose 'four'"),
    ({"inhibitor": "baricitinib", "regimen": "tofacitinib 5 mg bid"}, "names its own"),
    ({"inhibitor": "aspirin"}, "unknown inhibitor 'aspirin'"),
    ({"patient": jk.Patient("ra_adult"), "regimen": "filgotinib 200 mg qd"}, "give the patient as a mapping"),
    ({"assay": "IL-99"}, "unknown cytokine 'IL-99'"),
    ({"assay": {"cytokine": ["IL-6", "IL-6"]}}, "names IL-6 twice"),
    ({"assay": {"readout": "pSTAT9"}}, "pSTAT9"),
    ({"assay": {"cell": "neuron"}}, "neuron"),
    ({"assay": {"matrix": "beer"}}, "unknown matrix 'beer'"),
    ({"assay": {"cytokine_dose": "3"}}, "has no unit"),
    ({"assay": {"milieu": "ra_synovium", "cytokine_dose": "3 nM"}}, "give one of them"),
    ({"doses": "4 mg"}, "not a known field"),
]


@pytest.mark.parametrize(("fields", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_a_scenario_cannot_be_is_refused_in_one_line(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(jk.InputError) as refusal:
        jk.Scenario(**fields)
    assert said in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("patient: ra_adult\nregimen: 4 mg qd\nassay:\n  cytokine: IL-66\n", "study.yaml:4: assay.cytokine"),
        ("patient:\n  population: ra_adult\n  eGFR: 45 miles\n", "study.yaml:3: patient.eGFR"),
        ("regimen: 4 mg sometimes\n", "study.yaml:1: regimen"),
        ("patient: ra_adult\ndrug: baricitinib\n", "study.yaml:2: drug"),
        ("events: ../doses.csv\n", "outside its folder"),
    ],
)
def test_a_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "study.yaml").write_text(text)
    with pytest.raises(jk.InputError) as refusal:
        jk.Scenario.read(tmp_path / "study.yaml")
    assert said in str(refusal.value)


# Verbs ------------------------------------------------------------------------------------------------


def test_compare_of_a_scenario_is_compare_of_its_regimen() -> None:
    asked = jk.compare(RA).to_frame()
    usual = jk.compare("baricitinib 4 mg qd", "IL-6", "ra_adult").to_frame()
    numbers = list(usual.select_dtypes("number"))
    assert asked[numbers].equals(usual[numbers])


def test_arms_stand_side_by_side_and_less_renal_function_inhibits_more() -> None:
    arms = [RA.but(eGFR=value) for value in (90, 45)]
    found = jk.compare(arms, bands=False).to_frame()
    assert list(found.regimen) == [arm.label for arm in arms]
    assert found.average_inhibition_percent.is_monotonic_increasing
    assert found.ic50_nM.nunique() == 1
    with pytest.raises(jk.InputError, match="measured otherwise"):
        jk.compare([RA, RA.but(cytokine_dose="2 nM")])
    with pytest.raises(jk.InputError, match="given twice"):
        jk.compare([RA, RA])


def test_simulate_of_a_scenario_is_the_course_of_its_regimen() -> None:
    asked = jk.simulate(RA.but(eGFR=45))
    usual = course("baricitinib 4 mg qd ss", population="ra_adult", settings={"eGFR": 45})
    assert (asked.inhibition == usual.inhibition).all()
    # The same day at steady state, drawn at other times.
    average = jk.compare(RA.but(eGFR=45)).to_frame().average_inhibition_percent[0]
    assert asked.days[0]["mean inhibition (%)"] == pytest.approx(average, abs=0.2)


def test_assay_of_a_scenario_is_the_assay_of_its_parts() -> None:
    asked = jk.assay(RA.but(cytokine_dose="2 nM"))
    usual = jk.assay("baricitinib", "IL-6", cytokine_dose="2 nM")
    assert dataclasses.asdict(asked.assay) == dataclasses.asdict(usual.assay)
    assert asked.ic50 == usual.ic50


def test_what_a_verb_does_not_take_is_refused_rather_than_left_out() -> None:
    assert for_population(RA)["population"] == "ra_adult"
    for question, said in (
        (lambda: jk.population(RA.but(eGFR=45), n=3), "does not take eGFR"),
        (lambda: jk.compare(RA, "IL-2"), "'IL-2'"),
        (lambda: jk.compare(RA, population="ra_adult"), "population: give it in the scenario"),
        (lambda: jk.assay([RA, RA.but(eGFR=4)]), "2 scenarios"),
        (lambda: jk.assay(RA, scenario=RA), "given twice"),
        (lambda: jk.assay(scenario="baricitinib"), "scenario is 'baricitinib'; give a jk.Scenario"),
        (lambda: jk.simulate(RA.but(matrix="PBMC")), "ex vivo blood"),
        (lambda: jk.simulate(RA.but(cytokine="all")), "takes one cytokine"),
        (lambda: jk.simulate(RA.but(concentration=4)), "does not take concentration"),
        (lambda: RA.but(dose=4), "unknown part of a scenario 'dose'"),
    ):
        with pytest.raises(jk.InputError, match=said):
            question()
