"""Checks of data sets and plans."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeGuard

from pydantic import ValidationError

from jakinib.check.base import Check, Context
from jakinib.check.entries import FILL, Found, dotted, due
from jakinib.check.files import File
from jakinib.check.meaning import wanted_unit
from jakinib.errors import UnitError
from jakinib.evaluate.criteria import Criterion, row_problems
from jakinib.experiments import Inhibited, kinds
from jakinib.library.files import explain
from jakinib.library.measurements import Measurement
from jakinib.units import convert


class DataRows(Check):
    """Rows of measurements.tsv are complete, with unit, set and status; columns are known."""

    id, kinds, message = "data-row", ("measurements",), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        header = file.text.splitlines()[0].split("\t") if file.text.strip() else []
        for column in header:
            if column not in Measurement.model_fields:
                yield (
                    1,
                    {"problem": f"unknown column '{column}'; known: {', '.join(Measurement.model_fields)}"},
                )
        known = {column for column in header if column in Measurement.model_fields}
        for number, line in enumerate(file.text.splitlines()[1:], start=2):
            if line.strip() and len(line.split("\t")) != len(header):
                yield (
                    number,
                    {"problem": f"{len(line.split(chr(9)))} cells, {len(header)} columns; tabs part them"},
                )
        for number, row in file.rows:
            if any(map(due, row.values())):
                continue
            try:
                Measurement.model_validate({k: v for k, v in row.items() if v and k in known})
            except ValidationError as error:
                for first in error.errors():
                    location, problem = explain(first)
                    yield number, {"problem": f"column {dotted(location)} {problem}"}


class DuplicateRow(Check):
    """The id of a data row is used once, in all data."""

    id, kinds = "duplicate-row", ("measurements",)
    message = "id '{id}' is already used in {other}; choose another"

    def find(self, file: File, context: Context) -> Found:
        seen = dict.fromkeys(context.packaged_rows - self._own(file, context), "the package's data")
        for other in context.of("measurements"):
            if other.path == file.path:
                break
            seen |= {row.get("id", ""): other.path.parent.name for _, row in other.rows}
        for line, row in file.rows:
            name = row.get("id", "")
            if name in seen and name != FILL:
                yield line, {"id": name, "other": seen[name]}
            seen[name] = f"line {line}"

    @staticmethod
    def _own(file: File, context: Context) -> set[str]:
        """Nothing is a duplicate of itself when the package's own data are checked."""
        return context.packaged_rows if context.is_packaged(file.path) else set()


class Source(Check):
    """A data folder says how to cite it."""

    id, kinds = "data-without-source", ("measurements",)
    message = "source.yaml is missing beside it; write one with citation, licence and how_read"

    def find(self, file: File, context: Context) -> Found:
        if not (file.path.parent / "source.yaml").is_file():
            yield 1, {}


class Wanted(Check):
    """A table that was copied is wanted no more: its rows would be ignored."""

    id, kinds = "wanted-with-rows", ("source",)
    message = "status: wanted, yet {table} has rows; remove that line once they are copied"

    def find(self, file: File, context: Context) -> Found:
        for other in context.of("measurements") if file.data.get("status") else []:
            if other.path.parent == file.path.parent and other.rows:
                yield file.line("status"), {"table": other.path.name}


class Licence(Check):
    """A data folder says what may be done with it, how its numbers were read and who measured."""

    id, level, kinds = "data-without-licence", "warning", ("source",)
    message = "{field} is missing; say {what}"

    def find(self, file: File, context: Context) -> Found:
        for field, what in (
            ("licence", "what may be done with the numbers"),
            ("how_read", "how the numbers were read"),
            ("laboratory", "who measured, or 'several'"),
        ):
            if not file.problem and not file.data.get(field):
                yield 1, {"field": field, "what": what}


class AssayConditions(Check):
    """A cell assay with inhibitor needs its conditions."""

    id, kinds = "assay-without-conditions", ("measurements",)
    message = (
        "row '{id}' is a {quantity}, and source.yaml has no assay block; add preincubation and stimulation"
    )

    def find(self, file: File, context: Context) -> Found:
        beside = next((f for f in context.of("source") if f.path.parent == file.path.parent), None)
        if beside is None or beside.problem or beside.data.get("assay"):
            return
        for line, row in file.rows:
            quantity = row.get("quantity", "")
            if issubclass(kinds().get(quantity, object), Inhibited) and row.get("set") != "context":
                yield line, {"id": row.get("id", ""), "quantity": quantity}
                return


class RowUnused(Check):
    """A row that is meant to calibrate or validate does so in some plan, or a criterion is about it."""

    id, level, kinds = "row-unused", "warning", ("measurements",)
    message = (
        "row '{id}' is for {set} and neither plan nor criterion uses it; name it in one or make it context"
    )

    def find(self, file: File, context: Context) -> Found:
        sections = ("calibration", "validation", "context")
        used = {str(r) for plan in context.plans.values() for s in sections for r in _list(plan.get(s))}
        for criteria in context.of("criteria"):
            for entry in _list(criteria.data.get("criteria")):
                used |= set(map(str, _list(entry.get("rows")))) if isinstance(entry, dict) else set()
        for line, row in file.rows:
            meant = row.get("set", "")
            if meant in ("calibration", "validation") and row.get("id") not in used:
                yield line, {"id": row.get("id"), "set": meant}


