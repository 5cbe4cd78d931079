"""Linear kinetics under inputs that are constant between doses, solved exactly: x' = A x + b.

Whether a model is linear is read from its reaction laws, its matrices from the engine that compiled them, so
nothing here knows the names of a drug or a tissue. The same model integrated is the oracle
(tests/validation/test_exact_plasma.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol as Interface

import numpy as np
from numpy.typing import NDArray

from jakinib.simulate.formula import Formula, names, substituted
from jakinib.simulate.protocol import Protocol
from jakinib.simulate.source import Source

TINY = 1e-9  # hours; times closer than this are one time
UNIT = 2.0**40  # of a state: beside its effect, constant inputs are lost in the rounding
WORST = 1e5  # condition number of eigenvectors up to which they cost at most five digits of sixteen

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """A model whose states are linear. matrix: symbols that its matrices follow from, and the states.

    readable: observables that are linear in the states.
    """

    matrix: frozenset[str]
    readable: frozenset[str]


class Engine(Interface):
    """What is asked of a compiled model, whose state is the vector of its amounts."""

    def begin(self, settings: Mapping[str, float]) -> None:
        """Write the fresh state under settings."""
        ...

    def change(self, values: Mapping[str, float]) -> None:
        """Write values into the present state."""
        ...

    def amounts(self) -> Array: ...

    def put(self, amounts: Array) -> None: ...

    def slopes(self) -> Array:
        """Rates of change of the amounts."""
        ...

    def readings(self) -> Array:
        """Values of the observables."""
        ...


def linear(source: Source) -> Linear | None:
    """What is linear in a model; None where its states do not obey x' = A x + b at constant settings."""
    if not source.plain:
        return None
    states = set(source.species) - source.held
    laws = {id: change.law for id, change in source.reactions.items()}
    whole = {id: substituted(formula, source.assigned) for id, formula in (laws | source.assigned).items()}
    if not states or any(not set(laws).isdisjoint(names(formula)) for formula in whole.values()):
        return None
    found = {id: _coefficients(formula, states) for id, formula in whole.items()}
    if any(found[id] is None for id in laws):
        return None
    matrix = {name for read in found.values() if read is not None for name in read}
    bent = {id for id, read in found.items() if read is None}
    known = {*source.parameters, *source.compartments, *source.species, *laws}
    return Linear(frozenset(matrix | states | set(source.compartments)), frozenset(known - bent))


def _coefficients(formula: Formula, states: set[str]) -> set[str] | None:
    """Symbols in the coefficients of the states in a formula that is affine in them; None for another."""
    if not isinstance(formula, tuple) or states.isdisjoint(names(formula)):
        return set()
    operation, operands = formula
    moved = [operand for operand in operands if not states.isdisjoint(names(operand))]
    product = operation == "*" or (operation == "/" and moved[0] is operands[0])
    if operation not in ("+", "-") and not (product and len(moved) == 1):
        return None
    fixed = {name for operand in operands if product and operand is not moved[0] for name in names(operand)}
    parts = [_coefficients(operand, states) for operand in moved]
    known = [part for part in parts if part is not None]
    return fixed.union(*known) if len(known) == len(parts) else None


def course(
    engine: Engine,
    matrix: frozenset[str],
    protocol: Protocol,
    settings: Mapping[str, float],
) -> Array:
    """Run a protocol exactly; shape (len(protocol.times), readings). matrix: as in ``Linear``."""
    times = np.asarray(protocol.times, dtype=float)
    last, row, now = float(times[-1]), 0, protocol.start
    engine.begin(settings)
    stretch = _Stretch(engine, now)
    out = np.empty((len(times), len(engine.readings())))
    for step in protocol.steps:
        if step.time >= last:
            break
        stretch.until(step.time)
        if matrix.isdisjoint(step.values):
            stretch.input(step.values)
            continue
        stop = int(np.searchsorted(times, step.time + TINY, side="right"))
        amounts = stretch.follow(times[row:stop], out[row:stop])
        engine.change(stretch.written)
        engine.put(amounts)
        engine.change(step.values)
        row, now = stop, max(now, step.time)
        stretch = _Stretch(engine, now)
    stretch.until(last)
    stretch.follow(times[row:], out[row:])
    return out


