"""Checks of what entries mean together: dimensions, references, pools, and whether a model composes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeGuard

from jakinib.assay.patient import PARAMETERS
from jakinib.build import ModelSpec, compose, to_sbml
from jakinib.build import check as messages_of
from jakinib.build.symbols import symbols, unit_of
from jakinib.check.base import Check, Context
from jakinib.check.entries import ENTRIES, FILL, Found, dotted
from jakinib.check.files import File, located
from jakinib.errors import JakinibError, UnitError, UnknownIdError
from jakinib.library.disposition import UNITS as DISPOSITION
from jakinib.library.readouts import readouts
from jakinib.library.sources import DATABASES
from jakinib.units import factor


class Dimension(Check):
    """A number has the dimension of what it is."""

    id, kinds = "unit-dimension", (*ENTRIES, "parameters", "plans")
    message = (
        "{field} is in '{unit}', which is not convertible to '{wanted}'; give it in a unit of that dimension"
    )
    _FIXED: tuple[tuple[str, str], ...] = (
        (r"molecular_weight", "g/mol"),
        (r"fu|bioavailability|blood_plasma_ratio|slot_[ab]\..*", "dimensionless"),
        (r"potency\..*", "nM"),
        *((rf"pharmacokinetics\.[^.]*\.{key}", unit) for key, unit in DISPOSITION.items()),
        (r"volumes\..*", "L"),
        (r"chains\..*|stats\..*", "molecule"),
        (r"weight", "kg"),
        (r"eGFR", "mL/min"),
    )

    def find(self, file: File, context: Context) -> Found:
        for at, field, unit, wanted in self._units(file, context):
            if wanted:
                try:
                    factor(unit, wanted)
                except UnitError:
                    line = at if isinstance(at, int) else file.line(*at)
                    yield line, {"field": field, "unit": unit, "wanted": wanted}

    def _units(
        self, file: File, context: Context
    ) -> Iterator[tuple[int | tuple[Any, ...], str, str, str | None]]:
        """(line or location, field, unit, unit it must convert to)."""
        for at, symbol, unit in named_symbols(file):
            if _known(unit):
                yield at, symbol, unit, wanted_unit(symbol, context)
        if file.kind not in ("parameters", "plans"):
            for at, quantity in file.quantities():
                if at[0] not in ("parameters", "assay_dose") and _known(unit := quantity.get("unit")):
                    fixed = (unit for known, unit in self._FIXED if re.fullmatch(known, dotted(at)))
                    yield at, dotted(at), quantity["unit"], next(fixed, None)


def named_symbols(file: File, nuisances: bool = True) -> Iterator[tuple[int | tuple[Any, ...], str, Any]]:
    """(line or location, symbol, unit) of every symbol of the models that a file gives a number of."""
    if file.kind == "parameters":
        yield from ((line, row.get("id", ""), row.get("unit")) for line, row in file.rows)
    elif file.kind == "plans":
        rows = file.data.get("parameters")
        for number, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, dict) and (nuisances or row.get("scope") != "nuisance"):
                also = row.get("also")
                for symbol in (row.get("id", ""), *(also if isinstance(also, list) else [])):
                    yield ("parameters", number), str(symbol), row.get("unit")
    elif file.kind in ("cytokines", "inhibitors"):
        for symbol, quantity in _mapping(file.data.get("parameters")).items():
            yield ("parameters", symbol), str(symbol), _mapping(quantity).get("unit")


def wanted_unit(symbol: str, context: Context) -> str | None:
    """The unit the models have a symbol in; None for one that another check says is unknown."""
    try:
        return unit_of(symbol, symbols(context.library))
    except UnknownIdError:
        return None


class KnownSymbol(Check):
    """A number of a symbol that no model has would be ignored."""

    id, kinds, message = "unknown-symbol", ("parameters", "plans"), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        for at, symbol, _ in named_symbols(file, nuisances=False):
            if symbol in ("", FILL):
                continue
            try:
                unit_of(symbol, symbols(context.library))
            except UnknownIdError as error:
                yield at if isinstance(at, int) else file.line(*at), {"problem": str(error)}
            except UnitError:
                continue  # the check of dimensions says so


def _known(unit: Any) -> TypeGuard[str]:
    """False for a unit that another check refuses already."""
    try:
        return isinstance(unit, str) and unit != FILL and factor(unit, unit) > 0
    except UnitError:
        return False


class Named(Check):
    """What an entry names exists."""

    id, kinds = "unknown-reference", ENTRIES
    message = "{field}: {what} '{name}' does not exist; {todo}"

    def find(self, file: File, context: Context) -> Found:
        library = context.library
        for at, what, name in self._named(file):
            if name == FILL:
                continue
            known, todo = True, "add it or correct its spelling"
            match what:
                case "cell":
                    known = name in {*library.cells, *(a for c in library.cells.values() for a in c.aliases)}
                case "population":
                    known = name in library.populations
                case "protein":
                    known, todo = name in library.proteins, "add its UniProt id to proteins.yaml"
                case "cytokine":
                    known = name in library.cytokines
                case "plan":
                    known = name in context.plans
                case "inhibitor":
                    known = name in library.inhibitors
                case "database":
                    known, todo = name in DATABASES, f"known: {', '.join(DATABASES)}"
                case "disposition parameter":
                    known, todo = name in PARAMETERS, f"known: {', '.join(PARAMETERS)}"
                case "template":
                    known, todo = (file.path.parent / name).is_file(), "put it beside this file"
            if not known:
                yield file.line(*at), {"field": dotted(at), "what": what, "name": name, "todo": todo}

    def _named(self, file: File) -> Iterator[tuple[tuple[Any, ...], str, str]]:
        data = file.data
        for field, what in (
            ("reference_cell", "cell"), ("like", "cell"), ("alpha_chain", "protein"),
            ("first_chain", "protein"), ("second_chain", "protein"),
            ("ensemble", "plan"), ("metabolite", "inhibitor"),
        ):  # fmt: skip
            if isinstance(name := data.get(field), str) and name:
                yield (field,), what, name
        yield from ((("identifiers", key), "database", str(key)) for key in _mapping(data.get("identifiers")))
        yield from ((("levels", name), "cytokine", str(name)) for name in _mapping(data.get("levels")))
        if file.kind == "inhibitors":
            for field in ("pharmacokinetics", "renal_uptake", "dose_bands"):
                yield from (((field, name), "population", str(name)) for name in _mapping(data.get(field)))
            for name, condition in _mapping(data.get("conditions")).items():
                for field in ("factors", "delays"):
                    for key in _mapping(_mapping(condition).get(field)):
                        yield ("conditions", name, field, key), "disposition parameter", str(key)
            yield from (
                (("binding", jak), "template", str(name))
                for jak, name in _mapping(data.get("binding")).items()
            )
        if file.kind == "cytokines":
            stats = data.get("stats")
            for number, name in enumerate(stats if isinstance(stats, list) else []):
                yield ("stats", number), "protein", str(name)
            feedback = data.get("feedback")
            for number, entry in enumerate(feedback if isinstance(feedback, list) else []):
                if isinstance(entry, dict) and "protein" in entry:
                    yield ("feedback", number, "protein"), "protein", str(entry["protein"])
        if file.kind == "cells":
            for field in ("chains", "stats"):
                yield from (((field, name), "protein", str(name)) for name in _mapping(data.get(field)))


def _mapping(node: Any) -> dict[Any, Any]:
    return node if isinstance(node, dict) else {}


class Pool(Check):
    """Every chain and STAT of a cytokine has a number on its reference cell."""

    id, kinds = "chain-without-pool", ("cytokines",)
    message = (
        "{field} '{name}' has no number on cell '{cell}'; add it to {section} of that cell or choose another"
    )

    def find(self, file: File, context: Context) -> Found:
        library, name = context.library, str(file.data.get("reference_cell", ""))
        cells = {**{a: c for c in library.cells.values() for a in c.aliases}, **library.cells}
        if (cell := cells.get(name)) is None:
            return
        for field in ("alpha_chain", "first_chain", "second_chain"):
            chain = file.data.get(field)
            if isinstance(chain, str) and chain not in ("", FILL) and chain not in cell.chains:
                yield file.line(field), {"field": field, "name": chain, "cell": cell.id, "section": "chains"}
        stats = file.data.get("stats")
        for number, stat in enumerate(stats if isinstance(stats, list) else []):
            if isinstance(stat, str) and stat != FILL and stat not in cell.stats:
                values = {"field": "stats", "name": stat, "cell": cell.id, "section": "stats"}
                yield file.line("stats", number), values


class PotencyAtp(Check):
    """An IC50 without the ATP of its assay is read as one at no ATP."""

    id, level, kinds = "potency-without-atp", "warning", ("inhibitors",)
    message = "potency.{jak} is an IC50 without the ATP of its assay and counts as a Kd; add atp"

    def find(self, file: File, context: Context) -> Found:
        for jak, potency in _mapping(file.data.get("potency")).items():
            if (
                isinstance(potency, dict)
                and potency.get("quantity", "IC50") == "IC50"
                and "atp" not in potency
            ):
                yield file.line("potency", jak), {"jak": jak}


class Composes(Check):
    """A model can be composed from the entry; runs when nothing else is wrong with it."""

    id, kinds, message = "does-not-compose", ("cytokines", "inhibitors", "readouts"), "{problem}"

    def find(self, file: File, context: Context) -> Found:
        if file.kind == "readouts":
            yield from _unreadable(file, context)
            return
        names = context.library.cytokines if file.kind == "cytokines" else context.library.inhibitors
        binds = file.kind == "inhibitors" and file.data.get("binding")
        tissues = _mapping(file.data.get("tissues")) if file.kind == "inhibitors" else {}
        if file.id not in names or context.library.files.get((file.kind, file.id)) != file.path:
            return
        if file.kind == "inhibitors" and not (binds or tissues):
            return
        cytokine = file.id if file.kind == "cytokines" else "IL-2"
        inhibitors = (file.id,) if file.kind == "inhibitors" else ()
        try:
            compose(ModelSpec("cytokine_signalling", (cytokine,), inhibitors), "checked", context.library)
            for people in tissues:
                compose(ModelSpec("oral_pk", (), inhibitors, population=people), "checked", context.library)
        except JakinibError as error:
            line, problem = located(str(error), file.path)
            yield line, {"problem": problem}


def _unreadable(file: File, context: Context) -> Found:
    """Why no model can hold a read-out: a symbol that none has, a formula that is none, units that clash."""
    library = context.library
    entry = library.readouts.get(file.id)
    if entry is None or entry.symbol == entry.formula:
        return
    offering = [c for c in library.cytokines.values() if entry.id in readouts(library, c)]
    at = {"problem": "formula: no cytokine's model has all of its symbols; correct their names"}
    for cytokine in offering[:1]:
        spec = ModelSpec("cytokine_signalling", (cytokine.id,), calibrated=())
        try:
            messages = messages_of(to_sbml(compose(spec, "checked", library)))
        except JakinibError as error:
            messages = [located(str(error), file.path)[1]]
        at = {"problem": f"formula: {messages[0]}"} if messages else {}
    if at:
        yield file.line("formula"), at
