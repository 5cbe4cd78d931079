"""What can be run: the contract that assays and experiments are written against."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from jakinib.simulate.protocol import Protocol


class Runnable(typing.Protocol):
    """A model that takes our symbols and units: compiled, with other parameters, or somebody else's mapped.

    ``run`` returns an array (len(protocol.times), len(observables)) and raises SimulationError when it fails.
    """

    @property
    def settable(self) -> Collection[str]:
        """Every symbol that a protocol can set."""
        ...

    def run(self, protocol: Protocol, observables: Sequence[str]) -> NDArray[np.float64]:
        """Run a protocol from a fresh state."""
        ...

    def initial(self, symbol: str) -> float:
        """Value of a symbol before anything is set."""
        ...

    def unit(self, symbol: str) -> str:
        """Model unit of a symbol, "" when it states none."""
        ...


@dataclass(frozen=True)
class Adjusted:
    """A model whose runs start from ``settings``; what a protocol sets itself goes before."""

    model: Runnable
    settings: Mapping[str, float]

    @property
    def settable(self) -> Collection[str]:
        return self.model.settable

    def run(self, protocol: Protocol, observables: Sequence[str]) -> NDArray[np.float64]:
        settings = {**self.settings, **protocol.settings}
        return self.model.run(replace(protocol, settings=settings), observables)

    def initial(self, symbol: str) -> float:
        return self.settings[symbol] if symbol in self.settings else self.model.initial(symbol)

    def unit(self, symbol: str) -> str:
        return self.model.unit(symbol)
