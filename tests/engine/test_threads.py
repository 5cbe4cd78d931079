"""Threads that share a model take turns; a run of a batch that another run has cut into is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import jakinib as jk
from jakinib.build import ModelSpec, compose, to_sbml
from jakinib.errors import ModelError
from jakinib.simulate import Model, Protocol
from jakinib.simulate.batch import Batch

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


def test_a_run_of_a_batch_is_not_mixed_with_another_run() -> None:
    own = Model(to_sbml(compose(ModelSpec("cytokine_signalling", cytokines=("IL-6",)))))
    one, two = (Batch(own, ["L_IL6"], READ) for _ in range(2))
    one.start(np.array([0.1]))
    first = one.span(0.0, 0.5)
    for other in (
        lambda: two.start(np.array([5.0])),
        lambda: own.run(Protocol((0.1,)), READ),
        lambda: own.initial("ATP"),
    ):
        one.start(np.array([0.1]))
        other()
        with pytest.raises(ModelError, match="another run of this model began"):
            one.span(0.0, 0.5)
    one.start(np.array([0.1]))
    assert np.array_equal(one.span(0.0, 0.5), first)


def test_a_batch_is_begun_before_it_is_read(model: Model) -> None:
    with pytest.raises(ModelError, match="another run"):
        Batch(model, ["L_IL6"], READ).span(0.0, 1.0)
