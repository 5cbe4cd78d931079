"""The one table of symbols: unit, meaning and range of each, read from the composed models.

Fits, checks, exports and the model book ask it, so that a symbol has one unit wherever it stands.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from jakinib.build.compose import outline
from jakinib.build.composer import Composer
from jakinib.build.spec import ModelSpec
from jakinib.build.template import declared_names, declared_sizes, declared_species, declared_units
from jakinib.errors import JakinibError, ModelError, UnitError, UnknownIdError
from jakinib.library import Library, get_library
from jakinib.library.disposition import UNITS as DISPOSITION
from jakinib.library.schema import JAKS
from jakinib.units import MODEL_UNITS, convert, factor

# What a dose passes before it reaches a model: numbers <key>_<inhibitor> that no model holds.
UPTAKE: dict[str, tuple[str, str]] = {
    "D1": (DISPOSITION["D1"], "duration of the zero-order input"),
    "lag": (DISPOSITION["lag"], "time before a dose enters"),
    "F": ("dimensionless", "oral bioavailability"),
    "first_order": (DISPOSITION["first_order"], "share of a dose that passes the depot"),
    "release": (DISPOSITION["release"], "time over which a dose enters the depot"),
}


@dataclass(frozen=True)
class Symbol:
    """A number of the models. unit: as pint reads it; low, high: range of the library, in that unit."""

    id: str
    unit: str
    meaning: str = ""
    low: float | None = None
    high: float | None = None


def _declared(model: Composer) -> dict[str, Symbol]:
    """Every symbol of one model. Raises ModelError for a unit that the models do not have."""
    text = "".join([*model.text, model.readouts()])
    names = declared_names(text)
    units = dict(declared_units(text))
    units |= {name: "nmol" if amount else "nM" for name, amount in declared_species(text, held=True).items()}
    units |= dict.fromkeys(declared_sizes(text), "litre")
    found = {}
    for name, unit in units.items():
        if unit not in MODEL_UNITS:
            raise ModelError(f"{name} has {unit}: no unit of the models; use {', '.join(MODEL_UNITS)}")
        found[name] = Symbol(
            name, MODEL_UNITS[unit], names.get(name, ""), *_range(model, name, MODEL_UNITS[unit])
        )
    return found


def _range(model: Composer, name: str, unit: str) -> tuple[float | None, float | None]:
    known = model.values.get(name) or model.library.parameter(name)
    if known is None or known.low is None or known.high is None or not _alike(known.unit, unit):
        return None, None
    return convert(known.low, known.unit, unit), convert(known.high, known.unit, unit)


def uptake_of(inhibitor: str) -> dict[str, Symbol]:
    """The numbers of an inhibitor that act before the model: ``UPTAKE``."""
    return {
        f"{key}_{inhibitor}": Symbol(f"{key}_{inhibitor}", unit, meaning)
        for key, (unit, meaning) in UPTAKE.items()
    }


def symbols(library: Library | None = None) -> Mapping[str, Symbol]:
    """Every symbol of every model that the library composes, and what acts before a model.

    Raises ModelError for a symbol with two units.
    """
    library = library or get_library()
    return _symbols(library, library.generation)


@functools.lru_cache(maxsize=8)
def _symbols(library: Library, _generation: int) -> Mapping[str, Symbol]:
    found: dict[str, Symbol] = {}
    for spec in _specs(library):
        try:
            declared = _declared(outline(spec, library))
        except JakinibError:
            continue  # an entry that composes into no model gives no symbol; using it says what it lacks
        for name, symbol in declared.items():
            if factor(found.setdefault(name, symbol).unit, symbol.unit) != 1:
                raise ModelError(
                    f"{name} is in {found[name].unit} in one model and in {symbol.unit} in another"
                )
    for drug in library.inhibitors:
        found |= uptake_of(drug)
    return found


def _specs(library: Library) -> Iterator[ModelSpec]:
    """Models that hold every symbol between them: one a cytokine, and what each inhibitor is put into."""
    for cytokine in library.cytokines:
        yield ModelSpec("cytokine_signalling", (cytokine,), (), calibrated=())
    first = tuple(library.cytokines)[:1]
    for drug, entry in library.inhibitors.items():
        yield ModelSpec("cytokine_signalling", first, (drug,), calibrated=())
        for population in entry.pharmacokinetics:
            yield ModelSpec("oral_pk", (), (drug,), population=population, calibrated=())
        for jak in JAKS:
            if jak not in entry.binding:
                yield ModelSpec("kinase_assay", (), (drug,), kinase=jak, calibrated=())


def unit_of(symbol: str, table: Mapping[str, Symbol], where: str = "") -> str:
    """Unit (pint) of a symbol; of ``symbol@scope`` and of a wildcard, that of the symbols meant.

    Raises UnknownIdError for a symbol of no model, UnitError for a wildcard over several units.
    """
    name = symbol.partition("@")[0]
    if name in table:
        return table[name].unit
    units = sorted({table[hit].unit for hit in matching(name, table)})
    if not units:
        raise UnknownIdError("symbol", name, table, where=where)
    if len({factor(unit, units[0]) if _alike(unit, units[0]) else unit for unit in units}) > 1:
        raise UnitError(f"{where}: '{name}' stands for symbols in {' and '.join(units)}; name them apart")
    return units[0]


def matching(pattern: str, table: Iterable[str]) -> list[str]:
    """Symbols that a name with a wildcard stands for."""
    return [name for name in table if fnmatchcase(name, pattern)] if "*" in pattern else []


def _alike(unit: str, other: str) -> bool:
    try:
        return factor(unit, other) > 0
    except UnitError:
        return False
