"""What an experiment may ask of a PEtab problem under construction; ``jakinib.export`` provides it.

A paired model holds its states twice: every symbol that depends on inhibitor or cytokine has a second copy
whose name ends in ``REFERENCE``. With an onset, cytokine of dose_<x> is added at the time ``ONSET``.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping

Cell = str | float
Place = tuple[str, float]  # condition and time (h) of a measurement

REFERENCE = "_reference"
ONSET = "onset"
DAYS, INTERVAL = 10, 24.0  # doses, and h between them: steady state of a daily dose


class NotExpressedError(Exception):
    """An experiment or parameter that PEtab v1 cannot hold; the message is the reason."""


class Writer(typing.Protocol):
    """One PEtab problem under construction: one SBML model and what is measured on it."""

    @property
    def paired(self) -> bool: ...
    @property
    def has_onset(self) -> bool: ...
    def condition(self, name: str, text: str, scope: str, changes: Mapping[str, Cell]) -> str:
        """Id of a condition: what is set at time 0, in words and by symbol."""
        ...

    def observable(self, identifier: str, name: str, formula: str, parameters: tuple[str, ...] = ()) -> str:
        """Id of an observable on the log scale; parameters: free ones that no model symbol carries."""
        ...

    def measure(
        self,
        row: str,
        observable: str,
        condition: str,
        time: float,
        value: float,
        sigma: float,
        filling: Cell = "",
    ) -> None:
        """``value`` of an observable; sigma: standard deviation of its natural logarithm."""
        ...


def at_once(part: Writer, symbol: str, dose: float, copy: str = "") -> dict[str, Cell]:
    """Cytokine from the start on; an event of the model must then leave it as it is."""
    changes: dict[str, Cell] = {f"L_{symbol}{copy}": dose}
    if part.has_onset:
        changes |= {f"dose_{symbol}{copy}": dose, ONSET: 0.0}
    return changes
