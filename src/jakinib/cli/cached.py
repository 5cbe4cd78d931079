"""Commands about what is kept from one process to the next: cache info, cache clear."""

from __future__ import annotations

import typer

from jakinib import cache
from jakinib.cli.app import Json, app, output, table

commands = typer.Typer(help="What is kept from one process to the next: info, clear.")
app.add_typer(commands, name="cache")


@commands.command()
def info(as_json: Json = False) -> None:
    """Where the cache is, what it holds, or why there is none."""
    found = cache.state()
    size = sum(size for _, size in found.kinds.values())
    with output(as_json) as emit:
        if as_json:
            emit(
                {
                    "folder": None if found.folder is None else str(found.folder),
                    "reason": found.reason or None,
                    "entries": {kind: number for kind, (number, _) in found.kinds.items()},
                    "bytes": size,
                    "most_bytes": cache.MOST,
                }
            )
        elif found.folder is None:
            emit(f"no cache: {found.reason}")
        else:
            rows = [[kind, str(n), f"{b / 1e6:.2f}"] for kind, (n, b) in found.kinds.items()]
            emit(str(found.folder))
            emit(table("", ["kind", "entries", "MB"], rows))
            emit(f"{size / 1e6:.1f} of at most {cache.MOST / 1e6:.0f} MB; {cache.SWITCH}=off does without")


@commands.command()
def clear(as_json: Json = False) -> None:
    """Remove everything that is kept; it is made again when it is needed."""
    number = cache.clear()
    with output(as_json) as emit:
        emit({"removed": number} if as_json else f"removed {number} entries")
