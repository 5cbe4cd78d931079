"""What a pharmacokinetics section of an inhibitor must state.

Without ``ka`` a dose enters plasma at zero order over D1 after the lag, into two compartments. With ``ka``
the share ``first_order`` of a dose (default: all) passes a depot, released into it over ``release`` hours
(default: at once), the rest enters plasma over D1; one compartment when neither V2 nor Q is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from jakinib.errors import UnitError

UNITS = {
    "CLr": "L/hour",
    "CLnr": "L/hour",
    "Q": "L/hour",
    "V1": "L",
    "V2": "L",
    "D1": "hour",
    "lag": "hour",
    "ka": "1/hour",
    "first_order": "dimensionless",
    "release": "hour",
    "weight_ref": "kg",
    "eGFR_ref": "mL/min",
    "weight_CL": "dimensionless",
    "weight_V": "dimensionless",
}
ZERO_ORDER = ("CLr", "CLnr", "Q", "V1", "V2", "D1", "lag")
DEPOT = ("CLr", "CLnr", "V1", "ka", "lag", "weight_ref", "eGFR_ref", "weight_CL", "weight_V")
_MAY_BE_ZERO = ("CLr", "CLnr", "lag", "first_order", "weight_CL", "weight_V")


class Convertible(Protocol):
    """A quantity that can be expressed in another unit."""

    def to(self, unit: str) -> float: ...


def check_disposition(population: str, values: Mapping[str, Convertible]) -> None:
    """Raises ValueError for a disposition that no model can be built from."""
    where = f"pharmacokinetics of {population}"
    for key, quantity in values.items():
        if key not in UNITS:
            raise ValueError(f"{where}: {key} is not known; known: {', '.join(UNITS)}")
        try:
            value = quantity.to(UNITS[key])
        except UnitError as error:
            raise ValueError(f"{where}: {key}: {error}") from None
        if value < 0 or (value == 0 and key not in _MAY_BE_ZERO):
            raise ValueError(f"{where}: {key} is {value:g}; give a number above 0")
    needed = set(DEPOT if "ka" in values else ZERO_ORDER)
    if "ka" in values:
        share = values["first_order"].to("dimensionless") if "first_order" in values else 1.0
        if share > 1:
            raise ValueError(f"{where}: first_order is {share:g}; it is a share of the dose, at most 1")
        needed |= {"D1"} if share < 1 else set()
        needed |= {"Q", "V2"} if {"Q", "V2"} & set(values) else set()
    missing = sorted(needed - set(values))
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} missing; a {_kind(values)} states {_list(needed)}")
    if values["CLr"].to("L/hour") + values["CLnr"].to("L/hour") <= 0:
        raise ValueError(f"{where}: CLr and CLnr are both 0; at least one clears the inhibitor")


def _kind(values: Mapping[str, Convertible]) -> str:
    return "disposition with first-order absorption" if "ka" in values else "zero-order disposition"


def _list(keys: set[str]) -> str:
    return ", ".join(key for key in UNITS if key in keys)
