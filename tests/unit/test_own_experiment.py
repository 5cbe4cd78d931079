"""A type of experiment of one's own: refused while it is unknown, fitted once it is registered."""

from __future__ import annotations

from pathlib import Path

import pytest

from jakinib.errors import InputError, PlanError
from jakinib.experiments import Experiment, Models, kinds, register, registered
from jakinib.fit import Plan, read_plan
from jakinib.fit.problem import Problem
from jakinib.library.measurements import DataSet


class Occupied(Experiment):
    """A Ki that is in no model."""

    quantities = ("my_affinity",)
    unit = "nM"
    specs = ()  # type: ignore[assignment]

    def symbols(self, models: Models) -> set[str]:
        return {"Ki_mine"}

    def nuisances(self) -> dict[str, str]:
        return {"Ki_mine": "nM"}

    def predicted(self, models: Models) -> float:
        return models.number("Ki_mine", self.row.id)


def own_plan(folder: Path) -> tuple[Plan, DataSet]:
    (folder / "Mine2026").mkdir()
    (folder / "Mine2026" / "source.yaml").write_text("citation: Somebody 2026\n", encoding="utf-8")
    table = "id\tquantity\tvalue\tunit\tset\tstatus\nZ1\tmy_affinity\t5\tnM\tcalibration\tverified\n"
    (folder / "Mine2026" / "measurements.tsv").write_text(table, encoding="utf-8")
    path = folder / "mine.yaml"
    path.write_text(
        "id: mine\nquestion: q\ncalibration: [Z1]\nerrors: {my_affinity: 2}\nseed: 1\nstarts: 1\n"
        "parameters:\n"
        "  - {id: Ki_mine, unit: nM, low: 1, high: 100, start: 10, scope: nuisance}\n",
        encoding="utf-8",
    )
    data = DataSet(folder)
    return read_plan(path, data), data


def test_a_type_that_is_not_known_is_refused_and_once_registered_it_is_fitted(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    with pytest.raises(PlanError) as caught:
        own_plan(tmp_path / "one")
    for part in ("mine.yaml:3: calibration: Z1", "measurements.tsv:2, column quantity", "'my_affinity'",
                 "known:", "cell_ic50", "ordering"):  # fmt: skip
        assert part in str(caught.value)
    with registered():
        assert register(Occupied) is Occupied
        (tmp_path / "two").mkdir()
        plan, data = own_plan(tmp_path / "two")
        problem = Problem(plan, data)
        assert problem.residuals(problem.start) == pytest.approx([1])
    assert "my_affinity" not in kinds()


def test_a_class_that_reads_nothing_or_what_another_reads_is_refused() -> None:
    class Second(Experiment):
        quantities = ("ec50",)

    refused = ((Second, "already reads 'ec50'"), (Experiment, "name what it reads"), (int, "subclass"))
    for kind, reason in refused:
        with pytest.raises(InputError, match=reason):
            register(kind)  # type: ignore[type-var]
    assert kinds()["ec50"] is not Second
