"""That stored fits are still those of the files is known from process to process, and never wrongly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import jakinib as jk
from jakinib import cache, paths
from jakinib.errors import InputError
from jakinib.evaluate.run import calibrations
from jakinib.library import Library
from jakinib.library.measurements import get_data

PLANS = ("pathways",)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fits of PLANS, compared once and kept in a cache of its own."""
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "cache"))
    calibrations(PLANS, get_data())
    assert cache.state().kinds["fits"][0] == 1


@pytest.mark.usefixtures("kept")
def test_fits_from_the_cache_are_those_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    found = calibrations(PLANS, get_data())
    assert cache.state().kinds["fits"][0] == 1
    monkeypatch.setenv(cache.SWITCH, "off")
    assert found == calibrations(PLANS, get_data())


@pytest.mark.usefixtures("kept")
def test_an_earlier_result_that_changes_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "results"
    shutil.copytree(paths.fits() / "results" / "enzyme", own / "enzyme")
    estimates = own / "enzyme" / "estimates.tsv"
    head, first, *rest = estimates.read_text(encoding="utf-8").splitlines(keepends=True)
    name, value, *others = first.split("\t")
    changed = "\t".join([name, f"{1.1 * float(value):.4g}", *others])
    estimates.write_text("".join([head, changed, *rest]), encoding="utf-8")
    monkeypatch.setenv("JAKINIB_RESULTS", str(own))
    with pytest.raises(InputError, match=r"plan pathways are stale: .*results/enzyme changed"):
        calibrations(PLANS, get_data())


@pytest.mark.usefixtures("kept")
def test_an_entry_that_is_registered_is_seen(
    tmp_path: Path, library_of_its_own: Callable[[], Library]
) -> None:
    library_of_its_own()
    packaged = paths.models() / "library" / "inhibitors" / "baricitinib.yaml"
    own = tmp_path / "baricitinib.yaml"
    text = packaged.read_text(encoding="utf-8")
    own.write_text(text.replace("fu: {value: 0.5", "fu: {value: 0.6"), encoding="utf-8")
    assert own.read_text(encoding="utf-8") != text
    jk.register("inhibitors", own)
    with pytest.raises(InputError, match=r"plan pathways are stale: .*data"):
        calibrations(PLANS, get_data())
