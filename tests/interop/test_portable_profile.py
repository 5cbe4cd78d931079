"""The committed models, and a dosed export, keep to the SBML that every tool reads."""

from collections.abc import Iterator

import libsbml
import pytest
from interop_models import DOSED, NAMES, committed, exported

from jakinib.build import check
from jakinib.simulate import Model

FILES = (*NAMES, *(f"{name}, dosed" for name in DOSED))
FORBIDDEN = {libsbml.AST_FUNCTION_MAX, libsbml.AST_FUNCTION_MIN, libsbml.AST_FUNCTION_REM,
             libsbml.AST_FUNCTION, libsbml.AST_FUNCTION_DELAY, libsbml.AST_RELATIONAL_EQ}  # fmt: skip


def text_of(file: str) -> str:
    name, _, dosed = file.partition(", ")
    return exported(Model(committed(name)), "sbml-l3v2", "4 mg qd x 3") if dosed else committed(name)


@pytest.fixture(params=FILES, scope="module")
def text(request: pytest.FixtureRequest) -> str:
    return text_of(request.param)


@pytest.fixture
def model(text: str) -> Iterator[libsbml.Model]:
    document = libsbml.readSBMLFromString(text)
    yield document.getModel()
    del document  # libSBML elements die with their document


def maths(model: libsbml.Model) -> Iterator[libsbml.ASTNode]:
    elements = model.getListOfAllElements()
    elements = [elements.get(i) for i in range(elements.getSize())]
    return (
        element.getMath() for element in elements if getattr(element, "getMath", None) and element.getMath()
    )


def nodes(math: libsbml.ASTNode) -> Iterator[libsbml.ASTNode]:
    yield math
    for i in range(math.getNumChildren()):
        yield from nodes(math.getChild(i))


def factors(math: libsbml.ASTNode) -> Iterator[str]:
    """Names that multiply the whole expression."""
    if math.getType() == libsbml.AST_TIMES:
        for i in range(math.getNumChildren()):
            yield from factors(math.getChild(i))
    elif math.getType() == libsbml.AST_DIVIDE:
        yield from factors(math.getChild(0))
    elif math.getType() == libsbml.AST_NAME:
        yield math.getName()


def test_libsbml_finds_neither_error_nor_warning(text: str) -> None:
    assert check(text) == []


def test_the_file_is_level_3_version_2(model: libsbml.Model) -> None:
    assert (model.getLevel(), model.getVersion()) == (3, 2)


def test_nothing_hides_in_functions_initial_assignments_or_algebraic_rules(model: libsbml.Model) -> None:
    assert model.getNumFunctionDefinitions() == 0
    assert model.getNumInitialAssignments() == 0
    assert all(model.getRule(i).isAssignment() for i in range(model.getNumRules()))


def test_mathematics_is_what_every_tool_knows(model: libsbml.Model) -> None:
    used = [node.getType() for math in maths(model) for node in nodes(math)]
    assert len(used) > 100 or model.getNumReactions() < 5
    assert FORBIDDEN.isdisjoint(used)


def test_ids_are_ascii(model: libsbml.Model) -> None:
    elements = model.getListOfAllElements()
    ids = [elements.get(i).getIdAttribute() for i in range(elements.getSize())]
    assert any(ids)
    assert all(identifier.isascii() for identifier in ids)


def test_every_parameter_and_number_has_a_unit(model: libsbml.Model) -> None:
    assert [p.getId() for p in model.getListOfParameters() if not p.getUnits()] == []
    numbers = [node for math in maths(model) for node in nodes(math) if node.isNumber()]
    assert all(node.getUnits() for node in numbers)
    for unit in ("Substance", "Time", "Volume", "Extent"):
        assert getattr(model, f"get{unit}Units")()


def test_every_species_and_compartment_has_a_size(model: libsbml.Model) -> None:
    assert all(s.isSetInitialAmount() or s.isSetInitialConcentration() for s in model.getListOfSpecies())
    assert all(c.isSetSize() for c in model.getListOfCompartments())


def test_triggers_wait_for_a_time_with_greater_or_equal(model: libsbml.Model) -> None:
    for event in model.getListOfEvents():
        math = event.getTrigger().getMath()
        assert math.getType() == libsbml.AST_RELATIONAL_GEQ
        assert math.getChild(0).getType() == libsbml.AST_NAME_TIME


def test_every_rate_law_multiplies_its_compartment_or_moves_amounts(model: libsbml.Model) -> None:
    for reaction in model.getListOfReactions():
        sides = [*reaction.getListOfReactants(), *reaction.getListOfProducts()]
        moved = [model.getSpecies(side.getSpecies()) for side in sides]
        if all(species.getHasOnlySubstanceUnits() for species in moved):
            continue
        homes = {species.getCompartment() for species in moved}
        assert homes & set(factors(reaction.getKineticLaw().getMath())), reaction.getId()


def test_the_dosed_export_has_events_and_the_models_none() -> None:
    for file in FILES:
        assert (text_of(file).count("<event ") > 0) == file.endswith("dosed")
