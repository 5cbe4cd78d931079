"""Every function of SBML has in JavaScript the value that it has in Python, and its slope."""

from __future__ import annotations

import math
from collections.abc import Iterator

import libsbml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from node import NODE, Node

from jakinib.simulate.formula import Formula, read, value

PARTS = (
    "exp(-abs({0}))", "ln(1.5 + {0}^2)", "sqrt(1.5 + {0}^2)", "log10(2.5 + {0}^2)", "log(3, 2 + {0}^2)",
    "sin({0})", "cos({0})", "tanh({0})", "sinh(tanh({0}))", "cosh(tanh({0}))", "tan(tanh({0}))",
    "arctan({0})", "arcsin(0.9 * tanh({0}))", "arccos(0.9 * tanh({0}))", "arcsinh({0})",
    "arctanh(0.9 * tanh({0}))", "arccosh(1.5 + {0}^2)", "sec(tanh({0}))", "csc(2 + tanh({0}))",
    "cot(2 + tanh({0}))", "sech({0})", "coth(2 + tanh({0}))", "arcsec(2 + {0}^2)", "arccsch(1.5 + {0}^2)",
    "root(3, 1.5 + {0}^2)", "({0})^3", "(1.5 + {0}^2)^-2", "(1.5 + {0}^2)^0.7", "-({0})", "abs({0})",
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / (1.5 + {1}^2)", "pow(1.5 + {0}^2, tanh({1}))",
    "max({0}, {1}, 0.3)", "min({0}, {1})",
    "piecewise({0}, {1} < 0.4, {2})", "piecewise({0}, {1} >= {2} && !({0} > 1), 2 * {1}, {0} != {2}, {2})",
    "piecewise({0}, xor({0} <= {1}, {1} < {2}) || {0} == 3, {1} - 1)",
    "piecewise({0}, {1} < {1}, {2})",
    "piecewise({0}, {1} <= {1}, {2})",
    "piecewise(1, implies({0} > 0, {1} > 0), {2})",
    "floor({0} + 0.123) * {1}", "ceil({0} - 0.123) + {1}", "rem({0}, 1.7) * {1}", "quotient({0}, 1.7) + {1}",
)  # fmt: skip
LEAVES = ("X", "X", "k", "time", "0.37", "2", "(-1.3)", "1e-3")
needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    started = Node(tmp_path_factory.mktemp("modules"))
    yield started
    started.close()


def nested(inner: st.SearchStrategy[str], parts: tuple[str, ...] = PARTS) -> st.SearchStrategy[str]:
    made = st.tuples(st.sampled_from(parts), inner, inner, inner)
    return made.map(lambda part: f"({part[0].format(*part[1:])})")


LEAF = st.sampled_from(LEAVES)
INNER = st.one_of(LEAF, nested(LEAF), nested(nested(LEAF)))
ALL = st.tuples(*(nested(INNER, (part,)) for part in PARTS))  # every function, of anything


def timeless(text: str) -> str:
    """The time read through a state: what jumps with the time alone is refused."""
    return text.replace("time", "(time + 1e-9 * X)")


def model_of(texts: tuple[str, ...], k: float) -> tuple[str, list[Formula]]:
    """A model with a state x<i> for each formula, whose rate it is, and the formulas as Python reads them."""
    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId("probe")
    found = []
    for name in ["k", *(f"x{i}" for i in range(len(texts)))]:
        parameter = model.createParameter()
        parameter.setId(name)
        parameter.setConstant(name == "k")
        parameter.setValue(k)
    for i, text in enumerate(texts):
        rule = model.createRateRule()
        rule.setVariable(f"x{i}")
        math_ = libsbml.parseL3Formula(timeless(text).replace("X", f"x{i}"))
        assert math_ is not None, libsbml.getLastParseL3Error()
        rule.setMath(math_)
        found.append(read(math_))
    return str(libsbml.writeSBMLToString(document)), found


@needs_node
def test_values_and_slopes_are_those_of_python(node: Node) -> None:
    @settings(max_examples=15)
    @given(ALL, st.floats(-2, 2), st.floats(0.2, 1.5), st.floats(0, 3))
    def agree(texts: tuple[str, ...], x: float, k: float, time: float) -> None:
        sbml, rules = model_of(texts, k)
        rates, slopes = node.ask(node.module(sbml), state=[*([x] * len(texts)), time])
        for i, rule in enumerate(rules):

            def at(x: float, rule: Formula = rule) -> float:
                return value(rule, lambda name: k if name == "k" else x, time, lambda name: math.nan)

            assert rates[i] == pytest.approx(at(x), rel=1e-9, abs=1e-9), texts[i]
            left, right = ((at(x + step) - at(x)) / step for step in (-1e-6, 1e-6))
            bent = abs(left - right) > 1e-3 * (1 + abs(left))  # at a corner or a jump
            assert bent or slopes[i] == pytest.approx((left + right) / 2, rel=1e-4, abs=1e-4), texts[i]

    agree()
