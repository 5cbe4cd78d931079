"""Every regimen in a file, as events and initial amounts, does what it does inside."""

from __future__ import annotations

from pathlib import Path

import libsbml
import numpy as np
import pytest
from interop_models import distance, exported

from jakinib.assay.patient import Patient
from jakinib.assay.pk import Disposition, dosed, plasma
from jakinib.errors import ExportError, InputError
from jakinib.export import export
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, load

DRUG, PEOPLE = "baricitinib", "ra_adult"
REGIMENS = [
    "8 mg once then 4 mg qd x 2",
    "4 mg qd x 2 then 2 mg bid x 2",
    "4 mg qd x 3 missing 2",
    "4 mg iv infusion over 30 h qd x 3",
    "4 mg iv bolus q8h x 4",
    "0.05 mg/kg qd x 2",
    "4 mg qd ss x 3",
    "4 mg iv infusion over 30 h qd ss x 2 + 2 mg qd ss at 8 h",
    "baricitinib 4 mg bid x 3",
]


@pytest.mark.parametrize("text", REGIMENS)
@pytest.mark.parametrize("form", ["sbml-l3v2", "sbml-l2v4"])
def test_the_file_alone_reproduces_the_dosed_simulation(text: str, form: str) -> None:
    model, at = load("oral_pk", population=PEOPLE), np.linspace(0, 72, 289)
    plan = dosed(model, Regimen.parse(text), {DRUG: Disposition.of(DRUG, PEOPLE)}, at)
    inside = model.run(plan, model.species)
    assert inside.max() > 0
    outside = Model(exported(model, form, text, PEOPLE)).run(Protocol(at), model.species)
    assert distance(inside, outside) < 1e-6


def test_the_whole_chain_reproduces_a_steady_state() -> None:
    model, at = load("blood_pkpd", population=PEOPLE), np.linspace(0, 24, 97)
    plan = dosed(model, Regimen.parse("4 mg qd ss"), {DRUG: Disposition.of(DRUG, PEOPLE)}, at, {"L_IL6": 1.0})
    text = exported(model, "sbml-l3v2", "4 mg qd ss", PEOPLE)
    outside = Model(text).run(Protocol(at, {"L_IL6": 1.0}), model.species)
    assert distance(model.run(plan, model.species), outside) < 1e-6


def test_a_combination_doses_each_inhibitor() -> None:
    names, population = ("baricitinib", "tofacitinib"), "healthy_adult"
    text = "baricitinib 4 mg qd ss x 2 + tofacitinib 5 mg bid ss x 4"
    model, at = load("oral_pk", inhibitors=names, population=population), np.linspace(0, 48, 193)
    uptake = {name: Disposition.of(name, population) for name in names}
    inside = model.run(dosed(model, Regimen.parse(text), uptake, at), model.species)
    outside = Model(exported(model, "sbml-l3v2", text, population)).run(Protocol(at), model.species)
    assert distance(inside, outside) < 1e-6
    with pytest.raises(ExportError, match="name the inhibitor"):
        exported(model, "sbml-l3v2", "4 mg qd x 2", population)


def test_events_of_a_missed_dose_are_absent() -> None:
    text = exported("oral_pk", "sbml-l3v2", "4 mg qd x 3 missing 2")
    assert libsbml.readSBMLFromString(text).getModel().getNumEvents() == 4


def test_a_regimen_of_another_inhibitor_is_refused() -> None:
    with pytest.raises(ExportError, match="doses of baricitinib, not of tofacitinib"):
        exported("oral_pk", "sbml-l3v2", "tofacitinib 5 mg bid x 2")


@pytest.mark.parametrize("people", ["healthy_adult", "ra_adult"])
@pytest.mark.parametrize("text", ["4 mg qd ss x 4", "0.05 mg/kg bid x 6"])
def test_a_patient_who_changes_is_in_the_file(text: str, people: str, tmp_path: Path) -> None:
    """In healthy adults renal function changes how much of a dose is taken up, too."""
    who = {"weight": "80, 60 from 30.1 h", "eGFR": "90, 20 from 50.1 h"}
    files = export("oral_pk", tmp_path, ["sbml-l3v2", "sbml-l2v4"], text, people, **who)
    at = np.linspace(0, 96, 385)
    patient = Patient(people, DRUG, **who).settings()  # type: ignore[arg-type]
    inside = plasma(Regimen.parse(text), at, population=people, settings=patient).concentration
    for file in files:
        outside = Model(file.read_text(encoding="utf-8"), exact=False).run(Protocol(at), [f"C_{DRUG}"])[:, 0]
        later = at > 0
        assert outside[later] == pytest.approx(inside[later], rel=1e-5)
    with pytest.raises(InputError, match="weight and eGFR without doses"):
        export("oral_pk", tmp_path, ["sbml-l3v2"], None, people, **who)
