"""Regimens side by side at steady state: one row an arm and read-out, and their heat map."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from jakinib.assay.compare import beside
from jakinib.assay.course import BAND
from jakinib.errors import InputError
from jakinib.evaluate import potency
from jakinib.files.shown import Shown
from jakinib.regimen import Regimen
from jakinib.scenario.days import day_intervals
from jakinib.scenario.drawn import stored, unfitted
from jakinib.scenario.heat import heat_map
from jakinib.scenario.value import Scenario
from jakinib.scenario.verbs import Several, Verb, drawn, exposed, labels, taking

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"dose_nM": "nM", "percent": "%", "per_day": "h", "ic50_nM": "nM", "ng_per_mL": "ng/mL"}


@dataclass(frozen=True)
class Comparison(Shown):
    """Arms side by side: what each does to each read-out over a day at steady state.

    scenarios: one an arm. notes: what was taken from elsewhere, such as another population.
    """

    scenarios: tuple[Scenario, ...]
    notes: tuple[str, ...]
    _frame: pd.DataFrame = field(repr=False, compare=False)

    @property
    def scenario(self) -> Scenario | list[Scenario]:
        """What was asked: a scenario, or one for each arm."""
        return list(self.scenarios) if len(self.scenarios) > 1 else self.scenarios[0]

    def to_frame(self) -> pd.DataFrame:
        """One row an arm and read-out, in blood drawn and stimulated ex vivo; ``attrs``: units and notes.

        average, maximum and minimum inhibition (%), hours a day above the IC50 (inhibition above 50 %), IC50
        (nM of total plasma), Cmax and average in plasma (ng/mL); _low and _high: the central 90 % of what
        follows from inhibition and of plasma, over the draws of the parameters, of the typical patient in an
        average laboratory. Where the arms dose several inhibitors,
        also the ratio of each IC50 to that of the first with its 90 % band in one laboratory, and whether it
        is certain (95 %) which of the two is more potent.
        """
        frame = self._frame.copy()
        bare = {str(c): str(c).removesuffix("_low").removesuffix("_high") for c in frame}
        ends = {c: unit for c, name in bare.items() for end, unit in UNITS.items() if name.endswith(end)}
        frame.attrs = {"units": ends, "notes": list(self.notes)}
        return frame

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        rows = self.to_frame().astype(object).to_dict("records")
        first = self.scenarios[0]
        return {
            "population": first.patient.population, "milieu": first.assay.milieu or None,
            "notes": list(self.notes),
            "rows": [{key: None if value != value else value for key, value in row.items()} for row in rows],
            "scenarios": [one.record() for one in self.scenarios],
        }  # fmt: skip

    def plot(self) -> Any:
        """Average inhibition beside time above the IC50 as heat maps; a matplotlib Figure."""
        return heat_map(self.to_frame())


def _set(arm: Scenario) -> list[Mapping[str, float]]:
    """What is set of the cells of each read-out."""
    return [read.settings for read in drawn(arm, "compare").values()]


def _beside(
    arms: Several, *, anchored: bool = True, bands: bool = True, advance: Callable[[], None] | None = None
) -> Comparison:
    read = tuple(drawn(arms[0], "compare").values())
    other = next((one for one in arms if one.assay != arms[0].assay or _set(one) != _set(arms[0])), None)
    if other is not None:
        raise InputError(
            f"compare: '{other.label}' is measured otherwise than '{arms[0].label}'; arms share one assay "
            "and what is set of its cells"
        )
    named = labels("compare", arms)
    exposures = [
        replace(exposed(one, anchored=anchored), regimen=label)
        for one, label in zip(arms, named, strict=True)
    ]
    frame = beside(exposures, read, advance)
    notes = tuple(frame.attrs["notes"])
    if bands and anchored:
        ends = day_intervals(arms, exposures, read, advance)
        for column in dict.fromkeys(name for row in ends for name in row):
            frame[column] = [row.get(column, float("nan")) for row in ends]
        draws = stored().settings
        notes += tuple(n for one in exposures for n in unfitted(draws, one.inhibitor, one.population))
        notes = tuple(dict.fromkeys((*notes, f"90 % intervals: {BAND}")))
        frame = potency.with_ratios(frame, read)
    return Comparison(tuple(arms), notes, frame)


def _regimens(
    regimens: Sequence[str] | str,
    cytokines: Sequence[str] | str = "all",
    population: str = "ra_adult",
    *,
    milieu: str = "",
    **options: Any,
) -> Comparison:
    """Compare regimens at steady state, read-out by read-out, in whole blood ex vivo.

    regimens: texts that name an inhibitor, such as "baricitinib 4 mg qd". cytokines: names, or "all"; of the
    first read-out of each unless another is named ("IL-6/pSTAT1"). population: where the pharmacokinetics of
    an inhibitor are known; those of another population are used otherwise, and ``notes`` says so. milieu:
    whose levels stimulate the blood in place of the usual doses; "all" are then the cytokines it states.
    anchored: as potent as cells have shown, in place of what enzyme assays alone lead to expect. bands: 90 %
    intervals of inhibition and of the ratios of IC50s; leave them out when false, which is quicker. advance:
    called after each row, and once more after its intervals.
    Raises InputError for what cannot be compared, UnknownIdError for unknown names.

    >>> import jakinib as jk
    >>> found = jk.compare(["baricitinib 2 mg qd", "baricitinib 4 mg qd"], "IL-6/pSTAT1")
    >>> found.to_frame().average_inhibition_percent.is_monotonic_increasing
    True
    """
    texts = [regimens] if isinstance(regimens, str) else list(regimens)
    wanted = (cytokines,) if isinstance(cytokines, str) else tuple(cytokines)
    if not texts or not wanted:
        raise InputError("compare: give at least one regimen and one cytokine")
    for text in texts:
        if not Regimen.parse(text).inhibitors:
            raise InputError(f"regimen '{text}' names no inhibitor; write for example 'tofacitinib 5 mg bid'")
    who: dict[str, Any] = {"population": population, "cytokine": wanted, "milieu": milieu}
    return _beside([Scenario.of(regimen=text, **who) for text in texts], **options)


_regimens.__name__ = "compare"
compare: Verb[..., Comparison, Comparison] = taking(_regimens, _beside, ("anchored", "bands", "advance"))
