"""The publications behind the numbers that answer a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jakinib.build import ModelSpec, compose
from jakinib.errors import PlanError
from jakinib.fit.plan import read_plan
from jakinib.library import get_library
from jakinib.library.measurements import get_data


def cited(specs: Sequence[ModelSpec], further: Sequence[str] = ()) -> list[str]:
    """Every source of the numbers in models, as it is to be cited, each once, in alphabetical order.

    Of a number that a plan estimated, those of the rows that calibrated it. further: keys of other sources.
    """
    keys = set(further)
    for spec in specs:
        keys |= {quantity.source for quantity in compose(spec).provenance.values()}
    return sorted(dict.fromkeys(line for key in sorted(keys - {""}) for line in _lines(key)))


def _lines(key: str) -> Iterator[str]:
    """How a source is cited; of a plan, the sources of its rows."""
    data = get_data()
    entry = get_library().references.get(key) or data.sources.get(key)
    if entry is not None:
        yield entry.citation.rstrip(". ") + (f". doi:{entry.doi}" if entry.doi else f" {entry.url}".rstrip())
        return
    try:
        rows = read_plan(key, data).calibration
    except PlanError:
        yield key  # a source that a user names and no list of references holds
        return
    for source in dict.fromkeys(data[row].source for row in rows):
        yield from _lines(source)
