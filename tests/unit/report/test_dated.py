"""When bounds and results were recorded is read from their commits, and from nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.report.dated import Commit, Dated, History


def commit(root: Path, date: str, **files: str) -> None:
    """A commit of an author at a date."""
    for name, text in files.items():
        file = root / "fits" / (f"{name}.yaml" if name == "criteria" else f"results/{name}/estimates.tsv")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "--date", date, "-m", f"of {date}"], check=True)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_bound_is_as_old_as_its_last_change_and_words_do_not_count(tmp_path: Path) -> None:
    entry = "criteria:\n- {{id: a, high: {high}, statement: {words}}}\n- {{id: b, low: {low}}}\n"
    commit(tmp_path, "2001-01-01T00:00:00Z", criteria=entry.format(high=1, low=1, words="x"))
    commit(tmp_path, "2002-01-01T00:00:00Z", enzyme="1")
    commit(tmp_path, "2003-01-01T00:00:00Z", criteria=entry.format(high=2, low=2, words="x"))
    commit(tmp_path, "2004-01-01T00:00:00Z", enzyme="2", criteria=entry.format(high=2, low=1, words="y"))
    history = History(tmp_path)
    assert history.reason == ""
    assert {name: one and one.date[:4] for name, one in history.bounds().items()} == {
        "a": "2003",
        "b": "2004",
    }
    assert [one.date[:4] for one in history.of("fits/results/enzyme/estimates.tsv")] == ["2004", "2002"]
    assert not history.changed
    (tmp_path / "fits" / "criteria.yaml").write_text(entry.format(high=3, low=1, words="y"), encoding="utf-8")
    assert history.changed
    assert history.bounds()["a"] is None  # what is not recorded has no date


def test_without_a_history_of_its_own_there_is_a_reason_and_no_date(tmp_path: Path) -> None:
    commit(tmp_path, "2001-01-01T00:00:00Z", criteria="criteria: []")
    assert "own" in History(tmp_path / "fits").reason
    shutil.rmtree(tmp_path / ".git")
    assert History(tmp_path).reason


@given(st.datetimes(), st.datetimes())
def test_a_bound_is_before_results_when_its_date_is(one: Any, other: Any) -> None:
    def at(date: Any) -> Commit:
        return Commit("c", f"{date.isoformat()}+00:00", "s")

    dated = Dated("a", at(one), at(other), None)
    assert dated.before(dated.first) == (one < other)
    assert not dated.before(dated.now)
