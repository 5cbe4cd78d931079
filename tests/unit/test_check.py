"""jakinib check: every fault has its own id, its file and its line; what is sound passes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jakinib import paths
from jakinib.build.symbols import symbols, unit_of
from jakinib.check import CHECKS, KINDS, check, new
from jakinib.check.run import LAST
from jakinib.errors import InputError, UnknownIdError
from jakinib.units import factor

EXAMPLES = Path(__file__).parents[2] / "examples"
DRUG, COVALENT = "inhibitors/ritlecitinib.yaml", "inhibitors/covalent_JAK3.ant"
CRITERIA = "criteria.yaml"
IL9, CELL = "cytokines/IL-9.yaml", "cells/t_cell_IL9R.yaml"
DATA, SOURCE, PLAN, MODEL = (
    "data/Mine2026/measurements.tsv",
    "data/Mine2026/source.yaml",
    "plans/mine.yaml",
    "m.xml",
)
ROWS = (
    "id\tquantity\tinhibitor\tcytokine\treadout\tcell\tmatrix\tvalue\tunit\tset\tstatus\n"
    "X1\tcell_ic50\tbaricitinib\tIL-9\tpSTAT5\tT cell with IL9R\tculture\t30\tnM\tcalibration\tverified\n"
    "X2\tcell_ic50\ttofacitinib\tIL-9\tpSTAT5\tT cell with IL9R\tculture\t50\tnM\tvalidation\tverified\n"
)
CRITERION = (
    "criteria:\n  - {id: mine, item: 1, hard: true, statement: s, statistic: gmfe, high: 2, target: t, "
    "unit: fold, rows: [C007]}\n"
)
TSV = "id\tvalue\tunit\tkind\tstatus\tsource\nkint_IL9\t0.01\t1/min\tmeasured\tverified\tnotebook\n"
ASSAY = """citation: "My notebook, 2026"
licence: facts
how_read: read off the reader
assay:
  preincubation: {value: 60, unit: minute, kind: measured, status: verified, source: Mine2026}
  stimulation: {value: 15, unit: minute, kind: measured, status: verified, source: Mine2026}
