"""An exported JavaScript module gives in Node what libRoadRunner gives, and refuses what it cannot hold."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import libsbml
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interop_models import NAMES, committed
from node import NODE, Node
from numpy.typing import NDArray

from jakinib.build.sbml import translate
from jakinib.build.starts import Starts
from jakinib.errors import ExportError
from jakinib.export import export, javascript
from jakinib.export.javascript import code, model_text
from jakinib.simulate import Model, Protocol, Step, load

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorials" / "other_tools.md"
FAINT = 1e-8  # nM or percent; 1e-6 of it is a thousandth of the absolute tolerance of the package's models
DECAY = "species A, B; A = 1; B = 0; J: A -> B; k * A; k = 1; triple := 3 * A"

needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    started = Node(tmp_path_factory.mktemp("modules"))
    yield started
    started.close()


def sbml(body: str) -> str:
    """SBML of an Antimony model body."""
    return translate(f"model probe\n{body}\nend", "probe")


def distance(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> float:
    """Largest difference in parts of the largest value that a symbol has."""
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs).max(axis=0), FAINT)).max())


@st.composite
def protocols(draw: st.DrawFn, model: Model) -> Protocol:
    """Parameters within a factor of two; cytokine, inhibitor or dose given and taken away."""
    free = [name for name in model.parameters if name in model.settable and model.initial(name) > 0]
    changed = draw(st.lists(st.sampled_from(free), max_size=8, unique=True))
    values = {name: model.initial(name) * draw(st.floats(0.5, 2)) for name in changed}
    given = [*model.boundary, *(n for n in model.settable if n.startswith(("I_", "input_rate")))]
    given = given or list(model.species[:2])
    start = draw(st.sampled_from([0.0, -1.0]))
    steps = [
        Step(time, {draw(st.sampled_from(given)): draw(st.floats(0.01, 10)) * factor})
        for time, factor in ((0.0, 1.0), (draw(st.floats(0.05, 0.9)), draw(st.sampled_from([0.0, 2.0]))))
    ]
    inner = draw(st.lists(st.integers(0, 90), max_size=5, unique=True))
    times = sorted({*(start + k / 50 for k in inner), steps[1].time, 2.0})
    return Protocol([t for t, after in zip(times, [*times[1:], 9.0], strict=True) if after - t > 1e-4],
                    values, steps, start)  # fmt: skip


@needs_node
@pytest.mark.parametrize("name", NAMES)
def test_every_model_runs_in_javascript_as_in_libroadrunner(name: str, node: Node) -> None:
    model, module = Model(committed(name), rtol=1e-11), node.module(committed(name))
    observables = [*model.species, *(n for n in model.parameters if n not in model.settable)]

    @settings(max_examples=3)
    @given(protocols(model))
    def agree(protocol: Protocol) -> None:
        expected = model.run(protocol, observables)
        assert distance(node.run(module, protocol, observables), expected) < 1e-6

    agree()


FOREIGN = {
    "a rate rule": "x = 1; x' = -k * x * y; k = 2; species y; y = 1; J: y ->; 0.5 * y",
    "the time in a rate": "species S; S = 1; J: S ->; S * (1 + sin(3 * time)); r := S + time",
    "local parameters": "species S; S = 1; k = 2; J: S ->; max(k * S, 0.3) / min(2, 1 + S)",
    "initial assignments": "species S; k = 2; b = 3 * k; S = b + 1; J: S ->; k * S",
    "amounts": "compartment c = 2; species S in c; substanceOnly species T in c; S = 3; T = 5; J: S -> T; S",
    "a short pulse": "species S; S = 0; p := piecewise(1, time > 1.6 && time < 1.6001, 0); J: -> S; 9e3 * p",
    "a switch that a parameter moves": "species S; S = 0; k = 0.7; J: -> S; piecewise(2, time >= k, 0)",
    "both sides of an instant": "species S; S = 1; J: S ->; p + q + S; p := piecewise(1, time > 1.1, 0);"
    "q := piecewise(1, time >= 1.1, 0); r := piecewise(1, time < 1.1, 0); s := piecewise(1, time <= 1.1, 0)",
    "a case by state": "species S; S = 4; J: S ->; piecewise(1, S > 2, S / 2)",
    "doses at times": "species S; S = 1; k = 1.6; J: S ->; S; at time >= 1.1: S = S + 3; at time > k: S = k",
    "powers": "species S, T; S = 1; T = 0; n = 2.5; J: S -> T; S^n / (0.3^n + S^n) + log10(1 + S) * S",
}


@needs_node
@pytest.mark.parametrize("what", FOREIGN)
def test_constructs_run_as_in_libroadrunner(what: str, node: Node) -> None:
    body = FOREIGN[what]
    text = sbml(body)
    model = Model(text, rtol=1e-11)
    free = [name for name in ("c", "k", "n", "S") if name in model.settable]
    for values in ({}, {name: 1.3 * model.initial(name) + 0.1 for name in free[:1]}):
        protocol = Protocol([0.25, 1.1, 1.6, 2.0], values)
        read = list(model.ids)
        found = node.run(node.module(text), protocol, read)
        np.testing.assert_allclose(found, model.run(protocol, read), rtol=1e-6, atol=1e-10)


@needs_node
def test_a_start_given_as_an_amount_follows_the_size_of_its_compartment(node: Node) -> None:
    """As it would in a file with that size."""
    document = libsbml.readSBMLFromString(sbml("compartment c = 2; species S in c; S = 3; J: S ->; c * S"))
    document.getModel().getSpecies("S").setInitialAmount(3)
    module = node.module(str(libsbml.writeSBMLToString(document)))
    document.getModel().getCompartment("c").setSize(4)
    expected = Model(str(libsbml.writeSBMLToString(document))).run(Protocol([0.0, 1.0]), ["S"])
    np.testing.assert_allclose(node.run(module, Protocol([0.0, 1.0], {"c": 4.0}), ["S"]), expected, rtol=1e-6)


@needs_node
def test_the_exported_file_alone_gives_the_dosed_simulation(node: Node, tmp_path: Path) -> None:
    (path,) = export("blood_pkpd", tmp_path, ["js"], "4 mg qd x 2")
    (source,) = export("blood_pkpd", tmp_path, ["sbml-l3v2"], "4 mg qd x 2")
    protocol, read = Protocol(np.linspace(0, 48, 25)), ["baricitinib_central", "pSTAT3_percent"]
    assert path.name == "blood_pkpd_4-mg-qd-x-2_js.mjs"
    assert distance(node.run(path, protocol, read), load(source).run(protocol, read)) < 1e-6


@needs_node
def test_the_tutorial_runs_with_the_exported_file_alone(tmp_path: Path) -> None:
    export("cytokine_signalling_IL6", tmp_path, ["js"])
    (script,) = re.findall(r"```js\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "tutorial.mjs").write_text(script, encoding="utf-8")
    assert NODE is not None
    order = [NODE, str(tmp_path / "tutorial.mjs")]
    done = subprocess.run(order, capture_output=True, encoding="utf-8", check=True)
    protocol = Protocol([0.25, 1, 2], {"L_IL6": 0.5, "I_baricitinib": 20}, [Step(1, {"L_IL6": 0})])
    expected = load("cytokine_signalling_IL6").run(protocol, ["pSTAT3_percent"])[:, 0]
    assert json.loads(done.stdout) == pytest.approx(expected.tolist(), rel=1e-6)


@needs_node
@pytest.mark.parametrize(
    ("body", "protocol", "message"),
    [
        (DECAY, Protocol([1.0], {"kk": 1.0}), "probe: kk is no parameter or state"),
        (DECAY, Protocol([1.0], {"triple": 1.0}), "triple is no parameter or state"),
        (DECAY, Protocol([1.0], {}, [Step(0.5, {"default_compartment": 2.0})]), "at the start or not at all"),
        ("species A; A = 1; J: -> A; k * A * A; k = 1", Protocol([3.0]), "became too short at time 1"),
        (f"{DECAY}; odd := 1 / (A - A)", Protocol([1.0]), "odd is not finite at time 1"),
        ("species A; A = 1; J: A ->; ln(-A)", Protocol([1.0]), "the rate of A is not finite"),
    ],
)
def test_what_cannot_go_on_is_an_error_in_one_line(
    body: str, protocol: Protocol, message: str, node: Node
) -> None:
    text = sbml(body)
    with pytest.raises(RuntimeError, match=message) as caught:
        node.run(node.module(text), protocol, ["odd" if "odd" in body else "A"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("species S; S = 1; J: S ->; S; at (S < 0.5): S = 1", "event .*only events at a time"),
        ("species S; S = 1; J: S ->; S; at 0.2 after (time > 1): S = 1", "event .*delays"),
        ("species S; S = 1; J: S ->; S * floor(time)", "what jumps with the time"),
        ("species S; S = 1; J: S ->; piecewise(1, sin(time) > 0, 0)", "what jumps with the time"),
        ("species S; S = 1; J: S ->; factorial(S)", "the function 'factorial' is not known"),
        ("compartment c = 1; c' = 0.1; species S in c; S = 1; J: S ->; S", "compartment c changes its size"),
        ("species S; S = 1; J: S ->; k * S", "parameter k has no value"),
    ],
)
def test_what_a_module_cannot_hold_is_refused_in_one_line(body: str, message: str) -> None:
    with pytest.raises(ExportError, match=f"^probe as JavaScript: {message}") as caught:
        model_text(sbml(body))
    assert "\n" not in str(caught.value)


def test_the_examples_in_the_docstrings_are_true() -> None:
    for module in (code, javascript.module):
        found = doctest.testmod(module)
        assert found.attempted > 0
        assert found.failed == 0


def test_the_text_of_a_module_closes_no_tag_of_a_page() -> None:
    document = libsbml.readSBMLFromString(sbml(DECAY))
    note = Starts(fixed={"k": "no </script> here"}).to_xml()
    document.getModel().setAnnotation(f"<annotation>{note}</annotation>")
    text = model_text(str(libsbml.writeSBMLToString(document)))
    assert "no \\u003c/script> here" in text
    assert "</" not in text
