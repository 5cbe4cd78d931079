"""PEtab problems give the log-likelihood of the closed form, and of the benchmark collection."""

import codecs
import csv
import functools
import json
import math
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import laplace, norm

import jakinib as jk
from jakinib.build.sbml import translate
from jakinib.cli import main
from jakinib.errors import InputError, PlanError, SimulationError, UnknownIdError
from jakinib.files import read_table
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


# What other tools write -------------------------------------------------------------------------------


def rewritten(tmp_path: Path, change: Callable[[str, str], bytes]) -> Path:
    """A copy of the problem with every file written anew."""
    folder = shutil.copytree(EXCHANGE, tmp_path / "theirs")
    for path in folder.iterdir():
        path.write_bytes(change(path.name, path.read_text(encoding="utf-8")))
    return folder / "exchange.yaml"


def with_nothing(name: str, text: str) -> bytes:
    """Empty cells as NaN, estimate as a float: a table that went through floats."""
    if name.endswith(".tsv"):
        lines = [line.split("\t") for line in text.splitlines()]
        lines = [line + [""] * (len(lines[0]) - len(line)) for line in lines]
        flags = [i for i, title in enumerate(lines[0]) if title == "estimate"]
        for line in lines[1:]:
            line[:] = [f"{cell}.0" if i in flags else cell or "NaN" for i, cell in enumerate(line)]
        text = "\n".join("\t".join(line) for line in lines) + "\n"
    return text.encode()


def with_marks(name: str, text: str) -> bytes:
    return codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode()


def with_semicolons(name: str, text: str) -> bytes:
    if name in (P, F, C):
        text = text.replace("\t", ";")
    return text.encode()


@pytest.mark.parametrize("change", [with_nothing, with_marks, with_semicolons])
def test_a_problem_is_the_same_as_other_tools_write_it(
    change: Callable[[str, str], bytes], tmp_path: Path
) -> None:
    theirs = read_petab(rewritten(tmp_path, change))
    assert theirs.estimated == exchange().estimated
    assert theirs.log_likelihood() == exchange().log_likelihood()


def small(folder: Path, antimony: str, times: str, measured: str = "9") -> Path:
    """A problem of one observable A with noise 1."""
    folder.mkdir(exist_ok=True)
    rows = "".join(f"obs\tc0\t{measured}\t{time}\n" for time in times.split())
    for name, text in {
        "model.xml": translate(f"model m()\n compartment c = 1; {antimony}\nend\n", "m"),
        P: "parameterId\tparameterScale\tnominalValue\testimate\nk\tlin\t0.1\t1\n",
        C: "conditionId\nc0\n",
        F: "observableId\tobservableFormula\tnoiseFormula\nobs\tA\t1\n",
        M: "observableId\tsimulationConditionId\tmeasurement\ttime\n" + rows,
        "p.yaml": f"format_version: 1\nparameter_file: {P}\nproblems:\n- condition_files: [{C}]\n"
        f"  measurement_files: [{M}]\n  observable_files: [{F}]\n  sbml_files: [model.xml]\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "p.yaml"


DECAY = "species A in c; A = 10; k = 0.1; J: A -> ; c * k * A;"


@pytest.mark.parametrize("times", ["1", "0.5 1", "1 2", "0 1 1 1.5", "2"])
def test_a_reading_at_the_time_of_an_event_is_of_the_state_after_it(times: str, tmp_path: Path) -> None:
    """And no reading depends on which others there are."""
    found = jk.petab(small(tmp_path / "p", f"{DECAY} E: at (time >= 1): A = A + 5;", times)).simulated
    right = [
        10 * math.exp(-0.1 * t) + (5 * math.exp(-0.1 * (t - 1)) if t >= 1 else 0)
        for t in map(float, times.split())
    ]
    assert found == pytest.approx(right, rel=1e-6)


def test_a_measurement_at_time_inf_is_of_the_state_at_rest(tmp_path: Path) -> None:
    antimony = "species A in c; A = 0; k = 0.1; I: -> A; 2 * c; J: A -> ; c * k * A;"
    found = jk.petab(small(tmp_path / "p", antimony, "1 inf", "19")).simulated
    assert found == pytest.approx([20 * (1 - math.exp(-0.1)), 20], rel=1e-6)
    endless = small(tmp_path / "q", "species A in c; A = 0; k = 0.1; I: -> A; c * k;", "inf")
    with pytest.raises(SimulationError, match="condition 'c0' has no equilibrium: A still changes"):
        jk.petab(endless)


def test_an_observable_need_not_be_finite_where_it_is_not_measured(tmp_path: Path) -> None:
    path = small(tmp_path / "p", f"{DECAY} species B in c; B = 0; K: -> B; c * k;", "0 1")
    folder = path.parent
    (folder / F).write_text((folder / F).read_text() + "share\tA / B\t1\n")
    (folder / M).write_text((folder / M).read_text() + "share\tc0\t90\t1\n")
    left = 10 * math.exp(-0.1)
    assert jk.petab(path).simulated == pytest.approx([10, left, left / 0.1], rel=1e-6)
    (folder / M).write_text((folder / M).read_text() + "share\tc0\t90\t0\n")
    with pytest.raises(SimulationError, match="not finite"):
        jk.petab(path)


@pytest.mark.parametrize(
    ("antimony", "right"),
    [
        (
            f"{DECAY} species B in c; B = 0; K: -> B; c * k * A; species T in c; T := A + B;",
            10 * math.exp(-0.1),
        ),
        ("species A in c; A = 0; k = 0.1; p = 4; p' = 0; J: -> A; c * p;", 4.0),
    ],
    ids=["a rule on a species", "a rate rule of zero"],
)
def test_rules_on_species_leave_the_others_as_they_are(antimony: str, right: float, tmp_path: Path) -> None:
    problem = read_petab(small(tmp_path / "p", antimony, "1"))
    assert problem.log_likelihood() == pytest.approx(norm.logpdf(9, right, 1), rel=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("parameter_file", "extensions: {sampling: {}}\nparameter_file", "extension 'sampling'"),
        ("sbml_files: [model.xml]", "sbml_files: [model.xml, other.xml]", "sbml_files"),
    ],
)
def test_what_is_not_supported_is_named(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = small(tmp_path / "p", DECAY, "1")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=f"p.yaml:.*{said}"):
        read_petab(path)


