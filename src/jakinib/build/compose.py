"""Compose one flat Antimony model from templates, library entries and calibrated estimates."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from jakinib import paths
from jakinib.build.spec import ModelSpec
from jakinib.build.template import declared_units, instantiate, ruled, template
from jakinib.errors import ModelError
from jakinib.library import Library, get_library
from jakinib.library.files import read_table
from jakinib.library.schema import JAKS, Cell, Cytokine, Inhibitor, Number, Quantity, Strict
from jakinib.units import AVOGADRO_PER_NMOL, MODEL_UNITS, molecules_to_nM

_IDENTIFIERS = {
    "UniProt": "uniprot:",
    "ChEBI": "",
    "DrugBank": "drugbank:",
    "PubChem": "pubchem.compound:",
    "ChEMBL": "chembl.compound:",
    "InChIKey": "inchikey:",
    "CellOntology": "",
}


@dataclass(frozen=True)
class Source:
    """A composed model: its Antimony text and where each parameter value came from."""

    id: str
    spec: ModelSpec
    antimony: str
    provenance: dict[str, Quantity] = field(default_factory=dict)


class Estimate(Strict):
    """One row of estimates.tsv; low and high bound the interval of the plan's method."""

    id: str
    value: Number
    unit: str
    low: Number
    high: Number
    scope: Literal["model", "nuisance"]
    verdict: str
    prior_median: Number | None = None
    prior_factor: Number | None = None


def estimates_path(plan: str) -> Path:
    return paths.fits() / "results" / plan / "estimates.tsv"


def estimates(plan: str) -> dict[str, Quantity]:
    """Fitted model parameters of a plan; empty when it was never fitted."""
    path = estimates_path(plan)
    if not path.exists():
        return {}
    return {
        row.id: Quantity(
            value=row.value, unit=row.unit, kind="fitted", status="derived", source=plan,
            location=f"fits/results/{plan}/estimates.tsv",
        )
        for row in _estimate_rows(path, path.stat().st_mtime_ns)
        if row.scope == "model"
    }  # fmt: skip


@functools.lru_cache(maxsize=32)
def _estimate_rows(path: Path, _stamp: int) -> list[Estimate]:
    return read_table(path, Estimate)


