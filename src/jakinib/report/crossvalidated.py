"""What the report shows of a cross-validation: potencies predicted by fits that did not see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jakinib.errors import InputError
from jakinib.fit.crossvalidation import CrossValidation, gmfe, share_inside, stored, worst
from jakinib.fit.folds import LEAVE, Band
from jakinib.fit.plan import Plan
from jakinib.report.potencies import Panel, left_out, predicted_observed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BANDS: tuple[tuple[Band, str], ...] = (
    ("same", "same laboratory"),
    ("new", "a new laboratory"),
    ("ratio", "ratio of two drugs"),
)


@dataclass(frozen=True)
class Summary:
    """One way of leaving out, as a line of a table. inside: percent of rows in each band, by its words."""

    leave: str
    folds: int
    rows: int
    gmfe: float
    worst: float
    inside: dict[str, str]
    density: float


def summary(found: CrossValidation) -> Summary:
    """What a cross-validation comes to."""
    held = found.held
    inside = {
        words: f"{share_inside(held, band):.0f} %"
        if band != "ratio" or any(one.ratio is not None for one in held)
        else "–"
        for band, words in BANDS
    }
    return Summary(found.leave, len(found.folds), len(held), gmfe(held), worst(held), inside, found.density)


def every(plans: Sequence[Plan]) -> tuple[list[CrossValidation], list[str]]:
    """The stored cross-validations of the plans that share offsets, and why others are lacking."""
    found, lacking = [], []
    for plan in plans:
        for leave in LEAVE if "laboratory" in plan.offsets else ():
            try:
                found.append(stored(plan, leave))
            except InputError as error:
                lacking.append(str(error))
    return found, lacking


def panel(found: CrossValidation) -> Panel:
    """The left-out potencies as the panel of a figure."""
    return Panel(f"Predicted: fitted without the row's {found.leave}", left_out(found))


def predicted_published(found: CrossValidation) -> Figure:
    """Predicted against published, log-log, with identity and two-fold lines.

    Colour tells the inhibitor, shape the laboratory; a bar is the 90 % band of a new laboratory.
    """
    return predicted_observed(panel(found), "potency")
