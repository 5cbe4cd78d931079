"""Numbers as the page holds them: value in the unit of the model, range, and where they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jakinib.build import Source
from jakinib.build.template import declared_units
from jakinib.library.schema import Quantity
from jakinib.units import MODEL_UNITS

_VALUE = re.compile(r"^ +(\w+) = ([-+.\deE]+)(?: nmol)?;$", re.MULTILINE)
_NAME = re.compile(r'(?:^|;) *(\w+) is "([^"]*)"', re.MULTILINE)


def stated(quantity: Quantity, unit: str) -> dict[str, Any]:
    """A quantity in a unit, with range and origin; what it lacks is left out."""
    scale = quantity.to(unit) / quantity.value if quantity.value else 1.0
    low, high = (None if end is None else end * scale for end in (quantity.low, quantity.high))
    record = {
        "value": quantity.to(unit), "unit": unit, "low": low, "high": high, "kind": quantity.kind,
        "status": quantity.status, "source": quantity.source, "at": quantity.location,
        "why": quantity.rationale,
    }  # fmt: skip
    return {key: value for key, value in record.items() if value not in (None, "")}


def values_of(source: Source) -> dict[str, float]:
    """Every number that a composed model states: parameters, sizes and starts, as its SBML holds them."""
    return {symbol: float(number) for symbol, number in _VALUE.findall(source.text)}


def names_of(source: Source) -> dict[str, str]:
    """What the symbols of a composed model are called."""
    return dict(_NAME.findall(source.text))


def parameters_of(source: Source) -> dict[str, dict[str, Any]]:
    """Every parameter of a composed model that comes from a source, by symbol, with its name."""
    units, names = declared_units(source.text), names_of(source)
    return {
        symbol: {"name": names.get(symbol, symbol)} | stated(quantity, MODEL_UNITS[units[symbol]])
        for symbol, quantity in source.provenance.items()
    }


def different(found: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """What is not as usual."""
    return {key: value for key, value in found.items() if usual.get(key) != value}
