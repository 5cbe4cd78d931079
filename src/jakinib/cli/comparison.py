"""Commands that compare inhibitors: compare."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.cli.app import (
    WIDTH,
    Cell,
    Condition,
    Dose,
    Json,
    Milieu,
    Population,
    Readout,
    app,
    draw,
    output,
    progress,
    table,
    targets,
)
from jakinib.cli.scenarios import EGFR, Dosed, Files, Settings, Several, Weight, arms_of, back
from jakinib.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@app.command()
def compare(
    ctx: typer.Context,
    scenario: Files = None,
    regimen: Annotated[
        list[str] | None, typer.Option(help="For example 'baricitinib 4 mg qd'; once for each column.")
    ] = None,
    inhibitor: Dosed = "",
    population: Population = "ra_adult",
    weight: Weight = "",
    egfr: EGFR = "",
    condition: Condition = None,
    cytokine: Several = "all",
    readout: Readout = "",
    cell: Cell = "",
    dose: Dose = "",
    milieu: Milieu = "",
    settings: Settings = None,
    enzyme_potency: Annotated[
        bool, typer.Option("--enzyme-potency", help="Potencies as enzyme assays alone lead to expect.")
    ] = False,
    no_band: Annotated[
        bool, typer.Option("--no-band", help="Leave out intervals and ratios of IC50s; quicker.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the table (.tsv, .csv).")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw a heat map (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Regimens side by side at steady state: inhibition and time above IC50 of each cytokine over a day."""
    from jakinib.files import separator_of
    from jakinib.scenario.comparing import compare as run

    targets(out, plot)
    if out:
        separator_of(out)
    arms = arms_of(ctx, scenario, regimen)
    if any(one.regimen is None for one in arms):
        raise InputError("compare: no regimen; give --regimen 'baricitinib 4 mg qd', once for each column")
    banded = not (no_band or enzyme_potency)
    rows = len(arms[0].cytokines) * len(arms) * (2 if banded else 1)
    with output(as_json) as emit:
        with progress() as bar:
            task = bar.add_task("comparing", total=rows)
            found = run(
                arms, anchored=not enzyme_potency, bands=not no_band, advance=lambda: bar.advance(task)
            )
        if plot:
            draw(found.plot(), plot)
        if out:
            found.save(out)
        if as_json:
            emit(found.record())
            return
        for item in _page(found.to_frame(), arms[0].assay.milieu):
            emit(item)
        for note in found.notes:
            emit(f"note: {note}")
        back(arms)


def _page(frame: pd.DataFrame, milieu: str) -> Iterator[Any]:
    """The tables of a comparison, and what their marks mean."""
    blocks = {
        f"{cytokine} {readout}": block
        for (cytokine, readout), block in frame.groupby(["cytokine", "readout"], sort=False)
    }
    rows = [[name, *(_cell(row) for row in block.itertuples())] for name, block in blocks.items()]
    inside = "90 % interval" if "average_inhibition_percent_low" in frame else "minimum-maximum"
    title = f"Average inhibition over a day ({inside}), hours a day above IC50; whole blood ex vivo"
    title += f", cytokines at the levels of {milieu}" if milieu else ""
    yield table(title, ["", *dict.fromkeys(frame.regimen)], rows, WIDTH)
    arms = frame.drop_duplicates("regimen").to_dict("records")
    plasma = [[str(row["regimen"]), *_plasma(row)] for row in arms]
    inside = "ng/mL, 90 % interval" if "average_inhibition_percent_low" in frame else "ng/mL"
    yield table(f"Plasma over a day ({inside})", ["", "Cmax", "average"], plasma, WIDTH)
    if "ic50_ratio" in frame:
        drugs = list(dict.fromkeys(frame.inhibitor))
        ratios = [[name, *_ratios(block, drugs[1:])] for name, block in blocks.items()]
        yield table(
            f"IC50 over that of {drugs[0]}, 90 % band in one laboratory", ["", *drugs[1:]], ratios, WIDTH
        )
        yield "*: which of the two is more potent is certain (95 %)"


def _cell(row: Any) -> str:
    """Average inhibition over a day with its interval, or with the least and most, and hours above IC50."""
    low, high = row.minimum_inhibition_percent, row.maximum_inhibition_percent
    if hasattr(row, "average_inhibition_percent_low"):
        low, high = row.average_inhibition_percent_low, row.average_inhibition_percent_high
    average, above = row.average_inhibition_percent, row.hours_above_ic50_per_day
    return f"{average:.0f} % ({low:.0f}-{high:.0f}), {above:.1f} h"


def _plasma(row: Mapping[Any, Any]) -> list[str]:
    """Cmax and average, each with its interval where there is one."""
    cells = []
    for name in ("cmax_ng_per_mL", "average_ng_per_mL"):
        low, high = (row.get(f"{name}_{end}", float("nan")) for end in ("low", "high"))
        cells.append(f"{row[name]:.4g}" + ("" if math.isnan(low) else f" ({low:.3g}-{high:.3g})"))
    return cells


def _ratios(block: Any, drugs: list[str]) -> list[str]:
    """IC50 ratios of one cytokine, one cell an inhibitor."""
    rows = {row.inhibitor: row for row in block.itertuples()}
    return [
        f"{_short(one.ic50_ratio)} ({_short(one.ic50_ratio_low)}-{_short(one.ic50_ratio_high)})"
        f"{' *' if one.order_certain else ''}"
        for one in (rows[drug] for drug in drugs)
    ]


def _short(number: float) -> str:
    """Two digits, or a whole number."""
    return f"{number:.0f}" if number >= 99.5 else f"{number:.2g}"
