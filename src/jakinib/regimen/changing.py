"""What changes in a patient while doses go on: weight, renal function; each value holds from its time on."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jakinib import arguments
from jakinib.errors import InputError
from jakinib.regimen import words
from jakinib.units import spoken

MOST = 1000  # values of one covariate
_BETWEEN = re.compile(r"\s*;\s*|,\s+|,?\s+then\s+")
_FROM = re.compile(r"(.*?)\s+(?:from|after|at)\s+(.*)", re.IGNORECASE)
_DAY = re.compile(r"(day|week)s?\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Changing:
    """A covariate over time: (hours, value) in order, the first at 0; each holds until the next.

    Before time 0, where a steady state was reached, the first holds.

    >>> renal = Changing(((0.0, 90.0), (168.0, 30.0)))
    >>> renal.at(167.9), renal.at(168.0), renal.high
    (90.0, 30.0, 90.0)
    """

    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        times = [time for time, _ in self.points]
        if not times or times[0] != 0:
            raise InputError("a value that changes begins at 0 h; say what it is from then on")
        if len(times) > MOST:
            raise InputError(f"changes {len(times) - 1:,} times; at most {MOST - 1:,} changes are followed")
        for before, after in pairwise(times):
            if not before < after < math.inf:
                raise InputError(
                    f"changes at {after:g} h after {before:g} h; give increasing times, once each"
                )

    @property
    def first(self) -> float:
        return self.points[0][1]

    @property
    def changes(self) -> tuple[tuple[float, float], ...]:
        """All but the first."""
        return self.points[1:]

    @property
    def values(self) -> tuple[float, ...]:
        return tuple(value for _, value in self.points)

    @property
    def low(self) -> float:
        return min(self.values)

    @property
    def high(self) -> float:
        return max(self.values)

    def at(self, time: float) -> float:
        """The value at a time (h); before 0, the first."""
        return self.points[max(bisect_right(self.points, (time, math.inf)) - 1, 0)][1]

    def map(self, change: Callable[[float], float]) -> Covariate:
        """The same over time with ``change`` of each value; a number where all become one."""
        return over_time((time, change(value)) for time, value in self.points)

    def __str__(self) -> str:
        """Text that ``changing`` reads as this, without units of the values."""
        first, *later = self.points
        number = words.number
        return ", ".join(
            [number(first[1]), *(f"{number(value)} from {number(time)} h" for time, value in later)]
        )


Covariate = float | Changing
Settings = Mapping[str, Covariate]


def first(covariate: Covariate) -> float:
    """What it is at time 0 and before."""
    return covariate.first if isinstance(covariate, Changing) else covariate


def at(covariate: Covariate, time: float) -> float:
    """What it is at a time (h)."""
    return covariate.at(time) if isinstance(covariate, Changing) else covariate


def values(covariate: Covariate) -> tuple[float, ...]:
    """All that it is, in order of time."""
    return covariate.values if isinstance(covariate, Changing) else (covariate,)


def shown(covariate: Covariate) -> str:
    """For a label."""
    return str(covariate) if isinstance(covariate, Changing) else f"{covariate:g}"


def initial(settings: Settings) -> dict[str, float]:
    """Settings as they are at time 0."""
    return {name: first(value) for name, value in settings.items()}


def changes_of(settings: Settings) -> list[float]:
    """Hours at which any of them changes."""
    changing = [value for value in settings.values() if isinstance(value, Changing)]
    return [time for value in changing for time, _ in value.changes]


def within(settings: Settings, end: float) -> None:
    """Raises InputError for a covariate that changes only after what is looked at ends (h)."""
    for name, value in settings.items():
        late = [time for time, _ in value.changes if time > end] if isinstance(value, Changing) else []
        if late:
            raise InputError(
                f"{name} changes at {late[0]:g} h, after the {end:g} h looked at; give doses that go on "
                "until then, for example '4 mg qd x 14'"
            )


def over_time(points: Iterable[tuple[float, float]]) -> Covariate:
    """A covariate of (hours, value); a number where it does not change."""
    kept: list[tuple[float, float]] = []
    for time, value in points:
        if not kept or value != kept[-1][1]:
            kept.append((time, value))
    return kept[0][1] if len(kept) == 1 and kept[0][0] == 0 else Changing(tuple(kept))


def changing(given: Any, unit: str, what: str) -> Covariate:
    """A covariate as it is given: 90, "90 mL/min", "90, 30 from 7 days" or {"0 h": 90, "7 days": 30}.

    A number, and a text without a unit, are in ``unit``; keys of a mapping are times, in hours where they are
    numbers. Raises InputError for what is neither, UnitError for a unit of another dimension.

    >>> str(changing("90, 30 from 7 days", "mL/min", "eGFR"))
    '90, 30 from 168 h'
    >>> changing({"0 h": "70 kg", "7 days": "70 kg"}, "kg", "weight")
    70.0
    """
    if isinstance(given, Changing):
        return given
    if isinstance(given, Mapping):
        points = [(_hours(time, what), _number(value, unit, what)) for time, value in given.items()]
    elif isinstance(given, str):
        pieces = _BETWEEN.split(given.strip())
        if len(pieces) == 1 and not _FROM.fullmatch(pieces[0]):
            return spoken(given, unit, what)
        points = [_point(piece, unit, what, number == 0) for number, piece in enumerate(pieces)]
    else:
        return _number(given, unit, what)
    try:
        return over_time(points)
    except InputError as error:
        raise InputError(f"{what}: {error}") from None


def _point(text: str, unit: str, what: str, leads: bool) -> tuple[float, float]:
    """Hours and value of "30 from 7 days"; the first needs no time."""
    found = _FROM.fullmatch(text)
    if found:
        return _hours(found[2], what), spoken(found[1], unit, what)
    if not leads:
        raise InputError(f"{what}: '{text}' from when on? write for example '90, 30 from 7 days'")
    return 0.0, spoken(text, unit, what)


def _number(value: Any, unit: str, what: str) -> float:
    plain = value if isinstance(value, str) else arguments.number(value)
    if plain is None:
        raise InputError(
            f"{what}: is {arguments.shown(value)}; write a number of {unit}, or a text such as '45 {unit}'"
        )
    return spoken(plain, unit, what)


def _hours(time: Any, what: str) -> float:
    """Hours of a number of them, or of "7 days"; a day by its number may count from 0 or from 1."""
    if (plain := arguments.number(time)) is not None:
        return float(plain)
    text = arguments.text(time, f"{what}: a time").strip()
    if counted := _DAY.fullmatch(text):
        noun, number = counted[1].lower(), int(counted[2])
        raise InputError(
            f"{what}: '{text}' may count from 0 or from 1; write '{number} {noun}s' after the first dose, or "
            f"'{max(number - 1, 0)} {noun}s'"
        )
    try:
        if re.fullmatch(words.UNSIGNED, text) and float(text):
            raise ValueError(f"'{text}' has no unit")
        return 0.0 if re.fullmatch(words.UNSIGNED, text) else words.hours(text)
    except ValueError as error:
        raise InputError(f"{what}: {error}; write a time such as '7 days' or '12 h'") from None
