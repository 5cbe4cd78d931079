"""The dossier names the source of every number, fills in no judgement, and is of the results there are."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import criterion, evaluation, passing

import jakinib
from jakinib import cli, paths
from jakinib.build import built
from jakinib.evaluate import read_criteria
from jakinib.evaluate.criteria import Interval
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.run import stamp
from jakinib.lanes import Lanes
from jakinib.report import engines, printed
from jakinib.report.asked import FACTORS, FIELDS
from jakinib.report.dossier import Dossier, dossier, write
from jakinib.report.engines import Compared
from jakinib.report.traced import shown

ENGINES = [Compared("kinase_assay_JAK1", 8, 96, 1.25e-9, "ADP"), Compared("oral_pk", 2, 96, 3.4e-8, "x")]


@pytest.fixture(scope="module")
def results(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an evaluation where one criterion fails, one has no value, and one has an interval."""
    failed, none, wide = (criterion(name) for name in ("enzyme_JAK1", "ra_auc", "pbmc_IL6"))
    found = evaluation(
        evidence,
        replace(passing(failed), value=6.1951),
        replace(passing(none), value=None, error="the integrator gave up"),
        replace(passing(wide), value=57.123456789, interval=Interval(12.3456, 234.5678, "Laplace")),
    )
    found.provenance.update(inputs=stamp(read_criteria()), structures={"pathways": 0.7342})
    found.provenance["versions"] = {"jakinib": jakinib.__version__}
    folder = tmp_path_factory.mktemp("report")
    record = {
        "passed": found.passed,
        "tallies": [line.record() for line in found.tallies],
        "agreement": [line.record() | {"coverage": 0.875} for line in found.agreement],
        "verdicts": found.records(),
        "provenance": found.provenance,
    }
    (folder / "verdicts.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(results: Path) -> Dossier:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "compared", lambda progress: (ENGINES, ""))
        return dossier(results)


class Page(HTMLParser):
    """The numbers of a page with what they name, its fields and what is written in them, its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.data: list[dict[str, str]] = []
        self.fields: list[tuple[str, str]] = []
        self.cells: list[str] = []
        self.heads: list[dict[str, str | None]] = []
        self.loads: list[str | None] = []
        self.labels: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.open.append(tag)
        if tag == "data":
            self.data.append({name: value or "" for name, value in attrs} | {"text": ""})
        if tag == "textarea":
            self.fields.append((given.get("name") or "", ""))
        if tag == "td":
            self.cells.append("")
        if tag == "th":
            self.heads.append(given)
        if tag == "label":
            self.labels.append("")
        self.loads += [given[name] for name in ("src", "href") if name in given]

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if "data" in self.open:
            self.data[-1]["text"] += text
        elif "textarea" in self.open:
            self.fields[-1] = (self.fields[-1][0], text)
        elif "label" in self.open:
            self.labels[-1] += text
        elif "td" in self.open and "code" not in self.open:
            self.cells[-1] += text


def resolved(content: Any, key: str) -> Any:
    """The entry of a JSON file that a key names, found in another way than the dossier finds it."""
    for step in re.findall(r"\w+(?:\[[^\]]*\])?", key):
        name, _, chosen = step.partition("[")
        content = content[name]
        for pair in filter(None, chosen.rstrip("]").split(",")):
            field, _, wanted = pair.partition("=")
            content = [one for one in content if str(one[field]) == wanted]
        if chosen:
            (content,) = content
    return content


def named(one: dict[str, str], results: Path, made: Dossier) -> str:
    """What the file that a number names holds under the key that it names."""
    file, key = one["data-file"], one["data-key"]
    if file == "verdicts.json":
        return str(resolved(json.loads((results / file).read_text(encoding="utf-8")), key))
    if file == "dossier.json":
        return str(resolved(json.loads(made.record), key))
    text = (paths.root() / file).read_text(encoding="utf-8")
    if file.endswith(".tsv"):
        symbol, _, column = key.removeprefix("[id=").partition("].")
        (row,) = (row for row in csv.DictReader(text.splitlines(), delimiter="\t") if row["id"] == symbol)
        return row[column]
    if file == engines.RECORD:
        tool, _, column = key.partition(": ")
        lines = [
            [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if "|" in line
        ]
        (row,) = (line for line in lines if line[0].startswith(tool))
        return row[lines[0].index(column)]
    return text.partition(f"<!--={key}-->")[2].partition("<!--/-->")[0]


def agrees(text: str, value: str) -> bool:
    """Whether a text is the value, or the value rounded to the digits that it shows."""
    if value in ("True", "False"):
        return text == ("yes" if value == "True" else "no")
    if text == value:
        return True
    share = 100 if text.endswith(" %") else 1
    digits = text.removesuffix(" %")
    step = 10.0 ** -len(digits.partition("e")[0].partition(".")[2]) * 10.0 ** int(
        digits.partition("e")[2] or 0
    )
    whole = len(digits) - len(digits.rstrip("0")) if digits.isdigit() else 0
    return abs(float(digits) - share * float(value)) <= step * 10**whole * 0.5000001


# Numbers --------------------------------------------------------------------------------------------------


def test_every_number_is_what_the_file_that_it_names_holds_under_its_key(
    results: Path, made: Dossier
) -> None:
    data = Page(made.page).data
    assert len(data) > 1500
    wrong = []
    for one in data:
        value = named(one, results, made)
        same = value == one["value"] or float(value) == float(one["value"])
        if not (same and agrees(one["text"], value)):
            wrong.append((one, value))
    assert wrong == []
    assert {one["data-file"] for one in data} >= {"verdicts.json", "dossier.json", engines.RECORD}


def test_no_cell_of_a_table_of_results_has_a_number_without_its_source(made: Dossier) -> None:
    for section in ("criteria", "verification", "validation"):
        (text,) = re.findall(rf'<section id="{section}">.*?</section>', made.page, re.DOTALL)
        assert [cell for cell in Page(text).cells if re.search(r"\d", cell)] == []


@given(st.floats(1e-12, 1e12), st.sampled_from(["", "percent", "power"]))
def test_a_number_is_shown_as_it_is_up_to_its_digits(value: float, form: str) -> None:
    assert agrees(shown(value, form), str(value))


def test_a_number_near_its_bound_is_shown_on_its_side(made: Dossier) -> None:
    (one,) = (d for d in Page(made.page).data if d["data-key"] == "verdicts[id=enzyme_JAK1].value")
    assert float(one["text"]) > criterion("enzyme_JAK1").high  # 6.1951 against 6.195


def test_left_out_potencies_are_counted_as_their_file_says(made: Dossier) -> None:
    lines = json.loads(made.record)["crossvalidation"]
    assert [line["leave"] for line in lines] == ["drug", "laboratory", "pathway", "row"]
    for line in lines:
        folds = json.loads((paths.root() / line["from"]).read_text(encoding="utf-8"))["folds"]
        held = [one for fold in folds for one in fold["held"]]
        errors = [abs(math.log(one["predicted"] / one["published"])) for one in held]
        inside = [one["new"][0] <= one["published"] <= one["new"][1] for one in held]
        assert line["rows"] == len(held)
        assert line["gmfe"] == pytest.approx(math.exp(np.mean(errors)))
        assert line["worst"] == pytest.approx(math.exp(max(errors)))
        assert line["inside_new"] == pytest.approx(np.mean(inside))
        shown = [(one["row"], one["predicted"], [one["new_low"], one["new_high"]]) for one in line["held"]]
        assert shown == [(one["row"], one["predicted"], one["new"]) for one in held]
        assert [one["inside_new"] for one in line["held"]] == inside


# The page -------------------------------------------------------------------------------------------------


def test_what_a_person_must_judge_is_an_empty_field_with_a_name(made: Dossier) -> None:
    page = Page(made.page)
    names = [name for of_section in FIELDS.values() for name in of_section]
    names += [f"{factor}: rigour chosen and reached" for factor, _, _ in FACTORS]
    assert sorted(name for name, _ in page.fields) == sorted(names)
    assert {text for _, text in page.fields} == {""}
    assert f"{len(names)} fields" in made.page


def test_the_page_has_a_section_for_each_that_the_guidelines_ask_for(made: Dossier) -> None:
    headings = re.findall(r"<h2>\d+\. ([^<]*)</h2>", made.page)
    assert headings[:8] == [
        "Question of interest", "Context of use", "Model influence", "Consequence of a wrong decision",
        "Model risk", "Model impact", "Technical criteria", "Appropriateness of the proposed use",
    ]  # fmt: skip
    anchors = re.findall(r'<section id="(\w+)">', made.page)
    links = re.findall(r'<li><a href="#(\w+)">', made.page)
    assert links == anchors


def test_the_page_loads_nothing_and_every_head_of_a_table_has_a_scope(made: Dossier) -> None:
    page = Page(made.page)
    assert {one for one in page.loads if one and not one.startswith(("#", "data:"))} == {
        "verdicts.json",
        "dossier.json",
    }
    assert all(head.get("scope") in ("row", "col") for head in page.heads)


def test_failures_come_first_with_the_reason_that_is_known(made: Dossier) -> None:
    rows = re.findall(r'<tr(?: class="(failed)")?><th scope="row">[^<]*<code>(\w+)</code>', made.page)
    failed = {name for kind, name in rows if kind}
    assert failed == {"enzyme_JAK1", "ra_auc"} == {name for _, name in rows[:2]}
    assert "the integrator gave up" in made.page


def test_the_same_results_give_the_same_files(results: Path, made: Dossier) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engines, "compared", lambda progress: (ENGINES, ""))
        assert dossier(results) == made


# Refusals -------------------------------------------------------------------------------------------------


def refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which ``jakinib dossier`` ends with exit code 2."""
    monkeypatch.setattr("sys.argv", ["jakinib", "dossier", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    *progress, line = capsys.readouterr().err.strip().splitlines()
    assert not [other for other in progress if other.startswith("jakinib:")]
    return line


def altered(results: Path, folder: Path, change: Any) -> Path:
    """A copy of the results with a change in the record."""
    record = json.loads((results / "verdicts.json").read_text(encoding="utf-8"))
    change(record)
    (folder / "verdicts.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def test_results_that_are_lacking_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(["--report", str(tmp_path)], monkeypatch, capsys)
    assert line.endswith(f"run: jakinib evaluate --report {tmp_path}")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: r["provenance"]["inputs"].update(pathways="other"), "is stale: pathways changed"),
        (lambda r: r["provenance"]["inputs"].pop("models"), "is stale: models changed"),
        (lambda r: r["provenance"]["versions"].update(jakinib="0.0"), "is stale: jakinib changed"),
        (lambda r: r["provenance"].pop("inputs"), "provenance.inputs is missing"),
        (lambda r: r["verdicts"][0].update(verdict="PASS"), "verdict of enzyme_JAK1 does not follow"),
        (lambda r: r["verdicts"][0].update(value=5.9), "verdict of enzyme_JAK1 does not follow"),
        (lambda r: r["verdicts"][0].update(target="any"), "target of enzyme_JAK1 does not follow"),
        (lambda r: r["verdicts"][0].update(value="much"), "verdicts.0.value"),
        (lambda r: r["verdicts"].pop(), "its verdicts are not those of the criteria"),
        (lambda r: r["tallies"][0].update(passed=1), "tallies does not follow"),
        (lambda r: r.update(passed=not r["passed"]), "passed does not follow"),
    ],
)
def test_results_that_are_stale_or_damaged_are_one_line_and_nothing_is_written(
    change: Any, says: str, results: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = altered(results, tmp_path, change)
    line = refused(["--report", str(folder)], monkeypatch, capsys)
    assert line.startswith(f"jakinib: {folder}")
    assert says in line
    assert line.endswith(f"run: jakinib evaluate --report {folder}")
    assert [file.name for file in folder.iterdir()] == ["verdicts.json"]


def test_without_chromium_a_pdf_is_refused_before_anything_is_made(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    line = refused(["--report", str(results), "--pdf"], monkeypatch, capsys)
    assert line.startswith("jakinib: PDF: no Chromium on the PATH")
    assert [file.name for file in results.iterdir()] == ["verdicts.json"]


def test_the_stamp_of_an_evaluation_follows_what_it_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    criteria = read_criteria()
    before = stamp(criteria)
    (tmp_path / "pathways").mkdir()
    (tmp_path / "pathways" / "estimates.tsv").write_text("other", encoding="utf-8")
    monkeypatch.setenv("JAKINIB_RESULTS", str(tmp_path))
    assert {name for name, digest in stamp(criteria).items() if before[name] != digest} == {"pathways"}
    monkeypatch.delenv("JAKINIB_RESULTS")
    wider = criteria[0].model_copy(update={"high": 7.0})
    assert stamp([wider, *criteria[1:]])["criteria"] != before["criteria"]
    worded = criteria[0].model_copy(update={"explanation": "other words"})
    assert stamp([worded, *criteria[1:]]) == before


# Print ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not any(map(shutil.which, printed.NAMES)), reason="Chromium is not installed")
def test_the_print_is_a_pdf_of_a4_pages(made: Dossier, tmp_path: Path) -> None:
    content = printed.pdf(made.page, printed.chromium())
    assert content.startswith(b"%PDF-")
    boxes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox ?\[([^\]]*)\]", content)}
    assert [(round(w), round(h)) for _, _, w, h in boxes] == [(595, 842)]  # points
    written = write(replace(made, pdf=content), tmp_path)
    assert written.read_text(encoding="utf-8") == made.page
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        f"dossier.{end}" for end in ("html", "json", "pdf")
    ]


# Engines --------------------------------------------------------------------------------------------------


@pytest.fixture
def two_models(monkeypatch: pytest.MonkeyPatch) -> None:
    some = {name: built()[name] for name in ("kinase_assay_JAK2", "oral_pk")}
    monkeypatch.setattr(engines, "built", lambda: some)


def test_engines_agree_and_a_difference_between_them_is_seen(
    two_models: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed, reason = engines.compared()
    if reason:
        pytest.skip(reason)
    assert max(one.difference for one in agreed) < engines.BOUND
    run = Lanes.run
    monkeypatch.setattr(Lanes, "run", lambda self, *words: 1.001 * run(self, *words))
    assert [one.difference for one in engines.compared()[0]] == pytest.approx([1e-3, 1e-3], rel=1e-3)


def test_what_other_engines_gave_is_read_as_it_is_recorded() -> None:
    record = (paths.root() / engines.RECORD).read_text(encoding="utf-8")
    found = engines.recorded("COPASI")
    assert "| " + " | ".join(found.values()) + " |" in record


def test_a_page_without_recorded_dates_says_why_and_shows_none(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "compared", lambda progress: ([], "no compiler"))
    monkeypatch.setenv("PATH", str(tmp_path))
    page = dossier(results).page
    assert "<b>No recorded dates:</b> git is not installed." in page
    assert "Not compared: no compiler." in page
    assert not re.search(r"20\d\d-\d\d-\d\d", page)
