"""A stored evaluation, read with care, and its numbers with the file and key that each came from."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from jakinib import __version__
from jakinib.errors import InputError
from jakinib.evaluate import Criterion, Evaluation, Verdict, read_criteria
from jakinib.evaluate.criteria import Interval
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.run import PLANS, calibrations, stamp
from jakinib.files.journal import read_record
from jakinib.library.files import explain
from jakinib.library.measurements import get_data
from jakinib.report.wording import number

FILE = "verdicts.json"


@dataclass(frozen=True)
class Traced:
    """A number or a word of a file, as it is shown, and where it stands. value: as in the file."""

    value: Any
    text: str
    file: str
    key: str


@dataclass(frozen=True)
class Record:
    """A JSON file whose entries are asked for by key.

    A key names fields, joined by dots, and entries of lists by fields that they have:
    ``verdicts[id=pbmc_IL6].value``.
    """

    file: str
    content: dict[str, Any]

    def at(self, key: str, form: str = "", bounds: tuple[float | None, ...] = ()) -> Traced:
        """The entry of a key. form: "percent" for a share, "power" if small; bounds: as of ``number``."""
        found: Any = self.content
        for field, chosen in re.findall(r"(\w+)(?:\[([^\]]*)\])?", key):
            found = found[field]
            if chosen:
                wanted = dict(pair.split("=", 1) for pair in chosen.split(","))
                found = next(one for one in found if all(str(one[k]) == v for k, v in wanted.items()))
        return Traced(found, shown(found, form, bounds), self.file, key)


def shown(value: Any, form: str = "", bounds: tuple[float | None, ...] = ()) -> str:
    """A value as text; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | str):
        return str(value)
    if form == "power":
        return f"{value:.1e}"
    return f"{number(100 * value)} %" if form == "percent" else number(value, bounds)


class _Verdict(BaseModel):
    """Of a verdict what does not follow from its criterion."""

    model_config = ConfigDict(allow_inf_nan=False)
    id: str
    value: float | None
    interval_low: float | None
    interval_high: float | None
    interval_method: str
    sources: list[str]
    error: str

    def of(self, criterion: Criterion) -> Verdict:
        """The verdict that follows, whatever the file says of it."""
        interval = Interval(self.interval_low, self.interval_high, self.interval_method)
        return Verdict(criterion, self.value, tuple(self.sources), self.error, interval)


class _Agreement(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    quantity: str
    set: str
    rows: int
    gmfe: float
    worst: float
    within_2: float
    coverage: float | None
    method: str
    reason: str


class _Provenance(BaseModel):
    inputs: dict[str, str]
    versions: dict[str, str]
    structures: dict[str, float]


class _Stored(BaseModel):
    passed: bool
    tallies: list[dict[str, str | int]]
    agreement: list[_Agreement]
    verdicts: list[_Verdict]
    provenance: _Provenance


@dataclass(frozen=True)
class Stored:
    """An evaluation that was written to ``file``; record: the same by key."""

    file: Path
    evaluation: Evaluation
    record: Record


def again(folder: Path) -> str:
    """What makes an evaluation in a folder."""
    return f"run: jakinib evaluate --report {folder}"


def read(folder: Path) -> Stored:
    """The evaluation in a folder, where it is whole and of the fits, draws, criteria and models of now.

    Every verdict and count is computed anew from the values and bounds, and must be what the file says.
    Raises InputError, which says what to run, when there is none, it is damaged or stale.
    """
    file, then = folder / FILE, again(folder)
    raw = read_record(file, "the verdicts of an evaluation", then)
    try:
        found = _Stored.model_validate(raw)
    except ValidationError as error:
        where, problem = explain(error.errors()[0])
        raise InputError(f"{file}: {'.'.join(map(str, where))} {problem.split('; ')[0]}; {then}") from None
    data = get_data()
    fits = calibrations(PLANS, data)
    criteria = {criterion.id: criterion for criterion in read_criteria(data=data)}
    was, now = found.provenance, {**stamp(criteria.values()), "jakinib": __version__}
    before = {**was.inputs, "jakinib": was.versions.get("jakinib")}
    if changed := [name for name in now if now[name] != before.get(name)]:
        raise InputError(f"{file} is stale: {', '.join(changed)} changed; {then}")
    if [verdict.id for verdict in found.verdicts] != [*criteria]:
        raise InputError(f"{file} is damaged: its verdicts are not those of the criteria; {then}")
    verdicts = [verdict.of(criteria[verdict.id]) for verdict in found.verdicts]
    evidence = Evidence([fit.plan for fit in fits], data, [*criteria.values()])
    evaluation = Evaluation(verdicts, evidence, raw["provenance"])
    for kept, follows in zip(raw["verdicts"], evaluation.records(), strict=True):
        if wrong := [name for name in follows if kept.get(name) != follows[name]]:
            raise InputError(f"{file} is damaged: {', '.join(wrong)} of {kept['id']} does not follow; {then}")
    counts = {"passed": evaluation.passed, "tallies": [line.record() for line in evaluation.tallies]}
    if wrong := [name for name in counts if raw[name] != counts[name]]:
        raise InputError(f"{file} is damaged: {', '.join(wrong)} does not follow from its verdicts; {then}")
    return Stored(file, evaluation, Record(FILE, raw))


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
