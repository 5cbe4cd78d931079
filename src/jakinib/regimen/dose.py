"""Doses and the regimen they make up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from jakinib.arguments import checked
from jakinib.errors import InputError
from jakinib.library import get_library
from jakinib.library.ranges import LARGEST_AMOUNT, SHORTEST
from jakinib.regimen.changing import Covariate, at, first, values

Route = Literal["oral", "iv infusion", "iv bolus"]
SHORTEST_STEADY = 1 / 60  # h, between the doses of a steady state
BOLUS = 1 / 60  # h; a bolus is pushed in one minute, so that every tool can read it as an input rate


@checked
@dataclass(frozen=True)
class Dose:
    """One dose: ``time`` in hours, ``amount`` in mg (mg/kg when ``per_kg``).

    duration: hours, of an infusion only. inhibitor: library name; "" is the one simulated.
    An amount of 0 stands for a dose that was due and missed.
    Raises InputError for a route that is unknown or an infusion without a duration.

    >>> import jakinib as jk
    >>> jk.Regimen((jk.Dose(0, 8), jk.Dose(24, 4))).to_text()
    '8 mg once + 4 mg at 24 h'
    """

    time: float
    amount: float
    route: Route = "oral"
    duration: float = 0.0
    inhibitor: str = ""
    per_kg: bool = False

    def __post_init__(self) -> None:
        if self.route == "iv infusion" and not 0 < self.duration < math.inf:
            raise InputError(f"regimen: infusion over {self.duration:g} h; give a duration above 0")
        if self.route != "iv infusion" and self.duration != 0:
            raise InputError(f"regimen: a dose '{self.route}' has no duration; only an infusion has one")

    @property
    def over(self) -> float:
        """Hours that an intravenous dose takes; one that is all but at once takes the shortest time."""
        return max(self.duration or BOLUS, SHORTEST)

    @property
    def kind(self) -> tuple[str, str, float, bool]:
        """What doses of one series share, the amount apart."""
        return self.inhibitor, self.route, self.duration, self.per_kg


@dataclass(frozen=True)
class Steady:
    """A series that has been taken for ever: ``dose`` at its time and every ``interval`` h before.

    Only the past is meant; doses from time 0 on stand in the regimen.
    """

    dose: Dose
    interval: float


def with_due(doses: Sequence[Dose], steady: Sequence[Steady]) -> tuple[Dose, ...]:
    """Doses in which each steady series has its first due one, of amount 0 where it is not taken so."""
    out, listed = list(doses), list(doses)
    for series in steady:
        mark = replace(series.dose, amount=0.0)
        found = next((dose for dose in (series.dose, mark) if dose in listed), None)
        if found is None:
            out.append(mark)
        else:
            listed.remove(found)
    return tuple(out)


def _with_entry(dose: Dose) -> Dose:
    """The dose with its inhibitor by the id of the library, where one is of this name."""
    found = get_library().find("inhibitors", dose.inhibitor) if dose.inhibitor else None
    return replace(dose, inhibitor=found) if found and found != dose.inhibitor else dose


@checked
@dataclass(frozen=True)
class Regimen:
    """Doses of one or more inhibitors, and steady states reached before time 0.

    doses: by time, in hours from 0 on. text: as it was written. steady: series that went on before time 0,
    each with its first due dose among ``doses`` (of amount 0 when it was missed). notes: what was
    taken for granted, and what its file held that no regimen uses.

    >>> Regimen.parse("4 mg qd x 3").doses[-1]
    Dose(time=48.0, amount=4.0, route='oral', duration=0.0, inhibitor='', per_kg=False)
    >>> [(dose.time, dose.amount) for dose in Regimen.parse("8 mg once then 4 mg qd x 2").doses]
    [(0.0, 8.0), (24.0, 4.0), (48.0, 4.0)]
    >>> [dose.amount for dose in Regimen.parse("4 mg qd x 3 then 2 mg qd for 2 days").doses]
    [4.0, 4.0, 4.0, 2.0, 2.0]
    >>> [dose.amount for dose in Regimen.parse("4 mg qd x 4 missing 2, 3").doses]
    [4.0, 0.0, 0.0, 4.0]
    >>> Regimen.parse("baricitinib 4 mg qd x 7 + tofacitinib 5 mg bid x 14").inhibitors
    ('baricitinib', 'tofacitinib')
    >>> Regimen.parse("0.05 mg/kg iv infusion over 30 min q12h x 2").at_weight(80).doses[1]
    Dose(time=12.0, amount=4.0, route='iv infusion', duration=0.5, inhibitor='', per_kg=False)
    >>> Regimen.parse("4 mg qd ss").steady[0].interval
    24.0
    >>> Regimen.parse("4 mg qd x 7 missing 3").to_text()
    '4 mg qd x 7 missing 3'

    Raises InputError for a dose that is negative or not finite, a time before zero, or doses of which only
    some name their inhibitor.
    """

    doses: tuple[Dose, ...]
    text: str = field(default="", compare=False)
    steady: tuple[Steady, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for dose in (*self.doses, *(series.dose for series in self.steady)):
            if not math.isfinite(dose.amount) or dose.amount < 0:
                raise InputError(f"regimen: dose {dose.amount:g} mg; give a finite amount of at least 0 mg")
            if dose.amount > LARGEST_AMOUNT:
                raise InputError(f"regimen: dose {dose.amount:g} mg; give at most {LARGEST_AMOUNT:g} mg")
            if not math.isfinite(dose.time) or dose.time < 0:
                raise InputError(
                    f"regimen: dose time {dose.time:g} h lies before zero; times count from the first dose"
                )
        if not self.doses:
            raise InputError("regimen: no doses; give at least one")
        if len({bool(dose.inhibitor) for dose in self.doses}) > 1:
            raise InputError("regimen: some doses name their inhibitor and some do not; name it for all")
        object.__setattr__(self, "doses", tuple(_with_entry(dose) for dose in self.doses))
        trains = tuple(replace(series, dose=_with_entry(series.dose)) for series in self.steady)
        object.__setattr__(self, "steady", trains)
        ordered = sorted(self.doses, key=lambda dose: (dose.time, dose.kind, dose.amount))
        object.__setattr__(self, "doses", tuple(ordered))
        by_time = sorted(self.steady, key=lambda s: (s.dose.time, s.interval, s.dose.kind, s.dose.amount))
        object.__setattr__(self, "steady", tuple(by_time))
        due = list(ordered)
        for series in self.steady:
            if not 0 < series.interval < math.inf or series.dose.time >= series.interval:
                raise InputError(
                    f"regimen: steady state every {series.interval:g} h with a dose at "
                    f"{series.dose.time:g} h; the first dose from time 0 on must fall within one interval"
                )
            if series.interval < SHORTEST_STEADY:
                raise InputError(
                    f"regimen: steady state every {series.interval:g} h; the shortest interval is "
                    f"{SHORTEST_STEADY:g} h, give an infusion instead"
                )
            mark = replace(series.dose, amount=0.0)
            first = next((dose for dose in (series.dose, mark) if dose in due), None)
            if first is None:
                raise InputError(
                    f"regimen: at steady state a dose is due at {series.dose.time:g} h and is not listed; "
                    "list it, with amount 0 when it was missed"
                )
            due.remove(first)

    # Ways in ------------------------------------------------------------------------------------------

    @classmethod
    def single(cls, amount: float, time: float = 0.0) -> Regimen:
        """One oral dose of ``amount`` mg at ``time`` h."""
        return cls((Dose(time, amount),), f"{amount:g} mg once")

    @classmethod
    def parse(cls, text: str | Regimen) -> Regimen:
        """Read a regimen as it is prescribed; the class shows examples, docs/regimens.md the language.

        A regimen is itself.

        An interval without an end ("4 mg qd") is a steady state ("4 mg qd ss"), one that follows other doses
        goes on for 14 days; ``notes`` say so.
        Raises RegimenError, an InputError that shows the part that was not understood.
        """
        from jakinib.regimen.text import parse

        return text if isinstance(text, Regimen) else parse(text)

    @classmethod
    def read(cls, path: str | Path) -> Regimen:
        """Read a regimen file: YAML (.yaml, .yml) or an event table in NONMEM style (.csv, .tsv, .tab, .txt).

        Raises InputError with file, line and field, or file, row and column.
        """
        from jakinib.regimen.document import read_regimen
        from jakinib.regimen.events import TABLES, read_events

        path = Path(path)
        suffix = path.suffix.lower()
        if suffix in (".yaml", ".yml"):
            return read_regimen(path)
        if suffix in TABLES:
            return read_events(path)
        raise InputError(
            f"{path}: a regimen file ends in .yaml, or .csv, .tsv, .tab or .txt for an event table; rename it"
        )

    # Ways out -----------------------------------------------------------------------------------------

    def to_text(self) -> str:
        """Text that ``parse`` reads as this regimen."""
        from jakinib.regimen.text import write

        return write(self)

    def to_yaml(self) -> str:
        """YAML that ``read`` reads as this regimen."""
        from jakinib.regimen.document import write_regimen

        return write_regimen(self)

    def to_table(self, separator: str = ",") -> str:
        """Event table in NONMEM style that ``read`` reads as this regimen; separator: "," or a tab."""
        from jakinib.regimen.events import write_events

        return write_events(self, separator)

    # What is in it ------------------------------------------------------------------------------------

    @property
    def inhibitors(self) -> tuple[str, ...]:
        """Inhibitors named, in order of their first dose; empty when none is."""
        named: dict[str, str] = {}
        for dose in self.doses:
            named.setdefault(dose.inhibitor.casefold(), dose.inhibitor)
        return tuple(name for name in named.values() if name)

    @property
    def due(self) -> tuple[float, ...]:
        """Hours at which doses are due, missed ones included."""
        return tuple(sorted({dose.time for dose in self.doses}))

    @property
    def end(self) -> float:
        """Hours at which the last dosing interval closes, at least 24."""
        return max(24.0, *(self.of(name).intervals()[-1][1] for name in self.inhibitors or ("",)))

    def of(self, inhibitor: str) -> Regimen:
        """The doses of one inhibitor; doses that name none are its own.

        Raises InputError when others are named and this one is not.
        """
        if not self.inhibitors:
            return self
        name = (get_library().find("inhibitors", inhibitor) or inhibitor).casefold()
        doses = tuple(dose for dose in self.doses if dose.inhibitor.casefold() == name)
        if not doses:
            raise InputError(f"regimen: no dose of '{inhibitor}'; it doses {', '.join(self.inhibitors)}")
        steady = tuple(series for series in self.steady if series.dose.inhibitor.casefold() == name)
        return Regimen(doses, self.text, steady)

    def at_weight(self, weight: Covariate) -> Regimen:
        """The regimen in mg for a patient of ``weight`` kg; where it changes, by what it is at each dose."""
        for value in values(weight):
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"weight is {value:g}; give a finite number above 0")
        if not any(dose.per_kg for dose in self.doses):  # among which each steady series has its first one
            return self

        def in_mg(dose: Dose, kg: float) -> Dose:
            return replace(dose, amount=dose.amount * kg, per_kg=False) if dose.per_kg else dose

        steady = [Steady(in_mg(series.dose, first(weight)), series.interval) for series in self.steady]
        doses = [in_mg(dose, at(weight, dose.time)) for dose in self.doses]
        return Regimen(with_due(doses, steady), self.text, tuple(steady))

    def by(self, factor: Callable[[Dose], float]) -> Regimen:
        """Doses from time 0 on by a factor of each; steady states as they were."""
        doses = [replace(dose, amount=dose.amount * factor(dose)) for dose in self.doses]
        return Regimen(with_due(doses, self.steady), self.text, self.steady)

    def intervals(self) -> list[tuple[float, float]]:
        """Dosing intervals in hours, missed doses included; use on the regimen ``of`` one inhibitor.

        The last is as long as the one before, or as the steady state's, or 24 h.
        """
        starts = self.due
        if 1 < len(starts) <= len(self.steady):  # one period of several series, such as morning and evening
            close = max(starts[0] + self.steady[0].interval, starts[-1])
        elif len(starts) > 1:
            close = starts[-1] + (starts[-1] - starts[-2])
        else:
            close = starts[0] + (self.steady[0].interval if self.steady else 24.0)
        return list(zip(starts, [*starts[1:], close], strict=True))
