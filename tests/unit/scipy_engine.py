"""A second engine: SciPy on the rate laws of an SBML model of reactions and assignment rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import libsbml
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from jakinib.build import ModelSpec, compose, to_sbml
from jakinib.errors import SimulationError
from jakinib.experiments import Models
from jakinib.library import get_library
from jakinib.simulate import Protocol

Values = dict[str, float]


class ScipyModel:
    """A Runnable: states are amounts, everything else is read from a namespace of symbols."""

    def __init__(self, sbml: str) -> None:
        document = libsbml.readSBMLFromString(sbml)
        model = document.getModel()
        assert not model.getNumEvents()
        assert not model.getNumInitialAssignments()
        self.home = {s.getId(): s.getCompartment() for s in model.getListOfSpecies()}
        self.amounts = {s.getId() for s in model.getListOfSpecies() if s.getHasOnlySubstanceUnits()}
        self.states = [s.getId() for s in model.getListOfSpecies() if not s.getBoundaryCondition()]
        rules = {r.getVariable(): r.getMath() for r in model.getListOfRules()}
        self.start: Values = {c.getId(): c.getSize() for c in model.getListOfCompartments()}
        self.start |= {p.getId(): p.getValue() for p in model.getListOfParameters() if p.getId() not in rules}
        for s in model.getListOfSpecies():
            amount = s.getInitialAmount() if s.isSetInitialAmount() else s.getInitialConcentration()
            self.start[s.getId()] = amount
        self.settable = tuple(self.start)
        lines = [f"{name} = {text(rules[name])}" for name in ordered(rules)]
        self._rules = compile("\n".join(lines), "rules", "exec")
        flows: dict[str, list[str]] = {name: [] for name in self.states}
        for reaction in model.getListOfReactions():
            rate = text(reaction.getKineticLaw().getMath())
            sides = {"-": reaction.getListOfReactants(), "+": reaction.getListOfProducts()}
            for sign, references in sides.items():
                for reference in references:
                    if reference.getSpecies() in flows:
                        flow = f"{sign} {reference.getStoichiometry()} * ({rate})"
                        flows[reference.getSpecies()].append(flow)
        laws = ", ".join(" ".join(terms) or "0.0" for terms in flows.values())
        self._flows = compile(f"({laws},)", "f", "eval")

    def unit(self, symbol: str) -> str:
        return ""

    def initial(self, symbol: str) -> float:
        return self._all(dict(self.start))[symbol]

    def _all(self, values: Values) -> Values:
        exec(self._rules, {}, values)  # formulas of libSBML's own parser
        return values

    def _size(self, name: str, values: Values) -> float:
        return 1.0 if name in self.amounts else values[self.home[name]]

    def _at(self, amounts: NDArray[np.float64], values: Values) -> Values:
        here = {name: a / self._size(name, values) for name, a in zip(self.states, amounts, strict=True)}
        return self._all({**values, **here})

    def run(self, protocol: Protocol, observables: Sequence[str]) -> NDArray[np.float64]:
        values = {**self.start, **protocol.settings}
        times = np.asarray(protocol.times, dtype=float)
        sizes = np.array([self._size(name, values) for name in self.states])
        state = np.array([values[name] for name in self.states]) * sizes
        now, done, rows = protocol.start, 0, []
        for step in (*protocol.steps, None):
            end = times[-1] if step is None else min(step.time, times[-1])
            stop = int(np.searchsorted(times, end, side="right"))
            due, done = times[done:stop], stop  # what falls on a step is read before it acts
            if end > now:
                solved = solve_ivp(
                    self._slope, (now, end), state, "LSODA", np.union1d(due, [end]), args=(values,),
                    rtol=1e-8, atol=1e-12 * sizes,
                )  # fmt: skip
                if not solved.success:
                    raise SimulationError(solved.message, now)
                at = np.searchsorted(solved.t, due)
                rows += [self._read(solved.y[:, i], values, observables) for i in at]
                state, now = solved.y[:, -1], end
            else:
                rows += [self._read(state, values, observables) for _ in due]
            changed = {} if step is None else step.values
            values = {**values, **changed}
            given = [changed.get(name, np.nan) for name in self.states]
            state = np.where(np.isnan(given), state, given * sizes)
        return np.array(rows)

    def _slope(self, time: float, state: NDArray[np.float64], values: Values) -> Any:
        return eval(self._flows, {}, self._at(state, values))

    def _read(self, state: NDArray[np.float64], values: Values, observables: Sequence[str]) -> list[float]:
        here = self._at(state, values)
        return [here[name] for name in observables]


class ScipyModels(Models):
    """The models of the library on the second engine."""

    def compiled(self, spec: ModelSpec) -> ScipyModel:
        resolved = self.resolved(spec).resolved(get_library())
        return self.once(("compiled", resolved), lambda: ScipyModel(to_sbml(compose(resolved))))


def text(math: libsbml.ASTNode) -> str:
    return libsbml.formulaToString(math).replace("^", "**")  # without units


def ordered(rules: dict[str, libsbml.ASTNode]) -> list[str]:
    """Rules after those that they read."""
    reads = {name: set(re.findall(r"[A-Za-z_]\w*", text(math))) & set(rules) for name, math in rules.items()}
    out: list[str] = []
    while len(out) < len(reads):
        out += [name for name in reads if name not in out and reads[name] <= set(out)]
    return out
