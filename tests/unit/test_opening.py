"""The question that the page of a browser opens on."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from jakinib import Scenario
from jakinib.errors import InputError
from jakinib.explore import content
from jakinib.explore.opening import MOST, arms
from jakinib.library import get_library


def asked(**parts: Any) -> list[dict[str, Any]]:
    return arms([Scenario.of(**parts)])


def test_each_cytokine_of_a_scenario_is_an_arm() -> None:
    found = asked(regimen="tofacitinib 5 mg bid", population="psa_adult", cytokine=("IL-2", "IL-15"), eGFR=60)
    assert [arm["cytokine"] for arm in found] == ["IL-2", "IL-15"]
    assert {arm["eGFR"] for arm in found} == {60.0}
    assert found[0]["plan"] == {"dose": 5.0, "interval": 12.0, "steady": True}


def test_a_milieu_becomes_the_dose_that_it_states() -> None:
    (arm,) = asked(cytokine="IL-6", milieu="ra_synovium")
    fluid = get_library().milieu("ra_synovium").levels["IL-6"]
    assert arm["dose"] == pytest.approx(fluid.to("ng/mL") / 20.8, rel=1e-6)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"cytokine": "all"}, f"holds {MOST}"),
        ({"regimen": "4 mg qd x 7"}, "'4 mg qd x 7'"),
        ({"regimen": "4 mg q2h"}, "4 h or more"),
        ({"regimen": "4 mg iv bolus"}, "by mouth"),
        ({"regimen": "abrocitinib 100 mg qd"}, "abrocitinib"),
        ({"regimen": "tofacitinib 5 mg bid", "population": "ra_adult"}, "ra_adult"),
        ({"eGFR": {"0 h": 90, "7 days": 30}}, "eGFR changes"),
        ({"laboratory": "EUbOPEN2024"}, "laboratory"),
    ],
)
def test_what_a_page_does_not_hold_is_refused_in_one_line(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said) as error:
        asked(**parts)
    assert "\n" not in str(error.value)


def test_every_number_of_the_page_says_where_it_comes_from() -> None:
    known = content()
    json.dumps(known, allow_nan=False)
    numbers = [*known["parameters"].items(), *(pair for own in known["own"].values() for pair in own.items())]
    for drug in known["inhibitors"].values():
        for kinetics in drug["populations"].values():
            numbers += kinetics["numbers"].items()
    for symbol, number in numbers:
        assert math.isfinite(number["value"]), symbol
        assert number["kind"] in ("measured", "derived", "fitted", "assumed"), symbol
        assert number.get("source") or number.get("why"), symbol
        assert number.get("low", -math.inf) <= number["value"] * (1 + 1e-9), symbol


def test_a_scenario_that_is_not_there_leaves_no_page(tmp_path: Path) -> None:
    from jakinib.explore import explore

    with pytest.raises(InputError):
        explore(tmp_path / "page.html", [Scenario.of(cytokine="all")])
    assert not list(tmp_path.iterdir())
