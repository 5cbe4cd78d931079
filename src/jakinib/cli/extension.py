"""Commands for those who add their own drug, cytokine, data or plan: new, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, output


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="inhibitor, cytokine, cell, population, dataset or plan.")],
    name: Annotated[str, typer.Argument(help="Its name, for example my_drug.")],
    folder: Annotated[Path, typer.Option("--out", help="Library folder to write into.")] = Path(),
    as_json: Json = False,
) -> None:
    """Write a commented template for an entry of your own; values to fill in say FILL."""
    from jakinib.check import new as run

    written = [str(path) for path in run(kind, name, folder)]
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
