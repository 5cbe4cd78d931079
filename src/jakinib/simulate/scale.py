"""Absolute tolerances: fixed in the models of the package, whose sizes are known; else from each state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ATOL_NM = 1e-11  # absolute tolerance in nM, turned into amounts by compartment size
# Of what waits in a depot (<drug>_depot, nmol): 1e-10 of a dose, 1e-8 nM in plasma. A dose enters an empty
# depot within 36 s; at 1e-11 nmol CVODE's first step would be too short to be added to the time (t + h = t).
ATOL_DEPOT = 1e-6
RELATIVE = 1e-14  # absolute tolerance as a part of the size of a state
SMALLEST = 1e-6  # of the largest state: the size of a state that starts at zero, at the least
COARSE = 1e-5  # a state that stays below this part of its supposed size was integrated too coarsely
SLACK = 1e4  # such a state, which may be a remainder of others, is followed to 1e-10 of what it reaches
NOTHING = 1e-60  # what never exceeds this is zero, in any units

Array = NDArray[np.float64]


def absolute(state: str, sizes: Mapping[str, float], amount: bool) -> float:
    """Absolute tolerance of a state of a model of the package; sizes: volumes that the species are in."""
    if amount:
        return ATOL_DEPOT if state.endswith("_depot") else ATOL_NM
    return ATOL_NM * float(sizes.get(state, 1.0))


def described(given: float | None, ours: bool) -> dict[str, float | str]:
    """The absolute tolerance as results record it: as it was given, of our models, or by size."""
    if given is not None:
        return {"atol": given}
    return {"atol_nM": ATOL_NM} if ours else {"atol": f"{RELATIVE:g} of the size of each state"}


class Scale:
    """The absolute tolerances of a model of unknown units.

    rr: the engine. states: its state vector. A state is as large as its value at the start; one that starts
    at zero is supposed to be as large as the smallest of the others, and if a run shows it to be smaller by
    orders of magnitude, the run is repeated with its real size.
    """

    def __init__(self, rr: Any, states: Sequence[str]) -> None:
        self._rr, self.states = rr, tuple(states)
        self._sizes: Array = np.ones(len(states))
        self._reached: Array = np.zeros(len(states))

    def start(self) -> None:
        """Sizes from the values that the engine holds, those at the start."""
        known = np.abs(np.array([float(self._rr.getValue(state)) for state in self.states]))
        known = np.where(np.isfinite(known), known, 0.0)
        if (positive := known[known > 0]).size:
            supposed = max(positive.min(), SMALLEST * positive.max())
        else:
            supposed = 1.0
        self._sizes = np.where(known > 0, known, supposed)
        self._write()

    def seen(self, table: Array) -> None:
        """Values of the states at times of the run, shape (times, states)."""
        if table.size:
            self._reached = np.maximum(self._reached, np.abs(table).max(axis=0))

    def repeat(self) -> bool:
        """Was a state integrated too coarsely? Then its size is put right."""
        coarse = (self._reached < COARSE * self._sizes) & (self._reached > NOTHING)
        if coarse.any():
            self._sizes = np.where(coarse, SLACK * self._reached, self._sizes)
            self._write()
        return bool(coarse.any())

    def _write(self) -> None:
        self._reached = np.zeros(len(self.states))
        absolute = np.maximum(RELATIVE * self._sizes, RELATIVE * NOTHING).tolist()
        if absolute:
            self._rr.integrator.setValue("absolute_tolerance", absolute)
