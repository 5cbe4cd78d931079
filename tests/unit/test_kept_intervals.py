"""Intervals are kept from process to process, and are to the last bit what they are without a cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import jakinib as jk
from jakinib import cache
from jakinib.evaluate.laws import inhibitions

REGIMENS = ["baricitinib 4 mg qd", "tofacitinib 5 mg bid", "filgotinib 200 mg qd"]


def entries() -> int:
    return cache.state().kinds.get("intervals", (0, 0))[0]


def test_a_comparison_is_the_same_without_a_cache_when_it_is_kept_and_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.SWITCH, "off")
    without = jk.compare(REGIMENS, "IL-6").to_frame()
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "cache"))
    kept = jk.compare(REGIMENS, "IL-6").to_frame()
    number = entries()
    read = jk.compare(REGIMENS, "IL-6").to_frame()
    assert entries() == number >= 2 * len(REGIMENS)  # of the day and of the IC50 of each inhibitor
    for frame in (kept, read):
        pd.testing.assert_frame_equal(frame, without, check_exact=True)


def test_whatever_changes_an_interval_is_not_answered_from_what_was_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another draw, level, cytokine dose or model: each is computed, as it is without a cache."""
    levels = [{"baricitinib": np.array([10.0, 100.0])}] * 2
    usual, more = jk.CellAssay("baricitinib", "IL-6"), jk.CellAssay("baricitinib", "IL-6", cytokine_dose=20)
    twice = [{"baricitinib": 2 * levels[0]["baricitinib"]}] * 2
    none, shifted = [{}, {}], [{}, {"shift_baricitinib": 2.0}]
    both = usual.model_of(("baricitinib", "tofacitinib"))
    asked = [
        (levels, usual, usual.model(), none), (levels, usual, usual.model(), shifted),
        (twice, usual, usual.model(), none), (levels, more, usual.model(), none), (levels, usual, both, none),
    ]  # fmt: skip
    monkeypatch.setenv(cache.SWITCH, "off")
    expected = [inhibitions(*one) for one in asked]
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "WORTH", 0.0)
    for _ in range(2):
        for one, right in zip(asked, expected, strict=True):
            assert (inhibitions(*one) == right).all()
    assert entries() == len(asked)
