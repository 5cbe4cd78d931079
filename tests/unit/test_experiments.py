"""Experiments: a residual is zero at the truth, of right sign and size elsewhere, one-sided for a bound."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jakinib.assay import Curve
from jakinib.errors import PlanError
from jakinib.experiments import (
    SATURATING,
    CellIC50,
    Chosen,
    Experiment,
    Models,
    experiment,
    one_sided,
)
from jakinib.experiments.course import falls_to
from jakinib.experiments.pk import sampling_error
from jakinib.fit import get_data, read_plan
from jakinib.fit.context import Context
from jakinib.fit.problem import Problem, build_experiments
from jakinib.library import get_library
from jakinib.library.measurements import Measurement
from jakinib.simulate import Protocol, Step

COURSE = {"cytokine": "IL-6", "cytokine_dose": "10 ng/mL", "readout": "pSTAT3", "cell": "macrophages"}


def row(quantity: str, value: float, unit: str, **fields: Any) -> Measurement:
    fields = {"id": "Z1", "set": "calibration", "status": "verified", "source": "Cheemalavagu2024"} | fields
    return Measurement(quantity=quantity, value=value, unit=unit, **fields)


def target(*rows: Measurement, plan: str = "dynamics", **errors: float) -> tuple[Experiment, Context]:
    """The experiment of the first row in a shipped plan, at the plan's start values."""
    shipped, data = read_plan(plan, get_data()), get_data()
    own = data.with_rows(*rows, place="mine.tsv:2")
    factors = shipped.errors | errors
    changed = shipped.model_copy(update={"calibration": [rows[0].id], "errors": factors})
    context, (out,) = build_experiments(changed, own)
    context.set(start_of(plan) | {"ktl_SOCS3": 300 * 60.0})  # 1/h: strong enough to end a time course
    return out, context


@cache
def start_of(plan: str) -> dict[str, float]:
    problem = Problem(read_plan(plan, get_data()), get_data())
    return problem.values(problem.start)


def percent(context: Context, one: Experiment, hours: list[float], **settings: float) -> np.ndarray:
    """pSTAT3 of the model behind an experiment, simulated by itself."""
    model, values = alone(context, one)
    return model.run(Protocol(hours, values | settings), ["pSTAT3_percent"])[:, 0]


def alone(context: Context, one: Experiment) -> tuple[Any, dict[str, float]]:
    """The compiled model of an experiment, and the parameters that the fit sets in it."""
    model = context.compiled(one.specs[0])
    return model, context.settings(model.settable, one.scope)


DOSE = 10 / 20.8  # nM: 10 ng/mL of IL-6
GRID = [h / 3600 for h in range(1, 7200)]  # h, every second for two hours


def oracle(quantity: str) -> tuple[float, str, dict[str, Any]]:
    """The value a quantity has in the model, found another way than the experiment does."""
    if quantity == "ec50":
        fields = {"cytokine": "IL-15", "readout": "pSTAT5", "cell": "NK", "time": "30 min"}
        one, context = target(row("ec50", 1.0, "nM", **fields))
        model, given = alone(context, one)

        def signal(dose: float) -> float:
            return float(model.run(Protocol([0.5], {**given, "L_IL15": dose}), ["pSTAT5_percent"])[0, 0])

        top = signal(SATURATING)
        return Curve(lambda dose: signal(dose) / top, "IL-15").ic50, "nM", fields
    if quantity == "residence_time":
        return 1 / 0.0763, "min", {"cytokine": "IFN-gamma", "readout": "pSTAT1", "cell": "monocyte"}
    if quantity == "disappearance_time":
        fields = {
            "cytokine": "IFN-gamma",
            "readout": "pSTAT1",
            "cell": "monocyte",
            "cytokine_dose": "50 ng/mL",
        }
        one, context = target(row(quantity, 1.0, "hour", **fields))
        model, given = alone(context, one)
        given |= {"L_IFNg": 50 / 16.9}
        before = model.run(Protocol([0.5], given), ["pSTAT1_percent"])[0, 0]
        blocked = Protocol(GRID, given, [Step(0.0, {"I_baricitinib": 1e7})], start=-0.5)
        after = model.run(blocked, ["pSTAT1_percent"])[:, 0]
        gone = int(np.flatnonzero(after < 0.05 * before)[0])
        return float(blocked.times[gone]), "hour", fields
    one, context = target(row("percent", 50, "percent", time="20 min", **COURSE))
    signal_course = percent(context, one, GRID, L_IL6=DOSE)
    top = int(signal_course.argmax())
    match quantity:
        case "percent":
            return float(signal_course[1199]), "percent", {**COURSE, "time": "20 min"}
        case "fold_over_basal":
            peak = get_data()["T002"].value  # the highest of the published course that the row belongs to
            share = float(signal_course[2699] / signal_course[top])
            return 1 + (peak - 1) * share, "dimensionless", {**COURSE, "time": "45 min"}
        case "time_of_maximum":
            return GRID[top], "hour", COURSE
    back = top + int(np.flatnonzero(signal_course[top:] < 0.1 * signal_course[top])[0])
    return GRID[back], "hour", COURSE


