"""Enzyme assay: kinase, ATP and inhibitor at equilibrium, then peptide; product read at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass

from jakinib.arguments import checked
from jakinib.assay.curve import Curve, Effect
from jakinib.errors import InputError, SimulationError
from jakinib.lanes import Reading
from jakinib.library import get_library
from jakinib.simulate import Protocol, Runnable, Step, load


@checked
@dataclass(frozen=True)
class KinaseAssay:
    """Conditions of an enzyme assay. atp in nM; times in hours; peptide in nM.

    >>> import jakinib as jk
    >>> at_1_mM = jk.KinaseAssay("baricitinib", "JAK1").curve().ic50  # nM
    >>> bool(jk.KinaseAssay("baricitinib", "JAK1", atp=1e5).curve().ic50 < at_1_mM)
    True
    """

    inhibitor: str
    kinase: str
    atp: float = 1e6
    equilibration: float = 2.0
    reaction: float = 0.5
    peptide: float = 1000.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "inhibitor", get_library().inhibitor(self.inhibitor).id)
        for name in ("atp", "peptide", "equilibration", "reaction"):
            value = getattr(self, name)
            if not math.isfinite(value) or value <= 0:
                raise InputError(f"kinase assay: {name} is {value:g}; give a finite value above 0")

    def curve(self, model: Runnable | None = None) -> Curve:
        """The concentration-response of the simulated assay.

        Raises SimulationError when the enzyme makes no product without inhibitor.
        """
        run: Runnable = model or load("kinase_assay", kinase=self.kinase, inhibitors=(self.inhibitor,))
        end = self.equilibration + self.reaction

        def product(concentration: float) -> Reading:
            protocol = Protocol(
                times=[end],
                settings={"ATP": self.atp, "peptide": 0.0, self.inhibitor: concentration},
                steps=[Step(self.equilibration, {"peptide": self.peptide})],
            )
            return Reading(run, protocol, "phosphopeptide")

        uninhibited = product(0.0).value()
        if uninhibited <= 0:
            raise SimulationError(f"enzyme assay of {self.kinase}: no product without inhibitor")
        return Curve(
            Effect(product, uninhibited),
            f"{self.inhibitor} on {self.kinase}",
            {"atp_nM": self.atp, "equilibration_h": self.equilibration, "reaction_h": self.reaction},
        )
