"""Linear kinetics under inputs that are constant between doses, solved exactly: x' = A x + b.

Whether a model is linear, and what A and b are, is read from its reaction laws, so nothing here knows the
names of a drug or a tissue. Many runs are solved at once, each to the same bits as alone: numbers are only
ever added within a run, term by term. The same model integrated is the oracle
(tests/validation/test_exact_plasma.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib.errors import SimulationError
from jakinib.simulate.formula import ELEMENTWISE, Formula, elementwise, names, parts, substituted
from jakinib.simulate.protocol import Protocol, Protocols, Step
from jakinib.simulate.source import Source

TINY = 1e-9  # hours; times closer than this are one time
WORST = 1e5  # condition number of eigenvectors up to which they cost at most five digits of sixteen

Array = NDArray[np.float64]
Values = Mapping[str, Any]  # a number of each symbol, or one a run: shape (runs,)
Form = tuple[Formula, dict[str, Formula]]  # a formula that is affine in the states: constant, coefficients


@dataclass(frozen=True)
class Linear:
    """A model whose states are linear, in amounts.

    states: initial amount, home and whether the symbol is an amount, by species. forms: of what can be read.
    rates: of each reaction, with how many of each state it makes. rules: what follows from other symbols.
    matrix: symbols that the matrices follow from, and the states. known: values of the others.
    """

    states: dict[str, tuple[float, str, bool]]
    forms: dict[str, Form]
    rates: tuple[tuple[Form, tuple[tuple[int, float], ...]], ...]
    rules: dict[str, Formula]
    matrix: frozenset[str]
    known: dict[str, float]


def linear(source: Source) -> Linear | None:
    """What is linear in a model; None where its states do not obey x' = A x + b at constant settings."""
    states = [name for name in source.species if name not in source.held]
    laws = {id: change.law for id, change in source.reactions.items()}
    if not source.plain or not states:
        return None
    formulas = (*laws.values(), *source.assigned.values())
    if any(part in laws or _is_beyond(part) for formula in formulas for part in parts(formula)):
        return None
    rules = dict(source.assigned)
    at: dict[str, Form | None] = {}
    for name in states:
        home, amount = source.species[name].home, source.species[name].amount
        at[name] = 0.0, {name: 1.0 if amount else ("/", (1.0, home))}
    forms = {id: _form(law, at, rules) for id, law in laws.items()}
    rates = [form for form in forms.values() if form is not None]
    if len(rates) < len(laws):
        return None
    for name in (*source.assigned, *source.parameters, *source.compartments, *source.species):
        forms[name] = _form(name, at, rules)
    affine = {name: form for name, form in forms.items() if form is not None}
    moving = [substituted(one, rules) for form in affine.values() for one in form[1].values()]
    place = {name: j for j, name in enumerate(states)}
    made = [
        tuple((place[name], sign * _number(n)) for name, sign, n in change.species if name in place)
        for change in source.reactions.values()
    ]
    free = {name: value for name, value in source.parameters.items() if name not in source.assigned}
    known = free | source.compartments
    known |= {name: _start(source, name, False) for name in source.held}
    return Linear(
        {name: (_start(source, name, True), *_place(source, name)) for name in states},
        affine,
        tuple(zip(rates, made, strict=True)),
        rules,
        frozenset({name for formula in moving for name in names(formula)} | {*states, *source.compartments}),
        known,
    )


def _is_beyond(part: Formula) -> bool:
    return isinstance(part, tuple) and part[0] not in ELEMENTWISE


def _number(number: Formula) -> float:
    assert isinstance(number, float)  # in a plain model
    return number


def _place(source: Source, name: str) -> tuple[str, bool]:
    return source.species[name].home, source.species[name].amount


def _start(source: Source, name: str, as_amount: bool) -> float:
    """What the file gives a species, as an amount or as its symbol means it."""
    species = source.species[name]
    size = source.compartments[species.home]
    if species.as_amount == (as_amount or species.amount):
        return species.given
    return species.given / size if species.as_amount else species.given * size


