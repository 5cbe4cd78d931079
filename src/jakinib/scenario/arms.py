"""Several courses side by side: plasma and inhibition of each arm against time, labelled at the lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jakinib.assay.course import BAND, Array, Course
from jakinib.errors import InputError
from jakinib.files.shown import Shown
from jakinib.scenario.value import Scenario

if TYPE_CHECKING:
    import pandas as pd

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#222222", "#e69f00")
DASHES = ("-", "--", "-.", ":")
GAP = 0.07  # of the height of a panel between two labels


@dataclass(frozen=True)
class Arms(Shown):
    """The courses of several scenarios, in their order; labels: a name of each."""

    courses: tuple[Course, ...]
    scenarios: tuple[Scenario, ...]
    labels: tuple[str, ...]

    def __iter__(self) -> Iterator[Course]:
        return iter(self.courses)

    def __len__(self) -> int:
        return len(self.courses)

    def __getitem__(self, number: int) -> Course:
        """The course of an arm, counted from 0; raises InputError for one that is not there."""
        if not -len(self) <= number < len(self):
            raise InputError(f"simulate: no arm {number}; there are {len(self)}, counted from 0")
        return self.courses[number]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know of any arm, each once."""
        every = (note for course in self.courses for note in (*course.notes, *course.banded()[1]))
        return tuple(dict.fromkeys(every))

    @property
    def scenario(self) -> Scenario | list[Scenario]:
        """What was asked: a scenario, or one for each arm."""
        return list(self.scenarios) if len(self.scenarios) > 1 else self.scenarios[0]

    def to_frame(self) -> pd.DataFrame:
        """One row an arm and time (h): plasma (ng/mL) of its first inhibitor and inhibition (%), with the
        ends of their 90 % intervals."""
        import pandas as pd

        frame = pd.concat(
            pd.DataFrame({
                "arm": label, "time": course.profile.time, "plasma": course.profile.ng_per_mL,
                "inhibition": 100 * course.inhibition,
            } | {
                f"{name}_{end}": values
                for name, pair in _bands(course).items()
                for end, values in zip(("low", "high"), pair, strict=True)
            })
            for label, course in zip(self.labels, self.courses, strict=True)
        ).reset_index(drop=True)  # fmt: skip
        units = {"time": "h", "plasma": "ng/mL", "inhibition": "%"}
        ends = {name: units[name.partition("_")[0]] for name in map(str, frame) if name != "arm"}
        frame.attrs = {"units": ends, "notes": list(self.notes)}
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "arms": [
                {"arm": label} | course.record()
                for label, course in zip(self.labels, self.courses, strict=True)
            ],
            "scenarios": [one.record() for one in self.scenarios],
        }

    def plot(self) -> Any:
        """Plasma above inhibition, a line an arm, named where it ends, on its 90 % interval; a matplotlib
        Figure."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 5.6), layout="constrained")
        total, inhibited = figure.subplots(2, 1, sharex=True)
        end = max(float(course.profile.time[-1]) for course in self.courses)
        scale, unit = (24.0, "days") if end > 72 else (1.0, "h")
        read = {f"{c.conditions.cytokine} {c.conditions.readout}" for c in self.courses}
        for axes, of in ((total, "plasma"), (inhibited, "inhibition")):
            ends = []
            for number, course in enumerate(self.courses):
                y = course.profile.ng_per_mL if of == "plasma" else 100 * course.inhibition
                dash, colour = DASHES[number % len(DASHES)], COLOURS[number % len(COLOURS)]
                axes.plot(course.profile.time / scale, y, dash, color=colour, linewidth=1.8)
                if of in (ends_of := _bands(course)):
                    x = course.profile.time / scale
                    axes.fill_between(x, *ends_of[of], color=colour, alpha=0.13, linewidth=0)
                    total.set_title(f"shaded: 90 % interval, {BAND}", loc="left", fontsize=8, color="0.35")
                ends.append((float(course.profile.time[-1]) / scale, float(y[-1]), colour))
            axes.set(xlim=(0, end / scale), ylim=(0, 100) if of == "inhibition" else (0, None))
            self._name(axes, ends)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(axis="y", color="0.92")
        drugs = {course.profile.inhibitor for course in self.courses}
        total.set(ylabel=f"{drugs.pop() if len(drugs) == 1 else 'inhibitor'} in plasma (ng/mL)")
        of = read.pop() if len(read) == 1 else "signal"
        inhibited.set(xlabel=f"time ({unit})", ylabel=f"{of} inhibited ex vivo (%)")
        figure.align_ylabels()
        return figure

    def _name(self, axes: Any, ends: list[tuple[float, float, str]]) -> None:
        """The name of each line right of its end, moved apart where names would touch."""
        low, high = axes.get_ylim()
        heights = [(y - low) / (high - low) for _, y, _ in ends]
        placed: dict[int, float] = {}
        for number in np.argsort(heights, kind="stable").tolist():
            least = max(placed.values(), default=-GAP) + GAP
            placed[number] = max(heights[number], least)
        for number, (x, y, colour) in enumerate(ends):
            axes.annotate(
                self.labels[number], (x, y), xytext=(1.02, placed[number]), textcoords="axes fraction",
                color=colour, fontsize=9, va="center", annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0,
                            "relpos": (0, 0.5)},
            )  # fmt: skip


def _bands(course: Course) -> dict[str, tuple[Array, Array]]:
    """Ends of the 90 % intervals of plasma (ng/mL) and inhibition (%), of those that have one."""
    scale = {"plasma": 1.0, "inhibition": 100.0}
    return {
        name: (scale[name] * low, scale[name] * high)
        for name, (low, high) in course.banded()[0].series.items()
    }
