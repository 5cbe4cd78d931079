"""The page in a browser: it fits a phone, filters, opens what a link leads to and follows the theme."""

from __future__ import annotations

import html as markup
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from synthetic import criterion, evaluation, passing

from jakinib.evaluate.evidence import Evidence
from jakinib.report import html

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FAILED = {"stat1_block": 7.5, "ra_cmax": 99.0}
# What a person does, in a frame as wide as a phone; the page that holds the frame tells what came of it.
HOLDER = """<iframe src="index.html" style="width:390px;height:800px;border:0"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {
  const page = frame.contentDocument, form = page.querySelector(".filter"), found = {};
  const lines = () => [...page.querySelectorAll(".lines li")].filter((one) => one.offsetParent)
    .map((one) => one.querySelector("a").getAttribute("href").slice(1));
  const choose = (name, value) => {
    form.querySelector(`[name=${name}]`).value = value;
    form.dispatchEvent(new Event("input"));
    return lines(); };
  found.wide = page.documentElement.scrollWidth;
  found.every = lines();
  found.failed = choose("verdict", "FAIL");
  found.failed_kinetics = choose("item", "7");
  choose("verdict", ""); found.kinetics = lines(); choose("item", "");
  found.input = choose("basis", "input");
  frame.contentWindow.location.hash = "crossvalidation-row";
  const colour = (one) => frame.contentWindow.getComputedStyle(page.querySelector(one));
  setTimeout(() => {
    found.open = [...page.querySelectorAll("section > details[open]")].map((one) => one.id);
    found.paper = colour("body").backgroundColor;
    found.ink = [colour("body").color, colour(".plot text").fill];
    document.body.textContent = "found " + JSON.stringify(found) + " end";
  }, 200);
};
</script>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="needs a browser; Debian has it in the package chromium"),
]


@pytest.fixture(scope="module")
def folder(evidence: Evidence, tmp_path_factory: pytest.TempPathFactory) -> Path:
    failed = [replace(passing(criterion(name)), value=value) for name, value in FAILED.items()]
    folder = tmp_path_factory.mktemp("report")
    html.write(evaluation(evidence, *failed), folder)
    (folder / "holder.html").write_text(HOLDER, encoding="utf-8")
    return folder


def opened(folder: Path, *options: str) -> dict[str, Any]:
    """What the holder tells; fails on any complaint of the browser about the page."""
    assert BROWSER
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
               f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--dump-dom",
               "--virtual-time-budget=20000", *options, (folder / "holder.html").as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)
    assert "CONSOLE" not in done.stderr
    told = re.search(r"found (\{.*\}) end", markup.unescape(done.stdout))
    assert told, done.stdout[:500]
    found: dict[str, Any] = json.loads(told[1])
    return found


@pytest.fixture(scope="module")
def light(folder: Path) -> dict[str, Any]:
    return opened(folder)


def test_a_phone_shows_the_page_without_sideways_scrolling(light: dict[str, Any]) -> None:
    assert light["wide"] <= 390


def test_lines_are_filtered_by_verdict_item_and_evidence(
    light: dict[str, Any], folder: Path, evidence: Evidence
) -> None:
    records = json.loads((folder / "verdicts.json").read_text(encoding="utf-8"))["verdicts"]
    every = {one["id"]: one for one in records}
    assert sorted(light["every"]) == sorted(every)
    assert set(light["failed"]) == set(FAILED)
    assert light["failed_kinetics"] == ["stat1_block"]
    assert set(light["kinetics"]) == {name for name, one in every.items() if one["item"] == 7}
    assert set(light["input"]) == {name for name, one in every.items() if one["basis"] == "input"}


def test_what_a_link_leads_to_opens(light: dict[str, Any]) -> None:
    assert light["open"] == ["crossvalidation-row"]


def test_figures_follow_the_theme(light: dict[str, Any], folder: Path) -> None:
    dark = opened(folder, "--blink-settings=preferredColorScheme=0")
    assert dark["paper"] != light["paper"]
    for found in (dark, light):
        body, figure = found["ink"]
        assert body == figure != found["paper"]