laboratory: mine
"""
PLAN_TEXT = """id: mine
question: How strong is the signal of IL-9?
after: [enzyme]
calibration: [X1]
validation: [X2]
errors: {cell_ic50: 1.25}
seed: 1
starts: 2
parameters:
  - {id: kphos_IL9_STAT5, unit: 1/(nM*min), low: 1e-3, high: 10, start: 0.1}
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A sound folder of one's own: both examples, a data set, a plan, a row of rates and a model."""
    folder = tmp_path / "mine"
    for example in ("covalent_jak3", "new_cytokine"):
        shutil.copytree(EXAMPLES / example, folder, dirs_exist_ok=True)
        (tmp_path / example).mkdir()
    references = [
        (EXAMPLES / e / "references.yaml").read_text("utf-8") for e in ("covalent_jak3", "new_cytokine")
    ]
    joined = references[0] + references[1].replace("references:\n", "")
    (folder / "references.yaml").write_text(joined, encoding="utf-8")
    for name, text in (
        (DATA, ROWS),
        (SOURCE, ASSAY),
        (PLAN, PLAN_TEXT),
        ("parameters.tsv", TSV),
        (CRITERIA, CRITERION),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(paths.models() / "sbml" / "oral_pk.xml", folder / MODEL)
    return folder


def found(folder: Path, level: str = "error") -> list[str]:
    return [finding.check for finding in check(folder).findings if finding.level == level]


def test_a_sound_folder_has_no_errors_and_only_the_warnings_it_owns_up_to(library: Path) -> None:
    report = check(library)
    assert report.passed, [str(f) for f in report.findings if f.level == "error"]
    assert {finding.check for finding in report.findings} == {"recalled-value"}


@pytest.mark.parametrize("folder", ["models/library", "fits", "models/sbml/oral_pk.xml"])
def test_what_the_package_ships_has_no_errors(folder: str) -> None:
    assert [str(f) for f in check(paths.root() / folder).findings if f.level == "error"] == []


# Fault: file, what stands there, what it becomes, the check that says so, the line.
FAULTS = [
    (SOURCE, "laboratory: mine", "status: wanted", "wanted-with-rows", None),
    (DRUG, "fu: {value: 0.86", "fu: {value: 0.86, unit: [", "readable", 5),
    (DRUG, "id: ritlecitinib", "id: rit-lecitinib", "schema", 3),
    (DRUG, "value: 0.86", "value: 1.86", "schema", 5),
    (DRUG, "value: 0.86", "value: FILL", "to-fill", 5),
    (DRUG, "status: recalled, source: LitfuloUSPI", "status: recalled", "missing-origin", 5),
    (DRUG, "status: recalled, source: LitfuloUSPI", "source: LitfuloUSPI", "missing-origin", 5),
    (DRUG, ', rationale: "> 10 uM, taken as a bound"}', "}", "assumption-without-rationale", 7),
    (DRUG, "unit: uM", "unit: uMM", "unit", 7),
    (DRUG, "unit: uM", "unit: hour", "unit-dimension", 7),
    (DRUG, "covalent_JAK3.ant", "absent.ant", "unknown-reference", 12),
    (DRUG, "kturn_ritlecitinib_JAK3:", "ktorn_ritlecitinib_JAK3:", "does-not-compose", None),
    (IL9, "JAK3: {value: 1, unit: dimensionless", "JAK3: {value: 1, unit: nM", "unit-dimension", 12),
    (IL9, "value: 0.1, unit: nM", "value: 0.1, unit: 1/nM", "unit-dimension", 20),
    (IL9, "reference_cell: T cell with IL9R", "reference_cell: T sell", "unknown-reference", 16),
    (IL9, "first_chain: IL9R", "first_chain: IL99R", "unknown-reference", 7),
    (IL9, "reference_cell: T cell with IL9R", "reference_cell: monocyte", "chain-without-pool", 7),
    (IL9, "kphos_IL9_STAT1:", "kphos_IL9_STAT2:", "does-not-compose", None),
    (IL9, "driven_by: STAT5", "driven_by: STAT4", "schema", 3),
    (CELL, "like: T cell", "like: T sell", "unknown-reference", 3),
    (CELL, "unit: molecule", "unit: nM", "unit-dimension", 5),
    ("parameters.tsv", "1/min", "nM", "unit-dimension", 2),
    ("parameters.tsv", "\tverified", "\tchecked", "library-row", 2),
    (DATA, "\tnM\tcal", "\tnMM\tcal", "data-row", 2),
    (DATA, "X2\t", "X1\t", "duplicate-row", 3),
    (DATA, "X2\t", "C001\t", "duplicate-row", 3),
    (SOURCE, "assay:\n", "colour:\n", "schema", 4),
    (PLAN, "calibration: [X1]", "calibration: [X7]", "plan-unknown-row", 4),
    (PLAN, "calibration: [X1]\nvalidation: [X2]", "calibration: [X2]", "held-out-row", 4),
    (PLAN, "calibration: [X1]\nvalidation: [X2]", "calibration: [C026]", "held-out-row", 4),
    (PLAN, "after: [enzyme]", "after: [enzymes]", "plan-unknown-reference", 3),
    (PLAN, "after: [enzyme]", "like: enzymes", "plan-unknown-reference", 3),
    (PLAN, "start: 0.1", "start: 0.1, prior: {median: 20, factor: 2}", "unreachable-bounds", 10),
    (PLAN, "unit: 1/(nM*min)", "unit: nM", "unit-dimension", 10),
    (PLAN, "id: kphos_IL9_STAT5", "id: kphos_IL9_STAT9", "unknown-symbol", 10),
    ("parameters.tsv", "kint", "kimt", "unknown-symbol", 2),
    (PLAN, "id: kphos_IL9_STAT5, unit: 1/(nM*min), low: 1e-3, high: 10, start: 0.1",
     "id: ATP, unit: mM, low: 20, high: 30, start: 25", "unreachable-bounds", 10),
    (PLAN, "start: 0.1", "start: 11", "schema", 10),
    (CRITERIA, "rows: [C007]", "rows: [C077]", "criterion", 2),
    (CRITERIA, "rows: [C007]", "rows: [C023]", "criterion", 2),
    (CRITERIA, "gmfe", "gmfee", "schema", 2),
    (MODEL, "<ci> weight </ci>", "<ci> height </ci>", "sbml-invalid", None),
    (MODEL, "?>", "?><!DOCTYPE sbml [<!ENTITY a 'b'>]>", "sbml-invalid", 1),
    (DRUG, "id: ritlecitinib", "id: Tofacitinib", "does-not-load", None),
    (COVALENT, "load_DRUGx_JAKx", "load_DRAGx_JAKx", "antimony-template", None),
    (COVALENT, "  make_JAKx", '  import "other.ant";\n  make_JAKx', "antimony-template", None),
    (COVALENT, "load_DRUGx_JAKx has dimensionless;", "", "does-not-compose", None),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new_", "says", "line"), FAULTS)
def test_a_fault_is_named_where_it_stands(
    library: Path, file: str, old: str, new_: str, says: str, line: int | None
) -> None:
    path = library / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new_, 1), encoding="utf-8")
    hits = [f for f in check(library).findings if f.level == "error" and f.check == says]
    assert hits, [str(f) for f in check(library).findings if f.level == "error"]
    assert any(Path(hit.path).name in (Path(file).name, Path(DRUG).name) for hit in hits)
    assert line is None or any(hit.line == line for hit in hits), [str(hit) for hit in hits]
    for hit in hits:
        assert "\n" not in str(hit)
        assert "{" not in hit.message.replace("{value", "")


