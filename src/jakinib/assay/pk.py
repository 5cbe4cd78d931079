"""Dose to plasma, and ex vivo inhibition in the blood drawn after a dose."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import CellAssay
from jakinib.assay.disposition import RELEASE, UPTAKE, Disposition
from jakinib.assay.patient import PARAMETERS, Circumstances
from jakinib.assay.studied import doses_outside, outside
from jakinib.errors import InputError, SimulationError
from jakinib.library import get_library
from jakinib.library.ranges import BODY_WEIGHT, EGFR
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, Runnable, Step, load

PLACES = ("depot", "central", "peripheral")  # <drug>_<place> are the amounts of an inhibitor in the body


@dataclass(frozen=True)
class PlasmaProfile:
    """Total plasma concentration (nM) over time (h) of one inhibitor.

    notes: what of the patient lies outside the studied range, a line each.
    """

    inhibitor: str
    time: NDArray[np.float64]
    concentration: NDArray[np.float64]
    molecular_weight: float
    fu: float
    notes: tuple[str, ...] = ()

    @property
    def free(self) -> NDArray[np.float64]:
        """Unbound concentration, nM."""
        return self.fu * self.concentration

    @property
    def ng_per_mL(self) -> NDArray[np.float64]:
        return self.concentration * self.molecular_weight * 1e-3

    def at(self, indices: NDArray[np.intp]) -> PlasmaProfile:
        """The profile at some of its times."""
        return replace(self, time=self.time[indices], concentration=self.concentration[indices])

    def interval(self, start: float, end: float) -> dict[str, float]:
        """Cmax and Cmin (ng/mL), tmax (h after start) and AUC (ng h/mL) between two times."""
        inside = (self.time >= start - 1e-9) & (self.time <= end + 1e-9)
        time, level = self.time[inside], self.ng_per_mL[inside]
        return {
            "cmax": float(level.max()),
            "cmin": float(level.min()),
            "tmax": float(time[level.argmax()] - start),
            "auc": float(np.trapezoid(level, time)),
        }


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
    Raises SimulationError when the state does not repeat to 1e-6, which linear kinetics would.
    """
    own, given = regimen.of(inhibitor), dict(settings or {})
    if not own.steady:
        return {}
    own = own.at_weight(given.get("weight", model.initial("weight")))
    metabolite = get_library().inhibitor(inhibitor).metabolite
    names = [f"{drug}_{place}" for drug in (inhibitor, metabolite) for place in PLACES]
    states = [name for name in names if name in model.species]
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

        scale = series.dose.amount * 1e6 / disposition.molecular_weight or 1.0
        kept = np.array([after(row) for row in scale * np.eye(len(states))]).T / scale
        amounts = np.linalg.solve(np.eye(len(states)) - kept, after(np.zeros(len(states)), steps))
        if np.abs(after(amounts, steps) - amounts).max() > 1e-6 * np.abs(amounts).max():
            raise SimulationError(
                f"{inhibitor}: no steady state every {span:g} h; its kinetics are not linear"
            )
        total += amounts
    return dict(zip(states, map(float, total), strict=True))


def dosed(
    model: Model,
    regimen: Regimen,
    dispositions: Mapping[str, Disposition],
    times: Sequence[float] | NDArray[np.float64],
    settings: Mapping[str, float] | None = None,
) -> Protocol:
    """Protocol of ``model`` under a regimen, steady states included; dispositions by inhibitor dosed."""
    given = dict(settings or {})
    weight = given.get("weight", model.initial("weight"))
    values: dict[float, dict[str, float]] = {}
    for inhibitor, disposition in dispositions.items():
        given |= steady_amounts(regimen, disposition, inhibitor, model, settings)
        for step in dosing_steps(regimen, disposition, inhibitor, weight=weight, settled=True):
            values.setdefault(step.time, {}).update(step.values)
    return Protocol(times, given, [Step(time, values[time]) for time in sorted(values)])


def plasma(
    regimen: Regimen,
    times: Sequence[float] | NDArray[np.float64],
    *,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    settings: Mapping[str, float] | None = None,
    model: Model | None = None,
) -> PlasmaProfile:
    """Plasma concentration of the typical patient under a regimen; of its doses, those of ``inhibitor``.

    times in hours. settings: model symbols such as weight (kg), eGFR (mL/min per 1.73 m2), and ``UPTAKE``;
    what is not given follows from the covariates as in ``Patient``. What food or another drug changes is in
    ``Patient(...).settings()``.
    Raises InputError for a covariate that is not positive and finite.
    """
    return plasma_profiles(
        regimen, times, inhibitor=inhibitor, population=population, settings=settings, model=model
    )[0]


