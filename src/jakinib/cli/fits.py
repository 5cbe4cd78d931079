"""Commands that calibrate: fit, profile, ensemble."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.cli.app import Json, app, draw, output, progress, table, targets

if TYPE_CHECKING:
    from jakinib.fit.plan import Plan
    from jakinib.fit.results import Judged

Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="Folder for the results; default fits/results/<plan> of a checkout, else "
        "jakinib-results/<plan> of the current folder.",
    ),
]
COLUMNS = ["parameter", "estimate", "unit", "90 % interval", "verdict", "method"]


def place(plan: Plan, out: Path | None) -> str:
    """Where results were written, and how to make other commands use them where they do not by themselves."""
    from jakinib.build.estimates import estimates_path
    from jakinib.fit.results import folder

    written = out or folder(plan)
    said = f"written to {written}"
    if written.resolve() == estimates_path(plan.id).parent.resolve() or written.name != plan.id:
        return said
    told = f"export JAKINIB_RESULTS={quote(str(written.parent.resolve()))}"
    return f"{said}; other commands use it where told to: {told}"


@app.command()
def fit(
    plan: Annotated[str, typer.Argument(help="Plan name or file, for example fits/plans/pathways.yaml.")],
    starts: Annotated[
        int | None, typer.Option(min=1, max=10_000, help="Number of starts; default from the plan.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    out: Out = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the waterfall of the starts.")] = None,
    as_json: Json = False,
) -> None:
    """Estimate the free parameters of a plan and write its results."""
    from jakinib.fit import fit as run
    from jakinib.fit import prepare
    from jakinib.fit.optimise import Start
    from jakinib.fit.results import FILES, folder, judged

    targets(plot, out and out / FILES[0])
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
        written = out or folder(outcome.plan)
        if plot:
            from jakinib.report.plots import waterfall

            draw(waterfall(outcome.plan.id, outcome.provenance["costs"]), plot)
        found = judged(outcome, written)
        if as_json:
            emit({"estimates": [_record(one) for one in found], "provenance": outcome.provenance})
            return
        emit(place(outcome.plan, out))
        emit(table(f"Plan {outcome.plan.id}", COLUMNS, [_line(one) for one in found]))
        if any(one.method == "quadratic" for one in found):
            emit(
                "quadratic: from the curvature at the optimum. "
                f"Profile likelihoods: jakinib profile {outcome.plan.id}"
            )


def _record(one: Judged) -> dict[str, Any]:
    """An estimate with its interval and verdict, as plain data."""
    interval = {"low": one.low, "high": one.high, "verdict": one.verdict, "method": one.method}
    return {**one.estimate.model_dump(), **interval}


def _line(one: Judged) -> list[str]:
    """An estimate with its interval and verdict, as cells of the table."""
    interval = f"{one.low:.3g} to {one.high:.3g}"
    return [
        one.estimate.id,
        f"{one.estimate.value:.4g}",
        one.estimate.unit,
        interval,
        one.verdict,
        one.method,
    ]


@app.command()
def profile(
    plan: Annotated[str, typer.Argument(help="Fitted plan, by name or file.")],
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Profile likelihood of every fitted parameter: 90 % interval and verdict on identifiability."""
    from jakinib.fit import prepare
    from jakinib.fit import profile as profiling
    from jakinib.fit.profiling import profile_plan

    targets(out and out / "profiles.tsv")
    with output(as_json) as emit:
        prepared = prepare(plan)
        problem = prepared.problem
        with progress() as bar:
            task = bar.add_task("profiles", total=len(problem.names))
            found = profile_plan(
                prepared, workers=workers, folder=out,
                done=lambda name: bar.update(task, advance=1, description=f"profiles: {name}"),
            )  # fmt: skip
        if not as_json:
            emit(place(problem.plan, out))
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


@app.command()
def ensemble(
    plan: Annotated[str, typer.Argument(help="Fitted plan, by name or file.")],
    evaluations: Annotated[
        int, typer.Option(min=20, max=1_000_000, help="Evaluations of each of the four chains.")
    ] = 1000,
    draws: Annotated[int, typer.Option(min=1, max=200, help="Parameter sets to keep.")] = 200,
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Processes; the draws do not depend on it.")
    ] = 1,
    seed: Annotated[int | None, typer.Option(help="Default: that of the plan.")] = None,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Draw parameter sets from the posterior of a fitted plan: they give predictions their intervals."""
    from jakinib.fit import prepare
    from jakinib.fit.ensemble import CHAINS, NAME, bands
    from jakinib.fit.posterior import sample

    targets(out and out / NAME)
    with output(as_json) as emit:
        prepared = prepare(plan)
        with progress() as bar:
            task = bar.add_task("ensemble: expansion", total=1 + CHAINS)
            drawn = sample(
                prepared, evaluations=evaluations, draws=draws, workers=workers, seed=seed, folder=out,
                done=lambda piece: bar.update(task, advance=1, description=f"ensemble: {piece} done"),
            )  # fmt: skip
        low, middle, high = bands(drawn.values)
        numbers = dict(drawn.diagnostics)
        if as_json:
            rows = zip(drawn.ids, low.tolist(), middle.tolist(), high.tolist(), strict=True)
            keys = ("id", "low", "median", "high")
            parameters = [dict(zip(keys, row, strict=True)) for row in rows]
            emit({"method": drawn.method, "diagnostics": numbers, "parameters": parameters})
            return
        emit(place(prepared.problem.plan, out))
        units = {parameter.id: parameter.unit for parameter in prepared.problem.plan.parameters}
        lines = [
            [name, f"{middle[i]:.4g}", units[name], f"{low[i]:.3g} to {high[i]:.3g}"]
            for i, name in enumerate(drawn.ids)
        ]
        emit(
            table(f"Plan {prepared.problem.plan.id}", ["parameter", "median", "unit", "90 % interval"], lines)
        )
        emit(", ".join(f"{name} {value:.3g}" for name, value in numbers.items()))
        if drawn.method == "Laplace":
            emit(
                "The chains have not converged (rhat < 1.05 and ess > 100 are asked for): these draws are of "
                "the Laplace approximation, and every band made from them says so. "
                f"More may do: --evaluations {4 * evaluations}."
            )
