"""The lane engine gives what libRoadRunner gives, whatever runs beside a run, and says where it cannot."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from jakinib import paths
from jakinib.build.sbml import translate
from jakinib.errors import InputError, SimulationError, UnknownIdError
from jakinib.lanes import Lanes, native
from jakinib.simulate import Model, Protocol, Step

DECAY = "species A, B; A = 1; B = 0; J: A -> B; k * A; k = 1; triple := 3 * A"
BLOW_UP = "species A; A = 1; J: -> A; k * A * A; k = 1"  # A = 1 / (1 - k t)
ROBERTSON = """species A, B, C; A = 1; B = 0; C = 0
    J1: A -> B; 0.04 * A; J2: B -> C; 3e7 * B * B; J3: B -> A; 1e4 * B * C"""
ABSOLUTE = 1e-12

pytestmark = pytest.mark.skipif(isinstance(native.library(), str), reason="the lane engine is not built")


@functools.cache
def lanes(body: str, rtol: float = 1e-8) -> Lanes:
    """The lanes of an Antimony model body."""
    return Lanes(translate(f"model probe\n{body}\nend", "probe"), rtol, atol=ABSOLUTE)


@functools.cache
def both(name: str) -> tuple[Lanes, Model]:
    """A committed model in lanes, and in libRoadRunner, whose own error at rtol 1e-8 may exceed 1e-6."""
    text = (paths.models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")
    model = Model(text, rtol=1e-11)
    return Lanes(text, reference=model), model


def test_a_decay_is_exact_at_the_end_and_between_steps() -> None:
    times = np.linspace(0, 5, 301)
    values = lanes(DECAY).run(Protocol(times), ["A", "B", "triple", "J"])
    exact = np.exp(-times)
    assert values == pytest.approx(np.column_stack([exact, 1 - exact, 3 * exact, exact]), abs=1e-8)


@pytest.mark.parametrize("rtol", [1e-6, 1e-8, 1e-10])
def test_a_stiff_chain_ends_within_the_tolerance(rtol: float) -> None:
    """Robertson's reactions at t = 40, as computed in extended precision (Hairer and Wanner, II.10)."""
    found = lanes(ROBERTSON, rtol).run(Protocol([40.0]), ["A", "B", "C"])[0]
    assert found == pytest.approx([0.7158270687193, 9.185534764558e-6, 0.2841637457459], rel=10 * rtol)


def test_a_run_does_not_depend_on_the_runs_beside_it() -> None:
    model, read = lanes(DECAY), ["A", "B"]
    asked = [
        Protocol(np.linspace(0.1, 1 + i, 3 + i % 5), {"k": 0.1 * i}, [Step(0.5, {"k": 3.0 + i})])
        for i in range(21)
    ]
    together, backwards = model.run_many(asked, read), model.run_many(asked[::-1], read)[::-1]
    for protocol, one, other in zip(asked, together, backwards, strict=True):
        assert model.run(protocol, read).tobytes() == np.asarray(one).tobytes()
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_what_falls_on_a_step_is_read_before_it_acts() -> None:
    protocol = Protocol([0.0, 1.0, 2.0], {"k": 0.0}, [Step(0.0, {"A": 5.0}), Step(1.0, {"A": 7.0})])
    assert lanes(DECAY).run(protocol, ["A"])[:, 0] == pytest.approx([1, 5, 7])


def test_a_run_that_fails_is_an_error_in_its_place_and_leaves_the_others() -> None:
    asked = [Protocol([0.5, 0.9], {"k": k}) for k in (1.0, 4.0, 0.5)]
    first, second, third = lanes(BLOW_UP).run_many(asked, ["A"])
    assert first == pytest.approx(np.array([[2.0], [10.0]]), rel=1e-6)
    assert third == pytest.approx(np.array([[4 / 3], [1 / 0.55]]), rel=1e-6)
    assert isinstance(second, SimulationError)
    assert second.time == pytest.approx(0.25, abs=1e-6)
    assert second.changed == {"k": 4.0}
    with pytest.raises(SimulationError, match="k=4"):
        lanes(BLOW_UP).run(asked[1], ["A"])


