"""Builders of the enzyme assay and of the oral disposition."""

from __future__ import annotations

from jakinib.build.composer import Composer
from jakinib.build.template import (
    declared_sizes,
    declared_species,
    declared_units,
    fill,
    ruled,
    user_template,
)
from jakinib.errors import ModelError, UnitError
from jakinib.library.files import short
from jakinib.library.schema import Inhibitor
from jakinib.library.symbols import declared
from jakinib.units import MODEL_UNITS


def kinase_assay(model: Composer) -> None:
    """One JAK, one inhibitor, ATP and peptide in a well."""
    jak = model.spec.kinase
    inhibitor = model.library.inhibitor(model.spec.inhibitors[0])
    drug = inhibitor.id
    if jak in inhibitor.binding:
        raise ModelError(
            f"inhibitor '{drug}' binds {jak} as {inhibitor.binding[jak]} says; the enzyme assay knows "
            "reversible inhibitors only: use a cell assay"
        )
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
    model.identify(inhibited, inhibitor.identifiers, "part")
    model.identify("ATP", {"ChEBI": "CHEBI:15422"})
    model.identify("ADP", {"ChEBI": "CHEBI:16761"})
    model.identify(drug, inhibitor.identifiers)


def oral_pk(model: Composer) -> None:
    """Oral disposition of each inhibitor, and of its metabolite, in the typical patient of the population."""
    population = model.library.population(model.spec.population)
    for name in model.spec.inhibitors:
        inhibitor = model.library.inhibitor(name)
        disposition = inhibitor.pharmacokinetics.get(population.id)
        if disposition is None:
            raise ModelError(no_pharmacokinetics(inhibitor, population.id))
        drug, two = inhibitor.id, "V2" in disposition
        if "ka" in disposition:
            stated = _depot(model, drug, two)
        else:
            stated = ("CLr", "CLnr", "Q", "V1", "V2")
            model.add("oral_pk", DRUGx=drug)
        for key in stated:
            model.values[f"{key}_{drug}"] = model.calibrated(
                f"{key}_{drug}@{population.id}", disposition[key]
            )
        model.values[f"fu_{drug}"] = inhibitor.fu
        model.give(f"input_rate_{drug}", 0)
        amounts = [f"{drug}_central", *([f"{drug}_peripheral"] if two else [])]
        model.initial.update(dict.fromkeys(amounts, 0))
        for symbol in amounts:
            model.identify(symbol, inhibitor.identifiers)
        if "ka" in disposition:
            model.initial[f"{drug}_depot"] = 0
            model.identify(f"{drug}_depot", inhibitor.identifiers)
        for compartment, key in (("central", "V1"), ("peripheral", "V2")):
            if key in disposition and compartment not in model.given:
                model.give(compartment, 1)  # its size has no effect; the volume is stated once, as V1 or V2
                keys = ", ".join(f"{key}_{name}" for name in model.spec.inhibitors)
                model.fixed[compartment] = f"amounts are followed in it; set {keys}"
        for file in inhibitor.tissues.get(population.id, ()):
            _tissue(model, inhibitor, file)
        _refuse_spare(model, inhibitor)
    model.values["weight"] = population.weight
    model.values["eGFR"] = population.eGFR


def _tissue(model: Composer, inhibitor: Inhibitor, file: str) -> None:
    """A part of the body that a user's template adds; its amounts, sizes and numbers are what it declares."""
    drug, path = inhibitor.id, model.library.files["inhibitors", inhibitor.id].parent / file
    body = fill(user_template(path), short(path), {"DRUGx": drug})
    symbols, rules, amounts = declared_units(body), ruled(body), declared_species(body)
    for symbol, amount in amounts.items():
        if not (amount and symbol.startswith(f"{drug}_")):
            raise ModelError(f"{short(path)}: species {symbol} is no 'substanceOnly species DRUGx_<tissue>'")
        model.initial[symbol] = 0
        model.identify(symbol, inhibitor.identifiers)
    for size in declared_sizes(body):
        model.give(size, 1)
        model.fixed[size] = "amounts are followed in it; set the volume that its template declares"
    for symbol, unit in symbols.items():
        if symbol in rules:
            continue
        stated = inhibitor.parameters.get(symbol)
        where = model.library.where("inhibitors", drug, "parameters", symbol)
        if stated is None:
            raise ModelError(
                f"{where}: parameters lacks {symbol}, which {short(path)} declares in {unit}; add it"
            )
        try:
            stated.to(MODEL_UNITS.get(unit, unit))
        except UnitError as error:
            raise ModelError(f"{where}: parameters.{symbol}: {error}") from None
        model.values[symbol] = stated
    model.add_theirs(short(path), body)


def _refuse_spare(model: Composer, inhibitor: Inhibitor) -> None:
    """Refuse a number of no template: of tissues, when the inhibitor has no binding of its own as well."""
    held = declared("".join(model.text)) | {f for f in inhibitor.parameters if inhibitor.binding}
    for symbol in inhibitor.parameters if inhibitor.tissues.get(model.spec.population) else ():
        if symbol not in held:
            where = model.library.where("inhibitors", inhibitor.id, "parameters", symbol)
            raise ModelError(f"{where}: parameters.{symbol} stands in no template of tissues; correct it")


def _depot(model: Composer, drug: str, two_compartments: bool) -> tuple[str, ...]:
    """First-order absorption; a metabolite receives the moles of its parent's doses. Returns the keys."""
    model.add("oral_depot", DRUGx=drug)
    model.give("gut", 1)
    model.fixed["gut"] = f"amounts are followed in it; set ka_{drug}"
    parents = [name for name in model.spec.inhibitors if model.library.inhibitor(name).metabolite == drug]
    if parents:
        model.add("metabolite", DRUGx=drug, PARENTx=parents)
    else:
        model.give(f"input_rate_depot_{drug}", 0)
    stated = ("CLr", "CLnr", "V1", "ka", "weight_ref", "eGFR_ref", "weight_CL", "weight_V")
    if not two_compartments:
        return stated
    model.add("oral_peripheral", DRUGx=drug)
    return (*stated, "Q", "V2")


def no_pharmacokinetics(inhibitor: Inhibitor, population: str) -> str:
    """What is said of an inhibitor that cannot be dosed in a population."""
    known = ", ".join(inhibitor.pharmacokinetics)
    rest = f"it has them for {known}" if known else "it is offered for assays only"
    return f"inhibitor '{inhibitor.id}' has no pharmacokinetics for population '{population}'; {rest}"
