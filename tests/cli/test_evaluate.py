"""jakinib evaluate: its tables on a console, and somebody else's model through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from typer.testing import CliRunner

from jakinib import paths
from jakinib.cli.app import app
from jakinib.cli.evaluation import agreed, notes, short, shown
from jakinib.evaluate import Criterion, Evaluation, Verdict
from jakinib.evaluate.agreement import Agreement
from jakinib.evaluate.bands import compute
from jakinib.evaluate.criteria import Interval
from jakinib.evaluate.draws import Joint
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.run import PLANS
from jakinib.fit import get_data, read_plan

Command = Callable[..., CompletedProcess[str]]
MODEL = paths.models() / "sbml" / "kinase_assay_JAK1.xml"
MAPPING = """time: hour
enzymes:
  JAK1:
    inhibitors: {baricitinib: {symbol: baricitinib, unit: nM}}
    atp: {symbol: ATP, unit: nM}
    peptide: {symbol: peptide, unit: nM}
    product: phosphopeptide
"""


@pytest.mark.parametrize(("unit", "code", "verdict"), [("nM", 0, "PASS"), ("uM", 1, "FAIL")])
def test_a_mapped_model_of_somebody_else_is_held_against_the_criteria_it_can_answer(
    unit: str, code: int, verdict: str, jakinib: Command, tmp_path: Path
) -> None:
    text = MAPPING.replace("symbol: baricitinib, unit: nM", f"symbol: baricitinib, unit: {unit}")
    (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
    run = jakinib("evaluate", "--model", str(MODEL), "--mapping", "mapping.yaml", "--json")
    assert run.returncode == code, run.stderr
    verdicts = {v["id"]: v["verdict"] for v in json.loads(run.stdout)["verdicts"]}
    assert verdicts["enzyme_JAK1"] == verdict
    assert verdicts["ra_cmax"] == "not evaluable"
    assert [path.name for path in tmp_path.iterdir()] == ["mapping.yaml"]  # the report is of our own model


@pytest.mark.parametrize("option", ["--model", "--mapping"])
def test_a_model_and_its_mapping_belong_together(option: str, jakinib: Command, tmp_path: Path) -> None:
    run = jakinib("evaluate", option, str(MODEL))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.splitlines() == ["jakinib: --model and --mapping belong together; give both"]
    assert list(tmp_path.iterdir()) == []


def criterion(identifier: str, rows: list[str], statistic: str) -> Criterion:
    return Criterion(
        id=identifier, item=1, hard=True, statement=identifier, statistic=statistic, high=9, target="<= 9",
        unit="nM", rows=rows,
    )  # fmt: skip


CRITERIA = [criterion("a", ["C007", "C012"], "gmfe"), criterion("b", ["E013"], "value")]


def test_what_a_plan_lacks_is_said_once_however_many_criteria_need_it() -> None:
    missing = {name: f"plan {name} has no stored ensemble" for name in ("enzyme", "dynamics", "pathways")}
    data = get_data()
    evidence = Evidence([read_plan(name, data) for name in PLANS], data, CRITERIA)
    bands = compute(evidence, Joint(missing=missing))
    verdicts = [Verdict(one, 1.0, ()) for one in CRITERIA]
    outcome = Evaluation(verdicts, evidence, {}, bands)
    assert notes(outcome) == [f"-: no interval; {missing['pathways']}"]


def test_a_line_of_the_table_carries_value_unit_interval_and_target() -> None:
    verdict = Verdict(CRITERIA[0], 12.3456, ("Fridman2010", "Shi2014"))
    assert shown(verdict) == ["a", "12.35 nM", "-", "<= 9"]
    reported = verdict.criterion.model_copy(update={"hard": False})
    assert shown(replace(verdict, criterion=reported))[0] == "a *"
    assert short(Interval(1.0, 2.5, "posterior")) == "1 to 2.5"
    assert short(Interval(1.0, 2.5, "Laplace")) == "1 to 2.5 L"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Evaluation:
    """What ``jakinib evaluate`` finds in this test: the first criterion fails, the second passes."""
    data = get_data()
    evidence = Evidence([read_plan(name, data) for name in PLANS], data, CRITERIA)
    vars(evidence).update(cell_ic50s=[], ec50s=[])
    verdicts = [Verdict(CRITERIA[0], 12.3, ("Shi2014",)), Verdict(CRITERIA[1], 1.0, ("Fridman2010",))]
    found = Evaluation(verdicts, evidence, {"plans": {}}, compute(evidence, Joint()))
    for module, name, answer in (
        ("jakinib.evaluate", "evaluate", found),
        ("jakinib.report.html", "begun", nullcontext()),
        ("jakinib.report.html", "write", Path("report/index.html")),
    ):
        monkeypatch.setattr(import_module(module), name, lambda *_, answer=answer, **__: answer)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.mark.parametrize(("options", "code"), [([], 1), (["--exit-zero"], 0)])
def test_a_failed_criterion_is_exit_code_1_unless_only_the_run_matters(
    options: list[str], code: int, failing: Evaluation
) -> None:
    run = CliRunner().invoke(app, ["evaluate", *options])
    assert run.exit_code == code
    assert "FAIL, calibrated: 1" in run.stdout


def test_failures_are_printed_first_and_changes_are_news(failing: Evaluation) -> None:
    text = CliRunner().invoke(app, ["evaluate"]).stdout
    assert text.index("FAIL, calibrated") < text.index("PASS, input")
    assert "NEWS: a was known to PASS and is now FAIL." in text
    assert text.startswith("No criterion is on a number that the model predicts.")


def test_what_is_printed_fits_a_terminal_of_80_columns(failing: Evaluation) -> None:
    long = CRITERIA[0].model_copy(update={"statement": "word " * 40, "target": "within " * 20})
    failing.verdicts[0] = Verdict(long, 12.3, ())
    for line in CliRunner().invoke(app, ["evaluate"]).stdout.splitlines():
        assert len(line) <= 80, line


def test_make_demo_ends_well_once_the_evaluation_ran() -> None:
    recipe = (
        (paths.root() / "Makefile").read_text(encoding="utf-8").partition("\ndemo:")[2].partition("\n\n")[0]
    )
    assert "jakinib evaluate --exit-zero" in recipe


def test_a_set_without_bands_has_no_coverage() -> None:
    line = Agreement("cell IC50", "validation", 5, 1.7, 3.5, 0.6, None, "", "no draws")
    assert agreed(line) == ["cell IC50, validation", "5", "1.70", "3.50", "60 %", "-"]


def test_a_table_colours_verdicts_and_prints_the_brackets_of_users_as_they_stand() -> None:
    from rich.console import Console

    from jakinib.cli.app import styled, table

    console = Console(force_terminal=True, color_system="standard", width=80)
    with console.capture() as capture:
        console.print(table("", ["verdict", "name"], [[styled("FAIL", "red"), "[red]mine[/]"]]))
    shown = capture.get()
    assert "\x1b[31mFAIL" in shown
    assert "[red]mine[/]" in shown
