"""What stays zero is left out of the integration, and nothing else; setting what wakes it brings it back."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import libsbml
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.build.sbml import translate
from jakinib.simulate import Model, Protocol
from jakinib.simulate.dormant import Dormant, leave_out

HOURS = np.linspace(0, 1, 7)
# A binding pathway (R, LR, Rp) whose receptor the cell lacks, beside a signal that lives on.
LACKING = """
    species L, R, LR, Rp, S, pS; const $L; compartment cell = 1; L in cell; R in cell; LR in cell; Rp in cell;
    S in cell; pS in cell;
    L = 2; R = 0; LR = 0; Rp = 0; S = 10; pS = 0; R_rest = 0; kt = 0.5; k = 3;
    active := 2 * Rp;
    make: -> R; cell * kt * R_rest;  lose: R -> ; cell * kt * R;
    bind: L + R -> LR; cell * (L * R - 4 * LR);  activate: LR -> Rp; cell * k * LR;
    signal: S -> pS; cell * k * active * S / (1 + pS);  basal: S -> pS; cell * 0.2 * S;
    back: pS -> S; cell * pS;
"""


def dormant(sbml: str) -> Dormant:
    return leave_out(libsbml.readSBMLFromString(sbml))


def test_the_species_of_a_pathway_without_receptor_are_dormant(sbml: Callable[[str], str]) -> None:
    found = dormant(sbml(LACKING))
    assert found.species == {"R", "LR", "Rp"}
    assert found.wakers == {"R", "LR", "Rp", "R_rest"}


def test_symbols_and_their_order_do_not_change(sbml: Callable[[str], str]) -> None:
    reduced, whole = Model(sbml(LACKING)), Model(sbml(LACKING), reduced=False)
    assert (reduced.species, reduced.boundary, reduced.parameters) == (
        whole.species, whole.boundary, whole.parameters,
    )  # fmt: skip
    assert set(reduced.settable) == set(whole.settable)
    assert reduced.initial("R") == 0


def test_the_living_states_are_those_of_the_whole_model() -> None:
    whole = jk.Model(jk.load("cytokine_signalling").sbml, reduced=False)
    protocol = Protocol(HOURS, {name: 0.5 for name in whole.settable if name.startswith("L_")})
    table = whole.run(protocol, whole.species)
    found = jk.load("cytokine_signalling").run(protocol, whole.species)
    np.testing.assert_allclose(found, table, rtol=0, atol=2e-7 * np.abs(table).max())
    left_out = [whole.species.index(name) for name in dormant(whole.sbml).species]
    assert len(left_out) == 21  # a CD4 T cell without EPOR, CSF3R, CSF2RA, CSF2RB, IL13RA1 and MPL
    assert not found[:, left_out].any()


@pytest.mark.parametrize("waking", ["R", "R_rest", "LR"])
def test_a_setting_that_wakes_a_species_is_run_on_the_whole_model(
    sbml: Callable[[str], str], waking: str
) -> None:
    model, whole = Model(sbml(LACKING)), Model(sbml(LACKING), reduced=False)
    protocol = Protocol(HOURS, {waking: 5.0})
    table = model.run(protocol, model.species)
    np.testing.assert_array_equal(table, whole.run(protocol, model.species))
    assert table[-1, model.species.index("Rp")] > 0.1
    assert model.run(Protocol(HOURS), ["Rp"]).max() == 0  # and asleep again


def test_a_species_woken_during_a_run_wakes(sbml: Callable[[str], str]) -> None:
    model = Model(sbml(LACKING))
    protocol = Protocol(HOURS, {}, [jk.Step(0.5, {"R": 3.0})])
    found = model.run(protocol, ["Rp"])[:, 0]
    assert found[HOURS <= 0.5].max() == 0
    assert found[-1] > 0.1


@pytest.mark.parametrize(
    "reviving",
    [
        "R' = 1",  # a rate rule instead of reactions
        "at (time > 0.5): R = 3",
        "at (time > 0.5): R_rest = 3",
        "leak: -> R; cell * 0.1",
        "leak: -> R; cell * kt * (R_rest + 0.1)",
        "leak: -> R; cell * exp(R_rest)",
        "leak: -> R; cell * R_rest / R_rest",
        "leak: -> R; cell * R_rest^0",
        "R_rest := 0 * S + 1",
        "R = 2 * kt",  # an initial assignment
    ],
)
def test_what_may_become_more_than_zero_is_integrated(sbml: Callable[[str], str], reviving: str) -> None:
    body = LACKING
    if reviving.startswith("R'"):
        body = body.replace("make: -> R; cell * kt * R_rest;  lose: R -> ; cell * kt * R;", "").replace(
            "bind: L + R -> LR", "bind: L -> LR"
        )
    assert not dormant(sbml(f"{body}\n{reviving};")).species


@settings(max_examples=30)
@given(data=st.data())
def test_a_dormant_species_of_any_network_is_zero_in_the_whole_model(data: st.DataObject) -> None:
    names = "ABCDEF"
    number = st.integers(0, 1).map(float)
    lines = [f"{name} = {data.draw(number)};" for name in names] + [
        f"k{i} = {data.draw(number)};" for i in range(5)
    ]
    for i in range(5):
        left = data.draw(st.lists(st.sampled_from(names), max_size=2))
        right = data.draw(st.lists(st.sampled_from(names), max_size=2))
        rate = "*".join([f"k{i}", *left])
        lines.append(f"J{i}: {' + '.join(left)} -> {' + '.join(right)}; {rate};")
    text = translate("model probe\nspecies A, B, C, D, E, F;\n" + "\n".join(lines) + "\nend", "probe")
    left_out = sorted(dormant(text).species)
    whole = Model(text, reduced=False)
    protocol = Protocol(HOURS)
    assert not left_out or not whole.run(protocol, left_out).any()
    np.testing.assert_allclose(
        Model(text).run(protocol, list(names)), whole.run(protocol, list(names)), rtol=1e-5, atol=1e-8
    )


def test_a_whole_model_stays_whole_in_another_process(sbml: Callable[[str], str]) -> None:
    copy = pickle.loads(pickle.dumps(Model(sbml(LACKING), reduced=False)))
    assert not copy.reduced
    assert copy.able_to_set(["R_rest"]) is copy
