"""One class and a folder add a kind of evidence: read, fitted, judged, drawn, exported and mapped."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from percent_inhibition import PercentInhibition

import jakinib as jk
from jakinib.assay import CellAssay
from jakinib.check import check
from jakinib.errors import InputError
from jakinib.evaluate import Evaluation, Verdict, read_criteria
from jakinib.evaluate.bands import compute, criterion_key, curve_key
from jakinib.evaluate.draws import joint
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.foreign import evaluate_foreign
from jakinib.evaluate.run import PREDICTING, calibrations
from jakinib.experiments import kinds, registered
from jakinib.export.petab import export_plan
from jakinib.fit import read_petab, read_plan
from jakinib.fit.problem import Problem
from jakinib.library.measurements import get_data
from jakinib.library.plugins import objects
from jakinib.report import captions, databook, html
from jakinib.simulate import load

COLUMNS = [
    "id",
    "quantity",
    "inhibitor",
    "cytokine",
    "readout",
    "cell",
    "matrix",
    "dose",
    "value",
    "unit",
    "set",
    "status",
]
SHARED = ("percent_inhibition", "baricitinib", "IL-6", "pSTAT3", "T cell", "whole blood")
ROWS = (
    ("P1", *SHARED, "65 nM", "60", "percent", "calibration", "verified"),
    ("P2", *SHARED, "200 nM", "85", "percent", "validation", "verified"),
)
ASSUMED = "kind: assumed, rationale: usual"
SOURCE = f"""
citation: Somebody 2026
assay:
  preincubation: {{value: 60, unit: minute, {ASSUMED}}}
  stimulation: {{value: 15, unit: minute, {ASSUMED}}}
  cytokine_dose:
    IL-6: {{value: 50, unit: ng/mL, {ASSUMED}}}
"""
PLAN = """
id: mine
question: How much ATP is in a T cell?
after: [enzyme, dynamics, pathways]
calibration: [P1]
validation: [P2]
errors: {percent_inhibition: 1.5}
seed: 1
starts: 1
parameters:
  - {id: ATP, unit: mM, low: 0.5, high: 20, start: 4}
"""
CRITERIA = """
criteria:
  - {id: my_inhibition, hard: true, statement: Inhibition under 200 nM baricitinib, rows: [P2], low: 50,
     high: 95, target: 50-95, unit: "%"}
  - {id: my_folds, hard: false, statement: IL-6 of the panel, rows: [C015, C016], statistic: worst_fold,
     high: 2, target: <= 2, unit: fold}
  - {id: my_other_dose, hard: false, statement: Less IL-6, rows: [C016], conditions: {cytokine_dose: 1 ng/mL},
     bound: {fold: 3}, unit: nM}
