"""Without the lane engine every run is one of libRoadRunner; tasks side by side find the same either way."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from jakinib.errors import UnknownIdError
from jakinib.lanes import Lanes, Shared, available, native, side_by_side
from jakinib.simulate import Model, Protocol, Runnable, Step, load


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


def test_tasks_side_by_side_find_what_each_finds_alone() -> None:
    """Bisection for the time at which a decay has come to one half, and a failure told in its place."""
    model = oral()
    dose = "input_rate_baricitinib"

    def level(rate: float, seen: Runnable) -> float:
        low, high = 0.0, 1e4
        for _ in range(12):
            middle = (low + high) / 2
            protocol = Protocol([2.0], {"weight": 60 + 10 * rate}, [Step(0.0, {dose: middle})])
            low, high = (
                (middle, high) if seen.run(protocol, ["C_baricitinib"])[0, 0] < rate else (low, middle)
            )
        return low

    rates = (1.0, 2.0, 3.0, 4.0, 5.0)
    shared = Shared(model)
    assert side_by_side([partial(level, rate, shared) for rate in rates]) == [level(r, shared) for r in rates]


def test_an_error_of_one_task_is_raised_when_all_have_ended() -> None:
    shared, ended = Shared(oral()), []

    def ask(symbol: str) -> None:
        shared.run(Protocol([1.0]), ["C_baricitinib"])
        shared.run(Protocol([1.0], {symbol: 1.0}), ["C_baricitinib"])
        ended.append(symbol)

    with pytest.raises(UnknownIdError, match="wieght"):
        side_by_side([partial(ask, symbol) for symbol in ("weight", "wieght", "weight")])
    assert ended == ["weight", "weight"]
