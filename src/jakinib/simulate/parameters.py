"""The parameters of a compiled model: what its engine holds, and what only rules of constants read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jakinib.simulate.invariant import Laws
from jakinib.simulate.source import Source
from jakinib.simulate.switches import ROOT


class Parameters:
    """Parameters, their fresh values and those of now.

    rr: the engine. laws: the rules that were taken out of it. apart: values of the parameters that it does
    not hold. names: of all, symbols given by rules of the engine last. ruled: those that cannot be set.
    first: values of the others.
    """

    def __init__(self, rr: Any, source: Source, laws: Laws, apart: Mapping[str, float]) -> None:
        self._model, self._laws, self._apart = rr.model, laws, apart
        self._now = dict(apart)
        held = tuple(self._model.getGlobalParameterIds())
        self.place = {name: i for i, name in enumerate(held)}
        given = set(rr.getAssignmentRuleIds())
        self.ruled = {*given, *laws.gives, ROOT}
        self.names = tuple(name for name in held if name != ROOT)
        if apart:
            number = {name: i for i, name in enumerate(source.parameters)}
            self.names = tuple(sorted((*self.names, *apart), key=lambda name: (name in given, number[name])))
        self._free = [i for i, name in enumerate(held) if name not in self.ruled]
        self._values = np.array(self._model.getGlobalParameterValues(), dtype=float)[self._free]
        self.first = dict(zip((held[i] for i in self._free), self._values.tolist(), strict=True))
        self.first |= {name: value for name, value in apart.items() if name not in self.ruled}
        sizes = {name: i for i, name in enumerate(self._model.getCompartmentIds())}
        self._read = {name: self.place[name] for name in laws.reads if name in self.place}
        self._sizes = {name: sizes[name] for name in laws.reads if name in sizes}
        self._given = {name: self.place[name] for name in laws.gives if name in self.place}

    def apart(self, symbol: str) -> float | None:
        """Value now of a parameter that the engine does not hold; None for any other symbol."""
        return self._now.get(symbol)

    def reset(self) -> None:
        """Write the fresh values."""
        self._now = dict(self._apart)
        self._model.setGlobalParameterValues(self._free, self._values)

    def set(self, name: str, value: float) -> None:
        """Write a value; ``apply_laws`` is due then."""
        if name in self._apart:
            self._now[name] = value
        else:
            self._model.setGlobalParameterValues([self.place[name]], [value])

    def apply_laws(self) -> None:
        """Bring the symbols given by invariant rules up to date; needed after anything is set."""
        if not self._laws.gives:
            return
        read = dict(self._now)
        if self._read:
            values = self._model.getGlobalParameterValues([*self._read.values()])
            read |= zip(self._read, values.tolist(), strict=True)
        if self._sizes:
            values = self._model.getCompartmentVolumes([*self._sizes.values()])
            read |= zip(self._sizes, values.tolist(), strict=True)
        given = self._laws(read)
        self._now |= {name: value for name, value in given.items() if name in self._apart}
        if self._given:
            self._model.setGlobalParameterValues(
                [*self._given.values()], [given[name] for name in self._given]
            )
