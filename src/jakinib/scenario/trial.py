"""A virtual trial: the same patients in every arm and under every cytokine, and how they differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from jakinib.assay.studied import COVARIATES
from jakinib.errors import InputError
from jakinib.files.shown import Shown
from jakinib.library import get_library
from jakinib.library.names import resolve
from jakinib.population.engine import METRICS
from jakinib.population.outcomes import QUANTILES, summary
from jakinib.scenario.value import Scenario

if TYPE_CHECKING:
    import pandas as pd

# Stages of renal function by eGFR, mL/min per 1.73 m2 (KDIGO 2012: G5, G4, G3, G2, G1).
STAGES = (0.0, 15.0, 30.0, 60.0, 90.0, math.inf)
QUANTITIES = {
    "mean_inhibition_percent": ("mean inhibition (%)", ("average inhibition", "mean inhibition")),
    "max_inhibition_percent": ("largest inhibition (%)", ("maximum inhibition", "max inhibition")),
    "min_inhibition_percent": ("smallest inhibition (%)", ("minimum inhibition", "min inhibition")),
    "above_IC50_h": ("hours above the IC50", ("hours above IC50",)),
    "AUC_ng_h_per_mL": ("AUC (ng h/mL)", ("AUC",)),
    "Cmax_ng_per_mL": ("Cmax (ng/mL)", ("Cmax",)),
    "Cmin_ng_per_mL": ("Cmin (ng/mL)", ("Cmin",)),
    "tmax_h": ("tmax (h)", ("tmax",)),
}
UNITS = {"weight": "kg", "eGFR": "mL/min per 1.73 m2", "Cmax_ng_per_mL": "ng/mL", "Cmin_ng_per_mL": "ng/mL",
         "tmax_h": "h", "AUC_ng_h_per_mL": "ng*h/mL", "mean_inhibition_percent": "%",
         "max_inhibition_percent": "%", "min_inhibition_percent": "%", "above_IC50_h": "h"}  # fmt: skip
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
LETTER, HEIGHT = 4.6, 210.0  # points of a letter of an arm's name, and of the axis it stands along
Band = tuple[str, float, float]  # label, from, below


@dataclass(frozen=True)
class Arm:
    """Patients of one arm under one cytokine (empty for exposure alone): a row each, as they were drawn.

    cytokine: as the scenario has it, "IL-6" or, where it names the read-out, "IL-6/pSTAT1". manifest: what
    identifies the study. scenario: None where the call did not state one.
    """

    label: str
    cytokine: str
    patients: pd.DataFrame
    manifest: dict[str, Any]
    scenario: Scenario | None = None

    @classmethod
    def of(
        cls, label: str, patients: pd.DataFrame, manifest: dict[str, Any], scenario: Scenario | None
    ) -> Arm:
        """What was read stands in the manifest."""
        name = manifest["cytokine"] or ""
        if scenario is not None and name and name not in scenario.cytokines:
            name = f"{name}/{manifest['readout']}"
        return cls(label, name, patients, manifest, scenario)


@dataclass(frozen=True)
class Trial(Shown):
    """The arms of a virtual trial, one draw of patients: patient i is the same person in all of them.

    Iterate over its arms. What is read is over the last dosing interval.
    """

    arms: tuple[Arm, ...]

    def __iter__(self) -> Iterator[Arm]:
        return iter(self.arms)

    def __len__(self) -> int:
        return len(self.arms)

    @property
    def scenario(self) -> Scenario | list[Scenario] | None:
        """What was asked: a scenario, one for each arm where there are several."""
        asked = [arm.scenario for arm in self.arms if arm.scenario is not None]
        different = list(dict.fromkeys(asked))
        return None if not different else different[0] if len(different) == 1 else different

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader must know, a line each."""
        said = [note for arm in self.arms for note in arm.manifest["notes"]]
        said += [f"{arm.label} {arm.cytokine}: {failed} patients could not be simulated".replace("  ", " ")
                 for arm in self.arms if (failed := arm.manifest["failed"])]  # fmt: skip
        people = list(dict.fromkeys(arm.manifest["population"] for arm in self.arms))
        if len(people) > 1:
            said.append(
                f"arms are of different populations ({', '.join(people)}), so patients are not paired"
            )
        return tuple(dict.fromkeys(said))

    @property
    def patients(self) -> pd.DataFrame:
        """All that is known of each patient of the only arm, parameters included.

        Raises InputError where there are several.
        """
        if len(self.arms) > 1:
            raise InputError(f"trial: {len(self.arms)} tables of patients; take one, trial.arms[0].patients")
        return self.arms[0].patients

    def to_frame(self) -> pd.DataFrame:
        """One row a patient, arm and cytokine: weight, eGFR and outcomes; ``attrs`` has units and notes."""
        import pandas as pd

        parts = []
        for arm in self.arms:
            kept = ["patient", *COVARIATES, *(m for m in METRICS if m in arm.patients), "status", "reason"]
            part = arm.patients[kept].copy()
            part.insert(0, "cytokine", arm.cytokine)
            part.insert(0, "arm", arm.label)
            parts.append(part)
        frame = pd.concat(parts, ignore_index=True)
        frame.attrs = {"units": {n: u for n, u in UNITS.items() if n in frame}, "notes": list(self.notes)}
        return frame

    def summary(self, by: str = "") -> pd.DataFrame:
        """Median, 5-95 %, mean, CV and number of patients of every covariate and outcome, arm by arm.

        by: eGFR (stages of renal function) or weight (bands of the doses by weight where the library states
        them, else quarters of the patients), band by band. Raises UnknownIdError for another covariate.
        """
        import pandas as pd

        parts = []
        for arm in self.arms:
            for label, rows in self.banded(arm, by):
                part = summary(rows)
                for name, value in (("band", label), ("cytokine", arm.cytokine), ("arm", arm.label)):
                    if name != "band" or by:
                        part.insert(0, name, value)
                parts.append(part)
        frame = pd.concat(parts, ignore_index=True)
        frame.attrs = {"units": UNITS, "notes": list(self.notes)}
        return frame

    def differences(self, quantity: str = "mean inhibition") -> pd.DataFrame:
        """Each arm less the first, patient by patient: median and 5-95 % of the differences, in its unit.

        Raises InputError for one arm alone, and for arms of different populations.
        """
        import pandas as pd

        column = outcome(quantity, self)
        if len({arm.label for arm in self.arms}) < 2:
            raise InputError("differences: one arm; give several scenarios")
        if len({arm.manifest["population"] for arm in self.arms}) > 1:
            raise InputError("differences: arms are of different populations, whose patients are not paired")
        first = {arm.cytokine: arm for arm in reversed(self.arms) if arm.label == self.arms[0].label}
        rows = []
        for arm in self.arms:
            if arm.cytokine in first and arm is not first[arm.cytokine]:
                change = (arm.patients[column] - first[arm.cytokine].patients[column]).dropna().to_numpy()
                low, middle, high = np.quantile(change, QUANTILES) if len(change) else (math.nan,) * 3
                rows.append({"arm": arm.label, "less": self.arms[0].label, "cytokine": arm.cytokine,
                             "median": middle, "p5": low, "p95": high, "n": len(change)})  # fmt: skip
        return pd.DataFrame(rows)

    def record(self) -> dict[str, Any]:
        """Plain data for JSON: manifests and the summary of each arm."""
        return {
            "arms": [
                {"arm": arm.label, "cytokine": arm.cytokine or None, "manifest": arm.manifest,
                 "summary": plain(summary(arm.patients)),
                 "scenario": arm.scenario.record() if arm.scenario else None}
                for arm in self.arms
            ],
            "notes": list(self.notes),
        }  # fmt: skip

    def plot(self, quantity: str = "", by: str = "") -> Any:
        """Box plots of an outcome (default: mean inhibition), a panel a cytokine; a matplotlib Figure.

        by: eGFR or weight, whose bands stand side by side. Boxes hold half of the patients, whiskers 90 %.
        """
        from matplotlib.figure import Figure

        column = outcome(quantity, self)
        cytokines = list(dict.fromkeys(arm.cytokine for arm in self.arms))
        labels = list(dict.fromkeys(arm.label for arm in self.arms))
        bands = [name for name, _, _ in self.bands(by)] if by else [""]
        wide = max(2.6, 0.55 * len(bands) * len(labels) + 1.2)
        figure = Figure(figsize=(wide * len(cytokines) + 0.8, 3.8), layout="constrained")
        panels = figure.subplots(1, len(cytokines), sharey=True, squeeze=False)[0]
        for axes, cytokine in zip(panels, cytokines, strict=True):
            _boxes(axes, [arm for arm in self.arms if arm.cytokine == cytokine], self, column, by, labels)
            read = next(arm.manifest for arm in self.arms if arm.cytokine == cytokine)
            axes.set_title(f"{read['cytokine']} {read['readout']}" if cytokine else "", fontsize=9)
        panels[0].set(ylabel=QUANTITIES[column][0], ylim=(0, self._top(column, by, labels)))
        if UNITS[column] == "%":
            panels[0].set_yticks([tick for tick in panels[0].get_yticks() if tick <= 100])
        n, people = self.arms[0].manifest["n"], self.arms[0].manifest["population"]
        figure.suptitle(
            f"{n} patients, {people}; boxes: half of them, whiskers: 90 %", fontsize=8, x=0.99, ha="right"
        )
        return figure

    def _top(self, column: str, by: str, labels: Sequence[str]) -> float:
        """Upper end of the axis: above all whiskers, and the names that stand on those of the first band."""
        ends = [[float(rows[column].quantile(0.95)) for _, rows in self.banded(arm, by)] for arm in self.arms]
        highest = np.nanmax(np.concatenate(ends)) if len(ends) else 1.0
        first = np.nanmax([arm[0] for arm in ends]) if by and len(labels) > 1 else 0.0
        longest = max(len(line) for label in labels for line in _wrapped(label).split("\n"))
        return float(max(1.05 * highest, first / (1 - (8 + LETTER * longest) / HEIGHT), 1e-9))

    def bands(self, by: str) -> list[Band]:
        """Bands of a covariate that patients of the trial fall into: (label, from, below)."""
        name = resolve("covariate", by, COVARIATES)
        held = np.concatenate([arm.patients[name].to_numpy(dtype=float) for arm in self.arms])
        if name == "eGFR":
            edges = list(STAGES)
        elif stated := self._stated_weights():
            edges = [0.0, *stated, math.inf]
        else:
            edges = [0.0, *(float(f"{q:.3g}") for q in np.quantile(held, (0.25, 0.5, 0.75))), math.inf]
        unit = COVARIATES[name]
        found = [(_label(low, high, unit), low, high) for low, high in pairwise(edges)]
        return [band for band in found if ((held >= band[1]) & (held < band[2])).any()]

    def _stated_weights(self) -> list[float]:
        """Weights (kg) at which the doses that the library states for these patients change."""
        who = {(arm.manifest["inhibitor"], arm.manifest["population"]) for arm in self.arms}
        library = get_library()
        bands = [b for drug, people in who for b in library.inhibitor(drug).dose_bands.get(people, [])]
        return sorted({band.low for band in bands if band.low > 0})

    def banded(self, arm: Arm, by: str) -> list[tuple[str, pd.DataFrame]]:
        """Patients of an arm by band; all of them without one."""
        if not by:
            return [("", arm.patients)]
        held = arm.patients[resolve("covariate", by, COVARIATES)]
        return [(name, arm.patients[(held >= low) & (held < high)]) for name, low, high in self.bands(by)]


