"""Numbers in documents that come from fits: estimates, spreads, evidence, draws and cross-validations."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import asdict

from jakinib.build.estimates import estimates, result_file
from jakinib.errors import InputError, UnknownIdError
from jakinib.evaluate.draws import probabilities
from jakinib.evaluate.potency import NEW, SAME, assay
from jakinib.evaluate.run import STRUCTURES, calibrations
from jakinib.files.journal import read_record
from jakinib.fit import crossvalidation as folds
from jakinib.fit import results
from jakinib.fit.coordinates import Coordinate, coordinates
from jakinib.fit.crossvalidation import CrossValidation
from jakinib.fit.folds import LEAVE, Held
from jakinib.library.measurements import get_data
from jakinib.report.sources import Value, ends, field_of, plan_named, source


@source
def estimate(plan: str, symbol: str, part: str = "value") -> Value:
    """Of a fitted parameter, in the unit of its plan: value, low, high or interval (90 %)."""
    found = estimates(plan) | estimates(plan, nuisance=True)
    if symbol not in found:
        raise UnknownIdError("estimate", symbol, found)
    return ends(symbol, found[symbol], part, published=False)


@source
def plan(name: str, part: str) -> Value:
    """Of a plan: calibration, validation (rows), parameters, identifiable (of them), starts, objective or
    log_evidence."""
    declared = plan_named(name)
    if part in ("calibration", "validation", "parameters"):
        return Value(text=str(len(getattr(declared, part))))
    fit = results.read(declared)
    if part == "identifiable":
        free = {parameter.id for parameter in declared.parameters}
        found = [one for one in results.judged(fit) if one.estimate.id in free]
        return Value(text=str(sum(one.verdict == "identifiable" for one in found)))
    value = field_of(fit.provenance, part)
    return Value((float(value),)) if isinstance(value, float) else Value(text=str(value))


@source
def draws(plan: str, part: str) -> Value:
    """Of the draws of a plan: draws, evaluations, rhat, ess or method."""
    found = read_record(
        result_file(plan, "ensemble.json"), "the record of an ensemble", "run: jakinib ensemble"
    )
    value = field_of(found | found["diagnostics"] | {"evaluations": found["evaluations"]}, part)
    return Value(text=value) if isinstance(value, str) else Value((float(value),))


@source
def spread(plan: str, name: str, part: str = "value") -> Value:
    """Of a spread that a plan estimated: value, one standard deviation of ln x, or factor, exp of it."""
    known = results.read(plan_named(plan)).provenance.get("spreads", {})
    if name not in known:
        raise UnknownIdError("spread", name, known)
    if part not in ("value", "factor"):
        raise UnknownIdError("part of a spread", part, ("value", "factor"))
    return Value((math.exp(known[name]) if part == "factor" else float(known[name]),))


@source
def structure(plan: str) -> Value:
    """The percentage of draws that a structure has."""
    if plan not in STRUCTURES:
        raise UnknownIdError("structure", plan, STRUCTURES)
    shares = probabilities(calibrations(STRUCTURES, get_data()))
    return Value((100 * float(shares[STRUCTURES.index(plan)]),))


@source
def crossvalidation(plan: str, leave: str, part: str, *rows: str) -> Value:
    """Of a stored cross-validation: gmfe, worst, inside_same, inside_new or inside_ratio (percent), rows,
    density or folds. rows: ids, ``seen`` (on a pathway that another drug was fitted on), ``read`` (not
    recalled) or an inhibitor, with - before it for all but it; each narrows what is counted."""
    found = stored_folds(plan, leave)
    if part == "density":
        return Value((found.density,))
    if part == "folds":
        return Value(text=str(len(found.folds)))
    held = _some(found.held, rows)
    if part == "rows":
        return Value(text=str(len(held)))
    of = {"gmfe": folds.gmfe, "worst": folds.worst}
    if part in of:
        return Value((of[part](held),))
    bands = {"inside_same": "same", "inside_new": "new", "inside_ratio": "ratio"}
    if part not in bands:
        raise UnknownIdError("part", part, ["density", "folds", "rows", *of, *bands])
    return Value((folds.share_inside(held, bands[part]),))  # type: ignore[arg-type]


@source
def held(plan: str, leave: str, row: str, part: str = "predicted") -> Value:
    """Of a row that was left out: predicted, fold, or the bands same, new and ratio."""
    [one] = stored_folds(plan, leave).some([row])
    if part == "fold":
        return Value((one.fold_error,))
    if part == "predicted":
        return Value((one.predicted,), one.unit)
    band = {"same": one.same, "new": one.new, "ratio": one.ratio_band}.get(part)
    if band is None:
        raise InputError(f"'{part}' of {row} is not given; ask for predicted, fold, same, new or ratio")
    return Value(band, "" if part == "ratio" else one.unit)


@source
def coordinate(plan: str, row: str, part: str = "value") -> Value:
    """Of what a row fixes, its potency in its laboratory: value, interval (90 %) or verdict; of ``all`` rows
    their number, or that of the identifiable."""
    found = _coordinates(plan)
    if row == "all":
        counted = [one for one in found if part in ("rows", one.verdict)]
        return Value(text=str(len(counted)))
    by_row = {one.row: one for one in found}
    if row not in by_row:
        raise UnknownIdError("row", row, by_row)
    one = by_row[row]
    if part == "verdict":
        return Value(text=one.verdict)
    return Value(
        (one.low, one.high) if part == "interval" else (float(field_of(asdict(one), part)),), one.unit
    )


@functools.cache
def _coordinates(plan: str) -> list[Coordinate]:
    return coordinates(plan)


@source
def potency(
    inhibitor: str, cytokine: str, readout: str, matrix: str, band: str, laboratory: str = ""
) -> Value:
    """The band of an IC50 (nM): new, or same of a laboratory."""
    names = {"new": NEW, "same": SAME}
    bands = _bands(inhibitor, cytokine, readout, matrix, laboratory)
    if names.get(band) not in bands:
        raise InputError(f"band '{band}' of {inhibitor} on {cytokine} is not given; ask for new or same")
    return Value(bands[names[band]], "nM")


@functools.cache
def _bands(*asked: str) -> dict[str, tuple[float, float]]:
    inhibitor, cytokine, readout, matrix, laboratory = asked
    return dict(assay(inhibitor, cytokine, readout, matrix=matrix, laboratory=laboratory).bands)


@functools.cache
def stored_folds(plan: str, leave: str) -> CrossValidation:
    """The stored folds of a plan of the package."""
    if leave not in LEAVE:
        raise UnknownIdError("group to leave out", leave, LEAVE)
    return folds.stored(plan_named(plan), leave)


def _some(held: Sequence[Held], words: Sequence[str]) -> list[Held]:
    known = {one.row for one in held} | {one.inhibitor for one in held}
    out = list(held)
    for word in words:
        name, without = word.removeprefix("-"), word.startswith("-")
        if name not in known | {"seen", "read"}:
            raise UnknownIdError("row or inhibitor", name, sorted(known))

        def meant(one: Held, name: str = name) -> bool:
            if name in ("seen", "read"):
                return one.seen if name == "seen" else one.status != "recalled"
            return name in (one.row, one.inhibitor)

        out = [one for one in out if meant(one) != without]
    return out
