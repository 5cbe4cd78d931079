"""Parameters of the models that a scenario sets in place of the estimates: which there are, and of what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jakinib.arguments import number, shown, text
from jakinib.assay.patient import typical
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import get_library
from jakinib.simulate import load

Pairs = tuple[tuple[str, float], ...]
STATED = ("weight", "eGFR")  # by the patient
MOVING = ("I_", "L_", "input_rate_", "eGFR_ref", "weight_ref")  # by doses, cytokines and the library
SHARES = ("fu_", "F_")  # at most 1


def pairs_of(given: Any) -> Any:
    """Names and numbers of a mapping, or of texts such as "Kd_IL6=10"; raises ValueError for other things."""
    if isinstance(given, Mapping):
        given = list(given.items())
    if not isinstance(given, list | tuple):
        raise ValueError("give names and numbers, for example {IC50_baricitinib_JAK1: 5}")
    found: dict[str, float] = {}
    for one in given:
        parts = one.split("=", 1) if isinstance(one, str) else one
        if not isinstance(parts, list | tuple) or len(parts) != 2:
            raise ValueError(f"{shown(one)} sets nothing; write for example IC50_baricitinib_JAK1=5")
        name = text(parts[0], "a name").strip()
        if name in found:
            raise ValueError(f"{name} is set twice; set it once")
        found[name] = _number(name, parts[1])
    return tuple(found.items())


def _number(name: str, given: Any) -> float:
    try:
        value = float(given) if isinstance(given, str) else number(given)
    except ValueError:
        value = None
    if value is None:
        raise ValueError(f"{name} is {shown(given)}; give a finite number in the unit of the model")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} is {given}; give a finite number above 0")
    if name.startswith(SHARES) and value > 1:
        raise ValueError(f"{name} is {value:g}; it is a share, give at most 1")
    return value


def moieties(drugs: tuple[str, ...]) -> tuple[str, ...]:
    """The inhibitors and the active metabolites that are formed of them."""
    formed = [get_library().inhibitor(drug).metabolite for drug in drugs]
    return tuple(dict.fromkeys([*drugs, *(name for name in formed if name)]))


def of_cells(cytokines: tuple[str, ...], cell: str, drugs: tuple[str, ...]) -> frozenset[str]:
    """The parameters of the model of these cytokines and inhibitors in a cell."""
    model = load("cytokine_signalling", cytokines=cytokines, inhibitors=drugs, cell=cell)
    return frozenset(
        name for name in model.parameters if name in model.settable and not name.startswith(MOVING)
    )


def of_plasma(drug: str, population: str) -> frozenset[str]:
    """What can be set of the disposition of an inhibitor, and of its metabolite; none without it."""
    known = get_library().inhibitor(drug).pharmacokinetics
    if not known:
        return frozenset()
    people = population if population in known else next(iter(known))
    model = load("oral_pk", inhibitors=(drug,), population=people)
    names = {name for name in model.parameters if name in model.settable and name not in STATED}
    names |= {f"{name}_{drug}" for name in typical(drug, people)}
    return frozenset(name for name in names if not name.startswith(MOVING)) | {
        f"fu_{name}" for name in moieties((drug,))
    }


def among(given: Pairs, names: frozenset[str]) -> dict[str, float]:
    """Those of the settings that are among the names."""
    return {name: value for name, value in given if name in names}


def check(given: Pairs, known: frozenset[str]) -> None:
    """Raises UnknownIdError, or InputError for what the scenario says elsewhere, for a name not known."""
    for name, _ in given:
        if name in STATED:
            raise InputError(f"{name} is of the patient; give it there")
        if name not in known:
            raise UnknownIdError("parameter", name, known)


def said(given: Pairs) -> tuple[str, ...]:
    """The note that says what is set, and that no interval holds anything of it; none without settings."""
    if not given:
        return ()
    what = ", ".join(f"{name} = {value:g}" for name, value in given)
    return (f"set in place of the estimate, and the same in every draw: {what}",)
