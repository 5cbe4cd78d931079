"""The patients of an event table, each followed to its read-out and read at its observations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jakinib.assay.course import Course, course
from jakinib.regimen.events import TablePatient, read_patients


@dataclass(frozen=True)
class Followed:
    """A patient of a table and its course."""

    patient: TablePatient
    course: Course

    @property
    def observations(self) -> list[dict[str, Any]]:
        """One row an observation: what was observed, and what is predicted at that time."""
        profile, rows = self.course.profile, []
        for time, value in self.patient.observations:
            place = int(np.abs(profile.time - time).argmin())
            rows.append(
                {
                    "ID": self.patient.id,
                    "time (h)": time,
                    "observed": value,
                    "plasma (ng/mL)": float(profile.ng_per_mL[place]),
                    "inhibition (%)": 100 * float(self.course.inhibition[place]),
                }
            )
        return rows


def follow(
    path: str | Path,
    *,
    weight: Any = None,
    eGFR: Any = None,
    hours: float | str | None = None,
    **options: Any,
) -> Iterator[Followed]:
    """Follow each patient of an event table to its last observation, or the end of its last interval.

    weight, eGFR: in place of the table's, as ``jakinib.Patient`` takes them. options: of ``course``. Raises
    FileError for a table that cannot be used, and what ``course`` raises.
    """
    for patient in read_patients(path):
        given = {"weight": weight, "eGFR": eGFR}
        own = {"weight": patient.weight, "eGFR": patient.eGFR}
        settings = {name: own[name] if value is None else value for name, value in given.items()}
        times = [time for time, _ in patient.observations]
        end = max([patient.regimen.end, *times]) if hours is None else hours
        known = {name: value for name, value in settings.items() if value is not None}
        yield Followed(patient, course(patient.regimen, settings=known, hours=end, at=times, **options))
