"""Milieus: the levels of cytokines that patients or healthy people have in a fluid."""

from __future__ import annotations

from pydantic import Field, field_validator

from jakinib.errors import UnitError
from jakinib.library import ranges
from jakinib.library.ranges import EntryName, Line
from jakinib.library.schema import Aliases, Quantity, Strict
from jakinib.units import parse_quantity

ANY_PROTEIN = 20_000.0  # g/mol; only whether a unit is one of a concentration depends on it


class Milieu(Strict):
    """What a fluid holds: one level a cytokine, by its name in the library, as mass or moles in a volume.

    note: what the reader of every result in it must know, such as whose fluid it is.
    """

    id: EntryName
    name: Line = ""
    aliases: Aliases = Field(default_factory=list)
    note: Line = ""
    levels: dict[str, Quantity] = Field(min_length=1, max_length=500)

    @field_validator("levels")
    @classmethod
    def _concentrations(cls, levels: dict[str, Quantity]) -> dict[str, Quantity]:
        for cytokine, level in levels.items():
            try:
                ranges.CONCENTRATION.number(
                    parse_quantity(f"{level.value!r} {level.unit}", "nM", mass=ANY_PROTEIN)
                )
            except (UnitError, ValueError) as error:
                raise ValueError(f"{cytokine}: {error}") from None
        return levels
