"""Two engines on every committed model: how far lanes and libRoadRunner are apart; what others found.

What is compared is a run of each model with a stimulus: every species at every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jakinib import paths
from jakinib.build import ModelSpec, built
from jakinib.errors import InputError
from jakinib.files.text import read_text
from jakinib.lanes import Lanes
from jakinib.simulate import Model, Protocol, Step

BOUND = 1e-6  # largest difference that the tests of the engines allow, relative
RTOL, ATOL_NM = 1e-11, 1e-14  # of libRoadRunner here: its own error stays below the bound
FAINT = 1e-8  # nM; what stays below counts in parts of this, as engines stop at an absolute error
CYTOKINE, INHIBITOR, DOSE = 1.0, 30.0, 10.0  # nM, nM, umol/h for 15 min
HOURS = {"oral_pk": 24.0, "blood_pkpd": 24.0}
RECORD = "docs/reference/interop.md"


@dataclass(frozen=True)
class Compared:
    """One model by both engines. difference: relative, of the species that differs most."""

    model: str
    species: int
    times: int
    difference: float
    of: str

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def compared(progress: Callable[[str], None] = lambda model: None) -> tuple[list[Compared], str]:
    """Every committed model by lanes and libRoadRunner; or no model and why the lanes are not there.

    Raises SimulationError when either engine fails.
    """
    found = []
    for name, spec in built().items():
        progress(name)
        text = read_text(paths.models() / "sbml" / f"{name}.xml")
        theirs, ours = _tight(text), Lanes(text)
        if ours.reason:
            return [], ours.reason
        end = HOURS.get(spec.name, 6.0)
        protocol = Protocol(np.linspace(0, end, 97)[1:], _stimulus(theirs, spec), _dose(theirs))
        mine, other = (engine.run(protocol, theirs.species) for engine in (ours, theirs))
        scale = np.maximum(np.abs(other).max(axis=0), FAINT)
        apart = (np.abs(mine - other) / scale).max(axis=0)
        most = int(apart.argmax())
        found.append(
            Compared(name, len(theirs.species), len(protocol.times), float(apart[most]), theirs.species[most])
        )
    return found, ""


def _tight(sbml: str) -> Model:
    """The model in libRoadRunner; its absolute tolerance is in amounts, of the smallest compartment."""
    usual = Model(sbml)
    smallest = min(usual.initial(compartment) for compartment in usual.compartments)
    return Model(sbml, rtol=RTOL, atol=ATOL_NM * smallest)


def _stimulus(model: Model, spec: ModelSpec) -> dict[str, float]:
    """Cytokine and inhibitor from the start, as inputs or, beside an isolated enzyme, as a species."""
    names = (name for drug in spec.inhibitors for name in (f"I_{drug}", drug))
    return dict.fromkeys(model.boundary, CYTOKINE) | {
        name: INHIBITOR for name in names if name in model.settable
    }


def _dose(model: Model) -> list[Step]:
    """An oral dose over a quarter of an hour, where the model takes one."""
    rates = [name for name in model.settable if name.startswith("input_rate")]
    return [Step(at, dict.fromkeys(rates, rate)) for at, rate in ((0.0, DOSE), (0.25, 0.0))] if rates else []


def recorded(tool: str) -> dict[str, str]:
    """What the table of other tools says of one: model -> largest difference, as it was written.

    Raises InputError where the table or the tool is not in it.
    """
    lines = read_text(paths.root() / RECORD).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    for row in rows[2:]:
        if row[0].startswith(tool):
            return dict(zip(rows[0], row, strict=True))
    raise InputError(f"{RECORD}: has no line of {tool}; run: make interop")
