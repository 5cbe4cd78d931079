"""Cells as tables: one row a number, in the package and in folders of users."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from jakinib import paths
from jakinib.check import check
from jakinib.errors import InputError
from jakinib.library import Library

TYPES = "id\tlike\taliases\tCellOntology\nmine\t\tours; my own\tCL:0000084\nmine without\tmine\t\t\n"
NUMBERS = """cell,part,of,value,unit,kind,status,source,rationale
*,volumes,medium,1000,pL,assumed,,,usual
*,volumes,cytosol,0.12,pL,assumed,,,usual
*,volumes,nucleus,0.09,pL,assumed,,,usual
*,chains,IL6R,0,molecule,assumed,,,not expressed
mine,chains,IL6R,130,molecule,measured,verified,Hansen2020,
mine,stats,STAT3,50000,molecule,assumed,,,usual
mine without,chains,IL6R,0,molecule,assumed,,,knocked out
"""


def tables(folder: Path, numbers: str = NUMBERS, types: str = TYPES) -> Library:
    (folder / "cells.tsv").write_text(numbers.replace(",", "\t"), encoding="utf-8")
    (folder / "cell_types.tsv").write_text(types, encoding="utf-8")
    return Library(paths.models() / "library", folder)


def test_a_folder_may_give_its_cells_as_tables(tmp_path: Path) -> None:
    library = tables(tmp_path)
    cell, without = library.cell("my own"), library.cell("mine without")
    assert (cell.id, cell.chains["IL6R"].value, cell.identifiers) == (
        "mine",
        130,
        {"CellOntology": "CL:0000084"},
    )
    assert cell.volumes["cytosol"].to("L") == pytest.approx(0.12e-12)
    assert (without.chains["IL6R"].value, without.stats) == (0, cell.stats)
    assert library.where("cells", "mine", "chains", "IL6R").endswith("cells.tsv:6")
    assert library.where("cells", "mine", "stats").endswith("cells.tsv:7")
    assert library.where("cells", "mine without", "id").endswith("cell_types.tsv:3")
    assert check(tmp_path).passed


def test_a_cell_of_one_file_and_the_same_cell_in_tables_are_equal(tmp_path: Path) -> None:
    cell = tables(tmp_path).cell("mine")
    (tmp_path / "yaml" / "cells").mkdir(parents=True)
    text = yaml.safe_dump(cell.model_dump(exclude_none=True))
    (tmp_path / "yaml" / "cells" / "mine.yaml").write_text(text, encoding="utf-8")
    assert Library(paths.models() / "library", tmp_path / "yaml").cell("mine") == cell


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mine,chains,IL6R,130", "other,chains,IL6R,130", r"cells\.tsv:6: column cell: 'other' has no row"),
        ("mine,stats,STAT3", "mine,chains,IL6R", r"cells\.tsv:7: IL6R of mine also stands on line 6"),
        ("mine,chains,IL6R,130", "mine,chains,IL6R,-1", r"cells\.tsv:6: .*chains\.IL6R"),
        ("50000,molecule,", "50000,molecular,", r"cells\.tsv:7: column unit"),
        ("measured,verified", "measured,", r"cells\.tsv:6: .*gives no status"),
        ("*,volumes,nucleus,0.09,pL,assumed,,,usual\n", "", r"cell_types\.tsv:2: .*volumes lacks nucleus"),
    ],
)
def test_a_faulty_row_of_a_table_of_cells_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in NUMBERS
    with pytest.raises(InputError, match=said):
        tables(tmp_path, NUMBERS.replace(old, new))
    assert not check(tmp_path).passed


def test_a_cell_like_one_that_is_not_there_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cell_types\.tsv:3: column like: unknown cell"):
        tables(tmp_path, types=TYPES.replace("without\tmine", "without\tmone"))
