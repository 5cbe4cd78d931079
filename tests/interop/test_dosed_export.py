"""Doses in the file as events do what restarts at dose times do inside."""

import libsbml
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_models import CYTOKINE, DOSED, distance, exported

from jakinib.assay import Disposition
from jakinib.assay.dosing import dosing_steps
from jakinib.regimen import Dose, Regimen
from jakinib.simulate import Model, Protocol, load

DRUG = "baricitinib"


def restarted(
    model: Model, regimen: Regimen, at: np.ndarray, population: str = "healthy_adult"
) -> np.ndarray:
    steps = dosing_steps(regimen, Disposition.of(DRUG, population), DRUG)
    return model.run(Protocol(at, stimulus(model), steps), model.species)


def by_events(model: Model, sbml: str, at: np.ndarray) -> np.ndarray:
    return Model(sbml).run(Protocol(at, stimulus(model)), model.species)


def stimulus(model: Model) -> dict[str, float]:
    return dict.fromkeys(model.boundary, CYTOKINE)


@pytest.mark.parametrize(("name", "regimen"), [("oral_pk", "4 mg qd x 3"), ("blood_pkpd", "4 mg")])
def test_events_reproduce_the_dosed_simulation(name: str, regimen: str) -> None:
    model, at = load(name), np.linspace(0, 72, 289)
    inside = restarted(model, Regimen.parse(regimen), at)
    assert inside[:, model.species.index(f"{DRUG}_central")].max() > 0
    assert distance(inside, by_events(model, exported(model, "sbml-l3v2", regimen), at)) < 1e-6


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.builds(Dose, st.sampled_from([0.0, 0.5, 1.0, 6.0, 6.25, 12.0]), st.floats(0.5, 20)),
             min_size=1, max_size=4, unique_by=lambda dose: dose.time)
)  # fmt: skip
def test_overlapping_doses_add_up_in_the_file_too(doses: list[Dose]) -> None:
    model, at, regimen = load("oral_pk"), np.linspace(0, 24, 97), Regimen(tuple(doses))
    inside = restarted(model, regimen, at)
    assert distance(inside, by_events(model, exported(model, "sbml-l3v2", regimen), at)) < 1e-6


def test_a_dose_without_lag_starts_at_time_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    instant = Disposition(0.5, 0.0, 371.42)
    monkeypatch.setattr(Disposition, "of", lambda *_: instant)
    model, at, regimen = load("oral_pk"), np.linspace(0, 6, 61), Regimen.single(4)
    inside = restarted(model, regimen, at)
    assert inside[5].max() > 0
    for form in ("sbml-l3v2", "sbml-l2v4"):
        assert distance(inside, by_events(model, exported(model, form, regimen), at)) < 1e-6


def test_back_to_back_doses_leave_one_event_at_the_joint(monkeypatch: pytest.MonkeyPatch) -> None:
    # The second dose ends at (0.2 + 0.7) + 0.2 and the third begins at 0.4 + 0.7: last bits apart.
    monkeypatch.setattr(Disposition, "of", lambda *_: Disposition(0.2, 0.7, 371.42))
    regimen, model, at = (
        Regimen(tuple(Dose(t, 4.0) for t in (0.0, 0.2, 0.4))),
        load("oral_pk"),
        np.linspace(0, 6, 61),
    )
    sbml = exported(model, "sbml-l3v2", regimen)
    assert sbml.count("<event ") == 4
    assert distance(restarted(model, regimen, at), by_events(model, sbml, at)) < 1e-6


@pytest.mark.parametrize("name", DOSED)
def test_events_are_named_persistent_and_one_a_change_of_rate(name: str) -> None:
    document = libsbml.readSBMLFromString(exported(load(name), "sbml-l3v2", "4 mg qd x 3"))
    events = list(document.getModel().getListOfEvents())
    assert len(events) == 6  # on and off, three times
    for event in events:
        trigger = event.getTrigger()
        assert event.getName()
        assert trigger.getPersistent()
        assert trigger.getInitialValue()
        assert event.getNumEventAssignments() == 1
        assert event.getEventAssignment(0).getVariable() == f"input_rate_{DRUG}"
    assert not document.getModel().getParameter(f"input_rate_{DRUG}").getConstant()


def test_lag_and_duration_are_those_of_the_population() -> None:
    at, regimen = np.linspace(0, 24, 97), Regimen.single(4)
    model = load("oral_pk", population="ra_adult")
    assert Disposition.of(DRUG, "ra_adult") != Disposition.of(DRUG, "healthy_adult")
    inside = restarted(model, regimen, at, "ra_adult")
    sbml = exported("oral_pk", "sbml-l3v2", regimen, "ra_adult")
    assert distance(inside, by_events(model, sbml, at)) < 1e-6
