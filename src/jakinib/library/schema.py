"""What a library entry is: numbers that carry unit, kind, status and source."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from jakinib.errors import UnitError
from jakinib.library import ranges
from jakinib.library.disposition import check_disposition
from jakinib.library.names import twins
from jakinib.library.ranges import (
    CELLS_ARE_TEXT,
    Accession,
    EntryName,
    Label,
    Line,
    Number,
    SymbolName,
    listed_once,
)
from jakinib.library.sources import Kind, check_origin, how_read, outside
from jakinib.units import check_unit, factor, parse_quantity

JAK = Literal["JAK1", "JAK2", "JAK3", "TYK2"]
JAKS: tuple[JAK, ...] = ("JAK1", "JAK2", "JAK3", "TYK2")


def _known_unit(unit: str) -> str:
    try:
        return check_unit(unit)
    except UnitError as error:
        raise ValueError(str(error)) from None


Unit = Annotated[str, AfterValidator(_known_unit)]


# How the source of a quantity was read; empty where it has none.
HowRead = Annotated[str, BeforeValidator(lambda given: given and how_read(given))]


# Names under which users know an entry, as they write them; spelling does not matter (library.names).
Aliases = Annotated[list[Label], AfterValidator(listed_once)]


class Strict(BaseModel):
    """Base of all entries: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Row(Strict):
    """Base of the rows of a table, whose numbers arrive as text."""

    model_config = ConfigDict(title=CELLS_ARE_TEXT)


class Quantity(Strict):
    """One number with everything needed to believe it."""

    value: Number
    unit: Unit
    kind: Kind
    status: HowRead = ""
    source: Annotated[str, AfterValidator(outside)] = ""  # an assumed number may have none
    location: str = ""
    rationale: str = ""
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _check(self) -> Quantity:
        check_origin(self.kind, self.status, self.source, self.rationale)
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside {low:g}..{high:g}")
        return self

    def to(self, unit: str) -> float:
        """The value in ``unit`` (a pint string)."""
        return self.value * factor(self.unit, unit)


class Potency(Quantity):
    """An enzyme IC50 (with the ATP of its assay) or a dissociation constant (atp 0)."""

    quantity: Literal["IC50", "Ki", "Kd"] = "IC50"
    atp: str = "0 mM"

    @model_validator(mode="after")
    def _check_potency(self) -> Potency:
        ranges.CONCENTRATION.check(self)
        try:
            ranges.ATP.number(parse_quantity(self.atp, "nM"))
        except (UnitError, ValueError) as error:
            raise ValueError(f"atp: {error}") from None
        if self.quantity != "IC50" and self.atp_nM > 0:
            raise ValueError(f"a {self.quantity} does not depend on ATP; drop atp or call it an IC50")
        return self

    @property
    def atp_nM(self) -> float:
        return parse_quantity(self.atp, "nM")


UNKNOWN_RATIO = Quantity(
    value=1,
    unit="dimensionless",
    kind="assumed",
    rationale="no source in reach; as much in blood cells as in plasma",
)


class Condition(Strict):
    """What a circumstance (a meal, a co-medication) does to apparent disposition.

    factors multiply (F multiplies exposure, so it divides every clearance and volume); delays add hours.
    """

    name: str = ""
    aliases: Aliases = Field(default_factory=list)
    factors: dict[str, Quantity] = Field(default_factory=dict)
    delays: dict[str, Quantity] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _usable(self) -> Condition:
        ranges.each(self.factors, lambda _, factor: ranges.FACTOR.check(factor))
        ranges.each(self.delays, lambda _, delay: ranges.DELAY.check(delay))
        return self


class WeightBand(Strict):
    """The dose of patients from ``low`` kg on and below ``high`` kg, where there is an upper end."""

    low: Annotated[Number, Field(ge=0)]
    high: Annotated[Number, Field(gt=0)] | None = None
    dose: Annotated[Quantity, AfterValidator(ranges.AMOUNT.check)]
    every: Annotated[str, Field(pattern=r"^q[a-z0-9]+$|^[bt]id$")]  # as regimens write it: qd, bid, q12h

    @model_validator(mode="after")
    def _rises(self) -> WeightBand:
        if self.high is not None and self.high <= self.low:
            raise ValueError(f"high is {self.high:g} kg and not above low; exchange them")
        return self

    def holds(self, weight: float) -> bool:
        """Whether a patient of ``weight`` kg is meant."""
        return self.low <= weight < (math.inf if self.high is None else self.high)

    @property
    def label(self) -> str:
        """Such as "10 to 30 kg", whose upper end is not included."""
        return f"{self.low:g} kg and more" if self.high is None else f"{self.low:g} to {self.high:g} kg"


