"""Builders of the enzyme assay and of the oral disposition."""

from __future__ import annotations

from jakinib.build.composer import Composer
from jakinib.errors import ModelError


def kinase_assay(model: Composer) -> None:
    """One JAK, one inhibitor, ATP and peptide in a well."""
    jak = model.spec.kinase
    inhibitor = model.library.inhibitor(model.spec.inhibitors[0])
    drug = inhibitor.id
    model.add("kinase_assay", JAKx=jak, DRUGx=drug)
    model.potency(inhibitor, jak)
    bound, inhibited = f"{jak}_ATP", f"{jak}_{drug}"
    # Enzyme far below every Ki, so that the published IC50 is not a tight-binding one.
    model.initial.update({jak: 1e-4, bound: 0, inhibited: 0, "ATP": 1e6, "ADP": 0})
    model.initial.update({drug: 0, "peptide": 1000, "phosphopeptide": 0})
    model.give("well", 1e-4)
    model.protein(jak, jak)
    model.protein(bound, jak, relation="part")
    model.protein(inhibited, jak, relation="part")
    model.identify("ATP", {"ChEBI": "CHEBI:15422"})
    model.identify("ADP", {"ChEBI": "CHEBI:16761"})
    model.identify(drug, inhibitor.identifiers)


def oral_pk(model: Composer) -> None:
    """Oral disposition of each inhibitor in the typical patient of the population."""
    population = model.library.population(model.spec.population)
    for name in model.spec.inhibitors:
        inhibitor = model.library.inhibitor(name)
        drug = inhibitor.id
        disposition = inhibitor.pharmacokinetics.get(population.id)
        if disposition is None:
            raise ModelError(
                f"inhibitor '{drug}' has no pharmacokinetics for population '{population.id}'; "
                "it is offered for assays only"
            )
        model.add("oral_pk", DRUGx=drug)
        for key in ("CLr", "CLnr", "Q", "V1", "V2"):
            model.values[f"{key}_{drug}"] = model.calibrated(
                f"{key}_{drug}@{population.id}", disposition[key]
            )
        model.values[f"fu_{drug}"] = inhibitor.fu
        model.give(f"input_rate_{drug}", 0)
        model.initial.update({f"{drug}_central": 0, f"{drug}_peripheral": 0})
        for symbol in (f"{drug}_central", f"{drug}_peripheral"):
            model.identify(symbol, inhibitor.identifiers)
    first = model.spec.inhibitors[0]
    for compartment, key in (("central", "V1"), ("peripheral", "V2")):
        model.give(compartment, model.values[f"{key}_{first}"].to("L"))
    model.values["weight"] = population.weight
    model.values["eGFR"] = population.eGFR