def _list(node: Any) -> list[Any]:
    return node if isinstance(node, list) else []


class PlanRows(Check):
    """A plan names rows that exist."""

    id, kinds = "plan-unknown-row", ("plans",)
    message = "{section} names '{row}', which is in no data set; correct it or add the row"

    def find(self, file: File, context: Context) -> Found:
        for section in ("calibration", "validation", "context"):
            for number, row in enumerate(_list(file.data.get(section))):
                if row != FILL and str(row) not in context.rows:
                    yield file.line(section, number), {"section": section, "row": row}


class HeldOut(Check):
    """Validation rows stay out of every objective."""

    id, kinds = "held-out-row", ("plans",)
    message = "{section} names '{row}', a {set} row; {todo}"

    def find(self, file: File, context: Context) -> Found:
        for section, forbidden in (("calibration", "validation"), ("validation", "calibration")):
            for number, row in enumerate(_list(file.data.get(section))):
                if context.rows.get(str(row)) == forbidden:
                    todo = (
                        "held-out rows never calibrate" if section == "calibration" else "it cannot validate"
                    )
                    yield (
                        file.line(section, number),
                        {"section": section, "row": row, "set": forbidden, "todo": todo},
                    )


class CriterionRows(Check):
    """The rows of a criterion exist, and no recalled one decides."""

    id, kinds, message = "criterion", ("criteria",), "criterion {id}: {problem}"

    def find(self, file: File, context: Context) -> Found:
        for number, entry in enumerate(_list(file.data.get("criteria"))):
            try:
                criterion = Criterion.model_validate(entry)
            except ValidationError:
                continue  # the schema says so
            for problem in row_problems(criterion, context.measurements):
                yield file.line("criteria", number), {"id": criterion.id, "problem": problem}


class EarlierPlan(Check):
    """Plans, populations and cells that a plan builds on exist."""

    id, kinds = "plan-unknown-reference", ("plans",)
    message = "{field}: {what} '{name}' does not exist; {todo}"

    def find(self, file: File, context: Context) -> Found:
        for at, what, name in self._named(file):
            known = {
                "plan": set(context.plans),
                "population": set(context.library.populations),
                "cell": {
                    *context.library.cells,
                    *(a for c in context.library.cells.values() for a in c.aliases),
                },
            }[what]
            if name not in known and name != FILL:
                todo = f"known: {', '.join(sorted(known)[:12])}"
                yield file.line(*at), {"field": dotted(at), "what": what, "name": name, "todo": todo}

    def _named(self, file: File) -> Iterator[tuple[tuple[Any, ...], str, str]]:
        if isinstance(like := file.data.get("like"), str):
            yield ("like",), "plan", like
        for number, name in enumerate(_list(file.data.get("after"))):
            yield ("after", number), "plan", str(name)
        for number, row in enumerate(_list(file.data.get("parameters"))):
            earlier = row.get("prior_from") if isinstance(row, dict) else None
            for name in [earlier] if isinstance(earlier, str) else _list(earlier):
                yield ("parameters", number, "prior_from"), "plan", str(name)
        for field, what in (("populations", "population"), ("cells", "cell")):
            named = file.data.get(field)
            for key, name in (named if isinstance(named, dict) else {}).items():
                yield (field, key), what, str(name)


class Bounds(Check):
    """The bounds of a free parameter can reach what is known of it."""

    id, kinds = "unreachable-bounds", ("plans",)
    message = "{id}: bounds {low:g}..{high:g} {unit} leave out {what}; widen them or correct the number"

    def find(self, file: File, context: Context) -> Found:
        for number, row in enumerate(_list(file.data.get("parameters"))):
            if not isinstance(row, dict):
                continue
            low, high, unit = row.get("low"), row.get("high"), row.get("unit")
            if not (_number(low) and _number(high) and isinstance(unit, str)):
                continue
            values = {"id": row.get("id"), "low": float(low), "high": float(high), "unit": unit}
            prior = row.get("prior")
            median = prior.get("median") if isinstance(prior, dict) else None
            if _number(median) and not float(low) <= float(median) <= float(high):
                what = f"the median of its prior, {float(median):g}"
                yield file.line("parameters", number, "low"), {**values, "what": what}
            if what := self._known_range(row, context):
                yield file.line("parameters", number, "low"), {**values, "what": what}

    def _known_range(self, row: dict[str, Any], context: Context) -> str:
        """The library's range of the parameter, when the bounds do not meet it."""
        symbol = str(row.get("id", "")).partition("@")[0]
        known = context.library.parameter(symbol) if wanted_unit(symbol, context) else None
        if known is None or known.low is None or known.high is None or row.get("scope") == "nuisance":
            return ""
        try:
            low, high = (convert(float(row[end]), row["unit"], known.unit) for end in ("low", "high"))
        except UnitError:
            return ""  # the check of dimensions says so
        if high < known.low or low > known.high:
            return f"the library's range, {known.low:g}..{known.high:g} {known.unit}"
        return ""


def _number(value: Any) -> TypeGuard[float]:
    try:
        return math.isfinite(float(value)) and not isinstance(value, bool)
    except (TypeError, ValueError):
        return False