# An Antimony template beside the YAML file; a bare name, so that no other folder is read.
TemplateFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.ant$")]


class Inhibitor(Strict):
    """A JAK inhibitor: potency per JAK, binding in plasma, disposition per population."""

    id: SymbolName
    name: Line = ""
    aliases: Aliases = Field(default_factory=list)
    identifiers: dict[str, Accession] = Field(default_factory=dict)
    molecular_weight: Annotated[Quantity, AfterValidator(ranges.SMALL_MOLECULE.check)]
    fu: Annotated[Quantity, AfterValidator(ranges.FRACTION.check)]
    # Of total concentrations; it turns what blood was spiked with into what plasma holds.
    blood_plasma_ratio: Annotated[Quantity, AfterValidator(ranges.BLOOD_PLASMA.check)] = UNKNOWN_RATIO
    bioavailability: Annotated[Quantity, AfterValidator(ranges.FRACTION.check)] | None = None
    potency: dict[JAK, Potency]
    binding: dict[JAK, TemplateFile] = Field(default_factory=dict)  # replaces equilibrium binding to a JAK
    tissues: dict[str, list[TemplateFile]] = Field(
        default_factory=dict
    )  # added to disposition, by population
    parameters: dict[str, Quantity] = Field(default_factory=dict)  # of those templates; species: start
    pharmacokinetics: dict[str, dict[str, Quantity]] = Field(default_factory=dict)
    metabolite: SymbolName | Literal[""] = (
        ""  # inhibitor formed from this one; dosing this one brings it along
    )
    conditions: dict[str, Condition] = Field(default_factory=dict)  # food, co-medication
    # Per population: exponent of (reference eGFR / eGFR) by which F rises below the reference, up to 1.
    renal_uptake: dict[str, Quantity] = Field(default_factory=dict)
    dose_bands: dict[str, list[WeightBand]] = Field(default_factory=dict)  # doses by weight, by population

    @model_validator(mode="after")
    def _complete(self) -> Inhibitor:
        for population, values in self.pharmacokinetics.items():
            check_disposition(population, values)
        if self.parameters and not (self.binding or self.tissues):
            raise ValueError("states parameters but no template that could use them; add binding or tissues")
        missing = [jak for jak in JAKS if jak not in self.potency]
        if missing:
            raise ValueError(
                f"potency lacks {', '.join(missing)}; give a bound as an assumed value if none is published"
            )
        ranges.each(self.parameters, ranges.check_symbol)
        ranges.each(self.renal_uptake, lambda _, exponent: ranges.EXPONENT.check(exponent))
        if self.metabolite == self.id:
            raise ValueError(f"metabolite names {self.id} itself; name another inhibitor")
        if clash := twins(("conditions", name, stated) for name, stated in self.conditions.items()):
            _, first, second, spelt = clash
            raise ValueError(f"conditions: '{spelt}' finds both {first} and {second}; choose another")
        return self


class Feedback(Strict):
    """A SOCS protein made in response to a STAT and acting on this receptor.

    strength: relative to what the constants of the protein say.
    """

    protein: SymbolName
    driven_by: SymbolName
    strength: Annotated[Quantity, AfterValidator(ranges.PROBABILITY.check)] = Quantity(
        value=1,
        unit="dimensionless",
        kind="assumed",
        rationale="Acts as on the receptor that its constants are from",
    )


