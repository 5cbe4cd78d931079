"""Command that predicts what was not fitted: crossvalidate."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.cli.app import Json, app, draw, output, progress, table, targets
from jakinib.cli.fits import Out, place

if TYPE_CHECKING:
    from jakinib.fit.crossvalidation import CrossValidation
    from jakinib.fit.folds import Held, Predicted


class LeaveOut(StrEnum):
    """What is left out together."""

    drug = "drug"
    laboratory = "laboratory"
    pathway = "pathway"
    row = "row"


def _range(band: tuple[float, float] | None, inside: bool) -> str:
    return "-" if band is None else f"{band[0]:.3g}-{band[1]:.3g}{'' if inside else ' !'}"


def _line(one: Held) -> list[str]:
    mark = " (recalled)" if one.status == "recalled" else ""
    return [
        f"{one.row} {one.inhibitor} {one.pathway}{mark}", f"{one.published:.3g}", f"{one.predicted:.3g}",
        f"{one.fold_error:.2f}", _range(one.same, one.inside("same")), _range(one.new, one.inside("new")),
        _range(one.ratio_band, one.inside("ratio")),
    ]  # fmt: skip


def lines(found: CrossValidation) -> list[str]:
    """What the table comes to, a line each."""
    from dataclasses import replace

    from jakinib.report.crossvalidated import summary

    seen = tuple(replace(fold, held=tuple(one for one in fold.held if one.seen)) for fold in found.folds)
    groups = {"all rows": found, "pathways seen with another drug": replace(found, folds=seen)}
    out = []
    for name, group in groups.items():
        if group.held:
            one = summary(group)
            shares = ", ".join(f"{words} {share}" for words, share in one.inside.items())
            out.append(
                f"{name} ({one.rows}): GMFE {one.gmfe:.2f}, worst {one.worst:.2f}; "
                f"inside the 90 % band: {shares}"
            )
    return [*out, f"log predictive density {found.density:.1f} over {len(found.folds)} folds"]


@app.command()
def crossvalidate(
    plan: Annotated[str, typer.Argument(help="Fitted plan, by name or file.")],
    leave: Annotated[
        LeaveOut, typer.Option(help="What is left out together and predicted by a fit without it.")
    ] = LeaveOut.drug,
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes; the result does not depend on it.")
    ] = 1,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="Draw predicted against published.")] = None,
    as_json: Json = False,
) -> None:
    """Refit a plan without each drug, laboratory, pathway or row in turn, and predict what was left out."""
    from jakinib.fit import prepare
    from jakinib.fit.crossvalidation import crossvalidate as run
    from jakinib.fit.folds import folds
    from jakinib.report.crossvalidated import BANDS, predicted_published

    targets(plot, out and out / f"crossvalidation_{leave}.tsv")
    with output(as_json) as emit:
        prepared = prepare(plan)
        declared = prepared.problem.plan
        with progress() as bar:
            total = len(folds(declared, prepared.data, leave.value))
            task = bar.add_task("refits", total=total)

            def done(fold: Predicted) -> None:
                bar.update(task, advance=1, description=f"refits: without {fold.fold.name}")

            found = run(prepared, leave.value, workers=workers, folder=out, done=done)
        if plot:
            draw(predicted_published(found), plot)
        if as_json:
            emit(_record(found))
            return
        emit(place(declared, out))
        columns = ["left out", "published", "predicted", "fold", *(words for _, words in BANDS)]
        emit(table(f"Plan {declared.id}, without each {leave}", columns, [_line(one) for one in found.held]))
        emit("!: the published number lies outside the 90 % band")
        for line in lines(found):
            emit(line)


def _record(found: CrossValidation) -> dict[str, Any]:
    """The cross-validation as plain data."""
    rows = [{**asdict(one), "fold_error": one.fold_error} for one in found.held]
    spreads = {fold.fold.name: dict(fold.spreads) for fold in found.folds}
    return {
        "plan": found.plan,
        "leave": found.leave,
        "density": found.density,
        "spreads": spreads,
        "rows": rows,
    }
