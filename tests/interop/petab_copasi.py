"""A PEtab v1 problem evaluated without jakinib: tables by libpetab, simulation by COPASI."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import basico
import libsbml
import numpy as np
import pandas as pd
import petab.v1 as petab
import sympy
from petab.v1.math import sympify_petab

HOLE = "observableParameter"


class CopasiProblem:
    """One problem file; parameters are given by id on the linear scale."""

    def __init__(self, file: Path, rtol: float = 1e-10) -> None:
        self.problem = petab.Problem.from_yaml(str(file))
        self.rtol = rtol
        self._sbml = (file.parent / "model.xml").read_text(encoding="utf-8")
        self._formulas = {
            name: sympify_petab(row["observableFormula"])
            for name, row in self.problem.observable_df.iterrows()
        }

    def log_likelihood(self, parameters: Mapping[str, float] | None = None) -> float:
        """As libpetab computes it from the simulation."""
        tables = self.problem
        values = dict(zip(tables.x_ids, tables.x_nominal, strict=True))
        values |= {name: value for name, value in (parameters or {}).items() if name in values}
        simulated = tables.measurement_df.rename(columns={"measurement": "simulation"}).copy()
        for condition, rows in simulated.groupby("simulationConditionId"):
            model = self._in_condition(str(condition), values)
            course = self._course(model, sorted(set(rows["time"])))
            for index, row in rows.iterrows():
                simulated.loc[index, "simulation"] = self._observe(model, course, row, values)
        return float(
            petab.calculate_llh(tables.measurement_df, simulated, tables.observable_df, tables.parameter_df)
        )

    def _in_condition(self, condition: str, values: Mapping[str, float]) -> Any:
        """SBML document with the parameters and the condition as its own numbers."""
        document = libsbml.readSBMLFromString(self._sbml)
        model = document.getModel()
        for name, value in values.items():
            if model.getParameter(name) is not None:
                model.getParameter(name).setValue(value)
        for name, cell in self.problem.condition_df.loc[condition].items():
            if name == "conditionName":
                continue
            value = values[cell] if cell in values else float(cell)
            if (species := model.getSpecies(name)) is None:
                model.getParameter(name).setValue(value)
            elif species.getHasOnlySubstanceUnits():
                species.setInitialAmount(value)
            else:
                species.setInitialConcentration(value)
        return document

    def _course(self, document: Any, times: list[float]) -> pd.DataFrame:
        """What changes over time by SBML id; at time 0 alone the first row of a short run."""
        loaded = basico.load_model_from_string(libsbml.writeSBMLToString(document))
        try:
            return basico.run_time_course(
                model=loaded, values=[0.0, *(t for t in times if t > 0)] if times[-1] > 0 else [0.0, 1e-6],
                use_sbml_id=True, method="deterministic", r_tol=self.rtol, a_tol=1e-20, max_steps=1_000_000,
                reduced_model=False, update_model=False,
            )  # fmt: skip
        finally:
            basico.remove_datamodel(loaded)

    def _observe(
        self, document: Any, course: pd.DataFrame, row: pd.Series, values: Mapping[str, float]
    ) -> float:
        """The observable of a measurement, its placeholders filled from the row."""
        fillings = str(row.get("observableParameters", "")).split(";")
        at = course.iloc[int(np.abs(course.index.to_numpy() - row["time"]).argmin())]
        numbers = {}
        for symbol in self._formulas[row["observableId"]].free_symbols:
            name = str(symbol)
            if name.startswith(HOLE):
                text = fillings[int(name.removeprefix(HOLE).partition("_")[0]) - 1]
                numbers[symbol] = values[text] if text in values else float(text)
            elif name in at:
                numbers[symbol] = float(at[name])
            elif name in values and document.getModel().getParameter(name) is None:
                numbers[symbol] = values[name]
            else:
                numbers[symbol] = document.getModel().getParameter(name).getValue()
        return float(sympy.N(self._formulas[row["observableId"]].subs(numbers), 17))
