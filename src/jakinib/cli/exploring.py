"""The command that writes the page which runs the models in a browser: explore."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, output, progress, targets
from jakinib.cli.scenarios import Files
from jakinib.errors import InputError


@app.command()
def explore(
    out: Annotated[Path, typer.Option("--output", help="The HTML file to write.")] = Path("explore.html"),
    scenario: Files = None,
    library: Annotated[
        list[Path] | None,
        typer.Option("--library", help="Library folder of your own whose entries join the page; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write one HTML file that runs the models in a browser, without a server or a network.

    It opens on the scenario given, several are arms side by side; the page writes them back as YAML.
    """
    targets(out)
    for folder in library or ():
        if not folder.is_dir():
            raise InputError(f"--library: {folder} is not a folder; make it, or correct the name")
    if library:
        listed = [os.environ.get("JAKINIB_LIBRARY", ""), *map(str, library)]
        os.environ["JAKINIB_LIBRARY"] = os.pathsep.join(part for part in listed if part)
    # The library is read once, and some modules read it when they are imported: from here on.
    from jakinib.explore import explore as run
    from jakinib.library import get_library
    from jakinib.scenario import Scenario

    scenarios = [Scenario.read(file) for file in scenario or ()]
    with progress() as bar:
        task = bar.add_task("models", total=len(get_library().cytokines))
        written = run(out, scenarios, lambda: bar.advance(task))
    with output(as_json) as emit:
        size = written.stat().st_size
        emit({"file": str(written), "bytes": size} if as_json else f"{written}: {size / 1e6:.2f} MB")
