"""What other people's models are made of: each construct is integrated rightly, or refused by name."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.build.sbml import translate
from jakinib.simulate import Model, Protocol

Guarded = Callable[[str], Model]

# Antimony body, what is read, times, values by hand, settings.
RIGHT = {
    "a sum given by a rule on a species": (
        "species A = 3, B = 0, T; T := A + B; J: A -> B; 0.1 * A",
        ["T", "A"],
        [0, 1],
        [[3, 3], [3, 3 * exp(-0.1)]],
        {},
    ),
    "a compartment given by a rule": (
        "p = 2; compartment c; c := 2 * p; species A in c; A = 6; J: A -> ; c * 0.5 * A",
        ["c", "A"],
        [0, 1],
        [[10, 6], [10, 6 * exp(-0.5)]],
        {"p": 5},
    ),
    "a compartment that grows": (
        "compartment c = 1; c' = 1; species A in c; A = 8; J: -> A; 0",
        ["A", "c"],
        [0, 3],
        [[8, 1], [2, 4]],
        {},
    ),
    "a rate rule whose rate starts at zero": (
        "species S = 0; k = 0; k' = 2; J: -> S; k",
        ["S"],
        [0, 3],
        [[0], [9]],
        {},
    ),
    "a rate rule of a constant is no constant": (
        "species S = 0; p = 2; p' = 0; J: -> S; p",
        ["S"],
        [0, 2],
        [[0], [4]],
        {},
    ),
    "a rate rule that reads itself": (
        "species S = 0, D = 4; D' = -0.5 * D; J: -> S; D",
        ["S"],
        [0, 1],
        [[0], [8 * (1 - exp(-0.5))]],
        {},
    ),
    "initial assignments under settings": (
        "D = 3; E = 2 * D; species S = 2 * E; J: S -> ; S",
        ["S", "E"],
        [0, 1],
        [[40, 20], [40 * exp(-1), 20]],
        {"D": 10},
    ),
    "a setting in the place of an initial assignment": (
        "D = 3; species S = 2 * D; J: S -> ; S",
        ["S"],
        [0],
        [[7]],
        {"S": 7},
    ),
    "an initial assignment that reads a rate": (
        "species S = 5; J: S -> ; 2 * S; p = rateOf(S)",
        ["p"],
        [0],
        [[-10]],
        {},
    ),
    "picomoles in a model in mol/L": (
        "species S = 1e-12; J: S -> ; S",
        ["S"],
        [1, 5],
        [[1e-12 * exp(-1)], [1e-12 * exp(-5)]],
        {},
    ),
    "a product of picomoles": (
        "species S = 1e-11, P = 0; J1: S -> P; S; J2: P -> ; 3 * P",
        ["P"],
        [5],
        [[1e-11 * (exp(-5) - exp(-15)) / 2]],
        {},
    ),
    "a small product beside large states": (
        "species W = 1e6, S = 1, P = 0; J0: W -> ; 0 * W; J1: S -> P; 1e-12 * S",
        ["P"],
        [1, 2],
        [[1e-12], [2e-12]],
        {},
    ),
    "a short pulse between reading times": (
        "species S = 0; J: -> S; piecewise(10, time > 100 && time < 100.5, 0)",
        ["S"],
        [0, 200],
        [[0], [5]],
        {},
    ),
    "short pulses every day": (
        "species S = 0; J: -> S; piecewise(10, time - 24 * floor(time / 24) < 0.1, 0)",
        ["S"],
        [0, 240],
        [[0], [10]],
        {},
    ),
    "a narrow trigger": (
        "species S = 0; p = 0; J: -> S; p; at (time > 50 && time < 50.001): p = 1",
        ["S"],
        [0, 100],
        [[0], [50]],
        {},
    ),
    "a narrow band of a state": (
        "species S = 0; p = 0; S' = 1; at (S > 50 && S < 50.001): p = 1",
        ["p"],
        [0, 100],
        [[0], [1]],
        {},
    ),
    "an event at one time": (
        "p = 0; at (time == 10): p = 10; at (time == 20): p = 0",
        ["p"],
        [0, 5, 15, 25],
        [[0], [0], [10], [0]],
        {},
    ),
    "an event at one time under a condition": (
        "p = 0; q = 1; n = 4; at (time == n && q > 0): p = p + 1, n = n + 4",
        ["p"],
        [3, 13],
        [[0], [3]],
        {},
    ),
    "an event at the start": (
        "x = 0; p := 2; at (p > 1), t0=false: x = 10",
        ["x"],
        [0, 1],
        [[10], [10]],
        {},
    ),
    "no event at the start that was true before": (
        "x = 0; p := 2; at (p > 1), t0=true: x = 10",
        ["x"],
        [0, 1],
        [[0], [0]],
        {},
    ),
    "a delayed event": (
        "p = 0; at 5 after (time > 1): p = p + 10",
        ["p"],
        [5.9, 6.5, 20],
        [[0], [10], [10]],
        {},
    ),
    "a boundary species as an amount": (
        "compartment c = 2; substanceOnly species $X in c; species S in c; X = 1; S = 0; J: -> S; X / c",
        ["X", "S"],
        [0, 1],
        [[4, 0], [4, 1]],
        {"X": 4},
    ),
    "no species": ("x = 1; x' = -x; y := 2 * x", ["x", "y"], [0, 1], [[1, 2], [exp(-1), 2 * exp(-1)]], {}),
    "a function": (
        "function f(a, b)\n a * b\nend\nmodel m\n species S = 0; J: -> S; f(2, 3)\nend",
        ["S"],
        [0, 1],
        [[0], [6]],
        {},
    ),
    "a rate on its own": ("species S = 4; J: S -> ; 0.5 * S", ["J"], [0, 2], [[2], [2 * exp(-1)]], {}),
}


def sbml(body: str) -> str:
    return translate(body if "model m\n" in body else f"model m\n{body}\nend", "m")


@pytest.mark.parametrize("name", RIGHT)
def test_a_construct_gives_the_value_by_hand_in_every_run(name: str) -> None:
    body, read, times, right, given = RIGHT[name]
    model = Model(sbml(body))
    protocol = Protocol(times, given)
    table = model.run(protocol, read)
    np.testing.assert_allclose(table, right, rtol=1e-6, atol=1e-30)
    model.run(Protocol([times[-1] / 2 + 0.1]), read)  # leaves everything in another state
    np.testing.assert_array_equal(model.run(protocol, read), table)


REFUSED = {
    "a missing value": ("species S = 1; k = NaN; J: S -> ; k * S", "k has no value"),
    "an algebraic rule": ("", "algebraic rule 0 = "),
    "a delay": ("species S = 1; J: S -> ; delay(S, 1)", "reaction J: the function delay"),
    "equality of a state": ("S = 0; S' = 1; p = 0; E: at (S == 5): p = 1", "event E: its trigger compares"),
    "events that chase each other": (
        "S = 0; p = 2; S' = p; E: at (S >= 0.5): p = -2; F: at (S < 0.5): p = 2",
        "event [EF] triggers again and again",
    ),
    "too many switches": (
        "species S = 0; J: -> S; piecewise(1, time * 1e6 - floor(time * 1e6) < 0.5, 0)",
        "switches more than",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_name(name: str) -> None:
    body, said = REFUSED[name]
    text = sbml(body or "species S = 1; p = 2; J: S -> ; S")
    if not body:
        rule = """<listOfRules><algebraicRule><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><minus/>
            <ci> p </ci><ci> S </ci></apply></math></algebraicRule></listOfRules><listOfReactions>"""
        text = text.replace("<listOfReactions>", rule, 1)
        text = text.replace('id="p" value="2" constant="true"', 'id="p" value="2" constant="false"')
    with pytest.raises(jk.JakinibError, match=said) as caught:
        Model(text).run(Protocol([10.0]), ["S"])
    assert "\n" not in str(caught.value)


def test_a_value_that_is_missing_can_be_set() -> None:
    model = Model(sbml("species S = 1; k = NaN; J: S -> ; k * S"))
    assert model.run(Protocol([1.0], {"k": 1.0}), ["S"])[0, 0] == pytest.approx(exp(-1), rel=1e-6)


def test_the_caller_can_set_the_absolute_tolerance(tmp_path: Path) -> None:
    path = tmp_path / "theirs.ant"
    path.write_text("species S = 1; J: S -> ; S")
    result = jk.simulate(jk.load(path, atol=1e-3), Protocol([5.0]))
    assert result.provenance["atol"] == 1e-3
    assert "size of each state" in jk.simulate(jk.load(path), Protocol([5.0])).provenance["atol"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model a\n x = 1; x' = 1\nend\nmodel b\n y = 1; y' = 1\nend", "holds the models a, b; mark"),
        ("model a\n x = 1; x' = 1\nend\nz = 1; z' = 1", "outside of model a"),
    ],
)
def test_antimony_that_leaves_open_which_model_is_meant_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "theirs.ant"
    path.write_text(text)
    with pytest.raises(jk.InputError, match=said):
        jk.load(path)


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("model a\n x = 1; x' = 1\nend\nmodel *b\n y = 1; y' = 1\nend", "y"),
        ("model a\n x = 1; x' = 1\nend\nmodel b\n A: a(); y = 1\nend", "A_x"),
    ],
)
def test_antimony_that_marks_or_composes_its_main_model_is_read(
    tmp_path: Path, text: str, symbol: str
) -> None:
    path = tmp_path / "theirs.ant"
    path.write_text(text)
    assert symbol in jk.load(path).ids


NUMBER = st.sampled_from([0.0, 0.25, 0.5, 1.0, 2.0])


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A random small model; zero parameters tempt what is left out of the integration."""
    k = [draw(NUMBER) for _ in range(3)]
    lines = [
        f"compartment c = {draw(st.sampled_from([0.5, 1.0, 4.0]))}; species A in c, B in c, C in c, $X in c;"
    ]
    lines += [f"k{i} = {value};" for i, value in enumerate(k)]
    lines += [f"{name} = {draw(NUMBER)};" for name in "BX"]
    lines += [draw(st.sampled_from(["A = 1;", "A = 2 * k0 + 1;", "A = 0;"]))]
    lines += [draw(st.sampled_from(["C = 0;", "C := A + B;", "C = 0; C' = k1 * A;"]))]
    lines += [
        draw(st.sampled_from(["q := k1 * k2;", "q := k1 * time;", "q = 0; q' = k2;", "q = 0; q' = A - q;"]))
    ]
    lines += [draw(st.sampled_from(["", "X := k0 * A;", "X = 0; X' = k0;"]))]
    lines += ["J1: A -> B; c * k0 * A; J2: B -> ; c * q * B; J3: -> A; c * k2 * X;"]
    lines += [draw(st.sampled_from(["", "J4: A + B -> A; c * k1 * A * B;"]))]
    event = draw(st.sampled_from(["", "k0 = k0 + 1", "A = A + 1", "B = 2 * B"]))
    condition = draw(st.sampled_from(["time >= 0.7", "time > 0.5 && time < 0.6", "time == 0.7"]))
    lines += [f"at ({condition}): {event};"] if event else []
    return "\n".join(lines)


@settings(max_examples=12, deadline=None)
@given(bodies())
def test_a_random_model_is_what_it_is_whole_and_in_copasi(body: str) -> None:
    basico = pytest.importorskip("basico")
    text = sbml(body)
    model, times = Model(text), [0.0, 0.3, 1.0, 2.5]
    read = ["A", "B", "C", "q"]
    ours = model.run(Protocol(times), read)
    np.testing.assert_allclose(
        ours, Model(text, reduced=False).run(Protocol(times), read), rtol=1e-6, atol=1e-9
    )
    theirs = basico.load_model_from_string(text)
    table = basico.run_time_course_with_output(
        [f"[{name}]" for name in "ABC"] + ["Values[q]"],
        values=times, start_time=0, r_tol=1e-10, a_tol=1e-14, model=theirs,
    )  # fmt: skip
    basico.remove_datamodel(theirs)
    np.testing.assert_allclose(ours, table.to_numpy(), rtol=1e-5, atol=1e-8)
