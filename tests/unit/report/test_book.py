"""The model book says what the SBML files say, all of it, and is the book that is committed."""

from __future__ import annotations

import functools
import itertools
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import roadrunner as rr
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from matplotlib.textpath import TextPath

from jakinib import paths
from jakinib.build import built, compose
from jakinib.errors import ModelError
from jakinib.report import book
from jakinib.report.diagram import UNIT, Box, Diagram, Text
from jakinib.report.layout import Sheet
from jakinib.report.network import Network
from jakinib.report.pathways import draw
from jakinib.units import MODEL_UNITS, parse_quantity

DOCS = paths.root() / "docs"
FOLDER = DOCS / "models"
NAMES = tuple(built())
DRAWN = tuple(name for name, spec in built().items() if len(spec.cytokines) < 2)


@functools.cache
def network(name: str) -> Network:
    return Network(paths.models() / "sbml" / f"{name}.xml")


@functools.cache
def pages() -> dict[str, str]:
    return book.pages()


@functools.cache
def diagram(name: str) -> Diagram:
    drawn = draw(network(name), compose(built()[name], name).spec)
    assert drawn
    return drawn


@functools.cache
def tables(name: str) -> dict[str, list[dict[str, str]]]:
    """Heading -> rows of the tables under it, each by its columns."""
    found: dict[str, list[dict[str, str]]] = {}
    for section in re.split(r"^## ", pages()[f"{name}.md"], flags=re.MULTILINE)[1:]:
        heading = section.splitlines()[0]
        rows = found.setdefault(heading, [])
        columns: list[str] = []
        for line in section.splitlines():
            if not line.startswith("|"):
                columns = []
                continue
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if not columns:
                columns = cells
            elif set(line) != set("|-"):
                rows.append(dict(zip(columns, cells, strict=True)))
    return found


def rows(name: str, heading: str) -> dict[str, dict[str, str]]:
    return {row["id"].strip("`"): row for row in tables(name)[heading] if "id" in row}


# The book is current ------------------------------------------------------------------------------


def test_the_committed_book_is_what_the_models_and_the_library_give() -> None:
    committed = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    stale = [name for name, text in pages().items() if committed.get(name) != text.encode()]
    assert stale == [], "run: python -m jakinib.report.book docs/models"
    assert committed.keys() == pages().keys()


def test_writing_the_book_writes_every_page_with_unix_newlines(tmp_path: Path) -> None:
    files = book.write(tmp_path / "models")
    assert {path.name: path.read_bytes() for path in files} == {n: t.encode() for n, t in pages().items()}
    assert not any(b"\r" in path.read_bytes() for path in files)


def test_the_book_stays_small() -> None:
    assert sum(len(text.encode()) for text in pages().values()) < 2.5e6


@pytest.mark.parametrize("name", DRAWN)
def test_a_page_with_its_diagram_is_small_as_the_site_shows_it(name: str) -> None:
    frame = 100_000  # bytes that the site puts around a page and its cells
    shown = MarkdownIt("commonmark").enable("table").render(pages()[f"{name}.md"])
    assert len(shown.encode()) + len(pages()[f"{name}.svg"].encode()) + frame < 300_000


def test_a_file_that_its_sources_do_not_give_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(spec: Any, name: str) -> Any:
        source = compose(spec, name)
        faster = source.provenance["Km_JAK1"].model_copy(update={"value": 1.0, "low": None})
        return replace(source, provenance=source.provenance | {"Km_JAK1": faster})

    monkeypatch.setattr(book, "compose", changed)
    with pytest.raises(ModelError, match=r"kinase_assay_JAK1\.xml: Km_JAK1 .* run `jakinib build`"):
        book.pages()


