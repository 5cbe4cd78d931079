"""Where results are written and read: the user's own only when told to; the package's stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from jakinib import paths
from jakinib.build.estimates import estimates_path, estimates_stamp, result_file
from jakinib.errors import InputError
from jakinib.fit import results
from jakinib.fit.plan import Plan, read_plan
from jakinib.library.measurements import get_data
from jakinib.population.ensemble import ensemble_file

NAME = "clinical_pk"
SHIPPED = paths.fits() / "results" / NAME


@pytest.fixture(scope="module")
def plan() -> Plan:
    return read_plan(NAME, get_data())


def test_a_checkout_writes_beside_its_plans_and_an_installed_package_into_the_current_folder(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAKINIB_RESULTS", raising=False)
    assert results.folder(plan) == SHIPPED
    monkeypatch.setattr(paths, "installed", lambda: True)
    assert results.folder(plan) == Path("jakinib-results", NAME)


def test_results_of_the_current_folder_are_used_only_when_told_to(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JAKINIB_RESULTS", raising=False)
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "jakinib-results" / NAME
    own.mkdir(parents=True)
    for name in ("estimates.tsv", "ensemble.tsv", "ensemble.json"):
        (own / name).touch()
    before = estimates_stamp([NAME])
    assert estimates_path(NAME) == SHIPPED / "estimates.tsv"
    assert ensemble_file(NAME) == SHIPPED / "ensemble.tsv"
    monkeypatch.setenv("JAKINIB_RESULTS", str(own.parent))
    assert results.folder(plan) == own
    assert estimates_path(NAME) == own / "estimates.tsv"
    assert ensemble_file(NAME) == own / "ensemble.tsv"
    assert estimates_stamp([NAME]) != before
    assert result_file(NAME, "covariance.tsv") == SHIPPED / "covariance.tsv"


def test_a_folder_that_is_not_there_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAKINIB_RESULTS", str(tmp_path / "misspelt"))
    with pytest.raises(InputError, match=r"JAKINIB_RESULTS: .*misspelt is not a folder"):
        estimates_path(NAME)
