"""What is read and compiled from the SBML text of a model: the slow part of loading, kept in the cache.

The engine's state holds the machine code. It is taken before anything is set, so that an engine with this
state is the one that a compilation gives, bit for bit (tests/engine/test_cached_models.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jakinib import cache
from jakinib.build.sbml import built_here
from jakinib.build.starts import Starts, starts_in
from jakinib.errors import ModelError
from jakinib.simulate.dormant import Dormant, leave_out
from jakinib.simulate.general import prepared, refuse
from jakinib.simulate.invariant import Rules, keep_apart, take_out
from jakinib.simulate.jit import compiled, identity, restored
from jakinib.simulate.linear import Linear, linear
from jakinib.simulate.source import Source, units
from jakinib.simulate.switches import Switches


@dataclass(frozen=True)
class Blueprint:
    """One model. ours: built by this package. dormant: what was left out. rules: that were taken out.

    apart: parameters that were, with their values. state: of the engine that integrates.
    """

    id: str
    source: Source
    starts: Starts
    units: dict[str, str]
    ours: bool
    linear: Linear | None
    dormant: Dormant
    switches: Switches | None
    rules: Rules
    apart: dict[str, float]
    state: bytes


def engine(sbml: str, reduced: bool) -> tuple[Blueprint, Any]:
    """The blueprint of a model, and the engine that integrates it.

    Raises ModelError for a construct that is not supported, and for what the engine refuses.
    """
    key = f"{reduced}\n{identity()}\n{sbml}"
    made: list[Any] = []
    plan = cache.kept("engine", key, lambda: _drawn(sbml, reduced, made))
    try:
        rr = made[0] if made else restored(plan.state)
    except RuntimeError:  # the engine does not take the state: as if it were not there
        plan = _drawn(sbml, reduced, made)
        cache.update("engine", key, plan)
        rr = made[0]
    return plan, rr


def _drawn(sbml: str, reduced: bool, made: list[Any]) -> Blueprint:
    """Read and compile a model; its engine is added to ``made``."""
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    if model is None:
        raise ModelError("the text holds no SBML model")
    source = Source(model)
    amounts = {name: species.amount for name, species in source.species.items()}
    ours = built_here(model)
    known = model.getId() or "model", source, starts_in(model), units(model, amounts), ours
    straight = linear(source)
    refuse(document, source)
    dormant = leave_out(document, source) if reduced else Dormant()
    try:
        rules = take_out(document, source)
        apart = keep_apart(document, source, {*dormant.reactions, *dict(rules)})
        switches = None if source.plain else prepared(model, source)
        if ours:
            _strip(model)
        changed = ours or dormant.species or rules or apart or switches
        rr = compiled(libsbml.writeSBMLToString(document) if changed else sbml)
    except RuntimeError as error:
        reason = " ".join(str(error).split()).partition(", at ")[0]
        raise ModelError(f"the engine cannot run this model: {reason}") from error
    made.append(rr)
    state = rr.saveStateS("b") if cache.usable() else b""
    return Blueprint(*known, straight, dormant, switches, rules, apart, state)


def _strip(model: Any) -> None:
    """Take out what people read: the engine would read it again with every state that it restores."""
    lists = (
        model.getListOfCompartments(),
        model.getListOfSpecies(),
        model.getListOfParameters(),
        model.getListOfReactions(),
    )
    for element in (model, *(element for elements in lists for element in elements)):
        element.unsetAnnotation()
        element.unsetNotes()
