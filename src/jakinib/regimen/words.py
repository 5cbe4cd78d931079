"""The words of regimens: units of dose and time, intervals."""

from __future__ import annotations

import re

from jakinib.units import LONGEST_QUANTITY, factor

INTERVALS = {"qd": 24.0, "bid": 12.0, "tid": 8.0, "qid": 6.0, "qod": 48.0, "qw": 168.0}
_NAMES = {24.0: "qd", 12.0: "bid", 8.0: "tid", 6.0: "qid", 48.0: "qod", 168.0: "qw"}
_MASS = {"ng": "ng", "ug": "ug", "µg": "ug", "μg": "ug", "mcg": "ug", "mg": "mg", "g": "g"}
_MASS |= {
    f"{name}{s}": f"{name}" for name in ("nanogram", "microgram", "milligram", "gram") for s in ("", "s")
}
_MASS |= {"mgs": "mg"}
_TIME = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "second"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minute"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "hour"),
    **dict.fromkeys(("d", "day", "days"), "day"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "week"),
}
UNSIGNED = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_QUANTITY = re.compile(rf"\s*([-+]?{UNSIGNED})\s*([^\W\d]+(?:/[^\W\d]+)?)\s*")


def mass_unit(word: str) -> tuple[float, bool]:
    """(mg in one of the unit, whether it is per kg of body weight); raises ValueError."""
    unit, _, per = word.partition("/")
    unit = unit if unit in _MASS else unit.lower()
    per = per.lower()
    if unit not in _MASS or per not in ("", "kg") or word.endswith("/"):
        raise ValueError(f"unit '{word}' is not one of dose; use mg, ug, g or mg/kg")
    return factor(_MASS[unit], "mg"), per == "kg"


def time_unit(word: str) -> float:
    """Hours in one of the unit; raises ValueError."""
    word = word if word in _TIME else word.lower()
    if word not in _TIME:
        raise ValueError(f"unit '{word}' is not one of time; use min, h, days or weeks")
    return factor(_TIME[word], "hour")


def interval(word: str) -> float:
    """Hours of "qd", "bid", "q12h", "q2d"; raises ValueError."""
    match = re.fullmatch(r"q([0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?)([hdw])", word.lower())
    hours = float(match[1]) * time_unit(match[2]) if match else INTERVALS.get(word.lower(), 0.0)
    if not 0 < hours < float("inf"):
        raise ValueError(f"interval '{word}' unknown; use qd, bid, tid, qid, qod, qw, q12h or 'every 12 h'")
    return hours


def interval_word(hours: float) -> str:
    """The word that ``interval`` reads as exactly ``hours``."""
    return _NAMES.get(hours, f"q{number(hours)}h")


def number(value: float) -> str:
    """Shortest text that reads as exactly ``value``."""
    return repr(float(value)).removesuffix(".0")


def quantity(text: str) -> tuple[float, str]:
    """Number and unit of "30 min"; raises ValueError."""
    match = _QUANTITY.fullmatch(text) if len(text) <= LONGEST_QUANTITY else None
    if not match:
        raise ValueError(f"'{text}' is not a number with a unit")
    return float(match[1]), match[2]


def hours(text: str) -> float:
    """Hours of "30 min"; raises ValueError."""
    value, unit = quantity(text)
    return value * time_unit(unit)