def outcome(quantity: str, trial: Trial) -> str:
    """The column of an outcome by name, the mean inhibition or else the AUC by default.

    Raises UnknownIdError for another name, InputError for inhibition where exposure alone was asked for.
    """
    known = {name: spoken for name, (_, spoken) in QUANTITIES.items()}
    present = [name for name in known if all(name in arm.patients for arm in trial.arms)]
    if not quantity:
        return next(name for name in ("mean_inhibition_percent", "AUC_ng_h_per_mL") if name in present)
    said = {spoken.casefold(): name for name, several in known.items() for spoken in several}
    column = said.get(quantity.replace("_", " ").casefold()) or resolve("outcome", quantity, known)
    if column not in present:
        raise InputError(f"{quantity}: exposure alone was asked for; name a cytokine")
    return column


def plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a summary for JSON, with null where there is no number."""
    return frame.astype(object).where(frame.notna(), None).to_dict("records")  # type: ignore[return-value]


def _label(low: float, high: float, unit: str) -> str:
    if low == 0:
        return f"below {high:g} {unit}"
    return f"{low:g} {unit} and more" if math.isinf(high) else f"{low:g} to {high:g} {unit}"


def _boxes(axes: Any, arms: Sequence[Arm], trial: Trial, column: str, by: str, labels: Sequence[str]) -> None:
    """Boxes of the arms of one cytokine: by arm, or side by side in each band."""
    width = 0.8 / len(labels) if by else 0.5
    ticks: dict[float, str] = {}
    for arm in arms:
        number = labels.index(arm.label)
        colour = _COLOURS[number % len(_COLOURS)]
        for place, (band, rows) in enumerate(trial.banded(arm, by)):
            at = place + (number - (len(labels) - 1) / 2) * width if by else float(number)
            values: NDArray[np.float64] = rows[column].dropna().to_numpy(dtype=float)
            ticks[float(place) if by else at] = f"{band}\n({len(rows)})" if by else arm.label
            if not len(values):
                continue
            style = {"color": colour, "linewidth": 1.3}
            axes.boxplot(
                [values], positions=[at], widths=0.8 * width, whis=(5, 95), showfliers=False,
                manage_ticks=False,
                boxprops=style, whiskerprops=style, capprops=style, medianprops=style | {"linewidth": 2.2},
            )  # fmt: skip
            if by and place == 0 and len(labels) > 1:
                top = float(np.quantile(values, 0.95))
                axes.annotate(_wrapped(arm.label), (at, top), (0, 4), textcoords="offset points", rotation=90,
                              ha="center", va="bottom", fontsize=7.5, color=colour)  # fmt: skip
    axes.set_xticks(list(ticks), [_wrapped(text) for text in ticks.values()], fontsize=8)
    axes.set_xlim(min(ticks) - 0.6, max(ticks) + 0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(line for part in text.split("\n") for line in textwrap.wrap(part, 16))


def together(done: Callable[[int, int], None], n: int, jobs: int) -> Iterator[Callable[[int, int], None]]:
    """One ``done`` for each of several runs of ``n`` patients, which count on from the run before."""
    failures = [0] * jobs
    for number in range(jobs):

        def count(finished: int, failed: int, number: int = number) -> None:
            failures[number] = failed
            done(number * n + finished, sum(failures))

        yield count
