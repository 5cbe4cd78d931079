"""A model whose runs are made many at a time; what the lanes cannot do is left to libRoadRunner."""

from __future__ import annotations

import functools
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from jakinib import cache
from jakinib.build.sbml import built_here
from jakinib.build.starts import Starts, starts_in
from jakinib.errors import ModelError, SimulationError, UnknownIdError
from jakinib.lanes import native
from jakinib.lanes.equations import Equations
from jakinib.lanes.program import Program
from jakinib.lanes.work import Run, arrays, row_arrays
from jakinib.simulate import RTOL, Model, Protocol
from jakinib.simulate.dormant import Dormant, leave_out
from jakinib.simulate.source import Source, units

Array = NDArray[np.float64]
GROUP = 1024  # runs that are handed over at a time
_REASONS = {
    native.TOO_SHORT: "the step size became too short",
    native.TOO_MANY: f"more than {native.MOST:,} steps",
    native.LOST: "the values are not finite",
}


@dataclass(frozen=True)
class Draft:
    """What is read from the SBML text of a model and laid out for the lanes: the slow part of their start.

    program: without what is dormant; None where lanes cannot run the model, for ``reason``.
    """

    id: str
    source: Source
    starts: Starts
    units: dict[str, str]
    dormant: Dormant = field(default_factory=Dormant)
    program: Program | None = None
    reason: str = ""

    @classmethod
    def of(cls, sbml: str, atol: float | None, lacking: str) -> Draft:
        """lacking: why there is no engine for it. Raises ModelError for a text that holds no model."""
        import libsbml

        document = libsbml.readSBMLFromString(sbml)
        model = document.getModel()
        if model is None:
            raise ModelError("the text holds no SBML model")
        source = Source(model)
        amounts = {name: species.amount for name, species in source.species.items()}
        draft = cls(model.getId() or "model", source, starts_in(model), units(model, amounts))
        if not source.plain:
            return replace(draft, reason="events, rate rules or the like")
        if atol is None and not built_here(model):
            return replace(draft, reason="the sizes of its numbers are not known")
        if lacking:
            return replace(draft, reason=lacking)
        dormant = leave_out(document, source)
        try:
            program = Program(Equations(source, dormant, atol))
        except ModelError as error:
            return replace(draft, dormant=dormant, reason=str(error))
        return replace(draft, dormant=dormant, program=program)


