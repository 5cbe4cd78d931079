"""Command that packs standard simulations for other tools: archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Cytokine, Inhibitor, Json, Population, app, output, targets


@app.command()
def archive(
    file: Annotated[Path, typer.Argument(help="Archive to write.")] = Path("jakinib.omex"),
    inhibitor: Inhibitor = "baricitinib",
    cytokine: Cytokine = "IL-6",
    regimen: Annotated[str, typer.Option(help="Doses of the day that is simulated.")] = "4 mg",
    population: Population = "healthy_adult",
    as_json: Json = False,
) -> None:
    """Pack models, SED-ML and expected numbers of the standard simulations as a COMBINE archive."""
    from jakinib.export.omex import archive as run

    targets(file)
    with output(as_json) as emit:
        written = str(run(file, inhibitor, cytokine, regimen, population))
        emit([written] if as_json else written)
