"""Tables in the dialects of other tools: what they say is read, what could mean two things is refused."""

from __future__ import annotations

import codecs
import gzip
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jakinib import InputError, Regimen
from jakinib.check import check
from jakinib.files import FileError, read_table, read_text, table_text
from jakinib.library.files import read_rows
from jakinib.library.measurements import Measurement

FRESH = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
ENCODINGS = {
    "utf-8": b"", "utf-8 ": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE, "utf-32-le": codecs.BOM_UTF32_LE,
}  # fmt: skip


@dataclass(frozen=True)
class Dialect:
    """How some tool writes a table."""

    separator: str
    comma: bool
    absent: str
    quoted: bool
    trailing: bool
    numbered: bool
    flags_as_floats: bool
    lower: bool
    covariates: bool
    end: str
    encoding: str
    suffix: str

    def write(self, path: Path, rows: list[dict[str, str]]) -> None:
        """Write rows of an event table as this tool does."""
        columns = list(rows[0])
        lines = [[c.lower() if self.lower else c for c in columns]]
        for row in rows:
            lines.append([self.cell(c, row[c]) for c in columns])
        for number, line in enumerate(lines):
            if self.covariates:
                line += ["Sex" if self.lower else "SEX", "WT"] if number == 0 else ["F", self.number("70.5")]
            if self.numbered:
                line.insert(0, "" if number == 0 else str(number))
            if self.trailing:
                line.append("")
        if self.quoted:
            lines = [[f'"{cell}"' if cell else "" for cell in line] for line in lines]
        text = self.end.join(self.separator.join(line) for line in lines) + self.end
        path.write_bytes(ENCODINGS[self.encoding] + text.encode(self.encoding.strip()))

    def number(self, text: str) -> str:
        return text.replace(".", ",") if self.comma else text

    def cell(self, column: str, text: str) -> str:
        if not text:
            return self.absent
        if self.flags_as_floats and column in ("EVID", "ADDL", "ID", "SS"):
            text += ".0"
        return self.number(text)


