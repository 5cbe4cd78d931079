"""A regimen as SBML events, so that the file alone reproduces the dosed simulation in any tool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import input_rates, steady_amounts, taken_up
from jakinib.assay.patient import Patient
from jakinib.errors import ExportError
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, Covariate, Settings, initial
from jakinib.sbml import add_event
from jakinib.simulate import Model
from jakinib.simulate.engine import TINY

_INPUT = "input_rate_"


def add_doses(
    model: Any, regimen: Regimen, population: str, covariates: Mapping[str, Covariate] | None = None
) -> None:
    """Add one event to the libSBML ``model`` for each change of an input rate, and of a covariate.

    Lag and duration of oral input are those of ``population``; doses in mg/kg are for the model's weight.
    covariates: weight (kg) and eGFR (mL/min per 1.73 m2), each perhaps over time; disposition then follows
    from them as in ``jakinib.Patient``. A steady state enters as initial amounts of the inhibitor; the cell
    starts at rest. Raises ExportError for a model that takes no doses or has its doses already, and for doses
    that do not say of which inhibitor.
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
    settings = _patients(model, drugs, population, covariates or {})
    weight = model.getParameter("weight")
    if weight is not None:
        regimen = regimen.at_weight((covariates or {}).get("weight", weight.getValue()))
    for drug in drugs:
        disposition = Disposition.of(drug, population, initial(settings[drug]))
        if regimen.of(drug).steady:
            import libsbml

            source = Model(libsbml.writeSBMLToString(model.getSBMLDocument()))
            for symbol, amount in steady_amounts(regimen, [disposition], drug, source).items():
                model.getSpecies(symbol).setInitialAmount(float(amount[0]))
        taken = taken_up(regimen.of(drug), settings[drug].get(f"F_{drug}", 1.0))
        for symbol, inputs in input_rates(taken, [disposition], drug).items():
            _inputs(model, symbol, drug, inputs.changes())


def _patients(
    model: Any, drugs: list[str], population: str, covariates: Mapping[str, Covariate]
) -> dict[str, Settings]:
    """Settings of the patient as each drug sees it, written into the model; none without covariates."""
    if not covariates:
        return {drug: {} for drug in drugs}
    weight, eGFR = covariates.get("weight"), covariates.get("eGFR")
    found: dict[str, Settings] = {}
    for drug in drugs:
        found[drug] = Patient(population, drug, weight, eGFR).settings()
    for settings in found.values():
        for symbol, value in initial(settings).items():
            if (parameter := model.getParameter(symbol)) is not None:
                parameter.setValue(value)
    for symbol, covariate in covariates.items():
        parameter = model.getParameter(symbol)
        for number, (time, value) in enumerate(
            covariate.changes if isinstance(covariate, Changing) else (), start=1
        ):
            parameter.setConstant(False)
            when, level = f"{time!r} {model.getTimeUnits()}", f"{value!r} {parameter.getUnits()}"
            add_event(model, f"{symbol}_{number}", f"{symbol} from {time:g} h", when, {symbol: level})
    return found


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
