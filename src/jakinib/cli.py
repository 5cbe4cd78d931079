"""Command line: the public API, word for word. Exit code 0 pass, 1 criteria failed, 2 bad input."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib import __version__
from jakinib.errors import InputError, JakinibError

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    help="Systems pharmacology of JAK inhibitors: simulate, fit, evaluate, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
Inhibitor = Annotated[str, typer.Option(help="Inhibitor of the library.")]
Cytokine = Annotated[str, typer.Option(help="Cytokine of the library.")]
Population = Annotated[str, typer.Option(help="Population of the library.")]


def console(stderr: bool = False) -> Console:
    """Rich console; at least 100 columns where the output is not a terminal."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 140
    return Console(stderr=stderr, width=wide, highlight=False)


@contextmanager
def output(as_json: bool) -> Iterator[Any]:
    """Yields a function that prints the result; with --json, whatever else writes to file descriptor 1
    (SUNDIALS does) goes to standard error."""
    if not as_json:
        yield console().print
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)

    def emit(record: Any) -> None:
        os.write(kept, (json.dumps(record, indent=2, allow_nan=False) + "\n").encode())

    try:
        yield emit
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _table(title: str, columns: list[str], rows: list[list[str]]) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _draw(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path, dpi=150)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: cannot draw there: {error}") from None


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List models, inhibitors, cytokines, cells, populations and plans."""
    from jakinib import paths
    from jakinib.build import built
    from jakinib.library import get_library

    library = get_library()
    content = {
        "models": list(built()),
        "inhibitors": list(library.inhibitors),
        "cytokines": list(library.cytokines),
        "cells": list(library.cells),
        "populations": list(library.populations),
        "plans": sorted(p.stem for p in (paths.fits() / "plans").glob("*.yaml")),
    }
    with output(as_json) as emit:
        if as_json:
            emit(content)
        else:
            emit(_table("", ["kind", "names"], [[kind, ", ".join(names)] for kind, names in content.items()]))


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Compare with models/sbml; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Translate unchanged sources too.")] = False,
    as_json: Json = False,
) -> None:
    """Build models/sbml from the Antimony sources and the library; with --check fail when they are stale."""
    from jakinib.build.run import build_all

    stale, messages = build_all(write=not check, force=force)
    with output(as_json) as emit:
        if as_json:
            emit({"changed": stale, "messages": messages})
        elif stale:
            emit(f"{'stale' if check else 'written'}: {', '.join(stale)}")
        else:
            emit("models/sbml is current")
    if messages:
        raise InputError(f"{len(messages)} libSBML messages; first: {messages[0]}")
    if check and stale:
        raise typer.Exit(1)


@app.command()
def simulate(
    regimen: Annotated[str, typer.Option(help="Doses, for example '4 mg qd x 7'.")] = "4 mg",
    inhibitor: Inhibitor = "baricitinib",
    population: Population = "healthy_adult",
    cytokine: Cytokine = "IL-6",
    readout: Annotated[str, typer.Option(help="pSTAT read-out; default: the first of the cytokine.")] = "",
    weight: Annotated[float | None, typer.Option(help="Body weight, kg.")] = None,
    egfr: Annotated[float | None, typer.Option(help="eGFR, mL/min per 1.73 m2.")] = None,
    hours: Annotated[float | None, typer.Option(help="How long; default 24 h after the last dose.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the time course as TSV.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the time course (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Dose to plasma concentration and inhibition of a cytokine read-out in blood drawn over time."""
    from jakinib.assay.course import course

    settings = {k: v for k, v in (("weight", weight), ("eGFR", egfr)) if v is not None}
    result = course(regimen, inhibitor, population, cytokine, readout, settings, hours)
    if plot:
        _draw(result.figure(), plot)
    if out:
        from jakinib.paths import write_atomic

        write_atomic(out, result.tsv())
    with output(as_json) as emit:
        if as_json:
            emit(result.record())
        else:
            rows = [[f"{v:.4g}" for v in row.values()] for row in result.intervals]
            emit(_table(result.title, list(result.intervals[0]), rows))


