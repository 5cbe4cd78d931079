"""Commands that ask a scenario: find."""

from __future__ import annotations

from typing import Annotated

import typer

from jakinib.cli.app import (
    Cell,
    Condition,
    Dose,
    Json,
    Milieu,
    Readout,
    app,
    names_of,
    output,
)
from jakinib.cli.scenarios import EGFR, Concentration, Dosed, Doses, File, Weight, asked, back
from jakinib.errors import InputError

Who = Annotated[
    str,
    typer.Option("--population", help="Default: healthy_adult.", autocompletion=names_of("populations")),
]
Stimulus = Annotated[
    str, typer.Option("--cytokine", help="Default: IL-6.", autocompletion=names_of("cytokines"))
]
Fluid = Annotated[
    str, typer.Option("--matrix", help="Of an assay: whole blood, PBMC; after doses it is ex vivo blood.")
]


@app.command()
def find(
    ctx: typer.Context,
    quantity: Annotated[str, typer.Argument(help="Such as 'average inhibition', Cmax, AUC.")],
    value: Annotated[str, typer.Argument(help="What it is to reach, with unit: '50 %', '40 ng/mL'.")],
    vary: Annotated[
        str, typer.Option(help="dose, interval, eGFR, weight, concentration or cytokine_dose.")
    ] = "dose",
    scenario: File = None,
    inhibitor: Dosed = "",
    regimen: Doses = "",
    population: Who = "",
    weight: Weight = "",
    egfr: EGFR = "",
    condition: Condition = None,
    cytokine: Stimulus = "",
    readout: Readout = "",
    cell: Cell = "",
    matrix: Fluid = "",
    dose: Dose = "",
    milieu: Milieu = "",
    concentration: Concentration = "",
    no_band: Annotated[bool, typer.Option("--no-band", help="Leave out the 90 % interval.")] = False,
    as_json: Json = False,
) -> None:
    """The dose (or interval, eGFR, concentration) at which a quantity reaches a value, with 90 % interval.

    Example: jakinib find 'average inhibition' '50 %' --regimen 'baricitinib 4 mg qd' --egfr '45 mL/min'
    """
    from jakinib.scenario.finding import find as run

    question = asked(ctx, scenario)
    with output(as_json) as emit:
        found = run(quantity, value, vary, question)
        without = "not asked for"
        if not no_band:
            try:
                low, high = found.interval
                without = ""
            except InputError as error:
                without = f"no interval: {error}"
        notes = [*found.notes, *([without] if without and not no_band else [])]
        if as_json:
            emit(found.record(band=not without) | {"notes": notes})
            return
        emit(str(found))
        if not without:
            emit(f"90 % interval: {low:.4g} to {high:.4g} {found.input.unit}")
        for note in notes:
            emit(f"note: {note}")
        back(found.scenario)
