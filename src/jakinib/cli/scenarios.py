"""What is said of a scenario on the command line: one option for each part, by one name in every command.

A command takes those that apply to it; a file gives the rest (``--scenario study.yaml``), and what stands on
the command line goes before it. The run prints the scenario back, so that the same can be asked again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jakinib.cli.app import GIVEN, names_of
from jakinib.errors import InputError, printable

if TYPE_CHECKING:
    from jakinib.scenario import Scenario

# The parts of a scenario by the parameter of a command.
PARTS = {
    "inhibitor": "inhibitor", "regimen": "regimen", "population": "population", "weight": "weight",
    "egfr": "eGFR", "condition": "with", "cytokine": "cytokine", "readout": "readout", "cell": "cell",
    "matrix": "matrix", "dose": "cytokine_dose", "milieu": "milieu", "laboratory": "laboratory",
    "preincubation": "preincubation", "stimulation": "stimulation", "concentration": "concentration",
    "settings": "settings",
}  # fmt: skip

File = Annotated[
    Path | None,
    typer.Option("--scenario", help="YAML file of who, what and when, measured how; options go before it."),
]
Files = Annotated[
    list[Path] | None,
    typer.Option("--scenario", help="YAML file of who, what and when, measured how; once for each arm."),
]
Doses = Annotated[str, typer.Option("--regimen", help="Doses, for example 'baricitinib 4 mg qd'.")]
Dosed = Annotated[
    str,
    typer.Option(
        "--inhibitor",
        help="Inhibitor of doses that name none; default: baricitinib.",
        autocompletion=names_of("inhibitors"),
    ),
]
Weight = Annotated[
    str,
    typer.Option(help="Body weight, '70 kg', or over time '70, 64 from 14 days'; default: the population's."),
]
EGFR = Annotated[
    str,
    typer.Option(
        help="eGFR, mL/min per 1.73 m2: '45', or over time '90, 30 from 7 days'; default: the population's."
    ),
]
Several = Annotated[
    str,
    typer.Option(
        "--cytokine",
        help="Names with commas between, or all.",
        autocompletion=names_of("cytokines"),
    ),
]
Concentration = Annotated[
    str, typer.Option(help="Of the inhibitor in an assay, with unit, for a question about one concentration.")
]

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--settings", help="A parameter of the models in its unit, 'IC50_baricitinib_JAK1=5'; once for each."
    ),
]


def asked(ctx: typer.Context, file: Path | None, **instead: Any) -> Scenario:
    """The scenario of a command: its options, those given in place of what a file says.

    instead: parts as the command makes them of options of its own. Raises InputError for what is no scenario.
    """
    from jakinib.scenario import Scenario

    base = Scenario.read(file) if file else None
    given = ctx.meta[GIVEN]
    parts = {
        PARTS[name]: value
        for name, value in ctx.params.items()
        if name in PARTS and (value or name in given) and (base is None or name in given)
    } | instead
    return parted(base, parts)


def arms_of(
    ctx: typer.Context, files: list[Path] | None, regimens: list[str] | None, **instead: Any
) -> list[Scenario]:
    """One arm for each file and regimen; the regimens are those of the files where none is given."""
    every: list[Path | None] = [*(files or [])] or [None]
    return [
        asked(ctx, file, **instead, **({"regimen": text} if regimens else {}))
        for file in every
        for text in regimens or [""]
    ]


def parted(base: Scenario | None, parts: dict[str, Any]) -> Scenario:
    """A scenario with these parts in place of its own; doses are read here, where the text can be shown."""
    from jakinib.regimen import Regimen
    from jakinib.scenario import Scenario

    if isinstance(parts.get("regimen"), str):
        parts["regimen"] = Regimen.parse(parts["regimen"])
    named = parts["regimen"].inhibitors if "regimen" in parts else ()
    if named and "inhibitor" in parts:
        raise InputError(
            f"--inhibitor {parts['inhibitor']}: the regimen names its own ({', '.join(named)}); leave the "
            "option out"
        )
    if "with" in parts:
        parts["with"] = tuple(parts["with"])
    if "settings" in parts:
        parts["settings"] = tuple(parts["settings"])
    return Scenario.of(**parts) if base is None else base.but(**parts)


def back(scenario: Scenario | list[Scenario]) -> None:
    """Print the scenario that was run as a file that ``--scenario`` reads; --- stands between several."""
    several = scenario if isinstance(scenario, list) else [scenario]
    typer.echo("\n" + printable("---\n".join(one.to_yaml() for one in several)).rstrip())