# Nothing of a file is missing ---------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_page_lists_everything_the_file_holds(name: str) -> None:
    held = network(name)
    assert rows(name, "Compartments").keys() == held.compartments.keys()
    assert rows(name, "Species").keys() == held.species.keys()
    assert rows(name, "Reactions").keys() == held.reactions.keys()
    assert rows(name, "Rules").keys() == held.rules.keys()
    assert rows(name, "Parameters").keys() | rows(name, "Rules").keys() == held.parameters.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_a_value_with_unit_kind_status_and_source(name: str) -> None:
    cited = {row["source"] for row in tables(name)["References"]} | {"models/antimony"}
    for heading in ("Parameters", "Compartments"):
        for symbol, row in rows(name, heading).items():
            assert all(row[field] for field in ("unit", "kind", "status", "source", "where and why")), symbol
            assert row["source"] in cited or (row["kind"], row["source"]) == ("assumed", "none"), symbol
    for symbol, row in rows(name, "Rules").items():
        assert row["unit"], symbol
        assert row["formula"], symbol


@pytest.mark.parametrize("name", NAMES)
def test_the_number_as_stated_is_the_value_of_the_file_in_its_own_unit(name: str) -> None:
    for symbol, row in rows(name, "Parameters").items():
        element = network(name).parameters[symbol]
        assert float(row["value"]) == pytest.approx(element.getValue(), rel=1e-5)
        if row["kind"] == "structure":
            assert row["as stated"] == ""
            continue
        stated = row["as stated"].split(" (")[0].replace("\\", "")
        if element.getUnits() == "dimensionless":
            assert float(stated) == pytest.approx(element.getValue(), rel=1e-5)
        else:
            unit = MODEL_UNITS[element.getUnits()]
            assert parse_quantity(stated, unit) == pytest.approx(element.getValue(), rel=1e-5)


@pytest.mark.parametrize("name", ["kinase_assay_JAK1", "oral_pk", "cytokine_signalling_IL2", "blood_pkpd"])
def test_the_printed_equations_are_those_the_engine_integrates(name: str) -> None:
    rr.Logger.setLevel(rr.Logger.LOG_FATAL)
    engine = rr.RoadRunner(str(paths.models() / "sbml" / f"{name}.xml"))
    held = network(name)
    amounts = {s for s, element in held.species.items() if element.getHasOnlySubstanceUnits()}
    for place, symbol in enumerate(held.species, start=1):
        engine[symbol if symbol in amounts else f"[{symbol}]"] = 1 + 0.37 * place
    for symbol, parameter in held.parameters.items():
        if symbol not in held.rules and not parameter.getConstant():
            engine[symbol] = 3.0
    values = {s: engine[s if s in amounts else f"[{s}]"] for s in held.species}
    values |= {symbol: engine[symbol] for symbol in (*held.parameters, *held.compartments)}

    states = engine.model.getFloatingSpeciesIds()
    rates = engine.getRatesOfChange()  # of amounts
    (block,) = re.findall(r"```text\n(.*?)```", pages()[f"{name}.md"], re.DOTALL)
    printed = re.findall(r"^d\[?(\w+)\]?/dt =\n((?:    .*\n)+)", block, re.MULTILINE)
    assert [species for species, _ in printed] == states
    for (species, terms), rate in zip(printed, rates, strict=True):
        formula = " ".join(line.split("#")[0] for line in terms.splitlines()).replace("^", "**")
        volume = 1.0 if species in amounts else values[held.species[species].getCompartment()]
        slope = eval(formula, {"__builtins__": {}}, values)
        assert slope == pytest.approx(rate / volume, rel=1e-9), species


def test_a_page_tells_the_templates_a_model_is_made_of() -> None:
    def used(name: str) -> set[str]:
        return set(re.findall(r"^\* \[`(\w+)\.ant`\]", pages()[f"{name}.md"], re.MULTILINE))

    assert used("oral_pk") == {"units", "oral_pk"}
    assert used("kinase_assay_TYK2") == {"units", "kinase_assay"}
    assert used("cytokine_signalling_IL2") - used("cytokine_signalling_IL15") == {"alpha_chain"}
    assert "isgf3" in used("cytokine_signalling_IFNb") - used("cytokine_signalling_IFNg")
    written = {path.stem for path in (paths.models() / "antimony").glob("*.ant")}
    comparators = {"oral_depot", "oral_peripheral", "metabolite"}  # no committed model doses one
    assert {template for name in NAMES for template in used(name)} == written - comparators


