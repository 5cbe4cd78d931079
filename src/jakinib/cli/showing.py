"""Commands that look something up: show."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from jakinib.cli.app import Json, app, output, table


def _every(incomplete: str) -> list[str]:
    from jakinib.cli.app import names_of
    from jakinib.library.quantities import KINDS

    return [name for kind in KINDS for name in names_of(kind)(incomplete)]


@app.command()
def show(
    entry: Annotated[
        str, typer.Argument(help="A name: Olumiant, IL-6, 'NK cell', RA, ra_synovium.", autocompletion=_every)
    ],
    as_json: Json = False,
) -> None:
    """Show an entry of the library: its names, numbers and sources, what it can and cannot answer."""
    from jakinib.report.entry import entry as found
    from jakinib.report.entry import lines

    shown = found(entry)
    with output(as_json) as emit:
        if as_json:
            emit(asdict(shown))
            return
        for line in lines(shown):
            emit(line)
        rows = [
            [row["quantity"], f"{row['value']:.4g} {row['unit']}", f"{row['kind']} {row['status']}".strip(),
             row["source"] or "assumed here"]
            for row in shown.numbers
        ]  # fmt: skip
        emit(table("", ["quantity", "value", "kind", "source"], rows, widest=100))
        for code, citation in shown.sources.items():
            emit(f"{code}: {citation}" if citation != code else code)
