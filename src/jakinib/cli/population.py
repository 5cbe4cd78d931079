"""Virtual populations: population."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.cli.app import (
    Condition,
    Cytokine,
    Dose,
    Json,
    Milieu,
    Readout,
    app,
    names_of,
    output,
    progress,
    refuse,
    table,
    targets,
)
from jakinib.cli.scenarios import Dosed, File, asked, back
from jakinib.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from jakinib.scenario import Scenario

People = Annotated[
    str, typer.Option("--population", help="As the argument.", autocompletion=names_of("populations"))
]


@app.command("population")
def population_(
    ctx: typer.Context,
    population: Annotated[str, typer.Argument(help="Population of the library.")] = "ra_adult",
    n: Annotated[int, typer.Option("-n", help="Number of patients.")] = 1000,
    regimen: Annotated[
        str, typer.Option(help="Doses, for example '4 mg qd x 7' or '4 mg qd ss'.")
    ] = "4 mg qd x 7",
    scenario: File = None,
    people: People = "",
    inhibitor: Dosed = "",
    condition: Condition = None,
    cytokine: Cytokine = "IL-6",
    readout: Readout = "",
    dose: Dose = "",
    milieu: Milieu = "",
    seed: Annotated[int, typer.Option(help="Patient i is the same for every n and every machine.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Parquet file, one row a patient; goes on after an interruption.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0: as many as cores.")] = 0,
    scheduler: Annotated[str, typer.Option(help="Dask scheduler, tcp://host:port.")] = "",
    as_json: Json = False,
) -> None:
    """Simulate a virtual population: exposure and inhibition over the last dosing interval."""
    import os

    from jakinib.population import run_to_file, summary
    from jakinib.scenario.verbs import for_population
    from jakinib.scenario.verbs import population as run

    if scheduler:
        refuse(ctx, ["workers"], "does not apply to --scheduler, which has workers of its own")
    targets(out)
    if out is not None and out.suffix.lower() != ".parquet":
        raise InputError(f"{out}: a population is written as Parquet; name a file .parquet")
    if people:
        refuse(ctx, ["population"], "stands beside --population; give one of them")
    question = asked(ctx, scenario, **({"population": people} if people else {}))
    who = f"{question.patient.population}, {question.doses.text}"
    with output(as_json) as emit:
        with progress() as bar:
            task = bar.add_task(who, total=n)

            def done(finished: int, failed: int) -> None:
                bar.update(task, completed=finished, description=f"{who}, {failed} failed")

            cores = workers or os.cpu_count() or 1
            many: dict[str, Any] = {"workers": cores, "scheduler": scheduler, "done": done}
            if out is None:
                frame = run(question, n=n, seed=seed, **many)
                manifest, rows = frame.attrs["manifest"], summary(frame)
            else:
                manifest = run_to_file(out, n=n, seed=seed, **many, **for_population(question))
                rows = summary(out)
        _end(emit, as_json, manifest, rows, out, question)


def _end(
    emit: Any,
    as_json: bool,
    manifest: Mapping[str, Any],
    rows: pd.DataFrame,
    out: Path | None,
    asked: Scenario,
) -> None:
    """The summary, what the reader must know, where the patients are, and what was asked."""
    if as_json:
        records = rows.astype(object).where(rows.notna(), None).to_dict("records")
        file = str(out) if out else None
        emit({"manifest": manifest, "summary": records, "file": file, "scenario": asked.record()})
        return
    lines = [_line(row) for row in rows.to_dict("records")]
    emit(table(_title(manifest), ["quantity", "median", "5 %", "95 %", "CV (%)"], lines))
    for note in manifest["notes"]:
        emit(f"note: {note}")
    if out:
        emit(f"written to {out}")
    back(asked)


def _title(manifest: Mapping[str, Any]) -> str:
    return (
        f"{manifest['n']} patients, {manifest['population']}, {manifest['inhibitor']} {manifest['regimen']}, "
        f"{manifest['cytokine']} {manifest['readout']}, last dosing interval; {manifest['failed']} failed"
    )


def _line(row: Mapping[Hashable, Any]) -> list[str]:
    """A quantity of the summary with its unit, median, band and variability."""
    units = {"weight": "weight (kg)", "eGFR": "eGFR (mL/min per 1.73 m2)"}
    numbers = (row[key] for key in ("median", "p5", "p95", "cv_percent"))
    name = units.get(row["quantity"], row["quantity"])
    return [name, *("none" if row["n"] == 0 else f"{number:.4g}" for number in numbers)]
