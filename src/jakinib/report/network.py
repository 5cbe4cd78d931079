"""An SBML file as a graph and as text: formulas, differential equations, identities, influences."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jakinib.errors import ModelError


@dataclass(frozen=True)
class Reaction:
    """One reaction; number is its place in the file, from 1; law is a libSBML formula tree."""

    id: str
    name: str
    number: int
    term: str
    reactants: dict[str, float]
    products: dict[str, float]
    reversible: bool
    law: Any

    @property
    def equation(self) -> str:
        return f"{_side(self.reactants)} {'⇌' if self.reversible else '→'} {_side(self.products)}"


def _side(species: Mapping[str, float]) -> str:
    return " + ".join(s if n == 1 else f"{n:g} {s}" for s, n in species.items()) or "∅"


class Network:
    """A model read from SBML Level 3 with assignment rules; raises ModelError when libSBML cannot read it."""

    def __init__(self, path: Path) -> None:
        import libsbml

        self.document = libsbml.readSBMLFromFile(str(path))  # its elements die with it
        self.model = self.document.getModel()
        if self.model is None:
            raise ModelError(f"{path}: libSBML finds no model in it")
        self.compartments = {c.getId(): c for c in self.model.getListOfCompartments()}
        self.species = {s.getId(): s for s in self.model.getListOfSpecies()}
        self.parameters = {p.getId(): p for p in self.model.getListOfParameters()}
        self.rules = {rule.getVariable(): rule.getMath() for rule in self.model.getListOfRules()}
        self.reactions = {
            r.getId(): Reaction(
                r.getId(), r.getName(), number, r.getSBOTermID(),
                {s.getSpecies(): s.getStoichiometry() for s in r.getListOfReactants()},
                {s.getSpecies(): s.getStoichiometry() for s in r.getListOfProducts()},
                r.getReversible(), r.getKineticLaw().getMath(),
            )
            for number, r in enumerate(self.model.getListOfReactions(), start=1)
        }  # fmt: skip

    def term(self, species: str) -> str:
        """SBO term of a species."""
        return str(self.species[species].getSBOTermID())

    @functools.cached_property
    def parts(self) -> dict[str, list[str]]:
        """The molecules each complex (SBO:0000297) is made of, through the reactions that make it."""
        made = {s: [s] for s in self.species if self.term(s) != "SBO:0000297"}
        for _ in self.species:
            for reaction in self.reactions.values():
                (product, *more), reactants = (*reaction.products, ""), reaction.reactants
                if product not in {"", *made} and more == [""] and made.keys() >= reactants.keys():
                    made[product] = [part for reactant in reactants for part in made[reactant]]
        return made

    def equations(self) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """(left side, [(sign, formula, reaction)]) of every state, per volume for concentrations."""
        for species, element in self.species.items():
            if element.getBoundaryCondition() or element.getConstant() or species in self.rules:
                continue
            amount = element.getHasOnlySubstanceUnits()
            volume = None if amount else element.getCompartment()
            terms = []
            for reaction in self.reactions.values():
                net = reaction.products.get(species, 0) - reaction.reactants.get(species, 0)
                if net:
                    terms.append(
                        ("+" if net > 0 else "-", _rate(reaction.law, abs(net), volume), reaction.id)
                    )
            yield f"d{species}/dt" if amount else f"d[{species}]/dt", terms

    def drivers(self, math: Any, nodes: Collection[str]) -> dict[str, int]:
        """Which of ``nodes`` raise (+1) or lower (-1) a formula, through the rules, all else at its value."""
        point = {c: element.getSize() for c, element in self.compartments.items()}
        point |= {p: element.getValue() for p, element in self.parameters.items() if p not in self.rules}
        point |= dict.fromkeys((*self.species, *nodes), 0.5)
        signs = {}
        for node in nodes:
            low, high = (self._value(math, point | {node: at}) for at in (0.495, 0.505))
            if abs(high - low) > 1e-12 * max(abs(high), abs(low)):
                signs[node] = 1 if high > low else -1
        return signs

    def _value(self, math: Any, point: Mapping[str, float]) -> float:
        if math.isNumber():
            return float(math.getValue())
        if math.isName():
            name = math.getName()
            return point[name] if name in point else self._value(self.rules[name], point)
        values = [self._value(math.getChild(i), point) for i in range(math.getNumChildren())]
        match operator(math):
            case "plus":
                return sum(values)
            case "times":
                return functools.reduce(lambda a, b: a * b, values)
            case "minus":
                return values[0] - values[1] if len(values) == 2 else -values[0]
            case "divide":
                return values[0] / values[1]
            case "power":
                return float(values[0] ** values[1])
        raise ModelError(f"'{formula(math)}': only sums, products, quotients and powers are known here")


def formula(math: Any) -> str:
    """Infix text of a libSBML formula tree, without the units of its numbers."""
    import libsbml

    settings = libsbml.L3ParserSettings()
    settings.setParseUnits(False)
    return str(libsbml.formulaToL3StringWithSettings(math, settings))


def operator(math: Any) -> str:
    """Name of the operation of a libSBML node ("" for none).

    Not its type code: that is no number once another package built on the same wrappers is imported.
    """
    return str(math.getOperatorName() or ("" if math.isName() else math.getName()) or "")


def _rate(law: Any, stoichiometry: float, volume: str | None) -> str:
    """Rate of a species by one reaction: the law, over the volume its concentration refers to."""
    reduced = _without(law, volume) if volume else None
    kept = law if reduced is None else reduced
    text = formula(kept)
    if operator(kept) in ("plus", "minus"):
        text = f"({text})"
    if stoichiometry != 1:
        text = f"{stoichiometry:g} * {text}"
    return text if volume is None or reduced is not None else f"{text} / {volume}"


def _without(math: Any, factor: str) -> Any | None:
    """A copy of a product without one factor; None when it is not a factor."""
    kind = operator(math)
    if kind not in ("times", "divide"):
        return None
    for i in range(1 if kind == "divide" else math.getNumChildren()):
        child = math.getChild(i)
        copy = math.deepCopy()
        if kind == "times" and child.isName() and child.getName() == factor:
            copy.removeChild(i)
            return copy if copy.getNumChildren() > 1 else copy.getChild(0).deepCopy()
        if (smaller := _without(child, factor)) is not None:
            copy.replaceChild(i, smaller)
            return copy
    return None


def identities(element: Any) -> list[tuple[str, str]]:
    """(qualifier, address) of the MIRIAM annotations of an element, in the order of the file."""
    import libsbml

    return [
        (
            libsbml.BiolQualifierType_toString(term.getBiologicalQualifierType())
            or libsbml.ModelQualifierType_toString(term.getModelQualifierType()),
            term.getResourceURI(i),
        )
        for term in element.getCVTerms() or []
        for i in range(term.getNumResources())
    ]
