"""Protocols that make sense, and results that say what they hold."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import jakinib as jk
from jakinib import InputError, Protocol, Step
from jakinib.build.sbml import translate


def test_a_protocol_without_times_is_refused() -> None:
    with pytest.raises(InputError, match="times is empty"):
        Protocol([])


@pytest.mark.parametrize("times", [[1.0, 1.0], [2.0, 1.0], [math.nan], [math.inf], [-1.0], [0.0, math.nan]])
def test_times_are_finite_increasing_and_not_before_the_start(times: list[float]) -> None:
    with pytest.raises(InputError, match=r"protocol: time|times\[\d\] is nan"):
        Protocol(times)


def test_a_protocol_may_start_before_zero_but_not_read_before_its_start() -> None:
    assert Protocol([-0.5, 0.0], start=-1.0).start == -1.0
    with pytest.raises(InputError, match="-1"):
        Protocol([-1.5], start=-1.0)


@pytest.mark.parametrize("steps", [[2.0, 1.0], [-0.5], [math.nan], [math.inf]])
def test_steps_are_finite_in_order_and_not_before_the_start(steps: list[float]) -> None:
    with pytest.raises(InputError, match=r"step at|time is nan"):
        Protocol([3.0], steps=[Step(time, {"k": 1.0}) for time in steps])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_setting_must_be_finite_and_is_named(value: float) -> None:
    with pytest.raises(InputError, match="kact_IL6"):
        Protocol([1.0], {"kact_IL6": value})
    with pytest.raises(InputError, match="kact_IL6"):
        Protocol([1.0], steps=[Step(0.5, {"kact_IL6": value})])


def test_a_result_is_a_table_with_units_and_provenance() -> None:
    model = jk.load("oral_pk")
    result = jk.simulate(
        model, Protocol([0.0, 1.0], {"weight": 80.0}), ["C_baricitinib", "baricitinib_central", "central"]
    )
    table = result.table()
    assert list(table) == ["time", "C_baricitinib", "baricitinib_central", "central"]
    assert table.attrs["units"] == {
        "time": "hour", "C_baricitinib": "nM", "baricitinib_central": "nmol", "central": "litre",
    }  # fmt: skip
    assert table.attrs["provenance"]["settings"] == {"weight": 80.0}
    assert table.attrs["provenance"]["rtol"] == model.rtol
    assert np.array_equal(result["C_baricitinib"], table["C_baricitinib"])


def test_an_observable_that_was_not_read_is_refused_by_name() -> None:
    result = jk.simulate(jk.load("oral_pk"), Protocol([1.0]), ["C_baricitinib"])
    with pytest.raises(jk.UnknownIdError, match="C_baricitinb"):
        result["C_baricitinb"]


def test_a_model_that_declares_no_units_is_given_none(tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_text(
        translate("model theirs\nspecies A; A = 1; J: A -> ; k * A; k = 1\nend", "theirs"), encoding="utf-8"
    )
    assert jk.simulate(jk.load(path), Protocol([1.0]), ["A", "k"]).units == {"A": "", "k": ""}
