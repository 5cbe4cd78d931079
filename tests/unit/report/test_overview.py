"""The overview puts every criterion on one axis, and says how one passes that misses what was published."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Synthetic, criterion, evaluation, ex_vivo, passing

from jakinib.assay import ExVivo
from jakinib.cli.evaluation import verdict_page
from jakinib.evaluate import Criterion, Verdict, read_criteria
from jakinib.evaluate.criteria import Interval
from jakinib.evaluate.evidence import Evidence
from jakinib.experiments import AfterDose, Experiment
from jakinib.report import captions, html, overview, wording
from jakinib.report.readings import reading, readings

CRITERIA = read_criteria()


@given(st.sampled_from(CRITERIA), st.floats(1e-3, 1e3))
def test_a_value_lies_on_the_target_of_its_line_when_it_passes(asked: Criterion, times: float) -> None:
    verdict = Verdict(asked, times * overview.reference(asked), ())
    line = overview.line(verdict, "predicted", asked.statement)
    low, high = line.target
    assert line.mark is not None
    if line.mark.beyond == 0:
        assert (low <= line.mark.at <= high) == verdict.passed
    assert 0 <= low < high <= 100


@given(st.lists(st.floats(-10, 1e6), min_size=2).map(sorted), st.floats(1e-3, 1e3))
def test_places_on_the_axis_rise_with_the_value(values: list[float], one: float) -> None:
    places = [overview.place(value, one).at for value in values]
    assert places == sorted(places)
    assert overview.place(one, one) == overview.Mark(50.0)


def test_a_statement_that_leans_on_the_one_before_is_written_out() -> None:
    names = overview.full_names([passing(c) for c in CRITERIA])
    assert not any(name.startswith("The same") for name in names.values())
    assert names["row_inside_recalled"] == f"{criterion('row_inside').statement}, recalled rows included"
    assert len(set(names.values())) == len(CRITERIA)


class Returning(Synthetic):
    """Inhibition that returns early, or with so much drug that it does within the published window."""

    strength = 8.0

    def course(self, one: Experiment) -> ExVivo:
        assert isinstance(one, AfterDose)
        return ex_vivo(self.strength * one.regimen.doses[0].amount)


@pytest.mark.parametrize("identifier", ["back_by_24h", "return_rises", "return_10mg"])
def test_a_return_before_the_published_window_says_how_it_passes(identifier: str, evidence: Evidence) -> None:
    early = Returning(evidence.plans, evidence.data)
    verdict = passing(criterion(identifier))
    words = reading(verdict, evaluation(early, verdict))
    assert "before the published 16-24 h" in words
    assert "passes because it asks only" in words
    late = Returning(evidence.plans, evidence.data)
    late.strength = 1e4
    assert reading(verdict, evaluation(late, verdict)) == ""


def test_a_window_that_is_asked_for_itself_and_failures_need_no_such_words(evidence: Evidence) -> None:
    early = Returning(evidence.plans, evidence.data)
    for verdict in (
        passing(criterion("window_4mg_10")),
        replace(passing(criterion("return_10mg")), value=1.0),
    ):
        assert reading(verdict, evaluation(early, verdict)) == ""


@pytest.mark.parametrize(("value", "words"), [(58.0, "allows 2-fold"), (49.0, "")])
def test_a_value_beyond_the_published_bound_says_what_the_criterion_allows(
    value: float, words: str, evidence: Evidence
) -> None:
    verdict = replace(passing(criterion("pbmc_IL6")), value=value)
    found = reading(verdict, evaluation(evidence, verdict))
    assert words in found
    assert bool(words) == bool(found)


def test_how_a_criterion_passes_is_said_on_the_page_in_the_file_and_on_the_console(
    evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captions, "PLOTS", ())
    outcome = evaluation(evidence)
    words = readings(outcome)
    assert {"back_by_24h", "back_by_16h", "return_rises"} <= words.keys()
    page = html.write(outcome, tmp_path).read_text(encoding="utf-8")
    records = json.loads((tmp_path / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    assert {one["id"]: one["passes_although"] for one in records if one["passes_although"]} == words
    said = [item for item in verdict_page(outcome) if isinstance(item, str)]
    marked = re.findall(r'<a href="#(\w+)" title="(?:(?!</li>).)*<span class="value">† ', page)
    assert sorted(marked) == sorted(words)
    for sentence in words.values():
        assert escape(sentence) in page
        assert any(line.endswith(sentence) for line in said)


def test_an_interval_without_end_says_so() -> None:
    assert wording.interval(Interval(10.8, math.inf, "posterior")) == "10.8 or more"
    assert wording.interval(Interval(1.5, 2.5, "Laplace")) == "1.50 to 2.50 (Laplace)"