TIMED = ["percent", "fold_over_basal", "ec50", "residence_time", "disappearance_time", "time_of_maximum"]
FACTOR = 1.7


@pytest.mark.parametrize("quantity", [*TIMED, "return_to_baseline"])
def test_a_read_out_of_a_stimulated_cell_is_zero_at_the_truth_and_positive_when_the_model_is_higher(
    quantity: str,
) -> None:
    truth, unit, fields = oracle(quantity)
    one, context = target(row(quantity, truth, unit, **fields), **{quantity: FACTOR})
    assert one.residual(context) == pytest.approx(0, abs=5e-3)
    lower, context = target(row(quantity, truth / FACTOR, unit, **fields), **{quantity: FACTOR})
    if quantity == "percent":
        odds = truth / (100 - truth) / (truth / FACTOR / (100 - truth / FACTOR))
        assert lower.residual(context) == pytest.approx(math.log(odds) / math.log(FACTOR), abs=5e-3)
    elif quantity == "ec50":  # to first order: the slope of the dose response is not exactly 1
        assert 0.7 < lower.residual(context) < 1.3
    else:
        assert lower.residual(context) == pytest.approx(1, abs=5e-3)


@pytest.mark.parametrize("quantity", ["ec50", "time_of_maximum", "residence_time"])
@pytest.mark.parametrize(("qualifier", "factor", "counts"), [
    (">", 2, True), (">", 0.5, False), ("<", 0.5, True), ("<", 2, False),
])  # fmt: skip
def test_a_published_bound_counts_only_when_the_model_violates_it(
    quantity: str, qualifier: str, factor: float, counts: bool
) -> None:
    truth, unit, fields = oracle(quantity)
    bound = row(quantity, truth * factor, unit, qualifier=qualifier, **fields)
    one, context = target(bound, **{quantity: 2.0})
    residual = one.residual(context)
    assert (residual != 0) == counts
    assert residual <= 0 if qualifier == ">" else residual >= 0


@given(st.floats(-50, 50), st.sampled_from(["=", "~", "<", ">"]))
def test_a_bound_keeps_only_the_side_that_violates_it(distance: float, qualifier: str) -> None:
    kept = one_sided(distance, qualifier)
    assert kept in (0.0, distance)
    assert {">": kept <= 0, "<": kept >= 0}.get(qualifier, kept == distance)


@given(st.floats(0.2, 5), st.floats(1e-3, 0.5))
def test_the_time_of_an_exponential_fall_is_that_of_its_formula(rate: float, share: float) -> None:
    times = np.linspace(0, 8 / rate, 400)
    signal = 7 * np.exp(-rate * times)
    assert falls_to(share, times, signal) == pytest.approx(-math.log(share) / rate, rel=1e-9)
    short = times <= 1 / rate  # followed on when it ends before
    assert falls_to(share, times[short], signal[short]) == pytest.approx(-math.log(share) / rate, rel=1e-6)


# Potencies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identifier", ["C007", "C012", "C017"])
@pytest.mark.parametrize("shift", [0.7, 0.9, 1.0, 1.1, 1.4])
def test_the_residual_of_a_cell_ic50_is_its_log_error_whatever_the_slope_of_the_curve(
    identifier: str, shift: float
) -> None:
    data = get_data()
    one, context = target(data[identifier], plan="pathways")
    assert isinstance(one, CellIC50)
    model, settings = alone(context, one)
    conditions = replace(one.assay, settings=settings)
    truth = conditions.curve(model).ic50
    moved = data[identifier].model_copy(update={"value": truth / shift})
    near, context = target(moved, plan="pathways", cell_ic50=1.25)
    log = math.log(shift)
    assert near.distance(context) == pytest.approx(log, rel=0.06, abs=1e-6)  # its slope is a closed form's
    assert near.residual(context) == pytest.approx(near.distance(context) / math.log(1.25))


