"""What is published, as experiments, beside the models that it is held against."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jakinib.assay import ExVivo
from jakinib.errors import InputError, UnknownIdError
from jakinib.evaluate import held
from jakinib.evaluate.criteria import Criterion, read_criteria
from jakinib.evaluate.statistics import STATISTICS
from jakinib.experiments import (
    AfterDose,
    CellIC50,
    CytokineEC50,
    Experiment,
    Models,
    Potency,
    Searched,
    Trace,
    experiment,
    exvivo,
)
from jakinib.fit.plan import Plan
from jakinib.library.measurements import DataSet


@dataclass(frozen=True)
class Prediction:
    """One published cell IC50 or EC50 and the model's value for it in the laboratory of the row, nM.

    error: one standard deviation of the published value as a factor, as its plan states it.
    """

    row: str
    role: str
    label: str
    published: float
    predicted: float
    status: str
    source: str
    error: float = 1.0

    @property
    def fold(self) -> float:
        """Fold error, at least 1."""
        return float(np.exp(abs(math.log(self.predicted / self.published))))


class Evidence:
    """The experiments of criteria and plans, and the models that answer them; each is run once.

    models: default to ours at the estimates.
    """

    def __init__(
        self,
        plans: Plan | Sequence[Plan],
        data: DataSet,
        criteria: Sequence[Criterion] | None = None,
        models: Models | None = None,
    ) -> None:
        self.plans = (plans,) if isinstance(plans, Plan) else tuple(plans)
        self.data = data
        self.criteria = tuple(read_criteria(data=data) if criteria is None else criteria)
        self.models = models or Models()
        self._experiments: dict[str, tuple[Experiment, ...]] = {}
        self._potencies: dict[type[Potency], list[tuple[str, Plan, Potency]]] = {}

    def with_models(self, models: Models) -> Evidence:
        """The same experiments asked of other models."""
        other = Evidence(self.plans, self.data, self.criteria, models)
        other._experiments, other._potencies = self._experiments, self._potencies
        return other

    def at(self, draw: Mapping[str, float]) -> Evidence:
        """The same experiments with values (symbol or symbol@scope) in place of the estimates."""
        return self.with_models(Models(draw, self.models))

    def of(self, criterion: Criterion | str) -> tuple[Experiment, ...]:
        """The experiments of a criterion, given or by id."""
        if isinstance(criterion, str):
            known = {c.id: c for c in self.criteria}
            if criterion not in known:
                raise UnknownIdError("criterion", criterion, known)
            criterion = known[criterion]
        if criterion.id not in self._experiments:
            self._experiments[criterion.id] = criterion.experiments(self.data, self.plans)
        return self._experiments[criterion.id]

    def row(self, identifier: str) -> Experiment:
        """The experiment of a row as the plan that names it sees it."""
        for plan in self.plans:
            if identifier in (*plan.calibration, *plan.validation):
                return experiment(self.data[identifier], self.data, plan)
        raise InputError(f"row {identifier} is in none of the plans {', '.join(p.id for p in self.plans)}")

    def value(self, criterion: Criterion) -> float:
        """The statistic of a criterion; raises SimulationError when a run fails.

        One that is read from stored results raises InputError where they are lacking or stale.
        """
        if criterion.stored:
            return held.value(criterion, self.data)
        found = self.of(criterion)
        return STATISTICS[criterion.statistic](found, self.models, (criterion.low, criterion.high))

    def number(self, one: Experiment) -> float:
        """The quantity of an experiment, in the unit of its row."""
        return one.value(self.models)

    def trace(self, one: Experiment) -> Trace:
        """What an experiment shows."""
        return one.curve(self.models)

    def back(self, one: Experiment) -> float:
        """Hours after which the inhibition of a return (``course``) is back, as its study would read it."""
        if not isinstance(one, exvivo.ReturnOfInhibition):
            raise InputError(f"{one.row.id}: '{one.row.quantity}' is no return of inhibition")
        return one.back(self.course(one))

    def course(self, one: Experiment) -> ExVivo:
        """Inhibition in blood drawn after the dose of an experiment.

        Raises InputError for one of another kind.
        """
        if not isinstance(one, AfterDose):
            raise InputError(f"{one.row.id}: '{one.row.quantity}' is not read in blood after a dose")
        return one.course(self.models)

    @functools.cached_property
    def cell_ic50s(self) -> list[Prediction]:
        """Every cell IC50 with a value (not a bound) that the plans name."""
        return self.predictions(CellIC50)

    @functools.cached_property
    def ec50s(self) -> list[Prediction]:
        """Every cytokine EC50 that the plans name."""
        return self.predictions(CytokineEC50)

    def predictions(self, kind: type[Potency]) -> list[Prediction]:
        """Published and predicted potencies of a kind, row by row in the order of the plans."""
        out = []
        for role, plan, one in self._potencies_of(kind):
            row, error = one.row, plan.errors[one.row.quantity]
            shown = "recalled" if row.status == "recalled" else role
            predicted = one.predicted(self.models) * math.exp(one.offset(self.models))
            out.append(
                Prediction(row.id, shown, one.label, one.published, predicted, row.status, row.source, error)
            )
        return out

    def potencies(self) -> list[Searched]:
        """Every potency of cells that the plans name or a criterion asks for."""
        named = [one for kind in (CellIC50, CytokineEC50) for _, _, one in self._potencies_of(kind)]
        asked = [one for criterion in self.criteria for one in self.of(criterion)]
        return [one for one in (*named, *asked) if isinstance(one, Searched)]

    def _potencies_of(self, kind: type[Potency]) -> list[tuple[str, Plan, Potency]]:
        """Role, plan and experiment of each row of a kind that has a value."""
        if kind not in self._potencies:
            self._potencies[kind] = [
                (role, plan, kind(self.data[identifier], self.data, plan))
                for plan in self.plans
                for role, rows in (("calibration", plan.calibration), ("validation", plan.validation))
                for identifier in rows
                if self.data[identifier].quantity in kind.quantities
                and self.data[identifier].qualifier == "="
            ]
        return self._potencies[kind]
