"""Library files: every complaint names the file, the line and the field, and says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from jakinib.errors import InputError
from jakinib.library import Library
from jakinib.library.files import read_model, read_table
from jakinib.library.schema import Cytokine, Inhibitor, ParameterRow

DRUG = """\
id: testinib
molecular_weight: {value: 400, unit: g/mol, kind: measured, status: verified, source: PubChem}
fu:
  value: 0.5
  unit: dimensionless
  kind: measured
  status: verified
  source: PubChem
potency:
  JAK1: {value: 1, unit: nM, atp: 1 mM, kind: measured, status: verified, source: PubChem}
  JAK2: {value: 2, unit: nM, atp: 1 mM, kind: measured, status: verified, source: PubChem}
  JAK3: {value: 3, unit: nM, atp: 1 mM, kind: measured, status: verified, source: PubChem}
  TYK2: {value: 4, unit: nM, atp: 1 mM, kind: measured, status: verified, source: PubChem}
"""

HEADER = "id\tvalue\tunit\tkind\tlow\thigh\tstatus\tsource\tlocation\trationale"
ROW = "kturn\t0.3\t1/hour\tmeasured\t\t\tverified\tPubChem\t\t"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_complete_inhibitor_is_read(tmp_path: Path) -> None:
    drug = read_model(write(tmp_path / "drug.yaml", DRUG), Inhibitor)
    assert drug.potency["JAK1"].atp_nM == pytest.approx(1e6)


@pytest.mark.parametrize(
    ("old", "new", "line", "parts"),
    [
        ("potency:", "potency: [", 11, ["expected ',' or ']'"]),
        ("  unit: dimensionless\n", "  unit: dimensionless\n  unit: nM\n", 6, ["'unit' stands twice"]),
        ("  unit: dimensionless\n", "  units: dimensionless\n", 3, ["fu.unit", "is missing"]),
        ("  unit: dimensionless\n", "", 3, ["fu.unit", "is missing"]),
        ("  unit: dimensionless\n", "  unit:\n", 5, ["fu.unit", "string"]),
        ("  unit: dimensionless\n", '  unit: ""\n', 5, ["fu.unit"]),
        ("  unit: dimensionless\n", "  unit: dimensionles\n", 5, ["fu", "dimensionles"]),
        ("  source: PubChem\n", "  source: PubChem\n  colour: blue\n", 9, ["fu.colour", "not a known field"]),
        ("  value: 0.5\n", "  value: .nan\n", 4, ["fu.value", "finite"]),
        ("  value: 0.5\n", "  value: .inf\n", 4, ["fu.value", "finite"]),
        ("  value: 0.5\n", "  value: half\n", 4, ["fu.value", "number", "'half'"]),
        ("  value: 0.5\n", "  value: 1.5\n", 3, ["fu is 1.5", "at most 1"]),
        ("  kind: measured\n", "  kind: assumed\n", 3, ["fu", "no rationale"]),
        ("  kind: measured\n", "  kind: guessed\n", 6, ["fu.kind", "'guessed'"]),
        ("  TYK2:", "  TYK9:", 13, ["potency.TYK9"]),
        ("{value: 4, unit: nM", "{value: -4, unit: nM", 13, ["potency.TYK2", "is -4 nM"]),
        ("atp: 1 mM, kind: measured, status: verified, source: PubChem}\n  JAK2", "atp: '1', kind: measured, "
         "status: verified, source: PubChem}\n  JAK2", 10, ["potency.JAK1", "atp", "no unit"]),
        ("id: testinib", "? [a, b]\n: 1\nid: testinib", 1, []),
        ("id: testinib", "id: PF-1", 1, ["id", "PF-1"]),
    ],
)  # fmt: skip
def test_a_faulty_inhibitor_is_refused_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, parts: list[str]
) -> None:
    path = write(tmp_path / "drug.yaml", DRUG.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        read_model(path, Inhibitor)
    message = str(caught.value)
    assert f"drug.yaml:{line}:" in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize("missing", ["JAK1", "TYK2"])
def test_an_inhibitor_states_a_potency_for_every_jak(tmp_path: Path, missing: str) -> None:
    lines = [line for line in DRUG.splitlines() if not line.startswith(f"  {missing}:")]
    with pytest.raises(InputError, match=f"potency lacks {missing}"):
        read_model(write(tmp_path / "drug.yaml", "\n".join(lines)), Inhibitor)


def test_a_kd_does_not_carry_the_atp_of_an_assay(tmp_path: Path) -> None:
    text = DRUG.replace("JAK1: {", "JAK1: {quantity: Kd, ")
    with pytest.raises(InputError, match=r"drug\.yaml:10: potency\.JAK1 a Kd does not depend on ATP"):
        read_model(write(tmp_path / "drug.yaml", text), Inhibitor)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"- a\n- b\n", "expected a mapping"), (b"", "expected a mapping"), (b"id: \xff\xfe", "not UTF-8")],
)
def test_a_file_that_is_no_mapping_or_no_text_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "drug.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        read_model(path, Inhibitor)
    assert "drug.yaml" in str(caught.value)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: no such file"):
        read_model(tmp_path / "absent.yaml", Inhibitor)
    with pytest.raises(InputError, match="is a folder"):
        read_model(tmp_path, Inhibitor)


def test_the_shares_of_a_slot_add_up_to_one(tmp_path: Path) -> None:
    quantity = "unit: dimensionless, kind: measured, status: verified, source: Wiring"
    text = f"""\
