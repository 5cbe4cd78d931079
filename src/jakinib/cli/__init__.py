"""The command line: the public API, word for word. Exit code 0 pass, 1 criteria failed, 2 bad input.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.check.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from jakinib import __version__
from jakinib.cli import (
    archives,
    cached,
    comparison,
    crossvalidation,
    dossiers,
    evaluation,
    exploring,
    extension,
    fits,
    models,
    petab,
    population,
    questions,
    sensitivity,
    showing,
    simulations,
)
from jakinib.cli.app import app, leave
from jakinib.errors import LONGEST, JakinibError, shortened
from jakinib.parallel import Terminated, end_cleanly_on_sigterm, one_pool

__all__ = [
    "app",
    "archives",
    "cached",
    "comparison",
    "crossvalidation",
    "dossiers",
    "evaluation",
    "exploring",
    "extension",
    "fits",
    "main",
    "models",
    "petab",
    "population",
    "questions",
    "sensitivity",
    "showing",
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
    """Entry point: bad input, and a target that cannot be written, are one line and exit code 2."""
    end_cleanly_on_sigterm()
    command = typer.main.get_command(app)
    try:
        with one_pool():
            code = command.main(standalone_mode=False)
        if code == 130:  # what typer makes of Ctrl-C
            leave("interrupted", code)
        sys.stdout.flush()
    except JakinibError as error:
        excerpt = getattr(error, "excerpt", "")  # a regimen is shown, with a caret under the part
        message = " ".join(str(error).removesuffix(excerpt).split())
        code = leave("\n".join([message, *excerpt.splitlines()]), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = leave("interrupted", 130)
    except Terminated:
        code = leave("terminated", 143)
    except (BrokenPipeError, SystemExit):  # the reader of the output has seen enough; typer exits with 1
        _forget_output()
        code = 141
    except OSError as error:
        _forget_output()
        place = f"{error.filename}: " if error.filename else "standard output: "
        code = leave(f"{place}{error.strerror or error}", 2)
    except Exception as error:
        if not hasattr(error, "format_message"):  # click's own usage errors
            raise
        message = shortened(" ".join(error.format_message().split()), LONGEST)
        code = leave(f"{message}; see jakinib --help", 2)
    sys.exit(code if isinstance(code, int) else 0)


def _forget_output() -> None:
    """What could not be written to standard output is not tried again when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
