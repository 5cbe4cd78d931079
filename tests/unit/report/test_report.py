"""The report shows every verdict as it is, loads nothing from outside, and is the same for the same input."""

from __future__ import annotations

import base64
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
from jakinib.fit.folds import LEAVE
from jakinib.report import captions, html


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
    assert all(address.startswith("data:") for address in reader.loads)
    assert not {"script", "iframe", "object", "embed"} & set(reader.tags)
    assert not re.search(r"@import|url\(", page)


def test_the_pictures_load_nothing_from_outside(page: str) -> None:
    pictures = [address for address in Reader(page).loads if address.startswith("data:image/svg+xml;base64,")]
    assert len(pictures) == len(captions.PLOTS) + len(LEAVE)
    for picture in pictures:
        text = base64.b64decode(picture.partition(",")[2]).decode()
        assert "<image" not in text
        assert not re.search(r"""(href|src)\s*=\s*["'](?!#)|url\((?!#)|@import""", text)


def test_links_inside_the_page_have_a_target_and_ids_are_unique(page: str) -> None:
    reader = Reader(page)
    assert len(reader.ids) == len(set(reader.ids))
    inside = {link[1:] for link in reader.links if link.startswith("#")}
    assert inside <= set(reader.ids)
    assert all(link.startswith(("#", "https://doi.org/")) for link in reader.links)


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
    figures = re.findall(r"<figure.*?</figure>", page.partition('id="figures"')[2], re.DOTALL)
    assert len(figures) == len(captions.PLOTS)
    for figure in figures:
        assert re.search(r'<img src="data:image/svg\+xml;base64,\w+[^"]*" alt="[^"]+">', figure)
        assert re.search(
            r"<figcaption>.*<b>Model</b>: \w.*<b>Published</b>: \w.*</figcaption>", figure, re.DOTALL
        )


def test_all_passes_are_counted_in_one_sentence(page: str, evidence: Evidence) -> None:
    hard = sum(c.hard for c in read_criteria())
    assert headline(evaluation(evidence).tallies) in page
    assert f"{hard} of {hard} hard criteria pass." in page
    assert "FAIL" not in page


@pytest.mark.usefixtures("no_pictures")
def test_a_failed_criterion_is_shown_as_fail_in_words(evidence: Evidence) -> None:
    failed = replace(passing(criterion("enzyme_TYK2")), value=61.0)
    page = html.render(evaluation(evidence, failed))
    hard = sum(c.hard for c in read_criteria())
    assert f"{hard - 1} of {hard} hard criteria pass; 1 fail." in page
    assert "FAIL" in row_of(page, "enzyme_TYK2")
    assert "61.0 nM" in row_of(page, "enzyme_TYK2")
    assert page.count('class="failed"') == 1


@pytest.mark.usefixtures("no_pictures")
def test_a_criterion_that_only_reports_fails_with_its_explanation(evidence: Evidence) -> None:
    missed = replace(passing(criterion("pbmc_IL6_bound")), value=85.0)
    page = html.render(evaluation(evidence, missed))
    assert "FAIL" in row_of(page, "pbmc_IL6_bound")
    assert criterion("pbmc_IL6_bound").explanation[:30] in row_of(page, "pbmc_IL6_bound")
    assert 'class="failed"' not in page  # it does not decide


@pytest.mark.usefixtures("no_pictures")
def test_text_from_outside_is_escaped(evidence: Evidence) -> None:
    hostile = '<script>alert("x")</script>'
    statement = criterion("enzyme_JAK1").model_copy(update={"statement": hostile, "unit": "<i>"})
    failed = Verdict(statement, None, ("Fridman2010",), hostile)
    page = html.render(evaluation(evidence, failed))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 3  # the list of failures, the statement, the reason
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
            interval = f"{html.number(row.low)} to {html.number(row.high)}"
            assert re.search(rf"<code>{re.escape(row.estimate.id)}</code>.*?>{interval}<", page, re.DOTALL)


def test_predictions_stand_beside_the_published_numbers_with_their_fold_error(page: str) -> None:
    table = page.partition('id="predictions"')[2].partition("</table>")[0]
    row = re.search(r"<tr><td>C031</td>.*?</tr>", table, re.DOTALL)
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
    shown = html.number(value, (None, bound))
    assert float(shown) == pytest.approx(value, rel=5.001e-3)
    assert (float(shown) > bound) == (value > bound)
    assert "e" not in shown


@given(st.floats(1e-6, 1e6), st.floats(-1e-5, 1e-5))
def test_a_value_just_beyond_a_bound_is_not_rounded_onto_it(bound: float, beyond: float) -> None:
    value = bound * (1 + beyond)
    assert np.sign(float(html.number(value, (bound,))) - bound) == np.sign(value - bound)


# Files --------------------------------------------------------------------------------------------------


def test_two_writes_give_identical_bytes_and_leave_two_files(evidence: Evidence, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert html.write(evaluation(evidence), tmp_path / name) == tmp_path / name / "index.html"
    first, second = ({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("a", "b"))
    assert first == second
    assert set(first) == {"index.html", "verdicts.json"}


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
    outcome = evaluate()
    page = html.write(outcome, tmp_path).read_text(encoding="utf-8")
    hard = [v for v in outcome.verdicts if v.criterion.hard]
    assert f"{sum(v.passed for v in hard)} of {len(hard)} hard criteria pass" in page
    for verdict in outcome.verdicts:
        assert verdict.verdict in row_of(page, verdict.criterion.id)
    for plot in captions.PLOTS:
        assert overlaps(plot.draw(outcome.evidence, outcome.bands)) == [], plot.name
