"""A scenario: who is treated, what with and when, and how it is measured; one value that every verb takes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    BeforeValidator,
    InstanceOf,
    StrictStr,
    ValidationError,
    model_validator,
)

from jakinib.arguments import checked
from jakinib.arguments import shown as shown_of
from jakinib.assay.cell import EX_VIVO, CellAssay
from jakinib.assay.patient import Patient
from jakinib.build import ModelSpec
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.files import beside, explain, read_model
from jakinib.library.names import resolve
from jakinib.library.ranges import Line
from jakinib.library.schema import Strict
from jakinib.paths import write_atomic
from jakinib.regimen import Regimen
from jakinib.regimen.changing import shown
from jakinib.regimen.document import Document
from jakinib.regimen.events import read_patient
from jakinib.scenario.citing import cited
from jakinib.scenario.parts import MEASURED, PATIENT, USUAL, Measured, Who, measured_of, understood, who_of
from jakinib.scenario.settings import Pairs, among, check, moieties, of_cells, of_plasma, pairs_of, said


def _regimen(given: Any) -> Any:
    """A regimen of a text, or of a list of series as regimen files hold them."""
    if isinstance(given, str):
        return understood(lambda: Regimen.parse(given))
    if isinstance(given, list):
        try:
            return understood(Document.model_validate({"doses": given}).regimen_of_doses)
        except ValidationError as error:
            location, message = explain(error.errors()[0])
            raise ValueError(f"{'.'.join(map(str, location[1:]))} {message}".strip()) from None
    if given is None or isinstance(given, Regimen):
        return given
    raise ValueError(f"is {shown_of(given)}; give a text, a list of series or a jk.Regimen")


def _regimen_or_none(given: Any) -> Any:
    try:
        return _regimen(given)
    except ValueError as error:
        raise InputError(f"scenario: regimen: {error}") from None


class Fields(Strict):
    """The fields of a scenario as files hold them."""

    name: Line = ""
    patient: Annotated[Who, BeforeValidator(who_of)] = Who()
    inhibitor: StrictStr = ""
    regimen: Annotated[InstanceOf[Regimen] | None, BeforeValidator(_regimen)] = None
    assay: Annotated[Measured, BeforeValidator(measured_of)] = Measured()
    settings: Annotated[Pairs, BeforeValidator(pairs_of)] = ()

    @model_validator(mode="after")
    def _agree(self) -> Fields:
        library = get_library()
        named = self.regimen.inhibitors if self.regimen else ()
        if self.inhibitor and named:
            raise ValueError(
                f"inhibitor {self.inhibitor}: the regimen names its own ({', '.join(named)}); leave it out"
            )
        dosed = [understood(partial(library.inhibitor, name)) for name in named or (self.inhibitor or USUAL,)]
        # Frozen from here on: the inhibitor of doses that name none, by its name in the library.
        object.__setattr__(self, "inhibitor", "" if named else dosed[0].id)
        known = {name: stated for drug in dosed for name, stated in drug.conditions.items()}
        noun = f"condition of {' or '.join(drug.id for drug in dosed)}"
        named = tuple(understood(partial(resolve, noun, name, known)) for name in self.patient.with_)
        object.__setattr__(
            self, "patient", self.patient.model_copy(update={"with_": tuple(dict.fromkeys(named))})
        )
        return self


@checked
class Scenario(Fields):
    """Who is treated, what with and when, and how it is measured: a frozen value that every verb takes.

    patient: population, weight (kg), eGFR (mL/min per 1.73 m2), each a number, a text, or over time (``{"0
    h": 90, "7 days": 30}``), with (food, co-medication), as a mapping; a name is that of a population; a
    ``jakinib.Patient`` will do. inhibitor: of doses and assays that name
    none. regimen: a text, in which an interval without an end means steady state ("4 mg qd"), a list of
    series, or a ``Regimen`` (``Regimen.read`` reads event tables). assay: cytokine (one or several, or all),
    readout, cell, matrix, cytokine_dose or milieu, laboratory, times, as a mapping; a name is a cytokine.
    settings: parameters of the models in place of the estimates, in every draw as well, by name, as a
    mapping of numbers in the unit of the model (``{"IC50_baricitinib_JAK1": 5}``; kept as pairs).
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
        try:
            check(self.settings, self._settable() if self.settings else frozenset())
        except InputError as error:
            raise InputError(f"scenario: settings: {error}") from None

    def _settable(self) -> frozenset[str]:
        """The parameters of all models that can answer it."""
        drugs, first = moieties(self.inhibitors), self.inhibitors[0]
        read = [self.assay.of(first, name, EX_VIVO) for name in self.cytokines]
        cells = [of_cells(one.cytokines, one.cell, drugs) for one in read]
        plasma = [of_plasma(drug, self.patient.population) for drug in self.inhibitors]
        return frozenset().union(*cells, *plasma)

    def measured(
        self, inhibitor: str, cytokine: str, usual_matrix: str, acting: tuple[str, ...] = ()
    ) -> CellAssay:
        """The assay of one inhibitor on one cytokine, or on several at once, and what is set of it.

        acting: the inhibitors in it, by default all dosed and their metabolites.
        """
        plain = self.assay.of(inhibitor, cytokine, usual_matrix)
        if not self.settings:
            return plain
        acting = acting or moieties(self.inhibitors)
        names = of_cells(plain.cytokines, plain.cell, acting) | {f"fu_{name}" for name in acting}
        return replace(plain, settings=among(self.settings, names))

    def own(self, drug: str) -> dict[str, float]:
        """What is set of the disposition of an inhibitor."""
        if not self.settings:
            return {}
        return among(self.settings, of_plasma(drug, self.patient.population))

    @property
    def held(self) -> tuple[str, ...]:
        """A note that says what is set; none without settings."""
        return said(self.settings)

    @classmethod
    def of(
        cls, *, name: str = "", inhibitor: str = "", regimen: Any = None, settings: Any = (), **parts: Any
    ) -> Scenario:
        """From fields of patient and assay side by side: ``Scenario.of(regimen="4 mg qd", eGFR=45)``."""
        known = (*PATIENT, *MEASURED)
        for field in parts:
            if field not in known:
                raise UnknownIdError("part of a scenario", field, known)
        patient = {key: value for key, value in parts.items() if key in PATIENT}
        measured = {key: value for key, value in parts.items() if key in MEASURED}
        fields = {"patient": patient, "assay": measured, "settings": () if settings is None else settings}
        return cls(name=name, inhibitor=inhibitor, regimen=regimen, **fields)

    @classmethod
    def read(cls, path: str | Path) -> Scenario:
        """Read a YAML file, as ``to_yaml`` writes it; ``events`` may name an event table beside the file.

        Weight and eGFR of the table are those of the patient unless the file states others.

        Raises InputError with file, line and field.
        """
        path = Path(path)

        def with_events(data: dict[str, Any]) -> dict[str, Any]:
            if "events" not in data:
                return data
            if "regimen" in data or not isinstance(data["events"], str):
                raise InputError(f"{path}: events names a file of doses, and no regimen stands beside it")
            table = read_patient(beside(path.parent, data["events"], str(path)))
            rest = {key: value for key, value in data.items() if key != "events"}
            who, own = who_of(rest.get("patient", {})), {"weight": table.weight, "eGFR": table.eGFR}
            if isinstance(who, dict):
                rest["patient"] = {name: value for name, value in own.items() if value is not None} | who
            return rest | {"regimen": table.regimen}

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
        who = [f"{name} {shown(value)}" for name, value in self.patient.covariates.items()]
        own = [f"{name} {value:g}" for name, value in self.settings]
        return ", ".join([self.doses.text, self.patient.population, *who, *self.patient.with_, *own])

    @property
    def doses(self) -> Regimen:
        """The regimen; raises InputError where there is none."""
        if self.regimen is None:
            raise InputError("scenario: no regimen; give one, for example '4 mg qd'")
        return self.regimen

    def citations(self) -> list[str]:
        """The publications behind the numbers that answer it, as they are to be cited.

        Those of cells and enzymes, of the patient where doses are given, and of the levels of a milieu.
        """
        library, drugs, people = get_library(), self.inhibitors, self.patient.population
        read = [self.assay.of(drugs[0], name, EX_VIVO) for name in self.cytokines]
        specs = [ModelSpec("cytokine_signalling", one.cytokines, drugs, cell=one.cell) for one in read]
        for drug in drugs if self.regimen else ():
            known = library.inhibitor(drug).pharmacokinetics
            used = people if people in known else next(iter(known), "")
            specs += [ModelSpec("oral_pk", inhibitors=(drug,), population=used)] if used else []
        levels = library.milieu(self.assay.milieu).levels if self.assay.milieu else {}
        return cited(specs, [levels[name].source for one in read for name in one.cytokines if name in levels])

    def record(self) -> dict[str, Any]:
        """Plain data from which ``Scenario(**record)`` makes this scenario again."""
        out: dict[str, Any] = {"name": self.name} if self.name else {}
        out["patient"] = self.patient.record()
        if self.inhibitor:
            out["inhibitor"] = self.inhibitor
        if self.regimen is not None:
            out["regimen"] = self.regimen.to_text()
        out["assay"] = self.assay.record()
        return out | ({"settings": dict(self.settings)} if self.settings else {})

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
        own = ("name", "inhibitor", "regimen", "settings")
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
