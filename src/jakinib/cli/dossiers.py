"""The command that arranges an evaluation for an assessor: dossier."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, console, output, targets
from jakinib.cli.evaluation import Library, beside


@app.command()
def dossier(
    report: Annotated[
        Path, typer.Option(help="Folder of an evaluation (verdicts.json); the dossier is written beside it.")
    ] = Path("report"),
    pdf: Annotated[bool, typer.Option("--pdf", help="Print it as PDF too; needs Chromium.")] = False,
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Arrange an evaluation as ICH M15 and ASME V&V 40 ask; what a person must judge stays empty."""
    beside(library)
    from jakinib.report.dossier import dossier as arranged
    from jakinib.report.dossier import files, write

    names = files(report, pdf)
    targets(*names)
    with output(as_json) as emit:
        with console(stderr=True).status("reading") as status:
            found = arranged(report, pdf=pdf, progress=status.update)
        write(found, report)
        emit({"files": [str(name) for name in names]} if as_json else f"Dossier: {names[1]}")
        if pdf and not as_json:
            emit(f"PDF: {names[2]}")
