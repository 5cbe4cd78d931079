"""Who the patients are: distributions, limits, correlations as declared; draws that can be repeated."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jakinib as jk
from jakinib.errors import InputError, UnknownIdError
from jakinib.library import Library, get_library
from jakinib.population.engine import Job
from jakinib.population.ensemble import ensemble_file, read_ensemble
from jakinib.population.sampling import CHUNK, Sampler
from jakinib.population.study import study

FILES = Path("models/library/populations")


@pytest.fixture(scope="module")
def job() -> Job:
    return study("ra_adult", 10_000, "4 mg qd x 7")[0]


def drawn(sampler: Sampler, seed: int = 1, chunks: int = 40) -> dict[str, np.ndarray]:
    values = np.concatenate([sampler.chunk(seed, number) for number in range(chunks)])
    return dict(zip(sampler.names, values.T, strict=True))


def test_a_population_has_the_medians_and_spread_of_its_file(job: Job) -> None:
    people = drawn(job.sampler)
    for symbol, cv in (("Q_baricitinib", 15.1), ("V1_baricitinib", 10)):
        values = people[symbol]
        assert np.median(values) == pytest.approx(job.typical[symbol], rel=0.02)
        assert 100 * values.std() / values.mean() == pytest.approx(cv, rel=0.05)


def test_signalling_centres_on_the_draws_of_its_plan_and_spreads_wider(job: Job) -> None:
    units = {"kphos_IL6_STAT3": "1/(nM*hour)", "ATP": "nM"}
    draws, people = read_ensemble(ensemble_file("pathways"), "pathways", units, "T cell"), drawn(job.sampler)
    for symbol, values in draws.items():
        assert np.median(people[symbol]) == pytest.approx(np.median(values), rel=0.1)
    assert people["kphos_IL6_STAT3"].std() > draws["kphos_IL6_STAT3"].std()  # people differ on top


def test_draws_in_another_unit_or_of_another_plan_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "ensemble.tsv"
    for title, reason in (("ATP (uM)", "not in mM"), ("shoe_size (mM)", "no parameter of plan pathways")):
        table.write_text(f"{title}\n1\n", encoding="utf-8")
        with pytest.raises(InputError, match=reason):
            read_ensemble(table, "pathways", {"ATP": "nM"}, "T cell")


def test_renal_and_non_renal_clearance_vary_together_as_published(job: Job) -> None:
    people = drawn(job.sampler)
    logs = np.log([people["CLr_baricitinib"], people["CLnr_baricitinib"]])
    assert np.corrcoef(logs)[0, 1] == pytest.approx(0.972, abs=0.005)


def test_a_covariance_is_one_of_the_log_deviates() -> None:
    people = drawn(study("jia_child", 10_000, "2 mg qd x 7")[0].sampler)
    clear, rest, volume = (np.log(people[f"{name}_baricitinib"]) for name in ("CLr", "CLnr", "V1"))
    assert np.cov(clear, rest)[0, 1] == pytest.approx(0.272, rel=0.05)
    assert np.cov(clear, volume)[0, 1] == pytest.approx(-0.00706, abs=0.004)


def test_the_box_cox_shape_lengthens_the_upper_tail() -> None:
    """Petersson 2009: with shape s the log of a value is (exp(eta)^s - 1) / s; its quantiles follow."""
    sampler = study("jia_child", 10_000, "2 mg qd x 7")[0].sampler
    index = sampler.names.index("D1_baricitinib")
    sampler.low[index], sampler.high[index] = 0, np.inf
    values = drawn(sampler)["D1_baricitinib"]
    eta = sampler.omega[index] * 1.2815515655
    upper = np.log(np.quantile(values, 0.9) / np.median(values))
    assert upper == pytest.approx(np.expm1(0.501 * eta) / 0.501, rel=0.05)


def test_nobody_lies_beyond_the_physiological_limits(job: Job) -> None:
    people = drawn(job.sampler)
    for i, symbol in enumerate(job.sampler.names):
        assert people[symbol].min() >= job.sampler.low[i]
        assert people[symbol].max() <= job.sampler.high[i]
        assert people[symbol].min() > 0


@functools.cache
def healthy() -> Sampler:
    return study("healthy_adult", 1, "4 mg", cytokine=None)[0].sampler


@given(st.integers(0, 2**40), st.integers(0, 50))
def test_a_chunk_depends_on_seed_and_number_alone(seed: int, number: int) -> None:
    sampler = healthy()
    sampler.chunk(seed, number + 1)
    once, again = sampler.chunk(seed, number), sampler.chunk(seed, number)
    assert (once == again).all()
    assert not (once == sampler.chunk(seed + 1, number)).any()
    assert not (once == sampler.chunk(seed, number + 1)).any()


def test_a_patient_keeps_weight_and_clearance_whatever_cytokine_is_looked_at() -> None:
    one = drawn(study("ra_adult", CHUNK, "4 mg", cytokine="IL-6")[0].sampler, chunks=1)
    other = drawn(study("ra_adult", CHUNK, "4 mg", cytokine="IL-2")[0].sampler, chunks=1)
    for symbol in ("weight", "eGFR", "CLr_baricitinib", "D1_baricitinib", "ATP"):
        assert (one[symbol] == other[symbol]).all()


def test_an_ensemble_replaces_the_typical_signalling_values() -> None:
    members = pd.DataFrame({"ATP": [2.5e6, 4e6], "w_IL6": [0.6, 0.8]})
    sampler = study("ra_adult", 5000, "4 mg", ensemble=members)[0].sampler
    people = drawn(sampler, chunks=20)
    assert np.mean(people["ATP"] > 3.2e6) == pytest.approx(0.5, abs=0.05)
    # Both of one member: high ATP goes with high w.
    assert np.corrcoef(people["ATP"], people["w_IL6"])[0, 1] > 0.6
    with pytest.raises(UnknownIdError, match="ATPP"):
        study("ra_adult", 5, "4 mg", ensemble=pd.DataFrame({"ATPP": [1.0]}))


# What is refused ----------------------------------------------------------------------------------------

RA = (FILES / "ra_adult.yaml").read_text(encoding="utf-8").replace("id: ra_adult", "id: mine")
RA = re.sub(r"(?m)^aliases: .*\n", "", RA)
RA = RA.replace("_baricitinib", "_odd").replace("ensemble: pathways\n", "")
DRUG = Path("models/library/inhibitors/baricitinib.yaml").read_text(encoding="utf-8")
DRUG = re.sub(r"(?m)^aliases: .*\n", "", DRUG)
DRUG = DRUG.replace("id: baricitinib", "id: odd").replace("\n  ra_adult:", "\n  mine:")


def refused(tmp_path: Path, old: str, new: str) -> str:
    (tmp_path / "odd.yaml").write_text(DRUG, encoding="utf-8")
    path = tmp_path / "mine.yaml"
    assert old in RA
    path.write_text(RA.replace(old, new, 1), encoding="utf-8")
    jk.register("inhibitors", tmp_path / "odd.yaml")

    def use() -> None:
        jk.register("populations", path)
        study("mine", 10, "4 mg", inhibitor="odd")

    with pytest.raises(InputError) as error:
        use()
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("value: 0.972", "value: 1.3", "correlation is 1.3; it must be at least -1 and at most 1"),
        ("value: 22, unit: percent", "value: -22, unit: percent", "variability.weight.cv is -22 percent"),
        ("value: 40, unit: kg", "value: -40, unit: kg", "variability.weight low is -40 kg"),
        ("value: 40, unit: kg", "value: 90, unit: kg", "the typical weight, 74 kg, lies outside its limits"),
        ("value: 40, unit: kg", "value: 40, unit: L", "variability.weight"),
        ("value: 40, unit: kg", "value: 400, unit: kg", "low is not below high"),
        (
            "  V1_odd:",
            "  V9_odd:",
            "variability.V9_odd: no covariate or parameter of the models has this name",
        ),
        ("  eGFR:\n", "  creatinine:\n", "variability.creatinine: no covariate or parameter"),
        ("  kphos_*:", "  kphoss_*:", "variability.kphoss_*: no covariate or parameter"),
        ("[CLnr_odd, CLr_odd]", "[CLnr_odd, CLrr_odd]", "name 'CLrr_odd', which has no variability"),
        ("value: 74, unit: kg", "value: -74, unit: kg", "weight is -74 kg; it must be at least 0.3"),
        ("correlation: {value: 0.972", "covariance: {value: 0.9", "of CLnr_odd and CLr_odd amount to"),
    ],
)
@pytest.mark.usefixtures("library_of_its_own")
def test_an_impossible_population_is_refused_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    message = refused(tmp_path, old, new)
    assert said in message
    assert "mine.yaml:" in message


@pytest.mark.usefixtures("library_of_its_own")
def test_correlations_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """Three pairwise correlations of 0.9, 0.9 and -0.9 exist singly and not together."""
    one = "  - {between: [%s, %s], correlation: {value: %s, unit: dimensionless, kind: assumed, "
    one += "rationale: y}}\n"
    pairs = [("V1_odd", "V2_odd", 0.9), ("V2_odd", "Q_odd", 0.9), ("V1_odd", "Q_odd", -0.9)]
    text = "correlations:\n" + "".join(one % pair for pair in pairs)
    message = refused(tmp_path, "correlations:\n", text)
    assert "are impossible together: their matrix is not positive definite" in message
    assert "correlations" in message


@pytest.mark.usefixtures("library_of_its_own")
def test_a_negative_volume_is_refused(tmp_path: Path, library_of_its_own: Callable[[], Library]) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(DRUG.replace("V1: {value: 85.2", "V1: {value: -85.2"), encoding="utf-8")
    with pytest.raises(InputError, match=r"odd.yaml:\d+: .*V1 is -85.2"):
        jk.register("inhibitors", path)


def test_every_number_of_a_population_says_where_it_comes_from() -> None:
    library = get_library()
    for people in library.populations.values():
        for distribution in people.variability.values():
            for quantity in (distribution.cv, distribution.shape, distribution.low, distribution.high):
                if quantity is not None:
                    assert quantity.source in library.references or (quantity.kind, quantity.source) == (
                        "assumed",
                        "",
                    )
                    assert quantity.kind != "assumed" or quantity.rationale
