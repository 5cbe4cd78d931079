"""What every command shares: the application, options used by several commands, printing."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperOption
from typer.models import CommandFunctionType

from jakinib.errors import InputError, printable
from jakinib.paths import check_writable, write_atomic

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

WIDTH = 80  # columns of a terminal that nobody has widened
# Options that were spelled otherwise in earlier versions; the old spelling works for one more.
OLD = {"--dose": "--cytokine-dose", "--condition": "--with", "--cytokines": "--cytokine"}
RENAMED = "jakinib.renamed"  # old spellings that stand there
GIVEN = "jakinib.given"  # names of the parameters that stand on the command line


class _Command(TyperCommand):
    """A command that takes each option once, unless the option is a list."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args = [self._renamed(ctx, argument) for argument in args]
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter in order:
            if isinstance(parameter, TyperOption) and not parameter.multiple and order.count(parameter) > 1:
                raise InputError(f"{self.name}: {parameter.opts[0]} stands twice; give it once")
        out = super().parse_args(ctx, args)
        default = ctx.get_parameter_source
        ctx.meta[GIVEN] = {p.name: p.opts[0] for p in self.params if default(p.name).name == "COMMANDLINE"}
        return out

    def invoke(self, ctx: Any) -> Any:
        """Run it; afterwards say on standard error which options go by another name now."""
        failed = True
        try:
            out = super().invoke(ctx)
            failed = False
            return out
        except typer.Exit:
            failed = False
            raise
        finally:
            for old in () if failed else ctx.meta.get(RENAMED, ()):
                print(
                    f"jakinib: {old} is now {OLD[old]}; the old name goes with the next version",
                    file=sys.stderr,
                )

    def _renamed(self, ctx: Any, argument: str) -> str:
        """An option by its present name."""
        old, equals, rest = argument.partition("=")
        here = {spelling for parameter in self.params for spelling in parameter.opts}
        if old in here or OLD.get(old) not in here:
            return argument
        ctx.meta.setdefault(RENAMED, []).append(old)
        return OLD[old] + equals + rest


class _App(typer.Typer):
    def command(
        self, name: str | None = None, *, cls: Any = _Command, **options: Any
    ) -> Callable[[CommandFunctionType], CommandFunctionType]:
        return super().command(name, cls=cls, **options)


def refuse(ctx: typer.Context, names: Iterable[str], why: str) -> None:
    """Raises InputError when one of these parameters was given, which has no effect here; says ``why``."""
    for name in names:
        if name in ctx.meta[GIVEN]:
            raise InputError(f"{ctx.meta[GIVEN][name]}: {why}; leave the option out")


app = _App(
    help="Systems pharmacology of JAK inhibitors: simulate, fit, evaluate, export.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]


def names_of(kind: str) -> Callable[[str], list[str]]:
    """What a shell offers to complete: the entries of a kind (a folder name) that begin as typed."""

    def complete(incomplete: str) -> list[str]:
        from jakinib.library import get_library

        begin = incomplete.casefold()
        return [name for name in getattr(get_library(), kind) if name.casefold().startswith(begin)]

    return complete


Inhibitor = Annotated[
    str, typer.Option(help="Inhibitor of the library.", autocompletion=names_of("inhibitors"))
]
Cytokine = Annotated[str, typer.Option(help="Cytokine of the library.", autocompletion=names_of("cytokines"))]
Readout = Annotated[str, typer.Option(help="pSTAT read-out; default: the first of the cytokine.")]
Cell = Annotated[
    str,
    typer.Option(help="Cell; default: the cytokine's reference cell.", autocompletion=names_of("cells")),
]
Matrix = Annotated[
    str, typer.Option(help="whole blood (spiked), ex vivo blood (IC50 of total plasma), PBMC or culture.")
]
Dose = Annotated[
    str, typer.Option("--cytokine-dose", help="Cytokine dose with unit; default: usual in its assays.")
]
Milieu = Annotated[
    str,
    typer.Option(
        help="In place of a dose: the cytokine level that people have, such as ra_synovium.",
        autocompletion=names_of("milieus"),
    ),
]
Condition = Annotated[
    list[str] | None,
    typer.Option("--with", help="Food or co-medication: fed, OAT3_inhibitor. May be repeated."),
]
Population = Annotated[
    str, typer.Option(help="Population of the library.", autocompletion=names_of("populations"))
]


def console(stderr: bool = False) -> Console:
    """Rich console; at least 100 columns where the output is not a terminal."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() else 140
    return Console(stderr=stderr, width=wide, highlight=False)


def show(item: Any) -> None:
    """Print a text or a table on standard output; names and numbers of users are no markup."""
    console().print(printable(item) if isinstance(item, str) else item, markup=False)


def progress() -> Progress:
    """Bar on standard error: description, share done, time left."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console(stderr=True))


@contextmanager
def output(as_json: bool) -> Iterator[Any]:
    """Yields a function that prints the result; with --json, whatever else writes to file descriptor 1
    (SUNDIALS does) goes to standard error."""
    if not as_json:
        yield show
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)

    def emit(record: Any) -> None:
        os.write(kept, (json.dumps(record, indent=2, allow_nan=False) + "\n").encode())

    try:
        yield emit
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def table(
    title: str | Text, columns: list[str], rows: Sequence[Sequence[str | Text]], widest: int | None = None
) -> Any:
    """A table for ``show``; widest: columns of the terminal that it takes at most."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=_plain(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for column in columns:
        table.add_column(_plain(column), overflow="fold")
    for row in rows:
        table.add_row(*map(_plain, row))
    if widest is not None:
        from rich.console import Console

        table.width = min(widest, Console(width=widest).measure(table).maximum, console().width)
    return table


def styled(text: str, style: str = "") -> Text:
    """A cell of ``table`` in a style of rich, such as "bold red"."""
    from rich.text import Text

    return Text(printable(text), style)


def _plain(cell: str | Text) -> Text:
    return styled(cell) if isinstance(cell, str) else cell


def draw(figure: Any, path: Path) -> None:
    """Write a figure in the format that the suffix of ``path`` names."""
    picture = io.BytesIO()
    try:
        figure.savefig(picture, dpi=150, format=path.suffix[1:] or "png")
    except ValueError as error:
        raise InputError(f"{path}: cannot draw there: {error}") from None
    write_atomic(path, picture.getvalue())


def targets(*files: Path | None) -> None:
    """Find out before the work whether what is asked for can be written; raises WriteError where not."""
    check_writable(*(file for file in files if file is not None))


def leave(message: str, code: int) -> int:
    """Say why the command ends on standard error, where that can be written to; returns the exit code."""
    with suppress(OSError):
        print(printable(f"jakinib: {message}"), file=sys.stderr, flush=True)
    return code
