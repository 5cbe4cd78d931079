"""evaluate --model --mapping: our own model, mapped, gives the numbers of the native evaluation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer

from jakinib import paths
from jakinib.assay import CellAssay
from jakinib.build import ModelSpec
from jakinib.cli.foreign import evaluate_model
from jakinib.errors import InputError
from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.foreign import ForeignEvaluation, evaluate_foreign
from jakinib.evaluate.mapping import Mapped, MappedModels, read_mapping
from jakinib.evaluate.run import PLANS
from jakinib.export import export
from jakinib.fit.plan import read_plan
from jakinib.library.measurements import get_data
from jakinib.simulate import load

IL6 = """
time: hour
cells: [T cell]
inhibitors:
  baricitinib: {symbol: I_baricitinib, unit: nM}
  tofacitinib: {symbol: I_tofacitinib, unit: nM}
cytokines:
  IL-6:
    dose: {symbol: L_IL6, unit: nM}
    readouts:
      pSTAT3: 100 * (pSTAT3 * cytosol + pSTAT3_nuc * nucleus) / ((STAT3 + pSTAT3) * cytosol + (STAT3_nuc + pSTAT3_nuc) * nucleus)
      pSTAT1: pSTAT1_percent
    without: {SOCS3: {ktx_SOCS3: 0}}
