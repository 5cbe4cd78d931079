"""What experiments say does not depend on the engine: SciPy on the rate laws gives the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy_engine import ScipyModel, ScipyModels

from jakinib.assay import CellAssay, KinaseAssay
from jakinib.build import ModelSpec
from jakinib.experiments import Chosen, Models, experiment
from jakinib.library.measurements import get_data
from jakinib.simulate import Adjusted, Protocol, Runnable, Step

SECOND = ScipyModels()
IL6 = ModelSpec("cytokine_signalling", ("IL-6",))
PK = ModelSpec("oral_pk")
MAPPED = Chosen(cells={"cell lines": "monocyte", "HeLa / fibroblast lines": "monocyte"},
                populations={"adult RA": "ra_adult"})  # fmt: skip


@pytest.mark.parametrize("engine", [Models(), SECOND], ids=["libRoadRunner", "SciPy"])
def test_cheng_prusoff_emerges_from_mass_action_on_either_engine(engine: Models) -> None:
    model = engine.model(ModelSpec("kinase_assay", kinase="JAK1"))
    km, ki = model.initial("Km_JAK1"), model.initial("Ki_baricitinib_JAK1")
    ic50 = KinaseAssay("baricitinib", "JAK1", atp=10 * km, equilibration=200.0).curve(model).ic50
    assert ic50 == pytest.approx(ki * 11, rel=0.005)


@pytest.mark.parametrize("row", ["E013", "C016", "B063", "T002", "T009", "T013", "T014", "A17"])
def test_an_experiment_says_the_same_on_either_engine(row: str) -> None:
    data = get_data()
    one = experiment(data[row], data, MAPPED)
    assert one.value(SECOND) == pytest.approx(one.value(Models()), rel=1e-3)


def test_a_course_with_steps_and_pre_incubation_is_the_same_on_either_engine() -> None:
    protocol = Protocol([0.1, 0.25, 1.0, 2.0], {"I_baricitinib": 10.0}, [Step(0.0, {"L_IL6": 2.0}),
                        Step(0.25, {"L_IL6": 0.5})], start=-1.0)  # fmt: skip
    read = ["pSTAT3_percent", "SOCS3", "A_JAK1"]
    ours, theirs = (models.model(IL6).run(protocol, read) for models in (Models(), SECOND))
    assert theirs == pytest.approx(ours, rel=1e-4)


def test_linear_disposition_is_superposed_on_either_engine() -> None:
    for models in (Models(), SECOND):
        model = models.model(PK)
        once, twice = (
            model.run(Protocol([1.0, 6.0], {}, [Step(0.0, {"input_rate_baricitinib": rate}),
                               Step(0.5, {"input_rate_baricitinib": 0.0})]), ["C_baricitinib"])
            for rate in (1000.0, 2000.0)
        )  # fmt: skip
        assert twice == pytest.approx(2 * once, rel=1e-5)


@pytest.mark.parametrize("models", [Models(), SECOND], ids=["libRoadRunner", "SciPy"])
def test_a_runnable_with_settings_runs_from_them_and_a_protocol_goes_before(models: Models) -> None:
    plain = models.model(IL6)
    adjusted: Runnable = Adjusted(plain, {"kphos_IL6_STAT3": 0.0, "L_IL6": 5.0})
    assert adjusted.initial("kphos_IL6_STAT3") == 0.0
    assert adjusted.initial("ATP") == plain.initial("ATP")
    assert not adjusted.run(Protocol([0.5]), ["pSTAT3_percent"]).any()
    given = {"kphos_IL6_STAT3": plain.initial("kphos_IL6_STAT3")}
    whole = plain.run(Protocol([0.5], {**given, "L_IL6": 5.0}), ["pSTAT3_percent"])
    assert adjusted.run(Protocol([0.5], given), ["pSTAT3_percent"]) == pytest.approx(whole, rel=1e-6)
    assert whole > 1


def test_the_second_engine_knows_nothing_of_ours() -> None:
    model = SECOND.compiled(IL6)
    assert isinstance(model, ScipyModel)
    assert np.isfinite(CellAssay("baricitinib", "IL-6", "pSTAT3").curve(model).ic50)
