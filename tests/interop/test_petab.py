"""PEtab problems give the log-likelihood of the closed form, and of the benchmark collection."""

import csv
import functools
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import laplace, norm

from jakinib.errors import InputError, PlanError, SimulationError, UnknownIdError
from jakinib.fit.petab import PetabProblem, read_petab

EXCHANGE = Path(__file__).parent / "petab"
BENCHMARKS = os.environ.get("JAKINIB_PETAB_BENCHMARKS")
FORTH = {"low": 0.3, "rest": 0.05}
OFFSET, B_AMOUNT, B_HIGH = 0.25, 1.5, 0.5


@functools.cache
def exchange() -> PetabProblem:
    return read_petab(EXCHANGE / "exchange.yaml")


def closed_form(p: Mapping[str, float], before: str, condition: str, time: float) -> tuple[float, float]:
    """A and B of A <-> B, first order both ways."""
    forth = FORTH | {"high": p["k_high"]}
    a, b = p["dose"] * p["share"], B_AMOUNT / p["volume"]
    if before:
        at_rest = p["k_back"] / (forth[before] + p["k_back"])
        a, b = (a + b) * at_rest, (a + b) * (1 - at_rest)
    if condition == "high":
        b = B_HIGH
    rate = forth[condition] + p["k_back"]
    end = (a + b) * p["k_back"] / rate
    now = end + (a - end) * math.exp(-rate * time)
    return now, a + b - now


def log_likelihood(p: Mapping[str, float]) -> float:
    """From the closed form and the densities of scipy."""
    total = 0.0
    with (EXCHANGE / "measurements.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            conditions = row["preequilibrationConditionId"], row["simulationConditionId"]
            a, b = closed_form(p, *conditions, float(row["time"]))
            seen = float(row["measurement"])
            if row["observableId"] == "fraction":
                gain = p["gain"] if row["observableParameters"] == "gain" else 1.0
                noise = (
                    p["sd_fraction"]
                    if row["noiseParameters"] == "sd_fraction"
                    else float(row["noiseParameters"])
                )
                total += norm.logpdf(seen, gain * b / (a + b), noise)
            elif row["observableId"] == "A_log":
                total += norm.logpdf(math.log10(seen), math.log10(a), p["sd_log"])
                total -= math.log(seen * math.log(10))
            else:
                total += laplace.logpdf(math.log(seen), math.log(a + OFFSET), 0.1 + 0.02 * a) - math.log(seen)
    return total


def changed(tmp_path: Path, file: str, old: str, new: str) -> Path:
    """A copy of the problem with one passage changed in one file."""
    folder = shutil.copytree(EXCHANGE, tmp_path / "problem")
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    return folder


def test_the_log_likelihood_is_that_of_the_closed_form() -> None:
    problem = exchange()
    assert problem.log_likelihood() == pytest.approx(log_likelihood(problem.nominal), rel=1e-6)


@given(
    st.fixed_dictionaries(
        {
            "dose": st.floats(0.5, 50),
            "share": st.floats(0.1, 1),
            "k_high": st.floats(0.01, 5),
            "k_back": st.floats(0.05, 5),
            "gain": st.floats(0.5, 2),
            "sd_fraction": st.floats(0.02, 1),
            "sd_log": st.floats(0.02, 1),
            "volume": st.floats(0.2, 10),
        }
    )
)
@settings(max_examples=25)
def test_it_stays_so_for_other_parameters(parameters: dict[str, float]) -> None:
    assert exchange().log_likelihood(parameters) == pytest.approx(log_likelihood(parameters), rel=1e-6)


def test_values_not_given_are_nominal() -> None:
    problem = exchange()
    changed = {"dose": 6.0}
    assert problem.log_likelihood(changed) == pytest.approx(
        log_likelihood(problem.nominal | changed), rel=1e-6
    )


def test_no_evaluation_depends_on_the_ones_before() -> None:
    problem = exchange()
    first = problem.log_likelihood()
    problem.log_likelihood({"dose": 30.0, "volume": 0.3, "k_back": 3.0})
    assert problem.log_likelihood() == first


def test_estimated_parameters_are_those_the_table_frees() -> None:
    assert set(exchange().nominal) - set(exchange().estimated) == {"share", "volume"}


def test_an_unknown_parameter_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownIdError, match="did you mean k_back"):
        exchange().log_likelihood({"k_bakc": 1.0})


def test_noise_that_is_not_positive_is_refused() -> None:
    with pytest.raises(InputError, match=r"measurements\.tsv:12: noise of 'A_log' is 0"):
        exchange().log_likelihood({"sd_log": 0.0})


def test_the_logarithm_of_nothing_is_a_failed_simulation() -> None:
    with pytest.raises(SimulationError, match=r"measurements\.tsv:12: 'A_log' is 0"):
        exchange().log_likelihood({"dose": 0.0})