def plasma_profiles(
    regimen: Regimen,
    times: Sequence[float] | NDArray[np.float64],
    *,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    settings: Mapping[str, float] | None = None,
    model: Model | None = None,
) -> tuple[PlasmaProfile, ...]:
    """``plasma`` of the inhibitor dosed and, after it, of its active metabolite where it has one."""
    library = get_library()
    drug = library.inhibitor(inhibitor)
    for name in regimen.inhibitors:
        library.inhibitor(name)
    given = dict(settings or {})
    for covariate, most in (("weight", BODY_WEIGHT.high), ("eGFR", EGFR.high)):
        value = given.get(covariate, 1.0)
        if not math.isfinite(value) or value <= 0:
            raise InputError(f"{covariate} is {value:g}; give a finite number above 0")
        if value > most:
            raise InputError(f"{covariate} is {value:g}; give at most {most:g}")
    model = model or load("oral_pk", inhibitors=(drug.id,), population=population)
    given = _as_renal_function_leaves(drug.id, population, given, model)
    disposition = Disposition.of(drug.id, population, given)
    if not (0 < disposition.duration < math.inf and 0 <= disposition.lag < math.inf):
        raise InputError(
            f"D1_{drug.id} is {disposition.duration:g} h and lag_{drug.id} {disposition.lag:g} h; "
            "give a duration above 0 and a lag of at least 0"
        )
    own = [f"{key}_{drug.id}" for key in UPTAKE]
    known = {symbol: value for symbol, value in given.items() if symbol not in own}
    model.require(known, {*model.settable, *own})
    read = [drug, *([library.inhibitor(drug.metabolite)] if drug.metabolite else [])]
    protocol = dosed(model, regimen, {drug.id: disposition}, list(times), known)
    levels = model.run(protocol, [f"C_{entry.id}" for entry in read])
    at, notes = np.asarray(times, dtype=float), (*outside(population, given), *doses_outside(regimen))
    return tuple(
        PlasmaProfile(
            entry.id,
            at,
            level,
            entry.molecular_weight.to("g/mol"),
            given.get(f"fu_{entry.id}", entry.fu.to("dimensionless")),
            notes,
        )
        for entry, level in zip(read, levels.T, strict=True)
    )


def _as_renal_function_leaves(
    inhibitor: str, population: str, given: Mapping[str, float], model: Model
) -> dict[str, float]:
    """Settings with the disposition that renal function changes beside clearance, as in ``Patient``."""
    around = Circumstances.of(inhibitor, population)
    if around.renal_exponent == 0:
        return dict(given)
    reference = next(name for name in ("eGFR_ref", f"eGFR_ref_{inhibitor}") if name in model.settable)
    around = replace(around, reference_eGFR=given.get(reference, around.reference_eGFR))
    names = [name for name in PARAMETERS if f"{name}_{inhibitor}" in model.settable]
    usual = {name: model.initial(f"{name}_{inhibitor}") for name in names}
    if (share := Disposition.of(inhibitor, population).bioavailability) is not None:
        usual["F"] = share
    changed = around.apply(usual, given.get("eGFR", model.initial("eGFR")))
    return {f"{name}_{inhibitor}": float(value) for name, value in changed.items()} | dict(given)


@dataclass(frozen=True)
class ExVivo:
    """Inhibition (fraction) of a cytokine read-out in blood drawn at each time (h)."""

    profile: PlasmaProfile
    inhibition: NDArray[np.float64]
    conditions: CellAssay
    dose_text: str = field(default="")

    @property
    def time(self) -> NDArray[np.float64]:
        return self.profile.time

    def time_of_maximum(self) -> float:
        return float(self.time[self.inhibition.argmax()])

    def time_back(self, within: float = 0.10) -> float:
        """Hours after which inhibition stays at or below ``within``; linear between draws, inf if never."""
        above = np.flatnonzero(self.inhibition > within)
        if len(above) == 0:
            return 0.0
        last = int(above[-1])
        if last == len(self.time) - 1:
            return math.inf
        y0, y1 = self.inhibition[last], self.inhibition[last + 1]
        share = (y0 - within) / (y0 - y1)
        return float(self.time[last] + share * (self.time[last + 1] - self.time[last]))


def ex_vivo_inhibition(
    profile: PlasmaProfile, conditions: CellAssay, model: Runnable | None = None
) -> ExVivo:
    """Stimulate, ex vivo, the blood drawn at each time of ``profile``.

    The drug is at its in vivo free concentration; cells are equilibrated with it before the draw.
    """
    run = conditions.model() if model is None else model
    top = conditions.uninhibited(run)
    inhibited = [1 - conditions.response(float(free), run) / top for free in profile.free]
    return ExVivo(profile, np.array(inhibited), conditions)


Array = NDArray[np.float64]
LOWEST, HIGHEST, POINTS = 0.05, 1000.0, 26  # free nM: the range and number of points of ``inhibition_law``


def inhibition_law(conditions: CellAssay, model: Runnable) -> Callable[[Array], Array]:
    """Inhibition as a function of the free concentration (nM), monotone cubic in ln(concentration).

    It lies within 0.1 percentage points of ``ex_vivo_inhibition`` and spares a run for each draw of blood.
    """
    from scipy.interpolate import PchipInterpolator

    top = conditions.uninhibited(model)
    shift = np.geomspace(LOWEST, HIGHEST + LOWEST, POINTS)
    inhibited = [1 - conditions.response(float(free), model) / top for free in shift - LOWEST]
    law = PchipInterpolator(np.log(shift), inhibited)
    return lambda free: np.asarray(law(np.log(np.maximum(free, 0.0) + LOWEST)))
