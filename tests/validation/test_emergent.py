"""Behaviour nobody fitted: it follows from wiring, receptor numbers and feedback."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy.optimize import brentq

import jakinib as jk
from jakinib.library import get_library
from jakinib.library.schema import JAKS

CYTOKINES = tuple(sorted(get_library().cytokines))
HETERODIMERS = tuple(
    name
    for name, cytokine in sorted(get_library().cytokines.items())
    if len(cytokine.slot_a) == len(cytokine.slot_b) == 1 and cytokine.slot_a != cytokine.slot_b
    and set(cytokine.slot_a) != set(cytokine.slot_b)
)  # fmt: skip


def percent(cytokine: str, settings: dict[str, float], hours: float = 0.25, cell: str = "") -> float:
    """Principal pSTAT (percent) under 50 ng/mL of the cytokine."""
    entry = get_library().cytokine(cytokine)
    dose = 50e3 / entry.molecular_weight.to("g/mol")
    model = jk.load("cytokine_signalling", cytokines=cytokine, cell=cell)
    protocol = jk.Protocol([hours], {f"L_{entry.symbol}": dose, **settings})
    return float(model.run(protocol, [f"p{entry.stats[0]}_percent"])[0, 0])


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_every_cytokine_signals_in_its_reference_cell(cytokine: str) -> None:
    assert percent(cytokine, {}) > 1


@pytest.mark.parametrize("cytokine", HETERODIMERS)
def test_silencing_either_jak_of_a_heterodimer_silences_the_pathway(cytokine: str) -> None:
    entry = get_library().cytokine(cytokine)
    for target in (*entry.slot_a, *entry.slot_b):
        spare = {f"IC50_baricitinib_{jak}": 1e15 for jak in JAKS if jak != target}
        assert percent(cytokine, {**spare, "I_baricitinib": 1e10}) < 0.05 * percent(cytokine, {})


@pytest.mark.parametrize("cytokine", ["EPO", "TPO", "GM-CSF"])
def test_a_jak2_sparing_inhibitor_spares_the_jak2_homodimers(cytokine: str) -> None:
    spare = {"IC50_baricitinib_JAK2": 1e12, "I_baricitinib": 1e3}
    assert percent(cytokine, spare) == pytest.approx(percent(cytokine, {}), rel=1e-3)
    assert percent("IL-2", spare) < 0.2 * percent("IL-2", {})
    assert percent(cytokine, {"I_baricitinib": 1e4}) < 0.2 * percent(cytokine, {})


@pytest.mark.parametrize(("cytokine", "readout"), [("IL-6", "pSTAT3"), ("IL-2", "pSTAT5"), ("EPO", "pSTAT5")])
def test_ic50_rises_with_receptor_number(cytokine: str, readout: str) -> None:
    entry = get_library().cytokine(cytokine)
    model = jk.load("cytokine_signalling", cytokines=cytokine)

    def ic50(times: float) -> float:
        more = {}
        for chain in (entry.first_chain, entry.second_chain):
            more[chain] = more[f"{chain}_rest"] = times * model.initial(chain)
        return jk.CellAssay("baricitinib", cytokine, readout, settings=more).curve().ic50

    values = [ic50(times) for times in (0.3, 1.0, 3.0, 10.0)]
    assert (np.diff(values) > 0).all()


def test_il6_pstat3_outlasts_in_socs3_deficient_cells() -> None:
    for cell in ("macrophage", "hepatocyte"):
        wild_type = percent("IL-6", {}, hours=2.0, cell=cell)
        deficient = percent("IL-6", {"ktx_SOCS3": 0.0}, hours=2.0, cell=cell)
        assert deficient > 2 * wild_type


@functools.cache
def ec50(cytokine: str, cell: str, hours: float) -> float:
    """EC50 (nM) of pSTAT5 in a cell, by root-finding."""
    symbol = get_library().cytokine(cytokine).symbol
    model = jk.load("cytokine_signalling", cytokines=cytokine, cell=cell)

    def signal(log_dose: float) -> float:
        return float(model.run(jk.Protocol([hours], {f"L_{symbol}": 10**log_dose}), ["pSTAT5_percent"])[0, 0])

    top = signal(2.5)
    return float(10 ** brentq(lambda x: signal(x) / top - 0.5, -5, 2.5, xtol=1e-4))


@pytest.mark.parametrize("hours", [0.5, 1.0])
def test_il2_potency_ladder_follows_from_receptor_counts(hours: float) -> None:
    treg, cd4, cd8, nk = (ec50("IL-2", cell, hours) for cell in ("Treg", "CD4 T", "CD8 T", "NK"))
    assert treg < cd4 < min(cd8, nk)


def test_without_its_alpha_chain_a_treg_answers_il2_like_a_cd8_cell() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2", cell="Treg")
    none = {"IL2RA": 0.0, "IL2RA_rest": 0.0}
    [[with_alpha]] = model.run(jk.Protocol([0.5], {"L_IL2": 0.05}), ["active_IL2"])
    [[without]] = model.run(jk.Protocol([0.5], {"L_IL2": 0.05, **none}), ["active_IL2"])
    assert without < 0.2 * with_alpha


def test_the_cyclic_assembly_of_il2_comes_to_detailed_balance() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2", cell="Treg")
    still = {"kturn": 0.0, "kact_IL2": 0.0, "L_IL2": 0.3}
    names = ["IL2RA", "IL2RB", "IL2RG", "LA_IL2", "LP_IL2", "LAP_IL2", "R_IL2", "Ra_IL2"]
    a, b, g, la, lb, lab, lbg, labg = model.run(jk.Protocol([2000.0], still), names)[0]
    constants = {k: model.initial(f"{k}_IL2") for k in ("Ka", "Kd", "Kab", "Kba", "Kasm", "Kabg", "Kbga")}
    for numerator, denominator, constant in (
        (0.3 * a, la, "Ka"), (0.3 * b, lb, "Kd"), (la * b, lab, "Kab"), (lb * a, lab, "Kba"),
        (lb * g, lbg, "Kasm"), (lab * g, labg, "Kabg"), (lbg * a, labg, "Kbga"),
    ):  # fmt: skip
        assert numerator / denominator == pytest.approx(constants[constant], rel=1e-5), constant


def test_cytokines_compete_for_the_shared_gamma_chain() -> None:
    scarce = {"IL2RG": 2.0, "IL2RG_rest": 2.0}
    model = jk.load("cytokine_signalling", cytokines=("IL-2", "IL-7"), cell="CD4 T")
    [[alone]] = model.run(jk.Protocol([0.25], {"L_IL2": 3.0, **scarce}), ["active_IL2"])
    [[rivalled]] = model.run(jk.Protocol([0.25], {"L_IL2": 3.0, "L_IL7": 100.0, **scarce}), ["active_IL2"])
    assert rivalled < 0.9 * alone


def test_cytokines_compete_for_a_shared_stat_pool() -> None:
    model = jk.load("cytokine_signalling", cytokines=("IL-6", "IL-10"), cell="T cell")
    level = {}
    for name, doses in {
        "IL6": {"L_IL6": 3.0},
        "IL10": {"L_IL10": 3.0},
        "both": {"L_IL6": 3.0, "L_IL10": 3.0},
    }.items():
        level[name] = float(model.run(jk.Protocol([0.25], doses), ["pSTAT3_percent"])[0, 0])
    assert max(level["IL6"], level["IL10"]) < level["both"] < level["IL6"] + level["IL10"]


def test_isgf3_needs_type_i_interferon() -> None:
    composite = jk.load("cytokine_signalling", cytokines=("IFN-alpha", "IFN-gamma"), cell="T cell")
    [[type_i]] = composite.run(jk.Protocol([1.0], {"L_IFNa": 3.0}), ["dna_ISGF3"])
    [[type_ii]] = composite.run(jk.Protocol([1.0], {"L_IFNg": 3.0}), ["dna_ISGF3"])
    assert type_i > 0.05
    assert type_ii < 1e-9


def test_socs1_rises_later_than_socs3() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-21", cell="T cell")
    minutes = np.arange(1.0, 241.0)
    run = model.run(jk.Protocol(minutes / 60, {"L_IL21": 3.0}), ["SOCS1_mRNA", "SOCS3_mRNA"])
    half = [minutes[np.argmax(run[:, i] > 0.5 * run[:, i].max())] for i in range(2)]
    assert half[0] > half[1]


BRAKES = [(name, f.protein) for name in CYTOKINES for f in get_library().cytokine(name).feedback]


@pytest.mark.parametrize(("cytokine", "protein"), BRAKES)
def test_a_feedback_protein_of_strength_zero_brakes_no_more_than_one_that_is_not_made(
    cytokine: str, protein: str
) -> None:
    symbol = get_library().cytokine(cytokine).symbol
    strong, none, unmade = (
        percent(cytokine, settings, hours=4.0)
        for settings in (
            {f"strength_{protein}_{symbol}": 1.0},
            {f"strength_{protein}_{symbol}": 0.0},
            {f"ktx_{protein}": 0.0},
        )
    )
    assert none == pytest.approx(unmade, rel=1e-6)
    assert strong <= none


def test_socs3_brakes_il6_as_its_constants_say_and_spares_il10() -> None:
    share = {}
    for name, symbol in (("IL-6", "IL6"), ("IL-10", "IL10")):
        made = percent(name, {}, hours=4.0)
        share[name] = made / percent(name, {f"strength_SOCS3_{symbol}": 0.0}, hours=4.0)
    assert share["IL-6"] < 0.5 < share["IL-10"]


def test_the_strength_of_a_feedback_protein_is_that_on_one_receptor() -> None:
    model = jk.load("cytokine_signalling", cytokines=("IL-6", "IL-10"), cell="monocyte")
    weak = {"strength_SOCS3_IL6": 0.0}
    names = ["brake_IL6", "brake_IL10", "loss_SOCS_IL6", "loss_SOCS_IL10", "SOCS3"]
    given = {"L_IL6": 2.0, "L_IL10": 2.0}
    six, ten, six_loss, ten_loss, level = model.run(jk.Protocol([2.0], {**given, **weak}), names)[0]
    assert level > 0
    assert (six, six_loss) == (1, 0)
    strength = model.initial("strength_SOCS3_IL10")
    assert ten == pytest.approx(1 + strength * level / model.initial("Kb_SOCS3"), rel=1e-9)
    half = level / (model.initial("Ks_SOCS3") + level)
    assert ten_loss == pytest.approx(strength * model.initial("ksocs_SOCS3") * half, rel=1e-9)


def test_protection_of_the_inhibited_jak_is_off_by_default_and_raises_active_receptor() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-6")
    drug = {"L_IL6": 3.0, "ktx_SOCS3": 0.0}
    steps = [jk.Step(0.25, {"I_baricitinib": 300.0})]

    def active(protection: float | None) -> float:
        chosen = drug if protection is None else {**drug, "protection": protection}
        return float(model.run(jk.Protocol([0.75], chosen, steps), ["active_IL6"])[0, 0])

    assert model.initial("protection") == 0
    assert active(None) == active(0.0)
    assert active(0.8) > 1.5 * active(0.0)


def test_target_genes_follow_dna_occupancy_and_stay_silent_without_cytokine() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-4")
    [[silent]] = model.run(jk.Protocol([6.0]), ["target_STAT6_mRNA"])
    [[induced]] = model.run(jk.Protocol([6.0], {"L_IL4": 1.0}), ["target_STAT6_mRNA"])
    [[inhibited]] = model.run(jk.Protocol([6.0], {"L_IL4": 1.0, "I_baricitinib": 1e4}), ["target_STAT6_mRNA"])
    assert silent == pytest.approx(0, abs=1e-9)
    assert induced > 0.1
    assert inhibited < 0.2 * induced
