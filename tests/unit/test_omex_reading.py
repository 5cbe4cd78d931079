"""Models inside COMBINE archives: found by their manifest, or refused with one message."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import jakinib as jk
from jakinib import paths
from jakinib.build.omex import sbml_in
from jakinib.errors import InputError, UnknownIdError

FORMAT = "http://identifiers.org/combine.specifications/sbml.level-3.version-2"


def packed(tmp_path: Path, files: dict[str, str], listed: list[str] | None = None) -> Path:
    entries = "".join(f'<content location="{p}" format="{FORMAT}"/>' for p in (listed or files))
    head = '<omexManifest xmlns="http://identifiers.org/combine.specifications/omex-manifest">'
    file = tmp_path / "models.omex"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.xml", f"{head}{entries}</omexManifest>")
        for place, text in files.items():
            archive.writestr(place, text)
    return file


@pytest.fixture(scope="module")
def oral_pk() -> str:
    return (paths.models() / "sbml" / "oral_pk.xml").read_text(encoding="utf-8")


def test_the_only_model_of_an_archive_is_loaded(tmp_path: Path, oral_pk: str) -> None:
    model = jk.load(packed(tmp_path, {"a.xml": oral_pk}, ["./a.xml"]))
    assert model.id == "oral_pk"


def test_of_several_models_one_must_be_named(tmp_path: Path, oral_pk: str) -> None:
    file = packed(tmp_path, {"a.xml": oral_pk, "more/b.xml": oral_pk})
    with pytest.raises(InputError, match=r"holds 2 models; name one, for example .*#a\.xml"):
        jk.load(file)
    assert jk.load(f"{file}#more/b.xml").id == "oral_pk"
    with pytest.raises(UnknownIdError, match=r"b\.xml"):
        jk.load(f"{file}#b.xml")


@pytest.mark.parametrize("place", ["../a.xml", "/etc/a.xml", "a/../../b.xml", "..\\a.xml"])
def test_a_place_outside_the_archive_is_refused(tmp_path: Path, oral_pk: str, place: str) -> None:
    for file in (
        packed(tmp_path, {place: oral_pk}, ["a.xml"]),
        packed(tmp_path, {"a.xml": oral_pk}, [place]),
    ):
        with pytest.raises(InputError, match="outside the archive"):
            sbml_in(file)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "models.omex"
    with pytest.raises(InputError, match="no such file"):
        sbml_in(file)
    file.write_bytes(b"not a zip")
    with pytest.raises(InputError, match="not a COMBINE archive"):
        sbml_in(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.xml", "<sbml/>")
    with pytest.raises(InputError, match=r"lacks manifest\.xml"):
        sbml_in(file)


def test_a_file_that_unpacks_to_far_more_than_a_model_is_refused(
    tmp_path: Path, oral_pk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jakinib.build.omex.LARGEST", 5000)
    with pytest.raises(InputError, match="at most 5000"):
        sbml_in(packed(tmp_path, {"a.xml": oral_pk}))


def test_a_model_with_a_document_type_is_refused_inside_an_archive_too(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="document type"):
        jk.load(packed(tmp_path, {"a.xml": '<!DOCTYPE x [<!ENTITY a "a">]><sbml>&a;</sbml>'}))


def test_our_own_archive_is_read(tmp_path: Path) -> None:
    file = jk.archive(tmp_path / "jakinib.omex")
    assert jk.load(f"{file}#models/time_course_IL6.xml").id.startswith("cytokine_signalling")
