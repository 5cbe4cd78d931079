"""A scenario: who is treated, what with and when, and how it is measured; one value that every verb takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationError,
    model_validator,
)

from jakinib.assay.cell import EX_VIVO, MATRICES, CellAssay, cytokine_dose_nM
from jakinib.assay.patient import Patient
from jakinib.errors import InputError, RegimenError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.files import beside, explain, read_model
from jakinib.library.names import resolve
from jakinib.library.ranges import BODY_WEIGHT, CONCENTRATION, EGFR, HOURS, Line, Range
from jakinib.library.schema import Strict
from jakinib.paths import write_atomic
from jakinib.regimen import Regimen
from jakinib.regimen.document import Document
from jakinib.regimen.words import number
from jakinib.units import parse_quantity, spoken

T = TypeVar("T")
USUAL = "baricitinib"  # of doses and assays that name no inhibitor
PATIENT = ("population", "weight", "eGFR", "with")
MEASURED = (
    "cytokine", "readout", "cell", "matrix", "cytokine_dose", "milieu", "laboratory", "preincubation",
    "stimulation", "concentration",
)  # fmt: skip


def _valid(read: Callable[[], T], field: str = "") -> T:
    """What ``read`` returns; its complaint as one that is told the field and the line."""
    try:
        return read()
    except RegimenError as error:
        raise ValueError(error.reason.removeprefix("regimen: ")) from None
    except InputError as error:
        raise ValueError(str(error).removeprefix("regimen: ").removeprefix(f"{field}: ")) from None


def _in(unit: str, limits: Range, what: str = "") -> Callable[[Any], Any]:
    """A reader of "45 mL/min", or of a number in ``unit``."""

    def read(given: Any) -> Any:
        if given is None:
            return None
        value = _valid(lambda: spoken(given, unit, what), what) if isinstance(given, str) else given
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"is {given!r}; write a number of {unit}, or a text such as '45 {unit}'")
        return limits.number(float(value))

    return read


def _names(given: Any) -> Any:
    """One name or several, as a tuple; a text may hold several with commas between."""
    return (
        tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given
    )


def _cytokines(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("names none; name a cytokine such as IL-6, or all")
    if names == ("all",):
        return names
    library = get_library()
    known = tuple(_valid(partial(library.cytokine, name)).id for name in names)
    twice = next((name for name in known if known.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"names {twice} twice; name it once")
    return known


def _matrix(name: str) -> str:
    return _valid(lambda: resolve("matrix", name, MATRICES)) if name else name


def _regimen(given: Any) -> Any:
    """A regimen of a text, or of a list of series as regimen files hold them."""
    if isinstance(given, str):
        return _valid(lambda: Regimen.parse(given))
    if isinstance(given, list):
        try:
            return _valid(Document.model_validate({"doses": given}).regimen_of_doses)
        except ValidationError as error:
            location, message = explain(error.errors()[0])
            raise ValueError(f"{'.'.join(map(str, location[1:]))} {message}".strip()) from None
    return given


def _regimen_or_none(given: Any) -> Any:
    try:
        return _regimen(given)
    except ValueError as error:
        raise InputError(f"scenario: regimen: {error}") from None


def _population(name: str) -> str:
    return _valid(lambda: get_library().population(name).id)


class Who(Strict):
    """The patient: weight in kg, eGFR in mL/min per 1.73 m2; with: food and co-medication."""

    model_config = ConfigDict(populate_by_name=True)

    population: Annotated[str, AfterValidator(_population)] = "healthy_adult"
    weight: Annotated[float | None, BeforeValidator(_in("kg", BODY_WEIGHT))] = None
    eGFR: Annotated[float | None, BeforeValidator(_in("mL/min", EGFR, "eGFR"))] = None
    with_: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(default=(), alias="with")

    @property
    def covariates(self) -> dict[str, float]:
        """weight and eGFR, where they are given."""
        given = {"weight": self.weight, "eGFR": self.eGFR}
        return {name: value for name, value in given.items() if value is not None}

    def record(self) -> dict[str, Any]:
        """Plain data, with units in the texts."""
        out: dict[str, Any] = {"population": self.population}
        for name, unit in (("weight", "kg"), ("eGFR", "mL/min")):
            if name in self.covariates:
                out[name] = f"{number(self.covariates[name])} {unit}"
        return out | ({"with": list(self.with_)} if self.with_ else {})


class Measured(Strict):
    """What is read of which cells: as the arguments of ``jakinib.assay``; empty where it is the usual.

    matrix: empty for the one of the question: blood drawn after doses, or blood spiked with inhibitor.
    concentration: of the inhibitor, nominal; for a question about one concentration.
    """

    cytokine: Annotated[tuple[str, ...], BeforeValidator(_names), AfterValidator(_cytokines)] = ("IL-6",)
    readout: str = ""
    cell: str = ""
    matrix: Annotated[str, AfterValidator(_matrix)] = ""
    cytokine_dose: str = ""
    milieu: str = ""
    laboratory: str = ""
    preincubation: str = "60 min"
    stimulation: str = "15 min"
    concentration: Annotated[float | None, BeforeValidator(_in("nM", CONCENTRATION))] = None

    @model_validator(mode="after")
    def _usable(self) -> Measured:
        if self.milieu:
            found = _valid(lambda: get_library().milieu(self.milieu))
            object.__setattr__(self, "milieu", found.id)
        for name in ("preincubation", "stimulation"):
            hours = _valid(partial(parse_quantity, getattr(self, name), "hour", where=name))
            HOURS.number(hours)
        if self.cytokine != ("all",):
            read = [_valid(partial(self.of, USUAL, name, EX_VIVO)) for name in self.cytokine]
            if self.readout and len({one.readout for one in read}) == 1:
                object.__setattr__(self, "readout", read[0].readout)
            if self.cell:
                object.__setattr__(self, "cell", read[0].cell)
        return self

    def of(self, inhibitor: str, cytokine: str, usual_matrix: str) -> CellAssay:
        """The assay of one inhibitor on one cytokine; usual_matrix: where none is named."""
        entry = get_library().cytokine(cytokine)
        dose: Any = (
            cytokine_dose_nM(entry, self.cytokine_dose, "cytokine_dose") if self.cytokine_dose else None
        )
        return CellAssay(
            inhibitor, entry.id, self.readout, self.cell, self.matrix or usual_matrix, dose,
            parse_quantity(self.preincubation, "hour"), parse_quantity(self.stimulation, "hour"),
            milieu=self.milieu,
        )  # fmt: skip

    def given(self, *names: str) -> list[str]:
        """Which of these fields are not as usual."""
        return [name for name in names if getattr(self, name) != type(self).model_fields[name].default]

    def record(self) -> dict[str, Any]:
        """Plain data: the cytokine, and what is not as usual."""
        one = self.cytokine[0] if len(self.cytokine) == 1 else list(self.cytokine)
        out: dict[str, Any] = {"cytokine": one}
        out |= {name: getattr(self, name) for name in self.given(*MEASURED[1:-1])}
        if self.concentration is not None:
            out["concentration"] = f"{number(self.concentration)} nM"
        return out


def _who(given: Any) -> Any:
    """A patient of a name of a population; one of ``jakinib.Patient`` gives up its inhibitor elsewhere."""
    if isinstance(given, str):
        return {"population": given}
    if isinstance(given, Patient):
        return {
            "population": given.population, "weight": given.weight, "eGFR": given.eGFR,
            "with": given.conditions,
        }  # fmt: skip
    return given


def _measured(given: Any) -> Any:
    return {"cytokine": given} if isinstance(given, str) else given


class Fields(Strict):
    """The fields of a scenario as files hold them."""

    name: Line = ""
    patient: Annotated[Who, BeforeValidator(_who)] = Who()
    inhibitor: str = ""
    regimen: Annotated[InstanceOf[Regimen] | None, BeforeValidator(_regimen)] = None
    assay: Annotated[Measured, BeforeValidator(_measured)] = Measured()

    @model_validator(mode="after")
    def _agree(self) -> Fields:
        library = get_library()
        named = self.regimen.inhibitors if self.regimen else ()
        if self.inhibitor and named:
            raise ValueError(
                f"inhibitor {self.inhibitor}: the regimen names its own ({', '.join(named)}); leave it out"
            )
        dosed = [_valid(partial(library.inhibitor, name)) for name in named or (self.inhibitor or USUAL,)]
        # Frozen from here on: the inhibitor of doses that name none, by its name in the library.
        object.__setattr__(self, "inhibitor", "" if named else dosed[0].id)
        known = {name: stated for drug in dosed for name, stated in drug.conditions.items()}
        noun = f"condition of {' or '.join(drug.id for drug in dosed)}"
        named = tuple(_valid(partial(resolve, noun, name, known)) for name in self.patient.with_)
        object.__setattr__(
            self, "patient", self.patient.model_copy(update={"with_": tuple(dict.fromkeys(named))})
        )
        return self


class Scenario(Fields):
    """Who is treated, what with and when, and how it is measured: a frozen value that every verb takes.

    patient: population, weight (kg), eGFR (mL/min per 1.73 m2), with (food, co-medication), as a mapping; a
    name is that of a population; a ``jakinib.Patient`` will do. inhibitor: of doses and assays that name
    none. regimen: a text, in which an interval without an end means steady state ("4 mg qd"), a list of
    series, or a ``Regimen`` (``Regimen.read`` reads event tables). assay: cytokine (one or several, or all),
    readout, cell, matrix, cytokine_dose or milieu, laboratory, times, as a mapping; a name is a cytokine.
    Raises InputError for anything that is not understood or does not agree.

    >>> import jakinib as jk
    >>> lupus = jk.Scenario(patient={"population": "ra_adult", "eGFR": "45 mL/min"}, regimen="4 mg qd")
    >>> print(lupus.to_yaml())
    patient: {population: ra_adult, eGFR: 45 mL/min}
    inhibitor: baricitinib
    regimen: 4 mg qd ss
    assay: {cytokine: IL-6}
    <BLANKLINE>
    """

    def __init__(self, **fields: Any) -> None:
        patient, inhibitor = fields.get("patient"), fields.get("inhibitor", "")
        try:
            super().__init__(**fields)
        except ValidationError as error:
            location, message = explain(error.errors()[0])
            raise InputError(
                f"scenario: {' '.join(('.'.join(map(str, location)), message)).strip()}"
            ) from None
        if isinstance(patient, Patient) and patient.inhibitor not in self.inhibitors:
            raise InputError(
                f"scenario: the patient is one of {patient.inhibitor}, and {', '.join(self.inhibitors)} is "
                f"{'meant' if inhibitor else 'dosed'}; give the patient as a mapping"
            )

    @classmethod
    def of(cls, *, name: str = "", inhibitor: str = "", regimen: Any = None, **parts: Any) -> Scenario:
        """From fields of patient and assay side by side: ``Scenario.of(regimen="4 mg qd", eGFR=45)``."""
        known = (*PATIENT, *MEASURED)
        for field in parts:
            if field not in known:
                raise UnknownIdError("part of a scenario", field, known)
        patient = {key: value for key, value in parts.items() if key in PATIENT}
        measured = {key: value for key, value in parts.items() if key in MEASURED}
        return cls(name=name, inhibitor=inhibitor, regimen=regimen, patient=patient, assay=measured)

    @classmethod
    def read(cls, path: str | Path) -> Scenario:
        """Read a YAML file, as ``to_yaml`` writes it; ``events`` may name an event table beside the file.

        Raises InputError with file, line and field.
        """
        path = Path(path)

        def with_events(data: dict[str, Any]) -> dict[str, Any]:
            if "events" not in data:
                return data
            if "regimen" in data or not isinstance(data["events"], str):
                raise InputError(f"{path}: events names a file of doses, and no regimen stands beside it")
            table = Regimen.read(beside(path.parent, data["events"], str(path)))
            return {key: value for key, value in data.items() if key != "events"} | {"regimen": table}

        return cls(**dict(read_model(path, Fields, change=with_events)))

    @property
    def inhibitors(self) -> tuple[str, ...]:
        """Those dosed, in order of their first dose; the one meant where no dose names any."""
        named = self.regimen.inhibitors if self.regimen else ()
        return tuple(get_library().inhibitor(name).id for name in named) or (self.inhibitor,)

    @property
    def cytokines(self) -> tuple[str, ...]:
        """The cytokines by name; all are those of the library, or those that the milieu states."""
        library = get_library()
        if self.assay.cytokine != ("all",):
            return self.assay.cytokine
        return tuple(library.milieu(self.assay.milieu).levels if self.assay.milieu else library.cytokines)

    @property
    def label(self) -> str:
        """The name, or else doses and patient in a few words."""
        if self.name:
            return self.name
        who = [f"{name} {value:g}" for name, value in self.patient.covariates.items()]
        return ", ".join([self.doses.text, self.patient.population, *who, *self.patient.with_])

    @property
    def doses(self) -> Regimen:
        """The regimen; raises InputError where there is none."""
        if self.regimen is None:
            raise InputError("scenario: no regimen; give one, for example '4 mg qd'")
        return self.regimen

    def record(self) -> dict[str, Any]:
        """Plain data from which ``Scenario(**record)`` makes this scenario again."""
        out: dict[str, Any] = {"name": self.name} if self.name else {}
        out["patient"] = self.patient.record()
        if self.inhibitor:
            out["inhibitor"] = self.inhibitor
        if self.regimen is not None:
            out["regimen"] = self.regimen.to_text()
        return out | {"assay": self.assay.record()}

    def to_yaml(self, path: str | Path | None = None) -> str:
        """YAML that ``read`` reads as this scenario; written to ``path`` where one is given."""
        text = "".join(
            yaml.safe_dump(
                {key: value}, default_flow_style=None if isinstance(value, dict) else False, sort_keys=False,
                width=1000, allow_unicode=True,
            )
            for key, value in self.record().items()
        )  # fmt: skip
        if path is not None:
            write_atomic(Path(path), text)
        return text

    def but(self, **changes: Any) -> Scenario:
        """The same with other fields, those of patient and assay by their names; ``but(eGFR=45)``."""
        own = ("name", "inhibitor", "regimen")
        for key in changes:
            if key not in (*own, *PATIENT, *MEASURED):
                raise UnknownIdError("part of a scenario", key, (*own, *PATIENT, *MEASURED))
        fields: dict[str, Any] = {key: getattr(self, key) for key in own} | {
            key: value for key, value in changes.items() if key in own
        }
        fields["regimen"] = _regimen_or_none(fields["regimen"])
        if "inhibitor" not in changes and fields["regimen"] and fields["regimen"].inhibitors:
            fields["inhibitor"] = ""
        before = self.record()
        for part, names in (("patient", PATIENT), ("assay", MEASURED)):
            fields[part] = before[part] | {key: value for key, value in changes.items() if key in names}
        return Scenario(**fields)
