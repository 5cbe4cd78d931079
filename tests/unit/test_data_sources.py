"""Folders of data say who measured, and which tables are still to be copied."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from jakinib import paths
from jakinib.check import Asked, check, new
from jakinib.cli import extension
from jakinib.cli.app import app
from jakinib.errors import JakinibError, PlanError
from jakinib.library.measurements import DataSet, get_data

SOURCE = "data/Mine2026/source.yaml"


def test_a_new_data_set_states_what_is_known_of_its_laboratory(tmp_path: Path) -> None:
    known = Asked("My lab", "30 min", "", ("IL-6 20 ng/mL", "IL-2 1 nM"))
    new("dataset", "Mine2026", tmp_path, known)
    read = yaml.safe_load((tmp_path / SOURCE).read_text("utf-8"))
    assert read["laboratory"] == "My lab"
    assert read["assay"]["preincubation"] == {
        "value": 30, "unit": "min", "kind": "measured", "status": "verified", "source": "Mine2026",
        "location": "methods",
    }  # fmt: skip
    assert read["assay"]["stimulation"]["rationale"] == "FILL"
    assert {name: (q["value"], q["unit"]) for name, q in read["assay"]["cytokine_dose"].items()} == {
        "IL-6": (20, "ng/mL"),
        "IL-2": (1, "nM"),
    }


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"laboratory": "a: b"}, "laboratory"),
        ({"preincubation": "30"}, "preincubation"),
        ({"stimulation": "5 ng"}, "stimulation"),
        ({"cytokine_doses": ("IL-99 5 ng/mL",)}, "IL-99"),
        ({"cytokine_doses": ("IL-6 5 min",)}, "dose of IL-6"),
    ],
)
def test_what_cannot_be_a_condition_is_refused_before_anything_is_written(
    asked: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(JakinibError, match=said):
        new("dataset", "Mine2026", tmp_path / "lib", Asked(**asked))
    assert not (tmp_path / "lib").exists()


def test_a_wanted_table_holds_no_rows_and_one_that_was_copied_is_wanted_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "Mine2026"
    folder.mkdir(parents=True)
    packaged = paths.fits() / "data" / "McInnes2019"
    for file in ("source.yaml", "measurements.tsv"):
        (folder / file).write_text((packaged / file).read_text("utf-8"), encoding="utf-8")
    assert check(tmp_path).errors == 0
    data = DataSet(tmp_path / "data")
    assert list(data.wanted) == ["Mine2026"]
    assert not data.sources
    assert not data.measurements
    header = (folder / "measurements.tsv").read_text("utf-8")
    cells = {"id": "Z1", "quantity": "cell_ic50", "inhibitor": "baricitinib", "cytokine": "IL-6",
             "readout": "pSTAT3", "cell": "T cell", "matrix": "PBMC", "value": "30", "unit": "nM",
             "set": "context", "status": "verified"}  # fmt: skip
    row = "\t".join(cells.get(name, "") for name in header.strip().split("\t"))
    (folder / "measurements.tsv").write_text(header + row + "\n", encoding="utf-8")
    assert [f.check for f in check(tmp_path).findings if f.level == "error"] == ["wanted-with-rows"]
    with pytest.raises(PlanError, match=r"source.yaml:\d+: status: wanted"):
        DataSet(tmp_path / "data")


def test_every_source_of_the_package_names_its_laboratory() -> None:
    data = get_data()
    assert all(source.laboratory for source in (*data.sources.values(), *data.wanted.values()))
    assert data.laboratory(data["C001"]) == "EUbOPEN2024"
    pooled = [row for row in data.measurements.values() if row.source == "ChEMBLPooled"]
    assert len({data.laboratory(row) for row in pooled}) == len(pooled) > 1
    assert (
        data.laboratory(data["E084"])
        == data.laboratory(next(r for r in data.measurements.values() if r.source == "Meyer2010"))
        == "Pfizer"
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_asked_for_what_no_option_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def answer(question: str, **_: Any) -> str:
        asked.append(question.split()[0])
        return "My lab" if question.startswith("Laboratory") else ""

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(typer, "prompt", answer)
    context = typer.Context(typer.main.get_command(app))
    extension.new(context, "dataset", "Mine2026", tmp_path, preincubation="30 min")
    assert asked == ["Laboratory", "Time"]
    assert "fill it in" in capsys.readouterr().out
    read = yaml.safe_load((tmp_path / SOURCE).read_text("utf-8"))
    assert read["laboratory"] == "My lab"
    assert read["assay"]["preincubation"]["value"] == 30
