"""Single numbers that runs of one or more models give, made side by side where they can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jakinib.errors import SimulationError
from jakinib.lanes.model import Lanes
from jakinib.simulate import Adjusted, Model, Protocol, Runnable


@dataclass(frozen=True)
class Reading:
    """``symbol`` at the last time of ``protocol``, run on ``model``."""

    model: Runnable
    protocol: Protocol
    symbol: str

    def value(self) -> float:
        """The number, from a run of its own. Raises SimulationError when that fails."""
        return float(self.model.run(self.protocol, [self.symbol])[-1, 0])

    def unadjusted(self) -> Reading:
        """The same with what the model starts from as settings of the protocol."""
        if not isinstance(self.model, Adjusted):
            return self
        settings = {**self.model.settings, **self.protocol.settings}
        return replace(self, model=self.model.model, protocol=replace(self.protocol, settings=settings))


def readings(asked: Sequence[Reading]) -> list[float | SimulationError]:
    """The numbers by index, or why a run failed; runs of one compiled model fill the lanes together.

    What one gives does not depend on the others. A model that is not compiled here runs them one by one.

    >>> from jakinib import Protocol, load
    >>> model = load("cytokine_signalling", cytokines="IL-6")
    >>> asked = [Reading(model, Protocol([1.0], {"L_IL6": dose}), "pSTAT3_percent") for dose in (0.1, 1.0)]
    >>> low, high = readings(asked)
    >>> bool(low < high)
    True
    """
    found: dict[int, float | SimulationError] = {}
    alike: dict[tuple[int, str], list[tuple[int, Reading]]] = {}
    for number, one in enumerate(map(Reading.unadjusted, asked)):
        if isinstance(one.model, Model):
            alike.setdefault((id(one.model), one.symbol), []).append((number, one))
        else:
            found[number] = _alone(one)
    for (_, symbol), members in alike.items():
        model = members[0][1].model
        assert isinstance(model, Model)
        runs = Lanes.of(model).run_many([one.protocol for _, one in members], [symbol])
        for (number, _), run in zip(members, runs, strict=True):
            found[number] = run if isinstance(run, SimulationError) else float(run[-1, 0])
    return [found[number] for number in range(len(asked))]


def _alone(one: Reading) -> float | SimulationError:
    try:
        return one.value()
    except SimulationError as error:
        return error
