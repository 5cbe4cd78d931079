"""Dose to plasma, and ex vivo inhibition in the blood drawn after a dose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import checked
from jakinib.assay.cell import CellAssay
from jakinib.assay.curve import at_each
from jakinib.assay.disposition import UPTAKE, Disposition
from jakinib.assay.dosing import dosed
from jakinib.assay.patient import PARAMETERS, Circumstances
from jakinib.assay.studied import bands_missed, doses_outside, outside
from jakinib.errors import InputError
from jakinib.library import get_library
from jakinib.library.ranges import BODY_WEIGHT, DISPOSITION, EGFR
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, Covariate, Settings, initial, values
from jakinib.simulate import Model, Runnable, load


@checked
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
        """Cmax and Cmin (ng/mL), tmax (h after start) and AUC (ng h/mL) between two times.

        Raises InputError where no time of the profile lies between them.
        """
        inside = (self.time >= start - 1e-9) & (self.time <= end + 1e-9)
        if not inside.any():
            raise InputError(f"plasma: no time from {start:g} to {end:g} h; ask for times there")
        time, level = self.time[inside], self.ng_per_mL[inside]
        return {
            "cmax": float(level.max()),
            "cmin": float(level.min()),
            "tmax": float(time[level.argmax()] - start),
            "auc": float(np.trapezoid(level, time)),
        }


@checked
def plasma(
    regimen: Regimen | str,
    times: Sequence[float] | NDArray[np.float64],
    *,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    settings: Settings | None = None,
    model: Model | None = None,
) -> PlasmaProfile:
    """Plasma concentration of the typical patient under a regimen; of its doses, those of ``inhibitor``.

    times in hours. settings: model symbols such as weight (kg), eGFR (mL/min per 1.73 m2), and ``UPTAKE``;
    what is not given follows from the covariates as in ``Patient``. What food or another drug changes, and
    covariates that change in time, are in ``Patient(...).settings()``.
    Raises InputError for a covariate that is not positive and finite.

    >>> import jakinib as jk
    >>> failing = jk.Patient(eGFR="90, 30 from 7 days").settings()
    >>> found = jk.plasma("4 mg qd x 14", [168, 336], settings=failing)
    >>> bool(found.concentration[1] > found.concentration[0])
    True
    """
    return plasma_profiles(
        regimen, times, inhibitor=inhibitor, population=population, settings=settings, model=model
    )[0]


def plasma_profiles(
    regimen: Regimen | str,
    times: Sequence[float] | NDArray[np.float64],
    *,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    settings: Settings | None = None,
    model: Model | None = None,
) -> tuple[PlasmaProfile, ...]:
    """``plasma`` of the inhibitor dosed and, after it, of its active metabolite where it has one."""
    regimen = Regimen.parse(regimen)
    library = get_library()
    drug = library.inhibitor(inhibitor)
    for name in regimen.inhibitors:
        library.inhibitor(name)
    stated = dict(settings or {})
    _check_settings(stated, drug.id)
    model = model or load("oral_pk", inhibitors=(drug.id,), population=population)
    stated = _as_renal_function_leaves(drug.id, population, stated, model)
    given = initial(stated)
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
    whole: dict[str, Covariate] = {**known, **{n: v for n, v in stated.items() if isinstance(v, Changing)}}
    at = np.asarray(times, dtype=float)
    protocol = dosed(model, regimen, {drug.id: disposition}, at, whole)
    levels = model.run(protocol, [f"C_{entry.id}" for entry in read])
    weight = stated.get("weight", get_library().population(population).weight.to("kg"))
    notes = (*outside(population, stated), *doses_outside(regimen, drug.id))
    notes = (*notes, *bands_missed(regimen, drug.id, population, weight))
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


def _check_settings(given: Settings, drug: str) -> None:
    """Raises InputError for a disposition, weight or eGFR that nobody has, and for others that change."""
    for name, value in given.items():
        known = DISPOSITION.get(name.removesuffix(f"_{drug}"))
        if known is DISPOSITION["D1"]:  # an input may be all but at once
            known = replace(known, low=0.0, above=True)
        try:
            _ = [known.number(one) for one in values(value)] if known else []
        except ValueError as error:
            raise InputError(f"{name} {error}") from None
        most = {"weight": BODY_WEIGHT.high, "eGFR": EGFR.high}.get(name, math.inf)
        if isinstance(value, Changing) and not (most < math.inf or name.startswith("F_")):
            raise InputError(f"{name} changes; weight and eGFR may, give one value of {name}")
        for one in values(value) if most < math.inf else ():
            if not math.isfinite(one) or one <= 0:
                raise InputError(f"{name} is {one:g}; give a finite number above 0")
            if one > most:
                raise InputError(f"{name} is {one:g}; give at most {most:g}")


def _as_renal_function_leaves(
    inhibitor: str, population: str, given: Settings, model: Model
) -> dict[str, Covariate]:
    """Settings with the disposition that renal function changes beside clearance, as in ``Patient``."""
    around = Circumstances.of(inhibitor, population)
    if around.renal_exponent == 0:
        return dict(given)
    reference = next(name for name in ("eGFR_ref", f"eGFR_ref_{inhibitor}") if name in model.settable)
    around = replace(around, reference_eGFR=initial(given).get(reference, around.reference_eGFR))
    names = [name for name in PARAMETERS if f"{name}_{inhibitor}" in model.settable]
    usual = {name: model.initial(f"{name}_{inhibitor}") for name in names}
    if (share := Disposition.of(inhibitor, population).bioavailability) is not None:
        usual["F"] = share
    changed = around.over_time(inhibitor, usual, given.get("eGFR", model.initial("eGFR")))
    return {f"{name}_{inhibitor}": value for name, value in changed.items()} | dict(given)


@checked
@dataclass(frozen=True)
class ExVivo:
    """Inhibition (fraction) of a cytokine read-out in blood drawn at each time (h)."""

    profile: PlasmaProfile
    inhibition: NDArray[np.float64]
    conditions: CellAssay

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


@checked
def ex_vivo_inhibition(
    profile: PlasmaProfile, conditions: CellAssay, model: Runnable | None = None
) -> ExVivo:
    """Stimulate, ex vivo, the blood drawn at each time of ``profile``.

    The drug is at its in vivo free concentration; cells are equilibrated with it before the draw.

    >>> import jakinib as jk
    >>> levels = jk.plasma("4 mg once", [1, 8])
    >>> found = jk.ex_vivo_inhibition(levels, jk.CellAssay("baricitinib", "IL-6"))
    >>> bool(found.inhibition[0] > found.inhibition[1])  # fractions
    True
    """
    inhibited = conditions.inhibited(conditions.model() if model is None else model)
    return ExVivo(profile, at_each(inhibited, profile.free), conditions)
