"""Command line: the public API, word for word. Exit code 0 pass, 1 criteria failed, 2 bad input."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from jakinib import __version__
from jakinib.cli import (
    archives,
    comparison,
    evaluation,
    extension,
    fits,
    models,
    population,
    sensitivity,
    simulations,
)
from jakinib.cli.app import app
from jakinib.errors import JakinibError

__all__ = [
    "app",
    "archives",
    "comparison",
    "evaluation",
    "extension",
    "fits",
    "main",
    "models",
    "population",
    "sensitivity",
    "simulations",
]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Entry point: bad input is one line on standard error and exit code 2."""
    command = typer.main.get_command(app)
    try:
        code = command.main(standalone_mode=False)
    except JakinibError as error:
        excerpt = getattr(error, "excerpt", "")  # a regimen is shown, with a caret under the part
        message = " ".join(str(error).removesuffix(excerpt).split())
        print(f"jakinib: {message}", *excerpt.splitlines(), sep="\n", file=sys.stderr)
        code = 2
    except KeyboardInterrupt:
        print("jakinib: interrupted", file=sys.stderr)
        code = 130
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own usage errors
            raise
        print(f"jakinib: {error.format_message()}; see jakinib --help", file=sys.stderr)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
