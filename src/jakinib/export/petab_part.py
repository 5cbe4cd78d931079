"""The tables of one PEtab v1 problem.

Source of the format: Schmiester et al. 2021, PLoS Comput Biol 17:e1008646; petab.readthedocs.io.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from jakinib.errors import ExportError
from jakinib.experiments.petab import ONSET, REFERENCE, Cell
from jakinib.export.petab_model import PetabModel


def petab_id(name: str) -> str:
    """A name as an id: "IL6R_rest@CD4 T" is IL6R_rest_CD4_T."""
    return re.sub(r"\W+", "_", name).strip("_")


def tsv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Tab-separated text; numbers to the last bit."""
    lines = ["\t".join(columns)]
    for row in rows:
        cells = [
            repr(float(cell)) if isinstance(cell, float | int) else " ".join(cell.split()) for cell in row
        ]
        lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


@dataclass
class Part:
    """One PEtab problem under construction: one SBML model and what is measured on it.

    values: for each scope (cell or population) the numbers its own model has. free: for each scope the
    symbols that a free parameter gives, with the parameter's id.
    """

    name: str
    model: PetabModel
    values: Mapping[str, Mapping[str, float]]
    free: Mapping[str, Mapping[str, str]]
    paired: bool = False
    conditions: dict[str, dict[str, Cell]] = field(default_factory=dict)
    condition_names: dict[str, str] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    observables: dict[str, tuple[str, str]] = field(default_factory=dict)  # id: (name, formula)
    measurements: list[dict[str, Cell]] = field(default_factory=list)
    scales: set[str] = field(default_factory=set)  # free parameters that only observables read

    @property
    def has_onset(self) -> bool:
        """Whether an event of the model adds the cytokine."""
        return self.model.model.getParameter(ONSET) is not None

    def condition(self, name: str, text: str, scope: str, changes: Mapping[str, Cell]) -> str:
        """Id of the condition ``name``; one with other changes of the same name is an error."""
        identifier = petab_id(name)
        cells = dict(changes)
        if (
            self.conditions.setdefault(identifier, cells) != cells
            or self.scopes.setdefault(identifier, scope) != scope
        ):
            raise ExportError(f"{self.name}: two PEtab conditions would be called '{identifier}'")
        self.condition_names[identifier] = text
        return identifier

    def observable(self, identifier: str, name: str, formula: str, parameters: tuple[str, ...] = ()) -> str:
        """Id of an observable on the log scale whose noise stands with each measurement.

        parameters: free ones that only observables read.
        """
        identifier = petab_id(identifier)
        self.scales.update(parameters)
        if self.observables.setdefault(identifier, (name, formula)) != (name, formula):
            raise ExportError(f"{self.name}: two PEtab observables would be called '{identifier}'")
        return identifier

    def measure(
        self,
        row: str,
        observable: str,
        condition: str,
        time: float,
        value: float,
        sigma: float,
        filling: Cell = "",
    ) -> None:
        """``value`` of ``observable``; sigma: standard deviation of its natural logarithm."""
        self.measurements.append({
            "observableId": observable, "simulationConditionId": condition, "time": time,
            "measurement": value, "observableParameters": filling, "noiseParameters": sigma, "datasetId": row,
        })  # fmt: skip

    def direct(self) -> set[str]:
        """Free parameters that carry the id of a model symbol: PEtab sets these everywhere."""
        return {
            symbol for symbols in self.free.values() for symbol, name in symbols.items() if symbol == name
        }

    def _cells(self) -> dict[str, dict[str, Cell]]:
        """All columns of all conditions, with what the scope's own model or free parameter says there."""
        mine = self.model.values()
        direct = self.direct()
        needed = {symbol for scope in set(self.scopes.values()) for symbol in self.free[scope]}
        needed |= {symbol for cells in self.conditions.values() for symbol in cells}
        for scope in set(self.scopes.values()):
            needed |= {symbol for symbol, value in self.values[scope].items() if value != mine[symbol]}
        needed -= direct
        out: dict[str, dict[str, Cell]] = {}
        for identifier, given in self.conditions.items():
            scope = self.scopes[identifier]
            base: dict[str, Cell] = {**mine, **self.values[scope], **self.free[scope]}
            if self.paired:
                twins = {f"{s}{REFERENCE}": value for s, value in base.items() if f"{s}{REFERENCE}" in mine}
                base |= twins
            columns = needed | {s + REFERENCE for s in needed if self.paired and s + REFERENCE in mine}
            base |= given
            out[identifier] = {symbol: base[symbol] for symbol in sorted(columns)}
        return out

    def parameters(self) -> set[str]:
        """Ids of the free parameters this problem depends on."""
        found = {cell for cells in self._cells().values() for cell in cells.values() if isinstance(cell, str)}
        return found | self.direct() | self.scales

    def tables(self, parameters: str) -> dict[str, str]:
        """File name -> text of the problem; parameters: text of its parameter table."""
        cells = self._cells()
        columns = list(next(iter(cells.values())))
        conditions = tsv(
            ["conditionId", "conditionName", *columns],
            [[name, self.condition_names[name], *row.values()] for name, row in cells.items()],
        )
        observables = tsv(
            ["observableId", "observableName", "observableFormula", "observableTransformation",
             "noiseFormula", "noiseDistribution"],
            [[name, text, formula, "log", f"noiseParameter1_{name}", "normal"]
             for name, (text, formula) in self.observables.items()],
        )  # fmt: skip
        keys = list(self.measurements[0])
        if all(measured["observableParameters"] == "" for measured in self.measurements):
            keys.remove("observableParameters")
        measured = tsv(keys, [[row[key] for key in keys] for row in self.measurements])
        return {
            "model.xml": self.model.sbml,
            "conditions.tsv": conditions,
            "observables.tsv": observables,
            "measurements.tsv": measured,
            "parameters.tsv": parameters,
            f"{self.name}.yaml": problem_file("parameters.tsv", [""]),
        }


def problem_file(parameters: str, folders: Sequence[str]) -> str:
    """The YAML that ties the tables in ``folders`` (with their final /) to one parameter table."""
    problems = [
        {
            "sbml_files": [f"{folder}model.xml"],
            "condition_files": [f"{folder}conditions.tsv"],
            "observable_files": [f"{folder}observables.tsv"],
            "measurement_files": [f"{folder}measurements.tsv"],
            "visualization_files": [],  # libpetab reads several problems only where it is there
        }
        for folder in folders
    ]
    content = {"format_version": 1, "parameter_file": parameters, "problems": problems}
    return str(yaml.safe_dump(content, sort_keys=False))