class Lanes:
    """A model of the package that runs many protocols at once.

    sbml: its text. rtol: relative tolerance. atol: absolute tolerance in units of amount, by default that of
    the package's models. reference: the compiled model, where there is one; it is compiled when it is needed.
    Runs as ``Model`` does: from the same fresh state, starts following parameters. What a run gives does not
    depend on the runs beside it. ``reason`` says why the lanes are not used; empty where they are.

    >>> from jakinib import Protocol, load
    >>> model = Lanes.of(load("cytokine_signalling", cytokines="IL-6"))
    >>> runs = model.run_many([Protocol([1.0], {"L_IL6": dose}) for dose in (0.1, 1.0)], ["pSTAT3_percent"])
    >>> bool(runs[1][0, 0] > runs[0][0, 0])
    True
    """

    def __init__(
        self, sbml: str, rtol: float = RTOL, *, atol: float | None = None, reference: Model | None = None
    ) -> None:
        self.sbml, self.rtol, self._atol, self._reference = sbml, rtol, atol, reference
        self._turn = threading.RLock()
        lacking = "" if native.available() else str(native.library())
        draft = cache.kept("lanes", f"{atol} {lacking}\n{sbml}", lambda: Draft.of(sbml, atol, lacking))
        self.id, self.starts, self.units, self._source = draft.id, draft.starts, draft.units, draft.source
        self._dormant, self.reason = draft.dormant, draft.reason
        self._programs: dict[bool, Program] = {} if draft.program is None else {False: draft.program}
        self._read: dict[tuple[bool, tuple[str, ...]], native.Compiled] = {}
        self._moving = {name: rule for rule in self.starts.rules for name in rule.reads}

    @classmethod
    def of(cls, model: Model, rtol: float | None = None) -> Lanes:
        """The lanes of a compiled model, made once for each and each tolerance; by default its own."""
        known, rtol = _KNOWN.setdefault(model, {}), model.rtol if rtol is None else rtol
        if rtol not in known:
            known[rtol] = cls(model.sbml, rtol, atol=model.atol, reference=model)
        return known[rtol]

    @property
    def reference(self) -> Model:
        """The model as libRoadRunner runs it."""
        with self._turn:
            if self._reference is None:
                self._reference = Model(self.sbml, self.rtol, atol=self._atol)
            return self._reference

    def _program(self, whole: bool) -> Program:
        with self._turn:
            if whole not in self._programs:
                dormant = Dormant() if whole else self._dormant
                self._programs[whole] = Program(Equations(self._source, dormant, self._atol))
            return self._programs[whole]

    def _compiled(self, whole: bool, observables: tuple[str, ...]) -> native.Compiled:
        with self._turn:
            if (whole, observables) not in self._read:
                program = self._program(whole)
                read = program.code([program.equations.node(name) for name in observables])
                self._read[whole, observables] = native.Compiled(program, read)
            return self._read[whole, observables]

    @functools.cached_property
    def settable(self) -> tuple[str, ...]:
        """Every symbol that can be set; symbols given by a rule cannot."""
        source = self._source
        free = [name for name in source.parameters if name not in source.assigned]
        return (*source.species, *source.compartments, *free)

    @functools.cached_property
    def ids(self) -> tuple[str, ...]:
        """Every symbol that can be read."""
        return (*self.settable, *self._source.assigned, *self._source.reactions)

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.ids)

    def initial(self, symbol: str) -> float:
        """Value of ``symbol`` before anything is set (concentration for species)."""
        return float(self.run(Protocol([0.0]), [symbol])[0, 0])

    def unit(self, symbol: str) -> str:
        """Declared unit of a symbol, "" when the model declares none."""
        return self.units.get(symbol, "")

    def run(self, protocol: Protocol, observables: Sequence[str]) -> Array:
        """Run a protocol from a fresh state; shape (len(protocol.times), len(observables)).

        Raises UnknownIdError for an unknown symbol and SimulationError when the integrator fails.
        """
        (found,) = self.run_many([protocol], observables)
        if isinstance(found, SimulationError):
            raise found
        return found

    def run_many(
        self, protocols: Sequence[Protocol], observables: Sequence[str], *, together: bool = False
    ) -> list[Array | SimulationError]:
        """Run protocols from a fresh state each: the values of ``run``, or why a run failed, by index.

        together: all take the steps that the first one needs, which must stop and be read at the same times;
        the differences between runs that differ little are then exact derivatives of what is computed.
        Raises UnknownIdError for an unknown symbol.
        """
        wanted = tuple(observables)
        self._require(wanted, self._known)
        kinds: dict[str, list[int]] = {}
        for number, protocol in enumerate(protocols):
            kinds.setdefault(self._kind(protocol, wanted), []).append(number)
        if together and (len(kinds) > 1 or "reference" in kinds):
            kinds = {"reference" if self.reason else "whole": list(range(len(protocols)))}
        out: dict[int, Array | SimulationError] = {}
        for kind, numbers in kinds.items():
            chosen = [protocols[i] for i in numbers]
            if kind == "reference":
                found = [self._by_reference(protocol, wanted) for protocol in chosen]
            else:
                found = self._by_lanes(chosen, wanted, kind == "whole", together)
            out |= dict(zip(numbers, found, strict=True))
        return [out[i] for i in range(len(protocols))]

    def run_rows(
        self,
        columns: Sequence[str],
        rows: Array,
        time: float,
        observables: Sequence[str],
        fixed: Mapping[str, float] | None = None,
    ) -> tuple[Array, dict[int, SimulationError]]:
        """Runs from time 0 that differ in the values of ``columns`` and are read once, at ``time`` (h).

        rows: shape (runs, columns). fixed: other settings. Returns values, shape (runs, observables), and the
        runs that failed, whose values are not to be used. Raises UnknownIdError for an unknown symbol.
        """
        given, wanted = dict(fixed or {}), tuple(observables)
        self._require(wanted, self._known)
        kind = self._kind(Protocol([time], {**given, **dict.fromkeys(columns, 1.0)}), wanted)
        if kind == "reference":
            settings = [{**given, **dict(zip(columns, row.tolist(), strict=True))} for row in rows]
            return self._rows_by_reference([Protocol([time], values) for values in settings], wanted)
        compiled, program = self._compiled(kind == "whole", wanted), self._program(kind == "whole")
        self.starts.refuse([*given, *columns], self.id)
        values: dict[str, Any] = {**given, **dict(zip(columns, rows.T, strict=True))}
        self._require(values, program.equations.settable)
        known = {**program.equations.parameters, **values}
        values |= {rule.species: rule.value(known) for rule in self.starts.moved(values)}
        failed: dict[int, SimulationError] = {}
        ended = native.run(compiled, self.rtol, row_arrays(program.equations, values, len(rows), time))
        for number in np.flatnonzero(ended.status).tolist():
            run = Run(Protocol([time]), {k: np.broadcast_to(v, len(rows))[number] for k, v in values.items()})
            status, at = int(ended.status[number]), float(ended.failed_at[number])
            if error := self._failure(status, at, run, wanted):
                failed[number] = error
        return ended.values, failed

    def _require(self, symbols: Iterable[str], known: Collection[str]) -> None:
        for symbol in (name for name in symbols if name not in known):
            raise UnknownIdError("symbol", symbol, known, where=self.id)

    def _kind(self, protocol: Protocol, observables: tuple[str, ...]) -> str:
        """What runs a protocol: the reduced program, the whole one, or the reference."""
        written = {*protocol.settings, *(name for step in protocol.steps for name in step.values)}
        if self.reason or not written.isdisjoint(self._source.compartments):
            return "reference"
        started = written
        if not self._moving.keys().isdisjoint(protocol.settings):
            started |= {rule.species for rule in self.starts.moved(protocol.settings)}
        if self._dormant.wakers.isdisjoint(started) and self._dormant.reactions.isdisjoint(observables):
            return "reduced"
        return "whole"

    def _by_reference(self, protocol: Protocol, observables: tuple[str, ...]) -> Array | SimulationError:
        try:
            return self.reference.run(protocol, observables)
        except SimulationError as error:
            return error

    def _rows_by_reference(
        self, protocols: Sequence[Protocol], observables: tuple[str, ...]
    ) -> tuple[Array, dict[int, SimulationError]]:
        values, failed = np.zeros((len(protocols), len(observables))), dict[int, SimulationError]()
        for number, protocol in enumerate(protocols):
            found = self._by_reference(protocol, observables)
            if isinstance(found, SimulationError):
                failed[number] = found
            else:
                values[number] = found[0]
        return values, failed

    def _by_lanes(
        self, protocols: Sequence[Protocol], observables: tuple[str, ...], whole: bool, together: bool
    ) -> list[Array | SimulationError]:
        program = self._program(whole)
        runs = [self._prepared(protocol, program) for protocol in protocols]
        if not together:
            groups = [runs[first : first + GROUP] for first in range(0, len(runs), GROUP)]
            return [one for group in groups for one in self._group(group, observables, whole, False)]
        beside = native.library().lanes_width() - 1
        groups = [runs[:1] + runs[first : first + beside] for first in range(1, max(len(runs), 2), beside)]
        found = [self._group(group, observables, whole, True) for group in groups]
        base = found[0][0]
        if isinstance(base, SimulationError):
            return [base] * len(runs)  # nothing says how long the steps of the others may be
        return [base, *(one for group in found for one in group[1:])]

    def _group(
        self, runs: Sequence[Run], observables: tuple[str, ...], whole: bool, together: bool
    ) -> list[Array | SimulationError]:
        compiled, equations = self._compiled(whole, observables), self._program(whole).equations
        ended = native.run(compiled, self.rtol, arrays(equations, runs), together=together)
        found: list[Array | SimulationError] = []
        row = 0
        for number, run in enumerate(runs):
            values = ended.values[row : row + len(run.times)]
            row += len(run.times)
            status, at = int(ended.status[number]), float(ended.failed_at[number])
            found.append(self._failure(status, at, run, observables) or values)
        return found

    def _prepared(self, protocol: Protocol, program: Program) -> Run:
        settings = dict(protocol.settings)
        self.starts.refuse(settings, self.id)
        for step in protocol.steps:
            self.starts.refuse(step.values, self.id)
        if not self._moving.keys().isdisjoint(settings):
            settings = self.starts.applied(settings, program.equations.parameters, self.id)
        run = Run(protocol, settings)
        for values in (settings, *(values for _, values in run.stops)):
            self._require(values, program.equations.settable)
        return run

    def _failure(
        self, status: int, time: float, run: Run, observables: tuple[str, ...]
    ) -> SimulationError | None:
        if status == 0:
            return None
        if status >= native.NOT_FINITE:
            reason = f"{observables[status - native.NOT_FINITE]} is not finite"
        else:
            reason = _REASONS[status]
        return SimulationError(reason, time, run.changed(time))


_KNOWN: WeakKeyDictionary[Model, dict[float, Lanes]] = WeakKeyDictionary()
