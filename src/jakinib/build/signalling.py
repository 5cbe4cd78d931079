"""Builder of the cell: JAKs under inhibitors, receptors, STAT cycles, SOCS feedback, target genes."""

from __future__ import annotations

from dataclasses import dataclass

from jakinib.build.binding import own_binding
from jakinib.build.composer import Composer
from jakinib.build.starts import Start
from jakinib.build.template import declared_units
from jakinib.errors import ModelError
from jakinib.library.schema import JAK, JAKS, Cell, Cytokine, Inhibitor, Quantity
from jakinib.units import AVOGADRO_PER_NMOL, molecules_to_nM


@dataclass(frozen=True)
class _Cell:
    """The cell under construction and its volumes in litres."""

    entry: Cell
    medium: float
    cytosol: float
    nucleus: float


def cytokine_signalling(model: Composer) -> None:
    """One cell under one or more cytokines, which compete for shared chains and STAT pools."""
    library, spec = model.library, model.spec
    entry = library.cell(spec.cell)
    cell = _Cell(entry, *(model.to(entry.volumes[v], "L") for v in ("medium", "cytosol", "nucleus")))
    cytokines = [library.cytokine(name) for name in spec.cytokines]
    model.add("cell")
    for name in ("medium", "cytosol", "nucleus"):
        model.give(name, getattr(cell, name))
    volumes = f"molecules per cell stay, so concentrations change; add a cell that is 'like: {entry.id}'"
    model.fixed |= dict.fromkeys(("cytosol", "nucleus"), f"{volumes} with this volume")
    model.identify("cytosol", entry.identifiers, "parthood")
    model.identify("ATP", {"ChEBI": "CHEBI:15422"})
    _jaks(model, [library.inhibitor(name) for name in spec.inhibitors])
    for cytokine in cytokines:
        for field, chain in cytokine.chains:
            _check_pool(model, cell, cytokine, field, chain)
    for chain in dict.fromkeys(chain for cytokine in cytokines for _, chain in cytokine.chains):
        _chain(model, chain, cell)
    stats = dict.fromkeys(stat for cytokine in cytokines for stat in cytokine.stats)
    for stat in stats:
        _stat(model, stat, cell)
    if {"STAT1", "STAT2"} <= set(stats):
        model.add("isgf3")
    for factor in (*stats, *(["ISGF3"] if {"STAT1", "STAT2"} <= set(stats) else [])):
        model.add("gene", FACTORx=factor)
        model.initial[f"target_{factor}_mRNA"] = 0
    _feedback(model, cytokines)
    for cytokine in cytokines:
        _receptor(model, cytokine)


def _jaks(model: Composer, inhibitors: list[Inhibitor]) -> None:
    for inhibitor in inhibitors:
        symbol = f"I_{inhibitor.id}"
        model.add("cell_inhibitor", DRUGx=inhibitor.id)
        model.identify(symbol, inhibitor.identifiers)
        if set(JAKS) - set(inhibitor.binding):
            _shift(model, inhibitor)
        if model.spec.name == "blood_pkpd":
            model.add("blood", DRUGx=inhibitor.id)
        else:
            model.give(symbol, 0)
    drugs = [inhibitor.id for inhibitor in inhibitors]
    for jak in JAKS:
        model.add("kinase", JAKx=jak)
        for symbol in (f"A_{jak}", f"occupancy_{jak}", f"Km_{jak}"):
            model.protein(symbol, jak, relation="propertyBearer")
        holding = own_binding(model, inhibitors, jak)
        model.add("availability", JAKx=jak, DRUGx=drugs, HOLDx=holding)
        for inhibitor in inhibitors:
            if jak not in inhibitor.binding:
                model.add("inhibitor", DRUGx=inhibitor.id, JAKx=jak)
            model.potency(inhibitor, jak)


def _shift(model: Composer, inhibitor: Inhibitor) -> None:
    """The apparent constants of a drug in cells over those that its enzyme assay leads to expect."""
    model.add("cell_shift", DRUGx=inhibitor.id)
    rationale = "The enzyme assay holds in cells but for ATP; estimated where cells were measured"
    model.values[f"shift_{inhibitor.id}"] = Quantity(
        value=1, unit="dimensionless", kind="assumed", rationale=rationale
    )


def _check_pool(model: Composer, cell: _Cell, cytokine: Cytokine, field: str, chain: str) -> None:
    if chain not in cell.entry.chains:
        where = model.library.where("cytokines", cytokine.id, field)
        raise ModelError(
            f"{where}: {field} '{chain}' has no pool on cell '{cell.entry.id}'; "
            f"add its number to chains in {model.library.where('cells', cell.entry.id, 'chains')}"
        )


def _chain(model: Composer, chain: str, cell: _Cell) -> None:
    model.add("chain", CHAINx=chain)
    count = cell.entry.chains[chain]
    stated = _in_nM(count, molecules_to_nM(model.to(count, "molecule"), cell.cytosol))
    resting = model.calibrated(f"{chain}_rest@{cell.entry.id}", stated)
    model.values[f"{chain}_rest"] = resting
    model.initial[chain] = model.to(resting, "nM")
    model.starts.append(Start(chain, f"{chain}_rest"))
    model.protein(chain, chain)


