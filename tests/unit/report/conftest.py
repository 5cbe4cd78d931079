"""The synthetic evidence, shared by the tests of the page and of the figures."""

import pytest
from synthetic import Synthetic

from jakinib.evaluate.evidence import Evidence
from jakinib.evaluate.run import PLANS
from jakinib.fit import get_data, read_plan


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    data = get_data()
    return Synthetic([read_plan(name, data) for name in PLANS], data)
