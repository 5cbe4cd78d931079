"""An overlay as a data set of a user's library: its points as rows, and criteria that judge them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import TypeAdapter, ValidationError

from jakinib.assay.cell import CellAssay
from jakinib.errors import InputError
from jakinib.evaluate.criteria import Criteria
from jakinib.experiments.points import patient_text
from jakinib.files import table_text
from jakinib.library.files import explain, read_model, short
from jakinib.library.measurements import DataSource, Measurement, get_data
from jakinib.library.ranges import EntryName
from jakinib.paths import check_writable, write_atomic
from jakinib.scenario.measured import Points
from jakinib.scenario.parts import Measured
from jakinib.scenario.value import Scenario

if TYPE_CHECKING:
    from jakinib.scenario.overlaid import Hill

NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
LARGEST_FOLD, LARGEST_DIFFERENCE = 2.0, 20.0  # bounds that criteria begin with, until their user sets others


@dataclass(frozen=True)
class Written:
    """The files of a data set, and what of the overlay they leave out, a line each."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def write_dataset(
    name: str, library: Path, points: Points, scenario: Scenario, conditions: CellAssay, hill: Hill | None
) -> Written:
    """Write ``data/<name>`` and criteria on its rows into a library folder, as ``Overlay.save_dataset``."""
    if not NAME.fullmatch(name) or len(name) > 64:
        raise InputError(f"'{name}' is no name of a data set; use letters and digits, such as Clinic2026")
    folder = library / "data" / name
    if folder.exists():
        raise InputError(f"{short(folder)} exists already; choose another name, or move it away")
    rows, notes = _rows(name, points, scenario, conditions)
    if hill is not None:
        rows.append(_potency(name, rows, scenario, conditions, hill))
    known = get_data().measurements
    for row in rows:
        if row.id in known:
            raise InputError(
                f"row '{row.id}' is already in {known[row.id].source}; choose another name than {name}"
            )
    if scenario.assay.laboratory:
        notes.append(
            "evaluate predicts the rows without the factor of the laboratory, which a plan would know"
        )
    columns = [c for c in Measurement.model_fields if any(_cell(row, c) for row in rows) and c != "source"]
    criteria = library / "criteria.yaml"
    contents = {
        folder / "source.yaml": _source(name, points, scenario, conditions),
        folder / "measurements.tsv": table_text(columns, [[_cell(row, c) for c in columns] for row in rows]),
        criteria: _criteria(name, criteria, rows),
    }
    check_writable(*contents)
    for path, text in contents.items():
        write_atomic(path, text)
    return Written(tuple(contents), tuple(notes))


def _cell(row: Measurement, column: str) -> str:
    value = getattr(row, column)
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def _row(**fields: Any) -> Measurement:
    try:
        return Measurement.model_validate(fields)
    except ValidationError as error:
        location, problem = explain(error.errors()[0])
        raise InputError(f"data set: {'.'.join(map(str, location))} {problem}") from None


def _rows(
    name: str, points: Points, scenario: Scenario, conditions: CellAssay
) -> tuple[list[Measurement], list[str]]:
    """A row a point; what a row cannot hold is left out, and said."""
    who, over_time = scenario.patient, points.over == "time"
    shared: dict[str, Any] = {"inhibitor": conditions.inhibitor, "set": "validation", "status": "verified"}
    if over_time:
        patient = patient_text(who.weight, who.eGFR, who.with_)
        shared |= {"population": who.population, "patient": patient, "dose": scenario.doses.to_text()}
    if points.quantity == "inhibition":
        shared |= _read(conditions) | {"unit": "percent"}
        shared["quantity"] = "inhibition_at_time" if over_time else "inhibition_at_concentration"
    else:
        shared |= {"quantity": "plasma_at_time", "unit": "ng/mL"}
    rows, low = [], []
    for number, (at, mean, error) in enumerate(
        zip(points.at, points.mean.tolist(), points.error.tolist(), strict=True), start=1
    ):
        if mean <= 0:
            low.append(f"{at:g} {'h' if over_time else 'nM'}")
            continue
        place = {"time": f"{at!r} hour"} if over_time else {"dose": f"{at!r} nM"}
        spread = {"spread": error, "spread_type": "SD"} if error > 0 else {}
        count = {"n": len(points.each[number - 1])}
        rows.append(
            _row(
                id=f"{name}_{number}", value=mean, location=points.file, **shared, **place, **spread, **count
            )
        )
    if not rows:
        raise InputError("data set: no point lies above 0, and a row holds no other")
    return rows, [f"left out, at or below 0: {', '.join(low)}"] if low else []


