"""From doses to the body: input rates, the state that repeats, and the protocol of a dosed run.

One patient, the patients of a population, experiments and exports all take it from here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.disposition import RELEASE, Disposition
from jakinib.errors import InputError, SimulationError
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, Covariate, Settings, initial
from jakinib.simulate import Model, Protocol, Step
from jakinib.units import dose_to_nmol

Array = NDArray[np.float64]


def input_rates(
    regimen: Regimen, disposition: Disposition, inhibitor: str
) -> dict[str, list[tuple[float, float]]]:
    """The doses of ``inhibitor`` as (time h, rate nmol/h from then on), by model symbol."""
    own = regimen.of(inhibitor)
    mass, lag, share = disposition.molecular_weight, disposition.lag, disposition.first_order
    rates = {
        f"input_rate_{inhibitor}": own.input_rate(
            mass, disposition.duration, lag, disposition.bioavailability, oral_share=1 - share
        )
    }
    if share > 0:
        rates[f"input_rate_depot_{inhibitor}"] = own.input_rate(
            mass, disposition.release or RELEASE, lag, oral_share=share, intravenous=False
        )
    return rates


def dosing_steps(
    regimen: Regimen,
    disposition: Disposition,
    inhibitor: str,
    *,
    weight: float | None = None,
    settled: bool = False,
) -> list[Step]:
    """The doses of one inhibitor as changes of the model's input rates, from time 0 on.

    weight: kg, for doses in mg/kg. settled: the run starts from ``steady_amounts``.
    Raises InputError for a regimen at steady state unless ``settled``: steps alone would start from nothing.
    """
    if weight is not None:
        regimen = regimen.at_weight(weight)
    if regimen.of(inhibitor).steady and not settled:
        raise InputError(
            f"regimen '{regimen.text}': a steady state needs the amounts at time 0; "
            "use dosed(), or steady_amounts() and settled=True"
        )
    values: dict[float, dict[str, float]] = {}
    for symbol, changes in input_rates(regimen, disposition, inhibitor).items():
        for time, rate in changes:
            values.setdefault(time, {})[symbol] = rate
    return [Step(time, values[time]) for time in sorted(values)]


def steady_amounts(
    regimen: Regimen,
    disposition: Disposition,
    inhibitor: str,
    model: Model,
    settings: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Amounts (nmol) in the body at time 0 of a regimen at steady state, by species; empty without one.

    Over one interval T of a series linear kinetics take the amounts x to P x + b; the state that repeats is
    (1 - P)^-1 b. P and b are read from runs of the model over one interval; different series add up.
    Raises SimulationError when the state does not repeat to within the error of the runs, a hundred times the
    model's relative tolerance, which linear kinetics would.
    """
    own, given = regimen.of(inhibitor), dict(settings or {})
    if not own.steady:
        return {}
    own = own.at_weight(_weight(model, given))
    drugs = tuple(f"{drug}_" for drug in (inhibitor, disposition.metabolite) if drug)
    states = [name for name in model.species if name.startswith(drugs) and model.unit(name) == "nmol"]
    total = np.zeros(len(states))
    for series in own.steady:
        span = series.interval
        count = math.floor((span - series.dose.time) / span) + 1
        doses = tuple(replace(series.dose, time=series.dose.time + i * span) for i in range(count))
        alone = Regimen(doses, own.text, (series,))
        steps = dosing_steps(alone, disposition, inhibitor, settled=True)

        def after(amounts: NDArray[np.float64], steps: Sequence[Step] = (), span: float = span) -> Any:
            start = {**given, **dict(zip(states, map(float, amounts), strict=True))}
            return model.run(Protocol([span], start, [s for s in steps if s.time < span]), states)[0]

        scale = dose_to_nmol(series.dose.amount, disposition.molecular_weight) or 1.0
        kept = np.array([after(row) for row in scale * np.eye(len(states))]).T / scale
        amounts = np.linalg.solve(np.eye(len(states)) - kept, after(np.zeros(len(states)), steps))
        if np.abs(after(amounts, steps) - amounts).max() > 100 * model.rtol * np.abs(amounts).max():
            raise SimulationError(
                f"{inhibitor}: no steady state every {span:g} h; its kinetics are not linear"
            )
        total += amounts
    return dict(zip(states, map(float, total), strict=True))


def _weight(model: Model, settings: Mapping[str, float]) -> float:
    """Body weight, kg, of a run with these settings."""
    return settings["weight"] if "weight" in settings else model.initial("weight")


def dosed(
    model: Model,
    regimen: Regimen,
    dispositions: Mapping[str, Disposition],
    times: Sequence[float] | NDArray[np.float64],
    settings: Settings | None = None,
) -> Protocol:
    """Protocol of ``model`` under a regimen, steady states included; dispositions by inhibitor dosed.

    settings: those that change hold from their times on. Where F_<inhibitor> does, an oral dose counts by F
    when it is taken over F at time 0, of which clearances and volumes are apparent.
    """
    changing = {name: value for name, value in (settings or {}).items() if isinstance(value, Changing)}
    shares = {f"F_{inhibitor}" for inhibitor in dispositions}  # which no model holds
    before = initial({name: value for name, value in (settings or {}).items() if name not in shares})
    given = dict(before)
    in_mg = regimen.at_weight(changing.get("weight", _weight(model, given)))
    values: dict[float, dict[str, float]] = {}
    for inhibitor, disposition in dispositions.items():
        given |= steady_amounts(in_mg, disposition, inhibitor, model, before)
        taken = taken_up(in_mg.of(inhibitor), changing.get(f"F_{inhibitor}", 1.0))
        for step in dosing_steps(taken, disposition, inhibitor, settled=True):
            values.setdefault(step.time, {}).update(step.values)
    for name, value in changing.items():
        for time, level in value.changes if name in before else ():
            values.setdefault(time, {})[name] = level
    return Protocol(times, given, [Step(time, values[time]) for time in sorted(values)])


def taken_up(regimen: Regimen, share: Covariate) -> Regimen:
    """Oral doses from time 0 on by the share taken up when they are taken over that at time 0."""
    if not isinstance(share, Changing):
        return regimen
    return regimen.by(lambda dose: share.at(dose.time) / share.first if dose.route == "oral" else 1.0)


def turns(regimen: Regimen, disposition: Disposition, inhibitor: str) -> list[float]:
    """Hours at which an input of the inhibitor begins or ends; between them its level is smooth."""
    rates = input_rates(regimen, disposition, inhibitor)
    return sorted({time for changes in rates.values() for time, _ in changes})


def reading_times(start: float, stop: float, turns: Iterable[float], step: float) -> Array:
    """Hours from ``start`` to ``stop``: at each of ``turns`` and evenly in between, at most ``step`` apart.

    There are at least three readings from one turn to the next, so that no peak is cut off.
    """
    edges = [start, *sorted(time for time in turns if start + 1e-9 < time < stop - 1e-9), stop]
    pieces = [
        np.linspace(begin, end, max(3, math.ceil((end - begin) / step) + 1))
        for begin, end in pairwise(edges)
        if end - begin > 1e-9
    ]
    return np.unique(np.concatenate(pieces))
