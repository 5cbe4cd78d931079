"""A quantity over a range of one or two inputs of a scenario: a tidy table and its figure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.arguments import checked
from jakinib.assay.cell import cytokines_of
from jakinib.errors import InputError
from jakinib.files.journal import Journal
from jakinib.files.shown import Shown
from jakinib.library import get_library
from jakinib.parallel import Workers, each
from jakinib.paths import check_writable
from jakinib.regimen.changing import shown
from jakinib.scenario.heat import ink_on
from jakinib.scenario.quantities import Input, Outcome, Quantity, amount, numeric, quantity
from jakinib.scenario.spread import spread, unheld
from jakinib.scenario.value import Scenario
from jakinib.simulate import load

if TYPE_CHECKING:
    import pandas as pd

POINTS = 9  # of a range that does not say how many
MOST = 10_000  # points of a scan
WIDE = 10.0  # ratio of the ends of a range from which on its points are spaced by equal factors
_RANGE = re.compile(r"\s*([\d.]+)\s*(?:to|\.\.|–|-)\s*([\d.]+)\s*(.*?)\s*")
_UNIT = re.compile(r"[^\d\s.,eE+-].*$")
Done = Callable[[int, int], None]  # points finished, and of how many
Values = str | Sequence[float | str]
Point = tuple[float, list[str], Sequence[float]]  # a quantity, notes, and the ends of its interval


@dataclass(frozen=True)
class Scan(Shown):
    """What a quantity is over one or two inputs of a scenario.

    at: (points, inputs), each input in its unit. values: (points,), in the unit of the quantity. ends: the
    central 90 % of each over the draws of the parameters; none where it was not asked for. notes: what the
    reader must know of any of the points, such as doses that nobody has studied.
    """

    quantity: Quantity
    inputs: tuple[Input, ...]
    at: tuple[tuple[float, ...], ...]
    values: tuple[float, ...]
    scenario: Scenario
    notes: tuple[str, ...] = ()
    ends: tuple[tuple[float, float], ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a point: inputs, quantity and its 90 % interval; ``attrs`` holds units and notes."""
        import pandas as pd

        names = [over.name for over in self.inputs]
        frame = pd.DataFrame(self.at, columns=names)
        frame[self.quantity.name] = self.values
        shown = [self.quantity.name]
        if self.ends:
            frame["low"], frame["high"] = zip(*self.ends, strict=True)
            shown += ["low", "high"]
        units = {over.name: over.unit for over in self.inputs} | dict.fromkeys(shown, self.quantity.unit)
        frame.attrs = {"units": units, "notes": list(self.notes)}
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        frame = self.to_frame()
        return {
            "units": frame.attrs["units"], "rows": frame.to_dict("records"), "notes": list(self.notes),
            "scenario": self.scenario.record(),
        } | ({"band": self.quantity.whose} if self.ends else {})  # fmt: skip

    @property
    def band(self) -> str:
        """Of whom the interval is; empty where there is none."""
        return f"90 % interval: {self.quantity.whose}" if self.ends else ""

    @property
    def _title(self) -> str:
        """The scenario without the inputs that are varied, which the axes show."""
        one, varied = self.scenario, {over.name for over in self.inputs}
        if one.name:
            return one.name
        dosed = one.regimen is not None and (self.quantity.plasma or self.quantity.inhibited)
        doses = [one.doses.text] if dosed and one.regimen else [*one.inhibitors]
        changing = " and ".join(sorted(varied & {"dose", "interval"}))
        if dosed and changing:
            doses = [f"{' + '.join(one.inhibitors)} at each {changing}"]
        who = [f"{n} {shown(v)}" for n, v in one.patient.covariates.items() if n not in varied]
        people = [one.patient.population, *who, *one.patient.with_] if dosed else []
        read = [] if self.quantity.plasma else [" ".join([*one.cytokines, one.assay.readout]).strip()]
        title = ", ".join([*doses, *people, *read])
        return f"{title}\n{self.band}".strip()

    def plot(self) -> Any:
        """A line over one input, a heat map with a colour bar over two; a matplotlib Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3.8), layout="constrained")
        axes = figure.subplots()
        (_line if len(self.inputs) == 1 else _map)(self, axes)
        axes.set_title(self._title, fontsize=9)
        return figure


@checked
def scan(
    wanted: str,
    over: Mapping[str, Values],
    scenario: Scenario | None = None,
    *,
    bands: bool = True,
    workers: Workers = 1,
    keep: str | Path | None = None,
    done: Done = lambda finished, points: None,
    **parts: Any,
) -> Scan:
    """A quantity at every value of one input of a scenario, or at every pair of values of two.

    wanted: as for ``find``. over: values by input (dose, interval, eGFR, weight, concentration,
    cytokine_dose): numbers in its unit, or a text such as "1, 2, 4 mg" or "1 to 16 mg" (nine points; by equal
    factors where the ends are tenfold apart). parts: fields of the scenario, which change ``scenario`` where
    both are given. bands: leave out the 90 % intervals when false, which is quicker. workers: processes.
    keep: a file of finished points, from which the same call goes on after an interruption; it is removed at
    the end. done: told how many points are finished, and of how many.
    Raises InputError for what is no range or no question, UnknownIdError for names.

    >>> import jakinib as jk
    >>> found = jk.scan("AUC", {"dose": "2, 4 mg"}, regimen="baricitinib 4 mg qd")
    >>> [round(b / a, 3) for a, b in [found.values]]
    [2.0]
    >>> bool((found.to_frame().low < found.to_frame().high).all())
    True
    """
    asked = Scenario.of(**parts) if scenario is None else scenario.but(**parts) if parts else scenario
    what = quantity(wanted)
    inputs = tuple(numeric(name) for name in over)
    if not 1 <= len(set(inputs)) <= 2 or len(set(inputs)) < len(inputs):
        raise InputError(f"scan: {len(inputs)} inputs; give one, or two that differ, such as dose and eGFR")
    at = tuple(product(*(points(given, one) for given, one in zip(over.values(), inputs, strict=True))))
    if len(at) > MOST:
        raise InputError(f"scan: {len(at):,} points; at most {MOST:,} are scanned, give fewer values")
    jobs = []
    for values in at:  # all are made before the first is run, so that a wrong one ends the scan at once
        one = asked
        for put, value in zip((i.put for i in inputs), values, strict=True):
            one = put(one, value)
        jobs.append(one)
    banded, said = _known(asked, what) if bands else (False, [])
    job = _job(asked, what, inputs, at) | {"bands": banded}
    found = _run(partial(_point, what.name, banded), jobs, job, workers, keep, done)
    notes = dict.fromkeys([*(note for _, own, _ in found for note in own), *said])
    ends = tuple((low, high) for _, _, (low, high) in found) if banded else ()
    return Scan(what, inputs, at, tuple(value for value, _, _ in found), asked, tuple(notes), ends)


def _known(scenario: Scenario, what: Quantity) -> tuple[bool, list[str]]:
    """Whether there are intervals, and why not, or what they do not hold."""
    try:
        lines = unheld(scenario, what)
    except InputError as error:
        return False, [f"no interval: {error}"]
    return not (what.plasma and lines), lines


def points(given: Values, over: Input) -> list[float]:
    """Increasing values of an input in its unit, of numbers, of "1, 2, 4 mg" or of "1 to 16 mg".

    Raises InputError for anything else.
    """
    where = f"scan: {over.name}"
    if isinstance(given, str):
        ends = _RANGE.fullmatch(given)
        if ends:
            low, high = (
                amount(f"{end} {ends[3] or over.unit}", over.unit, where) for end in ends.groups()[:2]
            )
            _ordered(given, low, high, where)
            space = np.geomspace if high / low >= WIDE else np.linspace
            return [float(f"{value:.6g}") for value in space(low, high, POINTS)]
        unit = (_UNIT.search(given) or [over.unit])[0]
        bare = [part.strip() for part in given.replace(unit, "").split(",") if part.strip()]
        given = [f"{part} {unit}" for part in bare]
    values = sorted({amount(value, over.unit, where) for value in given})
    if not values or values[0] <= 0:
        raise InputError(f"{where}: give numbers above 0, '1, 2, 4 {over.unit}' or '1 to 16 {over.unit}'")
    return values


def _ordered(given: str, low: float, high: float, where: str) -> None:
    if not 0 < low < high or not math.isfinite(high):
        raise InputError(f"{where}: '{given}' is no range; its ends must be above 0 and rise")


def _job(asked: Scenario, what: Quantity, inputs: Sequence[Input], at: Sequence[Any]) -> dict[str, Any]:
    """All that the points depend on, by which an interrupted scan is known again."""
    from jakinib import __version__

    library = get_library()
    drugs, people = asked.inhibitors, asked.patient.population
    stimuli = [cytokines_of(name.partition("/")[0]) for name in asked.cytokines]
    models = [load("cytokine_signalling", cytokines=names, inhibitors=drugs) for names in stimuli]
    models += [
        load("oral_pk", inhibitors=drug, population=people)
        for drug in drugs
        if people in library.inhibitor(drug).pharmacokinetics
    ]
    return {
        "jakinib": __version__, "scenario": asked.record(), "quantity": what.name,
        "inputs": [over.name for over in inputs], "at": [list(values) for values in at],
        "models": [model.sha256 for model in models],
    }  # fmt: skip


def _point(wanted: str, banded: bool, scenario: Scenario) -> Point:
    what = quantity(wanted)
    values, notes = Outcome().of(scenario, [what])
    ends = spread(scenario, [what])[0] if banded else ()
    return values[0], list(notes), ends


def _run(
    point: Callable[[Scenario], Point],
    scenarios: Sequence[Scenario],
    job: Mapping[str, Any],
    workers: int,
    keep: str | Path | None,
    done: Done,
) -> list[Point]:
    """The quantity, notes and interval of every point; those that are kept are not run again."""
    found: dict[int, Point] = {}
    journal = None
    if keep is not None:
        check_writable(Path(keep))
        journal = Journal(Path(keep), job)
        found = {int(name): tuple(json.loads(journal[name])) for name in journal}
    try:
        done(len(found), len(scenarios))
        missing = [number for number in range(len(scenarios)) if number not in found]
        with closing(each(point, [scenarios[i] for i in missing], workers)) as ended:
            for place, value in ended:
                found[missing[place]] = value
                if journal is not None:
                    journal.add(str(missing[place]), json.dumps(value).encode())
                done(len(found), len(scenarios))
        if journal is not None:
            journal.remove()
    finally:
        if journal is not None:
            journal.__exit__()
    return [found[number] for number in range(len(scenarios))]


def _line(found: Scan, axes: Any) -> None:
    (over,) = found.inputs
    x = [values[0] for values in found.at]
    axes.plot(x, found.values, "o-", color="#0072b2", markersize=4)
    if found.ends:
        axes.fill_between(x, *zip(*found.ends, strict=True), color="#0072b2", alpha=0.2, linewidth=0)
    axes.set(xlabel=f"{over.name} ({over.unit})", ylabel=f"{found.quantity.label} ({found.quantity.unit})")
    axes.set_xscale("log" if x[-1] / x[0] >= WIDE else "linear")
    axes.xaxis.set_major_formatter("{x:g}")
    if math.isfinite(found.quantity.top):
        axes.set_ylim(0, found.quantity.top)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92")


def _map(found: Scan, axes: Any) -> None:
    """The first input upwards, the second to the right; each number in ink that stands out from its cell."""
    up, right = (sorted({values[i] for values in found.at}) for i in (0, 1))
    cells = np.array(found.values).reshape(len(up), len(right))
    image = axes.imshow(cells, origin="lower", aspect="auto", cmap="cividis")
    label = f"{found.quantity.label} ({found.quantity.unit})"
    axes.figure.colorbar(image, ax=axes, label=label)
    axes.set_xticks(range(len(right)), [f"{value:.3g}" for value in right])
    axes.set_yticks(range(len(up)), [f"{value:.3g}" for value in up])
    axes.set(xlabel=f"{found.inputs[1].name} ({found.inputs[1].unit})")
    axes.set(ylabel=f"{found.inputs[0].name} ({found.inputs[0].unit})")
    if cells.size > 120:  # numbers would touch
        return
    for number, ((row, column), value) in enumerate(np.ndenumerate(cells)):
        text = f"{value:.3g}"
        if found.ends and cells.size <= 60:
            text += "\n{:.2g}-{:.2g}".format(*found.ends[number])
        ink = ink_on(image.cmap(image.norm(value)))
        axes.text(column, row, text, ha="center", va="center", color=ink, fontsize=8)
