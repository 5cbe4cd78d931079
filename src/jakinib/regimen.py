"""Doses and when they are taken."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from jakinib.errors import InputError
from jakinib.units import parse_quantity

_INTERVALS = {"qd": 24.0, "bid": 12.0, "tid": 8.0, "qid": 6.0, "qod": 48.0, "qw": 168.0}
_PATTERN = re.compile(
    r"^\s*(?P<dose>[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)\s*[a-zA-Zµμ]*)(?:\s+(?P<interval>q\d+(?:\.\d+)?h|[a-zA-Z]+))?(?:\s+x\s*(?P<repeats>\S+))?\s*$"
)


@dataclass(frozen=True)
class Dose:
    """One oral dose: ``time`` in hours, ``amount`` in mg."""

    time: float
    amount: float


@dataclass(frozen=True)
class Regimen:
    """A list of oral doses of one inhibitor.

    Raises InputError for a dose that is negative or not finite, or a time before zero.
    """

    doses: tuple[Dose, ...]
    text: str = ""

    def __post_init__(self) -> None:
        for dose in self.doses:
            if not math.isfinite(dose.amount) or dose.amount < 0:
                raise InputError(f"regimen: dose {dose.amount:g} mg; give a finite amount of at least 0 mg")
            if not math.isfinite(dose.time) or dose.time < 0:
                raise InputError(
                    f"regimen: dose time {dose.time:g} h lies before zero; times count from the first dose"
                )

    @classmethod
    def single(cls, amount: float, time: float = 0.0) -> Regimen:
        """One dose of ``amount`` mg at ``time`` h."""
        return cls((Dose(time, amount),), f"{amount:g} mg once")

    @classmethod
    def parse(cls, text: str) -> Regimen:
        """Read "4 mg", "4 mg qd x 7", "5 mg bid x 14" or "2 mg q8h x 3".

        Raises InputError that names the part that was not understood.
        """
        match = _PATTERN.match(text)
        if not match:
            raise InputError(f"regimen '{text}': not understood; write for example '4 mg qd x 7'")
        amount = parse_quantity(match["dose"], "mg", where=f"regimen '{text}'")
        interval, repeats = (match["interval"] or "").lower(), 1
        hours = 0.0
        if interval:
            hours = (
                float(interval[1:-1]) if re.fullmatch(r"q\d.*h", interval) else _INTERVALS.get(interval, 0.0)
            )
            if hours <= 0:
                raise InputError(f"regimen '{text}': interval '{interval}' unknown; use qd, bid, tid or q12h")
            if match["repeats"] is None:
                raise InputError(f"regimen '{text}': how often? add for example 'x 7'")
        if match["repeats"] is not None:
            if not interval:
                raise InputError(f"regimen '{text}': repeated how? add an interval such as qd before 'x'")
            if not re.fullmatch(r"[0-9]{1,5}", match["repeats"]) or int(match["repeats"]) < 1:
                raise InputError(
                    f"regimen '{text}': 'x {match['repeats']}'; give a whole number of doses, at least 1"
                )
            repeats = int(match["repeats"])
        return cls(tuple(Dose(i * hours, amount) for i in range(repeats)), text.strip())

    def input_rate(self, molecular_weight: float, duration: float, lag: float) -> list[tuple[float, float]]:
        """Zero-order input as (time h, rate nmol/h) from which on it holds; doses may overlap.

        molecular_weight in g/mol; duration and lag in hours.
        """
        if not (0 < duration < math.inf and 0 <= lag < math.inf):
            raise InputError(
                f"regimen: input over {duration:g} h after {lag:g} h; need duration > 0 and lag >= 0"
            )
        changes: dict[float, float] = {}
        for dose in self.doses:
            rate = dose.amount * 1e6 / molecular_weight / duration
            begin = dose.time + lag
            changes[begin] = changes.get(begin, 0.0) + rate
            changes[begin + duration] = changes.get(begin + duration, 0.0) - rate
        rate, out = 0.0, []
        for time in sorted(changes):
            rate += changes[time]
            out.append((time, max(rate, 0.0) if abs(rate) > 1e-9 else 0.0))
        return out
