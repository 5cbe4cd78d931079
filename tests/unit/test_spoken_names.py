"""A name is understood as it is spoken, means one entry, and is never taken for something else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib import paths
from jakinib.check import check
from jakinib.errors import AmbiguousIdError, InputError
from jakinib.library import Library, get_library
from jakinib.library.names import key, spellings
from jakinib.library.readouts import readout, readouts

LIBRARY = get_library()
KINDS = ("inhibitors", "cytokines", "cells", "populations", "milieus")
NAMES = [
    (kind, identifier, spelt)
    for kind in KINDS
    for identifier, entry in getattr(LIBRARY, kind).items()
    for spelt in spellings(identifier, entry)
]
MARKS = ("", " ", "-", "_", "–", "  ")


def found(kind: str, name: str) -> str:
    return str(getattr(LIBRARY, kind.removesuffix("s"))(name).id)


@given(st.sampled_from(NAMES), st.sampled_from(MARKS), st.booleans())
def test_every_name_finds_its_entry_however_it_is_spelt(
    name: tuple[str, str, str], mark: str, upper: bool
) -> None:
    kind, identifier, spelt = name
    joined = re.sub(r"[\s_-]+(?=\w)", mark, spelt)
    digits = re.search(r"\d[\s_-]+\d", spelt)  # 690 550 is not 690550
    assert found(kind, (joined.upper() if upper else joined.lower()) if not digits else spelt) == identifier


@pytest.mark.parametrize(
    ("letter", "name"), [("γ", "IFN-γ"), ("α", "IFN α"), ("β", "ifnβ"), ("Γ", "IFN-Γ"), ("ɣ", "")]
)
def test_greek_letters_are_read_as_they_are_called(letter: str, name: str) -> None:
    greek = {"γ": "IFN-gamma", "Γ": "IFN-gamma", "α": "IFN-alpha", "β": "IFN-beta"}
    if name:
        assert found("cytokines", name) == greek[letter]
    else:
        assert key(letter) == letter  # the Latin letter gamma of phonetics is another letter


def test_readouts_and_conditions_are_found_by_the_same_rule() -> None:
    interleukin = LIBRARY.cytokine("IL-2")
    for name in ("pstat5", "STAT5", "p-STAT 5", "phospho-STAT5"):
        assert readout(LIBRARY, interleukin, name).id == "pSTAT5"
    plain = jk.Patient("ra_adult", conditions=("OAT3_inhibitor",)).settings()
    assert jk.Patient("RA", "Olumiant", conditions=("Probenecid",)).settings() == plain


@given(st.sampled_from([c for c in LIBRARY.cytokines.values() if len(readouts(LIBRARY, c)) > 1]))
def test_a_readout_of_one_stat_is_never_that_of_another(cytokine: object) -> None:
    for stat in cytokine.stats:  # type: ignore[attr-defined]
        assert readout(LIBRARY, cytokine, stat.lower()).stats(cytokine) == [stat]  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    ("kind", "name"),
    [("inhibitor", "tocilizumab"), ("inhibitor", "gefitinib"), ("inhibitor", "imatinib"),
     ("cytokine", "IL-17"), ("inhibitor", "methotrexate"), ("cytokine", "IL-1"),
     ("cytokine", "TNF-α"), ("cytokine", "IL-22"),
     ("inhibitor", "adalimumab"), ("cytokine", "M-CSF"), ("cytokine", "IL-5"), ("inhibitor", "sarilumab"),
     ("inhibitor", "erlotinib"), ("inhibitor", "etanercept"), ("inhibitor", "momelotinib")],
)  # fmt: skip
def test_nothing_is_suggested_for_what_is_not_of_the_library(kind: str, name: str) -> None:
    with pytest.raises(jk.UnknownIdError, match="known: ") as refused:
        getattr(LIBRARY, kind)(name)
    assert "did you mean" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "name", "candidates"),
    [("cytokine", "IFN", ["IFN-alpha", "IFN-beta", "IFN-gamma"]),
     ("milieu", "RA", ["ra_plasma", "ra_synovium"]), ("population", "child", ["ad_child", "jia_child"]),
     ("cytokine", "interferon", ["IFN-alpha", "IFN-gamma"])],
)  # fmt: skip
def test_a_name_of_several_entries_is_refused_with_them(kind: str, name: str, candidates: list[str]) -> None:
    with pytest.raises(AmbiguousIdError, match="write the one you mean") as refused:
        getattr(LIBRARY, kind)(name)
    assert all(candidate in str(refused.value) for candidate in candidates)


def test_a_name_of_another_kind_of_entry_is_refused_as_such() -> None:
    with pytest.raises(jk.UnknownIdError, match="it is a name of the cytokine IL-6"):
        LIBRARY.inhibitor("interleukin 6")


# Entries of users -----------------------------------------------------------------------------------------


def add(folder: Path, identifier: str, aliases: str) -> Path:
    text = (paths.models() / "library" / "inhibitors" / "upadacitinib.yaml").read_text("utf-8")
    text = re.sub(r"(?m)^id: .*\n(aliases: .*\n)?", f"id: {identifier}\naliases: {aliases}\n", text)
    (folder / "inhibitors").mkdir(parents=True, exist_ok=True)
    path = folder / "inhibitors" / f"{identifier}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_entry_of_a_user_is_found_by_the_aliases_that_it_states(
    tmp_path: Path, library_of_its_own: Callable[[], Library]
) -> None:
    jk.register("inhibitors", add(tmp_path, "newtinib", "[ABC-123, Newdrug]"))
    assert library_of_its_own().inhibitor("abc 123").id == "newtinib"


@pytest.mark.parametrize("alias", ["Olumiant", "olu miant", "LY-3009104", "baricitinib", "Baricitinib"])
def test_two_entries_do_not_share_a_name(tmp_path: Path, alias: str) -> None:
    path = add(tmp_path, "newtinib", f"[{alias}]")
    says = rf"newtinib\.yaml:2: alias '{alias}' is already used by baricitinib"
    with pytest.raises(InputError, match=says):
        Library(paths.models() / "library", tmp_path)
    [finding] = [f for f in check(path).findings if f.level == "error"]
    assert re.search(says, str(finding)) or f"alias '{alias}' is already used" in finding.message


def test_two_conditions_of_an_inhibitor_do_not_share_a_name(tmp_path: Path) -> None:
    shutil.copytree(paths.models() / "library", tmp_path / "own")
    path = tmp_path / "own" / "inhibitors" / "baricitinib.yaml"
    text = path.read_text("utf-8").replace("aliases: [probenecid,", "aliases: [Meal, probenecid,")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="'Meal' finds both fed and OAT3_inhibitor"):
        Library(tmp_path / "own")
