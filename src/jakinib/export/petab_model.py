"""The SBML of a PEtab problem: a second copy of the states, cytokine after a while, doses of free timing."""

from __future__ import annotations

import hashlib
from typing import Any

from jakinib.build.sbml import translate
from jakinib.build.starts import NAMESPACE, starts_in
from jakinib.errors import ExportError
from jakinib.experiments.petab import ONSET, REFERENCE
from jakinib.library.schema import Cytokine
from jakinib.sbml import add_event, declare_literals, first_error, names_in

SLOPE_FLOOR = 1e-12


class PetabModel:
    """An SBML document and what may be changed in it."""

    def __init__(self, sbml: str) -> None:
        import libsbml

        self._libsbml = libsbml
        self._document = libsbml.readSBMLFromString(sbml)
        self.model = self._document.getModel()
        self.starts = starts_in(self.model)  # PEtab's conditions state each start instead
        self.model.removeTopLevelAnnotationElement("starts", NAMESPACE)

    @classmethod
    def of_numbers(cls, name: str, values: dict[str, tuple[float, str]]) -> PetabModel:
        """A model of constants alone, for observables in closed form; values: symbol -> (value, unit)."""
        lines = [f"model {name}", "  unit nM = 1e-9 mole / litre;"]
        for symbol, (value, unit) in values.items():
            lines.append(f"  const {symbol} = {value!r}; {symbol} has {unit};")
        return cls(translate("\n".join([*lines, "end"]), name))

    @property
    def sbml(self) -> str:
        """The text; raises ExportError when libSBML finds an error in it."""
        text = str(self._libsbml.writeSBMLToString(self._document))
        written = self._libsbml.readSBMLFromString(text)
        written.checkConsistency()
        if error := first_error(written):
            raise ExportError(f"{self.model.getId()} for PEtab: line {error[0]}: {error[1]}")
        return text

    def values(self) -> dict[str, float]:
        """Parameters not given by a rule, and initial values of species (as PEtab's conditions take them)."""
        out = {p.getId(): p.getValue() for p in self.model.getListOfParameters() if not self._ruled(p)}
        for species in self.model.getListOfSpecies():
            amount = species.getHasOnlySubstanceUnits()
            value = species.getInitialAmount() if amount else species.getInitialConcentration()
            out[species.getId()] = value
        return out

    def _ruled(self, element: Any) -> bool:
        return self.model.getRule(element.getId()) is not None

    def structure(self) -> str:
        """Digest of all but the values: models of one structure differ in what a condition can set.

        Sizes of compartments belong to the structure, unless nothing depends on them.
        """
        copy = self._document.clone()
        model = copy.getModel()
        for element in (model, *model.getListOfAllElements()):
            element.unsetNotes()
            element.unsetAnnotation()
        model.unsetName()
        for parameter in model.getListOfParameters():
            parameter.unsetName()
            parameter.setValue(0.0)
        maths = (element.getMath() for element in model.getListOfAllElements() if hasattr(element, "getMath"))
        reads = {name for formula in maths if formula is not None for name in names_in(formula)}
        reads |= {s.getCompartment() for s in model.getListOfSpecies() if not s.getHasOnlySubstanceUnits()}
        for compartment in model.getListOfCompartments():
            compartment.unsetName()
            if compartment.getId() not in reads:
                compartment.setSize(1.0)
        for species in model.getListOfSpecies():
            species.unsetInitialAmount()
            species.unsetInitialConcentration()
        return hashlib.sha256(self._libsbml.writeSBMLToString(copy).encode()).hexdigest()

    def add_reference(self, inputs: list[str]) -> None:
        """Add a second copy of all states and of every rule that reads them or one of ``inputs``.

        What depends on constants alone stays shared. Raises ExportError for a model with events, rate rules
        or initial assignments, whose meaning in a copy is not settled.
        """
        model = self.model
        if (
            model.getNumEvents()
            or model.getNumInitialAssignments()
            or any(not rule.isAssignment() for rule in model.getListOfRules())
        ):
            raise ExportError(
                f"{model.getId()}: only a model of reactions and assignment rules can be paired"
            )
        rules = {rule.getVariable(): set(names_in(rule.getMath())) for rule in model.getListOfRules()}
        copied = {species.getId() for species in model.getListOfSpecies()} | set(inputs)
        while more := {name for name, reads in rules.items() if name not in copied and reads & copied}:
            copied |= more
        additions: list[tuple[Any, Any]] = []
        for species in model.getListOfSpecies():
            additions.append((species, model.addSpecies))
        for parameter in model.getListOfParameters():
            if parameter.getId() in copied:
                additions.append((parameter, model.addParameter))
        for rule in model.getListOfRules():
            if rule.getVariable() in copied:
                additions.append((rule, model.addRule))
        for reaction in model.getListOfReactions():
            copied.add(reaction.getId())
            additions.append((reaction, model.addReaction))
        for element, add in [(element.clone(), add) for element, add in additions]:
            self._rename(element, copied)
            if add(element) != self._libsbml.LIBSBML_OPERATION_SUCCESS:
                raise ExportError(f"{model.getId()}: libSBML refused the copy of '{element.getId()}'")

    def _rename(self, element: Any, copied: set[str]) -> None:
        for part in (element, *element.getListOfAllElements()):
            part.unsetAnnotation()  # what it is stands on the original
            part.unsetMetaId()
            for name in copied:
                part.renameSIdRefs(name, name + REFERENCE)
        if element.getElementName() != "assignmentRule":
            element.setId(element.getId() + REFERENCE)
            if element.isSetName():
                element.setName(f"{element.getName()} (reference)")

    def _parameter(self, name: str, unit: str, label: str, value: float = 0.0, constant: bool = True) -> None:
        parameter = self.model.createParameter()
        parameter.setId(name)
        parameter.setName(label)
        parameter.setUnits(unit)
        parameter.setValue(value)
        parameter.setConstant(constant)

    def add_onset(self, species: list[str]) -> None:
        """Species L_<x> are set to dose_<x> at time ``onset``; both are for the conditions to set."""
        self._parameter(ONSET, "hour", "time at which the cytokine is added")
        doses = {name: f"dose_{name.removeprefix('L_')}" for name in species}
        for name, dose in doses.items():
            self._parameter(dose, "nM", f"{self.model.getSpecies(name).getName()} from {ONSET} on")
        add_event(self.model, "stimulate", "cytokine is added", ONSET, doses)

    def add_hill(self, cytokine: Cytokine) -> None:
        """hill_<x>: slope of logit(inhibition) in ln(concentration), by the closed form of CellIC50.

        Without inhibitor the form is 0 / 0 and means 1; SLOPE_FLOOR gives that without a case distinction.
        """
        symbol, falls = cytokine.symbol, []
        for slot, side in (("a", cytokine.slot_a), ("b", cytokine.slot_b)):
            terms = [f"{x.value!r} * A_{jak} * (1 - A_{jak})" for jak, x in sorted(side.items())]
            falls.append(f"({' + '.join(terms)}) / {slot}_{symbol}")
        fall = f"(w_{symbol} * {falls[0]} + (1 - w_{symbol}) * {falls[1]})"
        lost = f"(1 - T_{symbol}^catalytic_steps + catalytic_steps * {SLOPE_FLOOR!r})"
        text = f"catalytic_steps * ({fall} + {SLOPE_FLOOR!r}) / {lost}"
        name = f"hill_{symbol}"
        label = f"slope of logit(inhibition) in ln(concentration), {symbol}"
        self._parameter(name, "dimensionless", label, 1.0, constant=False)
        rule = self.model.createAssignmentRule()
        rule.setVariable(name)
        formula = self._libsbml.parseL3Formula(text)
        declare_literals(formula)
        rule.setMath(formula)

    def add_timing(self, drug: str, duration: float, lag: float) -> None:
        """Duration and lag (h) of the zero-order input, which the model itself does not hold."""
        self._parameter(f"D1_{drug}", "hour", f"duration of the input of {drug}", duration)
        self._parameter(f"lag_{drug}", "hour", f"lag of the input of {drug}", lag)

    def add_daily_doses(self, drug: str, days: int, interval: float) -> None:
        """``days`` oral doses of dose_<drug> (nmol); Cpeak_<drug> is C_<drug> when the last input ends.

        The event keeps the amount, for AMICI 1.0 compiles no event that reads a rule such as C_<drug>.
        """
        rate, amount, kept = f"input_rate_{drug}", f"{drug}_central", f"{drug}_at_peak"
        self._parameter(f"dose_{drug}", "nmol", f"dose of {drug}")
        self._parameter(kept, "nmol", f"{amount} when the last input ends", constant=False)
        self._parameter(f"Cpeak_{drug}", "nM", f"C_{drug} when the last input ends", constant=False)
        concentration = self.model.getRule(f"C_{drug}").clone()
        concentration.setVariable(f"Cpeak_{drug}")
        concentration.renameSIdRefs(amount, kept)
        concentration.unsetMetaId()
        self.model.addRule(concentration)
        self.model.getParameter(rate).setConstant(False)
        for day in range(days):
            begin = f"{day * interval!r} hour + lag_{drug}"
            end = {rate: "0 nmol_per_hour"}
            if day == days - 1:
                end[kept] = amount
            add_event(
                self.model, f"input_{day + 1}", f"dose {day + 1}", begin, {rate: f"dose_{drug} / D1_{drug}"}
            )
            add_event(
                self.model, f"input_{day + 1}_end", f"end of dose {day + 1}", f"{begin} + D1_{drug}", end
            )
