"""Every result shows and saves itself in one way."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import jakinib as jk
from jakinib.files.shown import Shown

RA = jk.Scenario(patient="ra_adult", regimen="baricitinib 4 mg qd x 2")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shown]:
    table = tmp_path_factory.mktemp("mine") / "mine.csv"
    table.write_text("conc (nM),inhibition (%)\n10,5\n50,25\n150,52\n500,83\n2000,95\n")
    return {
        "scan": jk.scan("auc", {"dose": "1, 2 mg"}, RA),
        "course": jk.simulate(RA),
        "assay": jk.assay("baricitinib", "IL-6"),
        "overlay": jk.overlay(table, inhibitor="baricitinib"),
    }


@pytest.mark.parametrize("name", ["scan", "course", "overlay", "assay"])
def test_a_result_saves_its_table_its_data_and_its_figure(
    name: str, results: dict[str, Shown], tmp_path: Path
) -> None:
    one = results[name]
    for suffix in ("csv", "tsv", "txt", "json", "png", "svg"):
        one.save(tmp_path / f"x.{suffix}")
    assert len(pd.read_csv(tmp_path / "x.csv")) == len(one.to_frame())
    assert list(pd.read_csv(tmp_path / "x.tsv", sep="\t")) == list(one.to_frame())
    assert (tmp_path / "x.txt").read_text() == (tmp_path / "x.tsv").read_text()
    assert json.loads((tmp_path / "x.json").read_text()) == json.loads(json.dumps(one.record()))
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "x.svg").read_text()


@pytest.mark.parametrize("name", ["scan", "course", "overlay", "assay"])
def test_a_notebook_shows_a_small_table_and_the_figure(name: str, results: dict[str, Shown]) -> None:
    shown = results[name]._repr_html_()
    assert "<table" in shown
    assert "data:image/png;base64," in shown
    assert shown.count("<tr") <= 15


def test_another_suffix_is_refused_and_nothing_written(results: dict[str, Shown], tmp_path: Path) -> None:
    with pytest.raises(jk.InputError, match=r"cannot save as '\.docx'.*\.csv"):
        results["scan"].save(tmp_path / "x.docx")
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_figure_says_so(tmp_path: Path) -> None:
    with pytest.raises(jk.InputError, match="no figure"):
        jk.find("auc", 400, scenario=RA).save(tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_every_result_says_what_was_asked_and_whom_to_cite(results: dict[str, Shown]) -> None:
    """Patients bring the sources of their plasma along; a cell assay has none of those."""
    everything = results | {
        "sensitivity": jk.sensitivity(draws=100),
        "found": jk.find("auc", 400, scenario=RA),
        "compared": jk.compare([RA.but(regimen="4 mg qd"), RA.but(regimen="2 mg qd")], bands=False),
        "arms": jk.simulate([RA, RA.but(eGFR=45)]),
    }
    for name, one in everything.items():
        asked = one.scenario if isinstance(one.scenario, list) else [one.scenario]
        assert all(isinstance(scenario, jk.Scenario) for scenario in asked), name
        cited = one.citations()
        assert len(cited) == len(set(cited)) > 3
        assert any("EUbOPEN" in line for line in cited)  # its potencies calibrate every cell
        plasma = name not in ("assay", "overlay", "sensitivity")
        assert any("Olumiant" in line or "baricitinib" in line.lower() for line in cited) or not plasma
    assert results["assay"].scenario == jk.Scenario(inhibitor="baricitinib", assay="IL-6")
    assert results["course"].scenario == RA
    assert set(results["assay"].citations()) < set(results["course"].citations())


def test_what_is_no_answer_to_a_scenario_cites_nothing() -> None:
    with pytest.raises(jk.InputError, match="ask for one"):
        jk.KinaseAssay("baricitinib", "JAK1").curve().citations()
