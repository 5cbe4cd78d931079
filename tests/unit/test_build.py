"""Built models: everything named, unit-checked and sourced; nothing left over from a template."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import libsbml
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib import paths
from jakinib.build import ModelSpec, Source, built, check, compose, to_sbml
from jakinib.build.template import TOKENS, fill, instantiate, template
from jakinib.errors import ModelError
from jakinib.library import Library, get_library
from jakinib.library.schema import JAKS

ANTIMONY = sorted(path.stem for path in (paths.models() / "antimony").glob("*.ant"))
# Set by the user or the protocol, or constants that say "no feedback on this receptor".
NOT_A_NUMBER_FROM_A_SOURCE = ("I_", "input_rate_", "brake_", "loss_SOCS_")


@functools.cache
def source(name: str) -> Source:
    return compose(built()[name], name)


@functools.cache
def document(name: str) -> libsbml.SBMLDocument:
    return libsbml.readSBMLFromString(to_sbml(source(name)))


def symbols(name: str) -> list[Any]:
    model = document(name).getModel()
    lists = (model.getListOfCompartments(), model.getListOfSpecies(), model.getListOfParameters())
    return [symbol for group in lists for symbol in group]


@pytest.mark.parametrize("name", built())
def test_every_symbol_has_a_name_a_unit_and_an_sbo_term(name: str) -> None:
    model = document(name).getModel()
    assert model.isSetSubstanceUnits()
    assert model.isSetVolumeUnits()
    for symbol in symbols(name):
        assert symbol.getName(), symbol.getId()
        assert symbol.isSetSBOTerm(), symbol.getId()
    for parameter in model.getListOfParameters():
        assert parameter.isSetUnits(), parameter.getId()
    for reaction in model.getListOfReactions():
        assert reaction.getName(), reaction.getId()
        assert reaction.isSetSBOTerm(), reaction.getId()


@pytest.mark.parametrize("name", built())
def test_a_built_model_passes_the_full_check_of_libsbml_with_units(name: str) -> None:
    assert check(to_sbml(source(name))) == []


@pytest.mark.parametrize("name", built())
def test_ids_are_ascii_and_no_template_token_is_left(name: str) -> None:
    for identifier in (symbol.getId() for symbol in symbols(name)):
        assert identifier.isascii()
    assert [token for token in TOKENS if token in source(name).antimony] == []


def powers(node: libsbml.ASTNode) -> list[libsbml.ASTNode]:
    below = [power for i in range(node.getNumChildren()) for power in powers(node.getChild(i))]
    return [node, *below] if node.getType() in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER) else below


@pytest.mark.parametrize("name", built())
def test_no_state_is_raised_to_a_power_because_a_dip_below_zero_would_be_nan(name: str) -> None:
    model = document(name).getModel()
    species = {s.getId() for s in model.getListOfSpecies()}
    laws = [model.getRule(i).getMath() for i in range(model.getNumRules())]
    laws += [r.getKineticLaw().getMath() for r in model.getListOfReactions()]
    bases = {libsbml.formulaToL3String(power.getChild(0)) for law in laws for power in powers(law)}
    assert not bases & species


@pytest.mark.parametrize("name", built())
def test_every_parameter_says_where_its_value_comes_from(name: str) -> None:
    model = jk.Model(to_sbml(source(name)))
    free = {p for p in model.parameters if p in model.settable}
    owed = {p for p in free if not p.startswith(NOT_A_NUMBER_FROM_A_SOURCE)}
    assert owed == set(source(name).provenance)


@pytest.mark.parametrize("name", built())
def test_every_source_of_a_value_can_be_looked_up(name: str) -> None:
    library = get_library()
    known = {
        *library.references,
        *(folder.name for folder in (paths.fits() / "data").iterdir()),
        *(plan.stem for plan in (paths.fits() / "plans").glob("*.yaml")),
    }
    for symbol, quantity in source(name).provenance.items():
        if quantity.kind != "assumed" or quantity.source:
            assert quantity.source in known, symbol
        assert quantity.kind != "assumed" or quantity.rationale, symbol


def test_every_source_named_in_the_library_can_be_looked_up() -> None:
    library = get_library()
    known = {*library.references, *(p.stem for p in (paths.fits() / "plans").glob("*.yaml"))}
    known |= {folder.name for folder in (paths.fits() / "data").iterdir()}

    def sources(entry: Any) -> set[str]:
        if isinstance(entry, dict):
            own = {entry["source"]} - {""} if "unit" in entry and "source" in entry else set()
            return own.union(*(sources(value) for value in entry.values()))
        return set()

    for group in (
        library.inhibitors,
        library.cytokines,
        library.cells,
        library.populations,
        library.parameters,
    ):
        for identifier, entry in group.items():
            assert sources(entry.model_dump()) <= known, identifier


@pytest.mark.parametrize("name", built())
def test_the_committed_file_is_what_the_sources_build(name: str) -> None:
    committed = (paths.models() / "sbml" / f"{name}.xml").read_text(encoding="utf-8")
    assert committed == to_sbml(source(name))


def test_building_twice_gives_the_same_bytes() -> None:
    spec = built()["cytokine_signalling"]
    assert to_sbml(compose(spec)) == to_sbml(compose(spec))


# Templates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ANTIMONY if any(t in template(name) for t in TOKENS)])
def test_a_token_without_a_value_is_refused_by_name(name: str) -> None:
    needed = [token for token in TOKENS if token in template(name)]
    values = dict.fromkeys(needed, "X1")
    assert not [token for token in TOKENS if token in instantiate(name, **values)]
    with pytest.raises(ModelError, match=rf"{name}\.ant: token {needed[-1]}"):
        instantiate(name, **dict.fromkeys(needed[:-1], "X1"))


def test_all_templates_together_use_every_token() -> None:
    assert {t for t in TOKENS if any(t in template(name) for name in ANTIMONY)} == set(TOKENS)


@pytest.mark.parametrize(
    ("formula", "names", "written"),
    [
        ("1 + sum(load_DRUGx)", (), "1 + 0"),
        ("1 + sum(load_DRUGx)", ("a",), "1 + load_a"),
        ("1 / (1 + sum(load_DRUGx))", ("a", "b"), "1 / (1 + load_a + load_b)"),
        ("2 * sum(k_DRUGx * (1 + x_DRUGx))", ("a", "b"), "2 * (k_a * (1 + x_a) + k_b * (1 + x_b))"),
        ("2 - sum(x_DRUGx)", ("a", "b"), "2 - (x_a + x_b)"),
        ("product(x_DRUGx) / 2", (), "1 / 2"),
        ("1 - product(1 - x_DRUGx)", ("a", "b"), "1 - (1 - x_a) * (1 - x_b)"),
        ("sum(product(x_DRUGx) * y)", ("a", "b"), "x_a * x_b * y"),
    ],
)
def test_a_sum_and_a_product_of_a_template_are_written_out_over_names(
    formula: str, names: tuple[str, ...], written: str
) -> None:
    assert fill(f"y := {formula};", "t.ant", {"DRUGx": names}) == f"y := {written};"


def test_a_token_of_several_names_outside_a_sum_is_refused() -> None:
    with pytest.raises(ModelError, match=r"t\.ant: token DRUGx stands for several outside sum"):
        fill("y := load_DRUGx;", "t.ant", {"DRUGx": ("a", "b")})
    with pytest.raises(ModelError, match=r"t\.ant: token DRUGx was not given a value"):
        fill("y := load_DRUGx;", "t.ant", {"DRUGx": ()})
    with pytest.raises(ModelError, match=r"t\.ant: .* both name several in one sum"):
        fill("y := sum(DRUGx * JAKx);", "t.ant", {"DRUGx": ("a", "b"), "JAKx": ("c", "d")})


def test_names_and_notes_of_a_model_are_no_part_of_what_its_results_depend_on() -> None:
    plain = source("kinase_assay_JAK1")
    renamed = plain.antimony.replace('"peptide substrate"', '"substrate; any"').replace(
        "SBO:0000261", "SBO:0000193"
    )
    assert renamed != plain.antimony
    assert dataclasses.replace(plain, antimony=renamed).mathematics == plain.mathematics
    changed = plain.antimony.replace("peptide = 1000", "peptide = 1001")
    assert dataclasses.replace(plain, antimony=changed).mathematics != plain.mathematics


# Values -----------------------------------------------------------------------------------------------


def test_a_parameter_without_a_value_names_the_table_to_add_it_to() -> None:
    library = Library(paths.models() / "library")
    del library.parameters["kturn"]
    with pytest.raises(
        ModelError, match=r"'kturn' has no value; .*add a row to models/library/parameters\.tsv"
    ):
        compose(ModelSpec("cytokine_signalling", ("IL-6",)), library=library)


def test_a_chain_without_a_pool_names_both_files_and_lines(tmp_path: Path) -> None:
    source = paths.models() / "library" / "cytokines" / "IL-2.yaml"
    text = source.read_text(encoding="utf-8").replace("second_chain: IL2RG", "second_chain: IL2RX")
    (tmp_path / "cytokines").mkdir()
    (tmp_path / "cytokines" / "IL-2.yaml").write_text(text, encoding="utf-8")
    library = Library(paths.models() / "library", tmp_path)
    with pytest.raises(ModelError, match=r"IL-2\.yaml:9: second_chain 'IL2RX' has no pool") as caught:
        compose(ModelSpec("cytokine_signalling", ("IL-2",)), library=library)
    assert re.search(r"library/cells\.tsv:\d+$", str(caught.value))


def test_a_misspelt_parameter_of_a_cytokine_names_file_and_line(tmp_path: Path) -> None:
    source = paths.models() / "library" / "cytokines" / "IL-2.yaml"
    (tmp_path / "cytokines").mkdir()
    text = source.read_text(encoding="utf-8").replace("  w_IL2:", "  ww_IL2:")
    (tmp_path / "cytokines" / "IL-2.yaml").write_text(text, encoding="utf-8")
    library = Library(paths.models() / "library", tmp_path)
    with pytest.raises(ModelError, match=r"IL-2\.yaml:20: parameters\.ww_IL2 is no parameter"):
        compose(ModelSpec("cytokine_signalling", ("IL-2",)), library=library)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("JAK3:", "JAK9:", r"IL-2\.yaml:13: slot_b\.JAK9"),
        ("value: 144, unit: nM,", "value: 144,", r"IL-2\.yaml:21: parameters\.Kd_IL2\.unit is missing"),
        ("id: IL-2", "id: IL-6", r"is already used by"),
        ("driven_by: STAT5", "driven_by: STAT4", r"STAT4 drives CISH but is not among stats"),
        ("symbol: IL2", "symbol: IL6", r"IL-6\.yaml:1: id 'IL-6' is already used by IL-2"),
    ],
)
def test_a_faulty_cytokine_file_fails_the_build_with_file_and_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    folder = tmp_path / "library"
    shutil.copytree(paths.models() / "library", folder)
    file = folder / "cytokines" / "IL-2.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(jk.InputError, match=said):
        Library(folder)


def test_a_protein_without_identity_names_the_file_to_add_it_to() -> None:
    library = Library(paths.models() / "library")
    del library.proteins["STAT3"]
    with pytest.raises(ModelError, match=r"'STAT3' has no identity; add it to models/library/proteins\.yaml"):
        compose(ModelSpec("cytokine_signalling", ("IL-6",)), library=library)


def test_an_inhibitor_without_pharmacokinetics_is_offered_for_assays_only() -> None:
    with pytest.raises(ModelError, match=r"'abrocitinib' has no pharmacokinetics .* offered for assays only"):
        jk.load("blood_pkpd", inhibitors="abrocitinib", population="ra_adult")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "blood_pkdp"}, "did you mean blood_pkpd"),
        ({"name": "cytokine_signalling", "cytokines": "ILL-6"}, "did you mean .*IL-6"),
        ({"name": "cytokine_signalling", "inhibitors": ("baricitinib", "Baricitinib")}, "named twice"),
        ({"name": "kinase_assay", "kinase": "JAK4"}, "did you mean .*JAK1"),
        ({"name": "kinase_assay", "inhibitors": ("baricitinib", "tofacitinib")}, "one inhibitor"),
        ({"name": "oral_pk", "population": "children"}, "population .children. may be"),
        ({"name": "oral_pk", "inhibitors": ()}, "at least one inhibitor"),
    ],
)
def test_a_model_that_cannot_be_built_says_why(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(jk.InputError, match=says):
        jk.load(**arguments)


def test_a_new_estimate_is_used_by_the_next_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library_of_its_own: Callable[[], Library]
) -> None:
    # An inhibitor of its own, so that no other test meets the models loaded here.
    drug = (paths.models() / "library" / "inhibitors" / "tofacitinib.yaml").read_text(encoding="utf-8")
    (tmp_path / "drug.yaml").write_text(
        re.sub("(?m)^aliases: .*\n", "", drug.replace("id: tofacitinib", "id: fittednib")), encoding="utf-8"
    )
    jk.register("inhibitors", tmp_path / "drug.yaml")
    table = tmp_path / "estimates.tsv"
    monkeypatch.setattr(
        importlib.import_module("jakinib.build.estimates"), "estimates_path", lambda plan: table
    )
    found = []
    for second, atp in enumerate(("3", "4"), start=1):
        table.write_text(
            f"id\tvalue\tunit\tlow\thigh\tscope\tverdict\nATP\t{atp}\tmM\t2\t5\tmodel\tinside bounds\n",
            encoding="utf-8",
        )
        os.utime(table, (second, second))
        model = jk.load("cytokine_signalling", cytokines="IL-2", inhibitors="fittednib")
        found.append(model.initial("ATP"))
    assert found == pytest.approx([3e6, 4e6])


# Kinase slots -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cytokine", list(get_library().cytokines))
def test_without_inhibitor_the_kinases_of_a_receptor_are_fully_available(cytokine: str) -> None:
    model, symbol = (
        jk.load("cytokine_signalling", cytokines=cytokine),
        get_library().cytokine(cytokine).symbol,
    )
    values = [model.initial(f"{letter}_{symbol}") for letter in "abT"]
    assert values == pytest.approx([1, 1, 1], abs=1e-12)


@given(
    st.sampled_from(list(get_library().cytokines)),
    st.floats(0, 1e5),
    st.floats(0.05, 0.95),
    st.floats(0, 1e4),
)
def test_the_catalytic_activity_of_a_receptor_follows_its_slots_and_its_share(
    name: str, baricitinib: float, w: float, tofacitinib: float
) -> None:
    cytokine = get_library().cytokine(name)
    model = jk.load("cytokine_signalling", cytokines=name, inhibitors=("baricitinib", "tofacitinib"))
    symbol = cytokine.symbol
    settings = {"I_baricitinib": baricitinib, "I_tofacitinib": tofacitinib, f"w_{symbol}": w}
    loads = [f"load_{drug}_{jak}" for drug in ("baricitinib", "tofacitinib") for jak in JAKS]
    observed = model.run(jk.Protocol([0.0], settings), [f"T_{symbol}", *loads])[0]
    activity, load = observed[0], observed[1:].reshape(2, len(JAKS)).sum(axis=0)
    available = dict(zip(JAKS, 1 / (1 + load), strict=True))
    a, b = (
        sum(share.value * available[jak] for jak, share in slot.items())
        for slot in (cytokine.slot_a, cytokine.slot_b)
    )
    assert activity == pytest.approx(a**w * b ** (1 - w), rel=1e-9)


def test_molecules_per_cell_become_the_resting_concentrations() -> None:
    cell = get_library().cell("T cell")
    model = jk.load("cytokine_signalling", cytokines="IL-6", cell="T cell")
    cytosol, nucleus = (cell.volumes[part].to("L") for part in ("cytosol", "nucleus"))  # type: ignore[index]
    assert [model.initial("cytosol"), model.initial("nucleus")] == pytest.approx([cytosol, nucleus])
    avogadro = 6.02214076e14
    assert model.initial("IL6R") * cytosol * avogadro == pytest.approx(cell.chains["IL6R"].value)
    assert model.initial("STAT3_total") * avogadro == pytest.approx(cell.stats["STAT3"].value)


def test_a_resting_cell_is_at_rest() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-6")
    before, after = model.run(jk.Protocol([0.0, 100.0]), model.species)
    assert np.allclose(after, before, rtol=1e-6, atol=1e-9)
