"""Rules that only settings can change: evaluated when something is set, not at every integrator step.

The engine expands a rule wherever it is used, so a potency law of constants would be computed hundreds of
times per step. The model that is integrated reads these symbols as plain parameters instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.simulate.formula import names
from jakinib.simulate.source import Source

if TYPE_CHECKING:
    import libsbml


class Laws:
    """The invariant rules of a model, evaluated by the engine that integrates the rest.

    rr: the engine of a model of nothing else; None where there are none. reads: what the rules read. gives:
    the symbols they give. parameters, compartments: those of ``reads``, in the order of the engine.
    """

    def __init__(
        self, rr: Any | None, reads: frozenset[str] = frozenset(), gives: tuple[str, ...] = ()
    ) -> None:
        self.gives = gives
        self.parameters: tuple[str, ...] = ()
        self.compartments: tuple[str, ...] = ()
        if rr is None:
            return
        self._rr = rr
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
    document: libsbml.SBMLDocument, source: Source | None = None
) -> tuple[libsbml.SBMLDocument | None, frozenset[str], tuple[str, ...]]:
    """Take the invariant rules out of a document.

    Returns a model of nothing else, the parameters and compartments the rules read, and the symbols they
    give; no model where no rule is invariant.
    """
    model = document.getModel()
    rules = {} if model is None else _invariant(source or Source(model))
    if not rules:
        return None, frozenset(), ()
    read = frozenset(name for reads in rules.values() for name in reads) - set(rules)
    laws = document.clone()
    _keep_rules(laws.getModel(), {*read, *rules}, set(rules))
    for symbol in rules:
        model.removeRuleByVariable(symbol)
        model.getParameter(symbol).setValue(0.0)  # written before every run
    return laws, read, tuple(rules)


def _invariant(source: Source) -> dict[str, set[str]]:
    """Assignment rules of parameters that read only constants of the run, with the names they read."""
    if not source.plain:
        return {}
    constants = (set(source.parameters) | set(source.compartments)) - set(source.assigned)
    found: dict[str, set[str]] = {}
    before = -1
    while before < len(found):
        before = len(found)
        for symbol, rule in source.assigned.items():
            read = set(names(rule))
            if symbol not in found and read <= constants:
                found[symbol] = read
                constants.add(symbol)
    return found


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
