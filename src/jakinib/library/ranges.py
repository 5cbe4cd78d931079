"""The physical range of each number and the form of each name; loading and ``check`` read them from here.

A range is wide: it keeps out what no cell, drug or patient can have, not what is unusual.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationInfo

from jakinib.errors import UnitError

if TYPE_CHECKING:
    from jakinib.library.schema import Quantity

SHORTEST = 1e-4  # h (0.36 s); an input that lasts less enters as if it lasted this long
LARGEST_AMOUNT = 1e6  # mg, of one dose
CELLS_ARE_TEXT = "cells are text"  # title of schemas whose numbers come from the cells of a table


def _number(value: Any, info: ValidationInfo) -> Any:
    """A number is a number: true is none, nor is text, unless it stands in the cell of a table."""
    text = isinstance(value, str) and (info.config or {}).get("title") != CELLS_ARE_TEXT
    if isinstance(value, bool) or text:
        shown = str(value).lower() if isinstance(value, bool) else f"the text '{value}'"
        raise ValueError(f"is {shown}; write a number, without quotes")
    if isinstance(value, str) and not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", value, re.ASCII):
        raise ValueError(f"is '{value}'; write a finite number such as 0.5 or 1e-3")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    if abs(value) > 1e30:
        raise ValueError(f"is {value:g}; at most 1e30 is read, choose another unit")
    return value


Number = Annotated[float, BeforeValidator(_number), AfterValidator(_finite)]
Positive = Annotated[Number, Field(gt=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Whole = Annotated[int, BeforeValidator(_number), Field(ge=-(2**63), lt=2**63)]


def listed_once(names: list[str]) -> list[str]:
    """``names`` themselves; ValueError for one that stands twice."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"names {twice[0]} twice; name it once")
    return names


def text(pattern: str, most: int, words: str) -> Callable[[str], str]:
    """A check that text has a form; ``words`` say which."""

    def check(value: str) -> str:
        if len(value) > most:
            raise ValueError(f"has {len(value)} characters; at most {most} are read")
        if not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"'{value}' is not {words}")
        return value

    return check


# A name that becomes part of the symbols of a model.
SymbolName = Annotated[
    str, AfterValidator(text(r"[A-Za-z][A-Za-z0-9_]*", 40, "letters, digits and _, beginning with a letter"))
]
# A name that a person reads and that also names files.
EntryName = Annotated[
    str,
    AfterValidator(
        text(
            r"[A-Za-z0-9][A-Za-z0-9 _+-]*", 64, "letters, digits, spaces, _, + and -, beginning with a letter"
        )
    ),
]
# A name of a cell as its users write it.
Label = Annotated[
    str, AfterValidator(text(r"[^\"\\\s](?:[^\"\\\n\t]*[^\"\\\s])?", 80, "one line of plain text"))
]
# An accession of a public database: CHEBI:95341, DB11817, an InChIKey.
Accession = Annotated[str, AfterValidator(text(r"[A-Za-z0-9][A-Za-z0-9:._-]*", 80, "an accession"))]
Doi = Annotated[
    str, AfterValidator(text(r"(10\.\d{4,9}/[^\s\"<>\\^`{|}]+)?", 200, "a DOI such as 10.1000/182"))
]
Line = Annotated[str, StringConstraints(max_length=2000, strict=True)]  # what a person wrote, in one field


@dataclass(frozen=True)
class Range:
    """From ``low`` to ``high`` in ``unit``; ``above``: low itself is out of it."""

    unit: str
    low: float
    high: float
    above: bool = False

    def check(self, quantity: Quantity) -> Quantity:
        """``quantity`` itself, when its value and its bounds lie in the range; ValueError otherwise."""
        stated = [("", quantity.value), ("low ", quantity.low), ("high ", quantity.high)]
        for name, value in stated:
            if value is None:
                continue
            try:
                converted = quantity.model_copy(update={"value": value}).to(self.unit)
            except UnitError as error:
                raise ValueError(str(error)) from None
            shown = f"{value:g}" if quantity.unit == "dimensionless" else f"{value:g} {quantity.unit}"
            self.number(converted, f"{name}is {shown}")
        return quantity

    def number(self, value: float, stated: str = "") -> float:
        """``value`` itself, in ``unit``; ValueError, after what was stated, when it lies outside."""
        slack = 1e-9 * abs(value)  # what a conversion of units may add
        inside = math.isfinite(value) and self.low - slack <= value <= self.high + slack
        if inside and not (self.above and value <= self.low):
            return value
        unit = "" if self.unit == "dimensionless" else f" {self.unit}"
        lowest = f"above {self.low:g}" if self.above else f"at least {self.low:g}"
        raise ValueError(
            f"{stated or f'is {value:g}{unit}'}; it must be {lowest} and at most {self.high:g}{unit}"
        )