class Cytokine(Strict):
    """A cytokine: its chains, the JAKs on them, the STATs they phosphorylate."""

    id: EntryName
    symbol: Annotated[SymbolName, Field(pattern=r"^[A-Za-z0-9]*$")]
    aliases: Aliases = Field(default_factory=list)
    identifiers: dict[str, Accession] = Field(default_factory=dict)
    molecular_weight: Annotated[Quantity, AfterValidator(ranges.PROTEIN.check)]
    alpha_chain: SymbolName | Literal[""] = ""  # captures the cytokine, carries no JAK
    first_chain: SymbolName
    second_chain: SymbolName  # the first once more in a homodimer
    slot_a: dict[JAK, Annotated[Quantity, AfterValidator(ranges.PROBABILITY.check)]]
    slot_b: dict[JAK, Annotated[Quantity, AfterValidator(ranges.PROBABILITY.check)]]
    stats: Annotated[list[SymbolName], Field(min_length=1), AfterValidator(listed_once)]
    feedback: list[Feedback] = Field(default_factory=list)
    reference_cell: Label
    assay_dose: Quantity | None = None  # usual dose of cell assays; 50 ng/mL when none is stated
    # International units in a mass, for doses stated in IU/mL; without it they are refused.
    activity: Annotated[Quantity, AfterValidator(ranges.ACTIVITY.check)] | None = None
    parameters: dict[SymbolName, Quantity] = Field(default_factory=dict)

    @property
    def chains(self) -> list[tuple[str, str]]:
        """(field, chain) of every receptor chain."""
        fields = ("alpha_chain", "first_chain", "second_chain")
        return [(field, getattr(self, field)) for field in fields if getattr(self, field)]

    @model_validator(mode="after")
    def _slots(self) -> Cytokine:
        for name, slot in (("slot_a", self.slot_a), ("slot_b", self.slot_b)):
            if abs(sum(share.to("dimensionless") for share in slot.values()) - 1) > 1e-6:
                raise ValueError(f"{name}: the shares of its JAKs must add up to 1")
        if self.alpha_chain in (self.first_chain, self.second_chain):
            raise ValueError(f"alpha_chain '{self.alpha_chain}' is a signalling chain too; name it once")
        listed_once([feedback.protein + " driven by " + feedback.driven_by for feedback in self.feedback])
        ranges.each(self.parameters, ranges.check_symbol)
        if self.assay_dose is not None:
            mass = self.molecular_weight.to("g/mol")
            stated = f"{self.assay_dose.value!r} {self.assay_dose.unit}"
            try:
                ranges.CONCENTRATION.number(parse_quantity(stated, "nM", mass=mass))
            except (UnitError, ValueError) as error:
                raise ValueError(f"assay_dose: {error}") from None
        for feedback in self.feedback:
            if feedback.driven_by not in self.stats:
                raise ValueError(
                    f"feedback: {feedback.driven_by} drives {feedback.protein} but is not among stats"
                )
        return self


class Cell(Strict):
    """A cell: volumes, receptor chains and STATs (molecules per cell); it may add to the cell it is like."""

    id: EntryName
    like: Label | Literal[""] = ""
    name: Line = ""
    aliases: Aliases = Field(default_factory=list)
    identifiers: dict[str, Accession] = Field(default_factory=dict)
    volumes: dict[Literal["medium", "cytosol", "nucleus"], Quantity]
    chains: dict[SymbolName, Annotated[Quantity, AfterValidator(ranges.COUNT.check)]]
    stats: dict[SymbolName, Annotated[Quantity, AfterValidator(ranges.STAT_COUNT.check)]]

    @model_validator(mode="after")
    def _possible(self) -> Cell:
        missing = [name for name in ranges.VOLUMES if name not in self.volumes]
        if missing and not self.like:
            raise ValueError(f"volumes lacks {', '.join(missing)}; add it")
        for name, volume in self.volumes.items():
            try:
                ranges.VOLUMES[name].check(volume)
            except ValueError as error:
                raise ValueError(f"volumes: {name} {error}") from None
        return self


class Protein(Strict):
    """Identity of a protein that models name."""

    uniprot: Accession
    name: Line = ""


class Proteins(Strict):
    proteins: dict[SymbolName, Protein]


class ParameterRow(Row, Quantity):
    """One row of parameters.tsv; ``id`` may end in a wildcard, the longest match wins."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*\*?$", max_length=80)]

    @model_validator(mode="after")
    def _in_range(self) -> ParameterRow:
        ranges.check_symbol(self.id, self)
        return self
