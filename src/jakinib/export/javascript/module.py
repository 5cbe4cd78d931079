"""A model as a JavaScript object: its symbols and start, and functions for what is integrated and read."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jakinib.errors import ExportError, ModelError
from jakinib.export.javascript.code import Writer, number
from jakinib.export.javascript.expression import AT_MOST, CASES, Expressions
from jakinib.export.javascript.system import System
from jakinib.lanes.elimination import Elimination, eliminated
from jakinib.lanes.expression import STATE
from jakinib.simulate.source import units


@functools.cache
def integrator_text() -> str:
    """The integrator as an ES module, which exports ``integrate``."""
    return (Path(__file__).parent / "rodas5p.js").read_text(encoding="utf-8")


def to_javascript(sbml: str) -> str:
    """An ES module that holds a model, its default export, and ``integrate``.

    Raises ExportError in one line for a model with what the module cannot express.

    >>> from jakinib import load
    >>> to_javascript(load("oral_pk").sbml).count("export ")
    2
    """
    return f"{integrator_text()}\nexport default {model_text(sbml)};\n"


def model_text(sbml: str) -> str:
    """A model as the text of one JavaScript object, which needs nothing around it.

    Numbers are in the units of the file, which the object names; docs/tutorials/other_tools.md shows its use.
    Raises ExportError in one line for a model with what the module cannot express.
    """
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    if model is None:
        raise ExportError("the text holds no SBML model")
    name = model.getId() or "model"
    try:
        system = System(document)
        return "{" + ",\n".join([*_facts(name, system, model), *_functions(system)]) + "}"
    except ModelError as error:
        raise ExportError(f"{name} as JavaScript: {error}") from None


def _facts(name: str, system: System, model: Any) -> list[str]:
    equations = system.equations
    declared = units(model, {species: s.amount for species, s in system.source.species.items()})
    facts: dict[str, object] = {
        "id": name,
        "states": equations.states,
        "start": equations.start,
        "atol": system.atol,
        "parameters": list(equations.parameters),
        "values": list(equations.parameters.values()),
        "read": system.read,
        "time": model.getTimeUnits(),
        "units": {symbol: unit for symbol, unit in declared.items() if unit},
        "sizes": list(system.source.compartments),
        "refused": dict(system.starts.fixed),
    }
    return [f"{key}:{_literal(value)}" for key, value in facts.items()]


def _literal(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], float):
        return f"[{','.join(map(number, value))}]"
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")  # so that no tag is closed where the text stands in a page


def _functions(system: System) -> list[str]:
    equations, graph = system.equations, system.graph
    size, count = len(equations.states), len(equations.parameters)
    gradients = graph.gradients(equations.rates)
    slopes = {(i, j): node for i, gradient in enumerate(gradients) for j, node in gradient.items()}
    seen = [equations.node(name) for name in system.read]
    plain = Writer(graph, count, {})
    prepared = _prepared(graph, [*equations.rates, *slopes.values(), *seen])
    writer, elimination = Writer(graph, count, prepared), eliminated(size, slopes)
    place = elimination.place
    return [
        f"starts:{_list(_start(plain, *rule) for rule in system.moved())}",
        f"events:{_list(_event(plain, *event) for event in system.events())}",
        f"switches:{_list(_switch(graph, plain, *switch) for switch in graph.switches)}",
        f"prepared:{len(prepared)},places:{len(place)}",
        f"diagonal:{_list(str(place[i, i]) for i in range(size))}",
        plain.function("p,c", [(f"c[{k}]", node) for node, k in prepared.items()], "prepare"),
        writer.function("y,p,c,o", [(f"o[{i}]", node) for i, node in enumerate(equations.rates)], "rates"),
        writer.function("y,p,c,o", [(f"o[{place[at]}]", node) for at, node in slopes.items()], "jacobian"),
        f"factor(a){{{_factor(elimination, size)}}}",
        f"solve(a,b){{{_solve(elimination, size)}}}",
        writer.function("y,p,c,o", [(f"o[{i}]", node) for i, node in enumerate(seen)], "observe"),
    ]


def _list(parts: Iterable[str]) -> str:
    return f"[{','.join(parts)}]"


def _prepared(graph: Expressions, wanted: Sequence[int]) -> dict[int, int]:
    """Nodes that vary with no state and that others or the results need, by place."""
    needed = set(wanted)
    for node in graph.live(wanted):
        if graph.operations[node] >= 0 and graph.varying[node]:
            needed.update(k for operand in graph.inputs(node) for k in _whole(graph, operand))
    kept = sorted(k for k in needed if graph.operations[k] >= 0 and not graph.varying[k])
    return {node: k for k, node in enumerate(kept)}


def _whole(graph: Expressions, node: int) -> tuple[int, ...]:
    """A node, or both cases of a choice, which are no value by themselves."""
    return graph.inputs(node) if graph.operations[node] == CASES else (node,)


def _start(writer: Writer, symbol: str, follows: Sequence[str], node: int) -> str:
    """A start that follows others: the symbol, what it follows, and its value."""
    return _list([_literal(symbol), _literal(list(follows)), writer.value("y,p", node)])


def _event(writer: Writer, time: int, after: bool, early: bool, assigned: Mapping[str, int]) -> str:
    """When, whether past what is read then, whether also where it is due from the start on, what it sets."""
    values = _list(_list([_literal(name), writer.value("y,p", node)]) for name, node in assigned.items())
    return _list([writer.value("y,p", time), _literal(after), _literal(early), values])


def _switch(graph: Expressions, writer: Writer, operation: int, a: int, b: int) -> str:
    """When a comparison of the time changes, and whether it holds before, then and after."""
    at, first = float(operation == AT_MOST), graph.operations[a] == STATE
    return _list([writer.value("y,p", b if first else a), _literal([float(first), at, float(not first)])])


def _factor(elimination: Elimination, size: int) -> str:
    """The elimination, written out; pivots are left inverted and rows above the diagonal scaled."""
    steps = iter(elimination.factor)
    out = ["let m;"]
    for _ in range(size):
        pivot, rows = next(steps), next(steps)
        out.append(f"const d{pivot}=a[{pivot}]=1/a[{pivot}];")
        for _ in range(rows):
            multiplier, columns = next(steps), next(steps)
            out.append(f"m=a[{multiplier}]*=d{pivot};")
            out += [f"a[{next(steps)}]-=m*a[{next(steps)}];" for _ in range(columns)]
    out += [f"a[{next(steps)}]*=d{next(steps)};" for _ in range(next(steps))]
    return "".join(out)


def _solve(elimination: Elimination, size: int) -> str:
    """Both substitutions, written out on variables of their own, which the processor keeps at hand."""
    place, unknowns = elimination.place, range(size)
    taken = [f"let {','.join(f'b{i}=b[{i}]' for i in unknowns)};"] if size else []
    diagonal = [f"b{i}*=a[{place[i, i]}];" for i in unknowns]
    forward, backward = (
        [f"b{i}-=a[{k}]*b{j};" for i, terms in part for k, j in terms]
        for part in (elimination.forward, elimination.backward)
    )
    return "".join([*taken, *forward, *diagonal, *backward, *(f"b[{i}]=b{i};" for i in unknowns)])
