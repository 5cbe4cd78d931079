"""One entry of the library for a reader: its names, its numbers and their sources, what it can answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jakinib.errors import AmbiguousIdError, UnknownIdError
from jakinib.library import get_library
from jakinib.library.names import resolve
from jakinib.library.quantities import KINDS, quantities
from jakinib.library.readouts import STAT, readouts
from jakinib.library.schema import Cell, Cytokine, Inhibitor


@dataclass(frozen=True)
class Shown:
    """kind and id of the entry. numbers: one row a number. sources: their citations, by name. can, cannot: a
    line each, what can be asked of it and what not, with the reason.
    """

    kind: str
    id: str
    name: str
    aliases: tuple[str, ...]
    numbers: list[dict[str, Any]]
    sources: dict[str, str]
    can: list[str]
    cannot: list[str]


def entry(name: str) -> Shown:
    """The entry of the library that a name means, of whichever kind.

    Raises UnknownIdError for a name of none, AmbiguousIdError for one of several kinds.
    """
    kind, identifier = _found(name)
    item: Any = getattr(get_library(), kind)[identifier]
    numbers = [
        {
            "quantity": where,
            "value": q.value,
            "low": q.low,
            "high": q.high,
            "unit": q.unit,
            "kind": q.kind,
            "status": q.status,
            "source": q.source,
            "location": q.location or q.rationale,
        }
        for where, q in quantities(item)
    ]
    cited = dict.fromkeys(str(row["source"]) for row in numbers if row["source"])
    references = get_library().references
    sources = {code: references[code].citation if code in references else code for code in cited}
    can, cannot = _answers(item)
    title = str(getattr(item, "name", "") or getattr(item, "label", ""))
    return Shown(kind, identifier, title, tuple(item.aliases), numbers, sources, can, cannot)


def _found(name: str) -> tuple[str, str]:
    """(kind, id); kinds may be told apart by writing "milieu RA"."""
    library = get_library()
    first, _, rest = name.strip().partition(" ")
    kinds = [kind for kind in KINDS if kind in (first.lower(), f"{first.lower()}s")]
    if kinds and rest:
        noun = kinds[0].removesuffix("s")
        return kinds[0], resolve(noun, rest, getattr(library, kinds[0]))
    hits = [(kind, found) for kind in KINDS if (found := library.find(kind, name)) is not None]
    exact = [hit for hit in hits if hit[1] == name]
    if len(exact or hits) == 1:
        return (exact or hits)[0]
    if hits:
        raise AmbiguousIdError("entry", name, [f"'{kind.removesuffix('s')} {found}'" for kind, found in hits])
    every = {f"{spelt}": item for kind in KINDS for spelt, item in getattr(library, kind).items()}
    resolve("entry", name, every)
    raise UnknownIdError("entry", name, every)


def _answers(item: Any) -> tuple[list[str], list[str]]:
    if isinstance(item, Inhibitor):
        return _of_inhibitor(item)
    if isinstance(item, Cytokine):
        return _of_cytokine(item)
    can: list[str] = []
    library = get_library()
    cannot: list[str] = []
    if item.id in library.populations:
        for drug in library.inhibitors.values():
            (can if item.id in drug.pharmacokinetics else cannot).append(f"doses of {drug.id}")
    elif item.id in library.cells:
        for cytokine in library.cytokines.values():
            lacking = _lacking(item, cytokine)
            answer = f"{cytokine.id}" + (f": no {', '.join(lacking)} on it" if lacking else "")
            (cannot if lacking else can).append(answer)
    elif item.id in library.milieus:
        can = [f"the level of {name}" for name in item.levels]
        cannot = [f"the level of {name}" for name in library.cytokines if name not in item.levels]
    else:
        for cytokine in library.cytokines.values():
            offered = readouts(library, cytokine)
            found = [name for name in offered if name == item.id or STAT in item.id]
            if found:
                can.append(f"{cytokine.id}: {', '.join(found)}")
    return can, cannot


def _of_inhibitor(drug: Inhibitor) -> tuple[list[str], list[str]]:
    library = get_library()
    can = ["concentration-response in enzyme and cell assays"]
    can += [f"doses by mouth in {people}" for people in drug.pharmacokinetics]
    cannot = [f"doses in {people}: no pharmacokinetics" for people in library.populations
              if people not in drug.pharmacokinetics]  # fmt: skip
    if drug.pharmacokinetics:
        by_vein = "doses by vein"
        (cannot if drug.bioavailability is None else can).append(
            f"{by_vein}: no bioavailability" if drug.bioavailability is None else by_vein
        )
    can += [f"condition {name}: {stated.name or name}" for name, stated in drug.conditions.items()]
    if not drug.conditions:
        cannot.append("food or co-medication: none stated")
    for people, values in drug.pharmacokinetics.items():
        if "CLr" in values and values["CLr"].value == 0:
            cannot.append(f"renal function in {people}: renal clearance is 0")
        elif "CLr" in values and values["CLr"].kind == "assumed":
            cannot.append(f"renal function in {people}, other than as assumed: {values['CLr'].rationale}")
    if drug.metabolite:
        can.append(f"with its active metabolite {drug.metabolite}")
        cannot.append("inhibition in virtual populations, which do not follow the metabolite")
    if drug.blood_plasma_ratio.kind == "assumed":
        cannot.append(f"whole blood without an assumption: {drug.blood_plasma_ratio.rationale}")
    return can, cannot


def _of_cytokine(cytokine: Cytokine) -> tuple[list[str], list[str]]:
    library, can, cannot = get_library(), [], []
    can.append(f"read-outs {', '.join(readouts(library, cytokine))}")
    can.append(f"cell {cytokine.reference_cell} where none is named")
    for cell in library.cells.values():
        if lacking := _lacking(cell, cytokine):
            cannot.append(f"cell {cell.id}: no {', '.join(lacking)} on it")
    if cytokine.activity is None:
        cannot.append("doses in IU/mL: no activity stated")
    else:
        can.append("doses in IU/mL")
    return can, cannot


def _lacking(cell: Cell, cytokine: Cytokine) -> list[str]:
    """Chains of a receptor that a cell does not have."""
    chains = dict.fromkeys(chain for _, chain in cytokine.chains)
    return [chain for chain in chains if chain not in cell.chains or cell.chains[chain].value == 0]


def lines(shown: Shown) -> Iterator[str]:
    """What stands around the table of numbers."""
    title = f" ({shown.name})" if shown.name else ""
    yield f"{shown.kind.removesuffix('s')} {shown.id}{title}"
    if shown.aliases:
        yield f"also: {', '.join(shown.aliases)}"
    for head, answers in (("can answer", shown.can), ("cannot answer", shown.cannot)):
        yield from [f"{head}:", *(f"  {line}" for line in answers)] if answers else []
