"""Who the patients are: draws that depend on the seed and on the number of the patient alone."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import InputError, UnitError
from jakinib.library import get_library
from jakinib.library.populations import Distribution, Population, correlation_matrix

Array = NDArray[np.float64]

CHUNK = 250  # patients drawn together; part of what a seed means
ATTEMPTS = 400  # a patient beyond the limits is drawn again, at most so often


@dataclass(frozen=True)
class Sampler:
    """Joint distribution of named positive quantities.

    typical, omega, shape, low, high: one value a name, in the units of the models. groups: indices of names
    that are correlated, with the Cholesky factor of their correlations. ensemble: (members, ensemble_names)
    typical values by member, empty without one.
    """

    names: tuple[str, ...]
    typical: Array
    omega: Array
    shape: Array
    low: Array
    high: Array
    groups: tuple[tuple[tuple[int, ...], NDArray[np.floating]], ...]
    ensemble_names: tuple[str, ...]
    ensemble: Array

    def chunk(self, seed: int, number: int) -> Array:
        """Values of the patients ``number * CHUNK`` and on; shape (CHUNK, names).

        Each name has its own stream: a patient keeps weight and clearance whatever cytokine is looked at.
        Raises InputError when the limits leave too little of a distribution to draw from.
        """
        out = self._centre(seed, number)
        for group, root in self.groups:
            columns = list(group)
            out[:, columns] = self._group(out[:, columns], columns, root, seed, number)
        return out

    def _group(
        self, centre: Array, columns: list[int], root: NDArray[np.floating], seed: int, number: int
    ) -> Array:
        """Values of names that vary together; a patient beyond the limits is drawn again."""
        out, left = np.empty_like(centre), np.arange(CHUNK)
        low, high = self.low[columns], self.high[columns]
        for attempt in range(ATTEMPTS):
            streams = [_stream(seed, number, attempt, self.names[c]) for c in columns]
            normal = np.column_stack([rng.standard_normal(CHUNK) for rng in streams])
            values = centre * np.exp(_box_cox(normal @ root.T * self.omega[columns], self.shape[columns]))
            out[left] = values[left]
            beyond = (values < low) | (values > high)
            left = left[beyond[left].any(axis=1)]
            if not len(left):
                return out
        worst = self.names[columns[int(beyond[left].sum(axis=0).argmax())]]
        raise InputError(f"population: the limits of {worst} leave too few patients to draw; widen them")

    def _centre(self, seed: int, number: int) -> Array:
        """Typical values by patient: those of an ensemble member where there is an ensemble."""
        centre = np.tile(self.typical, (CHUNK, 1))
        if len(self.ensemble_names):
            member = _stream(seed, number, 0, "ensemble member").integers(len(self.ensemble), size=CHUNK)
            columns = [self.names.index(name) for name in self.ensemble_names]
            centre[:, columns] = self.ensemble[member]
        return centre


def _stream(seed: int, number: int, attempt: int, name: str) -> np.random.Generator:
    """Counter-based random numbers of one name in one chunk."""
    key = np.random.SeedSequence(seed, spawn_key=(number, attempt, zlib.crc32(name.encode())))
    return np.random.Generator(np.random.Philox(key))


def _box_cox(deviates: Array, shape: Array) -> Array:
    """(exp(eta)^shape - 1) / shape, eta itself where shape is 0 (Petersson 2009, Pharm Res 26:2174)."""
    safe = np.where(shape == 0, 1.0, shape)
    return np.where(shape == 0, deviates, np.expm1(safe * deviates) / safe)


def sampler(
    people: Population,
    typical: Mapping[str, float],
    units: Mapping[str, str],
    ensemble: Mapping[str, Array] | None = None,
) -> Sampler:
    """The sampler of a population over the quantities of a model.

    typical: value by symbol (weight, V1_baricitinib, ATP), in ``units`` (pint strings). A variability
    with a wildcard applies to every symbol it matches; an exact name goes before it. What belongs to other
    inhibitors, cytokines or cells is left out. ensemble: draws of typical values by symbol.
    Raises InputError, with file and line, for a variability of what the models do not know.
    """
    used = _used(people, typical)
    names = [name for name in typical if name in used or name in (ensemble or {})]
    count = len(names)
    omega, shape, low = np.zeros(count), np.zeros(count), np.zeros(count)
    high = np.full(count, np.inf)
    for i, name in enumerate(names):
        if name not in used:
            continue
        key, distribution = used[name]
        omega[i] = np.sqrt(distribution.omega2)
        shape[i] = 0.0 if distribution.shape is None else distribution.shape.to("dimensionless")
        try:
            low[i] = 0.0 if distribution.low is None else distribution.low.to(units[name])
            high[i] = np.inf if distribution.high is None else distribution.high.to(units[name])
        except UnitError as error:
            raise InputError(f"{_place(people, key)}: {error}") from None
        if not low[i] <= typical[name] <= high[i]:
            raise InputError(
                f"{_place(people, key)}: the typical {name}, {typical[name]:g} {units[name]}, "
                f"lies outside its limits {low[i]:g} to {high[i]:g}"
            )
    matrix = np.eye(count)
    for entry in people.correlations:
        # Symbols under one wildcard vary independently; exact names carry the stated correlations.
        if all(name in names for name in entry.between):
            pair = [list(people.variability).index(name) for name in entry.between]
            i, j = (names.index(name) for name in entry.between)
            matrix[i, j] = matrix[j, i] = correlation_matrix(people.variability, people.correlations)[*pair]
    kept = tuple(name for name in names if name in (ensemble or {}))
    members = (
        np.column_stack([np.asarray((ensemble or {})[name]) for name in kept]) if kept else np.empty((0, 0))
    )
    return Sampler(
        tuple(names),
        np.array([typical[name] for name in names]),
        omega,
        shape,
        low,
        high,
        _groups(matrix),
        kept,
        members,
    )


def _place(people: Population, key: str) -> str:
    """File, line and field of a variability."""
    return f"{get_library().where('populations', people.id, 'variability', key)}: variability.{key}"


def _used(people: Population, typical: Mapping[str, float]) -> dict[str, tuple[str, Distribution]]:
    """The variability of each quantity, with its key; an exact name goes before a wildcard."""
    used: dict[str, tuple[str, Distribution]] = {}
    for key, distribution in sorted(people.variability.items(), key=lambda item: "*" not in item[0]):
        hits = [name for name in typical if fnmatchcase(name, key)]
        if not hits and not any(fnmatchcase(name, key) for name in _elsewhere()):
            raise InputError(
                f"{_place(people, key)}: no covariate or parameter of the models has this name; "
                f"known: {', '.join(typical)}"
            )
        used.update(dict.fromkeys(hits, (key, distribution)))
    return used


def _groups(matrix: Array) -> tuple[tuple[tuple[int, ...], NDArray[np.floating]], ...]:
    """Connected blocks of a correlation matrix, each with its Cholesky factor."""
    from scipy.sparse.csgraph import connected_components

    if not len(matrix):
        return ()
    count, labels = connected_components(matrix != 0, directed=False)
    blocks = [tuple(int(i) for i in np.flatnonzero(labels == k)) for k in range(count)]
    return tuple((block, np.linalg.cholesky(matrix[np.ix_(block, block)])) for block in blocks)


def _elsewhere() -> set[str]:
    """Symbols of other inhibitors, cytokines and cells, whose variability plays no part here."""
    library = get_library()
    names = {"ATP"}
    for drug in library.inhibitors.values():
        for values in drug.pharmacokinetics.values():
            names |= {f"{parameter}_{drug.id}" for parameter in values}
    for cytokine in library.cytokines.values():
        names |= {f"w_{cytokine.symbol}", *(f"kphos_{cytokine.symbol}_{stat}" for stat in cytokine.stats)}
    for cell in library.cells.values():
        names |= {f"{chain}_rest" for chain in cell.chains}
    return names
