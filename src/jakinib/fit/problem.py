"""The objective of a plan: residuals of data and priors, and their blockwise Jacobian."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jakinib.build.estimates import estimates
from jakinib.build.symbols import symbols, unit_of
from jakinib.errors import PlanError, SimulationError, UnitError, UnknownIdError
from jakinib.experiments import CellIC50, Experiment, experiment
from jakinib.fit.context import Asked, Context
from jakinib.fit.inherited import groups, inherited
from jakinib.fit.plan import FreeParameter, Plan, Prior
from jakinib.fit.slopes import Made, Part, slopes
from jakinib.library.measurements import DataSet
from jakinib.units import factor

Z90 = 1.6448536269514722  # standard normal quantile, two-sided 90 %
STEP = 1e-5  # finite-difference step in ln(parameter); integration is at rtol 1e-10


class Problem:
    """Residuals of a plan as a function of the log of its free parameters.

    without: calibration rows that are left out; what they alone inform rests on its prior. spreads: standard
    deviations that the plan estimates, by name; at first the medians of their priors.
    """

    def __init__(self, plan: Plan, data: DataSet, without: Collection[str] = ()) -> None:
        self.plan = plan
        self.spreads = {name: prior.median for name, prior in plan.spreads.items()}
        self.names = [parameter.id for parameter in plan.parameters]
        self.low = np.log([p.low for p in plan.parameters])
        self.high = np.log([p.high for p in plan.parameters])
        self.start = np.log([p.start for p in plan.parameters])
        self.context, declared = build_experiments(plan, data)
        self.targets = [target for target in declared if target.row.id not in without]
        self.to_model = np.array([self._model_factor(p, declared) for p in plan.parameters])
        self.reserves = _distinct_reserves(declared) if plan.reserve_prior else []
        self._offset_rows = {
            i: [row for row, target in enumerate(self.targets) if name in target.offsets]
            for i, name in enumerate(self.names)
            if any(name in target.offsets for target in declared)
        }
        self.given = {
            symbol: setting.value * factor(setting.unit, unit_of(symbol, symbols(), f"plan {plan.id}: given"))
            for symbol, setting in plan.given.items()
        }  # values of symbols that are not free, in place of the estimates
        self._last: _Evaluated | None = None
        self.inherited = inherited(plan)
        together = {index for indices in groups(plan).values() for index in indices}
        alone = [(i, p) for i, p in enumerate(plan.parameters) if i not in together]
        priors = [(i, stated_prior(plan, parameter)) for i, parameter in alone]
        self.priors = [(i, prior) for i, prior in priors if prior is not None]
        simulated = [*self.targets, *self.reserves]
        self._touching = [frozenset(self._touched(target)) for target in simulated]
        self._parts: list[Part] = [functools.partial(self._data_residual, target) for target in self.targets]
        self._parts += [functools.partial(self._reserve_residual, target) for target in self.reserves]
        if not without:
            self._refuse_idle(together)

    def _touched(self, target: Experiment) -> list[int]:
        """Parameters that the distance of an experiment can depend on; offsets are told apart."""
        read = target.symbols(self.context)
        return [i for i, p in enumerate(self.plan.parameters) if {p.id, *p.also} & read]

    def _refuse_idle(self, together: set[int]) -> None:
        """Raises PlanError for a parameter that no row moves; those taken over together follow each other."""
        moved = {i for touched in self._touching for i in touched}
        moved |= {*self._offset_rows, *together, *(i for i, prior in self.priors if prior.spread)}
        if idle := set(range(len(self.names))) - moved:
            raise PlanError(
                f"plan {self.plan.id}: no calibration row depends on '{self.names[min(idle)]}'; remove it"
            )

    def _model_factor(self, parameter: FreeParameter, targets: Sequence[Experiment]) -> float:
        """Multiplier from the plan's unit to the unit of the symbol in the composed models."""
        where = f"plan {self.plan.id}: parameter {parameter.id}"
        named = (parameter.id, *parameter.also)
        units = {symbol: self._unit(symbol, parameter, targets, where) for symbol in named}
        try:
            for symbol, unit in units.items():
                if factor(unit, units[parameter.id]) != 1:
                    raise UnitError(
                        f"{symbol} is in {unit}, not in {units[parameter.id]}: no value suits both"
                    )
            return factor(parameter.unit, units[parameter.id])
        except UnitError as error:
            raise PlanError(f"{where}: {error}") from None

    def _unit(self, symbol: str, parameter: FreeParameter, targets: Sequence[Experiment], where: str) -> str:
        """The unit of a symbol: that of the models, or of the targets that read it without a model."""
        name = symbol.partition("@")[0]
        for target in targets:
            if symbol in target.offsets:
                return "dimensionless"
            if name in target.nuisances():
                return target.nuisances()[name]
        try:
            return unit_of(symbol, symbols(), where)
        except UnknownIdError as error:
            if parameter.scope == "nuisance":
                raise PlanError(
                    f"{where}: neither a model nor a target has '{name}'; name it and its unit in "
                    "nuisances() of the target that reads it, or correct its spelling"
                ) from None
            raise PlanError(str(error)) from None

    @property
    def size(self) -> int:
        """Number of residuals."""
        shared = sum(len(left.indices) for left in self.inherited)
        return len(self.targets) + len(self.reserves) + len(self.priors) + shared

    def marginal_priors(self) -> dict[int, Prior]:
        """The prior of each parameter that has one; of those taken over together, its own spread."""
        out = {
            i: Prior(median=prior.median, factor=math.exp(prior.sigma(self.spreads)), odds=prior.odds)
            for i, prior in self.priors
        }
        for left in self.inherited:
            for index, mean, spread in zip(left.indices.tolist(), left.mean, left.spread(), strict=True):
                out[index] = Prior(median=math.exp(mean), factor=math.exp(max(spread, 1e-3)))
        return out

    def values(self, theta: NDArray[np.float64]) -> dict[str, float]:
        """Free parameters, and the symbols tied to them, in model units."""
        out = dict(self.given)
        for parameter, value in zip(
            self.plan.parameters, (np.exp(theta) * self.to_model).tolist(), strict=True
        ):
            out |= dict.fromkeys((parameter.id, *parameter.also), value)
        return out

    def use(self, theta: NDArray[np.float64]) -> Context:
        """The context with these parameter values set."""
        self.context.set(self.values(theta))
        return self.context

    def sigma_ratio(self, target: Experiment) -> float:
        """Standard deviation that the plan declares over the spread that it estimates in its place."""
        estimated = self.spreads.get(target.row.quantity)
        return 1.0 if estimated is None else target.sigma / estimated

    def residuals(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Data residuals, reserve priors, parameter priors; shape (n,). Raises SimulationError."""
        return self._evaluated(theta).residuals.copy()

    def _evaluated(self, theta: NDArray[np.float64]) -> _Evaluated:
        last = self._last
        if last is None or not np.array_equal(last.theta, theta) or last.spreads != self.spreads:
            said = self._simulated(theta)
            out = [one.value for one in said]
            out += [prior.residual(float(theta[i]), self.spreads) for i, prior in self.priors]
            out += [value for left in self.inherited for value in left.residuals(theta)]
            self._last = last = _Evaluated(theta.copy(), dict(self.spreads), np.array(out), said)
        return last

    def _simulated(self, theta: NDArray[np.float64]) -> list[_Said]:
        """What each part says, by runs in lanes or else by separate ones."""
        foreseen = self._foreseen
        context = self.use(theta)
        ahead = Made(context, context.values)
        ahead.make(foreseen)
        out = []
        for part in self._parts:
            value = ahead.said(part) if ahead.made else None
            if value is not None:
                out.append(_Said(value, list(ahead.asked), in_lanes=True))
            else:
                value = part(context)
                out.append(_Said(value, list(context.asked), in_lanes=False))
            ahead.asked.clear()
            context.asked.clear()
        return out

    def _separately(self, theta: NDArray[np.float64], rows: Sequence[int]) -> NDArray[np.float64]:
        """What some parts say by separate runs."""
        context = self.use(theta)
        return np.array([self._parts[row](context) for row in rows])

    @functools.cached_property
    def _foreseen(self) -> list[Asked]:
        """The runs that the parts ask for at the start of the plan: elsewhere they differ in values alone.

        Empty where they cannot be simulated there, or are not to be made in lanes.
        """
        context = self.use(self.start)
        try:
            for part in self._parts if context.in_lanes else ():
                part(context)
        except SimulationError:
            return []
        return list(context.asked)

    def _data_residual(self, target: Experiment, context: Context) -> float:
        return target.residual(context) * self.sigma_ratio(target)

    def _reserve_residual(self, target: CellIC50, context: Context) -> float:
        prior = self.plan.reserve_prior
        assert prior is not None
        return prior.residual(math.log(target.reserve(context)), self.spreads)

    def jacobian(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Differences, each parameter only through the targets whose models it touches.

        They are of runs in lanes, and of separate runs where lanes cannot make them. What is linear, offsets
        and priors, is written down.
        """
        simulated, known = len(self._parts), self._evaluated(theta)
        here, names = known.residuals.copy(), [(p.id, *p.also) for p in self.plan.parameters]
        jac = np.zeros((len(here), len(theta)))
        asked = [one.asked if self.context.in_lanes else [] for one in known.said]
        found = slopes(self.context, self._parts, asked, self._touching, self.values(theta), names)
        for (row, i), slope in found.items():
            jac[row, i] = slope
        rest = [[row for row in range(simulated) if i in self._touching[row] and (row, i) not in found]
                for i in range(len(theta))]  # fmt: skip
        other = sorted({row for rows in rest for row in rows if known.said[row].in_lanes})
        if other:  # what is compared is of one kind of runs
            here[other] = self._separately(theta, other)
        for i, rows in enumerate(rest):
            for row in self._offset_rows.get(i, ()):
                target = self.targets[row]
                holds = target.row.qualifier in "<>" and here[row] == 0  # a bound that is kept
                jac[row, i] = 0.0 if holds else self.sigma_ratio(target) / target.sigma
            if rows:
                moved = theta.copy()
                moved[i] += STEP
                jac[rows, i] += (self._separately(moved, rows) - here[rows]) / STEP
        for row, (i, prior) in enumerate(self.priors):
            jac[simulated + row, i] = prior.slope(float(theta[i]), self.spreads)
        first = simulated + len(self.priors)
        for left in self.inherited:
            last = first + len(left.indices)
            jac[first:last, left.indices] = left.root
            first = last
        return jac


@dataclass(frozen=True)
class _Said:
    """What a part says, the runs that it asked for, and whether these were made in lanes."""

    value: float
    asked: list[Asked]
    in_lanes: bool


@dataclass(frozen=True, eq=False)
class _Evaluated:
    """Residuals at ``theta`` under ``spreads``; said: those that are simulated."""

    theta: NDArray[np.float64]
    spreads: dict[str, float]
    residuals: NDArray[np.float64]
    said: list[_Said]


def _distinct_reserves(targets: Sequence[Experiment]) -> list[CellIC50]:
    """One experiment for each pathway: its signal reserve has a prior."""
    seen: dict[tuple[str, str], CellIC50] = {}
    for target in targets:
        if isinstance(target, CellIC50):
            seen.setdefault((target.assay.cytokine, target.stat), target)
    return list(seen.values())


def build_experiments(plan: Plan, data: DataSet) -> tuple[Context, list[Experiment]]:
    """The calibration rows of a plan as experiments, and the models they share; nothing is compiled yet."""
    inhibitors = {data[row].inhibitor for row in plan.reads(data)} - {""}
    known = tuple(sorted(inhibitors)) or ("baricitinib",)
    rows = [data[identifier] for identifier in plan.calibration]
    return Context(tuple(plan.after), known), [experiment(row, data, plan, f"plan {plan.id}") for row in rows]


def stated_prior(plan: Plan, parameter: FreeParameter) -> Prior | None:
    """The prior stated, or the distribution that earlier plans left for this parameter.

    Several plans multiply: independent log-normal distributions, weighted by their precision.
    """
    if not parameter.prior_from:
        return parameter.prior
    weight = centre = 0.0
    for name in parameter.prior_from:
        earlier = estimates(name).get(parameter.id)
        if earlier is None or earlier.low is None or earlier.high is None:
            raise PlanError(
                f"plan {plan.id}: no estimate of {parameter.id} in plan {name}; run: jakinib fit {name}"
            )
        value = earlier.value * factor(earlier.unit, parameter.unit)
        # An interval is cut at the bounds of its plan: the side that was not cut tells the spread.
        half = math.log(max(earlier.high / earlier.value, earlier.value / earlier.low))
        precision = (Z90 / max(half, 1e-3)) ** 2
        weight += precision
        centre += precision * math.log(value)
    return Prior(median=math.exp(centre / weight), factor=math.exp(weight**-0.5))
