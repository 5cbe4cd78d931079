"""Many runs of one compiled model: values by index, whole vectors at a time, no object per run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import InputError, ModelError
from jakinib.simulate.engine import Model

Array = NDArray[np.float64]


class Batch:
    """Runs of one model that differ in ``columns``.

    columns: symbols that differ from run to run (parameters, species as concentrations).
    observables: what is read. fixed: other settings.
    Every run starts from the same fresh state as ``Model.run``.
    Raises UnknownIdError for an unknown symbol, InputError for one that a batch cannot change.
    """

    def __init__(
        self,
        model: Model,
        columns: Sequence[str],
        observables: Sequence[str],
        fixed: Mapping[str, float] | None = None,
    ) -> None:
        fixed = model.started(fixed or {})
        self._moved = model.starts.moved(columns)
        moved = [rule.species for rule in self._moved]
        model.starts.refuse(columns, model.id)
        model = model.able_to_set([*columns, *moved, *fixed])
        self.model, self.columns = model, tuple(columns)
        model.require(observables)
        self.observables = tuple(observables)
        self._free, self._boundary, self._amounts = model.vectors()
        targets = {"parameter": self._free, "boundary": self._boundary, "species": self._amounts}
        self._places: list[tuple[Array, int, int, float]] = []
        for number, symbol in enumerate(self.columns):
            kind, index, scale = model.place(symbol)
            if kind not in targets:
                raise InputError(f"{model.id}: {symbol} is a {kind}; a batch varies parameters and species")
            self._places.append((targets[kind], index, number, scale))
        for symbol, value in fixed.items():
            kind, index, scale = model.place(symbol)
            if kind not in targets:
                raise InputError(f"{model.id}: {symbol} is a {kind}; a batch varies parameters and species")
            targets[kind][index] = value * scale
        self._run = -1  # none begun
        self._read = {
            name: fixed.get(name, model.initial(name))
            for rule in self._moved
            for name in rule.reads
            if name not in columns
        }
        self._started = [model.place(rule.species) for rule in self._moved]

    def start(self, row: Array) -> None:
        """Fresh state with the values of ``columns`` (model units)."""
        with self.model.turn:
            self.model.select(self.observables)
            for target, index, number, scale in self._places:
                target[index] = row[number] * scale
            if self._moved:
                values = self._read | dict(zip(self.columns, row.tolist(), strict=True))
                for rule, (_, index, scale) in zip(self._moved, self._started, strict=True):
                    self._amounts[index] = rule.value(values) * scale
            self.model.restart(self._free, self._boundary, self._amounts)
            self._run = self.model.runs

    def span(self, begin: float, end: float, points: int = 2) -> Array:
        """Integrate between two times (h) and read: rows of (time, observables), ends included.

        Raises SimulationError when the integrator fails.
        """
        with self._turn():
            return self.model.span(begin, end, points)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the model while its state is that of the run begun here; raises ModelError where it is not."""
        with self.model.turn:
            if self.model.runs != self._run:
                raise ModelError(
                    f"{self.model.id}: another run of this model began before this one of a batch had ended; "
                    "give each batch and each thread a model of its own"
                )
            yield