def test_the_index_counts_what_the_files_hold() -> None:
    for name in NAMES:
        (line,) = (row for row in pages()["README.md"].splitlines() if row.startswith(f"| [{name}]("))
        held = network(name)
        counts = [held.compartments, held.species, held.reactions, held.parameters, held.rules]
        assert [int(cell) for cell in line.split(" | ")[4:9]] == [len(count) for count in counts]


@given(st.text())
def test_any_text_stays_in_its_table_cell(text: str) -> None:
    shown = book.plain(text)
    assert re.search(r"(?<!\\)(\\\\)*[|*_<>`$]", shown) is None
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(text.split())


# Diagrams -----------------------------------------------------------------------------------------


@functools.cache
def text_box(text: Text) -> Box:
    """The box of a text in DejaVu Sans, wider than the fonts the file asks for."""
    ink = TextPath((0, 0), text.text, size=text.size).get_extents()
    width = ink.width / UNIT
    shift = {"start": width / 2, "middle": 0.0, "end": -width / 2}[text.anchor]
    return Box(text.at[0] + shift, text.at[1], width, text.size / UNIT)


def overlap(one: Box, other: Box, gap: float = 0.0) -> bool:
    across = abs(one.x - other.x) < (one.width + other.width) / 2 + gap
    return across and abs(one.y - other.y) < (one.height + other.height) / 2 + gap


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.left <= inner.left <= inner.right <= outer.right
        and outer.top <= inner.top <= inner.bottom <= outer.bottom
    )


def crossed(points: tuple[tuple[float, float], ...], boxes: list[tuple[str, Box]]) -> set[str]:
    """The boxes whose inside a polyline enters."""
    steps = [
        np.linspace(start, end, 2 + int(40 * math.dist(start, end)))
        for start, end in itertools.pairwise(points)
    ]
    x, y = np.concatenate(steps).T[:, :, None]
    centre_x, centre_y, width, height = np.array([(b.x, b.y, b.width, b.height) for _, b in boxes]).T
    within = (abs(x - centre_x) < width / 2 - 0.02) & (abs(y - centre_y) < height / 2 - 0.02)
    return {boxes[place][0] for place in np.flatnonzero(within.any(axis=0))}


@pytest.mark.parametrize("name", DRAWN)
def test_a_diagram_shows_every_species_and_reaction_and_each_arc_between_them(name: str) -> None:
    held, drawn = network(name), diagram(name)
    shown = {symbol for symbol, _ in drawn.boxes}
    assert shown >= held.species.keys() | held.reactions.keys()
    arcs = {frozenset((arc.start, arc.end)) for arc in drawn.arcs}
    for reaction in held.reactions.values():
        moved = {*reaction.reactants, *reaction.products}
        assert arcs >= {frozenset((species, reaction.id)) for species in moved}
        open_end = not (reaction.reactants and reaction.products)
        assert (frozenset(("", reaction.id)) in arcs) == open_end
    numbers = [text.text for text in drawn.texts if text.text.isdigit()]
    assert sorted(map(int, numbers)) == [int(row["no"]) for row in rows(name, "Reactions").values()]


@pytest.mark.parametrize("name", DRAWN)
def test_glyphs_and_texts_of_a_diagram_do_not_overlap_and_stay_on_the_canvas(name: str) -> None:
    drawn = diagram(name)
    pairs = itertools.combinations(drawn.boxes, 2)
    assert [(a, b) for (a, one), (b, other) in pairs if overlap(one, other, gap=0.05)] == []
    texts = [(text.text, text_box(text)) for text in drawn.texts]
    assert [(a, b) for (a, one), (b, other) in itertools.combinations(texts, 2) if overlap(one, other)] == []
    canvas = Box(drawn.width / 2, drawn.height / 2, drawn.width, drawn.height)
    assert [what for what, box in (*drawn.boxes, *texts) if not inside(box, canvas)] == []


