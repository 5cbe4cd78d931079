"""The models against closed forms, conservation laws and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jakinib as jk
from jakinib.assay.patient import Patient
from jakinib.assay.pk import Disposition
from jakinib.library import get_library
from jakinib.library.schema import JAKS
from jakinib.regimen import Regimen

CYTOKINES = tuple(sorted(get_library().cytokines))
# A cell in the limit of the closed form: slow activation, no turnover, no feedback, every receptor bound.
LIMIT = {"kturn": 0.0}
STEPS = (2, 3)  # JAK and STAT; the tyrosine of the receptor between them as a step of its own


def limit_settings(symbol: str, stat: str) -> dict[str, float]:
    return {
        **LIMIT,
        f"kint_{symbol}": 0.0,
        f"kact_{symbol}": 1e-4,
        f"kdea_{symbol}": 60.0,
        f"L_{symbol}": 1e4,
    }


def steady_assay(
    symbol: str, stat: str, reserve: float, steps: int
) -> tuple[jk.Model, dict[str, float], str]:
    """Model and settings whose signal reserve without inhibitor is ``reserve``, with that many steps."""
    cytokine = get_library().cytokine(symbol)
    model = jk.load("cytokine_signalling", cytokines=cytokine.id)
    chosen = limit_settings(symbol, stat) | {"catalytic_steps": float(steps)}
    chosen |= {f"ktx_{f.protein}": 0.0 for f in cytokine.feedback}
    name, kphos = f"reserve_{symbol}_{stat}", f"kphos_{symbol}_{stat}"
    [[at_one]] = model.run(jk.Protocol([2000.0], {**chosen, kphos: 1.0}), [name])
    return model, {**chosen, kphos: reserve / at_one}, f"p{stat}_percent"


@pytest.mark.parametrize("kinase", JAKS)
@pytest.mark.parametrize("atp_over_km", [0.1, 1.0, 10.0, 100.0, 1000.0])
def test_cheng_prusoff_emerges_from_mass_action_over_four_orders_of_atp(
    kinase: str, atp_over_km: float
) -> None:
    model = jk.load("kinase_assay", kinase=kinase)
    km, ki = model.initial(f"Km_{kinase}"), model.initial(f"Ki_baricitinib_{kinase}")
    # The association rate only sets how soon equilibrium is reached; the relation holds at equilibrium.
    ic50 = jk.KinaseAssay("baricitinib", kinase, atp=atp_over_km * km, equilibration=200.0).curve(model).ic50
    assert ic50 == pytest.approx(ki * (1 + atp_over_km), rel=0.005)


@pytest.mark.parametrize(("symbol", "stat"), [("IL2", "STAT5"), ("IFNg", "STAT1"), ("IL6", "STAT3")])
@pytest.mark.parametrize("reserve", [0.05, 1.5, 20.0])
@pytest.mark.parametrize("steps", STEPS)
def test_ic50_of_a_heterodimer_solves_the_closed_form(
    symbol: str, stat: str, reserve: float, steps: int
) -> None:
    model, chosen, observable = steady_assay(symbol, stat, reserve, steps)
    model.run(jk.Protocol([1e-6], chosen), ["ATP"])
    kapp = {jak: model.initial(f"Kapp_baricitinib_{jak}") for jak in JAKS}
    w = model.initial(f"w_{symbol}")
    cytokine = get_library().cytokine(symbol)

    def availability(concentration: float, slot: dict[str, object]) -> float:
        return sum(share.value / (1 + concentration / kapp[jak]) for jak, share in slot.items())  # type: ignore[attr-defined]

    def closed_form(log_concentration: float) -> float:
        c = 10**log_concentration
        a, b = availability(c, cytokine.slot_a), availability(c, cytokine.slot_b)
        return steps * (w * math.log(a) + (1 - w) * math.log(b)) + math.log(2 + reserve)

    from scipy.optimize import brentq

    expected = 10 ** brentq(closed_form, -2, 6)
    [[top]] = model.run(jk.Protocol([2000.0], chosen), [observable])
    [[half]] = model.run(jk.Protocol([2000.0], {**chosen, "I_baricitinib": expected}), [observable])
    slope = 1e-2
    [[beside]] = model.run(
        jk.Protocol([2000.0], {**chosen, "I_baricitinib": expected * (1 + slope)}), [observable]
    )
    error = (half / top - 0.5) / ((half - beside) / top / slope)  # of the IC50, relative
    assert abs(error) < 0.01


@pytest.mark.parametrize("reserve", [0.05, 1.5, 20.0])
@pytest.mark.parametrize("steps", STEPS)
def test_ic50_of_a_homodimer_is_kapp_times_root_of_two_plus_g_minus_one(reserve: float, steps: int) -> None:
    model, chosen, observable = steady_assay("GMCSF", "STAT5", reserve, steps)
    expected = model.initial("Kapp_baricitinib_JAK2") * ((2 + reserve) ** (1 / steps) - 1)
    [[top]] = model.run(jk.Protocol([2000.0], chosen), [observable])
    [[half]] = model.run(jk.Protocol([2000.0], {**chosen, "I_baricitinib": expected}), [observable])
    assert half / top == pytest.approx(0.5, abs=0.004)


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_stat_totals_are_conserved_and_nothing_is_negative(cytokine: str) -> None:
    model = jk.load("cytokine_signalling", cytokines=cytokine)
    entry = get_library().cytokine(cytokine)
    totals = [f"{stat}_total" for stat in entry.stats]
    run = model.run(
        jk.Protocol(
            np.linspace(0, 24, 97), {f"L_{entry.symbol}": 2.0}, [jk.Step(3.0, {"I_baricitinib": 50.0})]
        ),
        [*totals, *model.species],
    )
    for i in range(len(totals)):
        assert np.abs(run[:, i] / run[0, i] - 1).max() < 1e-9
    states = run[:, len(totals) :]
    assert (states.min(axis=0) >= -1e-9 * np.maximum(states.max(axis=0), 1e-6)).all()


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_receptor_chains_are_conserved_without_turnover(cytokine: str) -> None:
    entry = get_library().cytokine(cytokine)
    s = entry.symbol
    model = jk.load("cytokine_signalling", cytokines=cytokine)
    chosen = {"kturn": 0.0, f"kint_{s}": 0.0, f"L_{s}": 1.0}
    chosen |= {f"ksocs_{feedback.protein}": 0.0 for feedback in entry.feedback}
    alpha = [f"{name}_{s}" for name in ("Ra", "Rap", "LAP", "LA")] if entry.alpha_chain else []
    whole = [f"R_{s}", f"Rp_{s}", *alpha[:2]]
    pools = {
        entry.first_chain: [f"LP_{s}", *whole, *alpha[2:3]],
        entry.second_chain: whole,
        entry.alpha_chain: alpha,
    }
    if entry.first_chain == entry.second_chain:
        pools = {entry.first_chain: [f"LP_{s}", *whole, *whole]}
    for chain, complexes in pools.items():
        if chain:
            run = model.run(jk.Protocol(np.linspace(0, 6, 25), chosen), [chain, *complexes])
            total = run.sum(axis=1)
            assert np.abs(total / total[0] - 1).max() < 1e-9


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_binding_comes_to_detailed_balance(cytokine: str) -> None:
    entry = get_library().cytokine(cytokine)
    s = entry.symbol
    model = jk.load("cytokine_signalling", cytokines=cytokine)
    chosen = {"kturn": 0.0, f"kact_{s}": 0.0, f"L_{s}": 0.7}
    names = [entry.first_chain, entry.second_chain, f"LP_{s}", f"R_{s}"]
    first, second, bound, assembled = model.run(jk.Protocol([2000.0], chosen), names)[0]
    assert 0.7 * first / bound == pytest.approx(model.initial(f"Kd_{s}"), rel=1e-6)
    assert bound * second / assembled == pytest.approx(model.initial(f"Kasm_{s}"), rel=1e-6)


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_no_cytokine_gives_no_signal(cytokine: str) -> None:
    entry = get_library().cytokine(cytokine)
    model = jk.load("cytokine_signalling", cytokines=cytokine)
    percent = model.run(jk.Protocol([24.0]), [f"p{stat}_percent" for stat in entry.stats])
    assert np.abs(percent).max() < 1e-9


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_the_resting_cell_stays_at_rest(cytokine: str) -> None:
    model = jk.load("cytokine_signalling", cytokines=cytokine)
    rest = np.array([model.initial(name) for name in model.species])
    later = model.run(jk.Protocol([48.0]), model.species)[0]
    assert later == pytest.approx(rest, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("cytokine", CYTOKINES)
def test_no_inhibitor_inhibits_nothing_and_endless_inhibitor_everything(cytokine: str) -> None:
    stat = get_library().cytokine(cytokine).stats[0]
    curve = jk.assay("baricitinib", cytokine, f"p{stat}")
    assert curve.inhibition(0.0) == 0.0
    assert curve.inhibition(1e10) == pytest.approx(1.0, abs=1e-6)


@given(st.floats(1e-3, 1e5), st.floats(1.01, 100))
@settings(max_examples=25, deadline=None)
def test_more_inhibitor_inhibits_more(concentration: float, ratio: float) -> None:
    curve = jk.assay("baricitinib", "IL-2", "pSTAT5")
    assert curve.inhibition(concentration * ratio) > curve.inhibition(concentration) - 1e-9


@pytest.mark.parametrize("shift", [0.1, 1.0, 3.0])
def test_without_atp_the_apparent_constant_is_ki_times_the_shift_of_cells(shift: float) -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2")
    for jak in JAKS:
        names = [f"Kapp_baricitinib_{jak}", f"Ki_baricitinib_{jak}"]
        chosen = {"ATP": 0.0, "shift_baricitinib": shift}
        apparent, intrinsic = model.run(jk.Protocol([1e-3], chosen), names)[0]
        assert apparent == pytest.approx(shift * intrinsic, rel=1e-12)


@pytest.mark.parametrize("jak", JAKS)
def test_atp_raises_the_apparent_constant_by_cheng_and_prusoff(jak: str) -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2")
    names = [f"Kapp_baricitinib_{jak}", f"Ki_baricitinib_{jak}", f"Km_{jak}", "ATP", "shift_baricitinib"]
    apparent, intrinsic, km, atp, shift = model.run(jk.Protocol([1e-3], {"ATP": 2e6}), names)[0]
    assert (atp, apparent) == (2e6, pytest.approx(shift * intrinsic * (1 + 2e6 / km), rel=1e-12))


@pytest.mark.parametrize(("w", "silent"), [(1.0, "JAK1"), (0.0, "JAK3")])
def test_at_the_ends_of_w_one_kinase_carries_the_pathway(w: float, silent: str) -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2")
    other = {"JAK1": "JAK3", "JAK3": "JAK1"}[silent]

    def signal(blocked: str | None) -> float:
        block = {} if blocked is None else {f"IC50_baricitinib_{blocked}": 1e-9}
        spare = {f"IC50_baricitinib_{j}": 1e12 for j in JAKS if j != blocked}
        chosen = {"w_IL2": w, "L_IL2": 3.0, "I_baricitinib": 1.0, **spare, **block}
        return float(model.run(jk.Protocol([0.25], chosen), ["pSTAT5_percent"])[0, 0])

    assert signal(silent) < 1e-6 * signal(None)
    assert signal(other) == pytest.approx(signal(None), rel=1e-6)


@pytest.mark.parametrize("blocked", ["JAK1", "JAK3"])
def test_blocking_either_jak_of_a_heterodimer_silences_it(blocked: str) -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2")
    spare = {f"IC50_baricitinib_{jak}": 1e15 for jak in JAKS if jak != blocked}
    chosen = {"L_IL2": 3.0, "I_baricitinib": 1e10, **spare}
    [[inhibited]] = model.run(jk.Protocol([0.25], chosen), ["pSTAT5_percent"])
    [[free]] = model.run(jk.Protocol([0.25], {"L_IL2": 3.0}), ["pSTAT5_percent"])
    assert inhibited < 0.01 * free


@given(st.floats(0.05, 5.0), st.floats(1.2, 20))
@settings(max_examples=10, deadline=None)
def test_ic50_rises_with_cytokine_dose(dose: float, ratio: float) -> None:
    low = jk.CellAssay("baricitinib", "IL-6", "pSTAT3", cytokine_dose=dose).curve().ic50
    high = jk.CellAssay("baricitinib", "IL-6", "pSTAT3", cytokine_dose=dose * ratio).curve().ic50
    assert high > low


def test_two_inhibitors_compete_for_one_site() -> None:
    model = jk.load("cytokine_signalling", cytokines="IL-2", inhibitors=("baricitinib", "tofacitinib"))
    kapp = {d: model.initial(f"Kapp_{d}_JAK1") for d in ("baricitinib", "tofacitinib")}
    both = {"I_baricitinib": kapp["baricitinib"], "I_tofacitinib": kapp["tofacitinib"]}
    [[available]] = model.run(jk.Protocol([1e-3], both), ["A_JAK1"])
    assert available == pytest.approx(1 / 3, rel=1e-12)


def test_plasma_follows_the_two_compartment_solution() -> None:
    model = jk.load("oral_pk")
    cl, v1, v2, q = (
        model.initial("CLr_baricitinib") + model.initial("CLnr_baricitinib"),
        *(model.initial(f"{key}_baricitinib") for key in ("V1", "V2", "Q")),
    )
    disposition = Disposition.of("baricitinib", "healthy_adult")
    k10, k12, k21 = cl / v1, q / v1, q / v2
    total = k10 + k12 + k21
    root = math.sqrt(total**2 - 4 * k10 * k21)
    fast, slow = (total + root) / 2, (total - root) / 2
    weights = ((fast - k21) / (fast - slow), (k21 - slow) / (fast - slow))
    rate = 4e6 / disposition.molecular_weight / disposition.duration
    times = np.linspace(0, 24, 49)
    since = np.maximum(times - disposition.lag, 0)
    exact = np.zeros_like(times)
    for weight, k in zip(weights, (fast, slow), strict=True):
        after = np.maximum(since - disposition.duration, 0)
        exact += rate / v1 * weight / k * (1 - np.exp(-k * (since - after))) * np.exp(-k * after)
    simulated = jk.plasma(Regimen.single(4.0), times).concentration
    assert simulated == pytest.approx(exact, rel=1e-6, abs=1e-6)


@given(st.floats(40, 120), st.floats(20, 140))
@settings(max_examples=10, deadline=None)
def test_exposure_is_dose_over_clearance_of_the_patient(weight: float, egfr: float) -> None:
    model = jk.load("oral_pk")
    settings_ = {"weight": weight, "eGFR": egfr}
    own = Patient("healthy_adult", weight=weight, eGFR=egfr).settings()
    known = {name: value for name, value in own.items() if name in model.settable}
    [[apparent]] = model.run(jk.Protocol([1e-3], known), ["CL_baricitinib"])
    times = np.concatenate((np.linspace(0, 2, 401), np.linspace(2, 600, 6000)[1:]))
    auc = jk.plasma(Regimen.single(4.0), times, settings=settings_).interval(0, 600)["auc"]
    assert auc == pytest.approx(4e3 / apparent, rel=1e-3)
    [[clearance]] = model.run(jk.Protocol([1e-3], settings_), ["CL_baricitinib"])
    expected = (model.initial("CLr_baricitinib") * egfr / 93 + model.initial("CLnr_baricitinib")) * (
        weight / 74
    ) ** 0.75
    assert clearance == pytest.approx(expected, rel=1e-9)


@given(st.floats(0.5, 20))
@settings(max_examples=10, deadline=None)
def test_plasma_is_proportional_to_dose(dose: float) -> None:
    times = [0.5, 1, 2, 8, 24]
    one = jk.plasma(Regimen.single(1.0), times).concentration
    assert jk.plasma(Regimen.single(dose), times).concentration == pytest.approx(dose * one, rel=1e-5)
