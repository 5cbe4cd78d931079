"""How an inhibitor is taken up: what happens to a dose before it reaches the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jakinib.build import symbols
from jakinib.build.estimates import estimates
from jakinib.build.pharmacology import no_pharmacokinetics
from jakinib.errors import InputError
from jakinib.library import get_library

RELEASE = 0.01  # h; a dose enters its depot in 36 s, so that every tool can read it as an input rate
UPTAKE = tuple(symbols.UPTAKE)  # settings <key>_<drug> that are no model symbols


@dataclass(frozen=True)
class Disposition:
    """How a population takes up an inhibitor; times in hours.

    duration: of the zero-order input. first_order: share of an oral dose that passes a depot instead,
    released into it over ``release`` (0: at once). Both begin after the lag. bioavailability: F, by which
    intravenous doses are divided, since clearances and volumes are per F; None where the library has none.
    metabolite: the active one that is formed from it, "" where there is none.
    """

    duration: float
    lag: float
    molecular_weight: float
    bioavailability: float | None = None
    first_order: float = 0.0
    release: float = 0.0
    metabolite: str = ""

    @classmethod
    def of(cls, inhibitor: str, population: str, overlay: Mapping[str, float] | None = None) -> Disposition:
        """From the library, calibrated estimates over it, ``overlay`` (see ``UPTAKE``) on top."""
        drug = get_library().inhibitor(inhibitor)
        values = drug.pharmacokinetics.get(population)
        if values is None:
            raise InputError(no_pharmacokinetics(drug, population))
        fitted, given = estimates("clinical_pk"), overlay or {}

        def value(key: str, unit: str, absent: float) -> float:
            quantity = fitted.get(f"{key}_{drug.id}@{population}", values.get(key))
            return given.get(f"{key}_{drug.id}", absent if quantity is None else quantity.to(unit))

        share = None if drug.bioavailability is None else drug.bioavailability.to("dimensionless")
        return cls(
            value("D1", "hour", RELEASE),
            value("lag", "hour", 0.0),
            drug.molecular_weight.to("g/mol"),
            given.get(f"F_{drug.id}", share),
            value("first_order", "dimensionless", 1.0) if "ka" in values else 0.0,
            value("release", "hour", 0.0),
            drug.metabolite,
        )