M, F, C, P, X = "measurements.tsv", "observables.tsv", "conditions.tsv", "parameters.tsv", "exchange.xml"
BAD = {
    "a missing column": (F, "noiseFormula", "noise", PlanError, "1: no column 'noiseFormula'"),
    "time inf": (M, "0.72\t6", "0.72\tinf", PlanError, "5: column time: inf (steady state) is not supported"),
    "a time before the start": (M, "0.72\t6", "0.72\t-6", PlanError, "5: column time: -6"),
    "a measurement in words": (M, "0.72", "high", PlanError, "5: column measurement: 'high'"),
    "a measurement without logarithm": (M, "\t2.9\t", "\t-2.9\t", PlanError, "12: column measurement: -2.9"),
    "an unknown observable": (M, "fraction", "fractoin", UnknownIdError, "2: column observableId: unknown"),
    "an unknown condition": (M, "low", "lwo", UnknownIdError, "2: column simulationConditionId: unknown"),
    "an unknown rest": (M, "rest", "rset", UnknownIdError, "9: column preequilibrationCond"),
    "an unknown override": (M, "gain\t0.1", "gain\tsd", UnknownIdError, "5: column noiseParameters: unknown"),
    "too many overrides": (M, "gain\t0.1", "gain\t1;2", PlanError, "5: column noiseParameters: 2 values"),
    "an infinite override": (M, "gain\t0.1", "gain\tinf", PlanError, "5: column noiseParameters: 'inf'"),
    "an unknown value in a condition": (C, "k_high", "k_hihg", UnknownIdError, "3: column k_forth: unknown"),
    "an unknown condition target": (C, "k_forth", "k_froth", UnknownIdError, "2: column k_froth: unknown"),
    "a condition listed twice": (C, "high\tfast", "low\tfast", PlanError, "3: column conditionId: 'low'"),
    "a formula with a gap": (F, "(A + B)", "(A + B", PlanError, "2: column observableFormula: 'observable"),
    "an unknown symbol": (F, "A + offset", "A + ofset", UnknownIdError, "4: column observableFormula"),
    "an unknown function": (F, "A + offset", "exec(A)", UnknownIdError, "4: column observableFormula"),
    "an unknown distribution": (F, "laplace", "cauchy", PlanError, "4: column noiseDistribution: 'cauchy'"),
    "a nominal value in words": (P, "0.75", "most", PlanError, "3: column nominalValue: 'most'"),
    "an id used twice": (F, "A_ln", "gain", PlanError, "4: column observableId: 'gain'"),
    "a model that is not SBML": (
        X,
        "</model>",
        "</mode>",
        InputError,
        "53: not well-formed XML: mismatched tag",
    ),
    "assignments in a circle": (X, "<ci>share</ci>", "<ci>A</ci>", InputError, " circular initial"),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_refused_with_file_row_and_column(fault: str, tmp_path: Path) -> None:
    file, old, new, error, message = BAD[fault]
    folder = changed(tmp_path, file, old, new)
    with pytest.raises(error) as caught:
        read_petab(folder / "exchange.yaml")
    assert f"{file}:{message}" in str(caught.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    folder = changed(tmp_path, "exchange.yaml", "parameters.tsv", "nowhere.tsv")
    with pytest.raises(InputError, match=r"nowhere\.tsv: no such file"):
        read_petab(folder / "exchange.yaml")


def test_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "exchange.yaml", "format_version: 1", "format_version: 2.0.0")
    with pytest.raises(InputError, match=r"exchange\.yaml:1: format_version"):
        read_petab(folder / "exchange.yaml")


def test_pre_equilibration_without_equilibrium_fails(tmp_path: Path) -> None:
    time = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/time">t</csymbol>'
    folder = changed(tmp_path, "exchange.xml", "<ci>k_back</ci><ci>B</ci>", f"<ci>k_back</ci>{time}")
    with pytest.raises(SimulationError, match="condition 'rest' has no equilibrium"):
        read_petab(folder / "exchange.yaml").log_likelihood()


def test_pre_equilibration_in_a_compartment_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = changed(tmp_path, "conditions.tsv", "0.05\tvolume", "0.05\t9")
    with pytest.raises(PlanError, match=r"conditions\.tsv:2: 'cell' has another size in .* 'rest'"):
        read_petab(folder / "exchange.yaml").log_likelihood()


@pytest.mark.skipif(
    BENCHMARKS is None, reason="JAKINIB_PETAB_BENCHMARKS names no folder of benchmark problems"
)
def test_boehm_2014_has_the_log_likelihood_of_the_benchmark_collection() -> None:
    name = "Boehm_JProteomeRes2014"
    problem = read_petab(Path(str(BENCHMARKS)) / name / f"{name}.yaml")
    assert len(problem.measurements) == 48
    assert problem.log_likelihood() == pytest.approx(-138.22, abs=0.01)