id: IL-99
symbol: IL99
molecular_weight: {{value: 20, unit: kg/mol, kind: measured, status: verified, source: UniProt}}
first_chain: IL6R
second_chain: IL6ST
slot_a: {{JAK1: {{value: 1, {quantity}}}}}
slot_b: {{JAK1: {{value: 0.6, {quantity}}}, TYK2: {{value: 0.3, {quantity}}}}}
stats: [STAT3]
reference_cell: T cell
"""
    with pytest.raises(InputError, match=r"cytokine\.yaml:1: slot_b: .* add up to 1"):
        read_model(write(tmp_path / "cytokine.yaml", text), Cytokine)


# Tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "line", "parts"),
    [
        (f"{HEADER}\tcolour\n{ROW}\tblue\n", 1, ["unknown column 'colour'"]),
        (f"{HEADER}\n{ROW}\textra\n", 2, ["11 cells", "10 columns"]),
        (f"{HEADER}\n{ROW}\n{ROW.replace('0.3', 'nan')}\n", 3, ["column value", "is missing"]),
        (f"{HEADER}\n{ROW}\n{ROW.replace('0.3', 'fast')}\n", 3, ["column value", "'fast'"]),
        (f"{HEADER}\n{ROW.replace('1/hour', '')}\n", 2, ["column unit", "is missing"]),
        (f"{HEADER}\n{ROW.replace('1/hour', '1/hoor')}\n", 2, ["column", "1/hoor"]),
        (f"{HEADER}\n{ROW.replace('measured', 'assumed')}\n", 2, ["no rationale"]),
        (f"{HEADER}\n{ROW.replace('verified', 'checked')}\n", 2, ["column status", "'checked'"]),
        (f"{HEADER}\n" + ROW.replace("\t\t\tver", "\t1\t2\tver") + "\n", 2, ["outside 1..2"]),
        (
            HEADER.replace("low", "value") + f"\n{ROW.replace('measured	', 'measured	9')}\n",
            1,
            ["'value'", "twice"],
        ),
        ("", 1, ["empty table"]),
    ],
)
def test_a_faulty_table_is_refused_with_file_row_and_column(
    tmp_path: Path, table: str, line: int, parts: list[str]
) -> None:
    path = write(tmp_path / "parameters.tsv", table)
    with pytest.raises(InputError) as caught:
        read_table(path, ParameterRow)
    message = str(caught.value)
    assert f"parameters.tsv:{line}:" in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize("gap", ["", "\n"], ids=["", "after a blank line"])
def test_a_parameter_that_stands_twice_is_refused_at_its_second_line(tmp_path: Path, gap: str) -> None:
    write(tmp_path / "parameters.tsv", f"{HEADER}\n{gap}{ROW}\n{ROW}\n")
    with pytest.raises(InputError, match="'kturn' stands twice") as caught:
        Library(tmp_path)
    assert f"parameters.tsv:{3 + len(gap)}:" in str(caught.value)


def test_an_id_used_by_two_files_of_one_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inhibitors").mkdir()
    write(tmp_path / "inhibitors" / "one.yaml", DRUG)
    write(tmp_path / "inhibitors" / "two.yaml", DRUG)
    with pytest.raises(InputError, match=r"two\.yaml:1: id 'testinib' is already used by one\.yaml"):
        Library(tmp_path)
