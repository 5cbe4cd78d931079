"""When things happen: event triggers, steps, and the times at which a value is read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib.build.sbml import translate
from jakinib.simulate import Model, Protocol, Step

Raw = Callable[[str], Any]
Guarded = Callable[[str], Model]

DECAY = "species A; A = 1; J: A -> ; k * A; k = 1"
RAMP = "species S; S = 0; J: -> S; p; p = 0"
STEPPED = Model(translate(f"model ramp\n{RAMP}\nend", "ramp"))

TIMES = st.floats(0, 20).map(lambda time: round(time, 3))


@pytest.mark.parametrize(("trigger", "total"), [("==", 0.0), (">=", 67.0)])
@pytest.mark.engine
def test_engine_misses_an_event_at_an_exact_time_unless_it_is_at_or_after(
    raw: Raw, trigger: str, total: float
) -> None:
    engine = raw(f"{RAMP}; at time {trigger} 3.3: p = 10")
    assert engine.simulate(0, 10, 11)["[S]"][-1] == pytest.approx(total, abs=1e-6)


@pytest.mark.engine
def test_engine_reads_the_value_after_an_event_at_its_time(raw: Raw) -> None:
    engine = raw(f"{DECAY}; at time >= 2: A = A + 1")
    assert engine.simulate(0, 3, 4)["[A]"][2] == pytest.approx(1 + np.exp(-2), rel=1e-4)


@pytest.mark.engine
def test_engine_points_steps_and_default_differ(raw: Raw) -> None:
    assert len(raw(DECAY).simulate(0, 10, 100)) == 100
    assert len(raw(DECAY).simulate(0, 10, steps=100)) == 101
    assert len(raw(DECAY).simulate(0, 10)) == 51


def test_a_protocol_returns_one_row_a_time(guarded: Guarded) -> None:
    times = np.linspace(0, 10, 100)
    values = guarded(DECAY).run(Protocol(times), ["A"])
    assert values.shape == (100, 1)
    assert values[:, 0] == pytest.approx(np.exp(-times), abs=1e-7)


def test_a_value_at_the_time_of_a_step_is_read_before_the_step(guarded: Guarded) -> None:
    steps = [Step(0.0, {"A": 5.0}), Step(2.0, {"A": 7.0})]
    before, at_step, after = guarded(DECAY).run(Protocol([0.0, 2.0, 3.0], steps=steps), ["A"])[:, 0]
    assert before == 1.0
    assert [at_step, after] == pytest.approx([5 * np.exp(-2), 7 * np.exp(-1)], rel=1e-6)


def test_steps_at_one_time_act_in_the_order_given(guarded: Guarded) -> None:
    steps = [Step(1.0, {"A": 5.0, "k": 0.0}), Step(1.0, {"A": 7.0})]
    assert guarded(DECAY).run(Protocol([2.0], steps=steps), ["A"])[0, 0] == 7.0


def test_a_step_after_the_last_time_does_nothing(guarded: Guarded) -> None:
    model = guarded(DECAY)
    with_step = model.run(Protocol([1.0], steps=[Step(5.0, {"A": 7.0})]), ["A"])
    assert np.array_equal(with_step, model.run(Protocol([1.0]), ["A"]))


def test_a_run_may_start_before_time_zero(guarded: Guarded) -> None:
    values = guarded(DECAY).run(Protocol([0.0, 1.0], start=-2.0), ["A"])[:, 0]
    assert values == pytest.approx(np.exp([-2.0, -3.0]), rel=1e-6)


def test_an_event_of_the_model_fires_in_every_run(guarded: Guarded) -> None:
    model = guarded(f"{RAMP}; at time >= 3.3: p = 10")
    protocol = Protocol([3.0, 10.0], steps=[Step(2.0, {"p": 0.0})])
    first = model.run(protocol, ["S", "p"])
    assert first == pytest.approx(np.array([[0, 0], [67, 10]]), abs=1e-6)
    assert np.array_equal(model.run(protocol, ["S", "p"]), first)


@given(
    st.lists(st.tuples(TIMES, st.floats(0, 10)), max_size=6),
    st.sets(TIMES, min_size=1, max_size=8),
)
def test_steps_of_a_rate_add_up_to_the_exact_area(
    changes: list[tuple[float, float]], wanted: set[float]
) -> None:
    changes, times = sorted(changes, key=lambda change: change[0]), np.array(sorted(wanted))
    protocol = Protocol(times, steps=[Step(time, {"p": rate}) for time, rate in changes])
    area, rate = STEPPED.run(protocol, ["S", "p"]).T

    edges = [0.0, *(time for time, _ in changes), np.inf]
    rates = [0.0, *(value for _, value in changes)]
    held = [np.clip(times, low, high) - low for low, high in pairwise(edges)]
    assert area == pytest.approx(np.dot(rates, held), abs=1e-5)
    assert rate.tolist() == [rates[sum(time < t for time, _ in changes)] for t in times]


@given(st.sets(TIMES, min_size=1, max_size=8), st.sets(TIMES, max_size=8))
def test_reading_at_more_times_does_not_move_a_value(wanted: set[float], also: set[float]) -> None:
    steps = [Step(0.0, {"p": 1.0}), Step(4.0, {"p": 3.0}), Step(11.5, {"p": 0.5})]
    few, many = sorted(wanted), sorted(wanted | also)
    dense = STEPPED.run(Protocol(many, steps=steps), ["S"])[:, 0]
    sparse = STEPPED.run(Protocol(few, steps=steps), ["S"])[:, 0]
    assert sparse == pytest.approx([dense[many.index(time)] for time in few], abs=1e-6)


def test_a_depot_fed_in_seconds_late_in_a_run_makes_no_step_too_short(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """CVODE warns of t + h = t where the first step is below the resolution of the time."""
    regimen = jk.Regimen.parse("5 mg bid x 60")
    times = np.arange(0, 720, 6.0)
    jk.plasma(regimen, times, inhibitor="tofacitinib", population="psa_adult")
    said = capfd.readouterr()
    assert "t + h = t" not in said.out + said.err
