"""Read a PEtab v1 problem (SBML and tables) and report its log-likelihood.

Source: Schmiester et al. 2021, PLoS Comput Biol 17:e1008646; the format is described at petab.readthedocs.io.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from jakinib.arguments import checked
from jakinib.errors import InputError, PlanError, SimulationError, UnknownIdError
from jakinib.files import ABSENT, Table, read_table, short, table_text
from jakinib.fit.petab_model import INITIAL, NOISE, ObservedModel, Row, as_number
from jakinib.library.files import beside, read_model
from jakinib.library.schema import Strict
from jakinib.simulate.protocol import Protocol
from jakinib.simulate.scale import ATOL_NM

DRIFT = 1e-7  # equilibrium: relative change of every state over the second half of the run
DECADES = 12  # the run is made ten times longer at most so often
LABELS = {"conditionId", "conditionName"}
_NUMERIC = {"measurement", "time", "nominalValue", "lowerBound", "upperBound", "estimate"}
_IDS = ("observableId", "preequilibrationConditionId", "simulationConditionId")
_NOTHING = ABSENT - {"."}


class _Files(Strict):
    sbml_files: list[str] = Field(min_length=1, max_length=1)
    condition_files: list[str] = Field(min_length=1)
    observable_files: list[str] = Field(min_length=1)
    measurement_files: list[str] = Field(min_length=1)
    visualization_files: list[str] = Field(default_factory=list)


class _ProblemFile(Strict):
    format_version: Literal[1, "1", "1.0.0"]
    parameter_file: str | list[str]
    problems: list[_Files] = Field(min_length=1)
    extensions: dict[str, object] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _supported(self) -> _ProblemFile:
        if len(self.problems) > 1:
            raise ValueError(f"names {len(self.problems)} problems; read them one at a time, a file for each")
        if self.extensions:
            raise ValueError(f"uses the extension '{next(iter(self.extensions))}', which is not supported")
        return self


def _table(path: Path, *required: str) -> Table:
    table = read_table(path, _NUMERIC.__contains__, short_rows=True)
    for column in required:
        if column not in table.columns:
            raise PlanError(f"{table.file}:1: no column '{column}'; found: {', '.join(table.columns)}")
    return table


def _rows(table: Table) -> list[Row]:
    """The rows that hold something; NaN and its like hold nothing."""
    found = [{c: v for c, v in row.cells.items() if v not in _NOTHING} for row in table.rows]
    return [Row(f"{r.file}:{r.line}", cells) for r, cells in zip(table.rows, found, strict=True) if cells]


def _by_id(rows: Iterable[Row], column: str) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        if (name := row.text(column)) in found:
            raise row.error(column, f"'{name}' stands twice, first in {found[name].where}; keep one")
        found[name] = row
    return found


@dataclass(frozen=True)
class _Measurement:
    row: Row
    conditions: tuple[str, str]  # pre-equilibration, empty for none, and simulation
    observable: str
    value: float
    time: float
    overrides: Mapping[str, str]  # placeholder: number or parameter id


class PetabProblem:
    """A PEtab v1 problem; made by ``read_petab``.

    nominal: nominal value of every parameter that has one, linear scale. estimated: ids to estimate.
    """

    def __init__(self, file: Path) -> None:
        described = read_model(file, _ProblemFile)
        files, folder = described.problems[0], file.parent

        def rows(names: str | list[str], *required: str) -> list[Row]:
            listed = [names] if isinstance(names, str) else names
            return [
                row for name in listed for row in _rows(_table(beside(folder, name, short(file)), *required))
            ]

        parameters = _by_id(rows(described.parameter_file, "parameterId", "estimate"), "parameterId")
        self._conditions = _by_id(rows(files.condition_files, "conditionId"), "conditionId")
        needed = ("observableId", "observableFormula", "noiseFormula")
        self._observables = _by_id(rows(files.observable_files, *needed), "observableId")
        for row in self._observables.values():
            row.choice("observableTransformation", "lin", "log", "log10")
            row.choice("noiseDistribution", "normal", "laplace")
        self.estimated = tuple(n for n, row in parameters.items() if row.choice("estimate", "0", "1") == "1")
        valued = {
            n: row for n, row in parameters.items() if n not in self.estimated or row.get("nominalValue")
        }
        self.nominal = {name: row.number("nominalValue") for name, row in valued.items()}
        self._parameters = parameters
        self._observed = ObservedModel(
            beside(folder, files.sbml_files[0], short(file)), parameters, self._observables
        )
        self._model = self._observed.model
        for row in parameters.values():
            row.known("parameterId", "symbol", self._model.settable)
        fixed = set(self._model.settable) - set(self._observed.initials)
        self._constants = fixed & set(self._model.parameters)
        for row in self._conditions.values():
            for column in row.cells.keys() - LABELS:
                row.known(column, "symbol", self._model.settable, column)
                self._check(row, column, row.text(column), blank=True)
        wanted = ("observableId", "simulationConditionId", "measurement", "time")
        tables = [_table(beside(folder, name, short(file)), *wanted) for name in files.measurement_files]
        self._columns = tuple(dict.fromkeys(column for table in tables for column in table.columns))
        self.measurements = [row for table in tables for row in _rows(table)]
        if not self.measurements:
            raise PlanError(
                f"{short(file)}: its measurement tables have no rows; there is nothing to compare with"
            )
        self._read = [self._measurement(row) for row in self.measurements]

    def _check(self, row: Row, column: str, text: str, blank: bool = False) -> None:
        """A cell must hold a finite number or the id of a parameter, or NaN where it may be blank."""
        if (number := as_number(text)) is None:
            row.known(column, "parameter", self._constants, text)
        elif math.isinf(number) or (math.isnan(number) and not blank):
            raise row.error(column, f"'{text}' is not a finite number")

    def _measurement(self, row: Row) -> _Measurement:
        observable = row.known("observableId", "observable", self._observables)
        condition = row.known("simulationConditionId", "condition", self._conditions)
        if before := row.get("preequilibrationConditionId"):
            row.known("preequilibrationConditionId", "condition", self._conditions)
        at_rest = as_number(row.text("time")) == math.inf
        if (time := math.inf if at_rest else row.number("time")) < 0:
            raise row.error("time", f"{time:g} lies before the start at 0")
        value = row.number("measurement")
        if value <= 0 and self._observables[observable].get("observableTransformation") not in ("", "lin"):
            raise row.error("measurement", f"{value:g} has no logarithm; '{observable}' needs one")
        overrides: dict[str, str] = {}
        for kind in ("observable", "noise"):
            holes = self._observed.placeholders[observable, kind]
            texts = row.get(column := f"{kind}Parameters").split(";")
            filling = [text.strip() for text in texts if text.strip()]
            if len(filling) != len(holes):
                needed = f"{kind}Formula of '{observable}' takes {len(holes)}"
                raise row.error(column, f"{len(filling)} values, {needed}; separate them by ';'")
            for text in filling:
                self._check(row, column, text)
            overrides |= zip(holes, filling, strict=True)
        return _Measurement(row, (before, condition), observable, value, time, overrides)

    def _runs(self) -> dict[tuple[str, str], dict[int, list[int]]]:
        """Measurements by conditions, then by run: one run serves one set of overrides of each observable."""
        seen: dict[object, list[Mapping[str, str]]] = {}
        groups: dict[tuple[str, str], dict[int, list[int]]] = {}
        for i, m in enumerate(self._read):
            if m.overrides not in (variants := seen.setdefault((m.conditions, m.observable), [])):
                variants.append(m.overrides)
            groups.setdefault(m.conditions, {}).setdefault(variants.index(m.overrides), []).append(i)
        return groups

    def log_likelihood(self, parameters: Mapping[str, float] | None = None) -> float:
        """Log-likelihood of all measurements, natural logarithm, normalising constants included.

        parameters: linear-scale values that replace nominal ones. Priors are not counted.
        Raises UnknownIdError, PlanError (no value for a parameter), InputError (noise not positive) and
        SimulationError.
        """
        return self.evaluate(parameters).log_likelihood

    def evaluate(self, parameters: Mapping[str, float] | None = None) -> PetabResult:
        """The likelihood with all it is made of; arguments and errors are those of ``log_likelihood``."""
        found = self.simulate(parameters)
        pairs = zip(self._read, found.tolist(), strict=True)
        scored = [self._score(m, simulated, noise) for m, (simulated, noise) in pairs]
        return PetabResult(
            self._columns, tuple(m.row.cells for m in self._read), found[:, 0], found[:, 1],
            np.array([residual for residual, _ in scored]), math.fsum(density for _, density in scored),
        )  # fmt: skip

    def simulate(self, parameters: Mapping[str, float] | None = None) -> NDArray[np.float64]:
        """Observable and noise of every row of ``measurements``, shape (n, 2), not transformed."""
        values = self.nominal | dict(parameters or {})
        for name in values:
            if name not in self._parameters:
                raise UnknownIdError("parameter", name, self._parameters)
        for name, row in self._parameters.items():
            if name not in values:
                raise row.error("nominalValue", f"is empty; give '{name}' a value")
        out = np.empty((len(self._read), 2))
        for (before, condition), runs in self._runs().items():
            settings = self._start(before, condition, values)
            for rows in runs.values():
                measured = [self._read[i] for i in rows]
                texts = {hole: text for m in measured for hole, text in m.overrides.items()}
                filled = {hole: self._value(text, values) for hole, text in texts.items()}
                out[rows] = self._read_out(measured, condition, settings | filled)
        return out

    def _read_out(
        self, measured: list[_Measurement], condition: str, settings: Mapping[str, float]
    ) -> NDArray[np.float64]:
        """Observable and noise of each measurement of one run.

        An observable need not be finite where it is not measured: then each is read at its own times.
        """
        names = list(dict.fromkeys(m.observable for m in measured))
        times, at = np.unique([m.time for m in measured], return_inverse=True)
        try:
            table = self._at(times, condition, settings, names + [NOISE + name for name in names])
        except SimulationError:
            if len(names) == 1:
                raise
            out = np.empty((len(measured), 2))
            for name in names:
                own = [i for i, m in enumerate(measured) if m.observable == name]
                out[own] = self._read_out([measured[i] for i in own], condition, settings)
            return out
        of = np.array([names.index(m.observable) for m in measured])
        return np.column_stack((table[at, of], table[at, of + len(names)]))

    def _at(
        self, times: NDArray[np.float64], condition: str, settings: Mapping[str, float], read: list[str]
    ) -> NDArray[np.float64]:
        """What is read at increasing times, of which the last may be inf: at rest."""
        finite = times[np.isfinite(times)]
        parts = [self._model.run(Protocol(finite, settings), read)] if len(finite) else []
        if len(finite) < len(times):
            parts.append(self._rest(condition, settings, read)[None, :])
        return np.concatenate(parts)

    def _value(self, text: str, values: Mapping[str, float]) -> float:
        if (number := as_number(text)) is None:
            return values[text] if text in values else self._model.initial(text)
        return number

    def _changes(self, condition: str, values: Mapping[str, float]) -> dict[str, float]:
        """What the condition sets; NaN and an empty cell leave the model's own value."""
        cells = self._conditions[condition].cells.items()
        given = {k: self._value(text, values) for k, text in cells if k not in LABELS}
        return {k: value for k, value in given.items() if not math.isnan(value)}

    def _start(self, before: str, condition: str, values: Mapping[str, float]) -> dict[str, float]:
        """All that is set at time zero: parameters, condition, initial assignments, equilibrated states."""
        changes = self._changes(condition, values)
        settings = self._settled({**values, **changes})
        if not before:
            return settings
        earlier = self._settled({**values, **self._changes(before, values)})
        for name in self._model.compartments:
            if earlier.get(name) != settings.get(name):
                where = self._conditions[condition].where
                raise PlanError(f"{where}: '{name}' has another size in pre-equilibration '{before}'")
        states = self._equilibrium(before, earlier)
        return settings | {name: value for name, value in states.items() if name not in changes}

    def _settled(self, given: dict[str, float]) -> dict[str, float]:
        """``given``, completed by the initial assignments of all other symbols."""
        values = dict(given)
        for symbol in self._observed.initials:
            if symbol not in values:
                values[symbol] = float(self._model.run(Protocol([0.0], values), [INITIAL + symbol])[0, 0])
        return values

    def _equilibrium(self, condition: str, settings: Mapping[str, float]) -> dict[str, float]:
        """States at rest."""
        states = list(self._observed.states)
        return (
            dict(zip(states, self._rest(condition, settings, states).tolist(), strict=True)) if states else {}
        )

    def _rest(self, condition: str, settings: Mapping[str, float], read: list[str]) -> NDArray[np.float64]:
        """What is read once no state changes by more than DRIFT over the second half of the run.

        By integration: ``steadyState`` also lands on unstable roots.
        """
        states = list(self._observed.states)
        horizon = max(1.0, *(m.time for m in self._read if math.isfinite(m.time)), 1.0)
        for _ in range(DECADES):
            half, full = self._model.run(Protocol([horizon / 2, horizon], settings), states + read)
            moved, now = half[: len(states)], full[: len(states)]
            drift = np.abs(now - moved) / (DRIFT * np.abs(now) + 10 * ATOL_NM)
            if not states or drift.max() <= 1:
                return full[len(states) :]
            horizon *= 10
        reason = f"condition '{condition}' has no equilibrium: {states[int(drift.argmax())]} still changes"
        raise SimulationError(reason, horizon / 10)

    def _score(self, m: _Measurement, simulated: float, noise: float) -> tuple[float, float]:
        """Normalised residual, on the scale of the observable, and log density of one measurement."""
        row = self._observables[m.observable]
        if not noise > 0:
            raise InputError(f"{m.row.where}: noise of '{m.observable}' is {noise:g}; it must be positive")
        difference, jacobian = simulated - m.value, 0.0
        if (scale := row.get("observableTransformation")) not in ("", "lin"):
            if simulated <= 0:
                reason = f"{m.row.where}: '{m.observable}' is {simulated:g}, without logarithm"
                raise SimulationError(reason, m.time)
            unit = math.log(10) if scale == "log10" else 1.0
            difference, jacobian = math.log(simulated / m.value) / unit, -math.log(m.value * unit)
        residual = difference / noise
        if row.get("noiseDistribution") == "laplace":
            return residual, jacobian - math.log(2 * noise) - abs(residual)
        return residual, jacobian - 0.5 * math.log(2 * math.pi * noise**2) - 0.5 * residual**2


