"""Shared by all tests: the same examples in every run, and a library that forgets what a test adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from jakinib.library import Library, get_library

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture
def library_of_its_own() -> Iterator[Callable[[], Library]]:
    """``get_library``, read afresh for this test and forgotten after it."""
    get_library.cache_clear()
    yield get_library
    get_library.cache_clear()
