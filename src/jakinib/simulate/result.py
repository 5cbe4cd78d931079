"""Simulation results as tidy tables that say how they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import checked
from jakinib.errors import UnknownIdError
from jakinib.simulate.engine import Model
from jakinib.simulate.protocol import Protocol

if TYPE_CHECKING:
    import pandas as pd


@checked
@dataclass(frozen=True)
class Result:
    """Observables over time, with units and provenance.

    time: hours, shape (n,). values: shape (n, len(observables)), model units.

    >>> import jakinib as jk
    >>> stimulated = jk.Protocol([0.25, 1.0], steps=[jk.Step(0, {"L_IL6": 2.4})], start=-1)
    >>> found = jk.simulate(jk.load("cytokine_signalling_IL6"), stimulated, ["pSTAT3_percent"])
    >>> found.values.shape
    (2, 1)
    """

    time: NDArray[np.float64]
    observables: tuple[str, ...]
    values: NDArray[np.float64]
    units: dict[str, str]
    provenance: dict[str, Any]

    def __getitem__(self, observable: str) -> NDArray[np.float64]:
        if observable not in self.observables:
            raise UnknownIdError("observable", observable, self.observables)
        return self.values[:, self.observables.index(observable)]

    def table(self) -> pd.DataFrame:
        """Wide table: time and one column an observable; ``attrs`` holds units and provenance."""
        import pandas as pd

        frame = pd.DataFrame(self.values, columns=list(self.observables))
        frame.insert(0, "time", self.time)
        frame.attrs = {"units": {"time": "hour", **self.units}, "provenance": self.provenance}
        return frame


def simulate(model: Model, protocol: Protocol, observables: Sequence[str] | None = None) -> Result:
    """Run ``protocol`` and return its observables (default: all species, or all symbols without species).

    Raises SimulationError when the integrator fails, UnknownIdError for an unknown symbol.

    >>> import jakinib as jk
    >>> stimulated = jk.Protocol([0.25, 1.0], steps=[jk.Step(0, {"L_IL6": 2.4})], start=-1)
    >>> found = jk.simulate(jk.load("cytokine_signalling_IL6"), stimulated, ["pSTAT3_percent"])
    >>> bool(found.values[0, 0] > 50)  # % of the STAT3 of the cell
    True
    """
    from jakinib import __version__

    wanted = tuple(observables) if observables is not None else model.species or model.ids
    values = model.run(protocol, wanted)
    provenance = {
        "jakinib": __version__,
        "model": model.id,
        "model_sha256": model.sha256,
        **model.tolerances,
        "settings": dict(protocol.settings),
    }
    units = {name: model.units.get(name, "") for name in wanted}
    return Result(np.asarray(protocol.times, dtype=float), wanted, values, units, provenance)
