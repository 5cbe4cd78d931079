"""Without the lane engine every run is one of libRoadRunner."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from jakinib.lanes import Lanes, available, native
from jakinib.simulate import Model, Protocol, Step, load


@functools.cache
def oral() -> Model:
    return load("oral_pk", inhibitors="baricitinib", population="ra_adult")


@pytest.fixture
def afresh() -> Iterator[None]:
    """The library is looked for anew in this test, and in those after it."""
    native.library.cache_clear()
    native.available.cache_clear()
    yield
    native.library.cache_clear()
    native.available.cache_clear()


@pytest.mark.usefixtures("afresh")
def test_switched_off_runs_are_those_of_libroadrunner_and_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = oral()
    monkeypatch.setenv(native.SWITCH, "off")
    protocol = Protocol([1.0], steps=[Step(0.0, {"input_rate_baricitinib": 100.0})])
    for _ in range(2):
        (found,) = Lanes(model.sbml).run_many([protocol], ["C_baricitinib"])
        assert found == pytest.approx(model.run(protocol, ["C_baricitinib"]), abs=0)
    rows, failed = Lanes(model.sbml).run_rows(
        ["input_rate_baricitinib"], np.array([[100.0], [200.0]]), 1.0, ["C_baricitinib"]
    )
    assert not failed
    assert rows[1] == pytest.approx(2 * rows[0])
    assert [record.message for record in caplog.records] == [
        "jakinib: the lane engine is off (JAKINIB_LANES); many runs at once take several times longer"
    ]


@pytest.mark.usefixtures("afresh")
def test_a_library_that_cannot_be_opened_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(native.SWITCH, raising=False)
    (tmp_path / native.LIBRARY).write_text("not a library", encoding="utf-8")
    monkeypatch.setattr(native, "__file__", str(tmp_path / "native.py"))
    assert "cannot be opened" in native.library()
    native.library.cache_clear()
    (tmp_path / native.LIBRARY).unlink()
    assert native.library() == "the lane engine was not built, which needs a C compiler"


@pytest.mark.usefixtures("afresh")
@pytest.mark.skipif(not available(), reason="the lane engine is not built")
def test_a_library_of_other_sources_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "digest", lambda folder: "another")
    assert native.library() == "the lane engine was built from other sources"
