"""The sources that numbers cite, and the facts of those sources that have a code of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from jakinib.library.ranges import Doi, Line, Number
from jakinib.library.schema import Row, Strict
from jakinib.library.sources import Status, outside


class Reference(Strict):
    """A source: how to cite it, and where it is."""

    citation: str
    doi: Doi = ""
    url: Line = ""
    note: Line = ""


class Evidence(Row):
    """A published fact that entries cite by its code. value is text where it is more than one number."""

    code: Annotated[str, Field(pattern=r"^[A-Z][0-9]+$")]
    quantity: str
    system: str = ""
    value: str = ""
    low: Number | None = None
    high: Number | None = None
    unit: str = ""
    status: Status
    source: Annotated[str, Field(min_length=1), AfterValidator(outside)]
    location: str = ""
    note: str = ""


class References(Strict):
    references: dict[str, Reference]
