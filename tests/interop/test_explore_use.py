"""What a person does on the page: sliders, arms, bands, undo, the address, the keyboard, a phone."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import numpy as np
import pytest
from browser import Page, browser

import jakinib as jk
from jakinib.evaluate.draws import joint
from jakinib.evaluate.run import calibrations
from jakinib.experiments import Models
from jakinib.library import get_library
from jakinib.library.measurements import get_data

BROWSER = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs a browser; Debian has it in the package chromium"),
]
OPEN = (
    "document.querySelectorAll('#parameters, #parameters details').forEach((part) => { part.open = true; })"
)
HALF = "document.querySelector('#beside tbody tr td:last-child').textContent"


@pytest.fixture(scope="module")
def shown() -> Iterator[Page]:
    assert BROWSER
    with browser(BROWSER) as page:
        yield page


@pytest.fixture
def page(shown: Page, file: Path) -> Iterator[Page]:
    shown.said.clear()
    shown.asked.clear()
    shown.size(1400, 1000)
    shown.open(file.as_uri())
    yield shown
    assert shown.said == []
    assert [name for name in shown.asked if not name.startswith(("file:", "blob:", "data:", "about:"))] == []


def slide(page: Page, symbol: str, place: int) -> None:
    page.ask(OPEN)
    page.until(f"document.getElementById('p_{symbol}') !== null")
    page.ask(
        f"(() => {{ const bar = document.getElementById('p_{symbol}'); bar.value = {place};"
        "bar.dispatchEvent(new Event('input', { bubbles: true }));"
        "bar.dispatchEvent(new Event('change', { bubbles: true })); })()"
    )


def arms(*asked: dict[str, Any]) -> str:
    return "#" + quote(json.dumps({"v": 1, "on": 0, "arms": asked}))


def test_a_slider_moves_the_curve_and_its_reset_brings_back_the_estimate(page: Page) -> None:
    before = page.ask(HALF)
    slide(page, "IC50_baricitinib_JAK1", 400)
    page.until(f"{HALF} !== {before!r}")
    assert float(page.ask(HALF)) > float(before)
    back = "Reset published enzyme IC50 of baricitinib on JAK1"
    page.ask(f"document.querySelector('[aria-label^=\"{back}\"]').click()")
    assert page.ask(HALF) == before


def test_a_parameter_is_found_by_its_name(page: Page) -> None:
    page.ask("document.getElementById('parameters').open = true")
    page.ask(
        "(() => { const box = document.querySelector('input[type=search]'); box.value = 'Km_TYK2';"
        "box.dispatchEvent(new Event('input')); })()"
    )
    rows = "[...document.querySelectorAll('.slider')].filter((row) => row.offsetParent)"
    page.until(f"{rows}.length === 1")
    assert "TYK2" in page.ask(f"{rows}[0].textContent")


def test_a_page_without_draws_says_why_it_has_no_bands(page: Page, file: Path, tmp_path: Path) -> None:
    stale = tmp_path / "stale.html"
    text = re.sub(
        r'"draws":\{.*?\},"points"', '"draws":{"missing":"draw again"},"points"', file.read_text("utf-8")
    )
    stale.write_text(text, encoding="utf-8")
    page.open(stale.as_uri())
    assert "draw again" in page.ask("document.getElementById('trust').textContent")
    assert float(page.ask(HALF)) > 0


def test_an_interval_of_ones_own_is_shown(page: Page, file: Path) -> None:
    plan = {"dose": 2, "interval": 6, "steady": True}
    page.open(file.as_uri() + arms({"i": "baricitinib", "c": "IL-6", "plan": plan}))
    assert "every 6 h" in page.ask(
        "[...document.querySelectorAll('#question select')].map((one) => one.selectedOptions[0].textContent)"
    )


def test_undo_takes_back_what_was_done_and_redo_does_it_again(page: Page) -> None:
    before = page.ask(HALF)
    slide(page, "Km_JAK1", 10)
    moved = page.ask(HALF)
    assert moved != before
    page.ask("document.getElementById('undo').click()")
    assert page.ask(HALF) == before
    page.ask("document.getElementById('redo').click()")
    assert page.ask(HALF) == moved


def test_the_address_holds_the_question(page: Page, file: Path) -> None:
    asked = {"i": "tofacitinib", "c": "IL-2", "population": "psa_adult", "matrix": "PBMC"}
    page.open(file.as_uri() + arms(asked, {"i": "baricitinib", "c": "IL-6", "eGFR": 40}))
    page.ask("document.getElementById('link').click()")
    first = page.ask("document.getElementById('beside').textContent")
    address = page.ask("location.href")
    page.open(address)
    assert page.ask("document.getElementById('beside').textContent") == first
    curve = jk.assay("tofacitinib", "IL-2", matrix="PBMC")
    assert float(page.ask(HALF)) == pytest.approx(curve.ic50, rel=5e-3)  # three digits are shown


def test_an_address_of_another_page_is_told_and_does_not_break_this_one(page: Page, file: Path) -> None:
    page.open(file.as_uri() + arms({"i": "nobody", "c": "IL-6"}))
    assert "nobody" in page.ask("document.getElementById('headline').textContent")
    assert float(page.ask(HALF)) > 0


def test_bands_of_an_ic50_are_those_of_the_package(page: Page) -> None:
    caption = "document.querySelector('[data-key=response] figcaption').textContent"
    drawn(page)
    found = re.search(r"90 % from ([\d.]+) to ([\d.]+) nM", page.ask(caption))
    assert found
    wanted = jk.assay("baricitinib", "IL-6").bands["a new laboratory"]
    assert [float(end) for end in found.groups()] == pytest.approx(wanted, rel=0.02)


def keep(page: Page) -> None:
    """Have the page keep what it would save."""
    page.ask(
        "window.kept = []; URL.createObjectURL = (blob) => { kept.push(blob); return 'data:,'; };"
        "HTMLAnchorElement.prototype.click = function () {}; 0"
    )


def drawn(page: Page) -> None:
    """Wait for the last draw."""
    page.until("document.querySelector('[data-key=response] figcaption').textContent.includes('90 %')")
    page.ask("new Promise((done) => setTimeout(done, 3000))")


def test_the_band_of_plasma_is_that_of_the_draws_of_its_plan(page: Page) -> None:
    keep(page)
    drawn(page)
    page.ask("document.getElementById('csv').click()")
    rows = list(csv.DictReader(page.ask("kept[0].text()").splitlines()))
    found = [float(one["y"]) for one in rows if one["chart"].startswith("Plasma") and "band" in one["line"]
             and float(one["x"]) == 12]  # fmt: skip
    draws = joint([calibrations(["clinical_pk"], get_data())]).settings
    levels = [
        jk.plasma(jk.Regimen.parse("4 mg qd ss"), [12], population="ra_adult",
                  settings=Models(draw).scoped("ra_adult")).ng_per_mL[0]
        for draw in draws
    ]  # fmt: skip
    assert found == pytest.approx(np.quantile(levels, [0.05, 0.95]), rel=1e-4)  # draws have five digits


def test_pictures_tables_and_scenarios_are_whole_files(page: Page, tmp_path: Path) -> None:
    keep(page)
    buttons = "[...document.querySelectorAll('figure button')].slice(0, 2)"
    page.ask(f"{buttons}.forEach((one) => one.click()); 0")
    page.ask("document.getElementById('csv').click(); document.getElementById('yaml').click(); 0")
    page.until("kept.length === 4")
    kinds = page.ask("kept.map((one) => one.type)")
    texts = dict(zip(kinds, page.ask("Promise.all(kept.map((one) => one.text()))"), strict=True))
    drawing = ElementTree.fromstring(texts["image/svg+xml"])
    assert len(drawing.findall(".//{http://www.w3.org/2000/svg}path")) >= 1
    assert page.ask("kept.find((one) => one.type === 'image/png').size") > 10_000
    rows = list(csv.DictReader(texts["text/csv"].splitlines()))
    highest = max(float(row["y"]) for row in rows if row["chart"].startswith("Plasma"))
    day = jk.plasma(jk.Regimen.parse("4 mg qd ss"), [0.6, 0.65, 0.7], population="ra_adult")
    assert highest == pytest.approx(float(day.ng_per_mL.max()), rel=1e-5)
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(texts["text/yaml"], encoding="utf-8")
    assert jk.Scenario.read(scenario).inhibitors == ("baricitinib",)


def test_every_control_has_a_name_and_the_keyboard_reaches_it(page: Page) -> None:
    page.ask(OPEN)
    nameless = page.ask(
        "[...document.querySelectorAll('button, input, select')].filter((one) => !(one.labels?.length"
        " || one.getAttribute('aria-label') || one.textContent.trim())).length"
    )
    assert nameless == 0
    assert page.ask("[...document.querySelectorAll('svg')].every((one) => one.getAttribute('aria-label'))")
    reached = set()
    for _ in range(12):
        page.tab()
        reached.add(page.ask("document.activeElement.tagName"))
    assert {"A", "BUTTON", "SELECT"} <= reached


@pytest.mark.parametrize("width", [390, 860, 1400, 2560])
@pytest.mark.parametrize("dark", [False, True])
def test_no_width_makes_the_page_scroll_sideways(page: Page, width: int, dark: bool) -> None:
    page.size(width, 900, dark)
    page.ask("new Promise((done) => setTimeout(done, 200))")
    assert page.ask("document.documentElement.scrollWidth") <= width


@pytest.mark.usefixtures("library_of_its_own")
def test_the_page_of_a_library_of_ones_own_runs_its_covalent_drug(
    shown: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(__file__).parents[2] / "examples" / "covalent_jak3"
    program = [sys.executable, "-c", "from jakinib.cli import main; main()"]
    command = [*program, "explore", "--library", str(folder), "--output", "own.html"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    shown.open((tmp_path / "own.html").as_uri() + arms({"i": "ritlecitinib", "c": "IL-2"}))
    found = float(shown.ask(HALF))
    monkeypatch.setenv("JAKINIB_LIBRARY", str(folder))
    get_library.cache_clear()
    assert found == pytest.approx(jk.assay("ritlecitinib", "IL-2").ic50, rel=5e-3)
