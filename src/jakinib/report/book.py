"""The model book: a page a model with everything that is in its SBML file, and where each number is from.

``python -m jakinib.report.book docs/models`` writes it anew.
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jakinib import paths
from jakinib.build import Source, built, compose
from jakinib.errors import ModelError
from jakinib.fit.plan import plan_path
from jakinib.library import get_library
from jakinib.library.files import read_yaml
from jakinib.library.measurements import get_data
from jakinib.library.schema import Cell, Quantity
from jakinib.report.network import Network, formula, identities
from jakinib.report.pathways import draw
from jakinib.report.templates import template
from jakinib.units import MODEL_UNITS

_INTRODUCTION = {
    "kinase_assay": "The isolated kinase domain of one JAK in a well, with ATP, a peptide and an inhibitor.",
    "oral_pk": "An inhibitor by mouth in the typical patient: from dose to plasma concentration.",
    "cytokine_signalling": "A cell under cytokine and inhibitor: receptors, JAKs, STATs, genes, feedback.",
    "blood_pkpd": "From oral dose to signal: plasma, free inhibitor, JAKs and STATs of a blood cell.",
}
_UNITS = {**MODEL_UNITS, "nM": "nM", "litre": "L", "mL_per_min_per_173": "mL/min per 1.73 m²"}
_IDENTIFIERS = "https://identifiers.org/"
_MARKUP = re.compile(r"([\\|*_<>`\[\]$])")
Row = dict[str, str]


def write(folder: Path) -> list[Path]:
    """Write the book of the committed models into ``folder``; returns the files.

    The same models, library and estimates give the same bytes. Raises ModelError when a committed file holds
    what its sources do not.
    """
    texts = pages()
    for name, text in texts.items():
        paths.write_atomic(folder / name, text)
    return [folder / name for name in texts]


def pages() -> dict[str, str]:
    """File name -> text of every page, diagram and of the index."""
    texts: dict[str, str] = {}
    models = []
    for name, spec in built().items():
        network = Network(paths.models() / "sbml" / f"{name}.xml")
        source = compose(spec, name)
        diagram = draw(network, source.spec)
        if diagram:
            texts[f"{name}.svg"] = diagram.svg()
        texts[f"{name}.md"] = _render("book.md.j2", **_page(network, source), diagram=diagram)
        models.append(_entry(network, source) | {"diagram": f"[svg]({name}.svg)" if diagram else ""})
    texts["README.md"] = _render("book_index.md.j2", models=models)
    return texts


def _render(name: str, **context: Any) -> str:
    return template(name, {"text": plain}).render(**context)


def plain(text: str) -> str:
    """Text that Markdown shows as it is, also in a table."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _entry(network: Network, source: Source) -> dict[str, Any]:
    """The line of a model in the index."""
    spec = source.spec
    return {
        "id": source.id,
        "cytokines": ", ".join(spec.cytokines),
        "cell": plain(spec.cell),
        "inhibitors": ", ".join(spec.inhibitors),
        "compartments": len(network.compartments),
        "species": len(network.species),
        "reactions": len(network.reactions),
        "parameters": len(network.parameters),
        "rules": len(network.rules),
    }


def _page(network: Network, source: Source) -> dict[str, Any]:
    """Everything the page of a model shows."""
    spec, library = source.spec, get_library()
    cell = library.cell(spec.cell) if spec.cell else None
    numbers = _cell_numbers(network, cell)
    return {
        "id": source.id,
        "intro": _INTRODUCTION[spec.name],
        "facts": _facts(network, source),
        "templates": list(_templates(source)),
        "compartments": [_compartment(network, source, c, numbers) for c in network.compartments],
        "species": [_species(network, s) for s in network.species],
        "stats": [_quantity(numbers[s]) | {"id": s} for s in network.species if s in numbers],
        "reactions": [_reaction(network, r) for r in network.reactions],
        "equations": list(network.equations()),
        "rules": [_rule(network, symbol) for symbol in network.rules],
        "parameters": [_parameter(network, source, p) for p in network.parameters if p not in network.rules],
        "references": list(_references((*source.provenance.values(), *numbers.values()))),
    }


def _facts(network: Network, source: Source) -> list[tuple[str, str]]:
    spec, library = source.spec, get_library()
    file = f"models/sbml/{source.id}.xml"
    used = {quantity.source for quantity in source.provenance.values()}
    plans = [plan for plan in spec.calibrated if plan in used]
    shown = [
        ("file", f"[{file}](../../{file})"),
        ("cytokines", ", ".join(spec.cytokines)),
        ("cell", plain(spec.cell)),
        ("kinase", spec.kinase),
        ("inhibitors", ", ".join(spec.inhibitors)),
        ("population", plain(library.population(spec.population).name) if spec.population else ""),
        ("calibrated by", ", ".join(f"[{p}](../../fits/plans/{p}.yaml)" for p in plans)),
        ("identity of the model", _links(network.model)),
        ("units", "hour, nM, nmol, litre"),
    ]
    return [(label, value) for label, value in shown if value]


def _templates(source: Source) -> Iterable[tuple[str, str]]:
    """(name, header comment) of the Antimony sources that the model is made of."""
    for name in source.templates:
        text = (paths.models() / "antimony" / f"{name}.ant").read_text(encoding="utf-8")
        lines = text.split("\nmodel ")[0].splitlines()
        header = " ".join(line.removeprefix("//").strip() for line in lines if line.startswith("//"))
        yield name, re.sub(r"\s*\bTokens?: [^.]*\.", "", header)


