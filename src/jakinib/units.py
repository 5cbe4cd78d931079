"""The one place where units are converted: hour, nM, nmol, litre."""

from __future__ import annotations

import functools
import math
import re
from typing import Any

from jakinib.errors import UnitError

AVOGADRO_PER_NMOL = 6.02214076e14  # molecules per nmol (SI 2019, exact)

_UNIT = re.compile(r"[\w\s/*()%.^-]+")

# Unit names of models/antimony/units.ant, as pint reads them.
MODEL_UNITS = {
    "nM": "nmol/L",
    "nmol": "nmol",
    "hour": "hour",
    "litre": "L",
    "dimensionless": "dimensionless",
    "per_hour": "1/hour",
    "per_nM_per_hour": "1/(nM*hour)",
    "nM_per_hour": "nM/hour",
    "nmol_per_hour": "nmol/hour",
    "litre_per_hour": "L/hour",
    "body_kg": "kg",
    "mL_per_min_per_173": "mL/min",
}


@functools.cache
def registry() -> Any:
    """The shared pint registry (imported on first use: it is slow to load)."""
    import pint

    ureg: Any = pint.UnitRegistry(cache_folder=None)
    ureg.define("molecule = 1 / 6.02214076e23 * mole")
    return ureg


@functools.lru_cache(maxsize=4096)
def factor(unit: str, to: str) -> float:
    """Multiplier that turns a value in ``unit`` into ``to`` (both pint strings).

    Raises UnitError for an unknown unit or a wrong dimension.
    """
    try:
        if not _UNIT.fullmatch(unit):
            raise ValueError(unit)
        return float(registry().Quantity(1.0, unit).to(to).magnitude)
    except Exception as error:  # pint's parser raises whatever its tokenizer meets
        raise UnitError(
            f"unit '{unit}' is not convertible to '{to}'; write a unit of that dimension"
        ) from error


@functools.lru_cache(maxsize=4096)
def check_unit(unit: str) -> str:
    """``unit`` itself; raises UnitError for one that pint does not know."""
    try:
        if not _UNIT.fullmatch(unit):
            raise ValueError(unit)
        registry().Unit(unit)
    except Exception as error:  # as above
        raise UnitError(
            f"unit '{unit}' is not known; write for example nM, 1/hour or dimensionless"
        ) from error
    return unit


def convert(value: float, unit: str, to: str) -> float:
    """``value`` in ``unit`` expressed in ``to``."""
    return value * factor(unit, to)


_QUANTITY = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


def parse_quantity(text: str, to: str, *, mass: float | None = None, where: str = "") -> float:
    """Read "10 ng/mL" or "15 min" and return the value in ``to``.

    mass: molar mass in g/mol, needed to turn a mass concentration or dose into moles.
    Raises UnitError when the unit is missing, unknown or of another dimension.
    """
    prefix = f"{where}: " if where else ""
    match = _QUANTITY.match(text)
    if not match:
        raise UnitError(f"{prefix}'{text}' is not a number with a unit; write for example '10 {to}'")
    number, unit = float(match.group(1)), match.group(2)
    if not math.isfinite(number):
        raise UnitError(f"{prefix}'{text}' is not finite")
    if not unit:
        raise UnitError(f"{prefix}'{text}' has no unit; write for example '{number:g} {to}'")
    try:
        return number * factor(unit, to)
    except UnitError:
        if mass is None:
            raise UnitError(f"{prefix}unit '{unit}' in '{text}' is not convertible to '{to}'") from None
    try:
        return number * factor(f"({unit})/(g/mol)", to) / mass
    except UnitError:
        raise UnitError(f"{prefix}unit '{unit}' in '{text}' is not convertible to '{to}'") from None


def molecules_to_nM(molecules: float, litres: float) -> float:
    """Concentration in nM of ``molecules`` in a volume of ``litres``."""
    return molecules / AVOGADRO_PER_NMOL / litres


def dose_to_nmol(milligram: float, molecular_weight: float) -> float:
    """Dose in nmol; ``molecular_weight`` in g/mol."""
    return milligram * 1e6 / molecular_weight
