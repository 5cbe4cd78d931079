"""Regimens as text, YAML and event tables: all say the same, and a wrong field is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jakinib import Dose, InputError, Regimen
from jakinib.regimen import Steady
from jakinib.regimen.series import Series, assemble

AMOUNTS = st.one_of(st.integers(1, 400).map(float), st.floats(1e-3, 1e3))
QUARTERS = st.integers(0, 200).map(lambda number: number / 4)
ROUTES = st.one_of(
    st.tuples(st.sampled_from(["oral", "iv bolus"]), st.just(0.0)),
    st.tuples(st.just("iv infusion"), st.floats(0.01, 30)),
)


@st.composite
def series(draw: st.DrawFn, inhibitor: str = "") -> Series:
    route, duration = draw(ROUTES)
    interval = draw(st.sampled_from([24.0, 12.0, 7.5, 8 / 3, 48.0]))
    repeats = draw(st.integers(1, 9))
    steady = interval != 8 / 3 and draw(st.booleans())
    start = draw(st.sampled_from([0.0, 0.5, 6.25])) if steady else draw(st.one_of(QUARTERS, st.floats(0, 50)))
    missing = draw(st.sets(st.integers(1, repeats), max_size=3))
    if repeats == 1 and not steady:
        interval = 0.0
    return Series(
        draw(AMOUNTS), start, interval, repeats, tuple(sorted(missing)), route, duration, inhibitor,
        draw(st.booleans()), steady,
    )  # fmt: skip


@st.composite
def regimens(draw: st.DrawFn) -> Regimen:
    names = draw(st.sampled_from([("",), ("baricitinib",), ("baricitinib", "tofacitinib")]))
    parts = [draw(series(draw(st.sampled_from(names)))) for _ in range(draw(st.integers(1, 4)))]
    return assemble(parts)


FORMS = [("csv", ","), ("tsv", "\t"), ("txt", "\t")]
LOOSE = st.lists(
    st.builds(Dose, st.floats(0, 100), st.one_of(st.just(0.0), AMOUNTS)), min_size=1, max_size=9
).map(lambda doses: Regimen(tuple(doses)))


@given(st.one_of(regimens(), LOOSE))
def test_text_reads_back_as_the_same_regimen(regimen: Regimen) -> None:
    assert Regimen.parse(regimen.to_text()) == regimen


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(regimen=st.one_of(regimens(), LOOSE))
def test_yaml_reads_back_as_the_same_regimen(regimen: Regimen, tmp_path: Path) -> None:
    file = tmp_path / "regimen.yaml"
    file.write_text(regimen.to_yaml(), encoding="utf-8")
    assert Regimen.read(file) == regimen


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(regimen=st.one_of(regimens(), LOOSE), form=st.sampled_from(FORMS))
def test_an_event_table_reads_back_as_the_same_regimen(
    regimen: Regimen, form: tuple[str, str], tmp_path: Path
) -> None:
    suffix, separator = form
    file = tmp_path / f"regimen.{suffix}"
    file.write_text(regimen.to_table(separator), encoding="utf-8")
    assert Regimen.read(file) == regimen


def test_what_is_missed_stays_readable() -> None:
    text = "baricitinib 4 mg qd ss x 14 missing 5, 6 + tofacitinib 5 mg bid x 14"
    assert Regimen.parse(text).to_text() == text


TABLES = [
    ("TIME,AMT\n0,4\n", "4 mg"),
    ("time,amt,evid,ii,addl\n0,4,1,24,6\n", "4 mg qd x 7"),
    ("TIME,AMT,EVID,DV\n0,4,1,.\n2,.,0,31.5\n24,4,1,.\n", "4 mg qd x 2"),
    ("TIME,AMT,II,ADDL,SS\n0,4,24,2,1\n", "4 mg qd ss x 3"),
    ("TIME,AMT,II,SS\n-12,2,24,1\n0,4,24,2\n12,2,0,0\n", "4 mg qd ss + 2 mg qd ss at 12 h"),
    ("TIME,AMT,RATE\n0,4,8\n", "4 mg iv infusion over 30 min"),
    ("TIME,AMT,RATE,CMT\n0,4,0,2\n", "4 mg iv bolus"),
    ("TIME,AMT,RATE,CMT\n0,4,-2,1\n", "4 mg"),
    ("TIME,AMT,TINF,ROUTE\n0,4,0.5,iv infusion\n", "4 mg iv infusion over 0.5 h"),
    ("TIME,AMT,UNIT\n0,50,ug/kg\n", "50 ug/kg"),
    ("TIME,AMT,EVID\n0,4,1\n24,0,2\n48,4,1\n", "4 mg qd x 3 missing 2"),
    ("TIME,AMT,INHIBITOR\n0,4,baricitinib\n0,5,tofacitinib\n", "baricitinib 4 mg + tofacitinib 5 mg"),
]


@pytest.mark.parametrize(("table", "text"), TABLES)
def test_an_event_table_says_what_the_prescription_says(table: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(table, encoding="utf-8")
    assert Regimen.read(tmp_path / "events.csv") == Regimen.parse(text)


def test_a_series_that_stopped_before_time_zero_is_a_missed_dose(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("TIME,AMT,II,SS\n-24,4,24,1\n", encoding="utf-8")
    washout = Regimen.read(tmp_path / "events.csv")
    assert washout == Regimen((Dose(0, 0),), steady=(Steady(Dose(0, 4), 24),))
    assert washout.to_text() == "4 mg qd ss missing 1"


BAD_TABLES = [
    ("", ":1: empty table"),
    ("TIME,AMT,DOSAGE\n0,4,70\n", ":1: unknown column 'DOSAGE'; known: TIME"),
    ("TIME,AMT,AMT\n0,4,4\n", ":1: column 'AMT' stands twice"),
    ("TIME,AMT\n0,4,1\n", ":2: 3 cells, 2 columns"),
    ("TIME,AMT\n0,4\n.,4\n", ":3: column TIME: is missing"),
    ("TIME,AMT\n0,four\n", ":2: column AMT: "),
    ("TIME,AMT\n0,-4\n", ":2: column AMT: "),
    ("TIME,AMT\n0,nan\n", ":2: column AMT: "),
    ("TIME,AMT\n0,0\n", ":2: column AMT: a dose needs an amount above 0"),
    ("TIME,AMT\n24,4\n0,4\n", ":3: column TIME: 0 h comes after 24 h"),
    ("TIME,AMT\n-1,4\n", ":2: column TIME: -1 h; only a row with SS"),
    ("TIME,AMT,EVID\n0,4,3\n", ":2: column EVID: 3 resets the body"),
    ("TIME,AMT,EVID\n0,4,4\n", ":2: column EVID: 4 resets the body"),
    ("TIME,AMT,EVID\n0,4,5\n", ":2: column EVID: "),
    ("TIME,AMT,EVID\n0,4,0\n", ":2: column EVID: 0 is an observation"),
    ("TIME,AMT,EVID\n0,4,2\n", ":2: column AMT: EVID 2"),
    ("TIME,AMT,ADDL\n0,4,3\n", ":2: column II: "),
    ("TIME,AMT,II,ADDL\n0,4,24,1.5\n", ":2: column ADDL: "),
    ("TIME,AMT,II,SS\n24,4,24,1\n", ":2: column TIME: 24 h with SS"),
    ("TIME,AMT,II,SS\n0,4,24,2\n", ":2: column SS: write 1"),
    ("TIME,AMT,RATE\n0,4,-1\n", ":2: column RATE: -1"),
    ("TIME,AMT,RATE,ROUTE\n0,4,8,oral\n", ":2: column RATE: an infusion"),
    ("TIME,AMT,ROUTE\n0,4,iv infusion\n", ":2: column RATE: an infusion"),
    ("TIME,AMT,RATE,TINF\n0,4,8,1\n", ":2: column TINF: 1 h is not AMT / RATE"),
    ("TIME,AMT,ROUTE,CMT\n0,4,oral,2\n", ":2: column CMT: 2 contradicts"),
    ("TIME,AMT,ROUTE\n0,4,rectal\n", ":2: column ROUTE: "),
    ("TIME,AMT,UNIT\n0,4,nmol\n", ":2: column UNIT: unit 'nmol'"),
    ("ID,TIME,AMT\n1,0,4\n2,0,4\n", ":1: 2 patients (ID 1, 2); follow each with"),
    ("TIME,AMT,INHIBITOR\n0,4,baricitinib\n24,4,.\n", "column INHIBITOR: some doses name it"),
    ("TIME,EVID\n0,0\n", "no row is a dose"),
]


@pytest.mark.parametrize(("table", "said"), BAD_TABLES)
def test_a_bad_row_is_named_with_its_column(table: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(table, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Regimen.read(tmp_path / "events.csv")
    assert str(caught.value).startswith(str(tmp_path / "events.csv"))
    assert said in str(caught.value)


DOCUMENTS = [
    ("regimen: 8 mg once then 4 mg qd x 6", "8 mg once then 4 mg qd x 6"),
    ("doses:\n- {dose: 4 mg, every: qd, repeats: 7, missing: [3]}", "4 mg qd x 7 missing 3"),
    ("doses:\n- {dose: 4 mg, route: iv infusion, over: 30 min, at: 1 day}",
     "4 mg iv infusion over 30 min at 24 h"),
    ("doses:\n- {dose: 50 ug/kg, every: 12 h, steady_state: true}", "50 ug/kg bid ss"),
    ("doses:\n- {inhibitor: baricitinib, dose: 4 mg}\n- {inhibitor: tofacitinib, dose: 5 mg}",
     "baricitinib 4 mg + tofacitinib 5 mg"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "text"), DOCUMENTS)
def test_yaml_says_what_the_prescription_says(document: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "regimen.yaml").write_text(document, encoding="utf-8")
    assert Regimen.read(tmp_path / "regimen.yaml") == Regimen.parse(text)


BAD_DOCUMENTS = [
    ("doses: []", ":1: "),
    ("regimen: 4 mg\ndoses: [{dose: 4 mg}]", "one of them"),
    ("doses:\n- {dose: 4 mg}\n- {dose: 4}", ":3: doses.1.dose '4' is not a number with a unit"),
    ("doses:\n- {dose: 4 mg}\n- {dose: -4 mg}", ":3: doses.1.dose "),
    ("doses:\n- dose: 4 mg\n  every: qx\n  repeats: 2", ":3: doses.0.every interval 'qx' unknown"),
    ("doses:\n- dose: 4 mg\n  colour: red", ":3: doses.0.colour is not a known field"),
    ("doses:\n- dose: 4 mg\n  repeats: 2", ":2: doses.0 is repeated and gives no interval"),
    ("doses:\n- dose: 4 mg\n  over: 1 h", ":2: doses.0 an 'iv infusion' and no other route"),
    ("doses:\n- {dose: 4 mg, every: qd, repeats: 2, missing: [3]}", "dose 3 is missing, of 2"),
    ("doses:\n- {dose: 4 mg, every: qd, steady_state: true, at: 30 h}", "within one interval"),
    ("doses:\n- {dose: 4 mg}\n- {dose: 4 mg, inhibitor: baricitinib}", "name it for all"),
    ("colour: red\nregimen: 4 mg qx x 2", ":1: colour is not"),
    ("# mine\nregimen: 4 mg qx x 2", ":2: regimen: interval 'qx' unknown"),
    ("4 mg", "expected a mapping"),
]


@pytest.mark.parametrize(("document", "said"), BAD_DOCUMENTS)
def test_a_bad_field_is_named_with_its_line(document: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "regimen.yaml").write_text(document, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        Regimen.read(tmp_path / "regimen.yaml")
    assert str(caught.value).startswith(str(tmp_path / "regimen.yaml"))
    assert said in str(caught.value)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.yaml"):
        Regimen.read(tmp_path / "regimen.xlsx")
    with pytest.raises(InputError, match="no such file"):
        Regimen.read(tmp_path / "regimen.csv")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("0,0,1,1,0,2", "a constant infusion at steady state"),
        ("0,0,1,0,0,2", "an infusion without end"),
    ],
)
def test_an_infusion_without_amount_is_refused_by_its_name(row: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(f"TIME,AMT,RATE,SS,II,CMT\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"events.csv:2: column RATE: 1 with AMT 0 is {said}"):
        Regimen.read(tmp_path / "events.csv")


def test_without_EVID_a_row_with_an_observation_and_no_amount_is_no_dose(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("TIME,AMT,DV\n0,4,NA\n1,NA,5\n", encoding="utf-8")
    assert Regimen.read(tmp_path / "events.csv") == Regimen.parse("4 mg")
