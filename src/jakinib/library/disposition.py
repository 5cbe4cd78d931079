"""What a pharmacokinetics section of an inhibitor must state.

Without ``ka`` a dose enters plasma at zero order over D1 after the lag, into two compartments. With ``ka``
the share ``first_order`` of a dose (default: all) passes a depot, released into it over ``release`` hours
(default: at once), the rest enters plasma over D1; one compartment when neither V2 nor Q is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jakinib.library.ranges import DISPOSITION

if TYPE_CHECKING:
    from jakinib.library.schema import Quantity

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


def check_disposition(population: str, values: Mapping[str, Quantity]) -> None:
    """Raises ValueError for a disposition that no model can be built from."""
    where = f"pharmacokinetics of {population}"
    for key, quantity in values.items():
        if key not in UNITS:
            raise ValueError(f"{where}: {key} is not known; known: {', '.join(UNITS)}")
        try:
            DISPOSITION[key].check(quantity)
        except ValueError as error:
            raise ValueError(f"{where}: {key} {error}") from None
    needed = set(DEPOT if "ka" in values else ZERO_ORDER)
    if "ka" in values:
        share = values["first_order"].to("dimensionless") if "first_order" in values else 1.0
        needed |= {"D1"} if share < 1 else set()
        needed |= {"Q", "V2"} if {"Q", "V2"} & set(values) else set()
    missing = sorted(needed - set(values))
    if missing:
        raise ValueError(f"{where}: {', '.join(missing)} missing; a {_kind(values)} states {_list(needed)}")
    if values["CLr"].to("L/hour") + values["CLnr"].to("L/hour") <= 0:
        raise ValueError(f"{where}: CLr and CLnr are both 0; at least one clears the inhibitor")


def _kind(values: Mapping[str, Quantity]) -> str:
    return "disposition with first-order absorption" if "ka" in values else "zero-order disposition"


def _list(keys: set[str]) -> str:
    return ", ".join(key for key in UNITS if key in keys)
