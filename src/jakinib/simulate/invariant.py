"""Rules that only settings can change: evaluated when something is set, not at every integrator step.

The engine expands a rule wherever it is used, so a potency law of constants would be computed hundreds of
times per step. The model that is integrated reads these symbols as plain parameters instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libsbml
import numpy as np
from numpy.typing import NDArray

from jakinib.simulate.jit import compiled


class Laws:
    """The invariant rules of a model, evaluated by the engine that integrates the rest.

    document: the model; they are taken out of it. parameters, compartments: what the rules read. gives: the
    symbols they give.
    """

    def __init__(self, document: libsbml.SBMLDocument) -> None:
        laws, reads, self.gives = take_out(document)
        self.parameters: tuple[str, ...] = ()
        self.compartments: tuple[str, ...] = ()
        if laws is None:
            return
        self._rr = compiled(libsbml.writeSBMLToString(laws))
        model = self._model = self._rr.model
        known = model.getGlobalParameterIds()
        self.parameters = tuple(name for name in known if name in reads)
        self.compartments = tuple(name for name in model.getCompartmentIds() if name in reads)
        self._parameters = [known.index(name) for name in self.parameters]
        self._compartments = [model.getCompartmentIds().index(name) for name in self.compartments]
        self._gives = [known.index(name) for name in self.gives]

    def __call__(
        self, parameters: NDArray[np.float64], compartments: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Values of ``gives`` at the given values of ``parameters`` and ``compartments``, in their order."""
        if self._parameters:
            self._model.setGlobalParameterValues(self._parameters, parameters)
        if self._compartments:
            self._model.setCompartmentVolumes(self._compartments, compartments)
        values: NDArray[np.float64] = self._model.getGlobalParameterValues(self._gives)
        return values


def take_out(
    document: libsbml.SBMLDocument,
) -> tuple[libsbml.SBMLDocument | None, frozenset[str], tuple[str, ...]]:
    """Take the invariant rules out of a document.

    Returns a model of nothing else, the parameters and compartments the rules read, and the symbols they
    give; no model where no rule is invariant.
    """
    model = document.getModel()
    rules = {} if model is None else _invariant(model)
    if not rules:
        return None, frozenset(), ()
    read = frozenset(name for names in rules.values() for name in names) - set(rules)
    laws = document.clone()
    _keep_rules(laws.getModel(), {*read, *rules}, set(rules))
    for symbol in rules:
        model.removeRuleByVariable(symbol)
        model.getParameter(symbol).setValue(0.0)  # written before every run
    return laws, read, tuple(rules)


def _invariant(model: Any) -> dict[str, set[str]]:
    """Assignment rules of parameters that read only constants of the run, with the names they read."""
    if (
        any(rule.isAlgebraic() for rule in model.getListOfRules())
        or model.getNumFunctionDefinitions()
        or model.getNumInitialAssignments()  # they may read a rule at load
    ):
        return {}
    moving = {rule.getVariable() for rule in model.getListOfRules() if rule.isRate()}
    for event in model.getListOfEvents():
        moving |= {assignment.getVariable() for assignment in event.getListOfEventAssignments()}
    rules = {rule.getVariable(): rule for rule in model.getListOfRules() if rule.isAssignment()}
    quantities = (*model.getListOfParameters(), *model.getListOfCompartments())
    constants = {quantity.getId() for quantity in quantities} - moving - set(rules)
    found: dict[str, set[str]] = {}
    before = -1
    while before < len(found):
        before = len(found)
        for symbol, rule in rules.items():
            names = set(_names(rule.getMath()))
            if symbol not in found and names <= constants and model.getParameter(symbol) is not None:
                found[symbol] = names
                constants.add(symbol)
    return found


def _names(node: Any) -> Iterator[str]:
    """Every symbol of a formula; time and functions of time count as one that no model has."""
    if node.isCSymbolFunction() or node.getDefinitionURLString():
        yield ""
    elif node.isName():
        yield node.getName()
    for index in range(node.getNumChildren()):
        yield from _names(node.getChild(index))


def _keep_rules(model: Any, symbols: set[str], rules: set[str]) -> None:
    """Leave of a model the named rules and symbols, and the compartments."""
    lists = (
        model.getListOfReactions,
        model.getListOfEvents,
        model.getListOfConstraints,
        model.getListOfSpecies,
    )
    for items in lists:
        items().clear()
    for symbol in {rule.getVariable() for rule in model.getListOfRules()} - rules:
        model.removeRuleByVariable(symbol)
    for symbol in {parameter.getId() for parameter in model.getListOfParameters()} - symbols:
        model.removeParameter(symbol)
