"""What of a patient lies outside the range that a population's data cover."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from jakinib.library import get_library
from jakinib.library.measurements import get_data
from jakinib.library.populations import Population
from jakinib.library.schema import Quantity
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Covariate, at, values

COVARIATES = {"weight": "kg", "eGFR": "mL/min"}
KIDNEY_FAILURE = 15.0  # mL/min per 1.73 m2, stage G5 of chronic kidney disease (KDIGO 2012)


def studied(people: Population, covariate: str) -> tuple[float, float] | None:
    """Range of a covariate in a population: stated with its typical value, else that of its members."""
    unit, typical = COVARIATES[covariate], getattr(people, covariate)
    spread = people.variability.get(covariate)
    for low, high in ((typical.low, typical.high), (spread and spread.low, spread and spread.high)):
        if low is not None and high is not None:
            scale = typical.to(unit) / typical.value
            ends = [end.to(unit) if isinstance(end, Quantity) else scale * end for end in (low, high)]
            return ends[0], ends[1]
    return None


def outside(population: str, covariates: Mapping[str, Covariate]) -> list[str]:
    """One line for each covariate (weight in kg, eGFR in mL/min per 1.73 m2) outside the studied range, the
    first where kidneys have failed: the model does not hold there. What is not given is the population's.
    """
    people = get_library().population(population)
    lines = beyond_the_model(min(values(covariates.get("eGFR", people.eGFR.to("mL/min")))))
    for name, unit in COVARIATES.items():
        ends = studied(people, name)
        if name not in covariates or ends is None:
            continue
        covered = f"{people.name or people.id} covers {ends[0]:g} to {ends[1]:g} {unit}"
        beyond = [value for value in values(covariates[name]) if not ends[0] <= value <= ends[1]]
        lines += [f"outside the studied range: {name} {v:g} {unit}; {covered}" for v in dict.fromkeys(beyond)]
    return lines


def beyond_the_model(eGFR: float, who: str = "eGFR") -> list[str]:
    """A line for an eGFR (mL/min per 1.73 m2) of kidney failure, where dialysis clears the drug."""
    if eGFR >= KIDNEY_FAILURE:
        return []
    return [
        f"outside the model: {who} {eGFR:g} mL/min; below {KIDNEY_FAILURE:g} patients are dialysed, which no "
        "term of the model describes: no number here holds for them"
    ]


def doses_outside(regimen: Regimen, inhibitor: str) -> list[str]:
    """A line for each dose (mg) of an inhibitor outside those of its published rows, and one when doses are
    given by body weight: the data are of fixed doses."""
    own = regimen.of(inhibitor).doses
    lines = [
        line
        for size in sorted({d.amount for d in own if not d.per_kg})
        for line in dose_outside(inhibitor, size)
    ]
    if any(dose.per_kg for dose in own):
        lines.append(
            "outside the studied range: doses in mg/kg; every study behind the pharmacokinetics gave fixed "
            "doses"
        )
    return lines


def bands_missed(regimen: Regimen, inhibitor: str, population: str, weight: Covariate) -> list[str]:
    """A line for each dose (mg) that is not the one stated for patients of the weight (kg), where the library
    states doses by weight; and for a weight that no dose is stated for."""
    bands = get_library().inhibitor(inhibitor).dose_bands.get(population, [])
    own = regimen.doses if not regimen.inhibitors else regimen.of(inhibitor).doses
    lines: dict[str, None] = {}
    for dose in own if bands else ():
        kg = at(weight, dose.time)
        band = next((band for band in bands if band.holds(kg)), None)
        if band is None:
            lines[f"outside the doses by weight: none of {inhibitor} is stated for {kg:g} kg"] = None
        elif not dose.per_kg and dose.amount > 0 and abs(dose.amount - band.dose.to("mg")) > 1e-9:
            stated = f"{band.dose.to('mg'):g} mg {band.every} ({band.dose.source}, {band.dose.location})"
            given = f"{inhibitor} {dose.amount:g} mg at {kg:g} kg"
            lines[f"not the dose by weight: {given}; patients of {band.label} take {stated}"] = None
    return list(lines)


_DOSE = re.compile(r"(\d+\.?\d*)(?:(?:-| to )(\d+\.?\d*))? mg\b(?!/)")


@functools.cache
def doses_studied(inhibitor: str) -> tuple[float, float] | None:
    """Smallest and largest dose (mg) in the published rows of an inhibitor; None where no row states one.

    A row on several doses, as a population analysis is, names them in its note.
    """
    published = get_data().measurements.values()
    rows = [f"{row.dose}; {row.note}" for row in published if row.inhibitor == inhibitor]
    found = [float(end) for text in rows for pair in _DOSE.findall(text) for end in pair if end]
    return (min(found), max(found)) if found else None


def dose_outside(inhibitor: str, amount: float) -> list[str]:
    """A line for a dose (mg) outside those of the published rows of an inhibitor; none for one missed."""
    if amount == 0:
        return []
    ends = doses_studied(inhibitor)
    if ends is None:
        return [f"outside the doses studied: no published row of {inhibitor} states a dose"]
    if ends[0] * (1 - 1e-9) <= amount <= ends[1] * (1 + 1e-9):
        return []
    covered = f"{ends[0]:g} mg" if ends[0] == ends[1] else f"{ends[0]:g} to {ends[1]:g} mg"
    return [f"outside the doses studied: {inhibitor} {amount:.4g} mg; the published data are of {covered}"]