"""  # noqa: E501
ENZYME = """
time: hour
enzymes:
  JAK1:
    inhibitors: {baricitinib: {symbol: baricitinib, unit: nM}}
    atp: {symbol: ATP, unit: nM}
    peptide: {symbol: peptide, unit: nM}
    product: phosphopeptide
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our IL-6 cell, exported with two inhibitors."""
    model = load("cytokine_signalling", cytokines="IL-6", inhibitors=("baricitinib", "tofacitinib"))
    return export(model, tmp_path_factory.mktemp("theirs"), ["sbml-l3v2"])[0]


@pytest.fixture(scope="module")
def native() -> Evidence:
    data = get_data()
    return Evidence([read_plan(name, data) for name in PLANS], data)


@pytest.fixture(scope="module")
def evaluated(theirs: Path) -> ForeignEvaluation:
    return evaluate_foreign(theirs, write(theirs.parent, IL6))


def test_every_criterion_is_either_evaluated_or_has_a_reason(evaluated: ForeignEvaluation) -> None:
    records = evaluated.records()
    assert len({r["id"] for r in records}) == len(records)
    for record in records:
        if record["verdict"] == "not evaluable":
            assert record["value"] is None
            assert record["reason"]
        else:
            assert record["value"] is not None


def test_our_own_model_under_a_mapping_gives_the_native_numbers(
    evaluated: ForeignEvaluation, native: Evidence
) -> None:
    found = {v.criterion.id: v for v in evaluated.verdicts}
    after_dose = {"time_of_maximum", "back_by_24h", "return_10mg", "partial_IL6", "periodic_IL6_STAT1"}
    assert after_dose | {"pbmc_IL6", "pbmc_IL6_low_dose"} <= set(found)
    for verdict in found.values():
        expected = native.value(verdict.criterion)
        assert verdict.value == pytest.approx(expected, rel=1e-5), verdict.criterion.id


def test_every_number_is_of_their_model_and_not_of_ours(
    evaluated: ForeignEvaluation, theirs: Path, tmp_path: Path
) -> None:
    names = ("kphos_IL6_STAT3", "kphos_IL6_STAT1")
    model = load(theirs)
    values = ", ".join(f"{name}: {2 * model.initial(name):g}" for name in names)
    stronger = IL6.replace("time: hour", f"time: hour\nsettings: {{{values}}}")
    changed = {v.criterion.id: v.value for v in evaluate_foreign(theirs, write(tmp_path, stronger)).verdicts}
    for verdict in evaluated.verdicts:
        if verdict.criterion.id != "time_of_maximum":  # plasma alone sets it
            assert changed[verdict.criterion.id] != pytest.approx(verdict.value, rel=1e-3)


def test_inhibition_that_never_returns_is_a_fail_that_says_so(theirs: Path, tmp_path: Path) -> None:
    weak = IL6.replace("time: hour", "time: hour\nsettings: {kphos_IL6_STAT3: 0.01}")
    found = {v.criterion.id: v for v in evaluate_foreign(theirs, write(tmp_path, weak)).verdicts}
    assert found["return_rises"].verdict == "FAIL"
    assert "return_of_inhibition after 4 mg is not reached" in found["return_rises"].error


def test_what_the_mapping_lacks_is_named(evaluated: ForeignEvaluation) -> None:
    reasons = {criterion.id: reason for criterion, reason in evaluated.not_evaluable}
    assert reasons["enzyme_JAK1"] == "the enzyme assay of JAK1 with baricitinib is not mapped"
    assert reasons["calibration_gmfe"] == "cytokine EPO is not mapped"
    assert reasons["drug_inside"] == "it judges refits of our model, which theirs has no part in"
    assert reasons["stat3_peak"] == "cell macrophage is not mapped"
    assert "pharmacokinetics" in reasons["ra_cmax"]


def test_a_macrophage_meets_the_kinetic_constraints_with_the_native_numbers(
    native: Evidence, tmp_path: Path
) -> None:
    model = load("cytokine_signalling", cytokines="IL-6", cell="macrophage")
    path = export(model, tmp_path, ["sbml-l3v1"])[0]
    text = re.sub("  tofacitinib.*\n", "", IL6.replace("T cell", "macrophage"))
    found = {v.criterion.id: v for v in evaluate_foreign(path, write(tmp_path, text)).verdicts}
    for name in ("stat3_peak", "stat3_decay", "stat3_socs3"):
        assert found[name].value == pytest.approx(native.value(found[name].criterion), rel=1e-5)


def test_an_enzyme_assay_is_mapped_too(native: Evidence, tmp_path: Path) -> None:
    model = paths.models() / "sbml" / "kinase_assay_JAK1.xml"
    (verdict,) = evaluate_foreign(model, write(tmp_path, ENZYME)).verdicts
    assert verdict.criterion.id == "enzyme_JAK1"
    assert verdict.value == pytest.approx(native.value(verdict.criterion), rel=1e-6)


def test_other_units_of_concentration_and_time_change_nothing(theirs: Path, tmp_path: Path) -> None:
    """The same model with time in minutes and the inhibitor in uM, rewritten by libSBML."""
    import libsbml

    document = libsbml.readSBMLFromFile(str(theirs))
    model = document.getModel()
    for reaction in model.getListOfReactions():
        law = reaction.getKineticLaw()
        law.setMath(libsbml.parseL3Formula(f"({libsbml.formulaToL3String(law.getMath())}) / 60"))
    drug = model.getParameter("I_baricitinib")
    for rule in model.getListOfRules():
        math = rule.getMath().deepCopy()
        text = libsbml.formulaToL3String(math)
        if rule.getVariable() != drug.getId() and re.search(r"\bI_baricitinib\b", text):
            rule.setMath(libsbml.parseL3Formula(re.sub(r"\bI_baricitinib\b", "(1000 * I_baricitinib)", text)))
    path = tmp_path / "minutes.xml"
    path.write_text(libsbml.writeSBMLToString(document), encoding="utf-8")
    text = IL6.replace("time: hour", "time: minute").replace(
        "I_baricitinib, unit: nM", "I_baricitinib, unit: uM"
    )
    ours = read_mapping(theirs, write(theirs.parent, IL6))
    other = read_mapping(path, write(tmp_path, text))

    def ic50(mapped: Mapped) -> float:
        cell = ModelSpec("cytokine_signalling", ("IL-6",), cell="T cell")
        return CellAssay("baricitinib", "IL-6", "pSTAT3").curve(MappedModels(mapped).model(cell)).ic50

    assert ic50(other) == pytest.approx(ic50(ours), rel=1e-4)


# Bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("time: hour", "time: fortnight", "mapping.yaml:2: time"),
        ("unit: nM}\n  tofa", "unit: hour}\n  tofa", "mapping.yaml:5: inhibitors.baricitinib"),
        ("symbol: I_baricitinib", "symbol: I_baricitinip", "did you mean I_baricitinib"),
        ("symbol: I_baricitinib", "symbol: A_JAK1", "given by a rule of the model and cannot be set"),
        ("symbol: L_IL6", "symbol: L_IL99", "mapping.yaml:9"),
        ("pSTAT1_percent", "pSTAT9_percent", "mapping.yaml:12: cytokines.IL-6.readouts.pSTAT1"),
        ("pSTAT1_percent", "pSTAT1 +", "is not a formula"),
        ("pSTAT1_percent", "__import__('os').getcwd()", "is not a formula"),
        ("pSTAT1_percent", "open(pSTAT1)", "unknown symbol 'open'"),
        ("pSTAT1: pSTAT1_percent", "pSTAT6: pSTAT1_percent", "unknown readout of IL-6 'pSTAT6'"),
        ("cells: [T cell]", "cells: [T sell]", "did you mean T cell"),
        ("  baricitinib:", "  baricitinip:", "did you mean baricitinib"),
        ("  IL-6:", "  ILL-6:", "did you mean IL-6"),
        ("ktx_SOCS3: 0", "ktx_SOCS9: 0", "did you mean ktx_SOCS3"),
        ("cells: [T cell]\n", "", "name inhibitors and the cells"),
        ("cytokines:", "citokines:", "citokines"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_with_its_line(
    old: str, new: str, says: str, theirs: Path, tmp_path: Path
) -> None:
    assert old in IL6
    with pytest.raises(InputError, match=re.escape(says)) as caught:
        read_mapping(theirs, write(tmp_path, IL6.replace(old, new, 1)))
    assert "\n" not in str(caught.value)
    assert "mapping.yaml" in str(caught.value)


def test_a_model_that_is_no_plain_sbml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "theirs.xml"
    path.write_text("<!DOCTYPE sbml [<!ENTITY a 'b'>]><sbml/>", encoding="utf-8")
    with pytest.raises(InputError, match="document type"):
        evaluate_foreign(path, write(tmp_path, IL6))


# Command line -------------------------------------------------------------------------------------------


def test_the_command_prints_json_and_ends_well_when_all_that_decides_passes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = paths.models() / "sbml" / "kinase_assay_JAK1.xml"
    evaluate_model(model, write(tmp_path, ENZYME), as_json=True)
    record = json.loads(capfd.readouterr().out)
    assert record["passed"]
    assert {"PASS", "not evaluable"} == {v["verdict"] for v in record["verdicts"]}


def test_a_model_that_misses_a_constraint_ends_with_exit_code_1(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = ENZYME.replace("symbol: baricitinib, unit: nM", "symbol: baricitinib, unit: uM")
    with pytest.raises(typer.Exit) as caught:
        evaluate_model(
            paths.models() / "sbml" / "kinase_assay_JAK1.xml", write(tmp_path, wrong), as_json=False
        )
    assert caught.value.exit_code == 1
    assert "FAIL" in capfd.readouterr().out


def test_a_model_without_its_mapping_is_bad_input() -> None:
    with pytest.raises(InputError, match="give both"):
        evaluate_model(Path("m.xml"), None, as_json=False)
