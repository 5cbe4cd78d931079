"""A regimen as SBML events, so that the file alone reproduces the dosed simulation in any tool."""

from __future__ import annotations

from typing import Any

from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import input_rates, steady_amounts
from jakinib.errors import ExportError
from jakinib.regimen import Regimen
from jakinib.sbml import add_event
from jakinib.simulate import Model
from jakinib.simulate.engine import TINY

_INPUT = "input_rate_"


def add_doses(model: Any, regimen: Regimen, population: str) -> None:
    """Add one event to the libSBML ``model`` for each change of an input rate.

    Lag and duration of oral input are those of ``population``; doses in mg/kg are for the model's weight.
    A steady state enters as initial amounts of the inhibitor; the cell starts at rest. Raises ExportError for
    a model that takes no doses or has its doses already, and for doses that do not say of which inhibitor.
    """
    dosed = _dosed(model)
    if not dosed:
        raise ExportError(
            f"{model.getId()} takes no doses (no parameter {_INPUT}<inhibitor>); "
            "leave the regimen out, or export oral_pk or blood_pkpd"
        )
    drugs = _of_regimen(model, regimen, dosed)
    for parameter in dosed.values():
        if any(e.getEventAssignment(parameter) is not None for e in model.getListOfEvents()):
            raise ExportError(f"{model.getId()} already has doses in its events; leave the regimen out")
    weight = model.getParameter("weight")
    if weight is not None:
        regimen = regimen.at_weight(weight.getValue())
    for drug in drugs:
        disposition = Disposition.of(drug, population)
        if regimen.of(drug).steady:
            import libsbml

            source = Model(libsbml.writeSBMLToString(model.getSBMLDocument()))
            for symbol, amount in steady_amounts(regimen, disposition, drug, source).items():
                model.getSpecies(symbol).setInitialAmount(amount)
        for symbol, changes in input_rates(regimen, disposition, drug).items():
            _inputs(model, symbol, drug, changes)


def _dosed(model: Any) -> dict[str, str]:
    """Inhibitor to its input rate, of those that take doses (not of a metabolite, which a rule feeds)."""
    symbols = [p.getId() for p in model.getListOfParameters() if p.getId().startswith(_INPUT)]
    fed = {s for s in symbols if model.getAssignmentRuleByVariable(s) is not None}
    formed = {s.removeprefix(_INPUT).removeprefix("depot_") for s in fed}
    plain = [s for s in symbols if not s.startswith(f"{_INPUT}depot_")]
    return {s.removeprefix(_INPUT): s for s in plain if s.removeprefix(_INPUT) not in formed}


def _of_regimen(model: Any, regimen: Regimen, dosed: dict[str, str]) -> list[str]:
    """The model's inhibitors that the regimen doses."""
    if not regimen.inhibitors:
        if len(dosed) > 1:
            raise ExportError(
                f"{model.getId()} takes doses of {', '.join(dosed)}; name the inhibitor of each dose"
            )
        return list(dosed)
    folded = {drug.casefold(): drug for drug in dosed}
    for name in regimen.inhibitors:
        if name.casefold() not in folded:
            raise ExportError(f"{model.getId()} takes doses of {', '.join(dosed)}, not of {name}")
    return [folded[name.casefold()] for name in regimen.inhibitors]


def _inputs(model: Any, symbol: str, drug: str, changes: list[tuple[float, float]]) -> None:
    """The input rate ``symbol`` as (time h, rate nmol/h from then on); an event where it changes."""
    rate = model.getParameter(symbol)
    # Of changes at one instant, which no tool orders, the last.
    following = [*(time for time, _ in changes[1:]), float("inf")]
    last = [change for change, after in zip(changes, following, strict=False) if after - change[0] > TINY]
    where = "depot_" if symbol.startswith(f"{_INPUT}depot_") else ""
    rate.setConstant(not changes)
    for number, (time, value) in enumerate(last, start=1):
        if time <= 0:
            rate.setValue(value)  # a trigger that is true from the start never fires
        else:
            name = f"input of {drug} from {time:g} h"
            identifier, when = f"input_{where}{drug}_{number}", f"{time!r} {model.getTimeUnits()}"
            add_event(model, identifier, name, when, {symbol: f"{value!r} {rate.getUnits()}"})
