"""Commands that ask a scenario: find, scan, overlay."""

from __future__ import annotations

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
    Readout,
    app,
    draw,
    names_of,
    output,
    progress,
    table,
    targets,
)
from jakinib.cli.scenarios import EGFR, Concentration, Dosed, Doses, File, Settings, Weight, asked, back
from jakinib.errors import InputError

if TYPE_CHECKING:
    from jakinib.scenario.overlaid import Overlay

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

Points = Annotated[
    Path,
    typer.Argument(
        help="Table: 'concentration (nM)' or 'time (h)', and 'inhibition (%)' or 'plasma (ng/mL)'."
    ),
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
    settings: Settings = None,
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
        banded, said = False, []
        if not no_band:
            try:
                said = found.unheld
                banded = found.banded
            except InputError as error:
                said = [f"no interval: {error}"]
        notes = [*found.notes, *said]
        if as_json:
            emit(found.record(band=banded) | {"notes": notes})
            return
        emit(str(found))
        if banded:
            low, high = found.interval
            emit(f"90 % interval: {low:.4g} to {high:.4g} {found.input.unit}; {found.quantity.whose}")
        for note in notes:
            emit(f"note: {note}")
        back(found.scenario)


@app.command()
def scan(
    ctx: typer.Context,
    quantity: Annotated[str, typer.Argument(help="Such as 'average inhibition', Cmax, AUC.")],
    vary: Annotated[
        list[str],
        typer.Option(help="'dose=1 to 16 mg' or 'eGFR=30, 60, 90'; once for each input, one or two."),
    ],
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
    settings: Settings = None,
    concentration: Concentration = "",
    no_band: Annotated[bool, typer.Option("--no-band", help="No 90 % intervals; quicker.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Write the table (.tsv, .csv); goes on after an interruption.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw lines or a heat map (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """A quantity over a range of one or two inputs: a table, and lines or a heat map.

    Example: jakinib scan 'average inhibition' --vary 'dose=1 to 16 mg' --regimen 'baricitinib 4 mg qd'
    """
    from jakinib.files import separator_of
    from jakinib.scenario.scanning import scan as run

    targets(out, plot)
    kept = out.with_name(out.name + ".parts") if out and separator_of(out) else None
    over, question = _over(vary), asked(ctx, scenario)
    with output(as_json) as emit:
        with progress() as bar:
            task = bar.add_task("scanning", total=None)
            found = run(
                quantity, over, question, bands=not no_band, workers=workers, keep=kept,
                done=lambda finished, points: bar.update(task, completed=finished, total=points),
            )  # fmt: skip
        if out:
            found.save(out)
        if plot:
            draw(found.plot(), plot)
        if as_json:
            emit(found.record())
            return
        frame = found.to_frame()
        columns = [f"{name} ({unit})" for name, unit in frame.attrs["units"].items()]
        emit(table(found.band, columns, [[f"{value:.4g}" for value in row] for row in frame.to_numpy()]))
        for note in found.notes:
            emit(f"note: {note}")
        back(found.scenario)


def _over(vary: list[str]) -> dict[str, str]:
    """The values by input of "dose=1 to 16 mg"; raises InputError for another text."""
    over: dict[str, str] = {}
    for text in vary:
        name, equals, values = text.partition("=")
        if not equals or name.strip() in over:
            raise InputError(f"--vary {text}: write an input and its values once, such as 'dose=1 to 16 mg'")
        over[name.strip()] = values
    return over


@app.command()
def overlay(
    ctx: typer.Context,
    data: Points,
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
    settings: Settings = None,
    laboratory: Annotated[str, typer.Option(help="Whose assay it is, for example EUbOPEN2024.")] = "",
    out: Annotated[Path | None, typer.Option(help="Write points and prediction (.tsv, .csv).")] = None,
    dataset: Annotated[str, typer.Option(help="Save the points as a data set; needs --library.")] = "",
    library: Annotated[Path | None, typer.Option(help="Library folder of yours for --dataset.")] = None,
    no_band: Annotated[bool, typer.Option("--no-band", help="Leave out the 90 % band; quicker.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw points, fit and band (.png, .svg, .pdf).")] = None,
    as_json: Json = False,
) -> None:
    """Measurements of yours on the prediction, over concentration or time: fold error, points in the band.

    Example: jakinib overlay mine.csv --inhibitor baricitinib --cytokine IL-6 --matrix PBMC --plot mine.png
    Example: jakinib overlay plasma.csv --regimen "baricitinib 4 mg qd x 7" --population RA --egfr 45
    """
    from jakinib.files import separator_of
    from jakinib.scenario.overlaying import overlay as run

    targets(out, plot)
    if out:
        separator_of(out)
    if bool(dataset) != bool(library):
        raise InputError("--dataset and --library: a data set lies in a library folder; give both")
    found = run(data, asked(ctx, scenario), bands=not no_band)
    record = found.record()
    if out:
        found.save(out)
    if plot:
        draw(found.plot(), plot)
    saved = found.save_dataset(dataset, library) if library else None
    if saved:
        record |= {"files": [str(file) for file in saved.files], "notes": [*record["notes"], *saved.notes]}
    with output(as_json) as emit:
        if as_json:
            emit(record)
            return
        _compared(emit, found, record["notes"])
        if saved:
            emit("\n".join(map(str, saved.files)))
            emit(f"judged by: jakinib evaluate --library {library}")
        back(found.scenario)


def _compared(emit: Any, found: Overlay, notes: list[str]) -> None:
    """The points beside the prediction, and what they come to."""
    frame = found.to_frame()
    x, units = found.points.over, frame.attrs["units"]
    columns = [f"{x} ({units[x]})", f"measured ({found.unit})", "SD", "n", "predicted"]
    columns += ["90 % band"] if found.bands else []
    rows = []
    for at, mean, spread, n, predicted, *ends in frame.to_numpy().tolist():
        numbers = [f"{at:.4g}", f"{mean:.4g}", f"{spread:.3g}", f"{n:.0f}", f"{predicted:.4g}"]
        rows.append([*numbers, *([f"{ends[0]:.3g} to {ends[1]:.3g}"] if ends else [])])
    emit(table(found.label, columns, rows, WIDTH))
    for line in (*found.summary(), *(f"note: {note}" for note in notes)):
        emit(line)
