"""Species that are zero and stay zero, such as the receptor complexes of a pathway the cell lacks.

They and their reactions are left out of the integration; the states that remain are the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import libsbml

NOTHING: frozenset[str] = frozenset()
Formula = str | float | tuple[str, tuple["Formula", ...]]  # a name, a number, an operation


@dataclass(frozen=True)
class Dormant:
    """What was left out of a model.

    species: zero for good, constants of the model that is left. wakers: symbols that may not be set in it,
    because another value of theirs can bring one of the species to life (the species among them).
    """

    species: frozenset[str] = NOTHING
    wakers: frozenset[str] = NOTHING


def leave_out(document: libsbml.SBMLDocument) -> Dormant:
    """Leave out of a document the species that no reaction, rule or event can lift from an initial zero.

    A rate counts as zero when a factor of it is: a dormant species, or a parameter that is zero (a waker).
    What is not understood counts as not zero.
    """
    model = document.getModel()
    if model is None or not _is_plain(model):
        return Dormant()
    fixed = _changed_by_formula(model)
    rules = {rule.getVariable(): _formula(rule.getMath()) for rule in model.getListOfRules()}
    zero = {p.getId() for p in model.getListOfParameters() if p.getValue() == 0} - fixed
    species = {s.getId() for s in model.getListOfSpecies() if _starts_at_zero(s)} - fixed
    rates = {r.getId(): _rate(r) for r in model.getListOfReactions()}
    touched = {r.getId(): _species_of(r) for r in model.getListOfReactions()}
    while True:
        proofs = {id: _Zero(species, zero, rules).proof(rate) for id, rate in rates.items()}
        alive = {name for id, proof in proofs.items() if proof is None for name in touched[id]} & species
        if not alive:
            break
        species -= alive
    if not species:
        return Dormant()
    wakers = set(species)
    for id, proof in proofs.items():
        if proof is not None and (not proof or touched[id] & species):
            wakers |= proof
            model.removeReaction(id)
    for name in species:
        model.getSpecies(name).setBoundaryCondition(True)
    return Dormant(frozenset(species), frozenset(wakers))


class _Zero:
    """Proofs that a formula is zero."""

    def __init__(self, dormant: set[str], zero: set[str], rules: dict[str, Formula]) -> None:
        self.dormant, self.zero, self.rules = dormant, zero, rules
        self.found: dict[str, frozenset[str] | None] = {}

    def proof(self, formula: Formula) -> frozenset[str] | None:
        """The zero parameters that make it zero (none: dormant species do); None when it may not be zero."""
        if isinstance(formula, str):
            return self._of_name(formula)
        if isinstance(formula, float):
            return NOTHING if formula == 0 else None
        operation, operands = formula
        found = [self.proof(operand) for operand in operands]
        known = [proof for proof in found if proof is not None]
        if operation == "*":
            return min(known, key=len, default=None)
        if operation == "/":
            return found[0] if found[1] is None else None
        if operation in ("+", "-"):
            return NOTHING.union(*known) if known and len(known) == len(found) else None
        if operation == "^" and isinstance(operands[1], float) and operands[1] > 0:
            return found[0]
        return None

    def _of_name(self, name: str) -> frozenset[str] | None:
        if name in self.dormant:
            return NOTHING
        if name in self.zero:
            return frozenset({name})
        if name not in self.rules:
            return None
        if name not in self.found:
            self.found[name] = self.proof(self.rules[name])
        return self.found[name]


def _formula(node: Any) -> Formula:
    """By predicates: with tellurium imported, libSBML's type codes are no longer numbers."""
    if node is None:
        return ("", ())
    if node.isNumber():
        return float(node.getValue())
    if node.isName() and not node.getDefinitionURLString():  # else time or another that no model declares
        return str(node.getName())
    operands = tuple(_formula(node.getChild(index)) for index in range(node.getNumChildren()))
    if node.isOperator():
        return (node.getCharacter(), operands)
    return ("^" if node.getName() == "power" else "", operands)


def _names(formula: Formula) -> Iterator[str]:
    if isinstance(formula, str):
        yield formula
    elif isinstance(formula, tuple):
        for operand in formula[1]:
            yield from _names(operand)


def _rate(reaction: Any) -> Formula:
    law = reaction.getKineticLaw()
    if law is None or law.getNumParameters() or law.getNumLocalParameters():  # they hide model symbols
        return ("", ())
    return _formula(law.getMath())


def _species_of(reaction: Any) -> set[str]:
    lists = (reaction.getListOfReactants(), reaction.getListOfProducts())
    return {reference.getSpecies() for references in lists for reference in references}


def _starts_at_zero(species: Any) -> bool:
    given = (species.isSetInitialAmount(), species.isSetInitialConcentration())
    if species.getBoundaryCondition() or species.getConstant() or not any(given):
        return False
    return bool((species.getInitialAmount() if given[0] else species.getInitialConcentration()) == 0)


def _changed_by_formula(model: Any) -> set[str]:
    """Symbols that a rule, an initial assignment or an event gives a value."""
    found = {rule.getVariable() for rule in model.getListOfRules()}
    found |= {assignment.getSymbol() for assignment in model.getListOfInitialAssignments()}
    for event in model.getListOfEvents():
        found |= {assignment.getVariable() for assignment in event.getListOfEventAssignments()}
    return found


def _is_plain(model: Any) -> bool:
    """No formula reads a reaction or a stoichiometry, which would be lost with the reaction."""
    if any(rule.isAlgebraic() for rule in model.getListOfRules()):
        return False
    holders = [*model.getListOfRules(), *model.getListOfInitialAssignments()]
    for event in model.getListOfEvents():
        parts = (event.getTrigger(), event.getDelay(), event.getPriority())
        holders += [*(part for part in parts if part is not None), *event.getListOfEventAssignments()]
    holders += [law for r in model.getListOfReactions() if (law := r.getKineticLaw()) is not None]
    reactions = {r.getId() for r in model.getListOfReactions()}
    read = {name for holder in holders for name in _names(_formula(holder.getMath()))}
    references = (
        reference
        for r in model.getListOfReactions()
        for references in (r.getListOfReactants(), r.getListOfProducts())
        for reference in references
    )
    return not reactions & read and not any(reference.getId() for reference in references)
