"""How each inhibitor gets into plasma: the numbers of its linear kinetics in each population."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from jakinib.assay.cell import SERUM_FRACTION
from jakinib.assay.compare import exposure
from jakinib.assay.disposition import RELEASE, Disposition
from jakinib.assay.patient import CLEARANCES, RATES, VOLUMES, Circumstances, Patient, typical
from jakinib.assay.studied import COVARIATES, bands_missed, doses_studied, studied
from jakinib.build import ModelSpec, compose
from jakinib.explore.numbers import parameters_of, stated, values_of
from jakinib.explore.signalling import matrices
from jakinib.library import Library
from jakinib.library.measurements import get_data
from jakinib.library.schema import Inhibitor
from jakinib.regimen import Regimen

_DOSE = re.compile(r"(\d+\.?\d*) mg(?: (qd|bid))?$")


def inhibitors(library: Library) -> dict[str, Any]:
    """Every inhibitor: binding in plasma, kinetics by population, what food and other drugs do to them."""
    return {name: _inhibitor(library, drug) for name, drug in library.inhibitors.items()}


def _inhibitor(library: Library, drug: Inhibitor) -> dict[str, Any]:
    parents = [other.id for other in library.inhibitors.values() if other.metabolite == drug.id]
    ratio = drug.blood_plasma_ratio
    return {
        "name": drug.name or drug.id,
        "mass": drug.molecular_weight.to("g/mol"),
        "fu": stated(drug.fu, "dimensionless"),
        "ratio": stated(ratio, "dimensionless"),
        "free": matrices(drug),
        "serum": SERUM_FRACTION,
        "metabolite": drug.metabolite,
        "parents": parents,
        "binding": sorted(drug.binding),
        "doses": doses_studied(drug.id),
        "usual": _usual(drug),
        "populations": {
            people: _kinetics(library, drug, people)
            for people in drug.pharmacokinetics
            if not parents and not drug.tissues.get(people)
        },
        "tissues": sorted(people for people in drug.pharmacokinetics if drug.tissues.get(people)),
        "conditions": {
            name: {
                "name": condition.name or name,
                "factors": {key: stated(q, "dimensionless") for key, q in condition.factors.items()},
                "delays": {key: stated(q, "hour") for key, q in condition.delays.items()},
            }
            for name, condition in drug.conditions.items()
        },
    }


def _usual(drug: Inhibitor) -> dict[str, float]:
    """The dose that most published rows of an inhibitor name, at their interval: where the page begins."""
    rows = [row.dose for row in get_data().measurements.values() if row.inhibitor == drug.id]
    found = Counter(dose.groups() for dose in map(_DOSE.match, rows) if dose)
    (amount, often), _ = found.most_common(1)[0] if found else (("1", ""), 0)
    return {"dose": float(amount), "interval": 12.0 if often == "bid" else 24.0}


def _kinetics(library: Library, drug: Inhibitor, people: str) -> dict[str, Any]:
    """The kinetics of an inhibitor, and of the metabolite formed from it, in the reference patient."""
    source = compose(ModelSpec("oral_pk", inhibitors=(drug.id,), population=people), library=library)
    values, around = values_of(source), Circumstances.of(drug.id, people)
    formed = [library.inhibitor(drug.metabolite)] if drug.metabolite else []
    uptake = Disposition.of(drug.id, people)
    return {
        "typical": typical(drug.id, people),
        "moieties": [_moiety(one.id, values) for one in (drug, *formed)],
        "first_order": uptake.first_order,
        "release": uptake.release or RELEASE,
        "renal": {
            "exponent": around.renal_exponent,
            "reference": around.reference_eGFR,
            "most": around.most_F if around.most_F < float("inf") else None,
        },
        "numbers": parameters_of(source) | _uptake(drug, people),
        **_cautions(library, drug, people),
    }


def _cautions(library: Library, drug: Inhibitor, people: str) -> dict[str, Any]:
    """What a reader must know of an inhibitor in a population: always, and with an eGFR or a weight of one's
    own; and the doses that are stated by weight."""
    usual = library.population(people)
    kidney = Patient(people, drug.id, eGFR=usual.eGFR.to("mL/min")).unknown()
    heavy = Patient(people, drug.id, weight=usual.weight.to("kg")).unknown()
    dose = (doses_studied(drug.id) or (1.0, 1.0))[1]
    notes = exposure(f"{drug.id} {dose:g} mg qd", people).notes
    missed = set(bands_missed(Regimen.parse(f"{dose:g} mg qd"), drug.id, people, usual.weight.to("kg")))
    return {
        "notes": [note for note in notes if note not in missed],
        "onKidney": kidney,
        "onWeight": heavy,
        "bands": [
            {"low": band.low, "high": band.high, "label": band.label, "every": band.every,
             **stated(band.dose, "mg")}
            for band in drug.dose_bands.get(people, ())
        ],
    }  # fmt: skip


def _moiety(drug: str, values: dict[str, float]) -> dict[str, Any]:
    """Disposition of one moiety by parameter name, and how it scales with the patient."""
    known = {
        key: values[f"{key}_{drug}"] for key in (*CLEARANCES, *VOLUMES, *RATES) if f"{key}_{drug}" in values
    }

    def of(*names: str, otherwise: float | None = None) -> float:
        found = next((values[name] for name in names if name in values), otherwise)
        assert found is not None, names
        return found

    return {
        "id": drug,
        "values": known,
        "weight": of(f"weight_ref_{drug}", "weight_ref"),
        "eGFR": of(f"eGFR_ref_{drug}", "eGFR_ref"),
        "clearance": of(f"weight_CL_{drug}", "allometry"),
        "volume": of(f"weight_V_{drug}", otherwise=1.0),
    }


def _uptake(drug: Inhibitor, people: str) -> dict[str, Any]:
    """Numbers of uptake, which no model holds; the calibrated ones of the plan stand in ``typical``."""
    given = drug.pharmacokinetics[people]
    units = {"D1": "hour", "lag": "hour", "release": "hour", "first_order": "dimensionless"}
    names = {"D1": "duration of zero-order input", "lag": "lag before absorption",
             "release": "release into the gut", "first_order": "share absorbed at first order"}  # fmt: skip
    return {
        f"{key}_{drug.id}": {"name": names[key]} | stated(given[key], unit)
        for key, unit in units.items()
        if key in given
    }


def populations(library: Library) -> dict[str, Any]:
    """Every population: its typical member, and the covariates that its data cover."""
    return {
        name: {
            "name": people.name or name,
            **{key: getattr(people, key).to(unit) for key, unit in COVARIATES.items()},
            "studied": {key: studied(people, key) for key in COVARIATES},
        }
        for name, people in library.populations.items()
    }
