"""The verbs of the package with a scenario in place of their arguments.

Each runs the function of the same name in its own room; a list of scenarios are arms, side by side.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, overload

from jakinib.arguments import checked, shown
from jakinib.assay.cell import EX_VIVO, WHOLE_BLOOD, CellAssay
from jakinib.assay.compare import Exposure, exposure
from jakinib.assay.course import Course, Ends, course
from jakinib.errors import InputError
from jakinib.evaluate import influence, potency
from jakinib.parallel import Workers
from jakinib.population import run
from jakinib.scenario.arms import Arms
from jakinib.scenario.assays import Assays
from jakinib.scenario.parts import MEASURED
from jakinib.scenario.trial import Arm, Trial, together
from jakinib.scenario.value import Scenario
from jakinib.simulate import result

if TYPE_CHECKING:
    pass

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
S = TypeVar("S", covariant=True)
Several = Sequence[Scenario]


class Verb(Protocol, Generic[P, R, S]):
    """A function that takes a scenario, or arms, in place of its arguments."""

    @overload
    def __call__(self, scenario: Scenario | Several, /, **options: Any) -> S: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *, scenario: Scenario | Several, **options: Any) -> S: ...


_EARLIER = (Course, potency.CellPotency, influence.Sensitivity)  # results of rooms that know no scenario


def _arms(given: Any) -> tuple[Scenario, ...] | None:
    """The scenarios of an argument; None where it is something else."""
    if isinstance(given, Scenario):
        return (given,)
    several = isinstance(given, list | tuple) and given and all(isinstance(one, Scenario) for one in given)
    return tuple(given) if several else None


def taking(
    function: Callable[P, Any], of: Callable[..., Any], options: Sequence[str], several: str = ""
) -> Callable[P, Any]:
    """``function`` that hands scenarios to ``of``. options: keywords that say nothing a scenario says.

    several: for verbs of one scenario, what to do with more of them.
    """
    plain = checked(function, instead="a jk.Scenario")
    of = checked(of, where=function.__name__)

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
                raise InputError(f"{function.__name__}: scenario is {shown(given)}; give a jk.Scenario")
        if arms is None:
            return _asked(plain(*args, **kwargs), function, args, kwargs)
        beside_it = [name for name in kwargs if name not in options]
        if rest or beside_it:
            what = ", ".join(beside_it) or repr(rest[0])
            known = f"; only {', '.join(options)} may stand beside it" if options else ""
            raise InputError(
                f"{function.__name__}: {what}: give it in the scenario, scenario.but(...){known}"
            )
        if several and len(arms) > 1:
            raise InputError(f"{function.__name__}: {len(arms)} scenarios; {several}")
        found = of(arms[0] if several else arms, **kwargs)
        return _put(found, arms[0]) if len(arms) == 1 else found

    verb.__doc__ = (
        f"{function.__doc__}\n    A ``Scenario`` may stand in place of the arguments that it states.\n    "
    )
    return verb


def _asked(found: Any, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """A result with the scenario that the arguments of a cell assay state."""
    if not isinstance(found, _EARLIER) or found.scenario is not None:
        return found
    bound = inspect.signature(function).bind(*args, **kwargs).arguments
    return _put(
        found, Scenario.of(**{n: v for n, v in bound.items() if n in ("inhibitor", "settings", *MEASURED)})
    )


def _put(found: Any, scenario: Scenario) -> Any:
    """A result made in an earlier room, with what was asked."""
    if isinstance(found, _EARLIER):
        object.__setattr__(found, "scenario", scenario)  # nobody else holds it yet
    return found


def with_bands(found: Course, scenario: Scenario) -> Course:
    """A course that makes its bands when they are first asked for."""

    def draw(course: Course) -> Ends:
        from jakinib.scenario.drawn import course_ends  # which asks verbs of its own

        return course_ends(scenario, course)

    return replace(found, scenario=scenario, draw=draw)


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


def in_vitro(scenario: Scenario, what: str) -> dict[str, CellAssay]:
    """The assay of each cytokine, with inhibitor spiked; raises InputError for what is set of none."""
    drug = scenario.inhibitors[0]
    assays = {name: scenario.measured(drug, name, WHOLE_BLOOD, (drug,)) for name in scenario.cytokines}
    astray = [n for n, _ in scenario.settings if not any(n in one.settings for one in assays.values())]
    if astray:
        raise InputError(
            f"{what}: settings: {', '.join(astray)}: an assay of {drug} alone has none; leave it out"
        )
    return assays


def no_cells(scenario: Scenario, what: str) -> None:
    """Raises InputError for what is set of cells, where only plasma is asked for."""
    of_doses = {name for drug in scenario.inhibitors for name in scenario.own(drug)}
    of_cells = [name for name, _ in scenario.settings if name not in of_doses]
    if of_cells:
        raise InputError(
            f"{what}: settings: {', '.join(of_cells)} is of cells, and plasma has none; leave it out"
        )


def unset(scenario: Scenario, what: str) -> None:
    """Raises InputError for a scenario with settings, which ``what`` does not take."""
    if scenario.settings:
        names = ", ".join(name for name, _ in scenario.settings)
        raise InputError(f"{what}: does not take settings ({names}) of the scenario; leave them out")


def drawn(scenario: Scenario, what: str) -> dict[str, CellAssay]:
    """The assay of each cytokine in blood drawn after doses; raises InputError for another matrix."""
    if scenario.assay.matrix not in ("", EX_VIVO):
        raise InputError(
            f"{what}: matrix {scenario.assay.matrix}: after doses blood is drawn, {EX_VIVO}; leave it out"
        )
    without(scenario, what, "laboratory", "concentration")
    first = scenario.inhibitors[0]
    return {name: scenario.measured(first, name, EX_VIVO) for name in scenario.cytokines}


def exposed(scenario: Scenario, *, anchored: bool = True, ends: bool = False, **options: Any) -> Exposure:
    """Plasma of a scenario, as ``jakinib.assay.compare.exposure``."""
    who = scenario.patient
    found = exposure(
        scenario.doses, who.population, anchored, inhibitor=scenario.inhibitor, weight=who.weight,
        eGFR=who.eGFR, conditions=who.with_, ends=ends, own=scenario.own(scenario.inhibitors[0]), **options,
    )  # fmt: skip
    notes = [*scenario.doses.notes, *found.notes, *scenario.held]
    return replace(found, notes=tuple(dict.fromkeys(notes)))


def _simulate(
    arms: Several, *, hours: float | str | None = None, at: Sequence[float] = (), bands: bool = True
) -> Course | Arms:
    courses, named = [], labels("simulate", arms)
    for one in arms:
        cytokine = only("simulate", one.cytokines, "cytokine")
        who = one.patient
        courses.append(
            course(
                one.doses, one.inhibitors[0], who.population, settings=who.covariates, hours=hours,
                conditions=who.with_, like=drawn(one, "simulate")[cytokine], at=at,
                own={drug: one.own(drug) for drug in one.inhibitors},
            )
        )  # fmt: skip
        courses[-1] = replace(courses[-1], notes=(*courses[-1].notes, *one.held))
    said = [
        with_bands(one, scenario) if bands else _put(one, scenario)
        for one, scenario in zip(courses, arms, strict=True)
    ]
    return Arms(tuple(said), tuple(arms), tuple(named)) if len(said) > 1 else said[0]


def labels(what: str, arms: Several) -> list[str]:
    """A short name of each arm; raises InputError for arms that are the same."""
    whole = [one.label for one in arms]
    twice = next((label for label in whole if whole.count(label) > 1), None)
    if twice is not None:
        raise InputError(f"{what}: '{twice}' is given twice; give the arms names of their own")
    short = [one.name or one.doses.text for one in arms]
    return short if len(set(short)) == len(short) else whole


def _assay(scenario: Scenario, *, bands: bool = True, **options: Any) -> potency.CellPotency | Assays:
    without(scenario, "assay", "concentration")
    measured, inhibitor = scenario.assay, only("assay", scenario.inhibitors, "inhibitor")
    read_of = in_vitro(scenario, "assay")
    curves = tuple(
        potency.assay(
            inhibitor, stimulus, read or measured.readout, laboratory=measured.laboratory, cell=measured.cell,
            matrix=measured.matrix or WHOLE_BLOOD, cytokine_dose=measured.cytokine_dose,
            preincubation=measured.preincubation, stimulation=measured.stimulation, milieu=measured.milieu,
            settings=read_of[name].settings, **options,
        )
        for name in scenario.cytokines for stimulus, _, read in (name.partition("/"),)
    )  # fmt: skip
    for curve in curves:
        curve.notes = (*curve.notes, *scenario.held)
    return Assays(curves, scenario, bands) if len(curves) > 1 else curves[0]


def _sensitivity(scenario: Scenario, **options: Any) -> influence.Sensitivity:
    without(scenario, "sensitivity", "concentration", "laboratory")
    measured, cytokine = scenario.assay, only("sensitivity", scenario.cytokines, "cytokine")
    found = influence.sensitivity(
        only("sensitivity", scenario.inhibitors, "inhibitor"), cytokine, measured.readout, cell=measured.cell,
        matrix=measured.matrix or WHOLE_BLOOD, cytokine_dose=measured.cytokine_dose,
        preincubation=measured.preincubation, stimulation=measured.stimulation, milieu=measured.milieu,
        settings=in_vitro(scenario, "sensitivity")[cytokine].settings, **options,
    )  # fmt: skip
    return replace(found, assay="; ".join([found.assay, *scenario.held]))


def for_population(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the arguments of ``jakinib.population``; raises InputError for what it does not take."""
    unset(scenario, "population")
    without(scenario, "population", "weight", "eGFR", "cell", "preincubation", "stimulation")
    drawn(scenario, "population")
    measured = scenario.assay
    return {
        "population": scenario.patient.population, "regimen": scenario.doses,
        "inhibitor": only("population", scenario.inhibitors, "inhibitor"),
        "readout": measured.readout, "cytokine_dose": measured.cytokine_dose, "milieu": measured.milieu,
        "conditions": scenario.patient.with_,
    }  # fmt: skip