@dataclass(frozen=True)
class PetabResult:
    """A PEtab problem at one set of parameters.

    columns, measurements: of the measurement tables, and the cells of each row by column. simulated, noise:
    value of each row's observable, not transformed, and its noise. residuals: (simulated - measured) / noise
    on the scale of the observable (lin, log or log10). log_likelihood: natural logarithm, without priors.
    """

    columns: tuple[str, ...]
    measurements: tuple[Mapping[str, str], ...]
    simulated: NDArray[np.float64]
    noise: NDArray[np.float64]
    residuals: NDArray[np.float64]
    log_likelihood: float

    @property
    def chi2(self) -> float:
        """Sum of the squared residuals."""
        return math.fsum(float(r) ** 2 for r in self.residuals)

    def records(self) -> list[dict[str, object]]:
        """One row a measurement: what was measured and simulated, and the residual."""
        rows = zip(self.measurements, self.simulated, self.noise, self.residuals, strict=True)
        return [
            {
                **{column: cells.get(column, "") for column in _IDS},
                "time": float(cells["time"]), "measurement": float(cells["measurement"]),
                "simulation": float(simulated), "noise": float(noise), "residual": float(residual),
            }
            for cells, simulated, noise, residual in rows
        ]  # fmt: skip

    def simulation_table(self, separator: str = "\t") -> str:
        """A PEtab simulation table: the measurement table with ``simulation`` in place of ``measurement``."""
        columns = self.columns
        titles = ["simulation" if column == "measurement" else column for column in columns]
        rows = (
            [repr(float(value)) if column == "measurement" else cells.get(column, "") for column in columns]
            for cells, value in zip(self.measurements, self.simulated, strict=True)
        )
        return table_text(titles, rows, separator)

    def residual_table(self, separator: str = "\t") -> str:
        """The records as a table."""
        records = self.records()
        return table_text(list(records[0]), [list(record.values()) for record in records], separator)


@checked
def petab(path: str | Path, parameters: Mapping[str, float] | None = None) -> PetabResult:
    """Simulate a PEtab v1 problem, given by its YAML file, and compare it with its measurements.

    parameters: linear-scale values that replace nominal ones.
    Raises what ``read_petab`` and ``PetabProblem.log_likelihood`` raise.

    >>> import jakinib as jk
    >>> problem, *_ = jk.export("clinical_pk", "exported", ["petab"])
    >>> len(jk.petab(problem).measurements) > 0
    True
    """
    return read_petab(Path(path)).evaluate(parameters)


def read_petab(path: Path) -> PetabProblem:
    """Read a PEtab v1 problem from its YAML file: one SBML model, its tables beside it.

    A measurement at time inf is read once the model is at rest.
    Raises InputError or PlanError (file, row and column) and UnknownIdError for what cannot be used:
    a missing file or column, an unknown id, a formula that does not parse.
    """
    return PetabProblem(Path(path))
