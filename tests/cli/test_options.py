"""Every option of every command: given once, and refused where it has no effect."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from jakinib.cli import app, main


def kind(option: Any) -> type:
    """The Python type of an option's value, of newer and older typer."""
    described = getattr(option, "type_descriptor", None)
    if described is not None:
        return described.annotation
    return {"integer": int, "float": float}.get(
        option.type.name.split()[0], Path if "path" in option.type.name else str
    )


COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
OPTIONS = [
    (command, option)
    for command, described in sorted(COMMANDS.items())
    for option in described.params
    if option.param_type_name == "option"
]
NAMES = [f"{command} {option.opts[0]}" for command, option in OPTIONS]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def jakinib(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["jakinib", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        return int(stop.value.code or 0), *capfd.readouterr()

    return run


def refused(found: tuple[int, str, str], said: str, folder: Path) -> None:
    code, out, error = found
    assert (code, out) == (2, "")
    assert len(error.splitlines()) == 1, error
    assert said in error
    assert list(folder.iterdir()) == []


def value_of(option: Any) -> list[str]:
    """A value that the option takes, none for a flag."""
    if option.is_flag:
        return []
    return ["20" if kind(option) in (int, float) else "x"]


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=NAMES)
def test_an_option_given_twice_is_refused_or_a_list(
    command: str, option: Any, jakinib: Run, tmp_path: Path
) -> None:
    if option.multiple:
        assert "repeat" in option.help or "once for each" in option.help
        return
    arguments = ["x" for p in COMMANDS[command].params if p.param_type_name == "argument" and p.required]
    twice = [option.opts[0], *value_of(option)] * 2
    refused(jakinib(command, *arguments, *twice), f"{option.opts[0]} stands twice", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["assay", "--kinase", "JAK1", "--cytokine", "IL-2"], "--cytokine"),
        (["assay", "--kinase", "JAK1", "--readout", "pSTAT3"], "--readout"),
        (["assay", "--kinase", "JAK1", "--cell", "B cell"], "--cell"),
        (["assay", "--kinase", "JAK1", "--matrix", "PBMC"], "--matrix"),
        (["assay", "--kinase", "JAK1", "--cytokine-dose", "1 nM"], "--cytokine-dose"),
        (["assay", "--kinase", "JAK1", "--preincubation", "1 h"], "--preincubation"),
        (["assay", "--kinase", "JAK1", "--stimulation", "1 h"], "--stimulation"),
        (["assay", "--atp", "2 mM"], "--atp"),
        (["evaluate", "--model", "m.xml", "--mapping", "m.yaml", "--draws", "3"], "--draws"),
        (["evaluate", "--model", "m.xml", "--mapping", "m.yaml", "--workers", "1"], "--workers"),
        (["evaluate", "--model", "m.xml", "--mapping", "m.yaml", "--report", "r"], "--report"),
        (["population", "--scheduler", "tcp://a:1", "--workers", "2"], "--workers"),
        (["export", "clinical_pk", "--formats", "petab", "--population", "ra_adult"], "--population"),
        (["export", "m.XML", "--population", "ra_adult"], "--population"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_option_without_effect_is_refused_by_name(
    arguments: list[str], option: str, jakinib: Run, tmp_path: Path
) -> None:
    refused(jakinib(*arguments), f"jakinib: {option}: ", tmp_path)


TABLES = [
    (command, option.opts[0])
    for command, option in OPTIONS
    if kind(option) is Path and any(word in option.help for word in ("Write", "Parquet"))
]


@pytest.mark.parametrize(("command", "option"), TABLES, ids=lambda value: value)
@pytest.mark.parametrize("name", ["x.xlsx", "x", "x.json"])
def test_a_table_of_another_suffix_is_refused_before_the_work(
    command: str, option: str, name: str, jakinib: Run, tmp_path: Path
) -> None:
    needed = {"petab": ["p.yaml"], "overlay": ["mine.csv"], "scan": ["auc", "--vary", "dose=1, 2"]}
    first = needed.get(command, [])
    refused(jakinib(command, *first, option, name), f"{name}: ", tmp_path)


def test_the_tables_are_those_of_these_commands() -> None:
    assert {command for command, _ in TABLES} == {
        "simulate", "compare", "population", "petab", "scan", "overlay",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "separator"), [("c.csv", ","), ("c.TSV", "\t"), ("c.txt", "\t")])
def test_a_table_is_written_as_its_suffix_says(
    name: str, separator: str, jakinib: Run, tmp_path: Path
) -> None:
    assert jakinib("simulate", "--hours", "2", "--out", name)[0] == 0
    assert list(pd.read_csv(tmp_path / name, sep=separator))[:2] == ["time_h", "plasma_nM"]


def test_outside_the_studied_range_text_table_and_JSON_say_so(jakinib: Run, tmp_path: Path) -> None:
    asked = ("simulate", "--hours", "2", "--weight", "500", "--egfr", "5")
    code, out, _ = jakinib(*asked, "--out", "c.tsv")
    assert code == 0
    notes = set(pd.read_csv(tmp_path / "c.tsv", sep="\t")["note"])
    record = json.loads(jakinib(*asked, "--json")[1])
    for told in (" ".join(out.split()), " ".join(notes), " ".join(record["notes"])):
        assert "outside the studied range: weight 500 kg" in told
        assert "outside the studied range: eGFR 5 mL/min" in told
    assert jakinib("simulate", "--hours", "2", "--out", "usual.tsv")[0] == 0
    assert "note" not in pd.read_csv(tmp_path / "usual.tsv", sep="\t")


@pytest.mark.parametrize(("cytokine", "readout"), [("IL-2", "pSTAT5"), ("IL-6", "pSTAT3"), ("EPO", "pSTAT5")])
def test_the_first_readout_of_the_cytokine_is_the_default(cytokine: str, readout: str, jakinib: Run) -> None:
    record = json.loads(jakinib("assay", "--cytokine", cytokine, "--json")[1])
    assert f"{cytokine} {readout}" in record["assay"]


def test_an_old_spelling_with_bad_input_is_one_line_about_the_input(jakinib: Run) -> None:
    code, out, err = jakinib("assay", "--dose", "many", "--no-band")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "'many'" in err