def _in_nM(quantity: Quantity, value: float) -> Quantity:
    return quantity.model_copy(update={"value": value, "unit": "nM", "low": None, "high": None})


def _stat(model: Composer, stat: str, cell: _Cell) -> None:
    model.add("stat_cycle", STATx=stat)
    if stat not in cell.entry.stats:
        where = model.library.where("cells", cell.entry.id, "stats")
        raise ModelError(f"{where}: cell '{cell.entry.id}' states no number of {stat}; add it to stats")
    total = model.to(cell.entry.stats[stat], "molecule") / AVOGADRO_PER_NMOL
    into, out = f"kimp_{stat}", f"kexp_{stat}"
    nuclear = model.number(into, "1/hour") / model.number(out, "1/hour")
    model.initial[stat] = total / (1 + nuclear) / cell.cytosol
    model.initial[f"{stat}_nuc"] = total * nuclear / (1 + nuclear) / cell.nucleus
    model.starts.append(Start(stat, out, (into, out), total / cell.cytosol))
    model.starts.append(Start(f"{stat}_nuc", into, (into, out), total / cell.nucleus))
    model.initial[f"p{stat}"] = model.initial[f"p{stat}_nuc"] = 0
    for symbol in (stat, f"{stat}_nuc", f"p{stat}", f"p{stat}_nuc"):
        model.protein(symbol, stat)


def _feedback(model: Composer, cytokines: list[Cytokine]) -> None:
    drivers: dict[str, dict[str, None]] = {}
    for cytokine in cytokines:
        for feedback in cytokine.feedback:
            drivers.setdefault(feedback.protein, {})[feedback.driven_by] = None
    for protein, stats in drivers.items():
        model.add("socs", SOCSx=protein, STATx=list(stats))
        for symbol in (*(f"{protein}_{stage}" for stage in ("rna1", "rna2", "rna3", "mRNA")), protein):
            model.initial[symbol] = 0
            model.protein(symbol, protein, relation="identity" if symbol == protein else "encodement")


def _receptor(model: Composer, cytokine: Cytokine) -> None:
    symbol, first, second, alpha = (
        cytokine.symbol, cytokine.first_chain, cytokine.second_chain, cytokine.alpha_chain
    )  # fmt: skip
    forms = ["Rp", "Rap"] if alpha else ["Rp"]
    model.add("receptor", CYTOx=symbol, FIRSTx=first, SECONDx=second, FORMx=forms)
    model.values.update({key: model.calibrated(key, value) for key, value in cytokine.parameters.items()})
    complexes = {"LP": (first,), "R": (first, second), "Rp": (first, second)}
    if alpha:
        model.add("alpha_chain", CYTOx=symbol, ALPHAx=alpha, FIRSTx=first, SECONDx=second)
        full = (alpha, first, second)
        complexes |= {"LA": (alpha,), "LAP": (alpha, first), "Ra": full, "Rap": full}
    model.initial[f"L_{symbol}"] = 0
    model.identify(f"L_{symbol}", cytokine.identifiers)
    for name, chains in complexes.items():
        model.initial[f"{name}_{symbol}"] = 0
        model.identify(f"{name}_{symbol}", cytokine.identifiers, "part")
        model.protein(f"{name}_{symbol}", *dict.fromkeys(chains), relation="part")
    _slot(model, "a", symbol, cytokine.slot_a)
    _slot(model, "b", symbol, cytokine.slot_b)
    for feedback in cytokine.feedback:
        model.add("brake_strength", CYTOx=symbol, SOCSx=feedback.protein)
        model.values[f"strength_{feedback.protein}_{symbol}"] = feedback.strength
    if cytokine.feedback:
        model.add("brake", CYTOx=symbol, SOCSx=[feedback.protein for feedback in cytokine.feedback])
    else:
        model.give(f"brake_{symbol}", 1)
        model.give(f"loss_SOCS_{symbol}", 0)
    for stat in cytokine.stats:
        model.add("phosphorylation", CYTOx=symbol, STATx=stat)
    declared = declared_units("".join(model.text))
    for key in cytokine.parameters:
        if key not in declared:
            where = model.library.where("cytokines", cytokine.id, "parameters", key)
            raise ModelError(f"{where}: parameters.{key} is no parameter of this model; correct its spelling")


def _slot(model: Composer, side: str, symbol: str, slot: dict[JAK, Quantity]) -> None:
    """The kinases of one slot: one, or several by share."""
    if len(slot) == 1:
        model.add("slot", SLOTx=side, CYTOx=symbol, JAKx=[*slot])
        return
    model.add("slot_mixture", SLOTx=side, CYTOx=symbol, JAKx=[*slot])
    for jak, share in slot.items():
        model.add("slot_share", SLOTx=side, CYTOx=symbol, JAKx=jak)
        model.values[f"x{side}_{symbol}_{jak}"] = share
