"""The parts of a scenario: who is treated, and how it is measured, as files, options and people say it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    StrictStr,
    model_validator,
)

from jakinib import arguments
from jakinib.assay.cell import EX_VIVO, JOINED, MATRICES, CellAssay, cytokines_of, stimulated
from jakinib.assay.patient import Patient
from jakinib.errors import InputError, RegimenError
from jakinib.library import get_library
from jakinib.library.names import resolve
from jakinib.library.ranges import BODY_WEIGHT, CONCENTRATION, EGFR, HOURS, Range
from jakinib.library.schema import Strict
from jakinib.regimen.changing import Changing, Covariate, changing, values
from jakinib.regimen.words import number
from jakinib.units import parse_quantity, spoken

T = TypeVar("T")
USUAL = "baricitinib"  # of doses and assays that name no inhibitor
PATIENT = ("population", "weight", "eGFR", "with")
MEASURED = (
    "cytokine", "readout", "cell", "matrix", "cytokine_dose", "milieu", "laboratory", "preincubation",
    "stimulation", "concentration",
)  # fmt: skip


def understood(read: Callable[[], T], field: str = "") -> T:
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
        if isinstance(given, str):
            return limits.number(understood(lambda: spoken(given, unit, what), what))
        if (value := arguments.number(given)) is None:
            raise ValueError(
                f"is {arguments.shown(given)}; write a number of {unit}, or a text such as '45 {unit}'"
            )
        return limits.number(float(value))

    return read


def _over_time(unit: str, limits: Range, what: str) -> Callable[[Any], Any]:
    """A reader of what may change in time: "90, 30 from 7 days", or a mapping of times to values."""

    def read(given: Any) -> Any:
        if given is None:
            return None
        found = understood(lambda: changing(given, unit, what), what)
        for value in values(found):
            limits.number(value)
        return found

    return read


def _names(given: Any) -> Any:
    """One name or several, as a tuple; a text may hold several with commas between."""
    return (
        tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given
    )


Names = Annotated[tuple[StrictStr, ...], BeforeValidator(_names)]


def _stimulus(given: str) -> str:
    """A cytokine, or several at once, by its names in the library, and its read-out: "IL-6/pSTAT1"."""
    stimulus, slash, read = (part.strip() for part in given.partition("/"))
    if slash and not read:
        raise ValueError(f"'{given}' names no read-out behind the stroke; write for example IL-6/pSTAT1")
    known = JOINED.join(understood(partial(cytokines_of, stimulus)))
    return f"{known}/{read}" if read else known


def _cytokines(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("names none; name a cytokine such as IL-6, or all")
    if names == ("all",):
        return names
    known = tuple(_stimulus(name) for name in names)
    twice = next((name for name in known if known.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"names {twice} twice; name it once")
    return known


def _matrix(name: str) -> str:
    return understood(lambda: resolve("matrix", name, MATRICES)) if name else name


def _population(name: str) -> str:
    return understood(lambda: get_library().population(name).id)


class Who(Strict):
    """The patient: weight in kg, eGFR in mL/min per 1.73 m2, each perhaps over time; with: food and
    co-medication."""

    model_config = ConfigDict(populate_by_name=True)

    population: Annotated[StrictStr, AfterValidator(_population)] = "healthy_adult"
    weight: Annotated[
        float | InstanceOf[Changing] | None, BeforeValidator(_over_time("kg", BODY_WEIGHT, "weight"))
    ] = None
    eGFR: Annotated[
        float | InstanceOf[Changing] | None, BeforeValidator(_over_time("mL/min", EGFR, "eGFR"))
    ] = None
    with_: Names = Field(default=(), alias="with")

    @property
    def covariates(self) -> dict[str, Covariate]:
        """weight and eGFR, where they are given."""
        given: dict[str, Covariate | None] = {"weight": self.weight, "eGFR": self.eGFR}
        return {name: value for name, value in given.items() if value is not None}

    def record(self) -> dict[str, Any]:
        """Plain data, with units in the texts."""
        out: dict[str, Any] = {"population": self.population}
        for name, unit in (("weight", "kg"), ("eGFR", "mL/min")):
            if isinstance(value := self.covariates.get(name), Changing):
                out[name] = {f"{number(time)} h": f"{number(one)} {unit}" for time, one in value.points}
            elif value is not None:
                out[name] = f"{number(value)} {unit}"
        return out | ({"with": list(self.with_)} if self.with_ else {})


class Measured(Strict):
    """What is read of which cells: as the arguments of ``jakinib.assay``; empty where it is the usual.

    matrix: empty for the one of the question: blood drawn after doses, or blood spiked with inhibitor.
    concentration: of the inhibitor, nominal; for a question about one concentration.
    """

    cytokine: Annotated[tuple[StrictStr, ...], BeforeValidator(_names), AfterValidator(_cytokines)] = (
        "IL-6",
    )
    readout: StrictStr = ""
    cell: StrictStr = ""
    matrix: Annotated[StrictStr, AfterValidator(_matrix)] = ""
    cytokine_dose: StrictStr = ""
    milieu: StrictStr = ""
    laboratory: StrictStr = ""
    preincubation: StrictStr = "60 min"
    stimulation: StrictStr = "15 min"
    concentration: Annotated[float | None, BeforeValidator(_in("nM", CONCENTRATION))] = None

    @model_validator(mode="after")
    def _usable(self) -> Measured:
        if self.milieu:
            found = understood(lambda: get_library().milieu(self.milieu))
            object.__setattr__(self, "milieu", found.id)
        for name in ("preincubation", "stimulation"):
            hours = understood(partial(parse_quantity, getattr(self, name), "hour", where=name))
            HOURS.number(hours)
        self._apart()
        if self.cytokine != ("all",):
            read = [understood(partial(self.of, USUAL, name, EX_VIVO)) for name in self.cytokine]
            if self.readout and len({one.readout for one in read}) == 1:
                object.__setattr__(self, "readout", read[0].readout)
            if self.cell:
                object.__setattr__(self, "cell", read[0].cell)
        return self

    def _apart(self) -> None:
        """A read-out behind a cytokine is that of the scenario where it is the only one."""
        if any("/" in name for name in self.cytokine):
            if self.readout:
                raise ValueError(f"readout {self.readout}: the cytokines name their own; leave it out")
            if len(self.cytokine) == 1:
                name, _, read = self.cytokine[0].partition("/")
                object.__setattr__(self, "cytokine", (name,))
                object.__setattr__(self, "readout", read)

    def of(self, inhibitor: str, cytokine: str, usual_matrix: str) -> CellAssay:
        """The assay of one inhibitor on one cytokine, or on several at once; usual_matrix: by default."""
        stimulus, _, read = cytokine.partition("/")
        return stimulated(
            inhibitor, stimulus, read or self.readout, cell=self.cell, matrix=self.matrix or usual_matrix,
            cytokine_dose=self.cytokine_dose, preincubation=self.preincubation, stimulation=self.stimulation,
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


def who_of(given: Any) -> Any:
    """A patient of a name of a population; one of ``jakinib.Patient`` gives up its inhibitor elsewhere."""
    if isinstance(given, str):
        return {"population": given}
    if isinstance(given, Patient):
        return {
            "population": given.population, "weight": given.weight, "eGFR": given.eGFR,
            "with": given.conditions,
        }  # fmt: skip
    return given


def measured_of(given: Any) -> Any:
    return {"cytokine": given} if isinstance(given, str) else given
