"""Levels of cytokines that people have, in place of the doses of an assay."""

from __future__ import annotations

from pathlib import Path

import pytest

import jakinib as jk
from jakinib.assay.course import course
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import Library, get_library
from jakinib.population.study import study

MILIEUS = sorted(get_library().milieus)
OWN = """id: mine
note: my patients
levels:
  IL-2: {value: %s, unit: %s, kind: measured, status: verified, source: notebook}
"""


def test_a_milieu_is_the_dose_that_it_states() -> None:
    """2.6 ng/mL of IL-6 in synovial fluid, 14 pg/mL in plasma (Sack 1993)."""
    for milieu, level in (("ra_synovium", "2.6 ng/mL"), ("ra_plasma", "14 pg/mL")):
        told = jk.assay("baricitinib", "IL-6", milieu=milieu)
        assert told.ic50 == pytest.approx(jk.assay("baricitinib", "IL-6", cytokine_dose=level).ic50, rel=1e-6)
        assert told.conditions["milieu"] == milieu
        assert told.notes[0].startswith(f"milieu {milieu}: IL-6")
        assert "Sack1993, verified" in told.notes[0]
    assert not any("milieu" in note for note in jk.assay("baricitinib", "IL-6").notes)


def test_the_less_cytokine_the_less_drug_inhibits_by_half() -> None:
    ic50 = [jk.assay("baricitinib", "IL-6", milieu=name).ic50 for name in ("ra_plasma", "ra_synovium", "")]
    assert ic50 == sorted(ic50)
    assert ic50[0] < ic50[2] / 2


def test_every_result_says_which_milieu_was_used() -> None:
    single = course("4 mg", cytokine="IL-6", hours=4, milieu="ra_synovium")
    assert "at the level of ra_synovium" in single.title
    assert single.record()["milieu"] == "ra_synovium"
    assert any(note.startswith("milieu ra_synovium: IL-6") for note in single.notes)
    _, manifest = study("ra_adult", 5, "4 mg qd x 2", milieu="RA_synovium")
    assert manifest["milieu"] == "ra_synovium"
    assert any(note.startswith("milieu ra_synovium: IL-6") for note in manifest["notes"])
    _, usual = study("ra_adult", 5, "4 mg qd x 2")
    assert usual["milieu"] is None
    assert manifest["cytokine_dose_nM"] < usual["cytokine_dose_nM"]


def test_a_comparison_in_a_milieu_takes_its_cytokines() -> None:
    frame = jk.compare(["baricitinib 4 mg qd"], "all", milieu="ra_synovium").to_frame()
    levels = get_library().milieu("ra_synovium").levels
    assert list(frame["cytokine"]) == list(levels)
    notes = [note for note in frame.attrs["notes"] if note.startswith("milieu ra_synovium: ")]
    assert len(notes) == len(levels)
    with pytest.raises(InputError, match="cytokine of milieu ra_synovium 'IL-2'"):
        jk.compare(["baricitinib 4 mg qd"], ["IL-2"], milieu="ra_synovium")


def test_a_dose_and_a_milieu_are_not_both_taken() -> None:
    with pytest.raises(InputError, match="give one of them"):
        jk.assay("baricitinib", "IL-6", cytokine_dose="50 ng/mL", milieu="ra_synovium")
    with pytest.raises(UnknownIdError, match="milieu 'ra_sinovium'; did you mean ra_synovium"):
        jk.assay("baricitinib", "IL-6", milieu="ra_sinovium")


@pytest.mark.parametrize("name", MILIEUS)
def test_every_level_of_the_package_is_below_the_usual_dose_of_an_assay_and_cited(name: str) -> None:
    library = get_library()
    milieu = library.milieu(name)
    for cytokine, level in milieu.levels.items():
        assert level.source in library.references
        dose = jk.CellAssay("baricitinib", cytokine, milieu=name).cytokine_dose
        assert 0 < dose < jk.CellAssay("baricitinib", cytokine).cytokine_dose


def test_a_folder_of_ones_own_adds_a_milieu(tmp_path: Path) -> None:
    (tmp_path / "milieus").mkdir()
    (tmp_path / "milieus" / "mine.yaml").write_text(OWN % (2, "pmol/L"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAKINIB_LIBRARY", str(tmp_path))
        get_library.cache_clear()
        try:
            curve = jk.assay("tofacitinib", "IL-2", milieu="mine")
            assert curve.conditions["cytokine_dose"] == pytest.approx(0.002)
            assert curve.notes[0].endswith("my patients")
        finally:
            patch.undo()
            get_library.cache_clear()


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [(0, "ng/mL", "above 0"), (1, "minute", "not convertible"), (-1, "nM", "above 0")],
)
def test_a_level_is_a_concentration_above_zero(value: float, unit: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "milieus").mkdir()
    (tmp_path / "milieus" / "mine.yaml").write_text(OWN % (value, unit), encoding="utf-8")
    with pytest.raises(InputError, match=rf"mine.yaml:\d+: .*IL-2.*{said}"):
        Library(*get_library().folders, tmp_path)