def studies(arms: Several) -> list[tuple[str, Scenario, dict[str, Any]]]:
    """Label, scenario and arguments of ``jakinib.population`` of each arm under each of its cytokines.

    Raises InputError for arms that are the same.
    """
    names = labels("population", arms)
    return [
        (name, one, for_population(one) | ({"cytokine": stimulus} | ({"readout": read} if read else {})))
        for name, one in zip(names, arms, strict=True)
        for stimulus, _, read in (stimulus.partition("/") for stimulus in one.cytokines)
    ]


def _population(
    arms: Several,
    *,
    n: int = 1000,
    workers: Workers = 1,
    scheduler: str = "",
    executor: Executor | None = None,
    done: run.Done = lambda finished, failed: None,
    **options: Any,
) -> Trial:
    asked, found = studies(arms), []
    with nullcontext(executor) if executor else run.executor_of(workers, scheduler) as own:
        for (label, scenario, given), count in zip(asked, together(done, n, len(asked)), strict=True):
            frame = run.population(**given, n=n, executor=own, workers=workers, done=count, **options)
            found.append(Arm.of(label, frame, frame.attrs["manifest"], scenario))
    return Trial(tuple(found))


@functools.wraps(run.population, assigned=("__module__", "__name__", "__qualname__"))
def _plain_population(*args: Any, **kwargs: Any) -> Trial:
    """A virtual trial: patients of a population under a regimen; scenarios are arms of the same patients.

    Outcomes are those of the last dosing interval: Cmax and Cmin (ng/mL), tmax (h), AUC (ng h/mL), mean,
    largest and smallest inhibition ex vivo (%), hours above the IC50. A patient that cannot be simulated is
    a row whose outcomes are empty, with a reason. Patient i is the same for every n, every cytokine, every
    number of workers and every machine. The result has ``to_frame``, ``summary(by="eGFR")``,
    ``differences``, ``plot``, and ``patients``, the table of one arm with all that was drawn.

    Without a scenario: population, n, regimen, and inhibitor, cytokine (None for exposure alone), readout,
    cytokine_dose, milieu, conditions (names under ``conditions`` of the inhibitor). ensemble: typical
    signalling values, one draw a row; default that of the population's plan. executor: any of
    concurrent.futures. Raises InputError, UnknownIdError; IncompleteRunError when a worker is lost.

    >>> import jakinib as jk
    >>> low = jk.Scenario(patient="ra_adult", regimen="2 mg qd")
    >>> trial = jk.population([low, low.but(regimen="4 mg qd")], n=5)
    >>> [(arm.label, arm.cytokine, len(arm.patients)) for arm in trial]
    [('2 mg qd', 'IL-6', 5), ('4 mg qd', 'IL-6', 5)]
    """
    frame = run.population(*args, **kwargs)
    stated = frame.attrs["manifest"]
    given = inspect.signature(run.population).bind(*args, **kwargs).arguments
    parts: dict[str, Any] = {name: given.get(name, "") for name in ("readout", "cytokine_dose", "milieu")}
    parts["with"] = tuple(given.get("conditions", ()))
    asked = None  # exposure alone is no scenario: one always reads a cytokine
    if stated["cytokine"]:
        asked = Scenario.of(
            population=stated["population"], regimen=given["regimen"], inhibitor=given.get("inhibitor", ""),
            cytokine=stated["cytokine"], **parts,
        )  # fmt: skip
    return Trial((Arm.of(stated["regimen"], frame, stated, asked),))


_ONE = "it answers for one; ask for each"
simulate: Verb[..., result.Result, Any] = taking(result.simulate, _simulate, ("hours", "at", "bands"))
assay: Verb[..., potency.CellPotency, Any] = taking(potency.assay, _assay, ("model", "bands"), _ONE)
sensitivity: Verb[..., influence.Sensitivity, influence.Sensitivity] = taking(
    influence.sensitivity, _sensitivity, ("draws", "done"), _ONE
)
population: Verb[..., Trial, Trial] = taking(
    _plain_population, _population, ("n", "seed", "workers", "scheduler", "ensemble", "executor", "done")
)
