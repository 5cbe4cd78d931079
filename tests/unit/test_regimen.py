"""Regimens: what a prescription says, and the input rate it becomes."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jakinib import Dose, InputError, Regimen
from jakinib.errors import RegimenError
from jakinib.regimen import BOLUS
from jakinib.regimen.inputs import inputs
from jakinib.units import dose_to_nmol

HOURS = {"qd": 24.0, "bid": 12.0, "tid": 8.0, "qid": 6.0, "qod": 48.0, "qw": 168.0, "q8h": 8.0, "q1.5h": 1.5}
MILLIGRAMS = {"mg": 1.0, "g": 1e3, "ug": 1e-3, "µg": 1e-3}
AMOUNTS = st.decimals(0, 1000, places=3).map(float)
MASS = 371.42

DOSES = st.lists(st.builds(Dose, st.floats(0, 48), st.floats(0.001, 100)), min_size=1, max_size=8)
DURATIONS = st.floats(0.05, 30)
LAGS = st.floats(0, 2)


def changes_of(
    regimen: Regimen, duration: float, lag: float, bioavailability: float | None = None
) -> list[tuple[float, float]]:
    """The input of one patient as (hours, nmol/h from then on)."""
    share = None if bioavailability is None else np.array([bioavailability])
    return inputs(regimen, MASS, np.array([duration]), np.array([lag]), share).changes()


def rate_at(changes: list[tuple[float, float]], time: float) -> float:
    return next((rate for start, rate in reversed(changes) if start <= time), 0.0)


@given(
    AMOUNTS,
    st.sampled_from(sorted(MILLIGRAMS)),
    st.sampled_from(sorted(HOURS)),
    st.integers(1, 60),
    st.sampled_from(["{} {} {} x {}", "{}{} {} x{}", "  {}  {}  {}  x  {}  "]),
)
def test_a_regimen_means_what_it_says(
    amount: float, unit: str, interval: str, repeats: int, layout: str
) -> None:
    doses = Regimen.parse(layout.format(amount, unit, interval, repeats)).doses
    assert [dose.time for dose in doses] == pytest.approx([i * HOURS[interval] for i in range(repeats)])
    assert [dose.amount for dose in doses] == pytest.approx([amount * MILLIGRAMS[unit]] * repeats)


def test_a_dose_alone_is_taken_once_at_time_zero() -> None:
    assert Regimen.parse("4 mg").doses == Regimen.single(4.0).doses == (Dose(0.0, 4.0),)


WRONG = [
    ("4", "'4' has no unit", "4"),
    ("4 nmol qd x 7", "unit 'nmol'", "nmol"),
    ("4 qd x 7", "no unit before 'qd'", "4"),
    ("-4 mg", "dose -4 mg", "-4 mg"),
    ("nan mg qd x 7", "'nan mg' is not a finite dose", "nan mg"),
    ("1e400 mg", "dose 1e400 mg", "1e400 mg"),
    ("4 mg qx x 7", "interval 'qx'", "qx"),
    ("4 mg q0h x 7", "interval 'q0h'", "q0h"),
    ("4 mg dayly x 7", "interval 'dayly'", "dayly"),
    ("4 mg qd then 2 mg qd", "how long?", "qd"),
    ("4 mg imatinib qd", "nor is it the name of an inhibitor", "imatinib"),
    ("4 mg twice weekly", "is no even interval, or may be two; write q84h", "twice weekly"),
    ("1,000 mg qd", "may be a decimal number or thousands", "1,000"),
    ("4 mg at 8 am", "is a time of the clock; times count from the first dose", "at 8 am"),
    ("4 mg sc qw", "is not followed; doses are 'oral'", "sc"),
    ("4 mg as needed", "has no times; say when", "as needed"),
    ("4 mg monthly", "write q4w or q30d", "monthly"),
    ("baricitinib 4 mg tofacitinib qd", "name one", "tofacitinib"),
    ("4 mg x 7", "repeated how", "x"),
    ("4 mg ss", "steady state of what", "ss"),
    ("4 mg qd x 0", "'x 0'", "x 0"),
    ("4 mg qd x -2", "'x -2'", "x -2"),
    ("4 mg qd x 1.5", "'x 1.5'", "x 1.5"),
    ("4 mg qd x often", "'x often'", "x often"),
    ("4 mg qd x ²", "'x ²'", "x ²"),
    ("4 mg qd x 7 for 7 days", "say one", "for"),
    ("4 mg qd x 7 x 8", "said before", "x"),
    ("4 mg qd for 7", "has no unit", "7"),
    ("4 mg qd for 7 mg", "unit 'mg' is not one of time", "mg"),
    ("4 mg qd x 7 then stop", "'stop' not understood", "stop"),
    ("4 mg qd x 7 2 mg", "'2' not understood here", "2"),
    ("4 mg once then 2 mg once", "two single doses", "then"),
    ("4 mg qd x 2 then 2 mg qd x 2 at 9 h", "'then after 12 h'", "at"),
    ("4 mg qd x 2 then 2 mg qd ss", "reached before time 0", "ss"),
    ("4 mg qd ss at 30 h", "within one interval", "at"),
    ("4 mg qd x 3 missing 4", "dose 4 is missing, of 3", "4"),
    ("4 mg qd x 3 missing", "which dose is missing", ""),
    ("4 mg iv qd x 3", "'iv bolus'", "iv"),
    ("4 mg iv infusion qd x 3", "how long", "iv infusion"),
    ("4 mg iv infusion over 0 h", "finite time above 0", "0 h"),
    ("baricitinib 4 mg + 5 mg bid x 2", "which inhibitor", "5"),
    ("4 mg qd x 2 + + 2 mg", "'+' not understood", "+"),
    ("4 mg qd x 2 +", "a dose is missing", ""),
    ("", "not understood", ""),
]


@pytest.mark.parametrize(("text", "reason", "part"), WRONG)
def test_the_part_that_was_not_understood_is_named_and_underlined(text: str, reason: str, part: str) -> None:
    with pytest.raises(RegimenError) as caught:
        Regimen.parse(text)
    said, shown, carets = str(caught.value).split("\n")
    assert reason in said
    assert shown == f"  {text}"
    begin, end = carets.index("^"), len(carets)
    assert carets == " " * begin + "^" * (end - begin)
    assert shown[begin:end].strip() == part


PRESCRIBED = [
    ("8 mg once then 4 mg qd x 3", [(0, 8), (24, 4), (48, 4), (72, 4)]),
    ("8 mg once then after 12 h 4 mg qd x 2", [(0, 8), (12, 4), (36, 4)]),
    ("4 mg qd x 2 then 2 mg bid x 3", [(0, 4), (24, 4), (48, 2), (60, 2), (72, 2)]),
    ("4 mg qd for 3 days", [(0, 4), (24, 4), (48, 4)]),
    ("4 mg q12h for 1 week", [(12 * i, 4) for i in range(14)]),
    ("4 mg q2d for 50 h", [(0, 4), (48, 4)]),
    ("4 mg qd x 4 doses missing 2, 3", [(0, 4), (24, 0), (48, 0), (72, 4)]),
    ("4 mg qd x 2 + 2 mg at 90 min", [(0, 4), (1.5, 2), (24, 4)]),
    ("4 mg x 2 qd", [(0, 4), (24, 4)]),
    ("4MG".lower() + "+2mg at 1h", [(0, 4), (1, 2)]),
]


@pytest.mark.parametrize(("text", "doses"), PRESCRIBED)
def test_a_prescription_gives_these_doses(text: str, doses: list[tuple[float, float]]) -> None:
    regimen = Regimen.parse(text)
    assert [(dose.time, dose.amount) for dose in regimen.doses] == doses
    assert {dose.route for dose in regimen.doses} == {"oral"}
    assert regimen.steady == ()


def test_routes_and_their_durations() -> None:
    (infusion,) = Regimen.parse("4 mg iv infusion over 30 min").doses
    assert (infusion.route, infusion.duration) == ("iv infusion", 0.5)
    (bolus,) = Regimen.parse("4 mg iv bolus").doses
    assert (bolus.route, bolus.duration) == ("iv bolus", 0.0)
    assert Regimen.parse("4 mg po") == Regimen.parse("4 mg oral") == Regimen.parse("4 mg")


def test_a_combination_keeps_its_inhibitors_apart() -> None:
    both = Regimen.parse("baricitinib 4 mg qd x 7 then 2 mg qd x 7 + tofacitinib 5 mg bid x 14")
    assert both.inhibitors == ("baricitinib", "tofacitinib")
    assert [dose.amount for dose in both.of("Tofacitinib").doses] == [5.0] * 14
    assert {dose.inhibitor for dose in both.of("baricitinib").doses} == {"baricitinib"}
    with pytest.raises(InputError, match="no dose of 'ruxolitinib'"):
        both.of("ruxolitinib")
    with pytest.raises(InputError, match="one at a time"):
        changes_of(both, 0.5, 0.1)


def test_a_switch_of_inhibitor_names_the_next_one() -> None:
    switch = Regimen.parse("baricitinib 4 mg qd x 2 then tofacitinib 5 mg bid x 2")
    assert [dose.time for dose in switch.of("tofacitinib").doses] == [48.0, 60.0]


def test_an_open_end_is_a_steady_state_and_says_so() -> None:
    opened = Regimen.parse("baricitinib 4 mg qd")
    assert opened == Regimen.parse("baricitinib 4 mg qd ss")
    assert ["taken as at steady state" in note for note in opened.notes] == [True]
    assert not Regimen.parse("baricitinib 4 mg qd ss").notes


@pytest.mark.parametrize(("interval", "count"), [("qd", 14), ("bid", 28), ("qw", 4)])
def test_an_open_end_behind_a_loading_dose_is_followed_and_says_so(interval: str, count: int) -> None:
    opened = Regimen.parse(f"10 mg loading dose then 4 mg {interval}")
    assert opened == Regimen.parse(f"10 mg once then 4 mg {interval} x {count}")
    assert [f"followed for {count} doses" in note for note in opened.notes] == [True]


SAID = {
    "4 mg qd x 14": [
        "4 mg daily for 14 days", "4 mg once daily, 14 days", "4 mg OD x 14 days", "4 mg/day for 14 doses",
        "4,0 mg po once a day for two weeks", "4 mg q24h x 14", "4 mg every 24 hours x14d",
        "Take 4 mg every morning for 14 days.",
    ],
    "5 mg bid x 4": ["5 mg BD x 4", "5 mg twice daily for 2 days", "5 mg every 12 h for 48 h",
        "5 mg 2x/day x 4"],
    "5 mg tid ss": ["5 mg tds", "5 mg q8h ss", "5 mg three times a day at steady state",
        "5 mg every eight hours"],
    "30 mg qw ss": ["30 mg weekly", "30 mg once a week", "30 mg every 7 days",
        "30 mg/week", "30 mg every week"],
    "baricitinib 4 mg qd ss": [
        "4 mg baricitinib qd", "baricitinib 4mg once a day", "Olumiant 4 mg qd",
        "4 mg of Olumiant once daily",
        "LY-3009104 4 mg od", "baricitinib, 4 mg, daily",
    ],
    "tofacitinib 5 mg bid ss": ["CP-690550 5 mg bid", "CP-690,550 5 mg b.i.d.", "Xeljanz 5 mg twice a day"],
    "10 mg once then 4 mg qd x 3": [
        "10 mg loading dose then 4 mg qd x 3", "loading dose of 10 mg, then 4 mg qd x 3",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("meant", "said"), [(meant, said) for meant, many in SAID.items() for said in many])
def test_a_prescription_is_understood_as_it_is_spoken(meant: str, said: str) -> None:
    assert Regimen.parse(said) == Regimen.parse(meant)


def test_doses_by_weight_need_a_weight() -> None:
    regimen = Regimen.parse("50 ug/kg qd x 2")
    with pytest.raises(InputError, match="give the weight"):
        changes_of(regimen, 0.5, 0.1)
    assert regimen.at_weight(80) == Regimen.parse("4 mg qd x 2")
    with pytest.raises(InputError, match="weight is nan"):
        regimen.at_weight(math.nan)


def test_some_doses_with_and_some_without_a_name_are_refused() -> None:
    with pytest.raises(InputError, match="name it for all"):
        Regimen((Dose(0, 4), Dose(1, 4, inhibitor="baricitinib")))


@pytest.mark.parametrize(
    ("text", "intervals"),
    [
        ("4 mg", [(0, 24)]),
        ("4 mg bid x 2", [(0, 12), (12, 24)]),
        ("4 mg qd x 3 missing 2", [(0, 24), (24, 48), (48, 72)]),
        ("4 mg qw ss", [(0, 168)]),
        ("4 mg qd ss + 2 mg qd ss at 8 h", [(0, 8), (8, 24)]),
    ],
)
def test_dosing_intervals(text: str, intervals: list[tuple[float, float]]) -> None:
    assert Regimen.parse(text).intervals() == intervals


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("4 mg", 24),
        ("4 mg bid x 6", 72),
        ("4 mg tid x 1", 24),
        ("4 mg qw ss", 168),
        ("4 mg + 2 mg at 30 h", 60),
    ],
)
def test_a_regimen_ends_with_its_last_interval(text: str, end: float) -> None:
    assert Regimen.parse(text).end == end


def test_the_examples_of_the_documentation() -> None:
    import jakinib.regimen.dose as module

    results = doctest.testmod(module)
    assert results.attempted >= 8
    assert results.failed == 0


@given(st.text(max_size=12), st.text(max_size=6), st.text(max_size=4))
@example("4 mg", "qd", "²")
def test_no_text_fails_in_any_other_way(dose: str, interval: str, repeats: str) -> None:
    try:
        regimen = Regimen.parse(f"{dose} {interval} x {repeats}")
    except InputError:
        return
    assert len(regimen.doses) >= 1


@pytest.mark.parametrize("amount", [-1.0, math.nan, math.inf])
def test_a_dose_must_be_finite_and_not_negative(amount: float) -> None:
    with pytest.raises(InputError, match=r"finite amount of at least 0 mg|amount is nan"):
        Regimen.single(amount)


@pytest.mark.parametrize("time", [-0.1, math.nan, math.inf])
def test_a_dose_time_must_be_finite_and_not_before_zero(time: float) -> None:
    with pytest.raises(InputError, match=r"dose time|time is nan"):
        Regimen.single(4.0, time)


@given(DOSES, DURATIONS, LAGS)
def test_the_input_rate_integrates_to_the_total_dose(doses: list[Dose], duration: float, lag: float) -> None:
    changes = changes_of(Regimen(tuple(doses)), duration, lag)
    times, rates = np.array(changes).T
    total = dose_to_nmol(sum(dose.amount for dose in doses), MASS)
    assert np.sum(rates[:-1] * np.diff(times)) == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert (np.diff(times) > 0).all()
    assert (rates >= 0).all()
    assert rates[-1] == pytest.approx(0, abs=1e-9 * rates.max())


@given(DOSES, DURATIONS, LAGS, st.floats(0, 80))
def test_overlapping_doses_add_up(doses: list[Dose], duration: float, lag: float, time: float) -> None:
    changes = changes_of(Regimen(tuple(doses)), duration, lag)
    starts = [dose.time + lag for dose in doses]
    if any(abs(time - edge) < 1e-9 for start in starts for edge in (start, start + duration)):
        return  # at an edge both neighbours are right
    going = sum(
        dose.amount for dose, start in zip(doses, starts, strict=True) if start < time < start + duration
    )
    assert rate_at(changes, time) == pytest.approx(dose_to_nmol(going, MASS) / duration, rel=1e-9, abs=1e-6)


def test_a_missed_dose_puts_nothing_in() -> None:
    missed = changes_of(Regimen.parse("4 mg qd x 3 missing 2"), 0.5, 0.1)
    assert missed == changes_of(Regimen((Dose(0, 4), Dose(48, 4))), 0.5, 0.1)


def test_two_tablets_at_once_are_one_of_twice_the_strength() -> None:
    two = Regimen((Dose(0.0, 2.0), Dose(0.0, 2.0)))
    assert changes_of(two, 0.5, 0.1) == changes_of(Regimen.single(4.0), 0.5, 0.1)


@pytest.mark.parametrize("duration", [0.0, -1.0, math.nan])
def test_an_input_needs_a_duration(duration: float) -> None:
    with pytest.raises(InputError, match="duration"):
        changes_of(Regimen.single(4.0), duration, 0.1)


INTRAVENOUS = st.lists(
    st.one_of(
        st.builds(Dose, st.floats(0, 48), st.floats(0.01, 100), st.just("iv bolus")),
        st.builds(Dose, st.floats(0, 48), st.floats(0.01, 100), st.just("iv infusion"), st.floats(0.1, 40)),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


@given(INTRAVENOUS, st.floats(0.05, 1))
def test_intravenous_input_integrates_to_the_dose_over_f(doses: list[Dose], bioavailability: float) -> None:
    changes = changes_of(Regimen(tuple(doses)), 0.5, 0.1, bioavailability)
    times, rates = np.array(changes).T
    total = dose_to_nmol(sum(dose.amount for dose in doses), MASS) / bioavailability
    assert np.sum(rates[:-1] * np.diff(times)) == pytest.approx(total, rel=1e-9)
    assert rates[-1] == 0


def test_intravenous_doses_need_the_bioavailability_and_know_no_lag() -> None:
    bolus = Regimen.parse("4 mg iv bolus")
    with pytest.raises(InputError, match="needs the bioavailability F"):
        changes_of(bolus, 0.5, 0.1)
    with pytest.raises(InputError, match="0 < F <= 1"):
        changes_of(bolus, 0.5, 0.1, 0.0)
    assert [time for time, _ in changes_of(bolus, 0.5, 0.1, 0.8)] == [0.0, BOLUS]


@given(st.floats(0.1, 200), st.floats(0, 23.75), st.floats(0.5, 90))
def test_at_steady_state_the_input_of_a_day_is_one_dose(amount: float, at: float, over: float) -> None:
    """However far infusions reach into the following intervals, and from before time 0."""
    regimen = Regimen.parse(f"{amount!r} mg iv infusion over {over!r} h qd ss x 6 at {at!r} h")
    times, rates = np.array([(0.0, 0.0), *changes_of(regimen, 0.5, 0.1, 1.0)]).T
    day = np.concatenate(([0.0], times[(times > 0) & (times < 24)], [24.0]))
    held = rates[np.searchsorted(times, day[:-1], side="right") - 1]
    assert np.sum(held * np.diff(day)) == pytest.approx(dose_to_nmol(amount, MASS), rel=1e-9)
