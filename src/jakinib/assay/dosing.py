"""From doses to the body: input rates, the state that repeats, and the protocol of a dosed run.

One patient, the patients of a population, experiments and exports all take it from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.disposition import RELEASE, Disposition
from jakinib.errors import InputError, SimulationError
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, Covariate, Settings, initial
from jakinib.regimen.inputs import Inputs, inputs, together
from jakinib.simulate import Model, Protocol, Protocols, Step
from jakinib.units import dose_to_nmol

Array = NDArray[np.float64]


def input_rates(
    regimen: Regimen, dispositions: Sequence[Disposition], inhibitor: str, weight: Array | None = None
) -> dict[str, Inputs]:
    """The doses of ``inhibitor`` as input of patients, one a disposition, by model symbol.

    weight: kg, of each patient, for doses in mg/kg. Dispositions differ in numbers alone.
    """
    own, usual = regimen.of(inhibitor), dispositions[0]
    lag = np.array([one.lag for one in dispositions])
    duration = np.array([one.duration for one in dispositions])
    share = None if usual.bioavailability is None else np.array([one.bioavailability for one in dispositions])
    mass, depot = usual.molecular_weight, usual.first_order
    found = {f"input_rate_{inhibitor}": inputs(own, mass, duration, lag, share, weight, oral_share=1 - depot)}
    if depot > 0:
        release = np.array([one.release or RELEASE for one in dispositions])
        found[f"input_rate_depot_{inhibitor}"] = inputs(
            own, mass, release, lag, weight=weight, oral_share=depot, intravenous=False
        )
    return found


def dosing_steps(regimen: Regimen, disposition: Disposition, inhibitor: str) -> list[Step]:
    """The doses of one inhibitor, in mg, as changes of the model's input rates, from time 0 on.

    Raises InputError for a regimen at steady state: steps alone would start from nothing.
    """
    if regimen.of(inhibitor).steady:
        raise InputError(f"regimen '{regimen.text}': a steady state needs the amounts at time 0; use dosed()")
    values: dict[float, dict[str, float]] = {}
    _write(values, input_rates(regimen, [disposition], inhibitor))
    return [Step(time, values[time]) for time in sorted(values)]


def _write(values: dict[float, dict[str, float]], taken: Mapping[str, Inputs]) -> None:
    """Add the inputs of one patient, by time and symbol."""
    for symbol, one in taken.items():
        for time, rate in one.changes():
            values.setdefault(time, {})[symbol] = rate


def steady_amounts(
    regimen: Regimen,
    dispositions: Sequence[Disposition],
    inhibitor: str,
    model: Model,
    settings: Mapping[str, float | Array] | None = None,
) -> dict[str, Array]:
    """Amounts (nmol) in the bodies of patients, one a disposition, at time 0 of a regimen at steady state.

    By species, an amount a patient; empty without a steady state. settings: a number, or one a patient.
    Over one interval T of a series linear kinetics take the amounts x to P x + b; the state that repeats is
    (1 - P)^-1 b. P and b are read from runs of the model over one interval; different series add up.
    Raises SimulationError when the state does not repeat to within the error of the runs, a hundred times the
    model's relative tolerance, which linear kinetics would.
    """
    own, given, number = regimen.of(inhibitor), dict(settings or {}), len(dispositions)
    if not own.steady:
        return {}
    weight = np.broadcast_to(_weight(model, given), (number,))
    drugs = tuple(f"{drug}_" for drug in (inhibitor, dispositions[0].metabolite) if drug)
    states = [name for name in model.species if name.startswith(drugs) and model.unit(name) == "nmol"]
    total = np.zeros((number, len(states)))
    for series in own.steady:
        span = series.interval
        count = math.floor((span - series.dose.time) / span) + 1
        doses = tuple(replace(series.dose, time=series.dose.time + i * span) for i in range(count))
        taken = input_rates(Regimen(doses, own.text, (series,)), dispositions, inhibitor, weight)

        def after(amounts: NDArray[np.floating], taken: Mapping[str, Inputs], span: float = span) -> Array:
            """Amounts an interval later; both (patients, states), of all patients once or several times."""
            times = len(amounts) // number
            start = {
                name: value if np.ndim(value) == 0 else np.tile(value, times) for name, value in given.items()
            }
            start |= dict(zip(states, amounts.T, strict=True))
            protocols = side_by_side(taken, np.full((1, len(amounts)), span), start)
            return model.run_all(protocols, states)[0]

        scale = dose_to_nmol(series.dose.amount, dispositions[0].molecular_weight) or 1.0
        unit = np.eye(len(states))
        kept = after(np.repeat(scale * unit, number, axis=0), {}).reshape(len(states), *total.shape)
        rest = unit - np.moveaxis(kept, 0, -1) / scale
        irregular = SimulationError(
            f"{inhibitor}: no steady state every {span:g} h; its kinetics are not linear"
        )
        try:
            amounts = np.linalg.solve(rest, after(np.zeros_like(total), taken)[..., None])[..., 0]
        except np.linalg.LinAlgError:
            raise irregular from None
        error = np.abs(after(amounts, taken) - amounts).max(axis=1)
        if (error > 100 * model.rtol * np.abs(amounts).max(axis=1)).any():
            raise irregular
        total += amounts
    return dict(zip(states, total.T, strict=True))


def _weight(model: Model, settings: Mapping[str, float | Array]) -> float | Array:
    """Body weight, kg, of runs with these settings."""
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
    in_mg = regimen.at_weight(changing.get("weight", float(_weight(model, given))))
    values: dict[float, dict[str, float]] = {}
    for inhibitor, disposition in dispositions.items():
        settled = steady_amounts(in_mg, [disposition], inhibitor, model, before)
        given |= {name: float(amount[0]) for name, amount in settled.items()}
        taken = taken_up(in_mg.of(inhibitor), changing.get(f"F_{inhibitor}", 1.0))
        _write(values, input_rates(taken, [disposition], inhibitor))
    for name, value in changing.items():
        for time, level in value.changes if name in before else ():
            values.setdefault(time, {})[name] = level
    return Protocol(times, given, [Step(time, values[time]) for time in sorted(values)])


def taken_up(regimen: Regimen, share: Covariate) -> Regimen:
    """Oral doses from time 0 on by the share taken up when they are taken over that at time 0."""
    if not isinstance(share, Changing):
        return regimen
    return regimen.by(lambda dose: share.at(dose.time) / share.first if dose.route == "oral" else 1.0)


def side_by_side(
    taken: Mapping[str, Inputs], times: Array, settings: Mapping[str, float | Array]
) -> Protocols:
    """Protocols of patients with these inputs by model symbol, read at ``times`` (times, patients)."""
    if not taken:
        return Protocols(times, settings)
    edges, rates = together(list(taken.values()))
    return Protocols(times, settings, edges, dict(zip(taken, rates, strict=True)))


def turns(taken: Mapping[str, Inputs]) -> Array:
    """Hours at which inputs begin or end, (times, patients); between them the level is smooth."""
    return np.concatenate([one.times for one in taken.values()])


def reading_times(start: float, stop: float, turns: Array, step: float) -> Array:
    """Hours from ``start`` to ``stop`` of patients: at each of ``turns`` (turns, patients) and evenly in
    between, at most ``step`` apart. Shape (times, patients); who needs fewer has the last one again.

    There are at least three readings from one turn to the next, so that no peak is cut off.
    """
    patients = np.arange(turns.shape[1])
    inside = (turns > start + 1e-9) & (turns < stop - 1e-9)
    ordered = np.sort(np.where(inside, turns, stop), axis=0)[: inside.sum(axis=0).max(initial=0)]
    ends = np.full((2, turns.shape[1]), [[start], [stop]])
    edges = np.concatenate((ends[:1], ordered, ends[1:]))
    lengths = np.diff(edges, axis=0)
    parts = np.where(lengths > 1e-9, np.maximum(2, np.ceil(lengths / step)), 0).astype(int)
    first = np.concatenate((np.zeros_like(parts[:1]), np.cumsum(parts, axis=0)))
    count = np.arange(first[-1].max() + 1)[:, None]
    piece = np.zeros((len(count), turns.shape[1]), dtype=int)
    for begun in first[1:-1]:
        piece += count >= begun
    within = count - first[piece, patients]
    share = lengths / np.maximum(parts, 1)
    times = edges[piece, patients] + within * share[piece, patients]
    return np.where(count < first[-1], times, stop)
