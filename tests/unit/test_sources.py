"""Every number comes from outside the project, or is assumed and says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from jakinib import paths
from jakinib.check import check
from jakinib.evaluate.criteria import read_criteria
from jakinib.library import Library
from jakinib.library.measurements import get_data
from jakinib.library.schema import Quantity

ROOT = Path(__file__).parents[2]
LIBRARY, DATA = Library(paths.models() / "library"), get_data()
CODE = re.compile(r"\b[ABCDEFMPTX][0-9]{2,3}\b")
NOT_CODES = {"M15"}  # ICH M15, a guideline
FACTS = {
    line.split("	")[0]
    for path in (paths.fits() / "data").glob("*/facts.tsv")
    for line in path.read_text(encoding="utf-8").splitlines()
}
KNOWN = {*LIBRARY.evidence, *DATA.measurements, *FACTS, *NOT_CODES}


def numbers(node: object, at: str) -> Iterator[tuple[str, Quantity]]:
    """Every number beneath a node, and where it stands."""
    if isinstance(node, Quantity):
        yield at, node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from numbers(getattr(node, name), f"{at}.{name}")
    elif isinstance(node, dict):
        for name, child in node.items():
            yield from numbers(child, f"{at}.{name}")


KINDS = ("inhibitors", "cytokines", "cells", "populations", "parameters")
NUMBERS = {at: q for kind in KINDS for at, q in numbers(getattr(LIBRARY, kind), kind)}
NUMBERS |= dict(numbers(DATA.sources, "data"))


def test_every_source_is_a_reference_or_a_data_set() -> None:
    known = {*LIBRARY.references, *DATA.sources}
    assert len(NUMBERS) > 900
    assert not {at: q.source for at, q in NUMBERS.items() if q.source and q.source not in known}
    assert not {code: fact.source for code, fact in LIBRARY.evidence.items() if fact.source not in known}


def test_a_number_without_a_source_is_assumed_and_says_why() -> None:
    sourceless = {at: q for at, q in NUMBERS.items() if not q.source}
    assert not [at for at, q in sourceless.items() if q.kind != "assumed" or not q.rationale]
    assert not [at for at, q in sourceless.items() if q.status]


def test_status_says_how_a_source_was_read_and_stands_nowhere_else() -> None:
    assert {q.status for q in NUMBERS.values()} == {"verified", "secondary", "recalled", ""}
    assert not [at for at, q in NUMBERS.items() if bool(q.status) != bool(q.source)]
    assert {row.status for row in DATA.measurements.values()} == {"verified", "secondary", "recalled"}
    assert {row.kind for row in DATA.measurements.values()} == {"measured", "derived"}
    assert {fact.status for fact in LIBRARY.evidence.values()} <= {"verified", "secondary", "recalled"}


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({"kind": "assumed", "rationale": "usual"}, ""),
        ({"kind": "assumed", "rationale": "usual", "source": "X", "status": "recalled"}, ""),
        ({"kind": "fitted", "source": "X"}, ""),
        ({"kind": "measured", "source": "X", "status": "secondary"}, ""),
        ({"kind": "measured", "source": "X"}, "gives no status; say how X was read"),
        ({"kind": "assumed", "rationale": "usual", "source": "X"}, "gives no status"),
        ({"kind": "assumed", "rationale": "usual", "status": "verified"}, "names no source that was read"),
        ({"kind": "assumed", "source": "X", "status": "verified"}, "gives no rationale"),
        ({"kind": "assumed", "rationale": "usual", "status": "assumed"}, "status"),
        ({"kind": "derived", "source": "X", "status": "derived"}, "status"),
        ({"kind": "measured", "source": "X", "status": "model"}, "status"),
        ({"kind": "recalled", "source": "X", "status": "recalled"}, "kind"),
    ],
)
def test_kind_says_how_a_number_came_about_and_status_how_it_was_read(
    origin: dict[str, str], said: str
) -> None:
    if not said:
        assert Quantity(value=1, unit="nM", **origin).kind == origin["kind"]
        return
    with pytest.raises(ValidationError, match=said):
        Quantity(value=1, unit="nM", **origin)


def test_a_reference_lies_outside_the_project() -> None:
    cited = {name: f"{r.citation} {r.doi} {r.url}" for name, r in LIBRARY.references.items()}
    cited |= {name: f"{s.citation} {s.doi} {s.url}" for name, s in DATA.sources.items()}
    own = re.compile(r"jakinib|docs/|\.md\b", re.IGNORECASE)
    assert not [name for name, text in cited.items() if own.search(text)]
    assert not [name for name, text in cited.items() if not text.strip()]


def test_every_code_in_an_entry_points_to_a_row() -> None:
    cited = {at: set(CODE.findall(f"{q.location} {q.rationale}")) - KNOWN for at, q in NUMBERS.items()}
    assert not {at: codes for at, codes in cited.items() if codes}


@pytest.mark.parametrize(
    "path", [p for folder in ("docs", "fits", "models/library") for p in sorted((ROOT / folder).rglob("*"))
             if p.suffix in (".md", ".yaml", ".tsv")], ids=lambda p: str(p.relative_to(ROOT)),
)  # fmt: skip
def test_every_code_in_a_text_points_to_a_row(path: Path) -> None:
    assert set(CODE.findall(path.read_text(encoding="utf-8"))) <= KNOWN


def test_the_rows_of_criteria_have_a_source_that_can_be_looked_up() -> None:
    for criterion in read_criteria():
        for row in criterion.rows:
            assert DATA.sources[DATA[row].source].citation


@pytest.mark.parametrize("source", ["JakinibDesign", "docs/science.md", "science.md", "section 2.3"])
def test_a_source_that_is_our_own_documentation_is_refused(source: str) -> None:
    with pytest.raises(ValidationError, match="is documentation of this project"):
        Quantity(value=1, unit="nM", kind="measured", status="verified", source=source)


def test_a_measured_number_without_a_source_is_refused() -> None:
    with pytest.raises(ValidationError, match="gives no source"):
        Quantity(value=1, unit="nM", kind="measured", status="verified")


@pytest.mark.parametrize(
    "row", ["B1\tx\t1\tverified\tNobody2020", "B1\tx\t1\tverified\t", "b\tx\t1\tverified\tNagler1990"]
)
def test_a_fact_without_a_source_that_is_cited_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "evidence.tsv"
    path.write_text(f"code\tquantity\tvalue\tstatus\tsource\n{row}\n", encoding="utf-8")
    assert [f.line for f in check(path).findings if f.level == "error" and f.check == "evidence-row"] == [2]
