"""Finding library entries, and adding one's own from outside the package."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib import paths
from jakinib.build.estimates import estimates
from jakinib.library import Library, get_library

KINDS = ("inhibitors", "cytokines", "cells", "populations")
ENTRIES = [(kind, name) for kind in KINDS for name in getattr(get_library(), kind)]
TOFACITINIB = (paths.models() / "library" / "inhibitors" / "tofacitinib.yaml").read_text(encoding="utf-8")
TOFACITINIB = re.sub(r"(?m)^aliases: .*\n", "", TOFACITINIB)  # which are those of one entry

LibraryOfItsOwn = Callable[[], Library]


def drug(identifier: str, ic50: float = 15.1) -> str:
    return TOFACITINIB.replace("id: tofacitinib", f"id: {identifier}").replace(
        "value: 15.1", f"value: {ic50}"
    )


def own_folder(root: Path, **files: str) -> Path:
    (root / "inhibitors").mkdir(parents=True)
    for name, text in files.items():
        (root / "inhibitors" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return root


# Lookup -----------------------------------------------------------------------------------------------


@given(st.sampled_from(ENTRIES), st.lists(st.booleans(), min_size=20, max_size=20))
def test_an_entry_is_found_in_any_case_of_letters(entry: tuple[str, str], upper: list[bool]) -> None:
    kind, name = entry
    spelt = "".join(c.upper() if up else c.lower() for c, up in zip(name, upper, strict=False))
    assert getattr(get_library(), kind.removesuffix("s"))(spelt).id == name


@pytest.mark.parametrize(
    ("alias", "cell"), [("T-helper", "CD4 T"), ("monocytes", "monocyte"), ("pbmc", "T cell")]
)
def test_a_cell_is_found_by_its_aliases(alias: str, cell: str) -> None:
    assert get_library().cell(alias).id == cell


def test_a_cytokine_is_found_by_its_symbol() -> None:
    assert get_library().cytokine("IFNg").id == "IFN-gamma"


@pytest.mark.parametrize(
    ("kind", "name", "closest"),
    [
        ("inhibitor", "baricitinb", "baricitinib"),
        ("inhibitor", "TOFACITINIP", "tofacitinib"),
        ("cytokine", "ILL-6", "IL-6"),
        ("cytokine", "IFN gammma", "IFN-gamma"),
        ("cell", "macrofage", "macrophage"),
        ("population", "helthy", "healthy_adult"),
    ],
)
def test_a_misspelt_name_is_refused_with_its_closest_match(kind: str, name: str, closest: str) -> None:
    with pytest.raises(jk.UnknownIdError, match=f"unknown {kind} '{name}'; did you mean .*{closest}"):
        getattr(get_library(), kind)(name)


def test_a_name_like_no_other_is_refused_with_what_is_known() -> None:
    known = ", ".join(sorted(get_library().populations))
    with pytest.raises(jk.UnknownIdError, match=f"known: {known}"):
        get_library().population("???")


def test_the_longest_wildcard_that_matches_a_parameter_wins() -> None:
    rows = get_library().parameters
    assert get_library().parameter("Km_JAK1") is rows["Km_JAK1"]
    assert get_library().parameter("kbind_ATP_JAK2") is rows["kbind_ATP_*"]
    assert get_library().parameter("kbind_baricitinib_JAK2") is rows["kbind_*"]
    assert get_library().parameter("unheard_of") is None


def test_no_two_entries_of_a_kind_answer_to_one_name() -> None:
    library = get_library()
    for names in (
        [*library.inhibitors],
        [name for c in library.cytokines.values() for name in {c.id, c.symbol}],
        [*library.cells, *(alias for c in library.cells.values() for alias in c.aliases)],
    ):
        folded = [name.casefold() for name in names]
        assert len(set(folded)) == len(folded)


# Own entries ------------------------------------------------------------------------------------------


def test_a_folder_in_jakinib_library_adds_and_overrides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library_of_its_own: LibraryOfItsOwn
) -> None:
    first = own_folder(tmp_path / "a", extranib=drug("extranib", 30), tofacitinib=drug("tofacitinib", 99))
    second = own_folder(tmp_path / "b", extranib=drug("extranib", 40))
    monkeypatch.setenv("JAKINIB_LIBRARY", os.pathsep.join([str(first), str(second)]))
    library = library_of_its_own()
    assert library.inhibitor("extranib").potency["JAK1"].value == 40
    assert library.inhibitor("tofacitinib").potency["JAK1"].value == 99
    assert library.inhibitor("baricitinib").potency["JAK1"].value == 5.9
    assert set(library.cytokines) == set(Library(paths.models() / "library").cytokines)


def test_a_folder_in_jakinib_library_that_is_not_there_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library_of_its_own: LibraryOfItsOwn
) -> None:
    monkeypatch.setenv("JAKINIB_LIBRARY", str(tmp_path / "absent"))
    with pytest.raises(jk.InputError, match="absent: no such library folder"):
        library_of_its_own()


def test_a_registered_inhibitor_is_used_like_any_other(
    tmp_path: Path, library_of_its_own: LibraryOfItsOwn
) -> None:
    folder = own_folder(tmp_path / "mine", mynib=drug("mynib"))
    assert jk.register("inhibitors", folder / "inhibitors" / "mynib.yaml") == "mynib"
    mine, theirs = (jk.assay(name, "IL-6", "pSTAT3").ic50 for name in ("MyNib", "tofacitinib"))
    shift = estimates("pathways")["shift_tofacitinib"].value  # fitted to its cells, by name
    assert mine * shift == pytest.approx(theirs, rel=1e-5)


def test_a_registered_inhibitor_that_is_corrected_is_used_as_corrected(
    tmp_path: Path, library_of_its_own: LibraryOfItsOwn
) -> None:
    folder = own_folder(tmp_path / "mine", first=drug("correctednib", 30), second=drug("correctednib", 60))
    found = []
    for name in ("first", "second"):
        jk.register("inhibitors", folder / "inhibitors" / f"{name}.yaml")
        model = jk.load("cytokine_signalling", cytokines="IL-6", inhibitors="correctednib")
        found.append(model.initial("IC50_correctednib_JAK1"))
    assert found == [30, 60]


def test_only_the_four_kinds_of_entries_can_be_registered(tmp_path: Path) -> None:
    with pytest.raises(jk.UnknownIdError, match="kind of entry 'inhibitor'; did you mean inhibitors"):
        jk.register("inhibitor", tmp_path / "mine.yaml")


def test_a_faulty_file_is_not_registered(tmp_path: Path, library_of_its_own: LibraryOfItsOwn) -> None:
    folder = own_folder(tmp_path / "mine", bad=drug("badnib").replace("fu:", "fup:"))
    with pytest.raises(jk.InputError, match=r"bad\.yaml:\d+: fu"):
        jk.register("inhibitors", folder / "inhibitors" / "bad.yaml")
    assert "badnib" not in library_of_its_own().inhibitors