def _drop_source(folder: Path) -> None:
    (folder / SOURCE).unlink()


def _drop_assay(folder: Path) -> None:
    (folder / SOURCE).write_text(ASSAY.split("assay:")[0], encoding="utf-8")


def _drop_licence(folder: Path) -> None:
    (folder / SOURCE).write_text(ASSAY.replace("licence: facts\n", ""), encoding="utf-8")


def _drop_plan(folder: Path) -> None:
    (folder / PLAN).unlink()


def _drop_references(folder: Path) -> None:
    (folder / "references.yaml").unlink()


def _twice(folder: Path) -> None:
    shutil.copy(folder / IL9, folder / "cytokines" / "again.yaml")


def _override(folder: Path) -> None:
    shutil.copy(paths.models() / "library/inhibitors/baricitinib.yaml", folder / "inhibitors")


def _stray(folder: Path) -> None:
    (folder / "notes.yaml").write_text("groceries: [milk]\n", encoding="utf-8")


def _no_atp(folder: Path) -> None:
    path = folder / DRUG
    path.write_text(path.read_text("utf-8").replace("quantity: IC50, atp: 1 mM, ", "", 1), encoding="utf-8")


def _bare_units(folder: Path) -> None:
    path = folder / MODEL
    path.write_text(path.read_text("utf-8").replace(' units="body_kg"', "", 1), encoding="utf-8")


def _fact_without_source(folder: Path) -> None:
    (folder / "evidence.tsv").write_text("code\tquantity\tvalue\tstatus\nB1\tx\t1\tverified\n", "utf-8")


def _unknown_code(folder: Path) -> None:
    path = folder / DRUG
    text = path.read_text("utf-8")
    path.write_text(text.replace('rationale: "', 'rationale: "B999, ', 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "says", "level"),
    [
        (_fact_without_source, "evidence-row", "error"),
        (_unknown_code, "unknown-evidence", "warning"),
        (_drop_source, "data-without-source", "error"),
        (_drop_assay, "assay-without-conditions", "error"),
        (_drop_licence, "data-without-licence", "warning"),
        (_drop_plan, "row-unused", "warning"),
        (_drop_references, "source-not-cited", "warning"),
        (_twice, "duplicate-id", "error"),
        (_override, "overrides-entry", "warning"),
        (_stray, "unknown-kind", "warning"),
        (_no_atp, "potency-without-atp", "warning"),
        (_bare_units, "sbml-warning", "warning"),
    ],
)
def test_what_is_missing_or_too_much_is_named(
    library: Path, change: Callable[[Path], None], says: str, level: str
) -> None:
    assert says not in found(library, level)
    change(library)
    assert says in found(library, level)


def test_every_check_is_tested_and_has_an_id_of_its_own() -> None:
    ids = [one.id for one in (*CHECKS, *LAST)]
    assert len(ids) == len(set(ids))
    shown = {fault[3] for fault in FAULTS} | {"recalled-value"}
    marks = test_what_is_missing_or_too_much_is_named.pytestmark[0].args[1]
    assert set(ids) == shown | {says for _, says, _ in marks}


def test_one_file_is_checked_with_its_neighbours_in_view(library: Path) -> None:
    report = check(library / IL9)
    assert report.files == 1
    assert report.passed  # its cell, its protein and its sources lie beside it


def test_nothing_to_check_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        check(tmp_path / "absent")
    with pytest.raises(InputError, match="to check"):
        check(tmp_path)
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="nothing to check"):
        check(tmp_path / "a.txt")


def test_a_check_writes_nothing(library: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in library.rglob("*")}
    check(library)
    assert {p: p.stat().st_mtime_ns for p in library.rglob("*")} == before


