"""What an SBML file is about can be looked up, and its checks end as the documentation says."""

from __future__ import annotations

import functools
import itertools
import re

import libsbml
import pytest

from jakinib import paths
from jakinib.build import built, check
from jakinib.export.formats import to_level
from jakinib.report.network import Network, identities

DOCS = paths.root() / "docs"
NAMES = tuple(built())

# No database names these; reactions are plain pharmacokinetics or plumbing of the assay.
WITHOUT_IDENTITY = {
    "central", "peripheral", "well",
    "peptide",
    "bind_ATP", "bind_baricitinib",
    "absorb_baricitinib", "eliminate_baricitinib", "distribute_baricitinib",
}  # fmt: skip


@functools.cache
def network(name: str) -> Network:
    return Network(paths.models() / "sbml" / f"{name}.xml")


@pytest.mark.parametrize("name", NAMES)
def test_every_compartment_species_and_reaction_has_an_sbo_term_and_an_identity(name: str) -> None:
    model = network(name).model
    lists = (model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfReactions())
    for element in itertools.chain.from_iterable(lists):
        symbol = element.getId()
        assert element.isSetSBOTerm(), symbol
        if symbol not in WITHOUT_IDENTITY:
            assert identities(element), symbol


@pytest.mark.parametrize("name", NAMES)
def test_every_identity_is_an_address_of_identifiers_org_with_a_qualifier(name: str) -> None:
    model = network(name).model
    elements = model.getListOfAllElements()
    for element in (model, *(elements.get(i) for i in range(elements.getSize()))):
        for qualifier, address in identities(element):
            assert qualifier
            assert re.fullmatch(r"https://identifiers\.org/(\w[\w.]*:)?\S+", address), address


def test_the_note_on_checks_names_every_category_of_libsbml() -> None:
    text = (DOCS / "sbml_checks.md").read_text(encoding="utf-8").casefold()
    for category in (
        "general",
        "identifier",
        "units",
        "mathml",
        "sbo",
        "overdetermined",
        "modelling practice",
    ):
        assert category in text


@pytest.mark.parametrize("name", ["oral_pk", "cytokine_signalling_IL6"])
def test_level_3_is_clean_and_level_2_warns_only_that_numbers_carry_no_unit(name: str) -> None:
    sbml = (paths.models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")
    assert check(sbml) == []
    assert check(to_level(sbml, 3, 1)) == []
    document = libsbml.readSBMLFromString(to_level(sbml, 2, 4))
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, True)
    document.checkConsistency()
    ids = {document.getError(i).getErrorId() for i in range(document.getNumErrors())}
    assert ids <= {99505}
    assert (99505 in ids) == (name != "oral_pk")


def test_the_note_on_checks_lists_the_parameters_that_have_an_identity() -> None:
    text = (DOCS / "sbml_checks.md").read_text(encoding="utf-8")
    named = {p for name in NAMES for p, e in network(name).parameters.items() if identities(e)}
    listed = re.findall(r"`([\w*]+)`", text.split("## Parameters")[1])
    patterns = [symbol.replace("*", r"\w+") for symbol in listed]
    unlisted = [symbol for symbol in named if not any(re.fullmatch(p, symbol) for p in patterns)]
    assert unlisted == []
    for pattern in patterns:
        matching = {p for name in NAMES for p in network(name).parameters if re.fullmatch(pattern, p)}
        assert matching, pattern
        assert matching <= named, pattern
