"""The verbs of the package with a scenario in place of their arguments.

Each runs the function of the same name in its own room; a list of scenarios are arms, side by side.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, overload

from jakinib.assay.cell import EX_VIVO, WHOLE_BLOOD, CellAssay
from jakinib.assay.compare import Exposure, beside, exposure
from jakinib.assay.course import Course, course
from jakinib.errors import InputError
from jakinib.evaluate import influence, potency
from jakinib.population import run
from jakinib.scenario.assays import Assays
from jakinib.scenario.value import Scenario
from jakinib.simulate import result

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
S = TypeVar("S", covariant=True)
Arms = Sequence[Scenario]


class Verb(Protocol, Generic[P, R, S]):
    """A function that takes a scenario, or arms, in place of its arguments."""

    @overload
    def __call__(self, scenario: Scenario | Arms, /, **options: Any) -> S: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *, scenario: Scenario | Arms, **options: Any) -> S: ...


def _arms(given: Any) -> tuple[Scenario, ...] | None:
    """The scenarios of an argument; None where it is something else."""
    if isinstance(given, Scenario):
        return (given,)
    several = isinstance(given, list | tuple) and given and all(isinstance(one, Scenario) for one in given)
    return tuple(given) if several else None


def _taking(
    function: Callable[P, Any], of: Callable[..., Any], options: Sequence[str], several: str = ""
) -> Callable[P, Any]:
    """``function`` that hands scenarios to ``of``. options: keywords that say nothing a scenario says.

    several: for verbs of one scenario, what to do with more of them.
    """

    @functools.wraps(function)
    def verb(*args: Any, **kwargs: Any) -> Any:
        arms = _arms(args[0]) if args else None
        rest = args[1:] if arms else args
        if "scenario" in kwargs:
            if arms is not None:
                raise InputError(f"{function.__name__}: a scenario is given twice; give it once")
            given = kwargs.pop("scenario")
            arms = _arms(given)
            if arms is None:
                raise InputError(
                    f"{function.__name__}: scenario is {type(given).__name__}; give a jk.Scenario"
                )
        if arms is None:
            return function(*args, **kwargs)
        beside_it = [name for name in kwargs if name not in options]
        if rest or beside_it:
            what = ", ".join(beside_it) or repr(rest[0])
            known = f"; only {', '.join(options)} may stand beside it" if options else ""
            raise InputError(
                f"{function.__name__}: {what}: give it in the scenario, scenario.but(...){known}"
            )
        if several and len(arms) > 1:
            raise InputError(f"{function.__name__}: {len(arms)} scenarios; {several}")
        return of(arms[0] if several else arms, **kwargs)

    verb.__doc__ = (
        f"{function.__doc__}\n    A ``Scenario`` may stand in place of the arguments that it states.\n    "
    )
    return verb


def only(what: str, names: Sequence[str], noun: str) -> str:
    """The one name; raises InputError where there are several."""
    if len(names) != 1:
        raise InputError(f"{what}: takes one {noun}, and the scenario names {', '.join(names)}; ask for each")
    return names[0]


def without(scenario: Scenario, what: str, *fields: str) -> None:
    """Raises InputError when a scenario states one of these, which ``what`` does not take."""
    patient = {name for name, value in scenario.patient.record().items() if value}
    stated = [*scenario.assay.given(*(f for f in fields if f in type(scenario.assay).model_fields)),
              *(f for f in fields if f in patient)]  # fmt: skip
    if stated:
        raise InputError(f"{what}: does not take {', '.join(stated)} of the scenario; leave it out")


def drawn(scenario: Scenario, what: str) -> dict[str, CellAssay]:
    """The assay of each cytokine in blood drawn after doses; raises InputError for another matrix."""
    if scenario.assay.matrix not in ("", EX_VIVO):
        raise InputError(
            f"{what}: matrix {scenario.assay.matrix}: after doses blood is drawn, {EX_VIVO}; leave it out"
        )
    without(scenario, what, "laboratory", "concentration")
    first = scenario.inhibitors[0]
    return {name: scenario.assay.of(first, name, EX_VIVO) for name in scenario.cytokines}


def exposed(scenario: Scenario, *, anchored: bool = True, ends: bool = False, **options: Any) -> Exposure:
    """Plasma of a scenario, as ``jakinib.assay.compare.exposure``."""
    who = scenario.patient
    found = exposure(
        scenario.doses, who.population, anchored, inhibitor=scenario.inhibitor, weight=who.weight,
        eGFR=who.eGFR, conditions=who.with_, ends=ends, **options,
    )  # fmt: skip
    return replace(found, notes=tuple(dict.fromkeys([*scenario.doses.notes, *found.notes])))


def _simulate(
    arms: Arms, *, hours: float | str | None = None, at: Sequence[float] = ()
) -> Course | list[Course]:
    courses = []
    for one in arms:
        cytokine = only("simulate", one.cytokines, "cytokine")
        who = one.patient
        courses.append(
            course(
                one.doses, one.inhibitors[0], who.population, settings=who.covariates, hours=hours,
                conditions=who.with_, like=drawn(one, "simulate")[cytokine], at=at,
            )
        )  # fmt: skip
    return courses if len(courses) > 1 else courses[0]


def _compare(
    arms: Arms, *, anchored: bool = True, bands: bool = True, advance: Callable[[], None] | None = None
) -> pd.DataFrame:
    like = drawn(arms[0], "compare")
    other = next((one for one in arms if one.assay != arms[0].assay), None)
    if other is not None:
        raise InputError(
            f"compare: '{other.label}' is measured otherwise than '{arms[0].label}'; arms share one assay"
        )
    labels = [one.label for one in arms]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(f"compare: '{twice}' is given twice; give the arms names of their own")
    short = [one.name or one.doses.text for one in arms]
    named = short if len(set(short)) == len(short) else labels
    exposures = [
        replace(exposed(one, anchored=anchored), regimen=label)
        for one, label in zip(arms, named, strict=True)
    ]
    frame = beside(exposures, list(like), arms[0].assay.milieu, like, advance)
    return potency.with_ratios(frame, like=like) if bands and anchored else frame


def _assay(scenario: Scenario, *, bands: bool = True, **options: Any) -> potency.CellPotency | Assays:
    without(scenario, "assay", "concentration")
    measured, inhibitor = scenario.assay, only("assay", scenario.inhibitors, "inhibitor")
    curves = tuple(
        potency.assay(
            inhibitor, cytokine, measured.readout, laboratory=measured.laboratory, cell=measured.cell,
            matrix=measured.matrix or WHOLE_BLOOD, cytokine_dose=measured.cytokine_dose,
            preincubation=measured.preincubation, stimulation=measured.stimulation, milieu=measured.milieu,
            **options,
        )
        for cytokine in scenario.cytokines
    )  # fmt: skip
    return Assays(curves, scenario, bands) if len(curves) > 1 else curves[0]


def _sensitivity(scenario: Scenario, **options: Any) -> influence.Sensitivity:
    without(scenario, "sensitivity", "concentration", "laboratory")
    measured = scenario.assay
    return influence.sensitivity(
        only("sensitivity", scenario.inhibitors, "inhibitor"),
        only("sensitivity", scenario.cytokines, "cytokine"), measured.readout, cell=measured.cell,
        matrix=measured.matrix or WHOLE_BLOOD, cytokine_dose=measured.cytokine_dose,
        preincubation=measured.preincubation, stimulation=measured.stimulation, milieu=measured.milieu,
        **options,
    )  # fmt: skip


def for_population(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the arguments of ``jakinib.population``; raises InputError for what it does not take."""
    without(scenario, "population", "weight", "eGFR", "cell", "preincubation", "stimulation")
    drawn(scenario, "population")
    measured = scenario.assay
    return {
        "population": scenario.patient.population, "regimen": scenario.doses,
        "inhibitor": only("population", scenario.inhibitors, "inhibitor"),
        "cytokine": only("population", scenario.cytokines, "cytokine"), "readout": measured.readout,
        "cytokine_dose": measured.cytokine_dose, "milieu": measured.milieu,
        "conditions": scenario.patient.with_,
    }  # fmt: skip


def _population(scenario: Scenario, **options: Any) -> pd.DataFrame:
    return run.population(**for_population(scenario), **options)


_ONE = "it answers for one; ask for each"
simulate: Verb[..., result.Result, Any] = _taking(result.simulate, _simulate, ("hours", "at"))
compare: Verb[..., pd.DataFrame, pd.DataFrame] = _taking(
    potency.compare, _compare, ("anchored", "bands", "advance")
)
assay: Verb[..., potency.CellPotency, Any] = _taking(potency.assay, _assay, ("model", "bands"), _ONE)
sensitivity: Verb[..., influence.Sensitivity, influence.Sensitivity] = _taking(
    influence.sensitivity, _sensitivity, ("draws", "done"), _ONE
)
population: Verb[..., pd.DataFrame, pd.DataFrame] = _taking(
    run.population, _population, ("n", "seed", "workers", "scheduler", "ensemble", "executor", "done"), _ONE
)
