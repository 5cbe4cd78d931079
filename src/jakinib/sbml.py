"""What every room does with libSBML: read a formula, the names in it, the first error, an event at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def names_in(node: Any) -> Iterator[str]:
    """Ids of the symbols and the functions that a formula names; time and Avogadro's number have none."""
    if node.isUserFunction() or (node.isName() and not node.getDefinitionURLString()):
        yield node.getName()
    for i in range(node.getNumChildren()):
        yield from names_in(node.getChild(i))


def parsed(text: str, model: Any, *, natural_log: bool = False) -> Any:
    """The formula that ``text`` states in the symbols of a model; ``log`` is to base ten unless natural.

    Raises ValueError with libSBML's reason for a text that is no formula.
    """
    import libsbml

    settings = libsbml.L3ParserSettings()
    settings.setModel(model)
    if natural_log:
        settings.setParseLog(libsbml.L3P_PARSE_LOG_AS_LN)
    formula = libsbml.parseL3FormulaWithSettings(text, settings)
    if formula is None:
        reason = " ".join(libsbml.getLastParseL3Error().split())
        raise ValueError(f"'{text}' is not a formula: {reason}")
    return formula


def first_error(document: Any) -> tuple[int, str] | None:
    """Line and message of the first error that libSBML has found in a document, if any."""
    import libsbml

    for i in range(document.getNumErrors()):
        error = document.getError(i)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            return error.getLine(), " ".join(error.getMessage().split())
    return None


def add_event(model: Any, identifier: str, name: str, time: str, assignments: Mapping[str, str]) -> None:
    """From ``time`` on, a formula, the named symbols have the values of these formulas.

    The trigger counts as true before the start, the only start that Level 2 knows.
    """
    import libsbml

    event = model.createEvent()
    event.setId(identifier)
    event.setName(name)
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setPersistent(True)
    trigger.setInitialValue(True)
    trigger.setMath(libsbml.parseL3Formula(f"time >= {time}"))
    for symbol, formula in assignments.items():
        assignment = event.createEventAssignment()
        assignment.setVariable(symbol)
        assignment.setMath(libsbml.parseL3Formula(formula))


def declare_literals(node: Any) -> None:
    """Bare numbers of a formula are dimensionless, so that units can be checked without gaps."""
    if node.isNumber() and not node.isSetUnits():
        node.setUnits("dimensionless")
    for i in range(node.getNumChildren()):
        declare_literals(node.getChild(i))
