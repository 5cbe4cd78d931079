"""The standard simulations, each one model file, what is set in it, and what is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from jakinib.assay.kinase import KinaseAssay
from jakinib.export.dosing import add_doses
from jakinib.library import get_library
from jakinib.library.readouts import readouts
from jakinib.library.schema import JAKS
from jakinib.regimen import Regimen
from jakinib.sbml import add_event
from jakinib.simulate import Model, Protocol, load

CYTOKINE_DOSE = 1.0  # nM


@dataclass(frozen=True)
class Study:
    """One uniform time course from 0 to ``end`` hours, alone or once for each value of ``scan``.

    settings: initial values (model units) over those of the file. observables: symbols that are read.
    scan: one symbol and its values, or none. shows: the observable a plot shows.
    """

    id: str
    title: str
    sbml: str
    end: float
    points: int
    observables: tuple[str, ...]
    settings: Mapping[str, float] = field(default_factory=dict)
    scan: tuple[str, tuple[float, ...]] | None = None

    @property
    def times(self) -> np.ndarray:
        return np.linspace(0.0, self.end, self.points + 1)

    def run(self) -> pd.DataFrame:
        """Our numbers: a column ``time`` (h), the scanned symbol if there is one, and the observables."""
        model = Model(self.sbml)
        tables = []
        for value in self.scan[1] if self.scan else (None,):
            scanned = {} if value is None or self.scan is None else {self.scan[0]: value}
            values = model.run(Protocol(self.times, {**self.settings, **scanned}), list(self.observables))
            table = pd.DataFrame(values, columns=list(self.observables))
            for symbol in scanned:
                table.insert(0, symbol, value)
            table.insert(0, "time", self.times)
            tables.append(table)
        return pd.concat(tables, ignore_index=True)


def studies(inhibitor: str, cytokine: str, regimen: Regimen | str, population: str) -> list[Study]:
    """Enzyme assay of each JAK, time course under the cytokine, and a day under the regimen."""
    library = get_library()
    drug, entry = library.inhibitor(inhibitor).id, library.cytokine(cytokine)
    regimen = Regimen.parse(regimen)
    observed = tuple(dict.fromkeys(read.symbol for read in readouts(library, entry).values()))
    stimulus = {f"L_{entry.symbol}": CYTOKINE_DOSE}
    cell = load("cytokine_signalling", cytokines=(entry.id,), inhibitors=(drug,))
    blood = load("blood_pkpd", cytokines=(entry.id,), inhibitors=(drug,), population=population)
    dosed = _changed(blood.sbml, lambda model: add_doses(model, regimen, population))
    return [
        *(_enzyme(drug, jak) for jak in JAKS),
        Study(
            f"time_course_{entry.symbol}", f"{CYTOKINE_DOSE:g} nM {entry.id} on {entry.reference_cell}",
            cell.sbml, 2.0, 120, observed, stimulus,
        ),
        Study(
            f"day_{drug}_{entry.symbol}", f"{regimen.text} {drug}, {CYTOKINE_DOSE:g} nM {entry.id}",
            dosed, 24.0, 96, (f"C_{drug}", *observed), stimulus,
        ),
    ]  # fmt: skip


def _enzyme(drug: str, jak: str) -> Study:
    """The kinase assay over concentrations a factor of about 3 apart; the peptide comes by an event."""
    conditions = KinaseAssay(drug, jak)
    model = load("kinase_assay", kinase=jak, inhibitors=(drug,))
    sbml = _changed(
        model.sbml, lambda m: _restart(m, "peptide", conditions.equilibration, conditions.peptide)
    )
    return Study(
        f"enzyme_{drug}_{jak}", f"{drug} on {jak} at {conditions.atp * 1e-6:g} mM ATP",
        sbml, conditions.equilibration + conditions.reaction, 50, ("phosphopeptide",),
        {"ATP": conditions.atp, "peptide": 0.0},
        (drug, (0.0, *np.round(np.geomspace(0.1, 1e4, 11), 6).tolist())),
    )  # fmt: skip


def _changed(sbml: str, change: Callable[[Any], None]) -> str:
    import libsbml

    document = libsbml.readSBMLFromString(sbml)
    change(document.getModel())
    return str(libsbml.writeSBMLToString(document))


def _restart(model: Any, species: str, time: float, concentration: float) -> None:
    """From ``time`` (h) on the species starts again at ``concentration`` (nM)."""
    name, when = f"{species} added at {time:g} h", f"{time!r} {model.getTimeUnits()}"
    add_event(model, f"add_{species}", name, when, {species: f"{concentration!r} nM"})