def _form(formula: Formula, at: dict[str, Form | None], rules: dict[str, Formula]) -> Form | None:
    """The formula as constant and coefficients of the states; None where it is not affine in them.

    at: forms that are known, by name; those of rules are added. What such a rule is made of becomes a rule of
    its own (a name with a blank, which no symbol has), so that it is worked out once.
    """
    if isinstance(formula, str):
        if formula in rules and formula not in at:
            at[formula] = found = _form(rules[formula], at, rules)
            if found is not None and found[1]:
                shares = {name: f"{formula} by {name}" for name in found[1]}
                rules |= {shares[name]: one for name, one in found[1].items()}
                at[formula] = found[0], dict(shares)
            elif found is not None:
                at[formula] = formula, {}
        return at.get(formula, (formula, {}))
    if isinstance(formula, float):
        return formula, {}
    operation, operands = formula
    forms = [form for form in (_form(operand, at, rules) for operand in operands) if form is not None]
    if len(forms) < len(operands):
        return None
    moved = [form for form in forms if form[1]]
    if not moved:
        return formula, {}
    if operation in ("+", "-"):
        states = dict.fromkeys(name for form in forms for name in form[1])
        terms = {name: [form[1].get(name, 0.0) for form in forms] for name in states}
        constants = _total(operation, [form[0] for form in forms])
        return constants, {name: _total(operation, own) for name, own in terms.items()}
    if len(moved) > 1 or not (operation == "*" or (operation == "/" and forms[0][1])):
        return None
    place = forms.index(moved[0])

    def times(part: Formula) -> Formula:
        factors = (*operands[:place], part, *operands[place + 1 :])
        return (
            operands[1 - place]
            if part == 1.0 and operation == "*" and len(factors) == 2
            else (operation, factors)
        )

    constant, coefficients = moved[0]
    return times(constant) if constant else 0.0, {name: times(one) for name, one in coefficients.items()}


def _total(operation: str, terms: list[Formula]) -> Formula:
    """Sum or difference of terms, most of which are zero."""
    if not any(terms):
        return 0.0
    if operation == "+":
        terms = [term for term in terms if term]
        return terms[0] if len(terms) == 1 else ("+", tuple(terms))
    if len(terms) > 1 and not all(terms):
        return terms[0] or ("-", (terms[1],))
    return "-", tuple(terms)


class _Known(dict[str, Any]):
    """Values of symbols; those that follow from others are worked out when they are asked for."""

    def __init__(self, values: Values, rules: Mapping[str, Formula]) -> None:
        super().__init__(values)
        self._rules = rules

    def __missing__(self, name: str) -> Any:
        self[name] = value = elementwise(self._rules[name], self)
        return value


def course(model: Linear, protocol: Protocol, settings: Mapping[str, float], read: Sequence[str]) -> Array:
    """Run a protocol exactly; shape (len(protocol.times), len(read)). settings: those of its start."""
    times = np.asarray(protocol.times, dtype=float)[:, None]
    known = {**model.known, **{name: float(value) for name, value in settings.items()}}
    steps = [step for step in protocol.steps if step.time < times[-1, 0]]
    cuts = [k for k, step in enumerate(steps) if not model.matrix.isdisjoint(step.values)]
    amounts, now, row, first = _amounts(model, known, 1), protocol.start, 0, 0
    out: list[Array] = []
    for cut in (*cuts, len(steps)):
        end = steps[cut].time if cut < len(steps) else times[-1, 0]
        stop = int(np.searchsorted(times[:, 0], end + TINY, side="right")) if cut < len(steps) else len(times)
        inputs = _written(known, steps[first:cut])
        edges = np.maximum([now, *(step.time for step in steps[first:cut]), end], now)[:, None]
        stretch = _Stretch(model, {**known, **inputs}, amounts, edges)
        values, amounts = stretch.read(times[row:stop], read)
        out.append(values[:, 0])
        known |= {name: float(values[-1, 0]) for name, values in inputs.items()}
        if cut < len(steps):
            known |= {name: float(value) for name, value in steps[cut].values.items()}
            for j, (name, (_, home, amount)) in enumerate(model.states.items()):
                if name in steps[cut].values:
                    amounts[:, j] = known.pop(name) * (1.0 if amount else known[home])
        now, row, first = max(now, end), stop, cut + 1
    return np.concatenate(out)


