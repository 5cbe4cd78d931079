"""A regimen as SBML events, so that the file alone reproduces the dosed simulation in any tool."""

from __future__ import annotations

from typing import Any

from jakinib.assay.pk import Disposition
from jakinib.errors import ExportError
from jakinib.regimen import Regimen
from jakinib.simulate.engine import TINY

_INPUT = "input_rate_"


def add_doses(model: Any, regimen: Regimen, population: str) -> None:
    """Add one event to the libSBML ``model`` for each change of its zero-order input.

    Lag and duration of the input are those of ``population``. Raises ExportError for a model that takes
    no doses, doses of more than one inhibitor, or has its doses already.
    """
    inputs = [p for p in model.getListOfParameters() if p.getId().startswith(_INPUT)]
    if not inputs:
        raise ExportError(
            f"{model.getId()} takes no doses (no parameter {_INPUT}<inhibitor>); "
            "leave the regimen out, or export oral_pk or blood_pkpd"
        )
    if len(inputs) > 1:
        drugs = ", ".join(p.getId().removeprefix(_INPUT) for p in inputs)
        raise ExportError(f"{model.getId()} takes doses of {drugs}; a regimen is for a model that doses one")
    rate = inputs[0]
    if any(e.getEventAssignment(rate.getId()) is not None for e in model.getListOfEvents()):
        raise ExportError(f"{model.getId()} already has doses in its events; leave the regimen out")
    drug = rate.getId().removeprefix(_INPUT)
    rate.setConstant(False)
    for number, (time, value) in enumerate(_changes(regimen, Disposition.of(drug, population)), start=1):
        if time <= 0:
            rate.setValue(value)  # a trigger that is true from the start never fires
        else:
            _event(model, rate, f"input_{drug}_{number}", f"input of {drug} from {time:g} h", time, value)


def _changes(regimen: Regimen, disposition: Disposition) -> list[tuple[float, float]]:
    """(time h, rate nmol/h from then on); of changes at one instant, which no tool orders, the last."""
    changes = regimen.input_rate(disposition.molecular_weight, disposition.duration, disposition.lag)
    following = [time for time, _ in changes[1:]] + [float("inf")]
    return [change for change, after in zip(changes, following, strict=True) if after - change[0] > TINY]


def _event(model: Any, rate: Any, identifier: str, name: str, time: float, value: float) -> None:
    """From ``time`` on the parameter ``rate`` is ``value``."""
    import libsbml

    event = model.createEvent()
    event.setId(identifier)
    event.setName(name)
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setPersistent(True)
    trigger.setInitialValue(True)  # the only start that Level 2 knows
    trigger.setMath(libsbml.parseL3Formula(f"time >= {time!r} {model.getTimeUnits()}"))
    assignment = event.createEventAssignment()
    assignment.setVariable(rate.getId())
    assignment.setMath(libsbml.parseL3Formula(f"{value!r} {rate.getUnits()}"))
