"""Commands about what there is: list, build, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, Population, app, output, refuse, table, targets
from jakinib.cli.scenarios import EGFR, Weight
from jakinib.errors import InputError
from jakinib.paths import installed


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List models, inhibitors, cytokines, cells, populations, milieus, read-outs and plans."""
    from jakinib.build import built
    from jakinib.fit.plan import known_plans
    from jakinib.library import get_library

    library = get_library()
    content = {
        "models": list(built()),
        "inhibitors": list(library.inhibitors),
        "cytokines": list(library.cytokines),
        "cells": list(library.cells),
        "populations": list(library.populations),
        "milieus": list(library.milieus),
        "readouts": list(library.readouts),
        "plans": sorted(known_plans()),
    }
    with output(as_json) as emit:
        if as_json:
            emit(content)
        else:
            emit(table("", ["kind", "names"], [[kind, ", ".join(names)] for kind, names in content.items()]))


@app.command()
def build(
    check: Annotated[bool, typer.Option("--check", help="Compare with models/sbml; write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Translate unchanged sources too.")] = False,
    as_json: Json = False,
) -> None:
    """Build models/sbml from the Antimony sources and the library; with --check fail when they are stale."""
    from jakinib.build.run import build_all

    if not check and installed():
        raise InputError("build writes models/sbml of a checkout, not of an installed package; use --check")
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
def export(
    ctx: typer.Context,
    model: Annotated[
        str, typer.Argument(help="Model name or SBML/Antimony file; with --formats petab a plan.")
    ] = "blood_pkpd",
    folder: Annotated[Path, typer.Option("--out", help="Folder to write to.")] = Path("export"),
    formats: Annotated[
        str,
        typer.Option(
            help="Comma-separated formats, also js; petab, alone, writes the calibration of a plan."
        ),
    ] = "sbml-l3v2,sbml-l3v1,sbml-l2v4,antimony",
    regimen: Annotated[str, typer.Option(help="Doses as events, for example '4 mg qd x 7'.")] = "",
    population: Population = "healthy_adult",
    weight: Weight = "",
    egfr: EGFR = "",
    as_json: Json = False,
) -> None:
    """Write a model, or the calibration of a plan, for other tools."""
    from jakinib.export import export as run
    from jakinib.simulate.models import file_kind

    names = [f.strip() for f in formats.split(",")]
    if "petab" in names:
        refuse(ctx, ["population", "weight", "egfr"], "does not apply to a plan, which names its own")
    elif file_kind(Path(model)) and not regimen:
        refuse(ctx, ["population"], "applies to models of the library, and to the doses of --regimen")
    targets(folder / "any")
    written = run(model, folder, names, regimen or None, population, weight=weight or None, eGFR=egfr or None)
    with output(as_json) as emit:
        emit([str(path) for path in written] if as_json else "\n".join(str(path) for path in written))