PROBABILITY = Range("dimensionless", 0, 1)
FRACTION = Range("dimensionless", 0, 1, above=True)
BLOOD_PLASMA = Range("dimensionless", 0.3, 1000)  # lowest: in plasma alone, at a haematocrit of 0.7
SMALL_MOLECULE = Range("g/mol", 50, 20_000)
PROTEIN = Range("g/mol", 500, 5e6)
CONCENTRATION = Range("nM", 0, 1e9, above=True)  # up to 1 mol/L
ACTIVITY = Range("IU/mg", 1, 1e12)
AMOUNT = Range("mg", 0, LARGEST_AMOUNT, above=True)
ATP = Range("nM", 0, 1e8)  # up to 100 mM
COUNT = Range("molecule", 0, 1e9)  # of one protein in one cell
STAT_COUNT = Range("molecule", 0, 1e9, above=True)  # read-outs are percent of it
BODY_WEIGHT = Range("kg", 0.3, 700)
EGFR = Range("mL/min", 0, 400, above=True)
HOURS = Range("hour", 0, 1e5)
SPAN = Range("hour", 0, 1e5, above=True)
DELAY = Range("hour", -1e3, 1e3)
FACTOR = Range("dimensionless", 0, 1e4, above=True)
EXPONENT = Range("dimensionless", 0, 10)
VARIABILITY = Range("dimensionless", 0, 10)
CORRELATION = Range("dimensionless", -1, 1)
VOLUMES = {  # of an assay: from a femtolitre, up to a well or a flask
    "medium": Range("L", 1e-15, 1),
    "cytosol": Range("L", 1e-18, 1e-6),
    "nucleus": Range("L", 1e-18, 1e-6),
}
DISPOSITION = {
    "CLr": Range("L/hour", 0, 1e5),
    "CLnr": Range("L/hour", 0, 1e5),
    "Q": Range("L/hour", 0, 1e5, above=True),
    "V1": Range("L", 1e-3, 1e6),
    "V2": Range("L", 1e-3, 1e6),
    "D1": Range("hour", SHORTEST, 1e4),
    "lag": Range("hour", 0, 1e4),
    "ka": Range("1/hour", 0, 1e4, above=True),
    "first_order": PROBABILITY,
    "release": Range("hour", 0, 1e4),
    "weight_ref": BODY_WEIGHT,
    "eGFR_ref": EGFR,
    "weight_CL": EXPONENT,
    "weight_V": EXPONENT,
}
_SYMBOLS: tuple[tuple[str, Range], ...] = (
    (r"w_.*|protection|x[ab]_.*", PROBABILITY),
    (r"weight|weight_ref.*", BODY_WEIGHT),
    (r"eGFR|eGFR_ref.*", EGFR),
    (r"allometry|weight_(CL|V)_.*", EXPONENT),
    (r"fu_.*", FRACTION),
    (r"ATP|ATP_.*", Range("nM", 0, 1e8, above=True)),
    *((rf"{key}_.*", found) for key, found in DISPOSITION.items()),
)


def check_symbol(symbol: str, quantity: Quantity) -> Quantity:
    """A quantity of a model's symbol: what a name tells, else above 0, since rates and constants are."""
    name = symbol.partition("@")[0]
    for pattern, found in _SYMBOLS:
        if re.fullmatch(pattern, name):
            return found.check(quantity)
    for what, value in (("", quantity.value), ("low ", quantity.low), ("high ", quantity.high)):
        if value is not None and value <= 0:
            raise ValueError(f"{what}is {value:g} {quantity.unit}; a rate or constant must be above 0")
    return quantity


def each(named: dict[str, Quantity], check: Callable[[str, Quantity], object]) -> None:
    """Check every quantity of a mapping; ValueError names the one that is out of its range."""
    for name, quantity in named.items():
        try:
            check(name, quantity)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None


def at_most(entries: Iterable[object], most: int, what: str) -> None:
    """ValueError when there are more than ``most`` entries."""
    if (count := sum(1 for _ in entries)) > most:
        raise ValueError(f"lists {count} {what}; at most {most} are read")
