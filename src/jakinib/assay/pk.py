"""Dose to plasma, and ex vivo inhibition in the blood drawn after a dose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.cell import CellAssay
from jakinib.build.estimates import estimates
from jakinib.errors import InputError
from jakinib.library import get_library
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, Step, load


@dataclass(frozen=True)
class Disposition:
    """How a population absorbs an inhibitor: duration and lag of the zero-order input, in hours."""

    duration: float
    lag: float
    molecular_weight: float

    @classmethod
    def of(cls, inhibitor: str, population: str, overlay: Mapping[str, float] | None = None) -> Disposition:
        """From the library, calibrated estimates over it, ``overlay`` (D1_<drug>, lag_<drug>) on top."""
        drug = get_library().inhibitor(inhibitor)
        values = drug.pharmacokinetics.get(population)
        if values is None:
            raise InputError(
                f"inhibitor '{drug.id}' has no pharmacokinetics for '{population}'; "
                "it is offered for assays only"
            )
        fitted = estimates("clinical_pk")
        numbers = {}
        for key in ("D1", "lag"):
            quantity = fitted.get(f"{key}_{drug.id}@{population}", values[key])
            numbers[key] = (overlay or {}).get(f"{key}_{drug.id}", quantity.to("hour"))
        return cls(numbers["D1"], numbers["lag"], drug.molecular_weight.to("g/mol"))


@dataclass(frozen=True)
class PlasmaProfile:
    """Total plasma concentration (nM) over time (h) of one inhibitor."""

    inhibitor: str
    time: NDArray[np.float64]
    concentration: NDArray[np.float64]
    molecular_weight: float
    fu: float

    @property
    def free(self) -> NDArray[np.float64]:
        """Unbound concentration, nM."""
        return self.fu * self.concentration

    @property
    def ng_per_mL(self) -> NDArray[np.float64]:
        return self.concentration * self.molecular_weight * 1e-3

    def interval(self, start: float, end: float) -> dict[str, float]:
        """Cmax and Cmin (ng/mL), tmax (h after start) and AUC (ng h/mL) between two times."""
        inside = (self.time >= start) & (self.time <= end)
        time, level = self.time[inside], self.ng_per_mL[inside]
        return {
            "cmax": float(level.max()),
            "cmin": float(level.min()),
            "tmax": float(time[level.argmax()] - start),
            "auc": float(np.trapezoid(level, time)),
        }


def dosing_steps(regimen: Regimen, disposition: Disposition, inhibitor: str) -> list[Step]:
    """The regimen as changes of the model's input rate."""
    changes = regimen.input_rate(disposition.molecular_weight, disposition.duration, disposition.lag)
    return [Step(time, {f"input_rate_{inhibitor}": rate}) for time, rate in changes]


def plasma(
    regimen: Regimen,
    times: Sequence[float] | NDArray[np.float64],
    *,
    inhibitor: str = "baricitinib",
    population: str = "healthy_adult",
    settings: Mapping[str, float] | None = None,
    model: Model | None = None,
) -> PlasmaProfile:
    """Plasma concentration of the typical patient after oral doses.

    times in hours. settings: model symbols such as weight (kg), eGFR (mL/min per 1.73 m2).
    Raises InputError for a covariate that is not positive and finite.
    """
    drug = get_library().inhibitor(inhibitor)
    given = dict(settings or {})
    for covariate in ("weight", "eGFR"):
        value = given.get(covariate, 1.0)
        if not math.isfinite(value) or value <= 0:
            raise InputError(f"{covariate} is {value:g}; give a finite number above 0")
    disposition = Disposition.of(drug.id, population, given)
    if not (0 < disposition.duration < math.inf and 0 <= disposition.lag < math.inf):
        raise InputError(
            f"D1_{drug.id} is {disposition.duration:g} h and lag_{drug.id} {disposition.lag:g} h; "
            "give a duration above 0 and a lag of at least 0"
        )
    model = model or load("oral_pk", inhibitors=(drug.id,), population=population)
    own = (f"D1_{drug.id}", f"lag_{drug.id}")
    known = {symbol: value for symbol, value in given.items() if symbol not in own}
    model.require(known, {*model.settable, *own})
    protocol = Protocol(list(times), known, dosing_steps(regimen, disposition, drug.id))
    level = model.run(protocol, [f"C_{drug.id}"])[:, 0]
    return PlasmaProfile(
        drug.id, np.asarray(times, dtype=float), level, disposition.molecular_weight, drug.fu.value
    )


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


def ex_vivo_inhibition(profile: PlasmaProfile, conditions: CellAssay, model: Model | None = None) -> ExVivo:
    """Stimulate, ex vivo, the blood drawn at each time of ``profile``.

    The drug is at its in vivo free concentration; cells are equilibrated with it before the draw.
    """
    model = model or conditions.model()
    top = conditions.uninhibited(model)
    inhibited = [1 - conditions.response(float(free), model) / top for free in profile.free]
    return ExVivo(profile, np.array(inhibited), conditions)
