"""Species that are zero and stay zero, such as the receptor complexes of a pathway the cell lacks.

They and their reactions are left out of the integration; the states that remain are the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jakinib.simulate.formula import Formula, names
from jakinib.simulate.source import Source

if TYPE_CHECKING:
    import libsbml

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Dormant:
    """What was left out of a model.

    species: zero for good, constants of the model that is left. wakers: symbols that may not be set in it,
    because another value of theirs can bring one of the species to life (the species among them).
    reactions: those left out.
    """

    species: frozenset[str] = NOTHING
    wakers: frozenset[str] = NOTHING
    reactions: frozenset[str] = NOTHING


def leave_out(document: libsbml.SBMLDocument, source: Source | None = None) -> Dormant:
    """Leave out of a document the species that no reaction can lift from an initial zero.

    A rate counts as zero when a factor of it is: a dormant species, or a parameter that is zero (a waker).
    What is not understood counts as not zero, and a model that is not plain is left whole: the proof covers
    reactions and rules of parameters, nothing else.
    """
    model = document.getModel()
    source = source or (Source(model) if model is not None else None)
    if source is None or not source.plain or _reads(source, set(source.reactions)):
        return Dormant()
    zero = {name for name, value in source.parameters.items() if value == 0} - set(source.assigned)
    species = {name for name, s in source.species.items() if s.given == 0 and not s.boundary}
    touched = {id: {name for name, *_ in change.species} for id, change in source.reactions.items()}
    while True:
        found = _Zero(species, zero, source.assigned)
        proofs = {id: found.proof(change.law) for id, change in source.reactions.items()}
        alive = {name for id, proof in proofs.items() if proof is None for name in touched[id]} & species
        if not alive:
            break
        species -= alive
    if not species:
        return Dormant()
    wakers, left_out = set(species), set()
    for id, proof in proofs.items():
        if proof is not None and (not proof or touched[id] & species):
            wakers |= proof
            left_out.add(id)
            model.removeReaction(id)
    for name in species:
        model.getSpecies(name).setBoundaryCondition(True)
    return Dormant(frozenset(species), frozenset(wakers), frozenset(left_out))


class _Zero:
    """Proofs that a formula is zero."""

    def __init__(self, dormant: set[str], zero: set[str], rules: Mapping[str, Formula]) -> None:
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


def _reads(source: Source, symbols: set[str]) -> bool:
    """Does a formula read one of these?"""
    return any(not symbols.isdisjoint(names(formula)) for _, formula in source.formulas())
