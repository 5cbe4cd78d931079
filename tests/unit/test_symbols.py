"""One table of symbols: fits, checks and models agree on the unit of every number."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import libsbml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.build import ModelSpec, compose, to_sbml
from jakinib.build.spec import built
from jakinib.build.symbols import UPTAKE, symbols, unit_of
from jakinib.check import check
from jakinib.errors import InputError, PlanError, UnitError, UnknownIdError
from jakinib.fit.plan import read_plan
from jakinib.fit.problem import Problem
from jakinib.library import get_library
from jakinib.library.measurements import get_data
from jakinib.units import MODEL_UNITS, factor

EXAMPLES = Path(__file__).parents[2] / "examples"


@functools.cache
def declared(spec: ModelSpec) -> dict[str, str]:
    """Pint unit of every parameter and compartment, as the SBML of a model declares it."""
    model = libsbml.readSBMLFromString(to_sbml(compose(spec))).getModel()
    units = {p.getId(): MODEL_UNITS[p.getUnits()] for p in model.getListOfParameters()}
    units |= {c.getId(): "L" for c in model.getListOfCompartments()}
    return units | {
        s.getId(): "nmol" if s.getHasOnlySubstanceUnits() else "nM" for s in model.getListOfSpecies()
    }


@pytest.mark.parametrize("name", sorted(built()))
def test_the_unit_of_every_symbol_is_that_of_the_sbml(name: str) -> None:
    table = symbols()
    for symbol, unit in declared(built()[name]).items():
        assert factor(unit_of(symbol, table), unit) == 1, symbol


@pytest.mark.parametrize("drug", sorted(get_library().inhibitors))
def test_the_unit_of_every_symbol_of_an_inhibitor_is_that_of_the_sbml(drug: str) -> None:
    table, entry = symbols(), get_library().inhibitor(drug)
    specs = [ModelSpec("oral_pk", (), (drug,), population=name) for name in entry.pharmacokinetics]
    specs += [ModelSpec("cytokine_signalling", ("IL-6",), (drug,)), ModelSpec("kinase_assay", (), (drug,))]
    for spec in specs:
        for symbol, unit in declared(spec).items():
            assert factor(unit_of(symbol, table), unit) == 1, (spec, symbol)


def test_a_symbol_of_no_model_and_a_wildcard_over_several_units_are_refused() -> None:
    with pytest.raises(UnknownIdError, match="unknown symbol 'kturm'; did you mean kturn"):
        unit_of("kturm", symbols())
    with pytest.raises(UnitError, match="name them apart"):
        unit_of("k*", symbols())


# Plans ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def covalent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A library folder with a covalent inhibitor and one IC50 of it."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(EXAMPLES / "covalent_jak3", folder, dirs_exist_ok=True)
    data = folder / "data" / "Mine2026"
    data.mkdir(parents=True)
    (data / "source.yaml").write_text(
        "citation: Somebody 2026\ndoi: 10.1000/182\nlicence: x\nhow_read: y\nassay:\n"
        "  preincubation: {value: 60, unit: min, kind: measured, status: verified, source: Mine2026}\n"
        "  stimulation: {value: 15, unit: min, kind: measured, status: verified, source: Mine2026}\n"
        "  cytokine_dose:\n"
        "    IL-15: {value: 1, unit: nM, kind: measured, status: verified, source: Mine2026}\n",
        encoding="utf-8",
    )
    columns = (
        "id quantity inhibitor target cytokine readout cell matrix population dose value unit set status"
    )
    rows = [
        "Z1 cell_ic50 ritlecitinib . IL-15 pSTAT5 T_cell culture . . 60 nM calibration verified",
        "Z2 cmax upadacitinib . . . . . adults 15_mg 32 ng/mL calibration verified",
        "Z3 volume baricitinib V . . . . adults . 76 L calibration verified",
    ]
    lines = [
        "\t".join(
            "" if c == "." else c.replace("_mg", " mg").replace("T_cell", "T cell") for c in row.split()
        )
        for row in (columns, *rows)
    ]
    lines = [line.replace("cell ic50", "cell_ic50") for line in lines]
    (data / "measurements.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "plans").mkdir()
    before = os.environ.get("JAKINIB_LIBRARY")
    os.environ["JAKINIB_LIBRARY"] = str(folder)
    get_library.cache_clear()
    get_data.cache_clear()
    yield folder
    if before is None:
        del os.environ["JAKINIB_LIBRARY"]
    else:
        os.environ["JAKINIB_LIBRARY"] = before
    get_library.cache_clear()
    get_data.cache_clear()


# Free parameters of every kind, and the dimension of each.
FREE = {
    "kinact_ritlecitinib_JAK3": ("Z1", "1/hour"),
    "kturn_ritlecitinib_JAK3": ("Z1", "1/hour"),
    "KI_ritlecitinib_JAK3": ("Z1", "nM"),
    "total_ritlecitinib_JAK3": ("Z1", "nM"),
    "IL2RB_rest@T cell": ("Z1", "nM"),
    "kimp_STAT5": ("Z1", "1/hour"),
    "kon_IL15": ("Z1", "1/(nM*hour)"),
    "delay_CISH": ("Z1", "hour"),
    "ktx_CISH": ("Z1", "nM/hour"),
    "w_IL15": ("Z1", "dimensionless"),
    "ATP": ("Z1", "nM"),
    "release_upadacitinib@healthy_adult": ("Z2", "hour"),
    "first_order_upadacitinib@healthy_adult": ("Z2", "dimensionless"),
    "lag_upadacitinib@healthy_adult": ("Z2", "hour"),
    "ka_upadacitinib@healthy_adult": ("Z2", "1/hour"),
    "weight_CL_upadacitinib@healthy_adult": ("Z2", "dimensionless"),
    "CLnr_upadacitinib@healthy_adult": ("Z2", "L/hour"),
    "F_baricitinib@healthy_adult": ("Z3", "dimensionless"),
    "V1_baricitinib@healthy_adult": ("Z3", "L"),
    "D1_baricitinib@healthy_adult": ("Z3", "hour"),
}
OTHER = {
    "1/hour": "1/min", "nM": "uM", "1/(nM*hour)": "1/(molar*s)", "hour": "min", "nM/hour": "pM/s",
    "dimensionless": "percent", "L/hour": "mL/min", "L": "mL",
}  # fmt: skip


WRONG = "kg*s"


def plan(folder: Path, symbol: str, unit: str, row: str, by: float = 1.0, name: str = "free") -> Path:
    """The file of a plan that frees one symbol from 0.1 to 0.9; ``by`` turns these into ``unit``."""
    low, start, high = 0.1 * by, 0.5 * by, 0.9 * by
    path = folder / "plans" / f"{name}.yaml"
    path.write_text(
        f"id: {name}\nquestion: q\ncalibration: [{row}]\nseed: 1\nstarts: 1\n"
        "populations: {adults: healthy_adult}\n"
        "errors: {cell_ic50: 1.3, cmax: 1.3, volume: 1.3}\n"
        f"parameters:\n  - {{id: '{symbol}', unit: '{unit}',"
        f" low: {low!r}, high: {high!r}, start: {start!r}}}\n",
        encoding="utf-8",
    )
    return path


def problem(path: Path) -> Problem:
    return Problem(read_plan(path, get_data()), get_data())


@pytest.fixture(scope="module")
def plans(covalent: Path) -> Iterator[dict[tuple[str, str], tuple[Path, set[str]]]]:
    """(symbol, unit) -> a plan that frees it in that unit, and what the check of all of them says of it."""
    paths = {}
    for number, (symbol, (row, unit)) in enumerate(FREE.items()):
        for other, stated in enumerate((unit, OTHER[unit], WRONG)):
            by = 1.0 if stated == WRONG else factor(unit, stated)
            paths[symbol, stated] = plan(covalent, symbol, stated, row, by, f"free{number}_{other}")
    findings = check(covalent).findings
    yield {case: (path, {f.check for f in findings if f.path == path}) for case, path in paths.items()}
    for path in paths.values():
        path.unlink()


@pytest.mark.parametrize("symbol", sorted(FREE))
def test_a_plan_gives_the_model_the_value_it_states_whatever_its_unit(
    plans: dict[tuple[str, str], tuple[Path, set[str]]], symbol: str
) -> None:
    _, unit = FREE[symbol]
    for stated in (unit, OTHER[unit]):
        path, complaints = plans[symbol, stated]
        freed = problem(path)
        assert freed.values(freed.start)[symbol] == pytest.approx(0.5)
        assert "unit-dimension" not in complaints


@pytest.mark.parametrize("symbol", sorted(FREE))
def test_a_plan_in_a_unit_of_another_dimension_is_refused_by_the_fit_and_the_check(
    plans: dict[tuple[str, str], tuple[Path, set[str]]], symbol: str
) -> None:
    path, complaints = plans[symbol, WRONG]
    with pytest.raises(InputError, match="not convertible"):
        problem(path)
    assert "unit-dimension" in complaints


def test_a_plan_that_frees_what_no_model_has_is_refused(covalent: Path) -> None:
    with pytest.raises(PlanError, match=r"did you mean .*kinact_ritlecitinib_JAK3"):
        problem(plan(covalent, "kinac_ritlecitinib_JAK3", "1/min", "Z1"))
    assert [f for f in check(covalent / "plans" / "free.yaml").findings if f.check == "unknown-symbol"]


# Settings ---------------------------------------------------------------------------------------------

READ = ("pSTAT5_percent", "pSTAT3_percent", "EPOR", "STAT5_nuc")


def signal(model: jk.Model, given: dict[str, float]) -> list[float]:
    protocol = jk.Protocol([0.0, 0.5, 2.0], given, [jk.Step(0.0, {"L_EPO": 1.0})], start=-1.0)
    return [float(value) for value in model.run(protocol, READ).ravel()]


@functools.cache
def erythroid() -> jk.Model:
    return jk.load("cytokine_signalling", cytokines="EPO")


SETTABLE = [s for s in jk.load("cytokine_signalling", cytokines="EPO").settable if s in symbols()]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(SETTABLE), st.floats(0.2, 3.0))
def test_a_setting_is_the_value_the_model_is_built_with_or_is_refused(symbol: str, by: float) -> None:
    model, spec = erythroid(), ModelSpec("cytokine_signalling", ("EPO",))
    source = compose(spec)
    if symbol not in source.provenance or not source.provenance[symbol].value:
        if symbol in model.starts.fixed:
            with pytest.raises(jk.InputError, match=f"{symbol} cannot be set in a built model"):
                signal(model, {symbol: by})
        return
    value = by * model.initial(symbol)
    assert signal(model, {symbol: value}) == pytest.approx(signal(_built_with(symbol, value), {}), rel=1e-6)


def _built_with(symbol: str, value: float) -> jk.Model:
    """The model composed anew with another value of one symbol."""
    from jakinib.build.composer import Composer
    from jakinib.build.signalling import cytokine_signalling
    from jakinib.library.schema import Quantity

    class Changed(Composer):
        def calibrated(self, name: str, otherwise: Quantity) -> Quantity:
            return self.changed(name.partition("@")[0], super().calibrated(name, otherwise))

        def quantity(self, name: str) -> Quantity:
            return self.changed(name, super().quantity(name))

        def changed(self, name: str, quantity: Quantity) -> Quantity:
            update = {"value": value, "unit": symbols()[symbol].unit, "low": None, "high": None}
            return quantity.model_copy(update=update) if name == symbol else quantity

    library = get_library()
    composer = Changed(ModelSpec("cytokine_signalling", ("EPO",)).resolved(library), library)
    cytokine_signalling(composer)
    return jk.Model(to_sbml(composer.source("changed")))


def test_a_tenth_of_the_receptors_from_the_start_is_a_tenth_in_the_cell() -> None:
    model = erythroid()
    few = model.initial("EPOR_rest") / 10
    assert signal(model, {"EPOR_rest": few}) == signal(model, {"EPOR_rest": few, "EPOR": few})
    assert signal(model, {"EPOR_rest": few})[4] < 0.5 * signal(model, {})[4]


def test_the_covalent_example_starts_with_all_of_the_kinase_whatever_its_number(covalent: Path) -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-15", inhibitors="ritlecitinib")
    read = ["intact_ritlecitinib_JAK3"]
    assert model.run(jk.Protocol([0.0], {"total_ritlecitinib_JAK3": 7.0}), read)[0, 0] == pytest.approx(1.0)


@settings(max_examples=15, deadline=None)
@given(st.floats(10, 150), st.floats(40, 120))
def test_plasma_under_a_covariate_is_that_of_the_patient_who_has_it(renal: float, weight: float) -> None:
    doses, times = jk.Regimen.parse("4 mg qd x 2"), [1.0, 4.0, 24.0, 30.0]
    patient = jk.Patient(eGFR=renal, weight=weight)
    plain = jk.plasma(doses, times, settings={"eGFR": renal, "weight": weight})
    whole = jk.plasma(doses, times, settings=patient.settings())
    assert plain.concentration == pytest.approx(whole.concentration, rel=1e-9)


def test_the_unbound_fraction_that_is_set_is_the_one_of_the_free_concentration() -> None:
    profile = jk.plasma(jk.Regimen.parse("4 mg"), [2.0], settings={"fu_baricitinib": 0.1})
    assert profile.free[0] == pytest.approx(0.1 * profile.concentration[0])


def test_sizes_that_hold_amounts_are_refused_with_what_to_set() -> None:
    with pytest.raises(jk.InputError, match=r"central cannot be set .* set V1_baricitinib"):
        jk.plasma(jk.Regimen.parse("4 mg"), [2.0], settings={"central": 30.0})


def test_what_acts_before_a_model_has_a_unit_for_every_inhibitor() -> None:
    table = symbols()
    for drug in get_library().inhibitors:
        assert {f"{key}_{drug}" for key in UPTAKE} <= set(table)
