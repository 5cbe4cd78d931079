"""What the data fix of a plan is remembered, and found anew when its fit is another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from jakinib import cache, paths
from jakinib.errors import InputError
from jakinib.fit.coordinates import coordinates

PLAN = "enzyme"


@pytest.fixture
def provenance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That of a copy of the fit, with a cache of its own."""
    monkeypatch.setenv(cache.SWITCH, str(tmp_path / "cache"))
    monkeypatch.setenv("JAKINIB_RESULTS", str(tmp_path / "results"))
    shutil.copytree(paths.fits() / "results" / PLAN, tmp_path / "results" / PLAN)
    return tmp_path / "results" / PLAN / "provenance.json"


def test_what_is_remembered_is_what_is_computed(provenance: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, again = coordinates(PLAN), coordinates(PLAN)
    monkeypatch.setenv(cache.SWITCH, "off")
    assert first == again == coordinates(PLAN)


def test_other_spreads_give_other_intervals(provenance: Path) -> None:
    before = coordinates(PLAN)
    record = json.loads(provenance.read_text())
    record["spreads"] = {name: 2 * value for name, value in record["spreads"].items()}
    provenance.write_text(json.dumps(record))
    for one, other in zip(before, coordinates(PLAN), strict=True):
        assert other.high / other.low > one.high / one.low


def test_a_stale_fit_has_no_coordinates_though_they_were_remembered(provenance: Path) -> None:
    coordinates(PLAN)
    record = json.loads(provenance.read_text())
    record["inputs"]["models"] = "others"
    provenance.write_text(json.dumps(record))
    with pytest.raises(InputError, match="stale"):
        coordinates(PLAN)
