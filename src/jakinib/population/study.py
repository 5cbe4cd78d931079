"""From names to a job: what is simulated, in whom, and the fingerprint of both."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.assay.cell import EX_VIVO, CellAssay, stimulated
from jakinib.assay.disposition import Disposition
from jakinib.assay.patient import Circumstances, typical
from jakinib.assay.studied import KIDNEY_FAILURE, bands_missed, beyond_the_model, doses_outside
from jakinib.errors import InputError, UnknownIdError
from jakinib.lanes import identity
from jakinib.library import get_library
from jakinib.library.disposition import UNITS as DISPOSITION_UNITS
from jakinib.library.names import resolve
from jakinib.library.populations import Population
from jakinib.library.schema import Inhibitor
from jakinib.population.engine import Job
from jakinib.population.ensemble import ensemble_file, read_ensemble
from jakinib.population.sampling import CHUNK, sampler
from jakinib.regimen import Regimen
from jakinib.simulate import Model, load
from jakinib.units import MODEL_UNITS

if TYPE_CHECKING:
    import pandas as pd

RTOL = 1e-6  # of batches; its error: tests/validation/test_population_accuracy.py
SIGNALLING = ("ATP", "w_", "kphos_", "_rest")
MOST = 10_000_000  # patients
MOST_DOSES = 10_000


def study(
    population: str,
    n: int,
    regimen: Regimen | str,
    *,
    inhibitor: str = "baricitinib",
    cytokine: str | None = "IL-6",
    readout: str = "",
    cytokine_dose: str = "",
    milieu: str = "",
    conditions: Sequence[str] = (),
    seed: int = 1,
    ensemble: pd.DataFrame | None = None,
    rtol: float = RTOL,
) -> tuple[Job, dict[str, Any]]:
    """The job and the manifest that identifies it.

    Raises InputError or UnknownIdError for anything that cannot be simulated, before anything is.
    """
    library = get_library()
    people, drug = library.population(population), library.inhibitor(inhibitor)
    conditions = [resolve(f"condition of {drug.id}", name, drug.conditions) for name in conditions]
    _refuse(n, seed, drug, cytokine)
    regimen = Regimen.parse(regimen)
    own_doses = doses_of(regimen, drug)
    assay = None if cytokine is None else _assay(drug.id, cytokine, readout, cytokine_dose, milieu)
    values, units = _disposition(people, drug.id)
    pk = load("oral_pk", inhibitors=drug.id, population=people.id)
    cell = assay.model() if assay else None
    own, own_units = _signalling(cell) if cell else ({}, {})
    values, units = values | own, units | own_units
    members, members_hash = (
        _members(people.ensemble, ensemble, units, assay.cell) if assay else (None, "none")
    )
    chosen = sampler(people, values, units, members)
    job = Job(
        key="",
        n=n,
        seed=seed,
        inhibitor=drug.id,
        sampler=chosen,
        circumstances=Circumstances.of(drug.id, people.id, conditions),
        typical={name: values[name] for name in values if name not in own or name in chosen.names},
        pk_sbml=pk.sbml,
        cell_sbml=cell.sbml if cell else "",
        rtol=rtol,
        regimen=own_doses,
        disposition=Disposition.of(drug.id, people.id),
        interval=own_doses.intervals()[-1],
        fu=drug.fu.to("dimensionless"),
        ligands=tuple((f"L_{library.cytokine(name).symbol}", dose) for name, dose in assay.doses.items())
        if assay
        else (),
        stimulation=assay.stimulation if assay else 0.0,
        observable=assay.observable if assay else "",
    )
    job = replace(job, key=hashlib.sha256(pickle.dumps(job, protocol=5)).hexdigest())
    models = {"oral_pk": pk.sha256, "cytokine_signalling": cell.sha256 if cell else "none"}
    digests = models | _sources(people.id, drug.id) | {"ensemble": members_hash, "sampled": _sampled(job)}
    return job, _manifest(job, people.id, regimen, assay, conditions, digests)


def _sources(population: str, inhibitor: str) -> dict[str, str]:
    """Digests of the library files of a study."""
    files = get_library().files
    return {
        "population": _digest(files["populations", population]),
        "inhibitor": _digest(files["inhibitors", inhibitor]),
    }


def _refuse(n: int, seed: int, drug: Inhibitor, cytokine: str | None) -> None:
    """Raises InputError for a number of patients, a seed or a question that a population does not take."""
    if not 1 <= n <= MOST:
        raise InputError(f"population: {n} patients; give 1 to {MOST:,}")
    if seed < 0:
        raise InputError(f"population: seed is {seed}; give a whole number of at least 0")
    if drug.metabolite and cytokine is not None:
        raise InputError(
            f"population: {drug.id} acts through {drug.metabolite} as well, which a population does not "
            "follow; ask for exposure alone (cytokine=None)"
        )


def _disposition(people: Population, drug: str) -> tuple[dict[str, float], dict[str, str]]:
    """Typical covariates and disposition of a population by symbol, and their units."""
    values = {"weight": people.weight.to("kg"), "eGFR": people.eGFR.to("mL/min")}
    units = {"weight": "kg", "eGFR": "mL/min"}
    for name, value in typical(drug, people.id).items():
        values[f"{name}_{drug}"] = value
        units[f"{name}_{drug}"] = DISPOSITION_UNITS.get(name, "dimensionless")  # F is a share
    return values, units


def _sampled(job: Job) -> str:
    """Digest of what patients are drawn from and how they are dosed."""
    drawn = job.sampler
    arrays = (drawn.typical, drawn.omega, drawn.shape, drawn.low, drawn.high)
    named = repr((drawn.names, drawn.groups, job.regimen.doses, job.regimen.steady)).encode()
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays) + named).hexdigest()


def _notes(population: str, job: Job) -> list[str]:
    """What of its patients the model does not describe, and which doses are not theirs, a line each."""
    bands = get_library().inhibitor(job.inhibitor).dose_bands.get(population, [])
    return [
        *_beyond(population),
        *doses_outside(job.regimen, job.inhibitor),
        *(line for b in bands for line in bands_missed(job.regimen, job.inhibitor, population, b.low)),
    ]


def _beyond(population: str) -> list[str]:
    """A line where patients have kidneys that the model does not describe."""
    people = get_library().population(population)
    spread = people.variability.get("eGFR")
    typical = people.eGFR.to("mL/min")
    if typical < KIDNEY_FAILURE or spread is None:
        return beyond_the_model(typical)
    low = spread.low.to("mL/min") if spread.low else 0.0
    return beyond_the_model(low, "patients are drawn down to an eGFR of")


def _manifest(
    job: Job,
    population: str,
    regimen: Regimen,
    assay: CellAssay | None,
    conditions: Sequence[str],
    digests: dict[str, str],
) -> dict[str, Any]:
    """What identifies a study: a run goes on only from pieces of the same."""
    return {
        "population": population,
        "inhibitor": job.inhibitor,
        "regimen": regimen.text,
        "doses": len(job.regimen.doses),
        "steady_state": bool(job.regimen.steady),
        "last_interval_h": list(job.interval),
        "cytokine": assay.stimulus if assay else None,
        "cytokine_dose_nM": (assay.doses if assay.beside else assay.cytokine_dose) if assay else None,
        "readout": assay.readout if assay else None,
        "cell": assay.cell if assay else None,
        "conditions": list(conditions),
        "milieu": assay.milieu or None if assay else None,
        "notes": [*regimen.notes, *_notes(population, job), *(assay.notes if assay else ())],
        "n": job.n,
        "seed": job.seed,
        "chunk": CHUNK,
        "rtol": job.rtol,
        "lanes": identity() if assay else None,
        "sha256": digests,
        "versions": {name: version(name) for name in ("jakinib", "libroadrunner", "numpy")},
    }


def _assay(inhibitor: str, cytokine: str, readout: str, dose: str, milieu: str) -> CellAssay:
    """Conditions of the ex vivo read-out; by default the usual dose and the cytokine's first read-out."""
    return stimulated(
        inhibitor, cytokine, readout, cell="", matrix=EX_VIVO, cytokine_dose=dose, preincubation="1 h",
        stimulation="15 min", milieu=milieu,
    )  # fmt: skip


