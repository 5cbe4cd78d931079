"""What users type is understood, what is wrong is refused, and the page of both is true."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import spoken

import jakinib as jk


def test_plausible_inputs_are_understood_and_wrong_ones_refused() -> None:
    held = [(kind, text, plausible, spoken.outcome(kind, text)) for kind, text, plausible in spoken.inputs()]
    good = [found[0] for _, _, plausible, found in held if plausible]
    assert len(held) >= 310
    assert sum(good) >= 0.95 * len(good)
    assert [(kind, text, found) for kind, text, plausible, found in held if not plausible and found[0]] == []


def test_the_page_says_what_happens() -> None:
    assert spoken.PAGE.read_text(encoding="utf-8") == spoken.page()


EXAMPLES = re.findall(
    r"`((?:[a-z]+ )?[\d.]+ mg[^`]*)`", (spoken.PAGE.parents[1] / "regimens.md").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_the_page_on_regimens_runs(text: str) -> None:
    assert jk.Regimen.parse(text).doses