@pytest.mark.parametrize("name", DRAWN)
def test_a_label_fits_its_glyph(name: str) -> None:
    for symbol, glyph in diagram(name).boxes:
        for text in diagram(name).texts:
            box = text_box(text)
            if text.at == (glyph.x, glyph.y):
                assert glyph.left < box.left < box.right < glyph.right, symbol


@pytest.mark.parametrize("name", DRAWN)
def test_no_arc_runs_through_a_glyph_or_a_text_that_is_not_its_own(name: str) -> None:
    drawn = diagram(name)
    captions = [
        (text.text, text_box(text))
        for text in drawn.texts
        if not any(inside(text_box(text), box) for _, box in drawn.boxes)
    ]
    for arc in drawn.arcs:
        own = {arc.start, arc.end, f"∅ {arc.start}", f"∅ {arc.end}"}
        assert crossed(arc.points, drawn.boxes + captions) <= own, (arc.start, arc.end)


@pytest.mark.parametrize("name", DRAWN)
def test_what_brakes_a_phosphorylation_meets_it_head_on_and_apart_from_the_rest(name: str) -> None:
    into = [arc for arc in diagram(name).arcs if arc.end.startswith("phosphorylate_")]
    brakes = [arc for arc in into if arc.start.startswith(("SOCS", "CISH", "brake_"))]
    assert bool(brakes) == any(symbol.startswith(("SOCS", "CISH")) for symbol in network(name).species)
    for brake in brakes:
        (before, _), (end, _) = brake.points[-2:]
        assert before == end  # from straight above: the bar lies along the edge of the node
        others = [arc for arc in into if arc.end == brake.end and arc.start != brake.start]
        assert all(math.dist(arc.points[-1], brake.points[-1]) > 0.2 for arc in others)


@pytest.mark.parametrize("name", DRAWN)
def test_every_text_of_a_diagram_can_be_read_at_900_pixels(name: str) -> None:
    drawn = diagram(name)
    shrunk = min(1.0, 900 / (UNIT * drawn.width))
    assert min(text.size for text in drawn.texts) * shrunk > 9  # pixels


@pytest.mark.parametrize("name", DRAWN)
def test_a_diagram_is_well_formed_and_uses_only_the_heads_it_defines(name: str) -> None:
    text = pages()[f"{name}.svg"]
    root = ET.fromstring(text)
    assert root.tag.endswith("svg")
    heads = re.findall(r"url\(#([\w-]+)\)", text)
    assert set(heads) == set(re.findall(r'<marker id="([\w-]+)"', text))


def test_arcs_carry_the_signs_of_the_biology() -> None:
    held = network("cytokine_signalling_IL6")
    nodes = {*held.species, "T_IL6", "I_baricitinib"}

    def signs(reaction: str) -> dict[str, int]:
        found = held.reactions[reaction]
        return held.drivers(found.law, nodes - {*found.reactants, *found.products})

    assert signs("phosphorylate_IL6_STAT3") == {"T_IL6": 1, "Rp_IL6": 1, "SOCS3": -1}
    assert signs("activate_IL6") == {"T_IL6": 1}
    assert signs("transcribe_SOCS3") == {"pSTAT3_nuc": 1}
    assert signs("lose_Rp_IL6") == {"SOCS3": 1}
    assert held.drivers(held.rules["T_IL6"], ["I_baricitinib"]) == {"I_baricitinib": -1}


def test_complexes_are_drawn_from_the_molecules_that_bind() -> None:
    assert network("cytokine_signalling_EPO").parts["Rp_EPO"] == ["L_EPO", "EPOR", "EPOR"]
    assert sorted(network("cytokine_signalling_IL2").parts["Rap_IL2"]) == ["IL2RA", "IL2RB", "IL2RG", "L_IL2"]
    assert network("kinase_assay_JAK2").parts["JAK2_ATP"] == ["JAK2", "ATP"]


def test_a_species_without_a_place_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="'absorb_baricitinib' has no place"):
        Sheet(network("oral_pk")).draw("", 1, 1)
