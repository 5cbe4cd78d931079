"""What an assay reads of a cell: a formula over the symbols of the model, resolved here for every room."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from jakinib.errors import UnitError
from jakinib.library import ranges
from jakinib.library.names import resolve
from jakinib.library.ranges import EntryName, Line, SymbolName, text
from jakinib.library.schema import Aliases, Cytokine, Quantity, Strict, Unit
from jakinib.library.symbols import WORDS, symbols_of
from jakinib.units import MODEL_UNITS, factor

if TYPE_CHECKING:
    from jakinib.library.load import Library

STAT = "STATx"  # in an entry that stands for one read-out of each STAT
Formula = Annotated[
    str, AfterValidator(text(r"[\w\s+\-*/^().,]+", 2000, "a formula of symbols, numbers and + - * / ^ ( )"))
]


class Readout(Strict):
    """One read-out. label: what it is a number of, in words; unit: percent, or one of the models.

    formula: over symbols of the composed model and ``parameters``, numbers of the read-out's own.
    """

    id: EntryName
    label: Line = ""
    aliases: Aliases = Field(default_factory=list)
    unit: Unit = "percent"
    formula: Formula
    parameters: dict[SymbolName, Quantity] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _usable(self) -> Readout:
        if self.unit_name(self.unit) is None:
            raise ValueError(f"unit '{self.unit}' is none of percent, {', '.join(MODEL_UNITS.values())}")
        for symbol, quantity in self.parameters.items():
            if symbol not in self.names:
                raise ValueError(f"parameters.{symbol} stands nowhere in the formula; remove it")
            if self.unit_name(quantity.unit) is None:
                units = ", ".join(MODEL_UNITS.values())
                raise ValueError(
                    f"parameters.{symbol} is in '{quantity.unit}'; convertible to none of {units}"
                )
        if STAT in self.id and STAT not in self.formula:
            raise ValueError(f"formula lacks {STAT}, which id has")
        if STAT in self.formula and (STAT not in self.id or self.parameters):
            raise ValueError(f"formula has {STAT}: the id must have it too, and there may be no parameters")
        ranges.each(self.parameters, ranges.check_symbol)
        return self

    @staticmethod
    def unit_name(unit: str) -> str | None:
        """The unit of the models that ``unit`` converts to; percent is a number without one."""
        for name, known in MODEL_UNITS.items():
            try:
                factor("dimensionless" if unit == "percent" else unit, known)
            except UnitError:
                continue
            return name
        return None

    @property
    def names(self) -> frozenset[str]:
        """Symbols in the formula."""
        found = re.findall(r"(?<![\w.])[A-Za-z_]\w*", self.formula)
        return frozenset(name for name in found if name.casefold() not in WORDS)

    @property
    def key(self) -> str:
        """The id as part of a symbol."""
        return re.sub(r"\W+", "_", self.id)

    @property
    def symbol(self) -> str:
        """What a run observes: the symbol of a formula that is one, else that of a rule of the model."""
        return self.formula if self.formula in self.names else f"readout_{self.key}"

    @property
    def axis(self) -> str:
        """Label of a plot."""
        return f"{self.id} ({self.label or self.unit})"

    def stats(self, cytokine: Cytokine) -> list[str]:
        """The STATs of a cytokine whose phosphorylated form is read."""
        return [s for s in cytokine.stats if any(re.match(rf"p{s}(_nuc|_percent)?$", n) for n in self.names)]

    def of(self, stat: str) -> Readout:
        """The read-out of one STAT."""
        filled = {field: getattr(self, field).replace(STAT, stat) for field in ("id", "label", "formula")}
        return self.model_copy(
            update={**filled, "aliases": [name.replace(STAT, stat) for name in self.aliases]}
        )


def readouts(library: Library, cytokine: Cytokine) -> dict[str, Readout]:
    """The read-outs of a cytokine by name, the usual one first: those whose symbols its models have."""
    return _readouts(library, library.generation, cytokine.id)


@functools.lru_cache(maxsize=256)
def _readouts(library: Library, _generation: int, name: str) -> dict[str, Readout]:
    cytokine = library.cytokine(name)
    given = {
        "cytokine": [cytokine.symbol],
        "chain": [chain for _, chain in cytokine.chains],
        "STAT": cytokine.stats,
        "feedback protein": [made.protein for made in cytokine.feedback],
    }
    known = {symbol for symbol, _ in symbols_of(given)}
    found: dict[str, Readout] = {}
    for entry in library.readouts.values():
        several = STAT in entry.id
        for readout in [entry.of(stat) for stat in cytokine.stats] if several else [entry]:
            if readout.names - set(readout.parameters) <= known:
                found[readout.id] = readout
    return found


def readout(library: Library, cytokine: Cytokine, name: str = "", where: str = "") -> Readout:
    """A read-out of a cytokine, by default its usual one; raises UnknownIdError for one it does not have."""
    known = readouts(library, cytokine)
    found = resolve(f"readout of {cytokine.id}", name, known, where=where) if name else next(iter(known))
    return known[found]


def observed(library: Library, cytokine: Cytokine, read: Readout) -> list[str]:
    """What one run observes: the share of every STAT, and the read-out where it is none of them.

    Rows of one cytokine then share their runs.
    """
    shares = [f"p{stat}_percent" for stat in cytokine.stats]
    return shares if read.symbol in shares else [*shares, read.symbol]
