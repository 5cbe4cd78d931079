"""What can be built: a model name and the library entries it is instantiated with."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

from jakinib import paths
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import Library
from jakinib.library.load import read_library
from jakinib.library.schema import JAKS

COMPOSITE_CELL = "CD4 T"
MODELS = ("kinase_assay", "oral_pk", "cytokine_signalling", "blood_pkpd")


@dataclass(frozen=True)
class ModelSpec:
    """One instance of a model.

    cytokines, inhibitors: library names (several cytokines share chains and STAT pools; several
    inhibitors compete for one site). kinase: only for ``kinase_assay``. cell: default is the reference
    cell of the first cytokine. population: typical patient and disposition of the PK models.
    calibrated: plans whose estimates overlay the library; () for none.
    """

    name: str
    cytokines: tuple[str, ...] = ()
    inhibitors: tuple[str, ...] = ("baricitinib",)
    kinase: str = ""
    cell: str = ""
    population: str = "healthy_adult"
    calibrated: tuple[str, ...] = ("enzyme", "clinical_pk", "dynamics", "pathways")

    def resolved(self, library: Library) -> ModelSpec:
        """The same spec with canonical names; raises UnknownIdError for names the library lacks."""
        if self.name not in MODELS:
            raise UnknownIdError("model", self.name, MODELS)
        if not self.inhibitors and self.name != "cytokine_signalling":
            raise InputError(f"{self.name}: name at least one inhibitor")
        if self.name == "kinase_assay" and len(self.inhibitors) != 1:
            raise InputError(f"{self.name}: takes one inhibitor, not {len(self.inhibitors)}")
        inhibitors = tuple(library.inhibitor(name).id for name in self.inhibitors)
        if self.name in ("oral_pk", "blood_pkpd"):  # a dose brings the active metabolite along
            formed = (library.inhibitor(name).metabolite for name in inhibitors)
            new = (library.inhibitor(name).id for name in formed if name)
            inhibitors += tuple(name for name in new if name not in inhibitors)
        cytokines: tuple[str, ...] = ()
        cell, kinase, population = "", "", ""
        if self.name in ("cytokine_signalling", "blood_pkpd"):
            wanted = self.cytokines or (("IL-6",) if self.name == "blood_pkpd" else tuple(library.cytokines))
            cytokines = tuple(library.cytokine(name).id for name in wanted)
            default = library.cytokine(cytokines[0]).reference_cell if len(cytokines) == 1 else COMPOSITE_CELL
            cell = library.cell(self.cell or default).id
        if self.name in ("oral_pk", "blood_pkpd"):
            population = library.population(self.population).id
        if self.name == "kinase_assay":
            kinase = self.kinase or "JAK1"
            if kinase not in JAKS:
                raise UnknownIdError("kinase", kinase, JAKS)
        if len(set(inhibitors)) < len(inhibitors) or len(set(cytokines)) < len(cytokines):
            raise InputError(f"{self.name}: an inhibitor or cytokine is named twice")
        return replace(
            self, cytokines=cytokines, inhibitors=inhibitors, cell=cell, kinase=kinase, population=population
        )


@functools.cache
def built() -> dict[str, ModelSpec]:
    """The SBML files under models/sbml by stem: one cut a cytokine, and the composite cell."""
    library = read_library(paths.models() / "library")
    cuts = {
        f"cytokine_signalling_{cytokine.symbol}": ModelSpec("cytokine_signalling", (name,))
        for name, cytokine in sorted(library.cytokines.items())
    }
    return {
        **{f"kinase_assay_{jak}": ModelSpec("kinase_assay", kinase=jak) for jak in JAKS},
        "oral_pk": ModelSpec("oral_pk"),
        **cuts,
        "cytokine_signalling": ModelSpec("cytokine_signalling", tuple(sorted(library.cytokines))),
        "blood_pkpd": ModelSpec("blood_pkpd", ("IL-6",)),
    }
