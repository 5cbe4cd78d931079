"""The command about the cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from jakinib.cache import SWITCH, WORTH, kept
from jakinib.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``jakinib cache`` on a cache of its own."""
    monkeypatch.setenv(SWITCH, str(tmp_path))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["jakinib", "cache", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), *capfd.readouterr()

    return run


def slow() -> bytes:
    import time

    time.sleep(2 * WORTH)
    return b"value"


def test_info_says_where_the_cache_is_and_what_it_holds(cache: Run, tmp_path: Path) -> None:
    kept("probe", "key", slow)
    code, out, _ = cache("info", "--json")
    found = json.loads(out)
    assert (code, found["folder"], found["entries"]) == (0, str(tmp_path / "entries"), {"probe": 1})
    assert found["bytes"] == sum(file.stat().st_size for file in (tmp_path / "entries").iterdir())
    assert "probe" in cache()[1]


def test_clear_empties_it(cache: Run, tmp_path: Path) -> None:
    kept("probe", "key", slow)
    assert json.loads(cache("clear", "--json")[1]) == {"removed": 1}
    assert list((tmp_path / "entries").iterdir()) == []
    assert "0 entries removed" in cache("clear")[1]


def test_without_a_cache_the_reason_is_told(cache: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")
    assert cache() == (0, "no cache: JAKINIB_CACHE is off\n", "")


def test_another_word_is_refused(cache: Run) -> None:
    code, out, error = cache("inf")
    assert (code, out) == (2, "")
    assert error.startswith("jakinib: cache: ")
    assert "info" in error
