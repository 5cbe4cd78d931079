"""Somebody else's SBML: plain, valid and self-contained, or refused with one message."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from jakinib import paths
from jakinib.build.read import DEEPEST, document, guard, sbml_text
from jakinib.errors import InputError
from jakinib.fit.petab_model import ObservedModel
from jakinib.simulate import load

SBML = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version2/core" level="3" version="2">
  <model id="decay">
    <listOfCompartments>
      <compartment id="cell" size="1" spatialDimensions="3" constant="true"/>
    </listOfCompartments>
    <listOfSpecies>
      <species id="S" compartment="cell" initialConcentration="1" hasOnlySubstanceUnits="false"
               boundaryCondition="false" constant="false"/>
    </listOfSpecies>
    <listOfParameters><parameter id="k" value="1" constant="true"/></listOfParameters>
    <listOfReactions>
      <reaction id="loss" reversible="false">
        <listOfReactants><speciesReference species="S" stoichiometry="1" constant="true"/></listOfReactants>
        <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML">
          <apply><times/><ci> k </ci><ci> S </ci></apply>
        </math></kineticLaw>
      </reaction>
    </listOfReactions>
  </model>
</sbml>
"""
BOMB = (
    "<!DOCTYPE sbml ["
    + '<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    + "]>"
)
DEEP = "<apply><minus/>" * DEEPEST + "<ci> S </ci>" + "</apply>" * DEEPEST
COMP = """<comp:listOfExternalModelDefinitions xmlns:comp="http://www.sbml.org/sbml/level3/version1/comp/version1">
  <comp:externalModelDefinition comp:id="other" comp:source="file:///etc/hostname"/>
</comp:listOfExternalModelDefinitions></sbml>"""

HOSTILE = {
    "entity bomb": (
        SBML.replace("?>", f"?>{BOMB}", 1).replace("<ci> S </ci>", "<ci> &a11; </ci>"),
        "document type",
    ),
    "external entity": (
        SBML.replace("?>", '?><!DOCTYPE sbml [<!ENTITY x SYSTEM "file:///etc/passwd">]>', 1).replace(
            "<ci> S </ci>", "<ci> &x; </ci>"
        ),
        "document type",
    ),
    "external subset": (
        SBML.replace("?>", '?><!DOCTYPE sbml SYSTEM "http://127.0.0.1:9/x.dtd">', 1),
        "document type",
    ),
    "submodel in another file": (SBML.replace("</sbml>", COMP), "another file"),
    "bottomless formula": (SBML.replace("<ci> S </ci>", DEEP), "levels deep"),
    "undeclared entity": (SBML.replace("<ci> S </ci>", "<ci> &x; </ci>"), "not well-formed"),
    "cut off": (SBML[:400], "not well-formed"),
    "no XML": ("k = 1", "not well-formed"),
    "empty": ("", "not well-formed"),
    "no SBML": ("<html/>", "not valid SBML"),
    "missing species": (
        SBML.replace('speciesReference species="S"', 'speciesReference species="T"'),
        "not valid SBML",
    ),
    "missing symbol": (SBML.replace("<ci> k </ci>", "<ci> q </ci>"), "not valid SBML"),
    "missing compartment": (SBML.replace('compartment="cell"', 'compartment="well"'), "not valid SBML"),
    "id twice": (SBML.replace('parameter id="k"', 'parameter id="S"'), "not valid SBML"),
}


@pytest.fixture(params=HOSTILE, ids=lambda name: str(name).replace(" ", "-"))
def hostile(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    text, said = HOSTILE[request.param]
    path = tmp_path / "theirs.xml"
    path.write_text(text, encoding="utf-8")
    return path, said


def test_the_model_the_hostile_ones_are_made_from_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_text(SBML, encoding="utf-8")
    assert load(path).species == ("S",)


def test_sbml_that_cannot_be_trusted_is_refused_in_one_line_and_at_once(hostile: tuple[Path, str]) -> None:
    path, said = hostile
    started = time.perf_counter()
    with pytest.raises(InputError, match=said) as caught:
        load(path)
    assert time.perf_counter() - started < 20
    message = str(caught.value)
    assert "theirs.xml:" in message
    assert "\n" not in message
    assert "root:" not in message  # nothing of the other file


def test_petab_reads_sbml_through_the_same_gate(tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_text(HOSTILE["entity bomb"][0], encoding="utf-8")
    with pytest.raises(InputError, match="document type"):
        ObservedModel(path, {}, {})


def test_a_file_in_another_encoding_does_not_pass_under_a_false_name(tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_bytes(HOSTILE["external entity"][0].replace("UTF-8", "UTF-16").encode("utf-16"))
    with pytest.raises(InputError, match="document type"):  # seen in UTF-16 too
        sbml_text(path)
    path.write_text(SBML.replace("UTF-8", "UTF-99"), encoding="utf-8")
    with pytest.raises(InputError, match="encoding"):
        load(path)


def test_words_that_look_like_a_document_type_are_no_document_type() -> None:
    guard(SBML.replace("<model", "<!-- <!DOCTYPE x> --><model", 1), "theirs.xml")


@pytest.mark.parametrize("name", sorted(p.stem for p in (paths.models() / "sbml").glob("*.xml"))[::6])
def test_our_own_models_pass_the_gate(name: str) -> None:
    path = paths.models() / "sbml" / f"{name}.xml"
    assert document(sbml_text(path), name).getModel().getId()
