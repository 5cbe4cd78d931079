"""One patient: weight, renal function, disease, food and co-medication as settings of the PK models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import checked
from jakinib.assay.disposition import RELEASE, Disposition
from jakinib.assay.studied import COVARIATES, outside
from jakinib.build.pharmacology import no_pharmacokinetics
from jakinib.errors import InputError
from jakinib.library import get_library
from jakinib.library.names import resolve
from jakinib.regimen.changing import Changing, Covariate, changing, first, values
from jakinib.simulate import load

T = TypeVar("T", float, NDArray[np.float64])

CLEARANCES = ("CLr", "CLnr", "Q")
VOLUMES = ("V1", "V2")
RATES = ("ka",)
TIMES = ("D1", "lag", "release")
PARAMETERS = (*CLEARANCES, *VOLUMES, *RATES, *TIMES, "F")


@dataclass(frozen=True)
class Circumstances:
    """What changes the disposition of one inhibitor in one population.

    factors: multipliers by parameter, F for exposure. delays: hours added. renal_exponent: F rises as
    (reference_eGFR / eGFR)^exponent below the reference, to at most ``most_F`` times its value.
    """

    factors: tuple[tuple[str, float], ...] = ()
    delays: tuple[tuple[str, float], ...] = ()
    renal_exponent: float = 0.0
    reference_eGFR: float = 93.0
    most_F: float = math.inf

    @classmethod
    def of(cls, inhibitor: str, population: str, conditions: Sequence[str] = ()) -> Circumstances:
        """From the library: the named conditions of the inhibitor, and its renal uptake in the population.

        Raises UnknownIdError for a condition the inhibitor does not state, InputError for one that acts on
        what is no disposition parameter.
        """
        library = get_library()
        drug, people = library.inhibitor(inhibitor), library.population(population)
        factors: list[tuple[str, float]] = []
        delays: list[tuple[str, float]] = []
        named = [resolve(f"condition of {drug.id}", name, drug.conditions) for name in conditions]
        for name in dict.fromkeys(named):
            condition = drug.conditions[name]
            for field, known in (("factors", PARAMETERS), ("delays", TIMES)):
                for symbol in getattr(condition, field):
                    if symbol not in known:
                        where = library.where("inhibitors", drug.id, "conditions", name, field, symbol)
                        raise InputError(f"{where}: {field}.{symbol}: unknown; use {', '.join(known)}")
            factors += [(symbol, q.to("dimensionless")) for symbol, q in condition.factors.items()]
            delays += [(symbol, q.to("hour")) for symbol, q in condition.delays.items()]
        exponent = drug.renal_uptake.get(people.id)
        model = load("oral_pk", inhibitors=drug.id, population=people.id)
        return cls(
            tuple(factors),
            tuple(delays),
            0.0 if exponent is None else exponent.to("dimensionless"),
            model.initial("eGFR_ref" if "eGFR_ref" in model.ids else f"eGFR_ref_{drug.id}"),
            math.inf if drug.bioavailability is None else 1 / drug.bioavailability.to("dimensionless"),
        )

    def over_time(self, inhibitor: str, values: Mapping[str, float], eGFR: Covariate) -> dict[str, Covariate]:
        """The apparent disposition (by parameter name) at time 0, with F over time where eGFR changes it.

        Clearances and volumes are per F at time 0, so that what is in the body stays when F changes.
        Raises InputError where F changes and the inhibitor states none.
        """
        own: dict[str, Covariate] = {
            name: float(value) for name, value in self.apply(values, first(eGFR)).items()
        }
        if isinstance(eGFR, Changing) and self.renal_exponent:
            if "F" not in values:
                raise InputError(
                    f"eGFR changes, and with it the share of {inhibitor} taken up, which the library does "
                    "not state; give one eGFR, or the bioavailability of the inhibitor"
                )
            own["F"] = eGFR.map(lambda value: float(self.apply(values, value)["F"]))
        return own

    def apply(self, values: Mapping[str, T], eGFR: T) -> dict[str, T]:
        """Apparent disposition (by parameter name) under these circumstances; numbers or arrays."""
        out = dict(values)
        exposure = np.maximum(1.0, self.reference_eGFR / np.asarray(eGFR, dtype=float)) ** self.renal_exponent
        for symbol, by in self.factors:
            if symbol == "F":
                exposure = exposure * by
            elif symbol in out:
                out[symbol] = out[symbol] * by
        exposure = np.minimum(exposure, self.most_F)
        for symbol in (*CLEARANCES, *VOLUMES):
            if symbol in out:
                quotient: Any = out[symbol] / exposure  # a float or an array, as the values are
                out[symbol] = quotient
        if "F" in out:  # by which intravenous doses are divided, as clearances and volumes are
            share: Any = np.minimum(out["F"] * exposure, 1.0)
            out["F"] = share
        for symbol, hours in self.delays:
            if symbol in out:
                out[symbol] = out[symbol] + hours
        return out


def typical(inhibitor: str, population: str) -> dict[str, float]:
    """Apparent disposition of the reference patient: L/h, L, 1/h and h, by parameter name; F, a share.

    Only what the inhibitor states: ka and release belong to first-order absorption, F to a known one.
    Raises InputError for an inhibitor without pharmacokinetics in the population.
    """
    library = get_library()
    drug, people = library.inhibitor(inhibitor), library.population(population)
    uptake = Disposition.of(drug.id, people.id)
    model = load("oral_pk", inhibitors=drug.id, population=people.id)
    values = {
        name: model.initial(f"{name}_{drug.id}")
        for name in (*CLEARANCES, *VOLUMES, *RATES)
        if f"{name}_{drug.id}" in model.settable
    }
    values |= {"D1": uptake.duration, "lag": uptake.lag}
    if uptake.bioavailability is not None:
        values["F"] = uptake.bioavailability
    return values | ({"release": uptake.release or RELEASE} if uptake.first_order > 0 else {})


@checked
@dataclass(frozen=True)
class Patient:
    """A patient. weight in kg, eGFR in mL/min per 1.73 m2, or as text with a unit ("45 mL/min"), or over time
    ("90, 30 from 7 days"; {"0 h": 90, "7 days": 30}); what is not given is that of the population.

    conditions: names under ``conditions`` of the inhibitor, such as "fed" or "OAT3_inhibitor". own: of the
    disposition of the reference patient, by symbol ("CLr_baricitinib"), whatever a draw says of it.
    Raises InputError for an inhibitor without pharmacokinetics in the population, and for a covariate that is
    not positive and finite.

    >>> Patient(eGFR="90, 30 from 7 days").eGFR.at(200.0)
    30.0
    """

    population: str = "healthy_adult"
    inhibitor: str = "baricitinib"
    weight: Annotated[Covariate | None, changing] = None  # a number, or one over time, once made
    eGFR: Annotated[Covariate | None, changing] = None
    conditions: tuple[str, ...] = ()
    own: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        for name, unit in COVARIATES.items():
            if getattr(self, name) is None:
                continue
            object.__setattr__(self, name, changing(getattr(self, name), unit, name))
            for value in values(getattr(self, name)):
                if not math.isfinite(value) or value <= 0:
                    raise InputError(f"{name} is {value:g}; give a finite number above 0")
        drug, people = get_library().inhibitor(self.inhibitor), get_library().population(self.population)
        if people.id not in drug.pharmacokinetics:
            raise InputError(no_pharmacokinetics(drug, people.id))

    def unknown(self) -> list[str]:
        """One line for each covariate given that lies outside the studied range, or whose effect on this
        inhibitor the library does not know."""
        people = get_library().population(self.population)
        drug = get_library().inhibitor(self.inhibitor)
        stated = drug.pharmacokinetics.get(people.id, {})
        given = {"weight": self.weight, "eGFR": self.eGFR}
        lines = outside(people.id, {name: value for name, value in given.items() if value is not None})
        if self.eGFR is not None and "CLr" in stated and stated["CLr"].value == 0:
            lines.append(f"{drug.id}: eGFR has no effect: renal clearance is 0 ({stated['CLr'].location})")
        elif self.eGFR is not None and "CLr" in stated and stated["CLr"].kind == "assumed":
            lines.append(f"{drug.id}: the effect of eGFR is assumed: {stated['CLr'].rationale}")
        assumed = [
            key for key in ("weight_CL", "weight_V") if key in stated and stated[key].kind == "assumed"
        ]
        if self.weight is not None and assumed:
            lines.append(f"{drug.id}: the effect of weight is assumed: {stated[assumed[0]].rationale}")
        return lines

    def settings(self, disposition: Mapping[str, float] | None = None) -> dict[str, Covariate]:
        """Settings for ``jakinib.plasma``: covariates, and disposition as the circumstances leave it.

        disposition: of the reference patient, in place of the library's (``typical``), by parameter name.
        Where eGFR changes, so may the share F that is taken up; clearances and volumes are per F at time 0.
        Raises UnknownIdError for an unknown name.
        """
        people = get_library().population(self.population)
        drug = get_library().inhibitor(self.inhibitor)
        weight = people.weight.to("kg") if self.weight is None else self.weight
        eGFR = people.eGFR.to("mL/min") if self.eGFR is None else self.eGFR
        usual = typical(drug.id, people.id) | dict(disposition or {})
        mine = {symbol.removesuffix(f"_{drug.id}"): (symbol, value) for symbol, value in self.own}
        usual |= {name: mine[name][1] for name in usual if name in mine}
        around = Circumstances.of(drug.id, people.id, self.conditions)
        own = around.over_time(drug.id, usual, eGFR)
        beside = dict(pair for name, pair in mine.items() if name not in usual)
        out = {"weight": weight, "eGFR": eGFR, **beside}
        return out | {f"{name}_{drug.id}": value for name, value in own.items()}
