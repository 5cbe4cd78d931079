"""What models with more than reactions and rules of parameters need: a fresh state, events, switches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.errors import ModelError
from jakinib.simulate.formula import has, names
from jakinib.simulate.source import Source, Start
from jakinib.simulate.switches import ROOT, Switches, add_roots, document, exact_times

if TYPE_CHECKING:
    import libsbml

TOO_SOON = 1e-8  # the engine drops events that follow each other within so short a time
HALT = 1  # rr.EventListener.HALT_SIMULATION
HARMLESS = frozenset({"l3v2extendedmath", "layout", "render", "groups"})  # nothing of them moves a state


def refuse(found: libsbml.SBMLDocument, source: Source) -> None:
    """Raises ModelError for the first construct that is not supported, naming it and where it stands."""
    model = found.getModel()
    for i in range(found.getNumPlugins()):
        package = found.getPlugin(i).getPackageName()
        if package not in HARMLESS and found.getPackageRequired(package):
            hint = "flatten it first" if package == "comp" else "it changes what the model means"
            raise ModelError(f"uses the package '{package}', which is not supported here: {hint}")
    for rule in source.algebraic:
        raise ModelError(f"the algebraic rule 0 = {rule}: not supported; solve it for one symbol")
    for reaction in model.getListOfReactions():
        if reaction.isSetFast() and reaction.getFast():
            raise ModelError(f"reaction {reaction.getId()}: fast reactions are not supported")
    for place, formula in source.formulas():
        if has(formula, "delay"):
            raise ModelError(f"{place}: the function delay() is not supported")


def prepared(model: libsbml.Model, source: Source) -> Switches:
    """Make a model ready for the engine; returns its switches.

    Initial assignments are taken out, since the fresh state is written (roadrunner#328, #710, #1078).
    """
    import libsbml

    exact = exact_times(source)
    for number, (event, id) in enumerate(zip(model.getListOfEvents(), source.events, strict=True), start=1):
        if not event.getId():
            event.setId(f"unnamed_event_{number}")
        if id in exact:
            event.getTrigger().setMath(libsbml.readMathMLFromString(document(exact[id])))
    ready = Source(model)
    switches = Switches(ready)
    source.events = ready.events
    if not ready.unset:
        start = Start(ready, {}, 0.0)
        for reaction in model.getListOfReactions():
            for reference in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
                if reference.getId() in ready.initial:
                    reference.setStoichiometry(start[reference.getId()])
    model.getListOfInitialAssignments().clear()
    for parameter in model.getListOfParameters():
        if not parameter.isSetValue() or np.isnan(parameter.getValue()):
            parameter.setValue(0.0)  # written before every run
    add_roots(model, switches.roots)
    return switches


class Fresh:
    """Writes the fresh state of a model, whatever its rules and initial assignments are.

    rr: the engine. ruled: symbols given by assignment rules, which the engine computes.
    """

    def __init__(self, rr: Any, source: Source, ruled: set[str], id: str) -> None:
        self._rr, self._source, self._id = rr, source, id
        model = self._model = rr.model

        def written(ids: Any) -> tuple[list[int], list[str]]:
            places = [i for i, name in enumerate(ids) if name not in ruled and name != ROOT]
            return places, [ids[i] for i in places]

        self._compartments = written(model.getCompartmentIds())
        self._parameters = written(model.getGlobalParameterIds())
        self._floating = written(model.getFloatingSpeciesIds())
        self._held = written(model.getBoundarySpeciesIds())
        self._references = [name for name in source.references if name not in ruled]
        self._last = [-np.inf, -np.inf]  # the last two times at which an event triggered
        self.chatter = ""
        for i in range(model.getNumEvents()):
            model.getEvent(i).setOnTrigger(self._triggered)
        self._needed = _needed(source)

    def _triggered(self, model: Any, _: int, id: str) -> int:
        """Stop where events undo their own triggers: the engine would lose the next ones silently."""
        now = model.getTime()
        if id.startswith(ROOT) or now == self._last[-1]:
            return 0
        burst = now - self._last[0] < TOO_SOON
        self._last = [self._last[1], now]
        if not burst:
            return 0
        self.chatter = f"event {id} triggers again and again at once; give it a delay or a gap"
        return HALT

    def write(self, settings: Mapping[str, float], time: float) -> None:
        """Write the state at ``time`` under settings; raises ModelError for a symbol without value."""
        start, model = Start(self._source, settings, time), self._model
        self._start = start
        for symbol in self._needed:
            if np.isnan(start[symbol]) and symbol not in self._source.assigned:
                raise ModelError(f"{self._id}: {symbol} has no value (NaN); give it one in the settings")
        model.setTime(time)
        for (places, names_), write in (
            (self._compartments, model.setCompartmentVolumes),
            (self._parameters, model.setGlobalParameterValues),
        ):
            if places:
                write(places, [start[name] for name in names_])
        places, names_ = self._floating
        if places:
            model.setFloatingSpeciesAmounts(places, [start.amount(name) for name in names_])
        for name in self._held[1]:
            self._rr.setValue(f"[{name}]", start.amount(name) / start[self._source.species[name].home])
        for name in self._references:
            if not np.isclose(self._rr.getValue(name), start[name], rtol=1e-12, atol=0):
                self._rewrite(name, start[name])

    def _rewrite(self, reference: str, number: float) -> None:
        try:
            self._rr.setValue(reference, number)
        except RuntimeError:
            raise ModelError(
                f"{self._id}: the stoichiometry {reference} is {number:g} at the start, which the engine "
                "cannot set; give it a value above zero"
            ) from None

    def begin(self, switches: Switches, begin: float, end: float) -> list[float]:
        """Let the events that trigger at the start act, each by its initial value; returns where to stop."""
        self._last, self.chatter = [-np.inf, -np.inf], ""
        integrator = self._rr.integrator
        if self._model.getNumEvents():
            integrator.setIntegrationStartTime(begin)
            self._model.setTime(begin - 1.0)
            integrator.restart(begin)
        if switches.steps and end > begin:
            integrator.setValue("maximum_time_step", (end - begin) / switches.steps)
        return switches.times(self._start.__getitem__, begin, end)


def _needed(source: Source) -> list[str]:
    """Symbols that what happens in a run reads: laws, rate rules and triggers, and what these read."""
    formulas = [*source.rates.values()]
    for change in source.reactions.values():
        formulas += [change.law, *(number for _, _, number in change.species)]
    formulas += [event.trigger for event in source.events.values()]
    open_ = {name for formula in formulas for name in names(formula)}
    found: set[str] = set()
    while open_:
        found.add(name := open_.pop())
        if name in source.assigned:
            open_ |= set(names(source.assigned[name])) - found
    return sorted(found - set(source.reactions))
