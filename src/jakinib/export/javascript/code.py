"""Expressions of a graph as text of JavaScript functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from jakinib.export.javascript.expression import CALLS, CASES, CHOICE, REMAINDER, SIGNS, SWITCH
from jakinib.lanes.expression import (
    ADD,
    CONSTANT,
    EXP,
    INV,
    LN,
    MUL,
    NEG,
    POW,
    SQRT,
    STATE,
    SUB,
    Graph,
)  # fmt: skip

CHOSEN, SUM, PRODUCT, SIGN, ATOM = range(5)  # how strongly the parts of a text hold together
Text = tuple[str, int]
_CALLS = {POW: "Math.pow", EXP: "Math.exp", LN: "Math.log", SQRT: "Math.sqrt", **CALLS}


def number(value: float) -> str:
    """The shortest text that JavaScript reads as this number.

    >>> number(3.0), number(0.5), number(1e-05)
    ('3', '.5', '1e-5')
    """
    text = repr(float(value)).replace("inf", "Infinity").replace("nan", "NaN")
    digits, mark, exponent = text.partition("e")
    digits = digits.removesuffix(".0").replace("-0.", "-.") if digits != "-0.0" else digits
    digits = digits[1:] if digits.startswith("0.") else digits
    return digits + (f"e{int(exponent)}" if mark else "")


class Writer:
    """Text of the nodes of a graph.

    parameters: how many there are; switches follow them. prepared: nodes that are worked out when parameters
    are written, by their place in ``c``.
    """

    def __init__(self, graph: Graph, parameters: int, prepared: Mapping[int, int]) -> None:
        self.graph, self.parameters, self.prepared = graph, parameters, prepared

    def function(self, arguments: str, wanted: Sequence[tuple[str, int]], name: str) -> str:
        """A method that writes nodes to where the texts say, such as ``o[3]``."""
        statements, texts = self._texts([node for _, node in wanted])
        ends = [f"{place}={text};" for (place, _), (text, _) in zip(wanted, texts, strict=True)]
        return f"{name}({arguments}){{{''.join([*statements, *ends])}}}"

    def value(self, arguments: str, node: int) -> str:
        """An arrow function that returns a node."""
        statements, ((text, _),) = self._texts([node])
        return (
            f"({arguments})=>{{{''.join(statements)}return {text}}}"
            if statements
            else f"({arguments})=>{text}"
        )

    def _texts(self, wanted: Sequence[int]) -> tuple[list[str], list[Text]]:
        """Statements that name what is used more than once, and the texts of the wanted nodes."""
        graph = self.graph
        order = [k for k in self._live(wanted) if graph.operations[k] >= 0 and k not in self.prepared]
        uses = Counter(operand for node in order for operand in graph.inputs(node))
        uses.update(wanted)
        known: dict[int, Text] = {}
        statements: list[str] = []

        def text_of(node: int) -> Text:
            return known[node] if node in known else self._leaf(node)

        for node in order:
            known[node] = self._operation(node, text_of)
            if uses[node] > 1 and graph.operations[node] != CASES:
                name = f"v{len(statements)}"
                statements.append(f"const {name}={known[node][0]};")
                known[node] = (name, ATOM)
        return statements, [text_of(node) for node in wanted]

    def _live(self, wanted: Sequence[int]) -> list[int]:
        """What the wanted nodes are made of, operands first; what is prepared is not gone into."""
        found: set[int] = set()
        waiting = list(wanted)
        while waiting:
            node = waiting.pop()
            if node not in found:
                found.add(node)
                if self.graph.operations[node] >= 0 and node not in self.prepared:
                    waiting.extend(self.graph.inputs(node))
        return sorted(found)

    def _leaf(self, node: int) -> Text:
        if node in self.prepared:
            return f"c[{self.prepared[node]}]", ATOM
        graph = self.graph
        operation, index = graph.operations[node], graph.operands[node][0]
        if operation == CONSTANT:
            value = graph.constants[index]
            return number(value), ATOM if value >= 0 else SIGN
        if operation == SWITCH:
            return f"p[{self.parameters + index}]", ATOM
        return f"{'y' if operation == STATE else 'p'}[{index}]", ATOM

    def _operation(self, node: int, text_of: Callable[[int], Text]) -> Text:
        graph = self.graph
        operation, inputs = graph.operations[node], graph.inputs(node)
        if operation == MUL:
            return self._product(inputs, text_of)
        texts = [text_of(k) for k in inputs]
        if operation == ADD:
            texts.sort(key=lambda text: text[1])  # the same number, without brackets
            return f"{held(texts[0], SUM)}+{after(texts[1], PRODUCT)}", SUM
        if operation == SUB:
            return f"{held(texts[0], SUM)}-{after(texts[1], PRODUCT)}", SUM
        if operation == NEG:
            return f"-{held(texts[0], ATOM)}", SIGN
        if operation == INV:
            return f"1/{held(texts[0], ATOM)}", PRODUCT
        if operation in SIGNS:
            return signed(operation, texts)
        if operation == CASES:
            return f"{held(texts[0], SUM)}:{held(texts[1], SUM)}", CHOSEN
        if operation == CHOICE:
            return f"{held(texts[0], SUM)}?{texts[1][0]}", CHOSEN
        return f"{_CALLS[operation]}({','.join(text for text, _ in texts)})", ATOM

    def _product(self, inputs: Sequence[int], text_of: Callable[[int], Text]) -> Text:
        """A product; one with an inverse that stands nowhere else is a quotient."""
        for one, other in (inputs, inputs[::-1]):
            text, strength = text_of(other)
            if self.graph.operations[other] == INV and strength == PRODUCT:
                return f"{held(text_of(one), PRODUCT)}/{text[2:]}", PRODUCT
        first, second = sorted((text_of(k) for k in inputs), key=lambda text: text[1])
        return f"{held(first, PRODUCT)}*{held(second, ATOM)}", PRODUCT


def held(text: Text, strength: int) -> str:
    """The text, in brackets where its parts hold together less than they have to."""
    return text[0] if text[1] >= strength else f"({text[0]})"


def after(text: Text, strength: int) -> str:
    """The same behind a sign: two signs never meet."""
    return f"({text[0]})" if text[0].startswith("-") else held(text, strength)


def signed(operation: int, texts: Sequence[Text]) -> Text:
    """A comparison as 1 or 0, or a remainder."""
    first, second = texts
    if operation == REMAINDER:
        return f"{held(first, PRODUCT)}%{held(second, ATOM)}", PRODUCT
    return f"{held(first, SUM)}{SIGNS[operation]}{held(second, SUM)}?1:0", CHOSEN
