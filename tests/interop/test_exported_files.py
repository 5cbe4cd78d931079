"""What the caller of export gets: files with telling names, or one error and nothing on disk."""

from pathlib import Path

import libsbml
import numpy as np
import pytest

import jakinib as jk
from jakinib.errors import InputError
from jakinib.export import FORMATS, export


def test_export_writes_one_file_a_format_in_the_order_asked(tmp_path: Path) -> None:
    written = export("oral_pk", tmp_path / "out", ["antimony", "sbml-l2v4"], "4 mg qd x 3")
    assert [path.name for path in written] == [
        "oral_pk_4-mg-qd-x-3_antimony.ant",
        "oral_pk_4-mg-qd-x-3_sbml-l2v4.xml",
    ]
    assert sorted((tmp_path / "out").iterdir()) == sorted(written)


def test_sbml_of_every_level_and_antimony_are_the_default(tmp_path: Path) -> None:
    written = export(jk.load("oral_pk"), tmp_path)
    assert [path.stem for path in written] == [f"oral_pk_{form}" for form in FORMATS if form != "js"]


def test_exporting_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in export("oral_pk", tmp_path, regimen="4 mg qd x 2")]
    assert [path.read_bytes() for path in export("oral_pk", tmp_path, regimen="4 mg qd x 2")] == first


def test_export_does_not_see_what_was_simulated(tmp_path: Path) -> None:
    model = jk.load("oral_pk")
    (before,) = (path.read_text(encoding="utf-8") for path in export(model, tmp_path, "sbml-l3v2"))
    model.run(jk.Protocol([5.0], {"weight": 40.0, "baricitinib_central": 1e4}), model.species)
    (after,) = (path.read_text(encoding="utf-8") for path in export(model, tmp_path, "sbml-l3v2"))
    assert after == before


@pytest.mark.parametrize(
    ("regimen", "slug"),
    [
        (jk.Regimen.parse("2.5 mg bid x 14"), "2.5-mg-bid-x-14"),
        (jk.Regimen.parse("400 µg"), "400-ug"),
        (jk.Regimen.single(4), "4-mg-once"),
    ],
)
def test_the_regimen_is_in_the_file_name(regimen: jk.Regimen, slug: str, tmp_path: Path) -> None:
    (path,) = export("oral_pk", tmp_path, ["sbml-l3v2"], regimen)
    assert path.name == f"oral_pk_{slug}_sbml-l3v2.xml"


def test_hand_made_regimens_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for amount in (2.0, 4.0):
        export("oral_pk", tmp_path, ["sbml-l3v2"], jk.Regimen((jk.Dose(0, amount), jk.Dose(30, amount))))
    assert len(list(tmp_path.iterdir())) == 2


def test_an_unknown_format_is_answered_with_the_closest(tmp_path: Path) -> None:
    with pytest.raises(jk.UnknownIdError, match=r"sbml-l2v5.*did you mean sbml-l2v4"):
        export("oral_pk", tmp_path, ["sbml-l3v2", "sbml-l2v5"])
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_dosing_refuses_a_regimen(tmp_path: Path) -> None:
    with pytest.raises(jk.ExportError, match="takes no doses"):
        export("kinase_assay", tmp_path, regimen="4 mg")
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_doses_refuses_more(tmp_path: Path) -> None:
    (dosed,) = export("oral_pk", tmp_path, ["sbml-l3v2"], "4 mg")
    with pytest.raises(jk.ExportError, match="already has doses"):
        export(jk.load(dosed), tmp_path, ["sbml-l3v2"], "4 mg")


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("here first", encoding="utf-8")
    with pytest.raises(InputError, match="folder that can be written"):
        export("oral_pk", tmp_path / "out")


def test_a_level_that_cannot_hold_the_model_says_why_and_nothing_is_written(tmp_path: Path) -> None:
    source = tmp_path / "theirs.ant"
    source.write_text("model theirs()\n species S; S = 1; J: S => ; max(S, 2)\nend\n", encoding="utf-8")
    with pytest.raises(jk.ExportError, match=r"theirs as SBML L2V4: .*max"):
        export(jk.load(source), tmp_path / "out", ["sbml-l3v2", "sbml-l2v4"])
    assert not (tmp_path / "out").exists()


def test_function_definitions_are_expanded(tmp_path: Path) -> None:
    source = tmp_path / "theirs.ant"
    source.write_text(
        "function mm(v, k, s)\n v * s / (k + s)\nend\n"
        "model theirs()\n species S; S = 1; V = 2; K = 3; J: S => ; mm(V, K, S)\nend\n"
    )
    model, at = jk.load(source), np.linspace(0, 5, 11)
    for path in export(model, tmp_path / "out"):
        again = jk.load(path)
        assert libsbml.readSBMLFromString(again.sbml).getModel().getNumFunctionDefinitions() == 0
        np.testing.assert_array_equal(again.run(jk.Protocol(at), ["S"]), model.run(jk.Protocol(at), ["S"]))
