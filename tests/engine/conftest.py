"""One Antimony body seen twice: as libRoadRunner runs it, and as jakinib's Model guards it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
import roadrunner as rr

from jakinib.build.sbml import translate
from jakinib.simulate import Model


@functools.cache
def _sbml(body: str) -> str:
    return translate(f"model probe\n{body}\nend", "probe")


@pytest.fixture(scope="session")
def sbml() -> Callable[[str], str]:
    """SBML of an Antimony model body."""
    return _sbml


@pytest.fixture(scope="session")
def raw() -> Callable[[str], rr.RoadRunner]:
    """The engine without guards."""
    rr.Logger.setLevel(rr.Logger.LOG_FATAL)
    return lambda body: rr.RoadRunner(_sbml(body))


@pytest.fixture(scope="session")
def guarded() -> Callable[[str], Model]:
    """The same model behind jakinib's guards."""
    return lambda body: Model(_sbml(body))
