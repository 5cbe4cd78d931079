"""A tissue of one drug is a template and numbers in a user's folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jakinib import paths
from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import dosed
from jakinib.build import ModelSpec, check, compose, to_sbml
from jakinib.check import check as lint
from jakinib.errors import ModelError
from jakinib.library import Library, get_library
from jakinib.population import population
from jakinib.regimen import Regimen
from jakinib.simulate import Model, Protocol, load

PEOPLE, DRUG, PLAIN = "ra_adult", "skinib", "plainib"
KP, VOLUME = 0.6, 3.0
TEMPLATE = """
model skin_tissue
  compartment skin;
  skin is "skin (amounts; its size has no effect)"; skin.sboTerm = SBO:0000290;
  substanceOnly species DRUGx_skin in skin;
  DRUGx_skin is "DRUGx amount, skin"; DRUGx_skin.sboTerm = SBO:0000247;
  Vskin_DRUGx has litre;             Vskin_DRUGx is "volume of skin";
  Kpskin_DRUGx has dimensionless;    Kpskin_DRUGx is "skin over plasma at equilibrium";
  Qskin_DRUGx has litre_per_hour;    Qskin_DRUGx is "plasma flow of skin";
  Cskin_DRUGx has nM;                Cskin_DRUGx is "concentration of DRUGx in skin";
  Cskin_DRUGx := DRUGx_skin / Vskin_DRUGx;
  perfuse_skin_DRUGx: DRUGx_central -> DRUGx_skin; Qskin_DRUGx * (C_DRUGx - Cskin_DRUGx / Kpskin_DRUGx);
  perfuse_skin_DRUGx is "perfusion of skin"; perfuse_skin_DRUGx.sboTerm = SBO:0000185;
end
"""
NUMBERS = f"""
tissues: {{{PEOPLE}: [skin.ant]}}
parameters:
  Vskin_{DRUG}: {{value: 3000, unit: mL, kind: assumed, rationale: "an example"}}
  Kpskin_{DRUG}: {{value: {KP}, unit: dimensionless, kind: assumed, rationale: "an example"}}
  Qskin_{DRUG}: {{value: 5, unit: L/hour, kind: assumed, rationale: "an example"}}
"""


def write(folder: Path, numbers: str = NUMBERS) -> Path:
    place = folder / "inhibitors"
    place.mkdir(parents=True)
    text = (paths.models() / "library" / "inhibitors" / "baricitinib.yaml").read_text("utf-8")
    text = re.sub(r"(?m)^aliases: .*\n", "", text)
    (place / "skin.ant").write_text(TEMPLATE, "utf-8")
    for name, more in ((DRUG, numbers), (PLAIN, "")):
        entry = text.replace("id: baricitinib", f"id: {name}", 1) + more
        (place / f"{name}.yaml").write_text(entry, "utf-8")
    return folder


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = write(tmp_path_factory.mktemp("user"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAKINIB_LIBRARY", str(folder))
        get_library.cache_clear()
        yield folder
    get_library.cache_clear()


@pytest.fixture(scope="module")
def model() -> Model:
    return load("oral_pk", inhibitors=DRUG, population=PEOPLE)


def test_the_folder_passes_the_checks(folder: Path) -> None:
    assert lint(folder).passed


def test_its_sbml_is_clean_and_reads_back_to_the_same_course(model: Model) -> None:
    text = to_sbml(compose(ModelSpec("oral_pk", inhibitors=(DRUG,), population=PEOPLE)))
    assert check(text) == []
    protocol = Protocol([1.0, 5.0], {f"input_rate_{DRUG}": 1000.0})
    again = Model(text).run(protocol, [f"Cskin_{DRUG}"])
    assert again == pytest.approx(model.run(protocol, [f"Cskin_{DRUG}"]), rel=1e-8)


def test_a_constant_input_brings_tissue_over_plasma_to_the_partition_coefficient(model: Model) -> None:
    run = model.run(Protocol([2000.0], {f"input_rate_{DRUG}": 1000.0}), [f"C_{DRUG}", f"Cskin_{DRUG}"])[0]
    assert run[1] / run[0] == pytest.approx(KP, rel=1e-6)
    assert run[0] == pytest.approx(1000.0 / model.initial(f"CL_{DRUG}"), rel=1e-6)  # clearance is the same


def test_without_elimination_what_entered_is_in_the_body(model: Model) -> None:
    closed = {f"CLr_{DRUG}": 0.0, f"CLnr_{DRUG}": 0.0, f"input_rate_{DRUG}": 100.0}
    amounts = [name for name in model.species if name.startswith(f"{DRUG}_")]
    assert f"{DRUG}_skin" in amounts
    run = model.run(Protocol([1.0, 7.0, 30.0], closed), amounts)
    assert run.sum(axis=1) == pytest.approx([100.0, 700.0, 3000.0], rel=1e-7)


def test_without_flow_it_is_the_model_without_tissue(model: Model) -> None:
    plain, times = load("oral_pk", inhibitors=PLAIN, population=PEOPLE), [0.5, 2.0, 9.0]
    without = model.run(Protocol(times, {f"Qskin_{DRUG}": 0.0, f"input_rate_{DRUG}": 500.0}), [f"C_{DRUG}"])
    assert without == pytest.approx(
        plain.run(Protocol(times, {f"input_rate_{PLAIN}": 500.0}), [f"C_{PLAIN}"]), rel=1e-6
    )


def test_a_regimen_at_steady_state_holds_the_tissue_too(model: Model) -> None:
    """The amounts at time 0 of a steady state repeat after an interval, in the tissue as well."""
    regimen = Regimen.parse(f"{DRUG} 4 mg qd ss")
    protocol = dosed(model, regimen, {DRUG: Disposition.of(DRUG, PEOPLE)}, [0.0, 24.0])
    first, last = model.run(protocol, [f"{DRUG}_skin"])[:, 0]
    assert first > 0
    assert last == pytest.approx(first, rel=1e-5)


def test_populations_run_with_it() -> None:
    frames = [population(PEOPLE, 2, "4 mg qd x 2", inhibitor=name, cytokine=None) for name in (DRUG, PLAIN)]
    assert (frames[0]["Cmax_ng_per_mL"] < frames[1]["Cmax_ng_per_mL"]).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (f"Qskin_{DRUG}:", f"Qskim_{DRUG}:", f"lacks Qskin_{DRUG}"),
        ("unit: L/hour", "unit: L", "not convertible"),
        ("parameters:", 'parameters:\n  kx: {value: 1, unit: 1/hour, kind: assumed, rationale: "x"}', "kx"),
    ],
)
def test_a_number_that_is_missing_spare_or_of_another_dimension_is_refused(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    place = write(tmp_path, NUMBERS.replace(old, new))
    found = [finding for finding in lint(place).findings if finding.level == "error"]
    assert found
    assert all(finding.path.stem == DRUG and finding.line > 1 for finding in found)
    library = Library(paths.models() / "library", place)
    with pytest.raises(ModelError, match=message):
        compose(ModelSpec("oral_pk", inhibitors=(DRUG,), population=PEOPLE), library=library)
