"""A name of what does not exist is refused, never ignored; and recalled rows never decide."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import jakinib as jk
from jakinib import paths
from jakinib.check import check
from jakinib.errors import InputError, PlanError
from jakinib.evaluate.criteria import read_criteria
from jakinib.fit.plan import read_plan
from jakinib.library import Library
from jakinib.library.measurements import DataSet, get_data

LIBRARY = paths.models() / "library"
MISSPELT = [
    ("populations/ra_adult.yaml", "ensemble: pathways", "ensemble: pathwys",
     "plan 'pathwys'; did you mean pathways"),
    ("inhibitors/baricitinib.yaml", "  ra_adult:", "  ra_adlt:",
     "population 'ra_adlt'; did you mean .*ra_adult"),
    ("inhibitors/filgotinib.yaml", "metabolite: GS829845", "metabolite: GS829S845",
     "inhibitor 'GS829S845'; did you mean GS829845"),
    ("inhibitors/baricitinib.yaml", "DrugBank", "DrugBnk", "database 'DrugBnk'; did you mean DrugBank"),
]  # fmt: skip


@pytest.fixture
def own(tmp_path: Path) -> Path:
    shutil.copytree(LIBRARY, tmp_path / "own")
    return tmp_path / "own"


@pytest.mark.parametrize(("file", "old", "new", "says"), MISSPELT)
def test_a_misspelt_name_in_the_library_is_refused(
    own: Path, file: str, old: str, new: str, says: str
) -> None:
    path = own / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(jk.UnknownIdError, match=rf"{path.name}:\d+: \w+: unknown {says}"):
        Library(own)
    assert [f for f in check(path).findings if f.level == "error" and f.check == "unknown-reference"]


PLAN = {
    "after: [enzyme]": ("after: [enzime]", "plan 'enzime'; did you mean enzyme"),
    "cell lines: monocyte": ("cell line: monocyte", "cell of a data row 'cell line'"),
    "HeLa / fibroblast lines: monocyte": (
        "HeLa / fibroblast lines: monocite", "cell 'monocite'; did you mean monocyte"),
    "percent: 1.5,": ("percent: 1.5, percnt: 1.5,", "quantity of a data row 'percnt'; did you mean percent"),
    "IL6R_rest@hepatocyte": (
        "IL6R_rest@hepatocite",
        "cell or population of IL6R_rest@hepatocite 'hepatocite'; did you mean hepatocyte"),
}  # fmt: skip


@pytest.mark.parametrize("old", PLAN)
def test_a_misspelt_name_in_a_plan_is_refused(tmp_path: Path, old: str) -> None:
    text = (paths.fits() / "plans" / "dynamics.yaml").read_text("utf-8")
    new, says = PLAN[old]
    assert old in text
    (tmp_path / "dynamics.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PlanError, match=rf"dynamics.yaml:\d+: \w+: unknown {says}"):
        read_plan(tmp_path / "dynamics.yaml", get_data())


def test_a_dose_for_a_cytokine_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    shutil.copytree(paths.fits() / "data" / "EUbOPEN2024", tmp_path / "EUbOPEN2024")
    source = tmp_path / "EUbOPEN2024" / "source.yaml"
    source.write_text(source.read_text("utf-8").replace("IL-6:", "ILL-6:", 1), encoding="utf-8")
    with pytest.raises(
        jk.UnknownIdError, match=r"source.yaml:\d+: unknown cytokine 'ILL-6'; did you mean .*IL-6"
    ):
        DataSet(tmp_path)


def test_doses_of_an_inhibitor_that_does_not_exist_are_refused() -> None:
    with pytest.raises(jk.UnknownIdError, match="'baricitinb'; did you mean baricitinib"):
        jk.plasma(jk.Regimen.parse("baricitinb 4 mg qd x 2"), [1.0])


# Criteria ---------------------------------------------------------------------------------------------


def criteria(tmp_path: Path, rows: str, hard: bool = True, statistic: str = "gmfe") -> Path:
    path = tmp_path / "criteria.yaml"
    path.write_text(
        "criteria:\n"
        f"  - {{id: mine, item: 1, hard: {str(hard).lower()}, statement: s, statistic: {statistic}, high: 2,"
        f" target: t, unit: fold, rows: [{rows}]}}\n",
        encoding="utf-8",
    )
    return path


RECALLED = sorted(name for name, row in get_data().measurements.items() if row.status == "recalled")[::8]


@pytest.mark.parametrize("row", RECALLED)
def test_a_criterion_that_decides_on_a_recalled_row_is_refused(tmp_path: Path, row: str) -> None:
    says = rf"criteria.yaml:2: criterion mine: is hard, and row {row} is recalled"
    for rows in (row, f"C007, {row}"):
        with pytest.raises(InputError, match=says):
            read_criteria(criteria(tmp_path, rows))
        [finding] = [f for f in check(tmp_path / "criteria.yaml").findings if f.level == "error"]
        assert finding.check == "criterion"
        assert f"row {row} is recalled" in finding.message
    assert read_criteria(criteria(tmp_path, row, hard=False))


def test_a_row_that_rests_on_a_recalled_one_does_not_decide_either(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "Mine2026"
    folder.mkdir(parents=True)
    (folder / "source.yaml").write_text("citation: Mine\ndoi: 10.1/2\n", encoding="utf-8")
    (folder / "measurements.tsv").write_text(
        "id\tquantity\ttarget\tvalue\tunit\tset\tkind\tstatus\tnote\n"
        "Z1\tcmax\t\t1\tng/mL\tcontext\tmeasured\trecalled\t\n"
        "Z2\tcmax\t\t1\tng/mL\tcontext\t\tverified\t\n"
        "Z3\tratio\tZ1 / Z2\t1\tdimensionless\tcontext\t\tverified\t\n"
        "Z4\tcmax\t\t1\tng/mL\tcontext\tderived\tverified\tfrom Z1 and Z2\n",
        encoding="utf-8",
    )
    data = DataSet(tmp_path / "data")
    for row in ("Z3", "Z4"):
        with pytest.raises(InputError, match=f"row Z1, which {row} rests on is recalled"):
            read_criteria(criteria(tmp_path, row), data)
    assert read_criteria(criteria(tmp_path, "Z2"), data)


@pytest.mark.parametrize(("rows", "statistic", "says"), [
    ("C77777", "gmfe", "unknown measurement 'C77777'"),
    ("C007", "gmfee", "unknown statistic 'gmfee'; did you mean gmfe"),
    ("C007", "laws", "unknown statistic 'laws'; known: "),
])  # fmt: skip
def test_a_criterion_on_what_does_not_exist_is_refused(
    tmp_path: Path, rows: str, statistic: str, says: str
) -> None:
    with pytest.raises(InputError, match=rf"criteria.yaml:\d+: .*{says}"):
        read_criteria(criteria(tmp_path, rows, statistic=statistic))
    assert [f for f in check(tmp_path / "criteria.yaml").findings if f.level == "error"]
