"""Commands that calibrate: fit, profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, draw, output, progress, table


@app.command()
def fit(
    plan: Annotated[str, typer.Argument(help="Plan name or file, for example fits/plans/pathways.yaml.")],
    starts: Annotated[
        int | None, typer.Option(min=1, help="Number of starts; default from the plan.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; default fits/results/<plan>.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the waterfall of the starts.")] = None,
    as_json: Json = False,
) -> None:
    """Estimate the free parameters of a plan and write its results."""
    from jakinib.fit import fit as run
    from jakinib.fit import prepare
    from jakinib.fit.optimise import Start

    with output(as_json) as emit:
        prepared = prepare(plan)
        total = starts or prepared.problem.plan.starts
        with progress() as bar:
            task = bar.add_task("best objective: none yet", total=total)
            best = float("inf")

            def done(start: Start) -> None:
                nonlocal best
                best = min(best, start.cost)
                bar.update(task, advance=1, description=f"best objective: {best:.6g}")

            outcome = run(prepared, starts=starts, workers=workers, folder=out, done=done)
        if plot:
            from jakinib.report.plots import waterfall

            draw(waterfall(outcome.plan.id, outcome.provenance["costs"]), plot)
        if as_json:
            emit(
                {
                    "estimates": [row.model_dump() for row in outcome.estimates],
                    "provenance": outcome.provenance,
                }
            )
            return
        rows = [
            [e.id, f"{e.value:.4g}", e.unit, f"{e.low:.3g} to {e.high:.3g}", e.verdict]
            for e in outcome.estimates
        ]
        emit(
            table(
                f"Plan {outcome.plan.id}", ["parameter", "estimate", "unit", "90 % interval", "verdict"], rows
            )
        )


@app.command()
def profile(
    plan: Annotated[str, typer.Argument(help="Fitted plan, by name or file.")],
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder; default fits/results/<plan>.")] = None,
    as_json: Json = False,
) -> None:
    """Profile likelihood of every fitted parameter: 90 % interval and verdict on identifiability."""
    from jakinib.build.estimates import estimates_path
    from jakinib.fit import prepare, results
    from jakinib.fit import profile as profiling

    with output(as_json) as emit:
        prepared = prepare(plan)
        problem = prepared.problem
        theta = results.best_theta(problem, prepared.data)
        with progress() as bar:
            task = bar.add_task("profiles", total=len(problem.names))
            found = profiling.profiles(problem, theta, workers, done=lambda _: bar.update(task, advance=1))
        folder = out or estimates_path(problem.plan.id).parent
        profiling.write(folder / "profiles.tsv", found)
        rows = [(p.id, p.estimate, p.low, p.high, profiling.verdict(p), p.prior_driven) for p in found]
        if as_json:
            keys = ("id", "estimate", "low", "high", "verdict", "prior_driven")
            emit([dict(zip(keys, row, strict=True)) for row in rows])
            return
        lines = [
            [i, f"{e:.4g}", f"{low:.3g} to {high:.3g}", v, "prior" if by else "data"]
            for i, e, low, high, v, by in rows
        ]
        emit(
            table(
                f"Plan {problem.plan.id}",
                ["parameter", "estimate", "90 % interval", "verdict", "closed by"],
                lines,
            )
        )
