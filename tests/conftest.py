"""Shared by all tests: the same examples in every run, and a library that forgets what a test adds."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import typer
from hypothesis import settings

from jakinib.library import Library, get_library
from jakinib.library.measurements import get_data

# What tests make is kept beside the tests, not among what the user keeps; processes they start do the same.
os.environ.setdefault("JAKINIB_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "jakinib"))

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


Command = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def one_tree_of_commands() -> Iterator[None]:
    """A process builds its commands once; one that plays many processes need not do so for each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", functools.cache(typer.main.get_command))
        yield


@pytest.fixture
def jakinib(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run a command as a process would, in this one, where all is imported: in an empty folder."""
    from jakinib.cli import main

    def run(*arguments: str) -> CompletedProcess[str]:
        monkeypatch.setattr("sys.argv", ["jakinib", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return CompletedProcess(arguments, int(stop.value.code or 0), *capfd.readouterr())

    monkeypatch.chdir(tmp_path)
    return run


@pytest.fixture
def library_of_its_own() -> Iterator[Callable[[], Library]]:
    """``get_library``, read afresh for this test and forgotten after it, and so are the published rows."""
    get_library.cache_clear()
    get_data.cache_clear()
    yield get_library
    get_library.cache_clear()
    get_data.cache_clear()
