"""Several cytokines: each in an assay of its own, and several at once on one cell."""

from __future__ import annotations

from typing import Any

import pytest

import jakinib as jk
from jakinib.assay.cell import CellAssay
from jakinib.scenario.assays import Assays

BOTH = jk.Scenario(assay={"cytokine": ["IL-6", "IFN-γ"], "cell": "monocyte", "matrix": "PBMC"})
AT_ONCE = BOTH.but(cytokine="IL-6 + IFN-γ")


def assays(scenario: jk.Scenario) -> Assays:
    found = jk.assay(scenario, bands=False)
    assert isinstance(found, Assays)
    return found


def test_each_cytokine_has_the_result_it_has_alone() -> None:
    found = assays(BOTH)
    frame = found.to_frame()
    assert list(frame.cytokine) == ["IL-6", "IFN-gamma"]
    assert frame.attrs["units"]["ic50"] == "nM"
    for curve, row in zip(found, frame.itertuples(), strict=True):
        alone = jk.assay(BOTH.but(cytokine=row.cytokine))
        assert curve.ic50 == alone.ic50 == row.ic50
        assert found[str(row.cytokine)] is curve
    assert jk.Scenario(**found.record()["scenario"]) == BOTH
    assert len([axes for axes in found.plot().axes if axes.get_visible()]) == len(found)


def test_the_band_of_several_is_that_of_each() -> None:
    frame = jk.assay(BOTH).to_frame()
    low, high = jk.assay(BOTH.but(cytokine="IL-6")).bands["a new laboratory"]
    assert (frame.ic50_low[0], frame.ic50_high[0], frame.band[0]) == (low, high, "a new laboratory")


def test_read_outs_of_one_cytokine_stand_side_by_side() -> None:
    found = assays(BOTH.but(cytokine=["IL-6/pSTAT3", "IL-6/pSTAT1"]))
    assert found["IL-6/pSTAT1"].ic50 < found["IL-6/pSTAT3"].ic50
    assert found["IL-6/pSTAT1"].ic50 == jk.assay(BOTH.but(cytokine="IL-6", readout="pSTAT1")).ic50


def signal(stimulus: str, readout: str, cell: str = "monocyte", **changes: Any) -> float:
    """Share of a STAT that is phosphorylated, percent."""
    read = jk.assay(AT_ONCE.but(cytokine=stimulus, readout=readout, cell=cell, **changes)).assay
    return read.uninhibited(read.model())


@pytest.mark.parametrize("readout", ["pSTAT1", "pSTAT3"])
def test_two_cytokines_at_once_give_more_than_either_and_less_than_their_sum(readout: str) -> None:
    """The STATs of a cell are one pool."""
    one, other = signal("IL-6", readout), signal("IFN-γ", readout)
    together = signal("IL-6 + IFN-γ", readout)
    assert max(one, other) < together < one + other
    assert together == pytest.approx(signal("IFN-γ + IL-6", readout), rel=1e-6)


def test_a_cytokine_at_no_dose_changes_nothing() -> None:
    alone = signal("IL-6", "pSTAT3")
    assert signal("IL-6 + IFN-γ", "pSTAT3", cytokine_dose="50 ng/mL + 0 nM") == pytest.approx(alone, rel=1e-4)


def test_an_assay_at_once_reads_any_of_its_stats_and_says_that_nothing_was_fitted_to_it() -> None:
    assert jk.assay(AT_ONCE).assay.readout == "pSTAT3"
    found = jk.assay(AT_ONCE.but(readout="pSTAT1", milieu="ra_synovium", cytokine="IL-6 + IL-10"))
    assert found.label.startswith("baricitinib, IL-6 + IL-10 pSTAT1")
    assert set(found.assay.doses) == {"IL-6", "IL-10"}
    assert any("every potency the model was fitted to is of one cytokine alone" in n for n in found.notes)
    assert any("milieu ra_synovium: IL-10" in note for note in found.notes)


def test_every_verb_takes_cytokines_at_once() -> None:
    dosed = jk.Scenario(regimen="4 mg qd", assay={"cytokine": ["IL-6 + IL-7", "IL-6"]})
    frame = jk.compare(dosed).to_frame()
    average = dict(zip(frame.cytokine, frame.average_inhibition_percent, strict=True))
    assert set(average) == {"IL-6 + IL-7", "IL-6"}
    once = dosed.but(cytokine="IL-6 + IL-7")
    assert jk.scan("mean inhibition", {"dose": "4 mg"}, once).values[0] == pytest.approx(
        average["IL-6 + IL-7"]
    )
    course = jk.simulate(once)
    assert "IL-6 + IL-7 pSTAT3" in course.title
    assert course.days[0]["mean inhibition (%)"] == pytest.approx(average["IL-6 + IL-7"], abs=0.2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cytokine": "IL-6 + IL-6"}, "names one twice"),
        ({"cytokine": "IL-6 + TNF"}, "unknown cytokine 'TNF'"),
        ({"cytokine": "IL-6 + IL-7"}, "monocyte has no IL7R, through which IL-7 signals"),
        ({"cytokine_dose": "10 ng/mL"}, "give each its dose, such as '10 ng/mL + 10 ng/mL'"),
        ({"readout": "pSTAT6"}, "pSTAT6"),
    ],
)
def test_what_cannot_stimulate_a_cell_at_once_is_refused_in_one_line(
    changes: dict[str, str], said: str
) -> None:
    with pytest.raises(jk.InputError) as refusal:
        AT_ONCE.but(**changes)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_conditions_say_again_what_they_are() -> None:
    conditions = jk.assay(AT_ONCE).assay
    assert CellAssay(**jk.assay(AT_ONCE).conditions) == conditions
