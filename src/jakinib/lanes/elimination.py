"""Gaussian elimination of a sparse matrix worked out in advance: an order with little fill, and what to do.

The matrix is I / (gamma h) - J, whose diagonal dominates at the steps that an error bound allows; pivots stay
on the diagonal, and a step that is too long for that fails its error test.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

Row = tuple[int, list[tuple[int, int]]]


@dataclass(frozen=True)
class Elimination:
    """What the interpreter does with the entries of a matrix, as flat lists of numbers (see vectors.h).

    place: of each entry (row, column), fill included, in the array of values. factor: for each pivot its
    place and the number of rows below, for each of these its multiplier's place and the number of columns,
    for each of these the place changed and the place in the pivot row; then the number of places above the
    diagonal and for each its place and that of its pivot, by which it is scaled. forward: the
    unknowns that others change, in an order in which each is complete before it is used, with place and
    number of each of these. backward: the same for all unknowns, each scaled by its pivot before.
    """

    place: dict[tuple[int, int], int]
    factor: list[int]
    forward: list[Row]
    backward: list[Row]


def eliminated(size: int, entries: Collection[tuple[int, int]]) -> Elimination:
    """The elimination of a matrix with these entries and a full diagonal, by Markowitz's rule.

    Markowitz 1957, Manag. Sci. 3:255: the next pivot is the one that can fill the fewest places.
    """
    rows = [{i} for i in range(size)]
    columns = [{i} for i in range(size)]
    for i, j in entries:
        rows[i].add(j)
        columns[j].add(i)
    whole = [set(row) for row in rows]  # with fill; rows and columns lose what is eliminated
    upper: list[set[int]] = [set() for _ in range(size)]
    lower: list[set[int]] = [set() for _ in range(size)]
    order, left = [], set(range(size))
    while left:
        pivot = min(left, key=lambda i: ((len(rows[i]) - 1) * (len(columns[i]) - 1), i))
        order.append(pivot)
        left.remove(pivot)
        upper[pivot], lower[pivot] = rows[pivot] - {pivot}, columns[pivot] - {pivot}
        for i in lower[pivot]:
            for j in upper[pivot] - rows[i]:
                rows[i].add(j)
                columns[j].add(i)
                whole[i].add(j)
            rows[i].discard(pivot)
        for j in upper[pivot]:
            columns[j].discard(pivot)
    return _written(order, whole, upper, lower)


def _written(
    order: list[int], whole: list[set[int]], upper: list[set[int]], lower: list[set[int]]
) -> Elimination:
    rank = {state: number for number, state in enumerate(order)}
    place: dict[tuple[int, int], int] = {}
    for i in order:
        for j in sorted(whole[i], key=rank.__getitem__):
            place[i, j] = len(place)
    factor: list[int] = []
    scaled: list[int] = []
    for pivot in order:
        below, beside = (sorted(part[pivot], key=rank.__getitem__) for part in (lower, upper))
        factor += [place[pivot, pivot], len(below)]
        for i in below:
            factor += [place[i, pivot], len(beside)]
            for j in beside:
                factor += [place[i, j], place[pivot, j]]
        for j in beside:
            scaled += [place[pivot, j], place[pivot, pivot]]
    forward = [(i, [(place[i, j], j) for j in order[: rank[i]] if i in lower[j]]) for i in order]
    backward = [
        (i, [(place[i, j], j) for j in sorted(upper[i], key=rank.__getitem__, reverse=True)])
        for i in reversed(order)
    ]
    forward = [row for row in forward if row[1]]
    return Elimination(place, [*factor, len(scaled) // 2, *scaled], forward, backward)
