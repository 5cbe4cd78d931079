"""The question that a page opens on: scenarios as the arms that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jakinib.assay.cell import WHOLE_BLOOD
from jakinib.build.pharmacology import no_pharmacokinetics
from jakinib.errors import InputError
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.scenario import Scenario
from jakinib.scenario.verbs import only, unset, without

MOST = 4  # arms side by side
SHORTEST = 4.0  # h, between doses


def arms(scenarios: Sequence[Scenario]) -> list[dict[str, Any]]:
    """One arm a scenario and cytokine. Raises InputError for what a page does not hold."""
    found = [_arm(one, cytokine) for one in scenarios for cytokine in one.cytokines]
    if len(found) > MOST:
        raise InputError(
            f"explore: {len(found)} arms; a page holds {MOST} side by side, name fewer cytokines or scenarios"
        )
    return found


def _arm(scenario: Scenario, cytokine: str) -> dict[str, Any]:
    unset(scenario, "explore")
    without(scenario, "explore", "laboratory", "concentration")
    library, who = get_library(), scenario.patient
    drug = library.inhibitor(only("explore", scenario.inhibitors, "inhibitor"))
    known = who.population in drug.pharmacokinetics and not drug.tissues.get(who.population)
    if scenario.regimen is not None and not known:
        raise InputError(f"explore: {no_pharmacokinetics(drug, who.population)}")
    moving = [name for name, value in who.covariates.items() if not isinstance(value, float)]
    if moving:
        raise InputError(f"explore: {moving[0]} changes over time; a page holds one value, give that")
    read = scenario.assay.of(drug.id, cytokine, WHOLE_BLOOD)
    arm: dict[str, Any] = {
        "inhibitor": drug.id, "weight": who.weight, "eGFR": who.eGFR, "with": list(who.with_),
        "cytokine": read.cytokine, "readout": read.readout, "cell": read.cell, "matrix": read.matrix,
        "dose": read.cytokine_dose, "before": read.preincubation, "during": read.stimulation,
    }  # fmt: skip
    if known:
        arm["population"] = who.population
    return arm | ({"plan": plan(scenario.regimen)} if scenario.regimen is not None else {})


def plan(regimen: Regimen) -> dict[str, Any]:
    """Dose (mg) and interval (h; 0 for one dose) of a regimen; raises InputError for any other.

    >>> from jakinib import Regimen
    >>> plan(Regimen.parse("5 mg bid"))
    {'dose': 5.0, 'interval': 12.0, 'steady': True}
    """
    first, *others = regimen.doses
    steady = regimen.steady
    usual = first.time == 0 and first.route == "oral" and not first.per_kg and len(steady) < 2
    if others or not usual or (steady and steady[0].dose.amount != first.amount):
        raise InputError(
            f"explore: regimen '{regimen.text}': a page shows one dose by mouth in mg, or the same dose for "
            "ever; write for example '4 mg once' or '4 mg qd'"
        )
    if steady and steady[0].interval < SHORTEST:
        raise InputError(
            f"explore: regimen '{regimen.text}': a page takes intervals of {SHORTEST:g} h or more"
        )
    return {"dose": first.amount, "interval": steady[0].interval if steady else 0.0, "steady": bool(steady)}
