"""Exposure of patients: the renal impairment study, and the spread in rheumatoid arthritis."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from jakinib.assay.patient import Patient
from jakinib.assay.pk import plasma
from jakinib.errors import UnknownIdError
from jakinib.population import population
from jakinib.regimen import Regimen

# eGFR (mL/min per 1.73 m2) that stands for a class of renal function: the middle of its limits, 60 to 90 and
# 30 to 60; the source gives no group means. Normal, which has no upper limit, is taken as 90 to 120.
CLASSES = {"normal": 105.0, "mild": 75.0, "moderate": 45.0}
PATIENTS, SEED = 1000, 1


@functools.lru_cache(maxsize=len(CLASSES))
def _single_dose(group: str, disposition: tuple[tuple[str, float], ...]) -> dict[str, float]:
    """Cmax and AUC to 240 h of a healthy adult with the renal function of a class after one dose of 4 mg."""
    settings = Patient("healthy_adult", eGFR=CLASSES[group]).settings(dict(disposition))
    peak = settings["lag_baricitinib"] + settings["D1_baricitinib"]
    times = np.unique(np.concatenate((np.linspace(0, 24, 481), np.linspace(24, 240, 865), [peak])))
    return plasma(Regimen.single(4.0), times, settings=settings).interval(0, 240)


def exposure_ratio(of: str, disposition: Mapping[str, float] | None = None) -> float:
    """AUC or Cmax in a class of renal impairment over normal, healthy adults: "AUC mild".

    disposition: of the typical healthy adult by parameter name, where it is not that of the library.
    """
    metric, _, group = of.partition(" ")
    if metric not in ("AUC", "Cmax") or group not in CLASSES:
        raise UnknownIdError("exposure ratio", of, [f"{m} {c}" for m in ("AUC", "Cmax") for c in CLASSES])
    key = metric.lower()
    given = tuple(sorted((disposition or {}).items()))
    impaired, normal = (_single_dose(c, given)[key] for c in (group, "normal"))
    return impaired / normal


@functools.cache
def _exposure() -> dict[str, float]:
    people = population("ra_adult", PATIENTS, "4 mg qd x 7", cytokine=None, seed=SEED)
    out = {}
    for name, column in (("Cmax", "Cmax_ng_per_mL"), ("AUC", "AUC_ng_h_per_mL")):
        values = people[column]
        out[f"mean {name}"] = float(values.mean())
        out[f"CV {name}"] = 100 * float(values.std() / values.mean())
    return out


def population_exposure(of: str) -> float:
    """Mean (ng/mL, ng h/mL) or CV (%) of Cmax or AUC in adults with RA on 4 mg once daily: "CV AUC"."""
    if of not in _exposure():
        raise UnknownIdError("population exposure", of, _exposure())
    return _exposure()[of]
