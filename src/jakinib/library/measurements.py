"""Published measurements: one folder a source, one row a number."""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from jakinib import cache, paths
from jakinib.errors import PlanError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.files import line_of, read_model, read_rows, short
from jakinib.library.load import contents
from jakinib.library.plugins import extra_folders
from jakinib.library.ranges import HOURS, PROBABILITY, SPAN, EntryName, Line, Number, Whole
from jakinib.library.schema import Quantity, Row, Strict, Unit
from jakinib.library.sources import Status

SetName = Literal["calibration", "validation", "context"]
FILES = ("measurements.tsv", "source.yaml")  # of the folder of a source
SEVERAL = "several"  # laboratories behind the rows of one source


class Measurement(Row):
    """One published number; text cells such as dose, atp and time carry their unit."""

    id: str
    quantity: str
    inhibitor: str = ""
    target: str = ""
    cytokine: str = ""
    cytokine_dose: str = ""
    readout: str = ""
    cell: str = ""
    without: str = ""  # protein that the cells lack
    matrix: str = ""
    atp: str = ""
    time: str = ""
    population: str = ""
    patient: str = ""  # what is not as usual in the population: "eGFR 45 mL/min; fed"
    dose: str = ""
    qualifier: Literal["=", "<", ">", "~"] = "="
    value: Number
    unit: Unit
    low: Number | None = None
    high: Number | None = None
    spread: Annotated[Number, Field(ge=0)] | None = None
    spread_type: str = ""
    n: Annotated[Whole, Field(ge=1)] | None = None
    set: SetName
    kind: Literal["measured", "derived"] = "measured"
    status: Status
    location: str = ""
    note: str = ""
    source: str = ""  # folder name, filled in on reading

    @model_validator(mode="after")
    def _has_place(self) -> Measurement:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low:g} lies above high {self.high:g}")
        if self.value <= 0 and self.quantity != "other":
            raise ValueError(f"value is {self.value:g} {self.unit}; a {self.quantity} must be above 0")
        return self

    def to(self, unit: str) -> float:
        """The value in ``unit``."""
        from jakinib.units import convert

        return convert(self.value, self.unit, unit)


class AssayConditions(Strict):
    """Conditions a source does not state, assumed once for all its rows."""

    preincubation: Annotated[Quantity, AfterValidator(HOURS.check)]
    stimulation: Annotated[Quantity, AfterValidator(SPAN.check)]
    serum_fraction: Annotated[Quantity, AfterValidator(PROBABILITY.check)] | None = None
    cytokine_dose: dict[str, Quantity] = Field(default_factory=dict)

    @field_validator("cytokine_dose")
    @classmethod
    def _above_zero(cls, doses: dict[str, Quantity]) -> dict[str, Quantity]:
        for cytokine, dose in doses.items():
            if dose.value <= 0:
                raise ValueError(f"{cytokine} is {dose.value:g} {dose.unit}; a dose must be above 0")
        return doses

    def numbers(self) -> str:
        """The conditions without where they are from."""
        named = [("preincubation", self.preincubation), ("stimulation", self.stimulation)]
        named += [("serum_fraction", self.serum_fraction)] if self.serum_fraction else []
        named += sorted(self.cytokine_dose.items())
        return ";".join(f"{name}={quantity.value!r} {quantity.unit}" for name, quantity in named)


class DataSource(Strict):
    """source.yaml: how to cite a data folder and how its numbers were read."""

    citation: str = Field(min_length=1)
    doi: Line = ""
    url: Line = ""
    licence: str = ""
    how_read: str = ""
    laboratory: EntryName | Literal[""] = ""  # who measured, where that is not who published
    status: Literal["", "wanted"] = ""  # wanted: nobody has copied its table yet
    assay: AssayConditions | None = None


class DataSet:
    """All measurements of one or more data roots, by id.

    wanted: the sources whose table is still to be copied; they have no rows.
    """

    def __init__(self, *roots: Path) -> None:
        self.sources: dict[str, DataSource] = {}
        self.wanted: dict[str, DataSource] = {}
        self.measurements: dict[str, Measurement] = {}
        self._places: dict[str, str] = {}
        for root in roots:
            for folder in sorted(p for p in root.iterdir() if (p / "measurements.tsv").exists()):
                self._add(folder)

    def _add(self, folder: Path) -> None:
        table = folder / "measurements.tsv"
        if not (folder / "source.yaml").exists():
            raise PlanError(
                f"{short(table)}:1: its rows have no source; write source.yaml beside it, with a citation"
            )
        source = read_model(folder / "source.yaml", DataSource)
        (self.wanted if source.status else self.sources)[folder.name] = source
        assay = source.assay
        for cytokine in assay.cytokine_dose if assay else ():
            if cytokine not in (known := get_library().cytokines):
                at = ("assay", "cytokine_dose", cytokine)
                where = f"{short(folder / 'source.yaml')}:{line_of(folder / 'source.yaml', at)}"
                raise UnknownIdError("cytokine", cytokine, known, where=where)
        for row, measurement in read_rows(table, Measurement):
            if source.status:
                file = folder / "source.yaml"
                raise PlanError(
                    f"{short(file)}:{line_of(file, ('status',))}: status: wanted, yet {short(table)} has "
                    "rows; remove the line once they are copied"
                )
            if measurement.id in self.measurements:
                other = self.measurements[measurement.id].source
                raise PlanError(
                    f"{table}:{row}: id '{measurement.id}' is already used in {other}; choose another"
                )
            self._places[measurement.id] = f"{short(table)}:{row}"
            self.measurements[measurement.id] = measurement.model_copy(update={"source": folder.name})

    def __getitem__(self, identifier: str) -> Measurement:
        try:
            return self.measurements[identifier]
        except KeyError:
            raise UnknownIdError("measurement", identifier, self.measurements) from None

    def with_rows(self, *rows: Measurement, place: str = "") -> DataSet:
        """This data set with rows added, or in place of those of the same id; place: their file and line."""
        out = copy.copy(self)
        out.measurements = self.measurements | {row.id: row for row in rows}
        places = {row.id: place or self._places.get(row.id, row.id) for row in rows}
        out._places = self._places | places  # noqa: SLF001 - of a copy of this very object
        return out

    def place(self, identifier: str) -> str:
        """File and line of a measurement."""
        return self._places[identifier]

    def laboratory(self, measurement: Measurement) -> str:
        """Who measured a number: the laboratory that its source names, else the source itself.

        A row of a source that pools several laboratories shares its laboratory with no other row.
        """
        named = self.sources[measurement.source].laboratory
        return measurement.id if named == SEVERAL else named or measurement.source

    def conditions(self, measurement: Measurement) -> AssayConditions:
        """Assay conditions of a cell measurement; raises PlanError when its source states none."""
        conditions = self.sources[measurement.source].assay
        if conditions is None:
            raise PlanError(
                f"fits/data/{measurement.source}/source.yaml: no assay conditions for {measurement.id}; "
                "add an assay block with preincubation, stimulation and cytokine_dose"
            )
        return conditions


@functools.cache
def get_data() -> DataSet:
    """The package's data folders, and those of plug-ins and user folders (``<folder>/data``)."""
    return cache.kept("data", read_from, lambda: DataSet(*_roots()))


def read_from() -> str:
    """All that the library and the data follow from."""
    files = [folder / name for root in _roots() for folder in sorted(root.iterdir()) for name in FILES]
    return f"{contents(*get_library().folders)}\n{cache.contents(files)}"


def _roots() -> list[Path]:
    extra = (folder / "data" for folder in extra_folders())
    return [paths.fits() / "data", *(root for root in extra if root.is_dir())]
