"""Where the numbers in documents come from: a source is a function of the words of a marker.

A further source is a function with ``@source``, here or in ``sources_fits``: its arguments are the words, it
returns a Value.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jakinib import paths
from jakinib.assay import assay, plasma
from jakinib.assay.patient import Patient
from jakinib.errors import InputError, UnknownIdError
from jakinib.evaluate import Criterion, Evaluation, read_criteria, stamp
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.run import PLANS, READ, evaluate
from jakinib.experiments import CellIC50, Experiment, Models
from jakinib.files.journal import read_record
from jakinib.fit.plan import Plan, read_plan
from jakinib.library import get_library
from jakinib.library.measurements import Measurement, get_data
from jakinib.library.plugins import extra_folders
from jakinib.library.quantities import quantities
from jakinib.library.schema import Quantity
from jakinib.paths import write_atomic
from jakinib.regimen import Regimen
from jakinib.regimen.changing import initial
from jakinib.units import convert

STORED = "evaluation.json"  # under fits/results: what the last evaluation found
AGAIN = "run: make book"


@dataclass(frozen=True)
class Value:
    """What a source answers: one number, the ends of an interval, or a text that is shown as it is.

    published: the number is shown as it was written, not rounded.
    """

    numbers: tuple[float, ...] = ()
    unit: str = ""
    text: str = ""
    published: bool = False

    def to(self, unit: str) -> Value:
        """The same in another unit; raises UnitError when that has another dimension."""
        return Value(tuple(convert(one, self.unit, unit) for one in self.numbers), unit)


Source = Callable[..., Value]
SOURCES: dict[str, Source] = {}


def source(function: Source) -> Source:
    """Registers a source under the name of the function."""
    SOURCES[function.__name__] = function
    return function


# The last evaluation --------------------------------------------------------------------------------


def record(evaluation: Evaluation) -> dict[str, Any]:
    """What is kept of an evaluation, and of which fits, draws and criteria it is."""
    evidence = evaluation.evidence
    return {
        "inputs": inputs(),
        "tallies": [tally.record() for tally in evaluation.tallies],
        "agreement": [line.record() for line in evaluation.agreement],
        "predictions": [{**asdict(one), "fold": one.fold} for one in (*evidence.cell_ic50s, *evidence.ec50s)],
        "verdicts": evaluation.records(),
    }


def inputs() -> dict[str, str]:
    """Digests of the criteria of the package and of what is stored of each plan."""
    return stamp.inputs(read_criteria(paths.fits() / "criteria.yaml"), READ)


def refresh() -> None:
    """Evaluate again, a minute, when fits, draws or criteria have changed since the stored evaluation.

    Raises InputError where entries or results from outside the package would come into it.
    """
    if extra_folders() or paths.own_results():
        raise InputError("documents are of the package alone; unset JAKINIB_LIBRARY and JAKINIB_RESULTS")
    file = paths.fits() / "results" / STORED
    if not file.exists() or json.loads(file.read_text(encoding="utf-8")).get("inputs") != inputs():
        write_atomic(file, json.dumps(record(evaluate()), indent=1, allow_nan=False) + "\n")
        stored.cache_clear()


@functools.cache
def stored() -> dict[str, Any]:
    """The stored evaluation; raises InputError when it is not of these fits, draws and criteria."""
    file = paths.fits() / "results" / STORED
    found = read_record(file, "the stored evaluation", AGAIN)
    then, now = found.get("inputs", {}), inputs()
    if changed := [name for name in now if now[name] != then.get(name)]:
        raise InputError(f"the stored evaluation is stale: {', '.join(changed)} changed; {AGAIN}")
    return found


def _entry(group: str, noun: str, **wanted: str) -> dict[str, Any]:
    """The entry of the stored evaluation whose fields are these."""
    field = next(iter(wanted))
    for entry in stored()[group]:
        if all(entry[name] == value for name, value in wanted.items()):
            return dict(entry)
    raise UnknownIdError(noun, " ".join(wanted.values()), [entry[field] for entry in stored()[group]])


def field_of(entry: dict[str, Any], name: str) -> Any:
    """A field of a record; raises InputError, naming those that are given, when it is not."""
    if entry.get(name) is None:
        raise InputError(
            f"'{name}' is not given; known: {', '.join(k for k, v in entry.items() if v is not None)}"
        )
    return entry[name]


@source
def criterion(identifier: str, part: str = "value") -> Value:
    """Of a criterion: value, interval (90 %), target or verdict."""
    entry = _entry("verdicts", "criterion", id=identifier)
    if part == "interval":
        return Value((field_of(entry, "interval_low"), field_of(entry, "interval_high")), entry["unit"])
    found = field_of(entry, part)
    return Value(text=found) if isinstance(found, str) else Value((float(found),), entry["unit"])


@source
def criteria(basis: str, part: str = "criteria") -> Value:
    """Number of criteria by basis (``all``: of every basis): criteria, passed, failed, hard, hard_passed,
    reported or reported_failed."""
    names = ("criteria", "passed", "hard", "hard_passed")
    every = [entry for entry in stored()["tallies"] if basis in ("all", entry["basis"])]
    if not every:
        raise UnknownIdError("basis", basis, ["all", *(entry["basis"] for entry in stored()["tallies"])])
    total = {name: sum(entry[name] for entry in every) for name in names}
    total["failed"] = total["criteria"] - total["passed"]
    total["reported"] = total["criteria"] - total["hard"]
    total["reported_failed"] = total["failed"] - total["hard"] + total["hard_passed"]
    return Value(text=str(field_of(total, part)))


@source
def agreement(quantity: str, of: str, part: str) -> Value:
    """Of a quantity ("cell IC50") over a set: rows, inside, gmfe, worst, within_2 and coverage (percent)."""
    entry = _entry("agreement", "set", quantity=quantity, set=of)
    if part == "rows":
        return Value(text=str(entry["rows"]))
    if part == "inside":
        return Value(text=str(round(entry["coverage"] * entry["rows"])))
    return Value((field_of(entry, part) * (100 if part in ("within_2", "coverage") else 1),))


@source
def prediction(row: str, part: str = "predicted") -> Value:
    """Of a row that a plan names, a cell IC50 or EC50 in nM: predicted, published or fold."""
    unit = "nM" if part in ("predicted", "published") else ""
    shown = part == "published"
    return Value(
        (float(field_of(_entry("predictions", "prediction", row=row), part)),), unit, published=shown
    )


@functools.cache
def plan_named(name: str) -> Plan:
    """A plan of the package, read once."""
    return read_plan(name, get_data())


# Library and published rows -------------------------------------------------------------------------


def ends(name: str, quantity: Quantity | Measurement, part: str, published: bool = True) -> Value:
    """The value of a quantity, an end of its interval, or both ends."""
    names = {"value": ("value",), "low": ("low",), "high": ("high",), "interval": ("low", "high")}
    numbers = tuple(getattr(quantity, end) for end in names.get(part, ()))
    if not numbers or None in numbers:
        raise InputError(f"'{part}' of {name} is not given; ask for value, low, high or interval")
    return Value(numbers, quantity.unit, published=published)


@source
def library(kind: str, entry: str, *path: str) -> Value:
    """A quantity of the library: kind (inhibitors, parameters), entry, its place, value or interval."""
    entries = getattr(get_library(), kind, None)
    if not isinstance(entries, dict):
        raise InputError(f"'{kind}' is no part of the library; ask for inhibitors, cytokines or parameters")
    if entry not in entries:
        raise UnknownIdError(kind, entry, entries)
    found = dict(quantities(entries[entry]))
    part = "value"
    if path and path[-1] in ("value", "low", "high", "interval"):
        *path, part = path  # type: ignore[assignment]
    where = " ".join(path)
    if where not in found:
        raise UnknownIdError(f"quantity of {entry}", where, found)
    return ends(f"{entry} {where}", found[where], part)


@source
def row(identifier: str, part: str = "value") -> Value:
    """Of a published row: value, low, high or interval; or a cell that is text, such as time."""
    found = get_data()[identifier]
    if part in ("time", "dose", "cytokine_dose", "atp") and (text := getattr(found, part)):
        return Value(text=text)
    return ends(f"row {identifier}", found, part)


@source
def fact(code: str) -> Value:
    """The value of a published fact, as models/library/evidence.tsv writes it."""
    found = get_library().evidence
    if code not in found:
        raise UnknownIdError("fact", code, found)
    return Value(text=found[code].value)


# Simulations ----------------------------------------------------------------------------------------


@source
def model(identifier: str, *conditions: str) -> Value:
    """What the model gives for a row, under conditions of its fields such as ``cytokine_dose='1 ng/mL'``."""
    return _modelled(identifier, conditions)


@functools.cache
def _modelled(identifier: str, conditions: tuple[str, ...]) -> Value:
    one = _experiment(identifier, conditions)
    return Value((one.value(_models()),), one.row.unit)


@source
def reserve(identifier: str, *conditions: str) -> Value:
    """The signal reserve G of a cell IC50 at the time of reading, without inhibitor."""
    one = _experiment(identifier, conditions)
    if not isinstance(one, CellIC50):
        raise InputError(f"{identifier} is no cell IC50; it has no reserve")
    return Value((one.reserve(_models()),))


@source
def ic50(inhibitor: str, cytokine: str, readout: str, matrix: str, *conditions: str) -> Value:
    """Of a cell assay; conditions as in ``jk.assay``, such as ``stimulation='5 min'``."""
    given = _pairs(conditions)
    return Value((assay(inhibitor, cytokine, readout, matrix=matrix, **given).ic50,), "nM")  # type: ignore[arg-type]


@source
def exposure(metric: str, population: str, *circumstances: str) -> Value:
    """Of 4 mg baricitinib: cmax (ng/mL) or auc (ng h/mL, to 240 h); circumstances such as eGFR=45 or fed."""
    return Value((_exposure(population, circumstances)[metric],))


@functools.cache
def _exposure(population: str, circumstances: tuple[str, ...]) -> dict[str, float]:
    given = {name: float(value) for name, _, value in (w.partition("=") for w in circumstances) if value}
    taken = tuple(word for word in circumstances if "=" not in word)
    settings = initial(Patient(population, conditions=taken, **given).settings())  # type: ignore[arg-type]
    peak = settings["lag_baricitinib"] + settings["D1_baricitinib"]
    times = np.unique([*np.arange(0, 24, 0.05), *np.arange(24, 240.1, 0.25), peak])
    return plasma(Regimen.single(4.0), times, population=population, settings=settings).interval(0, 240)


def _pairs(words: Collection[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            raise InputError(
                f"'{word}' is no condition; write a field, = and a value, in quotes if it has blanks"
            )
    return {name: value for name, _, value in (word.partition("=") for word in words)}


@functools.cache
def _models() -> Models:
    return Models()


def _experiment(identifier: str, conditions: tuple[str, ...]) -> Experiment:
    given = _pairs(conditions)
    people = given.pop("people", "")  # the population that answers for that of the row
    asked = Criterion(
        id="number", hard=False, statement="number", rows=[identifier], high=0, unit="", conditions=given,
        populations={get_data()[identifier].population: people} if people else {},
    )  # fmt: skip
    evidence = Evidence([plan_named(name) for name in PLANS], get_data(), [asked])
    [one] = evidence.of(asked)
    return one