def _written(known: Mapping[str, float], steps: Sequence[Step]) -> dict[str, Array]:
    """Values of what steps write, before the first and from each on: shape (steps + 1, 1)."""
    inputs = {name: [known[name]] for step in steps for name in step.values}
    for step in steps:
        for name, values in inputs.items():
            values.append(float(step.values.get(name, values[-1])))
    return {name: np.array(values)[:, None] for name, values in inputs.items()}


def courses(model: Linear, protocols: Protocols, read: Sequence[str]) -> Array:
    """Run protocols whose values change no matrix exactly; shape (times, runs, len(read))."""
    number = len(protocols)
    known = {**model.known, **protocols.settings}
    before = {name: np.broadcast_to(known[name], (1, number)) for name in protocols.values}
    inputs = {name: np.concatenate((before[name], values)) for name, values in protocols.values.items()}
    inner = protocols.edges if inputs else protocols.edges[:0]
    edges = np.concatenate((np.zeros((1, number)), np.broadcast_to(inner, (len(inner), number))))
    edges = np.concatenate((edges, np.maximum(edges[-1:], protocols.times[-1:])))
    stretch = _Stretch(model, {**known, **inputs}, _amounts(model, known, number), edges)
    return stretch.read(protocols.times, read)[0]


def _amounts(model: Linear, known: Values, number: int) -> Array:
    """Amounts at the start, shape (runs, states); in a resized compartment the concentration stays."""
    out = np.empty((number, len(model.states)))
    for j, (name, (given, home, amount)) in enumerate(model.states.items()):
        if name in known:
            out[:, j] = known[name] if amount else known[name] * known[home]
        else:
            out[:, j] = given if amount else given * (known[home] / model.known[home])
    return out


class _Stretch:
    """A part of runs with the same matrices: pieces of constant input, one after the other.

    known: values of symbols, a number, one a run, or (pieces, runs). start: amounts, (runs, states).
    edges: hours at which pieces begin and the last one ends, (pieces + 1, runs).
    """

    def __init__(self, model: Linear, known: Values, start: Array, edges: Array) -> None:
        self._known, self._start, self._edges = _Known(known, model.rules), start, edges
        self._forms, self._place = model.forms, {name: j for j, name in enumerate(model.states)}
        number, size = start.shape
        self._matrix, self._inputs = np.zeros((number, size, size)), np.zeros((len(edges) - 1, size, number))
        with np.errstate(all="ignore"):
            for (constant, coefficients), made in model.rates:
                for name, coefficient in coefficients.items():
                    value = elementwise(coefficient, self._known)
                    for i, times in made:
                        self._matrix[:, i, self._place[name]] += times * value
                if constant:
                    value = elementwise(constant, self._known)
                    for i, times in made:
                        self._inputs[:, i] += times * value
        if not (np.isfinite(self._matrix).all() and np.isfinite(self._inputs).all()):
            raise SimulationError("the rates of change are not finite")

    def read(self, times: Array, names: Sequence[str]) -> tuple[Array, Array]:
        """What is read at ``times`` (times, runs), shape (times, runs, names); the amounts at the end."""
        edges, before, runs = self._edges, times - TINY, np.arange(times.shape[1])
        pairs = zip(edges[1:].T, before.T, strict=True)
        piece = np.array([np.searchsorted(one, at) for one, at in pairs]).T.reshape(times.shape)
        piece = np.minimum(piece, len(edges) - 2)
        after = np.maximum(times - edges[piece, runs], 0.0)
        spans = np.diff(edges, axis=0)
        states, end = _solved(self._matrix, self._start, self._inputs, spans, after, piece)
        out = np.empty((*times.shape, len(names)))
        with np.errstate(all="ignore"):
            for k, (constant, coefficients) in enumerate(self._forms[name] for name in names):
                value = elementwise(constant, self._known)
                if np.ndim(value) == 2:
                    value = np.broadcast_to(value, spans.shape)[piece, runs]
                for name, coefficient in coefficients.items():
                    value = value + elementwise(coefficient, self._known) * states[:, self._place[name]]
                out[..., k] = value
        return out, end