def doses_of(regimen: Regimen, drug: Inhibitor) -> Regimen:
    """The doses of the inhibitor; raises InputError for what a population does not follow."""
    said = f"regimen '{regimen.text}'"
    for other in regimen.inhibitors:
        if other.casefold() != drug.id.casefold():
            raise InputError(f"{said}: names {other}; a population takes {drug.id} alone")
    own = regimen.of(drug.id)
    if len(own.doses) > MOST_DOSES:
        raise InputError(f"population: {len(own.doses):,} doses of {drug.id}; give at most {MOST_DOSES:,}")
    if drug.bioavailability is None and any(dose.route != "oral" for dose in own.doses):
        raise InputError(
            f"{said}: {drug.id} states no bioavailability, which doses by vein need; dose it by mouth"
        )
    if not any(dose.amount > 0 for dose in (*own.doses, *(series.dose for series in own.steady))):
        raise InputError(f"{said}: no dose above 0 mg")
    return own


def _signalling(cell: Model) -> tuple[dict[str, float], dict[str, str]]:
    """Signalling symbols that may vary between patients, with their values and units."""
    names = [
        name
        for name in cell.parameters
        if name in cell.settable
        and (name == "ATP" or name.startswith(SIGNALLING[1:3]) or name.endswith(SIGNALLING[3]))
    ]
    return {name: cell.initial(name) for name in names}, {
        name: MODEL_UNITS.get(cell.units[name], cell.units[name]) for name in names
    }


def _members(
    plan: str, given: pd.DataFrame | None, units: dict[str, str], cell: str
) -> tuple[dict[str, np.ndarray] | None, str]:
    """Ensemble draws by symbol, and their hash; none when the plan has no ensemble file."""
    if given is not None:
        for name in given.columns:
            if name not in units:
                raise UnknownIdError("symbol of the ensemble", str(name), units)
        table = {str(name): given[name].to_numpy(dtype=float) for name in given.columns}
        if not len(given) or not all((np.isfinite(v) & (v > 0)).all() for v in table.values()):
            raise InputError("ensemble: need at least one row of positive finite numbers")
        text = given.to_csv(index=False).encode()
        return table, hashlib.sha256(text).hexdigest()
    if not plan:
        return None, "none"
    path = ensemble_file(plan)
    if not path.exists():
        raise InputError(f"population: plan {plan} has no ensemble; run: jakinib ensemble {plan}")
    return read_ensemble(path, plan, units, cell), _digest(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