def test_what_is_not_finite_is_an_error_that_names_it() -> None:
    with pytest.raises(SimulationError, match="odd is not finite"):
        lanes(f"{DECAY}; odd := 1 / (A - A)").run(Protocol([1.0]), ["A", "odd"])


def test_starts_follow_parameters() -> None:
    ours, theirs = both("cytokine_signalling_IL6")
    asked = Protocol([0.0, 1.0], {"kimp_STAT3": 3.0 * theirs.initial("kimp_STAT3"), "IL6R_rest": 7.0})
    read = ["STAT3", "STAT3_nuc", "IL6R"]
    assert ours.run(asked, read) == pytest.approx(theirs.run(asked, read), rel=1e-6)
    assert ours.run(asked, read)[0, 2] == 7.0


def test_what_was_asleep_wakes_when_it_is_set() -> None:
    ours, theirs = both("cytokine_signalling")
    asleep = next(name for name in theirs.species if not theirs.initial(name) and name.endswith("_mRNA"))
    asked = Protocol([0.5], {"L_IL6": 1.0, asleep: 2.0})
    assert ours.run(asked, [asleep]) == pytest.approx(theirs.run(asked, [asleep]), rel=1e-6)


def test_unknown_and_unchangeable_symbols_are_refused() -> None:
    ours, _ = both("cytokine_signalling_IL6")
    with pytest.raises(UnknownIdError, match="L_IL6"):
        ours.run(Protocol([1.0], {"L_IL": 1.0}), ["STAT3"])
    with pytest.raises(UnknownIdError, match="STAT3"):
        ours.run(Protocol([1.0]), ["STAT33"])
    with pytest.raises(UnknownIdError):
        ours.run(Protocol([1.0], steps=[Step(0.5, {"T_IL6": 1.0})]), ["STAT3"])
    with pytest.raises(InputError, match="cannot be set in a built model"):
        ours.run(Protocol([1.0], {"cytosol": 1.0}), ["STAT3"])


def test_what_can_be_set_read_and_asked_is_what_the_compiled_model_says() -> None:
    ours, theirs = both("blood_pkpd")
    assert set(ours.settable) == set(theirs.settable)
    assert set(ours.ids) == set(theirs.ids)
    assert [ours.unit(name) for name in theirs.ids] == [theirs.unit(name) for name in theirs.ids]
    known = [name for name in theirs.ids if name not in theirs.fluxes]
    assert [ours.initial(name) for name in known] == pytest.approx(
        [theirs.initial(name) for name in known], rel=1e-12
    )


def test_steps_taken_together_give_derivatives_to_their_own_precision() -> None:
    """A = exp(-k t): the difference quotient is as exact at a coarse tolerance as at a fine one."""
    step = 1e-5
    asked = [Protocol([2.0], {"k": k}) for k in (1.0, *(1.0 + step * i for i in range(1, 12)))]
    found = [float(np.asarray(run)[0, 0]) for run in lanes(DECAY, 1e-4).run_many(asked, ["A"], together=True)]
    slopes = [(value - found[0]) / (step * i) for i, value in enumerate(found[1:], start=1)]
    assert slopes == pytest.approx([-2 * np.exp(-2)] * len(slopes), rel=5e-4)
    assert np.ptp(slopes) < 1e-4 * abs(slopes[0])


@pytest.mark.parametrize(
    "body",
    [
        f"{DECAY}; at time >= 1: A = 5",
        f"{DECAY}; k2 = 1; k2' = -k2",
        "species A; A = 1; J: A -> ; k * A * (1 + sin(time)); k = 1",
        "species A; A = 1; J: A -> ; k * tanh(A); k = 1",
    ],
)
def test_what_the_lanes_cannot_do_is_left_to_libroadrunner(body: str) -> None:
    model = lanes(body)
    protocol = Protocol([0.5, 1.5])
    assert model.reason
    assert model.run(protocol, ["A"]) == pytest.approx(model.reference.run(protocol, ["A"]), abs=0)