"""
ENTRY_POINT = "[jakinib.experiments]\nmine = percent_inhibition:PercentInhibition\n"
MAPPING = """
time: hour
cells: [T cell]
inhibitors: {baricitinib: {symbol: I_baricitinib, unit: nM}}
cytokines:
  IL-6: {dose: {symbol: L_IL6, unit: nM}, readouts: {pSTAT3: pSTAT3_percent}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A user folder with rows, a plan and criteria, beside an installed package that offers the kind."""
    root = tmp_path_factory.mktemp("mine")
    (root / "data" / "Mine2026").mkdir(parents=True)
    (root / "plans").mkdir()
    (root / "data" / "Mine2026" / "measurements.tsv").write_text(
        "".join("\t".join(row) + "\n" for row in (COLUMNS, *ROWS)), encoding="utf-8"
    )
    (root / "data" / "Mine2026" / "source.yaml").write_text(SOURCE, encoding="utf-8")
    (root / "plans" / "mine.yaml").write_text(PLAN, encoding="utf-8")
    (root / "criteria.yaml").write_text(CRITERIA, encoding="utf-8")
    installed = root / "site" / "my_kinds-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: my-kinds\nVersion: 1.0\n", encoding="utf-8"
    )
    (installed / "entry_points.txt").write_text(ENTRY_POINT, encoding="utf-8")
    caches = (get_data, objects)
    with pytest.MonkeyPatch.context() as patch, registered():
        patch.setenv("JAKINIB_LIBRARY", str(root))
        patch.syspath_prepend(installed.parent)
        for cache in caches:
            cache.cache_clear()
        assert kinds()["percent_inhibition"] is PercentInhibition
        yield root
    for cache in caches:
        cache.cache_clear()


@pytest.fixture(scope="module")
def problem(folder: Path) -> Problem:
    return Problem(read_plan("mine", get_data()), get_data())


@pytest.fixture(scope="module")
def evidence(folder: Path) -> Evidence:
    data = get_data()
    own = [c for c in read_criteria(data=data) if c.id.startswith("my_")]
    return Evidence(read_plan("mine", data), data, own)


def simulated(dose: float = 200.0, **settings: float) -> float:
    """Percent inhibition by the assay itself."""
    conditions = CellAssay("baricitinib", "IL-6", "pSTAT3", "T cell", settings=settings)
    return 100 * conditions.curve().inhibition(dose)


def test_its_class_is_short_and_knows_only_the_room_of_experiments_and_what_is_left_of_it() -> None:
    text = Path(__file__).with_name("percent_inhibition.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60


def test_a_row_of_the_kind_is_fitted(problem: Problem, tmp_path: Path) -> None:
    (residual,) = problem.residuals(problem.start)
    odds = simulated(65.0, ATP=4e6)
    expected = math.log(odds / (100 - odds) / (60 / 40)) / math.log(1.5)
    assert residual == pytest.approx(expected, abs=1e-5)
    (estimate,) = jk.fit("mine", folder=tmp_path).estimates
    assert simulated(65.0, ATP=1e6 * estimate.value) == pytest.approx(60, abs=0.2)


def test_criteria_of_yaml_alone_are_judged_with_a_band(
    evidence: Evidence,
) -> None:
    mine, folds, other = evidence.criteria
    assert evidence.value(mine) == pytest.approx(simulated(), rel=1e-6)
    cd8 = CellAssay("tofacitinib", "IL-6", "pSTAT1", "CD8 T")
    t_cell = CellAssay("tofacitinib", "IL-6", "pSTAT1", "T cell")
    predicted = {"C015": cd8.curve().ic50, "C016": t_cell.curve().ic50}
    folds_of = [max(x / get_data()[row].value, get_data()[row].value / x) for row, x in predicted.items()]
    assert evidence.value(folds) == pytest.approx(max(folds_of), rel=1e-5)
    row = get_data()["C016"]
    assert (other.low, other.high) == pytest.approx((row.value / 3, row.value * 3))
    assert other.target == f"{row.value:g} within 3-fold"
    weak = CellAssay("tofacitinib", "IL-6", "pSTAT1", "T cell", cytokine_dose=1 / 20.8)
    assert evidence.value(other) == pytest.approx(weak.curve().ic50, rel=1e-3)
    bands = compute(evidence, joint([calibrations(group, get_data()) for group in PREDICTING], 20), workers=1)
    interval = bands.interval(criterion_key(mine))
    assert interval.method == "posterior"
    assert interval.low is not None
    assert interval.high is not None
    assert interval.low < evidence.value(mine) < interval.high
    low, high = bands.band(curve_key("my_inhibition", 0)) or ([], [])
    assert (np.asarray(low) <= np.asarray(high)).all()
    assert len(low) == len(evidence.trace(evidence.of(mine)[0]).x)


def test_the_report_draws_it(evidence: Evidence) -> None:
    plot = captions.plots_of(evidence)[0]
    assert plot.name == "my_inhibition"
    (axes,) = plot.draw(evidence, compute(evidence, joint([]))).axes
    line, point = axes.lines
    at = np.interp(math.log(200), np.log(line.get_xdata()), line.get_ydata())
    assert at == pytest.approx(simulated(), abs=0.1)
    assert (*point.get_xdata(), *point.get_ydata()) == (200.0, 85.0)
    assert axes.get_xlabel() == "baricitinib (nM)"
    verdicts = [Verdict(c, evidence.value(c), ("Mine2026",)) for c in evidence.criteria]
    page = html.render(Evaluation(verdicts, evidence, {"plans": {}, "versions": {"jakinib": "0"}}))
    assert 'id="figure-my_inhibition"' in page
    assert "Criteria of your own" in page


def test_the_exported_plan_has_its_objective(problem: Problem, tmp_path: Path) -> None:
    export_plan("mine", tmp_path)
    (file,) = (path for path in tmp_path.glob("*/*.yaml"))
    found = read_petab(file).log_likelihood({"ATP": 4e6})
    (residual,) = problem.residuals(problem.start)
    width = math.log(1.5)
    constant = -0.5 * math.log(2 * math.pi * width**2) - math.log(60 / 40)
    assert found - constant == pytest.approx(-0.5 * residual**2, rel=1e-5, abs=1e-8)


def test_somebody_elses_model_is_asked_the_same(folder: Path, tmp_path: Path) -> None:
    theirs = jk.export(load("cytokine_signalling", cytokines="IL-6"), tmp_path, ["sbml-l3v2"])[0]
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    outcome = evaluate_foreign(theirs, tmp_path / "mapping.yaml")
    (verdict,) = (v for v in outcome.verdicts if v.criterion.id == "my_inhibition")
    assert verdict.value == pytest.approx(simulated(), rel=1e-5)
    reasons = {c.id: reason for c, reason in outcome.not_evaluable}
    assert reasons["my_folds"] == "cell CD8 T is not mapped"
    assert reasons["my_other_dose"] == "IL-6: read-out pSTAT1 is not mapped"


def test_the_data_book_names_the_kind_and_the_row(folder: Path, tmp_path: Path) -> None:
    databook.write_data_book(tmp_path / "book.md")
    text = (tmp_path / "book.md").read_text(encoding="utf-8")
    assert "percent\\_inhibition | Inhibition under the concentration in the column dose" in text
    assert "| P1 |" in text


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("measure: laws, low: 1", "measure"),
        ("statistic: laws, low: 1", "unknown statistic 'laws'; known: each, gmfe"),
        ("rows: [C999], low: 1", "unknown measurement 'C999'"),
        ("conditions: {dosis: 4 mg}, low: 1", "conditions.dosis"),
        ("conditions: {quantity: laws}, low: 1", "'laws', which no kind of experiment reads"),
        ("bound: {percent: 5, fold: 2}", "keep one"),
        ("bound: {}", "C016 gives no range"),
        ("statistic: ratio, low: 1", "takes 2 experiment(s), here are 1"),
        ("explanation: none", "a criterion must be able to fail"),
    ],
)
def test_a_criterion_that_cannot_be_used_is_refused_in_one_line(
    line: str, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = "" if "rows" in line else "rows: [C016], "
    text = f"criteria:\n  - {{id: odd, hard: true, statement: s, {rows}{line}, unit: nM}}\n"
    (tmp_path / "criteria.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("JAKINIB_LIBRARY", str(tmp_path))
    data = get_data()
    with pytest.raises(InputError) as caught:
        Evidence((), data).of("odd")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "odd" in str(caught.value) or "criteria.yaml:2" in str(caught.value)


def test_the_folder_is_checked_without_running_it(folder: Path, tmp_path: Path) -> None:
    report = check(folder)
    assert [str(finding) for finding in report.findings if finding.level == "error"] == []
    assert "unknown-kind" not in {finding.check for finding in report.findings}
    wrong = CRITERIA.replace("C015", "C995", 1).replace("conditions:", "measure: laws, conditions:")
    (tmp_path / "criteria.yaml").write_text(wrong, encoding="utf-8")
    found = {(finding.check, finding.line) for finding in check(tmp_path).findings}
    assert found == {("criterion", 5), ("schema", 7)}
