"""What a curator of a model repository asks of every SBML file, read back from the files themselves."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import libsbml
import pytest

from jakinib import paths
from jakinib.build import ModelSpec, built, compose, to_sbml
from jakinib.build.sbml import built_here, translate
from jakinib.export.formats import to_antimony
from jakinib.library import get_library

FILES = {name: paths.models() / "sbml" / f"{name}.xml" for name in built()}
# The terms of the Systems Biology Ontology that a unit allows; 2 is any quantitative parameter.
TERMS = {
    "nM": {
        27,
        193,
        196,
        261,
        282,
    },  # constants of Michaelis, equilibrium, inhibition, binding; concentration
    "per_hour": {25, 35, 356},  # catalytic, forward unimolecular, decay
    "per_nM_per_hour": {36, 341},  # forward bimolecular, association
    "nM_per_hour": {324},  # forward maximal velocity
    "nmol_per_hour": {615},  # rate of reaction (amount)
    "nmol": {361},  # amount of an entity pool
    "hour": {346},  # temporal measure
    "litre": {468},  # volume
    "dimensionless": {2, 382, 540},  # or a factor or exponent, or fraction of an entity pool
    "litre_per_hour": {2},
    "body_kg": {2},
    "mL_per_min_per_173": {2},
}
# Forms of a name whose meaning fixes one term, whatever else their unit allows.
MEANING = {"IC50_": 261, "Ki_": 261, "Km_": 27, "Kd_": 282, "ktl_": 35, "input_rate_": 615, "kphos_": 36,
           "shift_": 382, "strength_": 382, "catalytic_steps": 382}  # fmt: skip


@functools.cache
def model(name: str) -> Any:
    document = libsbml.readSBMLFromFile(str(FILES[name]))
    model.kept = [*getattr(model, "kept", []), document]  # type: ignore[attr-defined]  # owns the model
    return document.getModel()


def annotations(element: Any) -> frozenset[tuple[str, str]]:
    """(qualifier, address) of every MIRIAM annotation of an element."""
    found = set()
    for i in range(element.getNumCVTerms()):
        term = element.getCVTerm(i)
        biological = term.getQualifierType() == libsbml.BIOLOGICAL_QUALIFIER
        qualifier = (
            libsbml.BiolQualifierType_toString(term.getBiologicalQualifierType())
            if biological
            else libsbml.ModelQualifierType_toString(term.getModelQualifierType())
        )
        found |= {(qualifier, term.getResourceURI(k)) for k in range(term.getNumResources())}
    return frozenset(found)


def notes(element: Any) -> str:
    return element.getNotes().toXMLString() if element.isSetNotes() else ""


def alike(species: Iterable[Any]) -> list[list[str]]:
    """Species that nothing tells apart: the same annotations, and no notes or the same ones."""
    groups = defaultdict(list)
    for one in species:
        groups[annotations(one), notes(one)].append(one.getId())
    return [group for group in groups.values() if len(group) > 1]


@pytest.mark.parametrize("name", FILES)
def test_every_species_says_what_it_is_or_why_no_database_does(name: str) -> None:
    naming = {"is", "hasPart", "isVersionOf", "encodes"}
    silent = [
        one.getId()
        for one in model(name).getListOfSpecies()
        if not naming & {qualifier for qualifier, _ in annotations(one)} and "no database" not in notes(one)
    ]
    assert [symbol for symbol in silent if symbol != "phosphopeptide"] == []


@pytest.mark.parametrize("name", FILES)
def test_no_two_species_are_the_same_thing_in_the_same_state_and_place(name: str) -> None:
    assert alike(model(name).getListOfSpecies()) == []


def test_species_of_several_inhibitors_and_a_metabolite_are_told_apart_too() -> None:
    spec = ModelSpec("blood_pkpd", ("IL-2", "EPO"), ("filgotinib", "baricitinib"), population="ra_adult")
    document = libsbml.readSBMLFromString(to_sbml(compose(spec)))
    assert alike(document.getModel().getListOfSpecies()) == []


@pytest.mark.parametrize("name", [name for name in FILES if "cytokine" in name])
def test_a_phosphorylated_state_carries_the_modification_and_an_unphosphorylated_one_does_not(
    name: str,
) -> None:
    phosphotyrosine = ("hasProperty", "https://identifiers.org/MOD:00048")
    for one in model(name).getListOfSpecies():
        phosphorylated = one.getId().startswith(("pSTAT", "Rp_", "Rap_"))
        assert (phosphotyrosine in annotations(one)) == phosphorylated, one.getId()


@pytest.mark.parametrize("name", [name for name in FILES if "cytokine" in name])
def test_a_stat_occurs_in_the_compartment_it_is_in(name: str) -> None:
    places = {"cytosol": "GO:0005829", "nucleus": "GO:0005634"}
    stats = [s for s in model(name).getListOfSpecies() if s.getId().startswith(("STAT", "pSTAT"))]
    assert stats
    for one in stats:
        place = places[one.getCompartment()]
        assert ("occursIn", f"https://identifiers.org/{place}") in annotations(one), one.getId()


@pytest.mark.parametrize("name", [name for name in FILES if "cytokine" in name])
def test_receptors_say_that_they_sit_in_the_membrane_and_the_cytosol_why_it_holds_them(
    name: str,
) -> None:
    membrane = ("occursIn", "https://identifiers.org/GO:0005886")
    kinds = ("LP_", "LA_", "LAP_", "R_", "Ra_", "Rp_", "Rap_")
    parameters = {parameter.getId() for parameter in model(name).getListOfParameters()}
    for one in model(name).getListOfSpecies():
        at_surface = one.getId().startswith(kinds) or f"{one.getId()}_rest" in parameters
        assert (membrane in annotations(one)) == at_surface, one.getId()
    assert "plasma membrane" in notes(model(name).getCompartment("cytosol"))


@pytest.mark.parametrize("name", FILES)
def test_the_term_of_every_parameter_fits_its_unit_and_its_meaning(name: str) -> None:
    for parameter in model(name).getListOfParameters():
        symbol, term = parameter.getId(), parameter.getSBOTerm()
        assert term in TERMS[parameter.getUnits()], (symbol, parameter.getUnits(), term)
        for start, meant in MEANING.items():
            assert term == meant or not symbol.startswith(start), (symbol, term)


@pytest.mark.parametrize("name", FILES)
def test_papers_give_numbers_to_a_model_and_do_not_describe_it(name: str) -> None:
    papers = {(qualifier, uri) for qualifier, uri in annotations(model(name)) if "doi:" in uri}
    assert {qualifier for qualifier, _ in papers} <= {"isDerivedFrom"}


@pytest.mark.parametrize("name", FILES)
def test_creators_have_a_name_and_say_where_to_reach_them(name: str) -> None:
    history = model(name).getModelHistory()
    creators = [history.getCreator(i) for i in range(history.getNumCreators())]
    assert [(c.getGivenName(), c.getFamilyName()) for c in creators] == [("jakinib", "contributors")]
    assert "repository" in creators[0].getOrganisation()


@pytest.mark.parametrize("name", FILES)
def test_the_notes_say_what_the_model_is_what_this_instance_holds_and_what_it_is_not_for(name: str) -> None:
    spec, text = built()[name].resolved(get_library()), " ".join(notes(model(name)).split())
    for held in (*spec.cytokines, *spec.inhibitors, spec.cell, spec.kinase, spec.population):
        assert held in text
    assert "must not guide the treatment of a patient" in text
    assert len(text.split("This instance")[0].split()) > 30  # what it does, before what it holds


@pytest.mark.parametrize("name", FILES)
def test_a_volume_stands_in_a_file_once(name: str) -> None:
    sizes = {c.getSize() for c in model(name).getListOfCompartments()} - {1.0}
    volumes = {p.getValue() for p in model(name).getListOfParameters() if p.getUnits() == "litre"}
    assert not sizes & volumes


@pytest.mark.parametrize("name", FILES)
def test_a_model_of_ours_is_known_by_its_notes_in_every_format(name: str) -> None:
    antimony = to_antimony(FILES[name].read_text(encoding="utf-8"))
    for text in (FILES[name].read_text(encoding="utf-8"), translate(antimony, name)):
        document = libsbml.readSBMLFromString(text)
        assert built_here(document.getModel())
        document.getModel().unsetNotes()
        assert not built_here(document.getModel())
