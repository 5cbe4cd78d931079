"""The report shows every verdict as it is, loads nothing from outside, and is the same for the same input."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Synthetic, criterion, evaluation, overlaps, passing

from jakinib.assay import ExVivo
from jakinib.errors import SimulationError
from jakinib.evaluate import Criterion, Verdict, evaluate, read_criteria
from jakinib.evaluate.basis import headline
from jakinib.evaluate.evidence import Evidence
from jakinib.experiments import Experiment
from jakinib.fit import get_data, read_plan, results
from jakinib.fit.coordinates import Coordinate
from jakinib.fit.folds import LEAVE
from jakinib.report import captions, html, wording


@pytest.fixture(scope="module")
def page(evidence: Evidence) -> str:
    return html.render(evaluation(evidence))


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """For pages that are read for their words."""
    monkeypatch.setattr(captions, "PLOTS", ())


def row_of(page: str, identifier: str) -> str:
    """Text of one row of the criteria tables, tags removed."""
    found = re.search(rf'<tr id="{identifier}".*?</tr>', page, re.DOTALL)
    assert found
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


class Reader(HTMLParser):
    """Collects what a browser would load, the anchors, and checks that tags close in order."""

    VOID = frozenset({"meta", "link", "img", "br", "hr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "srcset", "data", "poster", "action", "background") or (
                name == "href" and tag != "a"
            ):
                self.loads.append(value or "")  # fmt: skip
            elif name == "href":
                self.links.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


# The page -----------------------------------------------------------------------------------------------


def test_the_page_loads_nothing_from_outside(page: str) -> None:
    reader = Reader(page)
    assert all(address.startswith(("data:", "#")) for address in reader.loads)
    assert not {"iframe", "object", "embed", "image", "img"} & set(reader.tags)
    assert reader.tags.count("script") == 1
    assert not re.search(r"@import|url\((?!#)|fetch\(|import\(", page)


def test_figures_are_part_of_the_page_and_take_their_colours_from_its_theme(page: str) -> None:
    pictures = re.findall(r'<svg class="plot".*?</svg>', page, re.DOTALL)
    assert len(pictures) == len(captions.PLOTS) + len(LEAVE)
    themes = re.findall(r"(?<![\w-])--[\w-]+(?=:)", page.partition("</style>")[0])
    for picture in pictures:
        assert len(re.search(r'aria-label="([^"]*)"', picture)[1]) > 60  # type: ignore[index]
        assert re.findall(r"#[0-9a-fA-F]{6}\b", picture) == []
        assert set(re.findall(r"var\((--[\w-]+)\)", picture)) <= set(themes)
        assert "currentColor" in picture


def test_the_page_is_smaller_than_1_MB(page: str) -> None:
    assert len(page.encode()) < 1_000_000


def test_every_header_of_a_table_says_what_it_heads(page: str) -> None:
    heads = re.findall(r"<th\b[^>]*>", page)
    assert [head for head in heads if not re.match(r'<th scope="(?:row|col)"', head)] == []


def test_every_criterion_is_a_line_of_the_overview_that_leads_to_its_row(page: str) -> None:
    overview = page.partition('id="overview"')[2].partition("<nav")[0]
    lines = re.findall(
        r'<li data-item="(\d+)" data-basis="(\w+)" data-verdict="(\w+)".*?href="#(\w+)"', overview
    )
    assert sorted(line[3] for line in lines) == sorted(c.id for c in read_criteria())
    item = {c.id: str(c.item) for c in read_criteria()}
    assert all(number == item[identifier] for number, _, _, identifier in lines)
    assert {basis for _, basis, _, _ in lines} == {"predicted", "context", "calibrated", "input"}


@pytest.mark.usefixtures("no_pictures")
def test_what_the_data_fix_can_come_from_another_process(evidence: Evidence) -> None:
    found = Coordinate("C1", "a potency, a laboratory", "nM", 2.0, 1.0, 4.0, "identifiable")
    assert "C1 a potency, a laboratory" in html.render(evaluation(evidence), lambda: [found])


@pytest.mark.usefixtures("no_pictures")
def test_failures_come_first_in_the_overview(evidence: Evidence) -> None:
    failed = [replace(passing(criterion(name)), value=1e4) for name in ("stat1_block", "pbmc_IL6_bound")]
    lines = re.findall(r'data-verdict="(\w+)".*?href="#(\w+)"', html.render(evaluation(evidence, *failed)))
    assert lines[:2] == [("FAIL", "stat1_block"), ("FAIL", "pbmc_IL6_bound")]  # the one that decides leads
    assert {verdict for verdict, _ in lines[2:]} == {"PASS"}


def test_three_numbers_lead_with_predictions_and_do_not_count_input_among_them(
    page: str, evidence: Evidence
) -> None:
    counted = re.findall(r"<dt>(\w+)</dt><dd><b>(\d+) of (\d+)</b>", page)
    tallies = {t.basis: (str(t.passed), str(t.criteria)) for t in evaluation(evidence).tallies}
    assert [name for name, _, _ in counted] == ["predicted", "calibrated", "verified"]
    assert [numbers for _, *numbers in counted] == [
        [*tallies[basis]] for basis in ("predicted", "calibrated", "input")
    ]


def test_links_inside_the_page_have_a_target_and_ids_are_unique(page: str) -> None:
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    inside = {link[1:] for link in reader.links if link.startswith("#")}
    assert inside <= set(reader.ids)
    outside = {link for link in reader.links if not link.startswith(("#", "https://doi.org/"))}
    assert outside == set(html.FILES) - {"index.html"}


@pytest.mark.parametrize("criterion", read_criteria(), ids=lambda c: c.id)
def test_every_criterion_stands_with_statement_target_verdict_and_rows(
    criterion: Criterion, page: str
) -> None:
    row = row_of(page, criterion.id)
    parser = HTMLParser(convert_charrefs=True)
    seen: list[str] = []
    parser.handle_data = seen.append  # type: ignore[method-assign]
    parser.feed(row)
    parser.close()
    text = "".join(seen)
    assert criterion.statement in text
    assert criterion.target in text
    assert ("PASS" if criterion.hard else "PASS reported") in " ".join(text.split())
    assert all(identifier in text for identifier in criterion.rows)


def test_every_figure_has_a_caption_that_says_what_is_model_and_what_is_published(page: str) -> None:
    figures = re.findall(r'<figure id="figure-.*?</figure>', page, re.DOTALL)
    assert len(figures) == len(captions.PLOTS)
    for figure in figures:
        assert re.search(
            r"<figcaption>.*<b>Model</b>: \w.*<b>Published</b>: \w.*</figcaption>", figure, re.DOTALL
        )


def test_all_passes_are_counted_in_one_sentence(page: str, evidence: Evidence) -> None:
    assert headline(evaluation(evidence).tallies) in page
    assert 'data-verdict="FAIL"' not in page


@pytest.mark.usefixtures("no_pictures")
def test_a_failed_criterion_is_shown_as_fail_in_words(evidence: Evidence) -> None:
    failed = replace(passing(criterion("enzyme_TYK2")), value=61.0)
    page = html.render(evaluation(evidence, failed))
    assert "Fail, and decide (1)" in page
    assert "FAIL" in row_of(page, "enzyme_TYK2")
    assert "61.0 nM" in row_of(page, "enzyme_TYK2")
    assert re.findall(r'<tr id="(\w+)" class="failed"', page) == ["enzyme_TYK2"]


@pytest.mark.usefixtures("no_pictures")
def test_a_criterion_that_only_reports_fails_with_its_explanation(evidence: Evidence) -> None:
    missed = replace(passing(criterion("pbmc_IL6_bound")), value=85.0)
    page = html.render(evaluation(evidence, missed))
    assert "FAIL" in row_of(page, "pbmc_IL6_bound")
    assert criterion("pbmc_IL6_bound").explanation[:30] in row_of(page, "pbmc_IL6_bound")
    assert re.findall(r'<tr [^>]*class="failed"', page) == []  # it does not decide


@pytest.mark.usefixtures("no_pictures")
def test_text_from_outside_is_escaped(evidence: Evidence) -> None:
    hostile = '<script>alert("x")</script>'
    statement = criterion("enzyme_JAK1").model_copy(update={"statement": hostile, "unit": "<i>"})
    failed = Verdict(statement, None, ("Fridman2010",), hostile)
    page = html.render(evaluation(evidence, failed))
    assert page.count("<script") == 1
    assert (
        page.count("&lt;script&gt;") == 4
    )  # the overview and what it says of the line, the statement, the reason
    assert "&lt;i&gt;" in page


def test_every_cited_source_is_listed_with_its_citation(page: str) -> None:
    sources = page.partition('class="sources"')[2]
    data = get_data()
    for name in {data[row].source for c in read_criteria() for row in c.rows}:
        entry = re.search(rf'<li id="source-{name}">(.*?)</li>', sources, re.DOTALL)
        assert entry
        assert data.sources[name].citation.split(".")[0] in entry[1]
        assert data.sources[name].doi in entry[1]


def test_every_estimate_stands_with_its_interval(page: str) -> None:
    data = get_data()
    for name in ("clinical_pk", "pathways"):
        for row in results.judged(results.read(read_plan(name, data))):
            interval = f"{wording.number(row.low)} to {wording.number(row.high)}"
            assert re.search(rf"<code>{re.escape(row.estimate.id)}</code>.*?>{interval}<", page, re.DOTALL)


def test_predictions_stand_beside_the_published_numbers_with_their_fold_error(page: str) -> None:
    table = page.partition('id="predictions"')[2].partition("</table>")[0]
    row = re.search(r'<tr><th scope="row">C031</th>.*?</tr>', table, re.DOTALL)
    assert row
    assert re.findall(r">[\d.]+<", row[0]) == [">641<", ">320<", ">2.00<"]


def test_a_quantity_that_cannot_be_simulated_leaves_a_page_that_says_why(evidence: Evidence) -> None:
    class Broken(Synthetic):
        def course(self, one: Experiment) -> ExVivo:
            raise SimulationError("corrector convergence failed", 0.5)

        @property
        def cell_ic50s(self) -> Any:
            raise SimulationError("no half-maximal inhibition")

    page = html.render(evaluation(Broken(evidence.plans, evidence.data)))
    assert page.count("Not drawn: simulation failed at t = 0.5 h: corrector convergence failed") == 3
    assert "Not predicted: simulation failed: no half-maximal inhibition" in page


# Evidence and numbers -----------------------------------------------------------------------------------


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_a_shown_number_is_close_and_on_the_same_side_of_a_bound(value: float, bound: float) -> None:
    shown = wording.number(value, (None, bound))
    assert float(shown) == pytest.approx(value, rel=5.001e-3)
    assert (float(shown) > bound) == (value > bound)
    assert "e" not in shown


@given(st.floats(1e-6, 1e6), st.floats(-1e-5, 1e-5))
def test_a_value_just_beyond_a_bound_is_not_rounded_onto_it(bound: float, beyond: float) -> None:
    value = bound * (1 + beyond)
    assert np.sign(float(wording.number(value, (bound,))) - bound) == np.sign(value - bound)


# Files --------------------------------------------------------------------------------------------------


def test_two_writes_give_identical_bytes_and_leave_three_files(evidence: Evidence, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert html.write(evaluation(evidence), tmp_path / name) == tmp_path / name / "index.html"
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert first == second
    assert set(first) == set(html.FILES) == {"index.html", "verdicts.json", "verdicts.csv"}
    lines = list(csv.DictReader(io.StringIO(first["verdicts.csv"].decode())))
    records = json.loads(first["verdicts.json"])["verdicts"]
    assert [(line["id"], line["verdict"], line["rows"]) for line in lines] == [
        (record["id"], record["verdict"], "; ".join(record["rows"])) for record in records
    ]


def test_the_page_does_not_depend_on_the_style_of_the_user(evidence: Evidence, page: str) -> None:
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "svg.fonttype": "none"}):
        assert html.render(evaluation(evidence)) == page


@pytest.mark.usefixtures("no_pictures")
def test_verdicts_json_holds_the_records_the_provenance_and_the_overall_verdict(
    evidence: Evidence, tmp_path: Path
) -> None:
    failed = replace(passing(criterion("stat1_block")), value=7.5)
    outcome = evaluation(evidence, failed)
    html.write(outcome, tmp_path)
    written = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))
    assert {one.pop("passes_although") for one in written["verdicts"]} >= {""}
    assert written == {
        "passed": False,
        "tallies": [line.record() for line in outcome.tallies],
        "agreement": [line.record() for line in outcome.agreement],
        "verdicts": outcome.records(),
        "provenance": outcome.provenance,
    }
    assert [(line["quantity"], line["set"], line["rows"]) for line in written["agreement"]] == [
        ("cell IC50", "calibration", 3),
        ("cell IC50", "validation", 1),
        ("cell IC50", "recalled", 1),
        ("cytokine EC50", "calibration", 1),
        ("cytokine EC50", "validation", 1),
    ]


@pytest.mark.usefixtures("no_pictures")
def test_a_value_without_limit_is_null_in_json_and_says_so(evidence: Evidence, tmp_path: Path) -> None:
    endless = replace(passing(criterion("return_10mg")), value=float("inf"))
    html.write(evaluation(evidence, endless), tmp_path)
    written = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    (record,) = [r for r in written["verdicts"] if r["id"] == "return_10mg"]
    assert (record["value"], record["error"]) == (None, "the value is inf")


# The true evaluation ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_true_evaluation_becomes_a_page_with_figures_free_of_overlap(tmp_path: Path) -> None:
    outcome = evaluate(draws=20)  # how many there are changes no part of the page
    page = html.write(outcome, tmp_path).read_text(encoding="utf-8")
    assert headline(outcome.tallies) in page
    assert len(page.encode()) < 1_000_000
    for verdict in outcome.verdicts:
        assert verdict.verdict in row_of(page, verdict.criterion.id)
    for plot in captions.PLOTS:
        assert overlaps(plot.draw(outcome.evidence, outcome.bands)) == [], plot.name
