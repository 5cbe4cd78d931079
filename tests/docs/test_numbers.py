"""Numbers in documents: put there by their source, and noticed when they fall behind it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jakinib import paths
from jakinib.errors import InputError
from jakinib.evaluate.run import STRUCTURES
from jakinib.fit import crossvalidation, get_data
from jakinib.fit.crossvalidation import CrossValidation
from jakinib.fit.folds import Fold, Held, Predicted
from jakinib.report import sources, sources_fits
from jakinib.report.numbers import Change, evaluated, filled, main
from jakinib.report.sources import SOURCES, Value

ROOT = paths.root()
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "docs/index.md", "docs/science.md", "docs/context_of_use.md")),
    *sorted((ROOT / "docs" / "tutorials").glob("*.md")),
]
HERE = Path("page.md")


@pytest.fixture(autouse=True)
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sources whose answers do not depend on fits."""
    monkeypatch.setitem(SOURCES, "three", lambda: Value((3.14159,), "nmol/L"))
    monkeypatch.setitem(SOURCES, "band", lambda: Value((0.0123, 1234.5)))
    monkeypatch.setitem(SOURCES, "word", lambda: Value(text="PASS"))
    monkeypatch.setitem(SOURCES, "published", lambda: Value((5.9,), published=True))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_number_in_the_documents_is_what_its_source_says(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [str(change) for change in filled(text, document)[1]] == []


def test_make_book_writes_the_documents_that_are_checked() -> None:
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8")
    [named] = re.findall(r"-m jakinib\.report\.numbers (.*)", recipe)
    assert [file for name in named.split() for file in sorted(ROOT.glob(name))] == DOCUMENTS


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("three", "3.14"),
        ("three %2", "3.1"),
        ("three %.0", "3"),
        ("three in pmol/L", "3140"),
        ("band", "0.0123-1230"),
        ("word", "PASS"),
        ("published", "5.9"),
        ("published %3", "5.90"),
        ("three / published * 100 %.0", "53"),
        ("100 - three %3", "96.9"),
        ("published / ( three + three ) %2", "0.94"),
    ],
)
def test_a_marker_is_a_source_a_unit_a_little_arithmetic_and_a_format(marker: str, text: str) -> None:
    assert evaluated(marker) == text


def test_a_stale_number_is_replaced_and_its_place_is_told() -> None:
    text = "# Title\n\nThe value is <!--=three-->2.99<!--/--> nM, not <!--=word-->PASS<!--/-->.\n"
    new, changes = filled(text, HERE)
    assert new == text.replace("2.99", "3.14")
    assert changes == [Change(HERE, 3, "three", "2.99", "3.14")]
    assert filled(new, HERE) == (new, [])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a <!--=three-->3.14 nM", "not closed on its line"),
        ("a 3.14<!--/--> nM", "not closed on its line"),
        ("<!--=three-->3.14<!--/--> nM", "a marker begins the line"),
        ("* <!--=three-->3.14<!--/--> nM", "a marker begins the line"),
        ("a <!--=four-->3.14<!--/-->", "'four' is no source of numbers; known: agreement"),
        ("a <!--=three-->3.14<!--/--> <!--=three one two-->4<!--/-->", "three one two-->:"),
        ("a <!--=three +-->3.14<!--/-->", "a value is missing"),
        ("a <!--=-->3.14<!--/-->", "a value is missing"),
        ("a <!--=word + three-->3.14<!--/-->", "two single numbers"),
        ("a <!--=three in hour-->3.14<!--/-->", "three in hour"),
        ("a <!--=criterion nope-->3.14<!--/-->", "unknown criterion 'nope'"),
        ("a <!--=row nope-->3.14<!--/-->", "unknown measurement 'nope'"),
        ("a <!--=estimate pathways nope-->3.14<!--/-->", "unknown estimate 'nope'"),
        (
            "a <!--=library inhibitors baricitinib nope-->3.14<!--/-->",
            "unknown quantity of baricitinib",
        ),
        ("a <!--=row E013 interval-->3.14<!--/-->", "'interval' of row E013 is not given"),
        ("a <!--=agreement 'cell IC50' nope gmfe-->3.14<!--/-->", "nope"),
        ("a <!--=model E013 blood-->3.14<!--/-->", "'blood' is no condition"),
        ("a <!--=three / ( three - three )-->3.14<!--/-->", "zero"),
    ],
)
def test_a_marker_that_names_no_value_is_refused_with_file_and_line(line: str, told: str) -> None:
    with pytest.raises(InputError, match=r"^page\.md:2: ") as caught:
        filled(f"# Title\n{line}\n", HERE)
    assert told in str(caught.value)