# Rows -----------------------------------------------------------------------------------------------


def _number(value: float) -> str:
    return f"{value:.6g}"


def _links(element: Any) -> str:
    """MIRIAM identities as links, each qualifier said once."""
    links: dict[str, list[str]] = {}
    for qualifier, address in identities(element):
        links.setdefault(qualifier, []).append(f"[{address.removeprefix(_IDENTIFIERS)}]({address})")
    return "; ".join(f"{qualifier} {', '.join(found)}" for qualifier, found in links.items())


def _quantity(quantity: Quantity) -> Row:
    """The fields of a quantity; ``stated`` is the number as the source gives it."""
    low, high = (None if bound is None else _number(bound) for bound in (quantity.low, quantity.high))
    span = f" ({low or ''} to {high or ''})" if low or high else ""
    unit = "" if quantity.unit == "dimensionless" else f" {quantity.unit}"
    return {
        "value": _number(quantity.value),
        "unit": quantity.unit,
        "stated": f"{_number(quantity.value)}{unit}{span}",
        "kind": quantity.kind,
        "status": quantity.status or "none",
        "source": quantity.source or "none",
        "why": "; ".join(part for part in (quantity.location, quantity.rationale) if part),
    }


def _structure(why: str) -> Row:
    return {"stated": "", "kind": "structure", "status": "none", "source": "models/antimony", "why": why}


def _cell_numbers(network: Network, cell: Cell | None) -> dict[str, Quantity]:
    """Volumes and STAT numbers of the cell that this model uses, by its symbols."""
    if cell is None:
        return {}
    stated = {str(name): number for name, number in (*cell.volumes.items(), *cell.stats.items())}
    used = (*network.compartments, *network.species)
    return {symbol: stated[symbol] for symbol in used if symbol in stated}


def _compartment(network: Network, source: Source, symbol: str, numbers: dict[str, Quantity]) -> Row:
    element = network.compartments[symbol]
    if symbol in numbers:
        row = _quantity(numbers[symbol])
    elif symbol == "well":
        row = _structure(
            "a plate well; every rate law multiplies by it, so concentrations do not depend on it"
        )
    else:
        row = _structure("its species are amounts, so its size has no effect")
    return row | {
        "id": symbol,
        "name": element.getName(),
        "value": _number(element.getSize()),
        "unit": _UNITS[element.getUnits() or network.model.getVolumeUnits()],
        "identity": _links(element),
    }


def _species(network: Network, symbol: str) -> Row:
    element = network.species[symbol]
    amount = element.getHasOnlySubstanceUnits()
    return {
        "id": symbol,
        "name": element.getName(),
        "compartment": element.getCompartment(),
        "value": _number(element.getInitialAmount() if amount else element.getInitialConcentration()),
        "unit": "nmol" if amount else "nM",
        "boundary": "yes" if element.getBoundaryCondition() else "",
        "term": element.getSBOTermID(),
        "identity": _links(element),
    }


def _reaction(network: Network, symbol: str) -> Row:
    reaction = network.reactions[symbol]
    return {
        "number": str(reaction.number),
        "id": symbol,
        "name": reaction.name,
        "equation": reaction.equation,
        "rate": formula(reaction.law),
        "term": reaction.term,
        "identity": _links(network.model.getReaction(symbol)),
    }


def _named(network: Network, symbol: str) -> Row:
    element = network.parameters[symbol]
    return {
        "id": symbol,
        "name": element.getName(),
        "unit": _UNITS[element.getUnits()],
        "term": element.getSBOTermID(),
        "identity": _links(element),
    }


def _rule(network: Network, symbol: str) -> Row:
    return _named(network, symbol) | {"formula": formula(network.rules[symbol])}


def _parameter(network: Network, source: Source, symbol: str) -> Row:
    element = network.parameters[symbol]
    if symbol in source.provenance:
        quantity = source.provenance[symbol]
        row = _quantity(quantity)
        if not math.isclose(quantity.to(MODEL_UNITS[element.getUnits()]), element.getValue(), rel_tol=1e-9):
            raise ModelError(
                f"models/sbml/{source.id}.xml: {symbol} is {element.getValue():g}, its source says "
                f"{row['stated']}; run `jakinib build`"
            )
    elif not element.getConstant():
        row = _structure("an input: zero until an assay, a dose or the user sets it")
    else:
        row = _structure("no feedback protein acts on this receptor")
    return row | _named(network, symbol) | {"value": _number(element.getValue())}


def _references(quantities: Iterable[Quantity]) -> Iterable[tuple[str, str]]:
    """(key, citation) of every source of the quantities."""
    references, data = get_library().references, get_data().sources
    for key in sorted({quantity.source for quantity in quantities} - {""}):  # an assumed number may have none
        entry = references.get(key) or data.get(key)
        if entry is None:  # the estimates of a plan
            question = plain(read_yaml(plan_path(key))["question"])
            yield key, f"plan [fits/plans/{key}.yaml](../../fits/plans/{key}.yaml): {question}"
            continue
        doi = f" [doi:{entry.doi}](https://doi.org/{entry.doi})" if entry.doi else ""
        url = f" <{entry.url}>" if entry.url else ""
        yield key, plain(entry.citation) + doi + url


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m jakinib.report.book", description="Write the model book."
    )
    parser.add_argument("folder", type=Path, help="docs/models in a checkout")
    files = write(parser.parse_args().folder)
    print(f"{len(files)} files in {files[0].parent}")


if __name__ == "__main__":
    main()
