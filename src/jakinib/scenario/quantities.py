"""What can be asked of a scenario, and what of it can be varied; each number comes from the exact model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jakinib import arguments
from jakinib.assay import compare
from jakinib.assay.cell import CellAssay
from jakinib.assay.compare import Exposure
from jakinib.assay.course import BAND
from jakinib.assay.curve import NO_SIGNAL, Half, halves_near
from jakinib.assay.inhibition import FAINTEST, inhibition_law, time_above
from jakinib.errors import InputError, SimulationError, UnitError, UnknownIdError
from jakinib.experiments import Models
from jakinib.lanes import readings
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing
from jakinib.regimen.series import assemble, split
from jakinib.scenario.drawn import disposition
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import drawn, exposed, in_vitro, no_cells, only, without
from jakinib.simulate import Adjusted, Runnable
from jakinib.units import parse_quantity

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """A number that follows from a scenario. top: its upper bound.

    plasma: from ng/mL over time (h); inhibited: from inhibition (fraction) over time; neither: of the assay.
    """

    name: str
    label: str
    unit: str
    top: float = math.inf
    plasma: Callable[[Array, Array], float] | None = None
    inhibited: Callable[[Array, Array], float] | None = None

    @property
    def dosed(self) -> bool:
        """Whether it follows doses; else it is of an assay."""
        return self.plasma is not None or self.inhibited is not None

    @property
    def whose(self) -> str:
        """Of whom its 90 % interval is."""
        return "typical patient" if self.plasma else BAND if self.inhibited else "an average laboratory"


def _per_day(time: Array, hours: float) -> float:
    return hours * 24 / float(time[-1])


QUANTITIES = {
    q.name: q
    for q in (
        Quantity("average_inhibition", "average inhibition", "%", 100,
                 inhibited=lambda t, y: 100 * float(np.trapezoid(y, t)) / float(t[-1])),
        Quantity("maximum_inhibition", "maximum inhibition", "%", 100,
                 inhibited=lambda t, y: 100 * float(y.max())),
        Quantity("minimum_inhibition", "minimum inhibition", "%", 100,
                 inhibited=lambda t, y: 100 * float(y.min())),
        Quantity("hours_above_ic50", "hours a day above the IC50", "h", 24,
                 inhibited=lambda t, y: _per_day(t, float(time_above(t, y, 0.5)))),
        Quantity("cmax", "Cmax", "ng/mL", plasma=lambda t, y: float(y.max())),
        Quantity("cmin", "Cmin", "ng/mL", plasma=lambda t, y: float(y.min())),
        Quantity("auc", "AUC over 24 h", "ng*h/mL",
                 plasma=lambda t, y: _per_day(t, float(np.trapezoid(y, t)))),
        Quantity("inhibition", "inhibition", "%", 100),
        Quantity("ic50", "IC50", "nM"),
    )
}  # fmt: skip
_SAID = {"mean": "average", "max": "maximum", "min": "minimum", "time": "hours", "aucs": "auc"}


def quantity(name: str) -> Quantity:
    """A quantity by name: "mean inhibition" and "average_inhibition" are one; raises UnknownIdError."""
    words = arguments.text(name, "quantity").casefold().replace("_", " ").replace("-", " ").split()
    found = QUANTITIES.get("_".join(_SAID.get(word, word) for word in words))
    if found is None:
        raise UnknownIdError("quantity", name, QUANTITIES)
    return found


def amount(given: float | str, unit: str, where: str) -> float:
    """A number in ``unit``, or a text with a unit such as "50 %"; raises InputError."""
    if isinstance(given, str):
        text = given.strip()
        if unit == "%":
            number, percent = text.removesuffix("%"), text.endswith("%")
            try:
                return float(number) if percent else parse_quantity(text, "percent", where=where)
            except (ValueError, UnitError):
                raise UnitError(f"{where}: '{given}' is no percentage; write for example '50 %'") from None
        return parse_quantity(text, unit, where=where)
    if (found := arguments.number(given)) is None or not math.isfinite(found):
        said = arguments.shown(given)
        raise InputError(f"{where}: {said} is no finite number; give one in {unit}, or a text with a unit")
    return float(found)


# What can be varied ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Input:
    """A number of a scenario that can be varied, between ``low`` and ``high``; now: what it is."""

    name: str
    unit: str
    low: float
    high: float
    put: Callable[[Scenario, float], Scenario]
    now: Callable[[Scenario], float | None]


def _dose_of(scenario: Scenario) -> float:
    amounts = {dose.amount for dose in scenario.doses.doses if dose.amount > 0}
    if len(amounts) != 1 or len(scenario.inhibitors) != 1:
        raise InputError(
            f"dose: the regimen '{scenario.doses.text}' has no single dose that could be varied; give one "
            "inhibitor in doses of one size"
        )
    return amounts.pop()


def _with_dose(scenario: Scenario, value: float) -> Scenario:
    before = _dose_of(scenario)
    changed = [replace(s, amount=value if s.amount == before else s.amount) for s in split(scenario.doses)]
    return _dosed(scenario, changed)


def _interval_of(scenario: Scenario) -> float:
    intervals = {series.interval for series in split(scenario.doses)}
    if len(intervals) != 1 or 0.0 in intervals:
        raise InputError(f"interval: the regimen '{scenario.doses.text}' has no single interval; give one")
    return intervals.pop()


def _with_interval(scenario: Scenario, value: float) -> Scenario:
    _interval_of(scenario)
    return _dosed(scenario, [replace(series, interval=value) for series in split(scenario.doses)])


def _dosed(scenario: Scenario, series: Sequence[Any]) -> Scenario:
    regimen = assemble(series)
    return scenario.but(regimen=Regimen(regimen.doses, regimen.to_text(), regimen.steady))


def _constant(scenario: Scenario, covariate: str) -> float | None:
    """A covariate to be varied; raises InputError where it changes in time."""
    value = scenario.patient.covariates.get(covariate)
    if isinstance(value, Changing):
        raise InputError(f"{covariate}: changes in time ({value}), and is to be varied; give one value of it")
    return value


def _with_covariate(covariate: str, scenario: Scenario, value: float) -> Scenario:
    _constant(scenario, covariate)
    return scenario.but(**{covariate: value})


INPUTS = {
    i.name: i
    for i in (
        Input("dose", "mg", 1e-3, 1e4, _with_dose, _dose_of),
        Input("interval", "hour", 1, 168, _with_interval, _interval_of),
        Input("eGFR", "mL/min", 15, 200, partial(_with_covariate, "eGFR"), lambda s: _constant(s, "eGFR")),
        Input("weight", "kg", 10, 200, partial(_with_covariate, "weight"), lambda s: _constant(s, "weight")),
        Input("concentration", "nM", 1e-3, 1e7, lambda s, x: s.but(concentration=x),
              lambda s: s.assay.concentration),
        Input("cytokine_dose", "nM", 1e-4, 1e3, lambda s, x: s.but(cytokine_dose=f"{x!r} nM"),
              lambda s: None),
    )
}  # fmt: skip


def numeric(name: str) -> Input:
    """An input by name, whatever its case; raises UnknownIdError."""
    folded = {key.casefold(): value for key, value in INPUTS.items()}
    found = folded.get(arguments.text(name, "input").casefold().replace(" ", "_").replace("-", "_"))
    if found is None:
        raise UnknownIdError("input", name, INPUTS)
    return found


# What a scenario comes to ---------------------------------------------------------------------------------


Law = tuple[CellAssay, Callable[[Array], Array]]


class Outcome:
    """Quantities of scenarios that differ in their patient, doses or concentration.

    draw: parameters in place of the estimates, by symbol (or symbol@scope). reach: highest free concentration
    (nM) up to which inhibition is then read off one law; law: that of an assay, where it is known.
    """

    def __init__(
        self, draw: Mapping[str, float] | None = None, reach: float = 0.0, law: Law | None = None
    ) -> None:
        self.draw, self.reach, self._law = draw, reach, law

    def of(self, scenario: Scenario, wanted: Sequence[Quantity]) -> tuple[list[float], tuple[str, ...]]:
        """The quantities, each in its unit, and what the reader must know of them.

        Raises InputError for a scenario that does not say what a quantity needs.
        """
        if any(not q.dosed for q in wanted):
            return self._in_vitro(scenario, wanted)
        drug = only("scenario", scenario.inhibitors, "inhibitor")
        plan = drawn(scenario, "scenario")
        if not any(q.inhibited for q in wanted):
            no_cells(scenario, "scenario")
        plasma = exposed(
            scenario, ends=True, disposition=self._disposition(drug, scenario.patient.population)
        )
        inhibition = None
        if any(q.inhibited for q in wanted):
            conditions = plan[only("scenario", scenario.cytokines, "cytokine")]
            inhibition = self._inhibition(plasma, conditions)
        out = [
            q.plasma(plasma.time, plasma.ng_per_mL) if q.plasma else _of(q, plasma.time, inhibition)
            for q in wanted
        ]
        return out, plasma.notes

    def _disposition(self, drug: str, population: str) -> dict[str, float] | None:
        return disposition(self.draw, drug, population) or None if self.draw else None

    def _model(self, conditions: CellAssay, inhibitors: tuple[str, ...]) -> Runnable:
        model = conditions.model_of(inhibitors)
        if self.draw is None:
            return model
        return Adjusted(model, Models(self.draw).settings(model.settable, conditions.cell))

    def _inhibition(self, plasma: Exposure, conditions: CellAssay) -> Array:
        names = tuple(plasma.free)
        model = self._model(conditions, names)
        if self.draw is None or len(names) > 1 or plasma.free[names[0]].max() > self.reach:
            return compare.inhibition(plasma, conditions, model)
        if self._law is None or self._law[0] != conditions:
            law = inhibition_law(conditions.inhibited(model), FAINTEST * self.reach, self.reach)
            self._law = conditions, law
        return self._law[1](plasma.free[names[0]])

    def assay(self, scenario: Scenario, wanted: Sequence[Quantity]) -> tuple[CellAssay, Runnable]:
        """The assay that quantities are of, and the model it runs on; raises InputError as ``of`` does."""
        other = [q.label for q in wanted if q.dosed]
        if other:
            rest = ", ".join(q.label for q in wanted if q.label not in other)
            raise InputError(f"{', '.join(other)} follow doses, {rest} an assay; ask for one kind at a time")
        without(scenario, "scenario", "laboratory")
        only("scenario", scenario.inhibitors, "inhibitor")
        cytokine = only("scenario", scenario.cytokines, "cytokine")
        conditions = in_vitro(scenario, "scenario")[cytokine]
        return conditions, self._model(conditions, (conditions.inhibitor,))

    def _in_vitro(
        self, scenario: Scenario, wanted: Sequence[Quantity]
    ) -> tuple[list[float], tuple[str, ...]]:
        conditions, model = self.assay(scenario, wanted)
        curve = conditions.curve(model)
        out = [
            curve.ic50 if q.name == "ic50" else 100 * curve.inhibition(_concentration(scenario))
            for q in wanted
        ]
        return out, (*curve.notes, *scenario.held)


def _concentration(scenario: Scenario) -> float:
    if scenario.assay.concentration is None:
        raise InputError(
            "inhibition: at which concentration? give concentration='100 nM', or ask for the average "
            "inhibition after doses"
        )
    return scenario.assay.concentration


def in_vitro_side_by_side(
    asked: Sequence[tuple[Outcome, Scenario]], wanted: Quantity, near: float
) -> list[float | None]:
    """A quantity of an assay by each outcome in its scenario, all runs made side by side.

    near: an IC50 (nM) from which others are searched for. None where that finds none, or a run fails: then
    ``Outcome.of`` finds it or says why. Raises InputError as that does.
    """
    assays = [outcome.assay(scenario, [wanted]) for outcome, scenario in asked]
    tops = [conditions.reading(0.0, model) for conditions, model in assays]
    if wanted.name == "ic50":
        effects = [partial(conditions.nominal, model) for conditions, model in assays]
        return halves_near([Half(top, effect, near) for top, effect in zip(tops, effects, strict=True)])
    levels = [_concentration(scenario) for _, scenario in asked]
    there = [c.reading(c.free * level, model) for (c, model), level in zip(assays, levels, strict=True)]
    read = readings([*tops, *there])
    found: list[float | None] = []
    for top, rest in zip(read[: len(asked)], read[len(asked) :], strict=True):
        if isinstance(top, SimulationError) or isinstance(rest, SimulationError) or top <= NO_SIGNAL:
            found.append(None)
        else:
            found.append(100 * (1 - rest / top))
    return found


def _of(q: Quantity, time: Array, inhibition: Array | None) -> float:
    assert q.inhibited is not None
    assert inhibition is not None
    return q.inhibited(time, inhibition)