def test_a_check_changes_nothing_and_says_file_line_marker_old_and_new(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page, stale = tmp_path / "page.md", "It is <!--=three-->2.99<!--/-->.\n"
    page.write_text(stale, encoding="utf-8")
    assert main(["--check", "page.md"]) == 1
    assert page.read_text(encoding="utf-8") == stale
    assert capsys.readouterr().out == "page.md:1: three: '2.99' is now '3.14'\n"
    monkeypatch.setattr("jakinib.report.numbers.refresh", lambda: None)
    assert main(["page.md"]) == 0
    assert page.read_text(encoding="utf-8") == stale.replace("2.99", "3.14")
    assert main(["--check", "page.md"]) == 0
    page.write_text("It is <!--=four-->2.99<!--/-->.\n", encoding="utf-8")
    assert main(["--check", "page.md"]) == 2
    assert capsys.readouterr().err.startswith("jakinib: page.md:1: <!--=four-->")


def test_an_evaluation_of_other_fits_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    sources.stored.cache_clear()
    changed = {**sources.inputs(), "pathways": "other"}
    monkeypatch.setattr(sources, "inputs", lambda: changed)
    with pytest.raises(InputError, match="the stored evaluation is stale: pathways changed; run: make book"):
        evaluated("criterion enzyme_JAK1")
    monkeypatch.undo()
    sources.stored.cache_clear()


def test_what_the_model_gives_for_a_row_follows_the_conditions_that_are_named() -> None:
    at = 'model B01 quantity=maximum_inhibition unit=percent population=healthy_adult "dose=4 mg"'
    usual, little = float(evaluated(at)), float(evaluated(f'{at} "cytokine_dose=1 ng/mL"'))
    assert little > 1.5 * usual  # less cytokine, less reserve: the same drug inhibits more
    assert evaluated("row E013") == f"{get_data()['E013'].value:g}"


def left_out(row: str, inhibitor: str, published: float, *, seen: bool, status: str = "verified") -> Held:
    return Held(
        "fold", row, row, inhibitor, "IL-6/pSTAT3", "a laboratory", status, "nM", published, 100.0,
        (80.0, 125.0), (25.0, 400.0), seen,
    )  # fmt: skip


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cross-validation of four rows in two folds."""
    held = (
        left_out("R1", "tofacitinib", 200, seen=True),
        left_out("R2", "tofacitinib", 50, seen=False),
        left_out("R3", "upadacitinib", 1000, seen=True),
        left_out("R4", "baricitinib", 100, seen=True, status="recalled"),
    )
    found = CrossValidation(
        "pathways",
        "drug",
        (Predicted(Fold("one", ()), {}, -3.0, held[:2]), Predicted(Fold("two", ()), {}, -4.5, held[2:])),
    )
    monkeypatch.setattr(crossvalidation, "stored", lambda plan, leave: found)
    sources_fits.stored_folds.cache_clear()
    yield
    sources_fits.stored_folds.cache_clear()


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("density %.1", "-7.5"),
        ("folds", "2"),
        ("rows", "4"),
        ("rows read", "3"),
        ("gmfe R1 R4", "refused"),
        ("gmfe tofacitinib %2", "2.0"),
        ("worst -upadacitinib %2", "2.0"),
        ("inside_new %.0", "75"),
        ("inside_new seen read %.0", "50"),
        ("inside_same %.0", "25"),
    ],
)
@pytest.mark.usefixtures("folds")
def test_each_word_narrows_the_rows_of_a_cross_validation_that_count(marker: str, text: str) -> None:
    asked = f"crossvalidation pathways drug {marker}"
    if text == "refused":
        with pytest.raises(InputError, match="no row"):
            evaluated(asked)
    else:
        assert evaluated(asked) == text


@pytest.mark.usefixtures("folds")
def test_a_row_that_was_left_out_has_a_prediction_and_bands() -> None:
    assert evaluated("held pathways drug R3 fold %.0") == "10"
    assert evaluated("held pathways drug R3 new") == "25.0-400"
    for asked, told in (("R9", "R9 was not left out"), ("R3 ratio", "'ratio' of R3 is not given")):
        with pytest.raises(InputError, match=told):
            evaluated(f"held pathways drug {asked}")


def test_the_structures_share_the_draws() -> None:
    shares = [float(evaluated(f"structure {name} %6")) for name in STRUCTURES]
    assert sum(shares) == pytest.approx(100, abs=1e-3)
    assert all(share > 0 for share in shares)


def test_a_spread_is_a_factor_between_laboratories() -> None:
    value, factor = (
        float(evaluated(f"spread pathways laboratory {part} %6")) for part in ("value", "factor")
    )
    assert math.log(factor) == pytest.approx(value, rel=1e-4)
