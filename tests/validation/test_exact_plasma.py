"""Plasma in closed form against the same model integrated, over drugs, people, doses, meals and weights."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from jakinib.assay.disposition import Disposition
from jakinib.assay.dosing import dosed
from jakinib.assay.patient import Patient
from jakinib.build.sbml import translate
from jakinib.library import get_library
from jakinib.population.engine import Worker
from jakinib.population.sampling import CHUNK
from jakinib.population.study import study
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, initial
from jakinib.simulate import Model, Protocol, Step, load

AGREE = 1e-9  # of the largest value of an observable in a run
LIBRARY = get_library()
DOSED = [
    (drug.id, people) for drug in LIBRARY.inhibitors.values() for people in drug.pharmacokinetics
]  # fmt: skip


@functools.cache
def both(drug: str, people: str) -> tuple[Model, Model]:
    """The model in closed form, and integrated."""
    exact = load("oral_pk", inhibitors=drug, population=people)
    return exact, Model(exact.sbml, rtol=1e-13, atol=1e-10, exact=False)


def largest_difference(ours: NDArray[np.float64], oracle: NDArray[np.float64]) -> float:
    scale = np.abs(oracle).max(axis=0)
    return float((np.abs(ours - oracle).max(axis=0)[scale > 0] / scale[scale > 0]).max(initial=0.0))


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, str, str, Patient]:
    drug, people = draw(st.sampled_from(DOSED))
    forms = [
        "{a} mg", "{a} mg qd x {n}", "{a} mg bid x {n}", "{a} mg qd ss", "{a} mg bid ss",
        "{b} mg once then {a} mg q8h x {n}", "{a} mg qd x {n} missing 2", "0.{a} mg/kg qd x {n}",
    ]  # fmt: skip
    if LIBRARY.inhibitor(drug).bioavailability is not None:
        forms += ["{a} mg iv bolus", "0.{a} mg/kg iv infusion over 90 min q12h x {n}"]
    form = draw(st.sampled_from(forms))
    regimen = form.format(a=draw(st.integers(1, 9)), b=draw(st.integers(10, 20)), n=draw(st.integers(2, 14)))
    known = sorted(LIBRARY.inhibitor(drug).conditions)
    around = tuple(draw(st.lists(st.sampled_from(known), unique=True))) if known else ()
    change = draw(st.floats(0.1, 50))
    weight, eGFR = (
        draw(st.one_of(at, st.tuples(at, at).map(lambda ends: {0.0: ends[0], change: ends[1]})))
        for at in (st.floats(10, 150), st.floats(15, 150))
    )
    return drug, people, regimen, Patient(people, drug, weight, eGFR, around)  # type: ignore[arg-type]


@given(case=cases())
@settings(max_examples=60)
def test_closed_form_and_integration_agree(case: tuple[str, str, str, Patient]) -> None:
    drug, people, text, patient = case
    own = patient.settings()
    exact, integrated = both(drug, people)
    kept = {name: v for name, v in own.items() if name in exact.settable or isinstance(v, Changing)}
    times = np.concatenate(([0.0, 0.01], np.linspace(0.25, 60.0, 61)))
    uptake = Disposition.of(drug, people, initial(own))
    protocol = dosed(exact, Regimen.parse(text), {drug: uptake}, times, kept)
    read = [f"C_{drug}", *exact.species]
    if made := LIBRARY.inhibitor(drug).metabolite:
        read.append(f"C_{made}")
    ours = exact.run(protocol, read)
    assert ours.max() > 0
    assert largest_difference(ours, integrated.run(protocol, read)) < AGREE


@st.composite
def chunks(draw: st.DrawFn) -> tuple[str, str, str, dict[str, NDArray[np.float64]]]:
    """Patients who differ in all but the regimen; input may begin late, be all but at once, or overlap."""
    drug, people = draw(st.sampled_from(DOSED))
    forms = [
        "{a} mg qd x {n}", "{a} mg bid ss x 2", "{a} mg q6h ss x 2 missing 1", "0.{a} mg/kg q1h x {n}",
        "{a} mg qd ss + 0.{a} mg/kg bid ss at 1 h",
    ]  # fmt: skip
    if LIBRARY.inhibitor(drug).bioavailability is not None:
        forms += [
            "{a} mg iv bolus q12h ss", "{a} mg at 1 h + 0.{a} mg/kg iv infusion over 90 min q1h x {n}",
            "{a} mg qd ss + {a} mg iv infusion over 30 h qd ss",
        ]  # fmt: skip
    text = draw(st.sampled_from(forms)).format(a=draw(st.integers(1, 9)), n=draw(st.integers(2, 6)))
    job, _ = study(people, CHUNK, text, inhibitor=drug, cytokine=None, seed=draw(st.integers(0, 99)))
    first = draw(st.integers(0, CHUNK - 4))
    values = {name: column[first : first + 4] for name, column in Worker(job).values(0).items()}
    for name, span in (("D1", st.floats(1e-5, 30)), ("lag", st.floats(0, 3))):
        values[f"{name}_{drug}"] = np.array(draw(st.lists(span, min_size=4, max_size=4)))
    values["weight"] = np.array(draw(st.lists(st.floats(10, 150), min_size=4, max_size=4)))
    return drug, people, text, values


@given(case=chunks())
@settings(max_examples=20)
def test_patients_of_a_chunk_are_those_patients_alone_and_integrated(
    case: tuple[str, str, str, dict[str, NDArray[np.float64]]],
) -> None:
    """Alone, to the last bit, whoever is beside; integrated, each under a protocol of its own."""
    drug, people, text, values = case
    job, _ = study(people, CHUNK, text, inhibitor=drug, cytokine=None)
    worker, (exact, integrated) = Worker(job), both(drug, people)
    hours, levels = worker.plasma(values)
    for i in range(4):
        own = {name: column[i : i + 1] for name, column in values.items()}
        times, alone = (found[:, 0] for found in worker.plasma(own))
        assert np.array_equal(levels[: len(alone), i], alone)
        assert (levels[len(alone) :, i] == alone[-1]).all()
        assert (hours[len(alone) :, i] == times[-1]).all()
        stated = {name: float(column[i]) for name, column in values.items()}
        kept = {name: value for name, value in stated.items() if name in exact.settable}
        uptake = Disposition.of(drug, people, stated)
        protocol = dosed(exact, Regimen.parse(text), {drug: uptake}, job.interval[0] + times, kept)
        oracle = integrated.run(protocol, [f"C_{drug}"])[:, 0]
        assert largest_difference(alone[:, None], oracle[:, None]) < AGREE


def test_a_chunk_can_be_integrated_as_well() -> None:
    """Patient by patient, with a steady state read from runs; where some need fewer readings than others."""
    job, _ = study("ra_adult", CHUNK, "4 mg bid ss x 2", cytokine=None)
    worker = Worker(job)
    values = {name: column[:3] for name, column in worker.values(0).items()}
    values["D1_baricitinib"] = np.array([0.2, 1.0, 13.0])
    hours, levels = worker.plasma(values)
    worker.pk = Model(job.pk_sbml, rtol=1e-10, exact=False)
    again, integrated = worker.plasma(values)
    assert np.array_equal(hours, again)
    assert integrated == pytest.approx(levels, rel=1e-6)


def test_a_metabolite_is_followed_with_its_parent() -> None:
    exact, integrated = both("filgotinib", "ra_adult")
    times = np.linspace(0.5, 200.0, 50)
    disposition = Disposition.of("filgotinib", "ra_adult")
    protocol = dosed(exact, Regimen.parse("200 mg"), {"filgotinib": disposition}, times)
    ours = exact.run(protocol, ["C_GS829845", "C_filgotinib"])
    assert (ours.max(axis=0) > 0).all()
    assert largest_difference(ours, integrated.run(protocol, ["C_GS829845", "C_filgotinib"])) < AGREE


# Marked as a model of the package, as its own composed models are.
MARK = '\n  model notes "Built by jakinib; source SHA-256: none";'
CHAIN = """
  compartment body = 1;
  substanceOnly species gut in body, blood in body, tissue in body;
  gut = 0; blood = 0; tissue = 0; dose = 0; k1 = {k1}; k2 = {k2}; k3 = {k3}; k4 = {k4};
  in_: => gut; dose;
  a: gut -> blood; k1*gut;
  b: blood -> tissue; k2*blood - k3*tissue;
  c: blood -> ; {out};
  level := blood/{volume};
