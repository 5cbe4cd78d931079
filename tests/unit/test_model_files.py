"""Models are read from the files people have: any case of the suffix, byte order marks, gzip, archives."""

from __future__ import annotations

import codecs
import gzip
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import jakinib as jk
from jakinib.cli import main
from jakinib.simulate.models import file_text

ANTIMONY = """model decay()
  compartment c = 1; species S in c; S = 1; k = 1; drug = 0; J: S -> ; c * k * S / (1 + drug)
end
"""
MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">
  <content location="./m.xml" format="http://identifiers.org/combine.specifications/sbml"/>
</omexManifest>
"""
SBML_NAMES = ["m.xml", "M.XML", "m.sbml", "m.SBML", "m.xml.gz", "m.SBML.GZ"]
ANTIMONY_NAMES = ["m.ant", "M.ANT", "m.antimony", "m.Antimony", "m.ant.gz"]


@pytest.fixture(scope="module")
def sbml(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("source") / "m.ant"
    path.write_text(ANTIMONY, encoding="utf-8")
    return file_text(path)


def marked(text: str) -> bytes:
    return codecs.BOM_UTF8 + text.encode()


def windows(text: str) -> bytes:
    return codecs.BOM_UTF16_LE + text.replace("\n", "\r\n").encode("utf-16-le")


def write(folder: Path, name: str, sbml: str, encode: Callable[[str], bytes]) -> Path:
    """The model under that name, in the format its suffix says."""
    path = folder / name
    if name.lower().endswith(".omex"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("manifest.xml", encode(MANIFEST))
            archive.writestr("m.xml", encode(sbml))
        return path
    content = encode(ANTIMONY if ".ant" in name.lower() else sbml)
    path.write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    return path


@pytest.mark.parametrize("encode", [str.encode, marked, windows])
@pytest.mark.parametrize("name", [*SBML_NAMES, *ANTIMONY_NAMES, "m.omex", "M.OMEX"])
def test_a_model_file_gives_the_same_model(
    name: str, encode: Callable[[str], bytes], sbml: str, tmp_path: Path
) -> None:
    model = jk.load(write(tmp_path, name, sbml, encode))
    assert model.run(jk.Protocol([1.0]), ["S"])[0, 0] == pytest.approx(math.exp(-1), rel=1e-6)


MAPPING = """time: hour
cells: [T cell]
inhibitors: {baricitinib: {symbol: drug, unit: nM}}
cytokines: {IL-6: {dose: {symbol: k, unit: nM}, readouts: {pSTAT3: 100 * S}}}
"""


def evaluate(model: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    (model.parent / "mapping.yaml").write_bytes(marked(MAPPING))
    arguments = ["evaluate", "--model", str(model), "--mapping", str(model.parent / "mapping.yaml"), "--json"]
    monkeypatch.setattr("sys.argv", ["jakinib", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


@pytest.mark.parametrize("name", ["M.XML", "m.sbml.gz", "m.ant", "m.omex"])
def test_evaluate_takes_the_model_files_that_load_takes(
    name: str, sbml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A first-order decay is no signalling model: its criteria fail, but they are evaluated."""
    assert evaluate(write(tmp_path, name, sbml, marked), monkeypatch) == 1
    out, _ = capfd.readouterr()
    assert '"verdict": "FAIL"' in out


BROKEN = {
    "m.docx": (b"text", "ends in none of .xml"),
    "m.xml": (b"<sbml", "not well-formed XML"),
    "n.xml": (b"<a/>", "not valid SBML"),
    "m.ant": (b"model m(; S -> ", "syntax error"),
    "m.antimony": (b"\xff\xfe\x00", "not utf-16 text"),
    "m.xml.gz": (gzip.compress(b"<sbml/>")[:9], "ends early"),
    "m.omex": (b"PK\x03\x04", "not a COMBINE archive"),
    "absent.xml": (None, "no such file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_evaluate_refuses_a_broken_model_in_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    content, said = BROKEN[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert evaluate(tmp_path / name, monkeypatch) == 2
    out, error = capfd.readouterr()
    lines = [line for line in error.splitlines() if line.startswith("jakinib: ")]
    assert (out, len(lines)) == ("", 1)
    assert "Traceback" not in error
    assert f"{tmp_path / name}" in lines[0]
    assert said in lines[0]
