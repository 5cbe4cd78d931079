"""Every public name shows how it is used, and what its example says is what happens."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

import jakinib as jk

NAMES = [
    name
    for name in dir(jk)
    if callable(getattr(jk, name))
    and not (inspect.isclass(getattr(jk, name)) and issubclass(getattr(jk, name), Exception))
]


@pytest.mark.usefixtures("library_of_its_own")
@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_an_example_that_is_true(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    text = inspect.getdoc(getattr(jk, name)) or ""
    example = doctest.DocTestParser().get_doctest(text, {"jk": jk, name: getattr(jk, name)}, name, None, None)
    assert example.examples
    wanted = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.DocTestRunner(optionflags=wanted).run(example)
    assert found.failed == 0, capsys.readouterr().out
