"""Every call of a compiled model is made here. Each guard answers a trap shown in tests/engine."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.arguments import Within, checked
from jakinib.errors import SimulationError, UnknownIdError
from jakinib.simulate.blueprint import engine
from jakinib.simulate.general import Fresh
from jakinib.simulate.invariant import Laws
from jakinib.simulate.linear import Linear, course, courses
from jakinib.simulate.parameters import Parameters
from jakinib.simulate.protocol import Protocol, Protocols
from jakinib.simulate.scale import Scale, absolute, described

RTOL = 1e-8
Relative = Annotated[float, Within(0, 1)]  # tolerance
Absolute = Annotated[float, Within(0, 1e30)]
MAX_STEPS = 50_000
REPEATS = 2  # of a run whose tolerances were too coarse for a state
TINY = 1e-9  # hours; times closer than this are one time


Array = NDArray[np.float64]


@checked
class Model:
    """A compiled SBML model; run it with ``run``. Threads take turns.

    sbml: SBML text. rtol: relative tolerance of the integrator. reduced: leave species that stay zero out of
    the integration; what would wake them is run on the whole model. atol: absolute tolerance in the units of
    the model's amounts; by default it follows from the size of each state.
    exact: solve a linear model of this package in closed form; else it is integrated as others are.
    Every run starts from the same fresh state: no result depends on the runs before it.
    Raises ModelError for a model with a construct that is not supported, naming it.

    >>> import jakinib as jk
    >>> model = jk.Model(jk.load("oral_pk").sbml)
    >>> float(model.run(jk.Protocol([24.0]), ["C_baricitinib"])[0, 0])  # nothing was dosed
    0.0
    """

    def __init__(
        self,
        sbml: str,
        rtol: Relative = RTOL,
        *,
        reduced: bool = True,
        atol: Absolute | None = None,
        exact: bool = True,
    ) -> None:
        self.sbml, self.rtol, self.reduced, self.atol, self.exact = sbml, rtol, reduced, atol, exact
        self.turn = threading.RLock()  # held while a run uses the state of the engine
        plan, self._rr = engine(sbml, reduced)
        self.sha256 = hashlib.sha256(sbml.encode()).hexdigest()
        self.id, self.starts, self.units, self._ours = plan.id, plan.starts, plan.units, plan.ours
        source, dormant = plan.source, plan.dormant
        self._linear = plan.linear if plan.ours and exact else None
        self._source, self._switches = source, plan.switches
        self._amount_only = frozenset(name for name, species in source.species.items() if species.amount)
        self._wakers, self._left_out = dormant.wakers | dormant.reactions, dormant.reactions
        self._whole: Model | None = None
        self._given = Parameters(self._rr, source, Laws(plan.rules), plan.apart)
        self._index(dormant.species)
        if self._switches:
            self._fresh = Fresh(self._rr, source, self._given.ruled, self.id)
            if not source.unset:
                self._fresh.write({}, 0.0)
        self._selection, self._states, self._columns = tuple[str, ...](), tuple[str, ...](), list[int]()
        self._rr.integrator.setValue("variable_step_size", False)
        self._tolerances()

    def _index(self, asleep: frozenset[str]) -> None:
        """Where the engine keeps each symbol, and the values it starts from."""
        model = self._rr.model
        self._model, self._integrated = model, tuple(model.getFloatingSpeciesIds())
        self._held = tuple(model.getBoundarySpeciesIds())
        floating = {*self._integrated, *asleep} - self._source.held
        self.species = tuple(name for name in self._source.species if name in floating)
        self.boundary = tuple(name for name in (*self._held, *self._integrated) if name not in floating)
        self.compartments = tuple(model.getCompartmentIds())
        self.parameters = self._given.names
        self.fluxes = (*self._source.reactions, *self._source.references)
        kinds = {"compartment": self.compartments, "parameter": self.parameters}
        kinds |= {"boundary": self._held, "species": self._integrated}
        places = [(name, (kind, i)) for kind, names in kinds.items() for i, name in enumerate(names)]
        self._settable = {name: place for name, place in places if name not in self._given.ruled}
        self._compartment_values = np.array(model.getCompartmentVolumes(), dtype=float)
        self._boundary_values = np.array(model.getBoundarySpeciesConcentrations(), dtype=float)
        self._species_amounts = np.array(model.getFloatingSpeciesAmounts(), dtype=float)
        self._home = [model.getCompartmentIndexForFloatingSpecies(i) for i in range(len(self._integrated))]

    @property
    def tolerances(self) -> dict[str, Any]:
        """Relative and absolute tolerance of the integrator, as results record them."""
        return {"rtol": self.rtol, **described(self.atol, self._ours)}

    def _tolerances(self) -> None:
        integrator = self._rr.integrator
        integrator.setValue("relative_tolerance", self.rtol)
        integrator.setValue("maximum_num_steps", MAX_STEPS)
        number = len(integrator.getAbsoluteToleranceVector())
        states = [self._model.getStateVectorId(i) for i in range(number)]  # rate rules come first
        self._scale = None if self._ours or self.atol is not None else Scale(self._rr, states)
        # A scalar would be rescaled by the current state at every call (roadrunner#1349).
        if self._scale:
            self._scale.start()
        elif states:
            sizes = dict(zip(self._integrated, self._compartment_values[self._home], strict=True))
            given, amounts = self.atol, self._amount_only
            values = [absolute(s, sizes, s in amounts) if given is None else given for s in states]
            integrator.setValue("absolute_tolerance", values)

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.sbml, self.rtol, self.reduced, self.atol, self.exact)

    @property
    def ids(self) -> tuple[str, ...]:
        """Every symbol that can be read."""
        return (*self.species, *self.boundary, *self.compartments, *self.parameters, *self.fluxes)

    @property
    def settable(self) -> tuple[str, ...]:
        """Every symbol that can be set; symbols given by a rule cannot."""
        return tuple(self._settable)

    def able_to_set(self, symbols: Iterable[str]) -> Model:
        """This model, or the whole one where a value of ``symbols`` could wake what is left out here."""
        if self._wakers.isdisjoint(symbols):
            return self
        with self.turn:
            if self._whole is None:
                self._whole = Model(self.sbml, self.rtol, reduced=False, atol=self.atol, exact=self.exact)
            return self._whole

    def started(self, settings: Mapping[str, float]) -> dict[str, float]:
        """Settings with the starts that follow from them; raises InputError for one it cannot take."""
        if not self.starts.moved(settings):
            self.starts.refuse(settings, self.id)
            return dict(settings)
        return self.starts.applied(settings, self._given.first, self.id)

    def initial(self, symbol: str) -> float:
        """Value of ``symbol`` before anything is set (concentration for species)."""
        with self.turn:
            self._reset({})
            return self._read(symbol)

    def unit(self, symbol: str) -> str:
        """Declared unit of a symbol, "" when the model declares none."""
        return self.units.get(symbol, "")

    def require(self, symbols: Iterable[str], known: Iterable[str] | None = None) -> None:
        """Raises UnknownIdError for the first symbol the model lacks."""
        options = set(self.ids if known is None else known)
        for symbol in (name for name in symbols if name not in options):
            raise UnknownIdError("symbol", symbol, options, where=self.id)

    def _reset(self, settings: Mapping[str, float], time: float = 0.0) -> None:
        """The one way to a fresh state: every vector is written, nothing is left to the engine's resets."""
        model = self._model
        if self._switches:
            self.require(settings, self._settable)
            self._fresh.write(settings, time)
            return
        model.setTime(0.0)
        model.setCompartmentVolumes(list(range(len(self.compartments))), self._compartment_values)
        self._given.reset()
        if self._held:
            model.setBoundarySpeciesConcentrations(list(range(len(self._held))), self._boundary_values)
        sizes = {name: settings[name] for name in self.compartments if name in settings}
        self._set(sizes)
        if self._integrated:
            model.setFloatingSpeciesAmounts(list(range(len(self._integrated))), self._amounts_in(sizes))
        self.change({name: value for name, value in settings.items() if name not in sizes})

    def _amounts_in(self, sizes: Mapping[str, float]) -> Array:
        """Initial amounts; in a resized compartment the initial concentration stays."""
        if not sizes:
            return self._species_amounts
        amounts = self._species_amounts.copy()
        for i, (name, home) in enumerate(zip(self._integrated, self._home, strict=True)):
            if self.compartments[home] in sizes and name not in self._amount_only:
                amounts[i] *= float(sizes[self.compartments[home]]) / self._compartment_values[home]
        return amounts

    def _set(self, values: Mapping[str, float]) -> None:
        model = self._model
        for symbol, value in values.items():
            if symbol not in self._settable:
                self.require([symbol], self._settable)
            (kind, index), number = self._settable[symbol], float(value)
            if kind == "parameter":
                self._given.set(symbol, number)
            elif kind == "boundary" and symbol in self._amount_only:
                self._rr.setValue(symbol, number)
            elif kind == "boundary":
                model.setBoundarySpeciesConcentrations([index], [number])
            elif kind == "compartment":
                model.setCompartmentVolumes([index], [number])
            elif symbol in self._amount_only:
                model.setFloatingSpeciesAmounts([index], [number])
            else:
                model.setFloatingSpeciesConcentrations([index], [number])

    def _select(self, observables: Sequence[str], states: tuple[str, ...] = ()) -> None:
        wanted = tuple(observables)
        if (wanted, states) != (self._selection, self._states):
            self.require(wanted)
            species = set(self.species) | set(self.boundary)
            self._columns = [i for i, name in enumerate(wanted) if self._given.apart(name) is None]
            held = [wanted[i] for i in self._columns]
            columns = [f"[{o}]" if o in species and o not in self._amount_only else o for o in held]
            self._rr.timeCourseSelections = ["time", *columns, *states]
            self._selection, self._states = wanted, states

    def _read(self, symbol: str) -> float:
        self.require([symbol])
        if (value := self._given.apart(symbol)) is not None:
            return value
        concentration = symbol in (*self.species, *self.boundary) and symbol not in self._amount_only
        return float(self._rr.getValue(f"[{symbol}]" if concentration else symbol))

    def run(self, protocol: Protocol, observables: Sequence[str]) -> Array:
        """Run a protocol from a fresh state.

        Returns an array (len(protocol.times), len(observables)) in model units.
        Raises UnknownIdError for an unknown symbol and SimulationError when the integrator fails.
        """
        settings = self.started(protocol.settings)
        later = [name for step in protocol.steps for name in step.values]
        self.starts.refuse(later, self.id)
        read = self._left_out.intersection(observables)  # rates of what stays zero
        model = self.able_to_set([*settings, *later, *read])
        if model is not self:
            return model.run(protocol, observables)
        with self.turn:
            return self._run(protocol, settings, observables)

    def run_all(self, protocols: Protocols, observables: Sequence[str]) -> Array:
        """Run protocols that differ in numbers alone; shape (times, runs, observables).

        What a run gives does not depend on the runs beside it. A linear model is solved for all at once,
        another one is run for each.
        Raises UnknownIdError for an unknown symbol and SimulationError when one of the runs fails.
        """
        written = [*protocols.settings, *protocols.values]
        model = self.able_to_set([*written, *self._left_out.intersection(observables)])
        if model is not self:
            return model.run_all(protocols, observables)
        self.starts.refuse(written, self.id)
        linear = self._solved(observables)
        if linear and linear.matrix.isdisjoint(protocols.values) and not self.starts.moved(written):
            self.require(written, self._settable)
            out = courses(linear, protocols, observables)
            bad = np.flatnonzero(~np.isfinite(out).all(axis=(0, 2)))
            for number in bad[:1].tolist():
                self._finite(out[:, number], protocols[number], observables, {})
            return out
        found = []
        for number in range(len(protocols)):
            rows = np.unique(protocols.times[:, number], return_inverse=True)[1]
            found.append(self.run(protocols[number], observables)[rows])
        return np.stack(found, axis=1)

    def closed_form(self, observables: Sequence[str]) -> bool:
        """Whether runs that read these are solved in closed form."""
        return self._solved(observables) is not None

    def _solved(self, observables: Sequence[str]) -> Linear | None:
        """How runs are solved that read these; None where they are integrated."""
        linear = self._linear
        return linear if linear and linear.forms.keys() >= set(observables) else None

    def _run(self, protocol: Protocol, settings: Mapping[str, float], observables: Sequence[str]) -> Array:
        if linear := self._solved(observables):
            written = [*settings, *(name for step in protocol.steps for name in step.values)]
            self.require(written, self._settable)
            return self._finite(
                course(linear, protocol, settings, observables), protocol, observables, settings
            )
        self._select(observables, self._scale.states if self._scale else ())
        self._reset(settings, protocol.start)
        if self._scale:
            self._scale.start()
        for _ in range(REPEATS):
            out = self._course(protocol)
            if self._scale is None or not self._scale.repeat():
                return out
            self._reset(settings, protocol.start)
        return self._course(protocol)

    def _stops(self, protocol: Protocol) -> list[tuple[float, Mapping[str, float]]]:
        """Times at which the integration stops, with the values written there; the last is the end."""
        stops = [(step.time, step.values) for step in protocol.steps]
        end = float(protocol.times[-1])
        if self._switches:
            stops += [(time, {}) for time in self._fresh.begin(self._switches, protocol.start, end)]
            stops.sort(key=lambda stop: stop[0])
        return [*stops, (end, {})]

    def _course(self, protocol: Protocol) -> Array:
        """Run a protocol from the fresh state that was written."""
        times = np.asarray(protocol.times, dtype=float)
        out = np.empty((len(times), len(self._selection)))
        now, row = protocol.start, 0
        changed = dict(protocol.settings)
        for time, values in self._stops(protocol):
            end = min(time, float(times[-1]))
            stop = int(np.searchsorted(times, end + TINY, side="right"))
            if row < len(times) and stop > row:
                row = self._advance(now, end, times[row:stop], out, row, changed)
            elif end > now:
                self._advance(now, end, times[:0], out, row, changed)
            now = max(now, end)
            if row >= len(times):
                break
            if values:
                self.change(values)
                changed.update(values)
        return self._finite(out, protocol, self._selection, changed)

    def _finite(
        self, out: Array, protocol: Protocol, observables: Sequence[str], changed: Mapping[str, float]
    ) -> Array:
        if not np.isfinite(out).all():
            at, which = np.argwhere(~np.isfinite(out))[0]
            name, time = observables[which], float(protocol.times[at])
            raise SimulationError(f"{name} is not finite", time, dict(changed))
        return out

    def change(self, values: Mapping[str, float]) -> None:
        self._set(values)
        self._given.apply_laws()

    def _advance(
        self,
        now: float,
        end: float,
        times: Array,
        out: Array,
        row: int,
        changed: Mapping[str, float],
    ) -> int:
        """Integrate from ``now`` to ``end``, store the rows of ``times``; returns the next row."""
        if end - now <= TINY:
            out[row : row + len(times)] = [self._read(symbol) for symbol in self._selection]
            return row + len(times)
        grid = np.unique(np.concatenate(([now], times, [end])))
        grid = grid[np.concatenate(([True], np.diff(grid) > TINY))]
        try:
            table = np.asarray(self._rr.simulate(times=grid.tolist()))
        except RuntimeError as error:
            reason = str(error).split(";")[0].strip().splitlines()[-1]
            raise SimulationError(reason, float(self._model.getTime()), dict(changed)) from error
        if self._switches and self._fresh.chatter:  # the engine has stopped and returns unwritten rows
            raise SimulationError(self._fresh.chatter, float(self._model.getTime()), dict(changed))
        nearest = np.minimum(np.searchsorted(grid, times - TINY), len(grid) - 1)
        width, rows = len(self._columns) + 1, out[row : row + len(times)]
        rows[:, self._columns] = table[nearest, 1:width]
        for column in set(range(len(self._selection))).difference(self._columns):
            rows[:, column] = self._given.apart(self._selection[column])
        if self._scale:
            self._scale.seen(table[:, width:])
        return row + len(times)


@functools.lru_cache(maxsize=64)
def _arrived(sbml: str, rtol: float, reduced: bool, atol: float | None, exact: bool) -> Model:
    """A model that was sent to this process, loaded once however often it comes."""
    return Model(sbml, rtol, reduced=reduced, atol=atol, exact=exact)