class _Composer:
    def __init__(self, spec: ModelSpec, library: Library) -> None:
        self.spec, self.library = spec, library
        self.parts: list[str] = []
        self.lines: list[str] = []
        self.values: dict[str, Quantity] = {}
        self.initial: dict[str, float] = {}
        self.fitted: dict[str, Quantity] = {}
        for plan in spec.calibrated:
            self.fitted.update(estimates(plan))

    # Pieces -----------------------------------------------------------------------------------------

    def add(self, name: str, **tokens: str) -> None:
        self.parts.append(instantiate(name, **tokens))

    def identity(self, symbol: str, identifiers: dict[str, str]) -> None:
        for database, value in identifiers.items():
            if database in _IDENTIFIERS:
                self.lines.append(
                    f'{symbol} identity "https://identifiers.org/{_IDENTIFIERS[database]}{value}";'
                )

    def protein(self, symbol: str, *names: str) -> None:
        for name in names:
            if name not in self.library.proteins:
                raise ModelError(f"protein '{name}' has no identity; add it to models/library/proteins.yaml")
            self.identity(symbol, {"UniProt": self.library.proteins[name].uniprot})

    def potency(self, inhibitor: Inhibitor, jak: str) -> None:
        potency = inhibitor.potency[jak]  # type: ignore[index]
        self.values[f"IC50_{inhibitor.id}_{jak}"] = potency
        self.values[f"ATP_{inhibitor.id}_{jak}"] = potency.model_copy(
            update={"value": potency.atp_nM, "unit": "nM", "low": None, "high": None}
        )

    # Models -----------------------------------------------------------------------------------------

    def kinase_assay(self) -> None:
        jak = self.spec.kinase
        inhibitor = self.library.inhibitor(self.spec.inhibitors[0])
        drug = inhibitor.id
        self.add("kinase_assay", JAKx=jak, DRUGx=drug)
        self.potency(inhibitor, jak)
        # Enzyme far below every Ki, so that the published IC50 is not a tight-binding one.
        self.initial.update({"ATP": 1e6, "ADP": 0, drug: 0, "peptide": 1000, "phosphopeptide": 0,
                             jak: 1e-4, f"{jak}_ATP": 0, f"{jak}_{drug}": 0})  # fmt: skip
        self.lines.append("well = 1e-4;")
        for symbol in (jak, f"{jak}_ATP", f"{jak}_{drug}"):
            self.protein(symbol, jak)
        self.identity("ATP", {"ChEBI": "CHEBI:15422"})
        self.identity("ADP", {"ChEBI": "CHEBI:16761"})
        self.identity(drug, inhibitor.identifiers)

    def oral_pk(self) -> None:
        population = self.library.population(self.spec.population)
        for name in self.spec.inhibitors:
            inhibitor = self.library.inhibitor(name)
            drug = inhibitor.id
            disposition = inhibitor.pharmacokinetics.get(population.id)
            if disposition is None:
                raise ModelError(
                    f"inhibitor '{drug}' has no pharmacokinetics for population '{population.id}'; "
                    "it is offered for assays only"
                )
            self.add("oral_pk", DRUGx=drug)
            for key in ("CLr", "CLnr", "Q", "V1", "V2"):
                self.values[f"{key}_{drug}"] = self.estimate(
                    f"{key}_{drug}@{population.id}", disposition[key]
                )
            self.values[f"fu_{drug}"] = inhibitor.fu
            self.lines.append(f"input_rate_{drug} = 0;")
            self.initial.update({f"{drug}_central": 0, f"{drug}_peripheral": 0})
            for symbol in (f"{drug}_central", f"{drug}_peripheral"):
                self.identity(symbol, inhibitor.identifiers)
        first = self.spec.inhibitors[0]
        for compartment, key in (("central", "V1"), ("peripheral", "V2")):
            self.lines.append(f"{compartment} = {self.values[f'{key}_{first}'].to('L'):.10g};")
        self.values["weight"] = population.weight
        self.values["eGFR"] = population.eGFR

    def cytokine_signalling(self) -> None:
        cell = self.library.cell(self.spec.cell)
        cytokines = [self.library.cytokine(name) for name in self.spec.cytokines]
        inhibitors = [self.library.inhibitor(name) for name in self.spec.inhibitors]
        self.add("cell")
        volumes = {name: cell.volumes[name].to("L") for name in ("medium", "cytosol", "nucleus")}
        for name, litres in volumes.items():
            self.lines.append(f"{name} = {litres:.10g};")
        self.identity("cytosol", cell.identifiers)
        self.identity("ATP", {"ChEBI": "CHEBI:15422"})
        self.jaks(inhibitors)
        for chain in dict.fromkeys(name for c in cytokines for name in (c.first_chain, c.second_chain)):
            self.chain(chain, cell, volumes["cytosol"])
        stats = dict.fromkeys(stat for c in cytokines for stat in c.stats)
        for stat in dict.fromkeys([*stats, *(f.driven_by for c in cytokines for f in c.feedback)]):
            self.stat(stat, cell, volumes)
        for protein, stat in dict.fromkeys((f.protein, f.driven_by) for c in cytokines for f in c.feedback):
            self.add("socs", SOCSx=protein, STATx=stat)
            for symbol in ("rna1", "rna2", "rna3", "mRNA"):
                self.initial[f"{protein}_{symbol}"] = 0
                self.protein(f"{protein}_{symbol}", protein)
            self.initial[protein] = 0
            self.protein(protein, protein)
        for cytokine in cytokines:
            self.receptor(cytokine)

    def blood_pkpd(self) -> None:
        self.oral_pk()
        self.cytokine_signalling()

    def jaks(self, inhibitors: list[Inhibitor]) -> None:
        for inhibitor in inhibitors:
            self.lines.append(f"var I_{inhibitor.id};")
            self.parts.append(
                f'  I_{inhibitor.id} has nM; I_{inhibitor.id} is "{inhibitor.id}, free in the cell"; '
                f"I_{inhibitor.id}.sboTerm = SBO:0000196;\n"
            )
            self.identity(f"I_{inhibitor.id}", inhibitor.identifiers)
            if self.spec.name == "blood_pkpd":
                self.parts.append(f"  I_{inhibitor.id} := Cu_{inhibitor.id};\n")
            else:
                self.lines.append(f"I_{inhibitor.id} = 0;")
        for jak in JAKS:
            self.add("kinase", JAKx=jak)
            self.protein(f"A_{jak}", jak)
            loads = "".join(f" + load_{inhibitor.id}_{jak}" for inhibitor in inhibitors)
            self.parts.append(f"  A_{jak} := 1 / (1{loads});\n")
            for inhibitor in inhibitors:
                self.add("inhibitor", DRUGx=inhibitor.id, JAKx=jak)
                self.potency(inhibitor, jak)

    def chain(self, chain: str, cell: Cell, cytosol: float) -> None:
        self.add("chain", CHAINx=chain)
        count = cell.chains.get(chain)
        if count is None:
            raise ModelError(
                f"cell '{cell.id}' states no number of {chain}; add it to chains in its YAML file"
            )
        stated = count.model_copy(
            update={
                "value": molecules_to_nM(count.to("molecule"), cytosol),
                "unit": "nM",
                "low": None,
                "high": None,
            }
        )
        resting = self.estimate(f"{chain}_rest@{cell.id}", stated)
        self.values[f"{chain}_rest"] = resting
        self.initial[chain] = resting.to("nM")
        self.protein(chain, chain)

    def stat(self, stat: str, cell: Cell, volumes: dict[str, float]) -> None:
        self.add("stat_cycle", STATx=stat)
        if stat not in cell.stats:
            raise ModelError(f"cell '{cell.id}' states no number of {stat}; add it to stats in its YAML file")
        total = cell.stats[stat].to("molecule") / AVOGADRO_PER_NMOL
        nuclear = self.number(f"kimp_{stat}", "1/hour") / self.number(f"kexp_{stat}", "1/hour")
        self.initial[stat] = total / (1 + nuclear) / volumes["cytosol"]
        self.initial[f"{stat}_nuc"] = total * nuclear / (1 + nuclear) / volumes["nucleus"]
        self.initial[f"p{stat}"] = self.initial[f"p{stat}_nuc"] = 0
        for symbol in (stat, f"{stat}_nuc", f"p{stat}", f"p{stat}_nuc"):
            self.protein(symbol, stat)

    def receptor(self, cytokine: Cytokine) -> None:
        symbol, first, second = cytokine.symbol, cytokine.first_chain, cytokine.second_chain
        self.add("receptor", CYTOx=symbol, FIRSTx=first, SECONDx=second)
        self.values.update({key: self.estimate(key, value) for key, value in cytokine.parameters.items()})
        self.initial.update({f"L_{symbol}": 0, f"LP_{symbol}": 0, f"R_{symbol}": 0, f"Rp_{symbol}": 0})
        self.identity(f"L_{symbol}", cytokine.identifiers)
        for species in (f"LP_{symbol}", f"R_{symbol}", f"Rp_{symbol}"):
            self.protein(species, first, *((second,) if not species.startswith("LP") else ()))
        for side, slot in (("a", cytokine.slot_a), ("b", cytokine.slot_b)):
            terms = []
            for jak, share in slot.items():
                if share.value == 1:
                    terms.append(f"A_{jak}")
                    continue
                name = f"x{side}_{symbol}_{jak}"
                self.parts.append(
                    f'  {name} has dimensionless; {name} is "share of {jak} in slot {side} of {symbol}"; '
                    f"{name}.sboTerm = SBO:0000002;\n"
                )
                self.values[name] = share
                terms.append(f"{name} * A_{jak}")
            self.parts.append(f"  {side}_{symbol} := {' + '.join(terms)};\n")
        proteins = [feedback.protein for feedback in cytokine.feedback]
        if proteins:
            brakes = "".join(f" + {p} / Kb_{p}" for p in proteins)
            losses = " + ".join(f"ksocs_{p} * {p} / (Ks_{p} + {p})" for p in proteins)
            self.parts.append(f"  brake_{symbol} := 1{brakes};\n  loss_SOCS_{symbol} := {losses};\n")
        else:
            self.lines += [f"brake_{symbol} = 1;", f"loss_SOCS_{symbol} = 0;"]
        for stat in cytokine.stats:
            self.add("phosphorylation", CYTOx=symbol, STATx=stat)

    # Values -----------------------------------------------------------------------------------------

    def estimate(self, symbol: str, otherwise: Quantity) -> Quantity:
        return self.fitted.get(symbol, otherwise)

    def quantity(self, symbol: str) -> Quantity:
        found = self.fitted.get(symbol) or self.values.get(symbol) or self.library.parameter(symbol)
        if found is None:
            raise ModelError(f"parameter '{symbol}' has no value; add a row to models/library/parameters.tsv")
        return found

    def number(self, symbol: str, unit: str) -> float:
        return self.quantity(symbol).to(unit)

    def source(self, identifier: str) -> Source:
        getattr(self, self.spec.name)()
        body = "".join(self.parts)
        given = {line.split("=")[0].strip() for line in self.lines if "=" in line and "identity" not in line}
        fixed = {symbol: unit for symbol, unit in declared_units(body).items() if symbol not in ruled(body)}
        provenance: dict[str, Quantity] = {}
        for symbol, unit in fixed.items():
            if symbol in given:
                continue
            provenance[symbol] = self.quantity(symbol)
            self.lines.append(f"{symbol} = {provenance[symbol].to(MODEL_UNITS[unit]):.10g};")
        amounts = {s for s in self.initial if s.endswith(("_central", "_peripheral"))}
        self.lines += [
            f"{symbol} = {value:.10g}{' nmol' if symbol in amounts else ''};"
            for symbol, value in self.initial.items()
        ]
        lines = "\n".join(f"  {line}" for line in self.lines)
        text = f"model *{identifier}()\n{template('units')}\n{body}\n  // Values\n{lines}\nend\n"
        return Source(identifier, self.spec, text, provenance)


def compose(spec: ModelSpec, identifier: str = "", library: Library | None = None) -> Source:
    """Compose ``spec``; raises UnknownIdError for unknown names and ModelError for missing values."""
    library = library or get_library()
    resolved = spec.resolved(library)
    return _Composer(resolved, library).source(identifier or resolved.name)