@st.composite
def dialects(draw: st.DrawFn) -> Dialect:
    separator = draw(st.sampled_from([",", ";", "\t"]))
    flag = st.booleans()
    absent = draw(st.sampled_from([".", "NA", "", "NaN", "N/A", "nan"]))
    return Dialect(
        separator, separator != "," and draw(flag), absent,
        draw(flag), draw(flag), draw(flag), draw(flag), draw(flag), draw(flag),
        draw(st.sampled_from(["\n", "\r\n", "\r"])), draw(st.sampled_from(sorted(ENCODINGS))),
        draw(st.sampled_from([".csv", ".CSV", ".tsv", ".Txt", ".TAB"])),
    )  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows with doses, repeats, missed doses and observations, at times that increase."""
    time, rows = 0.0, []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["dose", "repeats", "missed", "seen"]))
        level = draw(st.sampled_from(["12.5", "0.03"]))
        rows.append({
            "ID": "1", "TIME": f"{time:g}", "DV": level if kind == "seen" else "",
            "AMT": f"{draw(st.sampled_from([4, 2.5, 0.25]))}" if kind in ("dose", "repeats") else "",
            "EVID": {"missed": "2", "seen": "0"}.get(kind, "1"),
            "II": "12" if kind == "repeats" else "", "ADDL": "2" if kind == "repeats" else "",
        })  # fmt: skip
        time += draw(st.sampled_from([0.5, 36.25, 100]))
    if not any(row["AMT"] for row in rows):
        rows.append({**rows[-1], "TIME": f"{time:g}", "DV": "", "AMT": "4", "EVID": "1"})
    return rows


PLAIN = Dialect(",", False, ".", False, False, False, False, False, False, "\n", "utf-8", ".csv")


@FRESH
@given(rows=events(), dialect=dialects())
def test_an_event_table_says_the_same_in_every_dialect(
    rows: list[dict[str, str]], dialect: Dialect, tmp_path: Path
) -> None:
    PLAIN.write(tmp_path / "plain.csv", rows)
    dialect.write(tmp_path / f"theirs{dialect.suffix}", rows)
    theirs = Regimen.read(tmp_path / f"theirs{dialect.suffix}")
    assert theirs == Regimen.read(tmp_path / "plain.csv")
    assert bool(theirs.notes) == dialect.covariates
    said = " ".join(theirs.notes)
    assert not dialect.covariates or ("SEX not used" in said and "weight of the table not used" in said)


NOT_USED = {
    "WT": "weight of the table", "CRCL": "eGFR of the table", "EGFR": "eGFR of the table",
    "AGE": "AGE", "SEX": "SEX", "bmi": "BMI",
}  # fmt: skip


@pytest.mark.parametrize(("name", "said"), NOT_USED.items())
def test_a_covariate_is_named_as_not_used(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text(f"TIME,AMT,{name}\n0,4,70\n", encoding="utf-8")
    assert f"e.csv: {said} not used" in " ".join(Regimen.read(tmp_path / "e.csv").notes)


BAD = {
    "an open quote": (b'a\tb\n1\t"two\n3\t4\n', 2, "b", "begins with a quote that does not close"),
    "text after a quote": (b'a,b\n"x"y,2\n', 2, "a", "begins with a quote"),
    "a short row": (b"a,b\n1\n", 2, "", "1 cells, 2 columns; commas separate"),
    "a long row": (b"a;b\n1;2;3\n", 2, "", "3 cells, 2 columns; semicolons separate"),
    "a header twice": (b"a\ta\n1\t2\n", 1, "", "column 'a' stands twice"),
    "a NUL byte": (b"a,b\n1,\x002\n", 2, "", "NUL"),
    "a control character": (b"a,b\n1,\x1b[2J\n", 2, "", "control or invisible character"),
    "UTF-16 without a mark": ("a,b\n1,2\n".encode("utf-16-le"), 1, "", "NUL"),
    "bytes of another encoding": (b"a,b\n1,2\n\xb5g,3\n", 3, "", "not UTF-8"),
    "half of UTF-16": (codecs.BOM_UTF16_LE + b"a\x00b", None, "", "not utf-16 text"),
    "a zip archive": (b"PK\x03\x04rest", None, "", "zip archive"),
    "half a gzip file": (gzip.compress(b"a,b\n1,2\n")[:-6], None, "", "ends early"),
    "no header": (b"\n\n", 1, "", "empty table"),
    "a nameless column": (b"a,,b\n1,7,2\n", 1, "2", "holds '7' on line 2 but has no name"),
    "points and commas": (b"a;n\nx;0,5\ny;1.5\n", 2, "n", "decimal comma, other numbers here have points"),
    "a thousand or one": (b"a\tn\nx\t1,000\n", 2, "n", "may be 1000 or 1.000"),
    "millions": (b"a;n\nx;1,000,000\ny;0,5\n", 2, "n", "may be 1000000"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_table_that_cannot_be_read_is_one_line_with_its_place(fault: str, tmp_path: Path) -> None:
    content, line, column, said = BAD[fault]
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_table(tmp_path / "t.csv", lambda name: name == "n")
    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert said in str(error)
    assert "\n" not in str(error)
    assert str(error).startswith(str(tmp_path / "t.csv"))


def test_a_comma_is_a_decimal_one_where_another_number_proves_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;n\nx;1,000\ny;0,5\n1,5;2\n", encoding="utf-8")
    rows = read_table(tmp_path / "t.csv", lambda name: name == "n").rows
    assert [row.cells["n"] for row in rows] == ["1.000", "0.5", "2"]
    assert rows[2].cells["a"] == "1,5"  # text stays as it is


CELLS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1
).map(lambda text: text.strip() or "x")


@FRESH
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, st.floats(-1e9, 1e9)), min_size=1, max_size=5),
    separator=st.sampled_from([",", "\t"]),
)
def test_what_is_written_is_read_back(
    rows: list[tuple[str, str, float]], separator: str, tmp_path: Path
) -> None:
    (tmp_path / "t").write_text(table_text(["a", "b", "c"], rows, separator), encoding="utf-8")
    found = read_table(tmp_path / "t").rows
    assert [(r.cells["a"], r.cells["b"], float(r.cells["c"])) for r in found] == [
        (a, b, float(f"{c:.8g}")) for a, b, c in rows
    ]


MEASURED = "id\tquantity\tlocation\tvalue\tunit\tset\tstatus\n"
ROW = "M1\tIC50\t{}\t5\tnM\tcontext\tverified\nM2\tIC50\ttable 2\t6\tnM\tcontext\tverified\n"


def test_a_cell_that_begins_with_a_quote_does_not_swallow_the_next_row(tmp_path: Path) -> None:
    """Loading and ``check`` both name its line."""
    folder = tmp_path / "data" / "Me2024"
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text("citation: me\n", encoding="utf-8")
    table = folder / "measurements.tsv"
    table.write_text(MEASURED + ROW.format('"high" dose'), encoding="utf-8")
    with pytest.raises(InputError, match=r"measurements\.tsv:2: column location: a cell begins with a quote"):
        read_rows(table, Measurement)
    report = check(tmp_path)
    assert not report.passed
    assert any("begins with a quote" in str(finding) for finding in report.findings)
    table.write_text(MEASURED + ROW.format('"high dose"'), encoding="utf-8")
    assert [row.location for _, row in read_rows(table, Measurement)] == ["high dose", "table 2"]


@pytest.mark.parametrize("mark", sorted(ENCODINGS))
def test_text_is_the_same_under_every_byte_order_mark(mark: str, tmp_path: Path) -> None:
    text = "id: µ\r\nname: x\n"
    path = tmp_path / "x.yaml"
    path.write_bytes(ENCODINGS[mark] + text.encode(mark.strip()))
    assert read_text(path) == "id: µ\nname: x\n"
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert read_text(path) == "id: µ\nname: x\n"


def test_xml_is_read_in_the_encoding_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "m.xml"
    path.write_bytes('<?xml version="1.0" encoding="ISO-8859-1"?><a n="µ"/>'.encode("latin-1"))
    assert read_text(path) == '<?xml version="1.0" encoding="UTF-8"?><a n="µ"/>'
    path.write_bytes(b'<?xml version="1.0" encoding="klingon"?><a/>')
    with pytest.raises(FileError, match=r"m\.xml:1: declares the encoding 'klingon'"):
        read_text(path)


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.xml.gz").write_bytes(gzip.compress(b" " * 60_000_000))
    with pytest.raises(FileError, match="unpacks to more than"):
        read_text(tmp_path / "bomb.xml.gz")
