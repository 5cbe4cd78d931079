"""Command about what is kept from one process to the next: cache info, cache clear."""

from __future__ import annotations

from typing import Annotated

import typer

from jakinib import cache as kept
from jakinib.cli.app import Json, app, output, table
from jakinib.errors import UnknownIdError


@app.command()
def cache(
    action: Annotated[str, typer.Argument(help="info or clear.")] = "info",
    as_json: Json = False,
) -> None:
    """Say what is kept to start more quickly, and where, or remove it.

    The environment variable JAKINIB_CACHE names another folder, or off for none. No result depends on it.
    """
    if action not in ("info", "clear"):
        raise UnknownIdError("action", action, ("info", "clear"), where="cache")
    with output(as_json) as emit:
        if action == "clear":
            number = kept.clear()
            emit({"removed": number} if as_json else f"{number} entries removed")
            return
        found = kept.state()
        size = sum(size for _, size in found.kinds.values())
        if as_json:
            entries = {kind: number for kind, (number, _) in found.kinds.items()}
            place = None if found.folder is None else str(found.folder)
            limits = {"bytes": size, "most_bytes": kept.MOST}
            emit({"folder": place, "reason": found.reason or None, "entries": entries, **limits})
        elif found.folder is None:
            emit(f"no cache: {found.reason}")
        else:
            emit(f"{found.folder}: {size / 1e6:.1f} of at most {kept.MOST / 1e6:.0f} MB")
            rows = [[kind, str(number), f"{of / 1e6:.2f}"] for kind, (number, of) in found.kinds.items()]
            emit(table("", ["kind", "entries", "MB"], rows))
