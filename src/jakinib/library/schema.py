"""What a library entry is: numbers that carry unit, kind, status and source."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from jakinib.errors import UnitError
from jakinib.units import check_unit, factor, parse_quantity

Kind = Literal["measured", "derived", "fitted", "assumed"]
Status = Literal["verified", "secondary", "derived", "model", "recalled", "assumed"]
JAK = Literal["JAK1", "JAK2", "JAK3", "TYK2"]
JAKS: tuple[JAK, ...] = ("JAK1", "JAK2", "JAK3", "TYK2")


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Number = Annotated[float, AfterValidator(_finite)]


def _known_unit(unit: str) -> str:
    try:
        return check_unit(unit)
    except UnitError as error:
        raise ValueError(str(error)) from None


Unit = Annotated[str, AfterValidator(_known_unit)]


class Strict(BaseModel):
    """Base of all entries: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Quantity(Strict):
    """One number with everything needed to believe it."""

    value: Number
    unit: Unit
    kind: Kind
    status: Status
    source: str
    location: str = ""
    rationale: str = ""
    low: Number | None = None
    high: Number | None = None

    @model_validator(mode="after")
    def _check(self) -> Quantity:
        if self.kind == "assumed" and not self.rationale:
            raise ValueError("is assumed and gives no rationale; say why")
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} lies outside {self.low:g}..{self.high:g}")
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
        if self.value <= 0:
            raise ValueError("potency must be positive")
        try:
            parse_quantity(self.atp, "nM")
        except UnitError as error:
            raise ValueError(f"atp: {error}") from None
        if self.quantity != "IC50" and self.atp_nM > 0:
            raise ValueError(f"a {self.quantity} does not depend on ATP; drop atp or call it an IC50")
        return self

    @property
    def atp_nM(self) -> float:
        return parse_quantity(self.atp, "nM")


class Inhibitor(Strict):
    """A JAK inhibitor: potency per JAK, binding in plasma, disposition per population."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]  # part of SBML ids
    name: str = ""
    identifiers: dict[str, str] = Field(default_factory=dict)
    molecular_weight: Quantity
    fu: Quantity
    bioavailability: Quantity | None = None
    potency: dict[JAK, Potency]
    pharmacokinetics: dict[str, dict[str, Quantity]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Inhibitor:
        missing = [jak for jak in JAKS if jak not in self.potency]
        if missing:
            raise ValueError(
                f"potency lacks {', '.join(missing)}; give a bound as an assumed value if none is published"
            )
        for name, quantity, unit in (
            ("fu", self.fu, "dimensionless"),
            ("molecular_weight", self.molecular_weight, "g/mol"),
        ):
            try:
                value = quantity.to(unit)
            except UnitError as error:
                raise ValueError(f"{name}: {error}") from None
            if value <= 0 or (name == "fu" and value > 1):
                must = "in (0, 1]" if name == "fu" else "above 0"
                raise ValueError(f"{name} must lie {must} (got {value:g})")
        return self


class Feedback(Strict):
    """A SOCS protein made in response to a STAT and acting on this receptor."""

    protein: str
    driven_by: str


class Cytokine(Strict):
    """A cytokine: its chains, the JAKs on them, the STATs they phosphorylate."""

    id: str
    symbol: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*$")]
    identifiers: dict[str, str] = Field(default_factory=dict)
    molecular_weight: Quantity
    alpha_chain: str = ""  # captures the cytokine, carries no JAK
    first_chain: str
    second_chain: str
    slot_a: dict[JAK, Quantity]
    slot_b: dict[JAK, Quantity]
    stats: list[str]
    feedback: list[Feedback] = Field(default_factory=list)
    reference_cell: str
    assay_dose: Quantity | None = None  # usual dose of cell assays; 50 ng/mL when none is stated
    parameters: dict[str, Quantity] = Field(default_factory=dict)

    @property
    def chains(self) -> list[tuple[str, str]]:
        """(field, chain) of every receptor chain."""
        fields = ("alpha_chain", "first_chain", "second_chain")
        return [(field, getattr(self, field)) for field in fields if getattr(self, field)]

    @model_validator(mode="after")
    def _slots(self) -> Cytokine:
        for name, slot in (("slot_a", self.slot_a), ("slot_b", self.slot_b)):
            if abs(sum(share.value for share in slot.values()) - 1) > 1e-6:
                raise ValueError(f"{name}: the shares of its JAKs must add up to 1")
        for feedback in self.feedback:
            if feedback.driven_by not in self.stats:
                raise ValueError(
                    f"feedback: {feedback.driven_by} drives {feedback.protein} but is not among stats"
                )
        return self


class Cell(Strict):
    """A cell: volumes, receptor chains and STATs (molecules per cell)."""

    id: str
    name: str = ""
    aliases: list[str] = Field(default_factory=list)
    identifiers: dict[str, str] = Field(default_factory=dict)
    volumes: dict[Literal["medium", "cytosol", "nucleus"], Quantity]
    chains: dict[str, Quantity]
    stats: dict[str, Quantity]


class Population(Strict):
    """The typical member of a patient population."""

    id: str
    name: str = ""
    weight: Quantity
    eGFR: Quantity


class Protein(Strict):
    """Identity of a protein that models name."""

    uniprot: str
    name: str = ""


class Proteins(Strict):
    proteins: dict[str, Protein]


class Reference(Strict):
    """A source: how to cite it, and where it is."""

    citation: str
    doi: str = ""
    url: str = ""
    note: str = ""


class References(Strict):
    references: dict[str, Reference]


class ParameterRow(Quantity):
    """One row of parameters.tsv; ``id`` may end in a wildcard, the longest match wins."""

    id: str
