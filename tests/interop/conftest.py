"""What several files of these tests open."""

from pathlib import Path

import pytest

from jakinib.explore import explore


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of ``jakinib explore`` with the library of the package."""
    return explore(tmp_path_factory.mktemp("page") / "explore.html")
