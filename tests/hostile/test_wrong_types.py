"""Every public function says in one line what it was given and what it takes, a new one without more ado."""

from __future__ import annotations

import datetime
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import jakinib as jk
from jakinib.arguments import Within
from jakinib.assay import ExVivo, PlasmaProfile
from jakinib.files.shown import Shown
from jakinib.scenario.parts import MEASURED, PATIENT

nan, inf = float("nan"), float("inf")
DOSED = jk.Scenario(regimen="4 mg qd")
WRONG = [
    None, 5, 0.5, float("nan"), True, "ten", b"x", 1j, object(), datetime.datetime(2026, 1, 1), Path("x"), {},
    {"x": object()}, [], [object()], {1, 2}, np.zeros((2, 2)), np.array(["x", None]), pd.DataFrame(),
    dict, jk.Scenario, DOSED, jk.Protocol([1.0]),
]  # fmt: skip


def public() -> Iterator[tuple[str, Any]]:
    """Public names, and the classes of results."""
    yield from ((name, getattr(jk, name)) for name in jk.__all__)
    yield from ((kind.__name__, kind) for kind in (*Shown.__subclasses__(), PlasmaProfile, ExVivo))


def callables() -> Iterator[tuple[str, Callable[..., Any], bool]]:
    """Public functions and classes, and the methods of these that this package defines; is it a method?"""
    for name, made in dict(public()).items():
        if not callable(made) or (inspect.isclass(made) and issubclass(made, Exception)):
            continue
        if name in jk.__all__:  # results are made by the package alone
            yield name, made, False
        for method, _ in inspect.getmembers(made, callable) if inspect.isclass(made) else ():
            own = getattr(inspect.getattr_static(made, method), "__func__", getattr(made, method))
            ours = str(getattr(own, "__module__", "")).startswith("jakinib")
            if ours and (method == "__getitem__" or not method.startswith("_")):
                bound = not isinstance(inspect.getattr_static(made, method), classmethod)
                yield f"{name}.{method}", getattr(made, method), bound


def stated(function: Callable[..., Any]) -> dict[str, Any]:
    """Type hints of the parameters."""
    plain = inspect.unwrap(function.__init__ if inspect.isclass(function) else function)  # type: ignore[misc]
    known = {**plain.__globals__, "pd": pd}
    return {
        name: eval(hint, known) if isinstance(hint, str) else hint
        for name, hint in plain.__annotations__.items()
        if name != "return"
    }