@pytest.mark.parametrize(("qualifier", "factor", "counts"), [
    (">", 3, True), (">", 1 / 3, False), ("<", 1 / 3, True), ("<", 3, False),
])  # fmt: skip
def test_a_bound_on_a_cell_ic50_is_one_sided(qualifier: str, factor: float, counts: bool) -> None:
    fields = {"value": 45.0 * factor, "qualifier": qualifier}
    one, context = target(get_data()["C012"].model_copy(update=fields), plan="pathways", cell_ic50=1.25)
    distance = one.distance(context)
    assert one.residual(context) == (pytest.approx(distance / math.log(1.25)) if counts else 0)


def test_without_inhibitor_parameters_of_the_inhibitor_leave_a_kept_run_as_it_is() -> None:
    problem = Problem(read_plan("pathways", get_data()), get_data())
    fresh = Problem(read_plan("pathways", get_data()), get_data())
    moved = problem.start.copy()
    moved[problem.names.index("Km_JAK1")] += 0.1
    problem.residuals(problem.start)
    assert problem.residuals(moved) == pytest.approx(fresh.residuals(moved), abs=1e-6)


def enzyme(quantity: str, value: float, **fields: Any) -> tuple[Experiment, Context]:
    own = {"inhibitor": "tofacitinib", "target": "JAK1", "atp": "0.1 mM"} | fields
    one, context = target(row(quantity, value, "nM", **own), plan="enzyme", enzyme_ic50=1.6, kd=2.0)
    context.set({"Ki_tofacitinib_JAK1": 2.0, "Km_JAK1": 4e4})
    return one, context


def test_an_enzyme_ic50_obeys_cheng_prusoff_and_a_kd_is_the_ki() -> None:
    for quantity, truth, sigma in (("enzyme_ic50", 2 * (1 + 1e5 / 4e4), 1.6), ("kd", 2.0, 2.0)):
        one, context = enzyme(quantity, truth)
        assert one.residual(context) == pytest.approx(0, abs=1e-12)
        low, context = enzyme(quantity, truth / sigma)
        assert low.residual(context) == pytest.approx(1)
        bound, context = enzyme(quantity, truth / sigma, qualifier=">")
        assert bound.residual(context) == 0


# Pharmacokinetics ------------------------------------------------------------------------------------


def test_a_population_cv_adds_the_error_of_the_mean_to_the_error_of_the_plan() -> None:
    published = get_data()["A19"]
    assert (published.spread, published.spread_type) == (22, "CV%")
    one, _ = target(published.model_copy(update={"n": 4}), plan="clinical_pk")
    of_mean = math.sqrt(math.log(1 + 0.22**2) / 4)
    assert one.sigma == pytest.approx(math.hypot(math.log(1.1), of_mean))


@given(st.floats(1, 60), st.integers(2, 1000))
def test_the_error_of_a_mean_falls_with_the_root_of_the_number_and_is_the_cv_of_one_person(
    cv: float, n: int
) -> None:
    one = row("cmax", 1, "ng/mL", spread=cv, spread_type="CV%")
    assert sampling_error(one) == pytest.approx(math.sqrt(math.log(1 + (cv / 100) ** 2)))
    assert sampling_error(one.model_copy(update={"n": n})) == pytest.approx(
        sampling_error(one) / math.sqrt(n)
    )
    assert sampling_error(one.model_copy(update={"spread_type": "SEE%"})) == 0


@pytest.mark.parametrize("identifier", ["A19", "A17", "A11"])
def test_a_pharmacokinetic_metric_is_zero_at_the_truth_and_its_size_is_the_log_error(identifier: str) -> None:
    published = get_data()[identifier]
    one, context = target(published, plan="clinical_pk")
    truth = one.predicted(context)

    def stated(value: float) -> tuple[Experiment, Context]:
        row = published.model_copy(update={"value": value, "unit": one.unit})
        return target(row, plan="clinical_pk")

    at, context = stated(truth)
    assert at.residual(context) == pytest.approx(0, abs=1e-12)
    low, context = stated(truth / 1.3)
    assert low.distance(context) == pytest.approx(math.log(1.3))


# Relations -------------------------------------------------------------------------------------------


