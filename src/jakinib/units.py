"""The one place where units are converted: hour, nM, nmol, litre."""

from __future__ import annotations

import atexit
import functools
import math
import re
from typing import Any

from jakinib import cache
from jakinib.errors import UnitError, shortened

AVOGADRO_PER_NMOL = 6.02214076e14  # molecules per nmol (SI 2019, exact)

# What pint may see of a unit: it computes 9**9**9 when it reads it, and does not come back.
_UNIT = re.compile(r"[A-Za-zµμΩÅ°0-9_ /*()%.^-]+")
_EXPONENT = re.compile(r"(?:\*\*|\^) *(?:\( *-?\d{1,2}(?: */ *\d)? *\)|-?\d{1,2}(?:\.\d{1,3})?)(?![\d.eE])")
LONGEST_UNIT, MOST_FACTORS, DEEPEST_UNIT, LARGEST_EXPONENT = 80, 12, 4, 30
LONGEST_QUANTITY = 200  # characters of a number with its unit
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

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
    ureg.define("IU = [international_unit]")  # of a cytokine; what mass it is depends on which
    return ureg


def _guarded(unit: str) -> str:
    """``unit`` as pint may read it; ValueError for one that is no short product of powers of units."""
    if len(unit) > LONGEST_UNIT:
        raise ValueError(f"has {len(unit):,} characters; at most {LONGEST_UNIT} are read")
    plain = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda found: f"**{found[0].translate(_SUPERSCRIPTS)}", unit)
    if not _UNIT.fullmatch(plain):
        raise ValueError("holds a character that no unit has")
    for power in _EXPONENT.findall(plain):
        if any(int(digits) > LARGEST_EXPONENT for digits in re.findall(r"\d+", power.partition(".")[0])):
            raise ValueError(f"has an exponent above {LARGEST_EXPONENT}")
    rest = _EXPONENT.sub("!", plain)
    if re.search(r"\*\*|\^|! *!|\) *!|\d{16}|\d[eE][-+]?\d{3}", rest):
        raise ValueError("has a power that is no small number behind one unit")
    if len(re.findall(r"[^ /*()!]+", rest)) > MOST_FACTORS:
        raise ValueError(f"has more than {MOST_FACTORS} factors")
    if rest.count("(") > DEEPEST_UNIT:
        raise ValueError(f"has more than {DEEPEST_UNIT} brackets")
    return plain


_REMEMBERED = 2_000  # conversions kept from one process to the next