def alternatives(hint: Any) -> list[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [kind for one in typing.get_args(hint) for kind in alternatives(one)]
    return [hint]


def fits(value: Any, kind: Any) -> bool:
    """Whether a value may be meant where a parameter is of some kind: a reading of hints of its own."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:  # by bounds, or read by the function itself
        return fits(value, inner[0]) if isinstance(inner[1], Within) else True
    number = isinstance(value, Real) and not isinstance(value, bool) and value == value
    if origin is typing.Literal:
        return isinstance(value, str) and value in inner
    if origin is not None and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and (not value or inner[1] is Any)
    if origin is np.ndarray:
        return isinstance(value, list | np.ndarray) and np.asarray(value).dtype == float
    if origin is not None and issubclass(origin, Iterable):
        keys = origin is Iterable and isinstance(value, dict)
        return keys or (isinstance(value, list) and not value) or (isinstance(value, str) and inner[0] is str)
    ways = {float: number, int: number and float(value).is_integer(), Path: isinstance(value, str | Path)}
    if kind in ways:
        return bool(ways[kind])
    if kind in (Any, None) or isinstance(kind, typing.TypeVar):
        return kind is not None or value is None
    return callable(value) if origin is not None else isinstance(value, kind)


def cases() -> Iterator[Any]:
    for name, function, bound in callables():
        signature = inspect.signature(function).parameters
        for parameter, hint in stated(function).items():
            known = signature.get(parameter)
            if known is None or known.kind in (known.VAR_KEYWORD, known.VAR_POSITIONAL):
                continue
            kinds = [kind for kind in alternatives(hint) if getattr(kind, "_is_protocol", False) is False]
            wrong = [v for v in WRONG if v is not known.default and not any(fits(v, kind) for kind in kinds)]
            if wrong:
                yield pytest.param(function, bound, parameter, wrong, id=f"{name}-{parameter}")


def said(call: Callable[[], object], given: Any, *names: str) -> None:
    """The call is refused by an error of the package: one line that names the argument or what was given."""
    with pytest.raises(jk.JakinibError) as caught:
        call()
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert len(message) < 600
    assert any(name in message for name in (*names, repr(given)[:40])), message


@pytest.mark.parametrize(("function", "bound", "parameter", "wrong"), [*cases()])
def test_a_value_of_another_type_is_refused_before_anything_is_done(
    function: Callable[..., Any], bound: bool, parameter: str, wrong: list[Any]
) -> None:
    """Nothing else is given: what is wrong is said before what is lacking."""
    for value in wrong:
        said(
            lambda value=value: function(*([DOSED] if bound else []), **{parameter: value}), value, parameter
        )  # type: ignore[misc]


def test_a_result_is_asked_for_what_it_has() -> None:
    profile, curve = jk.plasma("4 mg once", [1.0, 8.0]), jk.assay("baricitinib", "IL-6")
    said(lambda: profile.interval(24.0, 48.0), "", "no time from 24 to 48 h")
    for value in (None, "ten", b"x", [], nan):
        said(lambda value=value: curve.inhibition(value), value, "concentration")  # type: ignore[misc]
    said(lambda: jk.simulate([DOSED, DOSED.but(eGFR=45)], bands=False)[2], "", "no arm 2")  # type: ignore[index]
    said(lambda: jk.Regimen.single(4).to_table("ab"), "", "separator is 'ab'")
    said(lambda: jk.get_library().find("drugs", "baricitinib"), "", "unknown kind of entry 'drugs'")
    said(lambda: jk.get_library().inhibitor(5), 5, "name")  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["a\0b.csv", Path("a\0b.csv"), "\ud800.csv", b"a.csv", 5, None])
def test_a_path_that_no_file_can_have_is_refused(path: Any) -> None:
    loads = (jk.overlay, jk.load, jk.fit, jk.petab, jk.archive, jk.summary, jk.Scenario.read, jk.Regimen.read)
    for call in loads:
        said(lambda call=call: call(path), path, "give a")  # type: ignore[misc]


def test_a_path_of_a_path_object_is_as_good_as_its_text(tmp_path: Path) -> None:
    file = tmp_path / "doses.yaml"
    file.write_text("regimen: 4 mg qd", encoding="utf-8")
    assert jk.Regimen.read(file) == jk.Regimen.read(str(file)) == jk.Regimen.parse("4 mg qd")


def test_every_public_function_is_asked() -> None:
    named = {parameter.id.split("-")[0] for parameter in cases()}
    assert {
        "find",
        "plasma",
        "Model.run",
        "CellAssay",
        "Regimen.parse",
        "population",
        "Scenario.read",
    } <= named


def test_a_lacking_an_unknown_and_a_superfluous_argument_are_named() -> None:
    said(lambda: jk.assay("baricitinib"), "", "cytokine is not given")
    said(lambda: jk.plasma("4 mg", [1.0], inhibtor="baricitinib"), "", "did you mean inhibitor")  # type: ignore[call-arg]
    said(lambda: jk.Scenario(5), "", "without a name")  # type: ignore[call-arg]
    said(lambda: jk.plasma("4 mg", [1.0], regimen="4 mg"), "", "regimen is given twice")  # type: ignore[misc]


PARTS = (*PATIENT, *MEASURED, "name", "inhibitor", "regimen", "settings")
NO_PART = (object(), b"x", datetime.datetime(2026, 1, 1), dict, [object()], np.zeros((2, 2)))


@pytest.mark.parametrize("value", NO_PART, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_a_scenario_of_another_type_is_refused_by_its_name(name: str, value: Any) -> None:
    said(lambda: jk.Scenario.of(**{name: value}), value, name)
    said(lambda: DOSED.but(**{name: value}), value, name)


OPTIONS = {
    jk.simulate: {"hours": [object(), [1], nan, -1, 0], "at": ["1", [nan], 5, [[1]], [-1]],
                  "bands": ["no", 1, None]},
    jk.assay: {"model": [5, "IL-6", jk.Model], "bands": ["no"]},
    jk.sensitivity: {"draws": ["ten", 2.5, True, nan, -1], "done": [5]},
    jk.population: {"n": ["ten", 2.5, True, nan, -1, 0, None], "seed": ["x", -1, 1.5],
                    "workers": [0, -1, "all"],
                    "ensemble": ["x", {}], "executor": [5], "scheduler": [5], "done": [5]},
    jk.compare: {"bands": ["no"], "anchored": [5], "advance": [5]},
}  # fmt: skip


@pytest.mark.parametrize("verb", OPTIONS, ids=lambda verb: verb.__name__)
def test_an_option_beside_a_scenario_is_refused_as_the_argument_is(verb: Callable[..., Any]) -> None:
    for option, values in OPTIONS[verb].items():
        for value in values:
            said(lambda value=value, option=option: verb(DOSED, **{option: value}), value, option, "patients")  # type: ignore[misc]
    said(lambda: verb(scenario={"regimen": "4 mg"}), "", "give a jk.Scenario")


TIMES = [nan, inf, -1.0, [nan], [inf], [-1.0], [2.0, 1.0], [1.0, 1.0], [], "1, 2", ["1"], [[1.0], [2.0]],
         np.zeros((2, 2)), np.array([1.0, nan]), {1.0, 2.0}, None, 5, [10**400]]  # fmt: skip


@pytest.mark.parametrize("times", TIMES, ids=str)
def test_times_that_are_none_are_refused(times: Any) -> None:
    said(lambda: jk.Protocol(times), times, "time")
    said(lambda: jk.plasma("4 mg once", times), times, "time")


@pytest.mark.parametrize("n", ["ten", -1, 0, 2.5, nan, inf, True, 10**400])
def test_patients_are_counted_in_whole_numbers_above_none(n: Any) -> None:
    said(lambda: jk.population("ra_adult", n, cytokine=None), n, "n is", "patients")


BOUNDS: dict[str, Callable[[Any], object]] = {
    "rtol": lambda v: jk.load("oral_pk", rtol=v), "atol": lambda v: jk.load("oral_pk", atol=v),
    "draws": lambda v: jk.sensitivity(draws=v), "workers": lambda v: jk.fit("enzyme", workers=v),
    "starts": lambda v: jk.fit("enzyme", starts=v), "guess": jk.Curve(lambda nM: nM / (nM + 10)).ic50_near,
    "weight": lambda v: jk.Patient(weight=v), "eGFR": lambda v: jk.Patient(eGFR=v),
    "atp": lambda v: jk.KinaseAssay("baricitinib", "JAK1", atp=v),
    "V1_baricitinib": lambda v: jk.plasma("4 mg once", [1.0], settings={"V1_baricitinib": v}),
    "dose": lambda v: jk.scan("AUC", {"dose": [v]}, DOSED),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_that_nothing_can_be_is_refused(name: str) -> None:
    for value in (nan, inf, -inf, -1, 0, True, 10**400, "x", b"1", np.array([1.0, 2.0])):
        said(lambda value=value: BOUNDS[name](value), value, name)  # type: ignore[misc]


def test_what_is_plainly_meant_is_understood() -> None:
    plain = jk.plasma("4 mg once", [1.0, 2.0]).concentration
    series, numbers = pd.Series([1, 2], index=[7, 3]), np.array([1, 2], dtype=np.int32)
    for times in ((1.0, 2.0), series, numbers, range(1, 3), (float(t) for t in (1, 2)), [np.float32(1), 2]):
        assert (jk.plasma("4 mg once", times).concentration == plain).all()  # type: ignore[arg-type]
    assert jk.Dose(np.float32(0.0), np.int64(4)) == jk.Dose(0, 4)
    assert repr(jk.Dose(np.float64(0.0), 4)) == "Dose(time=0.0, " + repr(jk.Dose(0.0, 4)).split(", ", 1)[1]
    assert jk.Patient(weight=np.int64(70)) == jk.Patient(weight=70.0)
    assert jk.Scenario.of(concentration=np.float32(100)) == jk.Scenario.of(concentration=100)
    assert jk.Patient(conditions=["fed"]) == jk.Patient(conditions="fed") == jk.Patient(conditions=("fed",))  # type: ignore[arg-type]
    model, protocol = jk.load("cytokine_signalling_IL6"), jk.Protocol([0.25], {"L_IL6": np.float64(1.0)})
    assert jk.simulate(model, protocol, "pSTAT3_percent").observables == ("pSTAT3_percent",)  # type: ignore[arg-type]
    assert jk.Regimen.parse(jk.Regimen.parse("4 mg qd")) == jk.Regimen.parse("4 mg qd")