# The command ------------------------------------------------------------------------------------------


def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["jakinib", "petab", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0), *capfd.readouterr()


def test_the_command_prints_likelihood_and_chi2_and_writes_what_it_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file, out, residuals = EXCHANGE / "exchange.yaml", tmp_path / "simulated.tsv", tmp_path / "residuals.csv"
    written = ("--out", str(out), "--residuals", str(residuals))
    code, text, _ = command(monkeypatch, capfd, str(file), *written)
    expected = log_likelihood(exchange().nominal)
    assert code == 0
    assert f"log-likelihood {expected:.6g}"[:21] in text
    record = json.loads(command(monkeypatch, capfd, str(file), "--json")[1])
    assert record["log_likelihood"] == pytest.approx(expected, rel=1e-6)
    assert record["chi2"] == pytest.approx(sum(r["residual"] ** 2 for r in record["residuals"]))
    measured, simulated = read_table(EXCHANGE / M), read_table(out)
    renamed = ["simulation" if column == "measurement" else column for column in measured.columns]
    assert list(simulated.columns) == renamed
    values = exchange().simulate()[:, 0].tolist()
    assert [float(row.cells["simulation"]) for row in simulated.rows] == values
    for theirs, ours in zip(measured.rows, simulated.rows, strict=True):
        assert {**ours.cells, "measurement": ""} | {"simulation": ""} == {
            **theirs.cells, "measurement": "", "simulation": ""
        }  # fmt: skip
    assert [float(row.cells["residual"]) for row in read_table(residuals).rows] == pytest.approx(
        [r["residual"] for r in record["residuals"]], rel=1e-7
    )


@pytest.mark.parametrize(
    "fault", ["a formula with a gap", "an unknown condition", "a model that is not SBML"]
)
def test_the_command_refuses_in_one_line(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    file, old, new, _, message = BAD[fault]
    folder = changed(tmp_path, file, old, new)
    code, out, error = command(
        monkeypatch, capfd, str(folder / "exchange.yaml"), "--out", str(tmp_path / "o.tsv")
    )
    assert (code, out, len(error.splitlines())) == (2, "", 1)
    assert f"{file}:{message}" in error
    assert not (tmp_path / "o.tsv").exists()


@pytest.mark.skipif(
    BENCHMARKS is None, reason="JAKINIB_PETAB_BENCHMARKS names no folder of benchmark problems"
)
def test_boehm_2014_has_the_log_likelihood_of_the_benchmark_collection() -> None:
    name = "Boehm_JProteomeRes2014"
    problem = read_petab(Path(str(BENCHMARKS)) / name / f"{name}.yaml")
    assert len(problem.measurements) == 48
    assert problem.log_likelihood() == pytest.approx(-138.22, abs=0.01)