def _read(conditions: CellAssay) -> dict[str, str]:
    if conditions.beside:
        raise InputError(f"data set: a row is of one cytokine; {conditions.stimulus} cannot be saved")
    return {
        "cytokine": conditions.cytokine, "readout": conditions.readout, "cell": conditions.cell,
        "matrix": conditions.matrix,
    }  # fmt: skip


def _potency(
    name: str, rows: Sequence[Measurement], scenario: Scenario, conditions: CellAssay, hill: Hill
) -> Measurement:
    low, high = hill.ic50_interval
    return _row(
        id=f"{name}_IC50", quantity="cell_ic50", inhibitor=conditions.inhibitor, value=hill.ic50, unit="nM",
        low=low, high=high, set="validation", kind="derived", status="verified", **_read(conditions),
        location=f"Hill fit of {rows[0].id} to {rows[-1].id}", note="low and high: 90 % interval of the fit",
    )  # fmt: skip


def _source(name: str, points: Points, scenario: Scenario, conditions: CellAssay) -> str:
    """source.yaml; conditions that the scenario leaves as usual are called assumed."""
    measured = scenario.assay
    laboratory = measured.laboratory or name
    TypeAdapter(EntryName).validate_python(laboratory)
    assay = {
        "preincubation": _stated(name, conditions.preincubation, "hour", "preincubation", measured),
        "stimulation": _stated(name, conditions.stimulation, "hour", "stimulation", measured),
        "cytokine_dose": {
            conditions.cytokine: _stated(name, conditions.cytokine_dose, "nM", "cytokine_dose", measured)
        },
    }
    source = {
        "citation": f"{name}, own measurements", "licence": "not published",
        "how_read": f"means over the replicates in {points.file}", "laboratory": laboratory, "assay": assay,
    }  # fmt: skip
    DataSource.model_validate(source)
    return yaml.safe_dump(source, sort_keys=False, width=1000, allow_unicode=True)


def _stated(name: str, value: float, unit: str, field: str, measured: Measured) -> dict[str, Any]:
    """A condition with its origin: as the scenario says, of a milieu, or the usual."""
    if measured.given(field):
        return {"value": value, "unit": unit, "kind": "measured", "status": "verified", "source": name,
                "location": "scenario of the overlay"}  # fmt: skip
    why = "usual in cell assays, and not stated by the scenario"
    if field == "cytokine_dose" and measured.milieu:
        why = f"level in the milieu {measured.milieu}"
    return {"value": value, "unit": unit, "kind": "assumed", "rationale": why}


def _criteria(name: str, file: Path, rows: Sequence[Measurement]) -> str:
    """The criteria of a library with those of the rows added at its end."""
    before = "criteria:\n"
    if file.exists():
        taken = {criterion.id for criterion in read_model(file, Criteria).criteria}
        if twice := taken & {f"{name}_points", f"{name}_IC50"}:
            raise InputError(
                f"{short(file)}: criterion '{min(twice)}' is already there; choose another name than {name}"
            )
        before = file.read_text(encoding="utf-8").rstrip() + "\n"
    points = [row for row in rows if row.quantity != "cell_ic50"]
    unit = points[0].unit
    own: list[Mapping[str, Any]] = []
    if unit == "percent":
        statement = f"{name}: mean distance from {len(points)} points"
        own.append(
            _criterion(f"{name}_points", statement, points, "mean_difference", LARGEST_DIFFERENCE, "points")
        )
    else:
        statement = f"{name}: geometric mean fold error of {len(points)} points"
        own.append(_criterion(f"{name}_points", statement, points, "gmfe", LARGEST_FOLD, "fold"))
    potency = [row for row in rows if row.quantity == "cell_ic50"]
    if potency:
        own.append(_criterion(f"{name}_IC50", f"{name}: IC50", potency, "worst_fold", LARGEST_FOLD, "fold"))
    added = "".join(f"  - {json.dumps(one, ensure_ascii=False)}\n" for one in own)
    text = f"{before}  # {name}: the bounds are assumed; set those that your question needs\n{added}"
    try:
        Criteria.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError):
        raise InputError(
            f"{short(file)}: no list of criteria in lines '  - {{...}}'; add {added.strip()}"
        ) from None
    return text


def _criterion(
    name: str, statement: str, rows: Sequence[Measurement], statistic: str, high: float, unit: str
) -> dict[str, Any]:
    return {
        "id": name, "hard": False, "statement": statement, "rows": [row.id for row in rows],
        "statistic": statistic, "high": high, "target": f"<= {high:g}", "unit": unit,
    }  # fmt: skip