def _solved(
    matrix: Array, start: Array, inputs: Array, spans: Array, after: Array, piece: NDArray
) -> tuple[Array, Array]:
    """States ``after`` hours of ``piece``, (times, states, runs), and at the end of all, (runs, states).

    spans: hours that each piece lasts, (pieces, runs); inputs: (pieces, states, runs).
    """
    values, vectors = np.linalg.eig(matrix)
    good = (values.imag == 0).all(axis=1)
    try:
        back = np.linalg.inv(vectors)
    except np.linalg.LinAlgError:  # of one of them
        good &= np.linalg.det(vectors) != 0
        vectors[~good] = np.eye(matrix.shape[1])
        back = np.linalg.inv(vectors)
    condition = np.square(np.abs(vectors)).sum(axis=(1, 2)) * np.square(np.abs(back)).sum(axis=(1, 2))
    good &= condition < WORST**2
    modes = np.ascontiguousarray(values.real.T), vectors.real, back.real
    if good.all():
        return _by_modes(*modes, start, inputs, spans, after, piece)
    states, end = np.empty((len(after), *start.T.shape)), np.empty_like(start)
    if good.any():
        some = [one[..., good] for one in (inputs, spans, after, piece)]
        known = modes[0][:, good], modes[1][good], modes[2][good]
        states[..., good], end[good] = _by_modes(*known, start[good], *some)
    for i in np.flatnonzero(~good):
        own = [one[..., i] for one in (inputs, spans, after, piece)]
        states[..., i], end[i] = _by_exponential(matrix[i], start[i], *own)
    return states, end


def _by_modes(
    values: Array,
    vectors: Array,
    back: Array,
    start: Array,
    inputs: Array,
    spans: Array,
    after: Array,
    piece: NDArray,
) -> tuple[Array, Array]:
    """Each mode decays on its own: y(t) = exp(l t) y + (exp(l t) - 1) / l d. values: (modes, runs)."""

    def mapped(matrices: Array, of: Array) -> Array:
        """matrices: (runs, rows, columns). of: (..., columns, runs)."""
        columns = np.ascontiguousarray(matrices.transpose(2, 1, 0))
        total = columns[0] * of[..., 0, None, :]
        for j in range(1, len(columns)):
            total += columns[j] * of[..., j, None, :]
        return total

    def moved(hours: Array, drive: Array) -> tuple[Array, Array]:
        power = values * hours[:, None]
        grown = np.expm1(power) / np.where(values == 0, 1.0, values)
        return np.exp(power), np.where(values == 0, hours[:, None], grown) * drive

    drive = mapped(back, inputs)
    begun = np.empty((len(spans) + 1, *values.shape))
    begun[0] = mapped(back, start.T)
    for k, (decay, more) in enumerate(zip(*moved(spans, drive), strict=True)):
        begun[k + 1] = decay * begun[k] + more
    number, runs = values.shape
    which = piece[:, None], np.arange(number)[:, None], np.arange(runs)
    decay, more = moved(after, drive[which])
    read = decay * begun[which] + more
    return mapped(vectors, read), mapped(vectors, begun[-1]).T


def _by_exponential(
    matrix: Array, start: Array, inputs: Array, spans: Array, after: Array, piece: NDArray
) -> tuple[Array, Array]:
    """The same for one run whose modes are no good basis, such as those of two equal rates in a row."""
    from scipy.linalg import expm

    size, read = len(start), len(after)
    hours, which = np.concatenate((after, spans)), np.concatenate((piece, np.arange(len(spans))))
    whole = np.zeros((len(hours), size + 1, size + 1))
    whole[:, :size, :size] = matrix
    whole[:, :size, size] = inputs[which]
    grown = expm(whole * hours[:, None, None])[:, :size]
    begun = [start]
    for factor in grown[read:]:
        begun.append(factor[:, :size] @ begun[-1] + factor[:, size])
    from_there = np.array(begun)[piece]
    return np.einsum("tij,tj->ti", grown[:read, :, :size], from_there) + grown[:read, :, size], begun[-1]