@pytest.mark.parametrize(
    ("symbol", "unit"),
    [
        ("kon_*", "1/(nM*hour)"), ("Kd_IL7", "nM"), ("kdeg_SOCS3_mRNA", "1/hour"), ("w_IL6", "dimensionless"),
        ("IL6R_rest@macrophage", "nM"), ("CLr_baricitinib@ra_adult", "L/hour"), ("weight", "kg"),
    ],
)  # fmt: skip
def test_the_unit_of_a_parameter_follows_from_the_models(symbol: str, unit: str) -> None:
    assert factor(unit_of(symbol, symbols()), unit) == pytest.approx(1)


def test_a_symbol_of_no_model_is_refused() -> None:
    with pytest.raises(UnknownIdError, match="unknown symbol 'kinact_baricitinib'"):
        unit_of("kinact_baricitinib", symbols())


# New ---------------------------------------------------------------------------------------------------

FILLED = {
    "readout": [("formula: FILL", "formula: 2 * pSTAT3_percent"), ("FILL", "signal")],
    "inhibitor": [("atp: FILL mM", "atp: 1 mM"),
                  ("weight: {value: FILL", "weight: {value: 300"),
                  ("value: FILL", "value: 0.5"), ("FILL", "verified")],
    "cytokine": [("first_chain: FILL", "first_chain: IL7R"), ("second_chain: FILL", "second_chain: IL2RG"),
                 ("slot_a:\n  FILL", "slot_a:\n  JAK1"), ("slot_b:\n  FILL", "slot_b:\n  JAK3"),
                 ("[FILL]", "[STAT5]"), ("_FILL:", "_STAT5:"),
                 ("reference_cell: FILL", "reference_cell: T cell"),
                 ("value: FILL", "value: 0.5"), ("status: FILL", "status: verified"), ("FILL", "notebook")],
    "cell": [("like: FILL", "like: T cell"), ("  FILL:", "  IL7R:"), ("value: FILL", "value: 7"),
             ("status: FILL", "status: verified"), ("FILL", "notebook")],
    "population": [("value: FILL", "value: 70"), ("status: FILL", "status: verified"), ("FILL", "notebook")],
    "milieu": [("value: FILL", "value: 2"), ("status: FILL", "status: verified"), ("FILL", "notebook")],
    "dataset": [("\tFILL\tIL-6", "\tbaricitinib\tIL-6"),
                ("\tFILL\tnM\tcalibration\tFILL", "\t50\tnM\tcalibration\tverified"),
                ("value: FILL", "value: 50"), ("FILL", "notebook")],
    "plan": [("question: FILL", "question: what"), ("[FILL]", "[C012]"),
             ("{id: FILL, unit: FILL, low: FILL, high: FILL, start: FILL}",
              "{id: kphos_IL6_STAT3, unit: 1/(nM*min), low: 1e-3, high: 100, start: 1}")],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_lists_what_to_fill_in_and_passes_once_filled(kind: str, tmp_path: Path) -> None:
    files = new(kind, "Mine2026", tmp_path)
    report = check(tmp_path)
    assert not report.passed
    assert {f.check for f in report.findings if f.level == "error"} == {"to-fill"}
    left = sum(
        line.partition("#")[0].count("FILL") for p in files for line in p.read_text("utf-8").splitlines()
    )
    assert report.errors >= left - 1 > 0  # a cell that says FILL twice counts once
    for path in files:
        lines = path.read_text("utf-8").splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("#"))
        for old, value in FILLED[kind]:
            text = text.replace(old, value)
        path.write_text(text, encoding="utf-8")
    assert [str(f) for f in check(tmp_path).findings if f.level == "error"] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", "..", "x\n", "é", "a" * 65, "{x}", "-rf", "9lives"])
def test_a_name_that_cannot_be_one_is_refused_and_nothing_is_written(
    kind: str, name: str, tmp_path: Path
) -> None:
    inside = tmp_path / "lib"
    with pytest.raises(InputError, match="is no name of a"):
        new(kind, name, inside)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    new("dataset", "Mine2026", tmp_path)
    (tmp_path / SOURCE).unlink()
    (tmp_path / DATA).write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="exists already"):
        new("dataset", "Mine2026", tmp_path)
    assert (tmp_path / DATA).read_text("utf-8") == "mine"
    assert not (tmp_path / SOURCE).exists()


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownIdError, match="inhibitor"):
        new("inhibitors", "x", tmp_path)