@app.command()
def assay(
    inhibitor: Inhibitor = "baricitinib",
    cytokine: Cytokine = "IL-6",
    readout: Annotated[str, typer.Option(help="pSTAT read-out, for example pSTAT3.")] = "pSTAT3",
    cell: Annotated[str, typer.Option(help="Cell; default: the cytokine's reference cell.")] = "",
    matrix: Annotated[str, typer.Option(help="whole blood, PBMC or culture.")] = "whole blood",
    dose: Annotated[str, typer.Option(help="Cytokine dose with unit; default: usual in its assays.")] = "",
    preincubation: Annotated[str, typer.Option(help="Time with inhibitor before cytokine.")] = "60 min",
    stimulation: Annotated[str, typer.Option(help="Time with cytokine before reading.")] = "15 min",
    kinase: Annotated[str, typer.Option(help="Enzyme assay of this JAK instead of a cell assay.")] = "",
    atp: Annotated[str, typer.Option(help="ATP of the enzyme assay.")] = "1 mM",
    plot: Annotated[Path | None, typer.Option(help="Draw the curve (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """IC50 and Hill slope of a simulated cell or enzyme assay."""
    from jakinib.assay import KinaseAssay
    from jakinib.assay import assay as run
    from jakinib.units import parse_quantity

    if kinase:
        curve = KinaseAssay(inhibitor, kinase, parse_quantity(atp, "nM", where="--atp")).curve()
    else:
        curve = run(
            inhibitor,
            cytokine,
            readout,
            cell=cell,
            matrix=matrix,
            cytokine_dose=dose,
            preincubation=preincubation,
            stimulation=stimulation,
        )
    record = {"assay": curve.label, "ic50_nM": curve.ic50, "hill": curve.hill}
    if plot:
        _draw(curve.figure(), plot)
    with output(as_json) as emit:
        if as_json:
            emit(record)
        else:
            emit(
                _table(
                    "",
                    ["assay", "IC50 (nM)", "Hill"],
                    [[curve.label, f"{curve.ic50:.4g}", f"{curve.hill:.3g}"]],
                )
            )


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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from jakinib.fit import fit as run
    from jakinib.fit import prepare
    from jakinib.fit.optimise import Start

    with output(as_json) as emit:
        prepared = prepare(plan)
        total = starts or prepared.problem.plan.starts
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console(stderr=True)) as bar:
            task = bar.add_task("best objective: none yet", total=total)
            best = float("inf")

            def done(start: Start) -> None:
                nonlocal best
                best = min(best, start.cost)
                bar.update(task, advance=1, description=f"best objective: {best:.6g}")

            outcome = run(prepared, starts=starts, workers=workers, folder=out, done=done)
        if plot:
            from jakinib.report.plots import waterfall

            _draw(waterfall(outcome.plan.id, outcome.provenance["costs"]), plot)
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
            _table(
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
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from jakinib.build.estimates import estimates_path
    from jakinib.fit import prepare, results
    from jakinib.fit import profile as profiling

    with output(as_json) as emit:
        prepared = prepare(plan)
        problem = prepared.problem
        theta = results.best_theta(problem, prepared.data)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console(stderr=True)) as bar:
            task = bar.add_task("profiles", total=len(problem.names))
            found = profiling.profiles(problem, theta, workers, done=lambda _: bar.update(task, advance=1))
        folder = out or estimates_path(problem.plan.id).parent
        profiling.write(folder / "profiles.tsv", found)
        rows = [(p.id, p.estimate, p.low, p.high, profiling.verdict(p), p.prior_driven) for p in found]
        if as_json:
            keys = ("id", "estimate", "low", "high", "verdict", "prior_driven")
            emit([dict(zip(keys, row, strict=True)) for row in rows])
            return
        table = [
            [i, f"{e:.4g}", f"{low:.3g} to {high:.3g}", v, "prior" if by else "data"]
            for i, e, low, high, v, by in rows
        ]
        emit(
            _table(
                f"Plan {problem.plan.id}",
                ["parameter", "estimate", "90 % interval", "verdict", "closed by"],
                table,
            )
        )


@app.command()
def evaluate(
    report: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("report"),
    as_json: Json = False,
) -> None:
    """Compute every published constraint, print PASS or FAIL and write the report."""
    from jakinib.evaluate import evaluate as run
    from jakinib.report.html import write

    with output(as_json) as emit:
        with console(stderr=True).status("evaluating") as status:
            outcome = run(progress=lambda c: status.update(f"evaluating: {c.statement}"))
            status.update("writing the report")
            page = write(outcome, report)
        if as_json:
            emit({"passed": outcome.passed, "verdicts": outcome.records()})
        else:
            styles = {"PASS": "green", "FAIL": "bold red", "met": "cyan", "not met": "yellow"}
            rows = [
                [
                    str(v.criterion.item),
                    v.criterion.statement,
                    "none" if v.value is None else f"{v.value:.4g}",
                    v.criterion.target,
                    v.criterion.unit,
                    f"[{styles[v.verdict]}]{v.verdict}[/]",
                    ", ".join(v.sources),
                ]
                for v in outcome.verdicts
            ]
            emit(_table("", ["item", "constraint", "value", "target", "unit", "verdict", "source"], rows))
            hard = [v for v in outcome.verdicts if v.criterion.hard]
            emit(f"{sum(v.passed for v in hard)} of {len(hard)} hard criteria pass. Report: {page}")
    if not outcome.passed:
        raise typer.Exit(1)


@app.command()
def export(
    model: Annotated[str, typer.Argument(help="Model name or SBML/Antimony file.")] = "blood_pkpd",
    folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("export"),
    formats: Annotated[
        str, typer.Option(help="Comma-separated formats.")
    ] = "sbml-l3v2,sbml-l3v1,sbml-l2v4,antimony",
    regimen: Annotated[str, typer.Option(help="Doses as events, for example '4 mg qd x 7'.")] = "",
    population: Population = "healthy_adult",
    as_json: Json = False,
) -> None:
    """Write a model for other tools."""
    from jakinib.export import export as run

    written = run(model, folder, [f.strip() for f in formats.split(",")], regimen or None, population)
    with output(as_json) as emit:
        emit([str(path) for path in written] if as_json else "\n".join(str(path) for path in written))


def main() -> None:
    """Entry point: bad input is one line on standard error and exit code 2."""
    command = typer.main.get_command(app)
    try:
        code = command.main(standalone_mode=False)
    except JakinibError as error:
        message = " ".join(str(error).split())
        print(f"jakinib: {message}", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("jakinib: interrupted", file=sys.stderr)
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own usage errors
            raise
        print(f"jakinib: {error.format_message()}; see jakinib --help", file=sys.stderr)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
