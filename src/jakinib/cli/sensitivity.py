"""The sensitivity command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import (
    Cell,
    Cytokine,
    Dose,
    Inhibitor,
    Json,
    Matrix,
    Milieu,
    Readout,
    app,
    draw,
    output,
    progress,
    table,
    targets,
)
from jakinib.cli.scenarios import File, Settings, asked, back


@app.command()
def sensitivity(
    ctx: typer.Context,
    scenario: File = None,
    inhibitor: Inhibitor = "baricitinib",
    cytokine: Cytokine = "IL-6",
    readout: Readout = "",
    cell: Cell = "",
    matrix: Matrix = "whole blood",
    dose: Dose = "",
    milieu: Milieu = "",
    settings: Settings = None,
    draws: Annotated[int, typer.Option(help="Parameter sets of the ensembles.", min=20, max=200)] = 200,
    plot: Annotated[Path | None, typer.Option(help="Draw the coefficients (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Which fitted parameters an IC50 hangs on, within what the data leave open about them.

    Partial rank correlation of each parameter with the IC50 over draws of the posterior: near 1 or -1,
    measuring that parameter would narrow the prediction; near 0 it would not.
    """
    from jakinib.scenario.verbs import sensitivity as run

    targets(plot)
    question = asked(ctx, scenario)
    with progress() as bar:
        task = bar.add_task("draws", total=draws)
        found = run(question, draws=draws, done=lambda draw: bar.advance(task))
    if plot:
        draw(found.figure(), plot)
    low, middle, high = found.quantiles().tolist()
    with output(as_json) as emit:
        if as_json:
            emit({
                "assay": found.assay, "ic50_nM": {"low": low, "median": middle, "high": high},
                "draws": len(found.IC50s), "settled": found.settled, "change": found.change,
                "laplace": list(found.laplace), "parameters": found.records(),
                "scenario": question.record(),
            })  # fmt: skip
            return
        rows = [
            [r["parameter"], f"{r['rank_correlation']:+.2f}", f"{r['low']:+.2f} to {r['high']:+.2f}",
             f"{r['half_of_draws']:+.2f}"]
            for r in found.records()
        ]  # fmt: skip
        title = f"{found.assay}: IC50 {middle:.3g} nM (90 % {low:.3g} to {high:.3g})"
        emit(table(title, ["parameter", "rank correlation", "90 %", "half of the draws"], rows))
        state = "settled" if found.settled else "not settled"
        emit(f"{len(found.IC50s)} draws, {state}: from half of them a coefficient that counts moves by "
             f"{found.change:.2f} at most")  # fmt: skip
        if found.laplace:
            emit(f"Laplace approximation, not converged: {', '.join(found.laplace)}")
        back(question)
