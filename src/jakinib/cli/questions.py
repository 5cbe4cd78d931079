"""Commands that ask a scenario: find."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jakinib.cli.app import Json, app, output
from jakinib.errors import InputError

# The parts of a scenario by the parameter of the command; one name each, in every command.
PARTS = {
    "inhibitor": "inhibitor", "regimen": "regimen", "population": "population", "weight": "weight",
    "egfr": "eGFR", "with_": "with", "cytokine": "cytokine", "readout": "readout", "cell": "cell",
    "matrix": "matrix", "cytokine_dose": "cytokine_dose", "milieu": "milieu",
}  # fmt: skip


def scenario_of(file: Path | None, given: dict[str, Any]) -> Any:
    """The scenario of a file, with the options that were given in place of what it says."""
    from jakinib.regimen import Regimen
    from jakinib.scenario import Scenario

    parts = {PARTS[name]: value for name, value in given.items() if value}
    if "regimen" in parts:  # read here, so that a part that is not understood is shown
        parts["regimen"] = Regimen.parse(parts["regimen"])
    return Scenario.of(**parts) if file is None else Scenario.read(file).but(**parts)


@app.command()
def find(
    quantity: Annotated[str, typer.Argument(help="Such as 'average inhibition', Cmax, AUC.")],
    value: Annotated[str, typer.Argument(help="What it is to reach, with unit: '50 %', '40 ng/mL'.")],
    vary: Annotated[
        str, typer.Option(help="dose, interval, eGFR, weight, concentration or cytokine_dose.")
    ] = "dose",
    scenario: Annotated[
        Path | None, typer.Option(help="YAML file of who, what and when, measured how.")
    ] = None,
    inhibitor: Annotated[str, typer.Option(help="Inhibitor of doses that name none.")] = "",
    regimen: Annotated[str, typer.Option(help="Doses, for example 'baricitinib 4 mg qd'.")] = "",
    population: Annotated[str, typer.Option(help="Population; default: healthy_adult.")] = "",
    weight: Annotated[str, typer.Option(help="Body weight, such as '70 kg'.")] = "",
    egfr: Annotated[str, typer.Option(help="eGFR, such as '45 mL/min'.")] = "",
    with_: Annotated[list[str] | None, typer.Option("--with", help="Food or co-medication: fed.")] = None,
    cytokine: Annotated[str, typer.Option(help="Cytokine; default: IL-6.")] = "",
    readout: Annotated[str, typer.Option(help="pSTAT read-out; default: the first.")] = "",
    cell: Annotated[str, typer.Option(help="Cell; default: the cytokine's reference cell.")] = "",
    matrix: Annotated[str, typer.Option(help="Of an assay; after doses it is ex vivo blood.")] = "",
    cytokine_dose: Annotated[str, typer.Option(help="Cytokine dose with unit; default: usual.")] = "",
    milieu: Annotated[str, typer.Option(help="In place of a dose: the level that people have.")] = "",
    no_band: Annotated[bool, typer.Option("--no-band", help="Leave out the 90 % interval.")] = False,
    as_json: Json = False,
) -> None:
    """The dose (or interval, eGFR, concentration) at which a quantity reaches a value, with 90 % interval.

    Example: jakinib find 'average inhibition' '50 %' --regimen 'baricitinib 4 mg qd' --egfr '45 mL/min'
    """
    from jakinib.scenario.finding import find as run

    given = {
        "inhibitor": inhibitor, "regimen": regimen, "population": population, "weight": _bare(weight, "kg"),
        "egfr": _bare(egfr, "mL/min"), "with_": tuple(with_ or ()), "cytokine": cytokine, "readout": readout,
        "cell": cell, "matrix": matrix, "cytokine_dose": cytokine_dose, "milieu": milieu,
    }  # fmt: skip
    with output(as_json) as emit:
        found = run(quantity, value, vary, scenario_of(scenario, given))
        without = "not asked for"
        if not no_band:
            try:
                low, high = found.interval
                without = ""
            except InputError as error:
                without = f"no interval: {error}"
        notes = [*found.notes, *([without] if without and not no_band else [])]
        if as_json:
            emit(found.record(band=not without) | {"notes": notes})
            return
        emit(str(found))
        if not without:
            emit(f"90 % interval: {low:.4g} to {high:.4g} {found.input.unit}")
        for note in notes:
            emit(f"note: {note}")
        emit(found.scenario.to_yaml().rstrip())


def _bare(text: str, unit: str) -> str:
    """A covariate given as a number alone, which other commands take in this unit."""
    try:
        float(text)
    except ValueError:
        return text
    return f"{text} {unit}"
