"""Threads that share a model take turns."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import jakinib as jk
from jakinib.simulate import Model, Protocol

READ = ["pSTAT3_percent", "A_JAK1"]


@pytest.fixture(scope="module")
def model() -> Model:
    return jk.load("cytokine_signalling", cytokines="IL-6")


def test_threads_that_share_a_model_get_the_numbers_of_one_alone(model: Model) -> None:
    doses = np.logspace(-3, 1, 20).tolist()
    protocols = [Protocol((0.1, 0.25, 1.0), {"L_IL6": dose}) for dose in doses] * 15
    alone = [model.run(protocol, READ) for protocol in protocols[:20]] * 15
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda protocol: model.run(protocol, READ), protocols))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_initial_values_are_read_between_runs_of_another_thread(model: Model) -> None:
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            model.run(Protocol((0.5,), {"L_IL6": 1.0, "ATP": 1e6}), READ)

    expected, thread = model.initial("ATP"), threading.Thread(target=busy)
    thread.start()
    try:
        assert {model.initial("ATP") for _ in range(200)} == {expected}
    finally:
        stop.set()
        thread.join()
