"""Collects the parts of one Antimony model: template text, values, initial states, identities."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from jakinib.build.estimates import estimates
from jakinib.build.spec import ModelSpec
from jakinib.build.starts import Start, Starts
from jakinib.build.template import (
    assigned,
    declared_species,
    declared_units,
    instantiate,
    quoted,
    ruled,
    template,
)
from jakinib.errors import ModelError
from jakinib.library import Library
from jakinib.library.readouts import readouts
from jakinib.library.schema import Inhibitor, Quantity
from jakinib.library.sources import DATABASES
from jakinib.library.symbols import declared
from jakinib.units import MODEL_UNITS

CELLS = ("cytokine_signalling", "blood_pkpd")  # models that hold a cell, and so its read-outs


@dataclass(frozen=True)
class Source:
    """A composed model: its Antimony text, the templates in it and where each parameter value came from.

    observed: rules and values of read-outs, which read the model and change nothing in it.
    """

    id: str
    spec: ModelSpec
    antimony: str
    provenance: dict[str, Quantity] = field(default_factory=dict)
    dois: tuple[str, ...] = ()
    starts: Starts = field(default_factory=Starts)
    templates: tuple[str, ...] = ()
    observed: str = ""

    @property
    def text(self) -> str:
        """Antimony with the read-outs."""
        return self.antimony.removesuffix("end\n") + f"{self.observed}end\n"

    @property
    def digest(self) -> str:
        """SHA-256 of all that the SBML is made from."""
        kinds = sorted(quantity.kind for quantity in self.provenance.values())
        made_from = f"{self.spec}{self.dois}{kinds}{self.starts.to_xml()}{self.text}"
        return hashlib.sha256(made_from.encode()).hexdigest()

    @property
    def mathematics(self) -> str:
        """The text without names, terms, identities, notes and comments: what a result depends on."""
        text = re.sub(r'(?<![^;\n"])[^;\n"]*"[^"\n]*"', "", self.antimony)  # whatever holds a text in quotes
        text = re.sub(r"\b\w+\.sboTerm = SBO:\d+|//[^\n]*", "", text)
        return "\n".join(part for line in text.split("\n") if (part := " ".join(line.split()).strip("; ")))


class Composer:
    """The growing model: pharmacology.py and signalling.py add to it, ``source`` closes it."""

    def __init__(self, spec: ModelSpec, library: Library) -> None:
        self.spec, self.library = spec, library
        self.text: list[str] = []
        self.templates: dict[str, None] = {"units": None}
        self.lines: list[str] = []
        self.values: dict[str, Quantity] = {}
        self.initial: dict[str, float] = {}
        self.starts: list[Start] = []
        self.fixed: dict[str, str] = {}
        self.given: dict[str, float] = {}
        self.theirs: dict[str, str] = {}  # templates from outside the package, by file
        self.fitted: dict[str, Quantity] = {}
        for plan in spec.calibrated:
            self.fitted.update(estimates(plan))

    def add(self, name: str, **tokens: str | Sequence[str]) -> None:
        """Instantiate a template."""
        self.templates[name] = None
        self.text.append(instantiate(name, **tokens))

    def add_theirs(self, where: str, body: str) -> None:
        """A template from outside the package; ``source`` checks that it keeps to symbols of its own."""
        self.theirs[where] = body
        self.text.append(body)

    def _keep_apart(self) -> None:
        """Refuse a template of a user that declares or sets a symbol which other parts of the model give."""
        for where, body in self.theirs.items():
            own = declared(body)
            others = declared("".join(text for text in self.text if text is not body))
            taken = sorted((own & others) | (assigned(body) - own))
            if taken:
                raise ModelError(
                    f"{where}: sets '{taken[0]}', which is not its own; name its symbols <name>_DRUGx_JAKx"
                )

    def rule(self, symbol: str, formula: str) -> None:
        """An assignment rule for a symbol that a template declares."""
        self.text.append(f"  {symbol} := {formula};\n")

    def give(self, symbol: str, value: float) -> None:
        """A value fixed by the structure, not by a source: sizes and switched-off couplings."""
        self.given[symbol] = value

    def identify(self, symbol: str, identifiers: dict[str, str], relation: str = "identity") -> None:
        """MIRIAM identity of a symbol; relation is an Antimony qualifier (identity, part, ...)."""
        for database, value in identifiers.items():
            uri = f"https://identifiers.org/{DATABASES[database]}{value}"
            self.lines.append(f"{symbol} {relation} {quoted(uri)};")

    def protein(self, symbol: str, *names: str, relation: str = "identity") -> None:
        """UniProt identity of a protein, or of the parts of a complex."""
        for name in names:
            if name not in self.library.proteins:
                raise ModelError(f"protein '{name}' has no identity; add it to models/library/proteins.yaml")
            self.identify(symbol, {"UniProt": self.library.proteins[name].uniprot}, relation)

    def potency(self, inhibitor: Inhibitor, jak: str) -> None:
        """Published IC50 and the ATP of its assay."""
        potency = inhibitor.potency[jak]  # type: ignore[index]
        self.values[f"IC50_{inhibitor.id}_{jak}"] = potency
        self.values[f"ATP_{inhibitor.id}_{jak}"] = potency.model_copy(
            update={"value": potency.atp_nM, "unit": "nM", "low": None, "high": None}
        )

    def calibrated(self, symbol: str, otherwise: Quantity) -> Quantity:
        """The estimate of a plan, else the library's quantity."""
        return self.fitted.get(symbol, otherwise)

    def quantity(self, symbol: str) -> Quantity:
        """Value and provenance of a symbol; raises ModelError when nobody states it."""
        found = self.fitted.get(symbol) or self.values.get(symbol) or self.library.parameter(symbol)
        if found is None:
            raise ModelError(
                f"parameter '{symbol}' has no value; state it under parameters of its cytokine's file, "
                "or add a row to models/library/parameters.tsv"
            )
        return found

    def number(self, symbol: str, unit: str) -> float:
        return self.to(self.quantity(symbol), unit)

    def to(self, quantity: Quantity, unit: str) -> float:
        """A quantity in ``unit``."""
        return quantity.to(unit)

    def readouts(self) -> str:
        """Declarations and rules of the read-outs that are more than a symbol of the model."""
        cytokines = [self.library.cytokine(name) for name in self.spec.cytokines]
        offered = {name: read for c in cytokines for name, read in readouts(self.library, c).items()}
        more = [(name, read) for name, read in offered.items() if read.symbol != read.formula]
        if not more or self.spec.name not in CELLS:
            return ""
        known, lines = declared("".join(self.text)), []
        for name, read in more:
            where = self.library.where("readouts", name, "formula")
            if missing := sorted(read.names - known - set(read.parameters)):
                raise ModelError(
                    f"{where}: formula: '{missing[0]}' is no symbol of a cell's model; correct it"
                )
            for symbol, quantity in read.parameters.items():
                if symbol in known and self.values.get(symbol) != quantity:
                    at = self.library.where("readouts", name, "parameters", symbol)
                    raise ModelError(
                        f"{at}: parameters.{symbol} is a symbol of the model; choose another name"
                    )
                self.values[symbol] = quantity
                if symbol not in known:
                    lines.append(f"{symbol} has {read.unit_name(quantity.unit)}; {symbol} is {quoted(name)};")
            known |= set(read.parameters)
            lines.append(f"{read.symbol} has {read.unit_name(read.unit)};")
            lines.append(f"{read.symbol} is {quoted(f'{name}, {read.label}')};")
            lines.append(f"{read.symbol} := {read.formula};")
        return "".join(f"  {line}\n" for line in lines)

    def source(self, identifier: str) -> Source:
        """The finished model."""
        self._keep_apart()
        observed = self.readouts()
        body = _noted_once("".join(self.text))
        rules, amounts = ruled(body), declared_species(body)
        provenance: dict[str, Quantity] = {}
        values = [f"{symbol} = {value:.10g};" for symbol, value in self.given.items()]
        for symbol, unit in declared_units(body).items():
            if symbol in rules or symbol in self.given:
                continue
            if unit not in MODEL_UNITS:
                raise ModelError(f"{symbol} has {unit}: no unit of the models; use {', '.join(MODEL_UNITS)}")
            provenance[symbol] = self.quantity(symbol)
            values.append(f"{symbol} = {provenance[symbol].to(MODEL_UNITS[unit]):.10g};")
        for symbol, value in self.initial.items():
            unit = " nmol" if amounts.get(symbol) else ""
            values.append(f"{symbol} = {value:.10g}{unit};")
        lines = "\n".join(f"  {line}" for line in (*self.lines, *values))
        text = f"model *{identifier}()\n{template('units')}\n{body}\n  // Values\n{lines}\nend\n"
        known = self.library.references
        sources = {quantity.source for quantity in provenance.values()} & set(known)
        dois = tuple(sorted({known[source].doi for source in sources} - {""}))
        starts = Starts(tuple(self.starts), self.fixed)
        for symbol, unit in declared_units(observed).items():
            if symbol not in ruled(observed):
                provenance[symbol] = self.quantity(symbol)
                observed += f"  {symbol} = {provenance[symbol].to(MODEL_UNITS[unit]):.10g};\n"
        templates = tuple(sorted(self.templates))
        return Source(identifier, self.spec, text, provenance, dois, starts, templates, observed)


def _noted_once(text: str) -> str:
    """Text without notes that it repeats: Antimony adds up the notes of a symbol that templates share."""
    lines, seen = [], set()
    for line in text.splitlines(keepends=True):
        if ' notes "' not in line or line not in seen:
            lines.append(line)
        seen.add(line)
    return "".join(lines)


class Outline(Composer):
    """The same without its numbers, every one of which counts as 1."""

    def number(self, symbol: str, unit: str) -> float:
        return 1.0

    def to(self, quantity: Quantity, unit: str) -> float:
        return 1.0