class _Stretch:
    """A part of a run with the same matrices: pieces of constant input, one after the other.

    It begins from the amounts that the engine holds. written: what has been written since, by symbol; the
    engine may not have it yet, as it is asked once for inputs that repeat, such as those of equal doses.
    """

    def __init__(self, engine: Engine, begin: float) -> None:
        self._engine = engine
        self._start = engine.amounts()
        self._edges = [begin]
        self._inputs: list[Array] = []
        self._offsets: list[Array] = []
        self.written: dict[str, float] = {}
        self._asked: dict[tuple[tuple[str, float], ...], tuple[Array, Array]] = {}
        self.input({})
        slopes, readings = [], []
        for unit in UNIT * np.eye(len(self._start)):
            engine.put(unit)
            slopes.append((engine.slopes() - self._inputs[0]) / UNIT)
            readings.append((engine.readings() - self._offsets[0]) / UNIT)
        size = len(self._start)
        self._matrix = np.array(slopes).reshape(size, size).T
        self._read = np.array(readings).reshape(size, len(self._offsets[0]))

    def input(self, values: Mapping[str, float]) -> None:
        """From here on, the input is what follows from ``values``."""
        self.written |= values
        key = tuple(sorted(self.written.items()))
        if key not in self._asked:
            self._engine.change(self.written)
            self._engine.put(np.zeros_like(self._start))
            self._asked[key] = self._engine.slopes(), self._engine.readings()
        slopes, offsets = self._asked[key]
        self._inputs.append(slopes)
        self._offsets.append(offsets)

    def until(self, end: float) -> None:
        """The input stays until then."""
        self._edges.append(max(end, self._edges[-1]))

    def follow(self, times: Array, out: Array) -> Array:
        """Write what is read at ``times`` into ``out``; returns the amounts at the end."""
        edges = np.array(self._edges)
        piece = np.minimum(np.searchsorted(edges[1:], times - TINY), len(edges) - 2)
        after = np.concatenate((np.maximum(times - edges[piece], 0.0), np.diff(edges)))
        which = np.concatenate((piece, np.arange(len(edges) - 1)))
        inputs, read = np.array(self._inputs), len(times)
        if (modes := _modes(self._matrix)) is not None:
            states, end = _by_modes(*modes, self._start, inputs, after, which, read)
        else:
            states, end = _by_exponential(self._matrix, self._start, inputs, after, which, read)
        out[:] = states @ self._read + np.array(self._offsets)[piece]
        return end


def _modes(matrix: Array) -> tuple[NDArray, NDArray, NDArray] | None:
    """Eigenvalues, eigenvectors and their inverse; None where the vectors are too near to each other."""
    values, vectors = np.linalg.eig(matrix)
    try:
        back = np.linalg.inv(vectors)
    except np.linalg.LinAlgError:
        return None
    good = np.linalg.norm(vectors) * np.linalg.norm(back) < WORST
    return (values, vectors, back) if good else None


def _by_modes(
    values: NDArray,
    vectors: NDArray,
    back: NDArray,
    start: Array,
    inputs: Array,
    after: Array,
    which: NDArray,
    read: int,
) -> tuple[Array, Array]:
    """States ``after`` hours of the pieces ``which``, of which the first ``read`` are read; and the last one.

    Each mode decays on its own: y(t) = exp(l t) y + (exp(l t) - 1) / l d.
    """
    drive = (inputs @ back.T)[which]
    power = np.outer(after, values)
    decay = np.exp(power)
    grown = np.expm1(power) / np.where(values == 0, 1.0, values)
    grown = np.where(values == 0, after[:, None], grown) * drive
    begun = [back @ start]
    for factor, more in zip(decay[read:], grown[read:], strict=True):
        begun.append(factor * begun[-1] + more)
    modes = decay[:read] * np.array(begun)[which[:read]] + grown[:read]
    return (modes @ vectors.T).real, (vectors @ begun[-1]).real


def _by_exponential(
    matrix: Array, start: Array, inputs: Array, after: Array, which: NDArray, read: int
) -> tuple[Array, Array]:
    """The same for matrices without a good basis of modes, such as two equal rates in a row."""
    from scipy.linalg import expm

    size = len(start)
    whole = np.zeros((len(after), size + 1, size + 1))
    whole[:, :size, :size] = matrix
    whole[:, :size, size] = inputs[which]
    grown = expm(whole * after[:, None, None])[:, :size]
    begun = [start]
    for factor in grown[read:]:
        begun.append(factor[:, :size] @ begun[-1] + factor[:, size])
    from_there = np.array(begun)[which[:read]]
    return np.einsum("tij,tj->ti", grown[:read, :, :size], from_there) + grown[:read, :, size], begun[-1]