"""


def chain(out: str = "k4*blood", volume: str = "2", **rates: float) -> str:
    values = {"k1": 1.0, "k2": 0.5, "k3": 0.2, "k4": 0.3, **rates}
    return translate(f"model *m(){MARK}{CHAIN.format(out=out, volume=volume, **values)}\nend", "m")


def runs(text: str, observables: list[str], settings: Mapping[str, float] | None = None) -> float:
    """Largest difference of the exact run from the integrated one; doses, rates and amounts change."""
    steps = [
        Step(1.0, {"dose": 100.0}),
        Step(1.5, {"dose": 0.0}),
        Step(3.0, {"k4": 0.9}),
        Step(4.0, {"tissue": 30.0, "dose": 5.0}),
        Step(5.0, {"dose": 0.0}),
    ]
    protocol = Protocol(np.linspace(0.0, 12.0, 49), settings or {}, steps)
    exact, integrated = Model(text), Model(text, rtol=1e-13, atol=1e-12, exact=False)
    return largest_difference(exact.run(protocol, observables), integrated.run(protocol, observables))


@pytest.mark.parametrize(
    "rates",
    [
        {},
        {"k2": 0.0, "k3": 0.0, "k4": 1.0},  # two equal rates in a row: no basis of modes
        {"k2": 0.0, "k3": 0.0, "k4": 1.0 + 1e-9},  # nearly so
        {"k4": 0.0},  # nothing leaves: a rate of zero
        {"k1": 0.0, "k2": 0.0, "k3": 0.0, "k4": 0.0},
        {"k1": 1e5, "k4": 1e-5},
    ],
)
def test_every_kind_of_matrix_is_solved(rates: dict[str, float]) -> None:
    text = chain(**rates)
    assert runs(text, ["gut", "blood", "tissue", "level", "a", "dose"], {"gut": 3.0}) < AGREE


@pytest.mark.parametrize("out", ["k4*blood/(1 + blood)", "k4*blood*gut", "k4*blood^2", "exp(-blood)*k4"])
def test_what_is_not_linear_is_integrated(out: str) -> None:
    text = chain(out=out)
    times = np.linspace(0.0, 12.0, 49)
    protocol = Protocol(times, {"gut": 3.0}, [Step(1.0, {"dose": 2.0})])
    own, integrated = Model(text), Model(text, exact=False)
    assert np.array_equal(own.run(protocol, ["blood"]), integrated.run(protocol, ["blood"]))


def test_an_observable_that_is_not_linear_is_integrated() -> None:
    text = chain(volume="(2 + blood)")
    protocol = Protocol([1.0, 2.0], {"gut": 3.0})
    own, integrated = Model(text), Model(text, exact=False)
    assert np.array_equal(own.run(protocol, ["level"]), integrated.run(protocol, ["level"]))
    assert own.run(protocol, ["blood"]) == pytest.approx(integrated.run(protocol, ["blood"]), rel=1e-6)


def test_one_compartment_declines_as_one_exponential() -> None:
    text = chain(k1=0.0, k2=0.0, k3=0.0)
    level = Model(text).run(Protocol([2.0, 5.0], {"blood": 7.0}), ["blood"])[:, 0]
    assert level == pytest.approx([7 * math.exp(-0.6), 7 * math.exp(-1.5)], rel=1e-14)


def test_a_model_without_a_dose_can_be_read() -> None:
    """Its species stay zero and are left out, so that no state remains."""
    model = load("oral_pk")
    clearance = model.run(Protocol([0.5], {"eGFR": 45.0}), ["CL_baricitinib", "C_baricitinib"])[0]
    assert clearance[0] > 0
    assert clearance[1] == 0


def test_a_model_taken_to_another_process_is_solved_in_the_same_way(tmp_path: Path) -> None:
    import pickle

    for exact in (True, False):
        model = Model(chain(), exact=exact)
        again = pickle.loads(pickle.dumps(model))
        protocol = Protocol([1.0, 2.0], {"gut": 3.0})
        assert again.exact is exact
        assert np.array_equal(model.run(protocol, ["blood"]), again.run(protocol, ["blood"]))
