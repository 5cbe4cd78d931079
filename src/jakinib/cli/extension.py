"""Commands for those who add their own drug, cytokine, data or plan: new, check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, output, refuse

_QUESTIONS = {
    "laboratory": "Laboratory that measured ('several' where rows of more than one are pooled)",
    "preincubation": "Time with inhibitor before cytokine, such as 60 min",
    "stimulation": "Time with cytokine before reading, such as 15 min",
}


@app.command()
def new(
    ctx: typer.Context,
    kind: Annotated[
        str, typer.Argument(help="inhibitor, cytokine, cell, population, milieu, readout, dataset or plan.")
    ],
    name: Annotated[str, typer.Argument(help="Its name, for example my_drug.")],
    folder: Annotated[Path, typer.Option("--out", help="Library folder to write into.")] = Path(),
    laboratory: Annotated[
        str, typer.Option(help="Of a dataset: who measured; 'several' where its rows pool more than one.")
    ] = "",
    preincubation: Annotated[str, typer.Option(help="Of a dataset: time with inhibitor, '60 min'.")] = "",
    stimulation: Annotated[str, typer.Option(help="Of a dataset: time with cytokine, '15 min'.")] = "",
    dose: Annotated[
        list[str] | None, typer.Option(help="Of a dataset: 'IL-6 50 ng/mL'; once for each cytokine.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a commented template for an entry of your own; values to fill in say FILL.

    A dataset asks for its laboratory and conditions on a terminal; what is left empty says FILL.
    """
    from jakinib.check import Asked
    from jakinib.check import new as run

    if kind == "dataset":
        given = {"laboratory": laboratory, "preincubation": preincubation, "stimulation": stimulation}
        if sys.stdin.isatty() and not as_json:
            for field, asked in _QUESTIONS.items():
                given[field] = given[field] or typer.prompt(asked, default="", show_default=False)
        known = Asked(**given, cytokine_doses=tuple(dose or ()))
    else:
        refuse(ctx, (*_QUESTIONS, "dose"), f"belongs to a dataset, not to a {kind}")
        known = Asked()
    written = [str(path) for path in run(kind, name, folder, known)]
    with output(as_json) as emit:
        if as_json:
            emit(written)
        else:
            emit("\n".join(written))
            emit(f"fill it in, then: jakinib check {folder}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A file, or a folder laid out as a library.")],
    as_json: Json = False,
) -> None:
    """Check entries, data, plans and SBML files without running them. Exit code 1 when there are errors."""
    from jakinib.check import check as run

    report = run(path)
    with output(as_json) as emit:
        if as_json:
            emit(report.record())
        else:
            for finding in report.findings:
                typer.echo(str(finding))
            warnings = len(report.findings) - report.errors
            emit(f"{report.files} files, {report.errors} errors, {warnings} warnings")
    if not report.passed:
        raise typer.Exit(1)
