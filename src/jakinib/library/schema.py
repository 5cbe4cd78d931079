"""What a library entry is: numbers that carry unit, kind, status and source."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from jakinib.errors import UnitError
from jakinib.library import ranges
from jakinib.library.disposition import check_disposition
from jakinib.library.ranges import (
    CELLS_ARE_TEXT,
    Accession,
    EntryName,
    Label,
    Line,
    Number,
    SymbolName,
    listed_once,
    text,
)
from jakinib.library.sources import outside
from jakinib.units import check_unit, factor, parse_quantity

Kind = Literal["measured", "derived", "fitted", "assumed"]
Status = Literal["verified", "secondary", "derived", "model", "recalled", "assumed"]
JAK = Literal["JAK1", "JAK2", "JAK3", "TYK2"]
JAKS: tuple[JAK, ...] = ("JAK1", "JAK2", "JAK3", "TYK2")


def _known_unit(unit: str) -> str:
    try:
        return check_unit(unit)
    except UnitError as error:
        raise ValueError(str(error)) from None


Unit = Annotated[str, AfterValidator(_known_unit)]


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
    status: Status
    source: Annotated[str, AfterValidator(outside)] = ""  # an assumed number may have none
    location: str = ""
    rationale: str = ""
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _check(self) -> Quantity:
        if self.kind != "assumed" and not self.source:
            raise ValueError(
                f"is {self.kind} and gives no source; name it, or call the number assumed and say why"
            )
        if self.kind == "assumed" and not self.rationale:
            raise ValueError("is assumed and gives no rationale; say why")
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


class Condition(Strict):
    """What a circumstance (a meal, a co-medication) does to apparent disposition.

    factors multiply (F multiplies exposure, so it divides every clearance and volume); delays add hours.
    """

    name: str = ""
    factors: dict[str, Quantity] = Field(default_factory=dict)
    delays: dict[str, Quantity] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _usable(self) -> Condition:
        ranges.each(self.factors, lambda _, factor: ranges.FACTOR.check(factor))
        ranges.each(self.delays, lambda _, delay: ranges.DELAY.check(delay))
        return self


# An Antimony template beside the YAML file; a bare name, so that no other folder is read.
TemplateFile = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+\.ant$")]


class Inhibitor(Strict):
    """A JAK inhibitor: potency per JAK, binding in plasma, disposition per population."""

    id: SymbolName
    name: Line = ""
    identifiers: dict[str, Accession] = Field(default_factory=dict)
    molecular_weight: Annotated[Quantity, AfterValidator(ranges.SMALL_MOLECULE.check)]
    fu: Annotated[Quantity, AfterValidator(ranges.FRACTION.check)]
    bioavailability: Annotated[Quantity, AfterValidator(ranges.FRACTION.check)] | None = None
    potency: dict[JAK, Potency]
    binding: dict[JAK, TemplateFile] = Field(default_factory=dict)  # replaces equilibrium binding to a JAK
    parameters: dict[str, Quantity] = Field(default_factory=dict)  # of those templates; species: start
    pharmacokinetics: dict[str, dict[str, Quantity]] = Field(default_factory=dict)
    metabolite: SymbolName | Literal[""] = (
        ""  # inhibitor formed from this one; dosing this one brings it along
    )
    # How much more potent in blood than the enzyme assays extrapolate to; used where inhibitors are compared.
    cell_potency: Annotated[Quantity, AfterValidator(ranges.FACTOR.check)] | None = None
    conditions: dict[str, Condition] = Field(default_factory=dict)  # food, co-medication
    # Per population: exponent of (reference eGFR / eGFR) by which F rises below the reference, up to 1.
    renal_uptake: dict[str, Quantity] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Inhibitor:
        for population, values in self.pharmacokinetics.items():
            check_disposition(population, values)
        if self.parameters and not self.binding:
            raise ValueError("states parameters but no binding template that could use them; add binding")
        missing = [jak for jak in JAKS if jak not in self.potency]
        if missing:
            raise ValueError(
                f"potency lacks {', '.join(missing)}; give a bound as an assumed value if none is published"
            )
        ranges.each(self.parameters, ranges.check_symbol)
        ranges.each(self.renal_uptake, lambda _, exponent: ranges.EXPONENT.check(exponent))
        if self.metabolite == self.id:
            raise ValueError(f"metabolite names {self.id} itself; name another inhibitor")
        return self


class Feedback(Strict):
    """A SOCS protein made in response to a STAT and acting on this receptor."""

    protein: SymbolName
    driven_by: SymbolName


class Cytokine(Strict):
    """A cytokine: its chains, the JAKs on them, the STATs they phosphorylate."""

    id: EntryName
    symbol: Annotated[SymbolName, Field(pattern=r"^[A-Za-z0-9]*$")]
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
    parameters: dict[SymbolName, Quantity] = Field(default_factory=dict)

    @property
    def chains(self) -> list[tuple[str, str]]:
        """(field, chain) of every receptor chain."""
        fields = ("alpha_chain", "first_chain", "second_chain")
        return [(field, getattr(self, field)) for field in fields if getattr(self, field)]

    @property
    def first_readout(self) -> str:
        """The read-out of assays that name none: phosphorylation of the first STAT."""
        return f"p{self.stats[0]}"

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
    aliases: Annotated[list[Label], AfterValidator(listed_once)] = Field(default_factory=list)
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


class Distribution(Strict):
    """Variability of a positive quantity between patients, about its typical value.

    cv: coefficient of variation of the lognormal, omega^2 = ln(1 + CV^2). shape: of a Box-Cox transform of
    the deviate, 0 leaves it lognormal. low, high: physiological limits; a patient beyond them is drawn again.
    """

    cv: Annotated[Quantity, AfterValidator(ranges.VARIABILITY.check)]
    shape: Quantity | None = None
    low: Quantity | None = None
    high: Quantity | None = None

    @model_validator(mode="after")
    def _possible(self) -> Distribution:
        if self.shape is not None and abs(self.shape.to("dimensionless")) > 10:
            raise ValueError(f"shape is {self.shape.value:g}; it must lie between -10 and 10")
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and limit.value < 0:
                raise ValueError(f"{name} is {limit.value:g} {limit.unit}; this quantity cannot be negative")
        if self.low and self.high:
            try:
                low = self.low.to(self.high.unit)
            except UnitError as error:
                raise ValueError(f"low and high: {error}") from None
            if low >= self.high.value:
                raise ValueError("low is not below high; exchange them")
        return self

    @property
    def omega2(self) -> float:
        """Variance of the deviate on the log scale."""
        return math.log1p(self.cv.to("dimensionless") ** 2)


class Correlation(Strict):
    """How two quantities vary together: a correlation, or a covariance on the omega^2 scale."""

    between: tuple[str, str]
    correlation: Annotated[Quantity, AfterValidator(ranges.CORRELATION.check)] | None = None
    covariance: Quantity | None = None

    @model_validator(mode="after")
    def _one(self) -> Correlation:
        if (self.correlation is None) == (self.covariance is None):
            raise ValueError("give either correlation or covariance")
        if self.between[0] == self.between[1]:
            raise ValueError(f"between names {self.between[0]} twice")
        return self


class Population(Strict):
    """A patient population: its typical member, and how its members differ.

    variability: weight, eGFR, a disposition parameter of an inhibitor (V1_baricitinib) or a signalling symbol
    (ATP; may hold a wildcard, kphos_*). ensemble: plan whose fitted ensemble spreads the signalling values.
    """

    id: EntryName
    name: Line = ""
    weight: Annotated[Quantity, AfterValidator(ranges.BODY_WEIGHT.check)]
    eGFR: Annotated[Quantity, AfterValidator(ranges.EGFR.check)]
    variability: dict[str, Distribution] = Field(default_factory=dict)
    correlations: list[Correlation] = Field(default_factory=list)
    ensemble: EntryName | Literal[""] = ""

    @field_validator("variability")
    @classmethod
    def _few(cls, variability: dict[str, Distribution]) -> dict[str, Distribution]:
        ranges.at_most(variability, 500, "quantities that vary")
        for name in variability:
            text(r"[A-Za-z*][A-Za-z0-9_*]*", 80, "a symbol, which may hold a wildcard *")(name)
        return variability

    @field_validator("correlations")
    @classmethod
    def _possible(cls, correlations: list[Correlation], info: ValidationInfo) -> list[Correlation]:
        if "variability" in info.data:
            correlation_matrix(info.data["variability"], correlations)
        return correlations


def correlation_matrix(
    variability: dict[str, Distribution], correlations: list[Correlation]
) -> NDArray[np.float64]:
    """Correlations of the deviates in the order of ``variability``; ValueError when they are impossible."""
    names = list(variability)
    matrix = np.eye(len(names))
    for entry in correlations:
        for name in entry.between:
            if name not in names:
                raise ValueError(f"name '{name}', which has no variability; known: {', '.join(names)}")
        i, j = (names.index(name) for name in entry.between)
        if entry.correlation is not None:
            value = entry.correlation.to("dimensionless")
        else:
            assert entry.covariance is not None
            scale = math.sqrt(variability[names[i]].omega2 * variability[names[j]].omega2)
            value = math.inf if scale == 0 else entry.covariance.to("dimensionless") / scale
        if abs(value) > 1:
            raise ValueError(f"of {names[i]} and {names[j]} amount to {value:.3g}; it lies between -1 and 1")
        matrix[i, j] = matrix[j, i] = value
    lowest = float(np.linalg.eigvalsh(matrix)[0]) if names else 1.0
    if lowest <= 1e-10:
        raise ValueError(
            f"are impossible together: their matrix is not positive definite (eigenvalue {lowest:.3g})"
        )
    return matrix


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