class _Table:
    """Conversions that pint has made, so that most processes need not load it."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], float] = dict(cache.kept("units", "", dict))
        self._before = len(self.known)
        atexit.register(self.keep)

    def factor(self, unit: str, to: str) -> float:
        """Multiplier from ``unit`` to ``to``, NaN for another dimension; to "": 1 where it is a unit."""
        if (unit, to) not in self.known:
            self.known[unit, to] = _asked(unit, to)
        return self.known[unit, to]

    def keep(self) -> None:
        """Add what is new to what other processes have kept meanwhile."""
        if self._before < len(self.known) <= _REMEMBERED:
            cache.update("units", "", cache.kept("units", "", dict) | self.known)
            self._before = len(self.known)


def _asked(unit: str, to: str) -> float:
    """What pint says of a unit, in the words of ``_Table.factor``."""
    ureg, plain = registry(), _guarded(unit)
    if not to:
        ureg.Unit(plain)
        return 1.0
    import pint

    try:
        return float(ureg.Quantity(1.0, plain).to(to).magnitude)
    except pint.DimensionalityError:
        return math.nan


@functools.cache
def _table() -> _Table:
    return _Table()


@functools.lru_cache(maxsize=4096)
def factor(unit: str, to: str) -> float:
    """Multiplier that turns a value in ``unit`` into ``to`` (both pint strings).

    Raises UnitError for an unknown unit or a wrong dimension.
    """
    try:
        found = _table().factor(unit, to)
        if not 0 < found < math.inf:
            raise ValueError(unit)
        return found
    except Exception as error:  # pint's parser raises whatever its tokenizer meets
        raise UnitError(
            f"unit '{shortened(unit, 60)}' is not convertible to '{to}'; write a unit of that dimension"
        ) from error


@functools.lru_cache(maxsize=4096)
def check_unit(unit: str) -> str:
    """``unit`` itself; raises UnitError for one that pint does not know."""
    try:
        _table().factor(unit, "")
    except Exception as error:  # as above
        reason = error if isinstance(error, ValueError) else "is not known"
        raise UnitError(
            f"unit '{shortened(unit, 60)}' {reason}; write for example nM, 1/hour or dimensionless"
        ) from error
    return unit


def convert(value: float, unit: str, to: str) -> float:
    """``value`` in ``unit`` expressed in ``to``."""
    return value * factor(unit, to)


_THOUSANDS = re.compile(r"[1-9]\d{0,2}(,\d{3})+(?!\d)")
_COMMA = re.compile(r"^\s*[+-]?\d+,\d+(?![\d,])")
_PER_SURFACE = re.compile(r"(?<=min) ?(?:/|per) ?1[.,]73 ?m(?:\^?2|²|\*\*2)", re.IGNORECASE)
_CREATININE = re.compile(r"(?:[µμu]?mol|mg)/d?l", re.IGNORECASE)
_QUANTITY = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")


def parse_quantity(text: str, to: str, *, mass: float | None = None, where: str = "") -> float:
    """Read "10 ng/mL" or "15 min" and return the value in ``to``.

    mass: molar mass in g/mol, needed to turn a mass concentration or dose into moles.
    Raises UnitError when the unit is missing, unknown or of another dimension.
    """
    prefix = f"{where}: " if where else ""
    if len(text) > LONGEST_QUANTITY:
        raise UnitError(
            f"{prefix}a quantity of {len(text):,} characters; at most {LONGEST_QUANTITY} are read, "
            f"write for example '10 {to}'"
        )
    if _THOUSANDS.match(text.strip()):
        raise UnitError(f"{prefix}'{text}' may be a decimal number or thousands; write the one you mean")
    match = _QUANTITY.match(text.replace(",", ".", 1) if _COMMA.match(text) else text)
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


def spoken(value: float | str, unit: str, what: str) -> float:
    """A number as it is given, in ``unit`` where it has none of its own: 45, "45", "45 mL/min per 1.73 m2".

    what: its name, for messages. Raises UnitError for a unit of another dimension; an eGFR that is a
    concentration of creatinine is called that.
    """
    if not isinstance(value, str):
        return float(value)
    text = _PER_SURFACE.sub("", value.strip())
    if re.fullmatch(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf)", text, re.IGNORECASE):
        return parse_quantity(f"{text} {unit}", unit, where=what) if "," in text else float(text)
    if what == "eGFR" and _CREATININE.search(text):
        raise UnitError(
            f"eGFR: '{shortened(text, 60)}' is a creatinine in serum; give the eGFR that follows from it "
            "with age and sex (CKD-EPI), for example '45 mL/min'"
        )
    try:
        return parse_quantity(text, unit, where=what)
    except UnitError:
        if text == text.lower():
            raise
    return parse_quantity(text.lower(), unit, where=what)


def split_quantity(text: str) -> tuple[str, str]:
    """Number and unit of a text that ``parse_quantity`` reads, as they are written."""
    match = _QUANTITY.match(text)
    if not match:
        raise UnitError(f"'{text}' is not a number with a unit; write for example '10 nM'")
    return match.group(1), match.group(2)


def molecules_to_nM(molecules: float, litres: float) -> float:
    """Concentration in nM of ``molecules`` in a volume of ``litres``."""
    return molecules / AVOGADRO_PER_NMOL / litres


def dose_to_nmol(milligram: float, molecular_weight: float) -> float:
    """Dose in nmol; ``molecular_weight`` in g/mol."""
    return milligram * 1e6 / molecular_weight