def relation(quantity: str, text: str, value: float, **fields: Any) -> tuple[Experiment, Context]:
    rows = [row(quantity, value, "dimensionless", target=text, **fields)]
    for name, target_name in (("K1", "JAK1"), ("K2", "JAK2")):
        rows.append(row("kd", 7, "nM", id=name, inhibitor="tofacitinib", target=target_name, set="context"))
    one, context = target(*rows, plan="enzyme", **{quantity: 2.0})
    context.set({"Ki_tofacitinib_JAK1": 2.0, "Ki_tofacitinib_JAK2": 6.0})
    return one, context


def blocked(first: str, second: str, readout: str, doses: tuple[float, float], **values: float) -> float:
    """Percent of the signal of a cytokine that another, given before it, blocks in a CD4 T cell.

    doses: of both, in ng/mL.
    """
    fields = {"target": first, "cytokine": second, "readout": readout, "cell": "CD4 T"}
    data = get_data().with_rows(row("percent_blocked", 50, "percent", source="Gonnord2018", **fields))
    source = data.sources["Gonnord2018"]
    assert source.assay is not None
    stated = source.assay.cytokine_dose["IL-7"]
    told = {
        name: stated.model_copy(update={"value": dose})
        for name, dose in zip((first, second), doses, strict=True)
    }
    assay = source.assay.model_copy(update={"cytokine_dose": told})
    data.sources = {**data.sources, "Gonnord2018": source.model_copy(update={"assay": assay})}
    return experiment(data["Z1"], data, Chosen()).predicted(Models(values))


@pytest.mark.parametrize(("first", "second", "readout"), [
    ("IL-4", "IL-6", "pSTAT3"), ("IL-6", "IL-4", "pSTAT6"), ("IL-4", "IL-10", "pSTAT3"),
])  # fmt: skip
def test_a_cytokine_blocks_nothing_of_one_with_which_it_shares_no_chain_stat_or_brake(
    first: str, second: str, readout: str
) -> None:
    entries = [get_library().cytokine(name) for name in (first, second)]
    parts = [{e.first_chain, e.second_chain, *e.stats, *(f.protein for f in e.feedback)} for e in entries]
    assert not parts[0] & parts[1]
    assert blocked(first, second, readout, (1000, 10)) == pytest.approx(0, abs=1e-3)


def test_competition_runs_from_nothing_to_everything_with_what_the_first_takes_of_the_chain() -> None:
    found = [blocked("IL-7", "IL-4", "pSTAT6", (dose, 10)) for dose in (0, 0.1, 1, 10, 1000)]
    assert found[0] == pytest.approx(0, abs=1e-6)
    assert found == sorted(found)
    many = {"IL7R_rest@CD4 T": 1e3}  # nM, far more than there is common gamma chain
    assert blocked("IL-7", "IL-4", "pSTAT6", (1000, 10), **many) > 99


def test_competition_without_the_dose_of_one_cytokine_says_where_to_state_it() -> None:
    stated = row("percent_blocked", 5, "percent", target="IL-2", cytokine="IL-4", readout="pSTAT6",
                 cell="CD4 T", source="Gonnord2018")  # fmt: skip
    with pytest.raises(PlanError, match=r"Gonnord2018/source.yaml: assay.cytokine_dose lacks IL-2 \(Z1\)"):
        experiment(stated, get_data(), Chosen())


def test_a_ratio_compares_what_the_model_says_of_two_rows() -> None:
    one, context = relation("ratio", "K2 / K1", 3.0)
    assert one.residual(context) == pytest.approx(0, abs=1e-12)
    lower, context = relation("ratio", "K2 / K1", 1.5)
    assert lower.residual(context) == pytest.approx(1)
    assert one.symbols(context) == {"Ki_tofacitinib_JAK1", "Ki_tofacitinib_JAK2"}


@pytest.mark.parametrize(
    ("text", "tolerance", "expected"),
    [("K1 < K2", 1, 0), ("K2 < K1", 1, math.log(3)), ("K2 < K1", 1.5, math.log(2)), ("K2 < K1", 3.1, 0)],
)
def test_an_ordering_counts_only_what_exceeds_its_tolerance(
    text: str, tolerance: float, expected: float
) -> None:
    one, context = relation("ordering", text, tolerance)
    assert one.residual(context) == pytest.approx(expected / math.log(2), abs=1e-12)


@pytest.mark.parametrize("text", ["K1", "K1 < ", "K1 < K2 < K1", "K1 / K2"])
def test_an_ordering_that_does_not_name_two_rows_is_refused_with_file_row_and_column(text: str) -> None:
    with pytest.raises(PlanError, match=r"Z1 \(mine\.tsv:2, column target\).* does not name two rows"):
        relation("ordering", text, 1)
