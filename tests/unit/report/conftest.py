"""The synthetic measures, shared by the tests of the page and of the figures."""

from collections.abc import Iterator

import pytest
from synthetic import KinaseAssay, Synthetic

from jakinib.evaluate.measures import Measures
from jakinib.fit import get_data, read_plan
from jakinib.report import plots


@pytest.fixture(scope="module", autouse=True)
def plain_kinase_assay() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "KinaseAssay", KinaseAssay)
        yield


@pytest.fixture(scope="module")
def measures() -> Measures:
    data = get_data()
    return Synthetic(read_plan("pathways", data), data)
