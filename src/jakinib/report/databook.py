"""Two pages of the site: the data book (every number, its status, its source) and the credibility report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from jakinib.build import ModelSpec
from jakinib.build.estimates import estimates
from jakinib.evaluate.credibility import read_checklist, score
from jakinib.experiments import kinds
from jakinib.library import get_library
from jakinib.library.measurements import Measurement, get_data
from jakinib.library.quantities import KINDS, quantities
from jakinib.library.schema import Quantity
from jakinib.paths import write_atomic

_CONDITIONS = ("inhibitor", "target", "cytokine", "cytokine_dose", "readout", "cell", "matrix", "atp", "time",
               "population", "dose")  # fmt: skip


def write_data_book(path: Path) -> None:
    """Write the library's numbers and the published measurements as one Markdown page."""
    write_atomic(path, "\n".join(_data_book()) + "\n")


def write_credibility(path: Path) -> None:
    """Write the credibility checklist, with its score, as a Markdown page."""
    write_atomic(path, "\n".join(_credibility()) + "\n")


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> list[str]:
    """Lines of a Markdown table."""
    head = [_cell(name) for name in columns]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(_cell(value) for value in row)} |" for row in rows), ""]


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split()).replace("\\", "\\\\")
    for mark in ("|", "<", "*", "_", "[", "$", "#", "`", "~"):
        text = text.replace(mark, f"\\{mark}")
    return text


def _data_book() -> Iterator[str]:
    library, data = get_library(), get_data()
    yield "# Data book"
    yield ""
    yield "Every number the models are made of and held against, from `models/library` and `fits/data`."
    yield "Kind says how a number came about: measured, derived (computed from such), fitted, assumed."
    yield "Status says how its source was read: verified (there), secondary (a review), recalled (unchecked)."
    yield ""
    yield from _counts()
    for kind in KINDS:
        yield f"## Library: {kind}"
        yield ""
        for name, entry in getattr(library, kind).items():
            yield f"### {_cell(name)}"
            yield ""
            columns = ("quantity", "value", "unit", "kind", "status", "source", "where, why")
            yield from table(columns, (_library_row(where, q) for where, q in quantities(entry)))
    yield "## Library: parameters"
    yield ""
    yield "A name with * stands for every symbol it matches that has no row of its own."
    yield ""
    columns = ("symbol", "value", "unit", "kind", "status", "source", "where, why")
    yield from table(columns, (_library_row(name, row) for name, row in library.parameters.items()))
    yield "## Facts that entries cite"
    yield ""
    yield "What a code such as B001 stands for where an entry cites it."
    yield ""
    facts = library.evidence.values()
    listed = ((f.code, f.quantity, f.system, f.value, f.unit, f.status, f.source, f.location) for f in facts)
    yield from table(("code", "fact", "of", "value", "unit", "status", "source", "where"), listed)
    yield from _estimated()
    yield "## Kinds of evidence"
    yield ""
    yield "What the column quantity of a measurement can name."
    yield ""
    known = sorted(kinds().items())
    said = ((name, (kind.__doc__ or "").strip().partition("\n")[0]) for name, kind in known)
    yield from table(("quantity", "what it is"), said)
    yield "## Published measurements"
    yield ""
    for source, description in data.sources.items():
        rows = [row for row in data.measurements.values() if row.source == source]
        yield f"### {_cell(source)}"
        yield ""
        yield _cell(f"{description.citation}. Laboratory: {description.laboratory or source}.")
        yield ""
        heads = ("id", "quantity", "of", "value", "unit", "set", "kind", "status", "where")
        yield from table(heads, (_measurement_row(row) for row in rows))
    yield "## Wanted"
    yield ""
    yield "Sources whose table nobody could copy so far; `docs/data_wanted.md` says which columns to copy."
    yield ""
    missing = ((name, s.laboratory, s.citation, s.how_read) for name, s in data.wanted.items())
    yield from table(("folder", "laboratory", "source", "what is missing"), missing)


def _estimated() -> Iterator[str]:
    """What the plans found; it overlays the library."""
    yield "## Estimates"
    yield ""
    for plan in ModelSpec("cytokine_signalling").calibrated:
        yield f"### Plan {_cell(plan)}"
        yield ""
        rows = ((name, q.value, q.unit, q.low, q.high) for name, q in estimates(plan).items())
        yield from table(("symbol", "estimate", "unit", "low", "high"), rows)


def _library_row(where: str, q: Quantity) -> tuple[Any, ...]:
    reason = "; ".join(filter(None, (q.location, q.rationale)))
    return where, q.value, q.unit, q.kind, q.status or "none", q.source or "none", reason


def _measurement_row(row: Measurement) -> tuple[Any, ...]:
    value = f"{row.qualifier.replace('=', '')} {row.value:.6g}".strip()
    of = ", ".join(str(getattr(row, name)) for name in _CONDITIONS if getattr(row, name))
    return row.id, row.quantity, of, value, row.unit, row.set, row.kind, row.status, row.location


def _counts() -> Iterator[str]:
    """How many numbers are of which kind, and how they were read."""
    library, data = get_library(), get_data()
    counts: dict[tuple[str, str], list[int]] = {}
    for kind in KINDS:
        for entry in getattr(library, kind).values():
            for _, quantity in quantities(entry):
                counts.setdefault((quantity.kind, quantity.status or "none"), [0, 0])[0] += 1
    for row in data.measurements.values():
        counts.setdefault((row.kind, row.status), [0, 0])[1] += 1
    heads = ("kind", "status", "in the library", "measurements")
    yield from table(heads, ((*words, *n) for words, n in sorted(counts.items())))


def _credibility() -> Iterator[str]:
    items = read_checklist()
    yield "# Credibility"
    yield ""
    yield "What guidelines ask of a model (MIRIAM, MIASE, CURE, the Ten Rules for credible practice, FDA,"
    yield "ASME V&V 40, ICH M15), and what answers it here. T: a test decides, D: a document exists,"
    yield "H: a person must review."
    yield ""
    counts = ((group, n["met"], n["partial"], n["open"]) for group, n in score(items).items())
    yield from table(("group", "met", "partial", "open"), counts)
    yield "## Items"
    yield ""
    yield from table(
        ("id", "group", "asked", "kind", "status", "answer", "missing"),
        ((i.id, i.group, i.item, i.kind, i.status, i.answer, i.note) for i in items),
    )
