"""Results that show and save themselves: one way for all of them."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jakinib.arguments import checked
from jakinib.errors import InputError
from jakinib.files.tables import separator_of
from jakinib.paths import write_atomic

if TYPE_CHECKING:
    import pandas as pd

TABLES = (".csv", ".tsv", ".tab", ".txt")
PICTURES = (".png", ".svg", ".pdf")
LIBRARIES = {".xlsx": "openpyxl", ".parquet": "pyarrow"}  # pandas writes these with the help of one of them
MOST_SHOWN = 12  # rows of a table in a notebook


@checked
class Shown:
    """What a result can do once it says ``to_frame``, ``record`` and, where it has a picture, ``plot``.

    ``scenario`` of a result is what was asked; a list of them of arms. Its methods check what they are given.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        checked(cls)

    def to_frame(self) -> pd.DataFrame:
        """The result as a tidy table, with its units in ``attrs``."""
        raise NotImplementedError

    def record(self) -> dict[str, Any]:
        """The result as plain data."""
        raise NotImplementedError

    def plot(self) -> Any:
        """The result as a matplotlib Figure; None where it has no picture."""
        return None

    def citations(self) -> list[str]:
        """The publications behind the numbers of the result, as they are to be cited.

        Raises InputError for a result of something other than a scenario.
        """
        asked = getattr(self, "scenario", None)
        if asked is None:
            raise InputError(f"citations: this {type(self).__name__} is not that of a scenario; ask for one")
        every = asked if isinstance(asked, list) else [asked]
        return sorted({line for one in every for line in one.citations()})

    def save(self, path: str | Path) -> None:
        """Write the table (.csv, .tsv, .xlsx, .parquet), plain data (.json) or the figure (.png, .svg, .pdf).

        The last two tables need openpyxl and pyarrow. Raises InputError for another suffix, a result without
        a figure, or a library that is not there; WriteError where the file cannot be written.
        """
        file = Path(path)
        write_atomic(file, self._content(file))

    def _content(self, file: Path) -> str | bytes:
        kind = file.suffix.lower()
        if kind in TABLES:
            return self.to_frame().to_csv(sep=separator_of(file), index=False, lineterminator="\n")
        if kind == ".json":
            return json.dumps(self.record(), indent=2, allow_nan=False) + "\n"
        held = io.BytesIO()
        if kind in PICTURES:
            if (figure := self.plot()) is None:
                raise InputError(f"{file}: this result has no figure; save a table, for example .csv")
            figure.savefig(held, dpi=150, format=kind[1:])
        elif kind in LIBRARIES:
            frame = self.to_frame()
            frame.attrs = {}  # which parquet would keep only where it is plain data
            try:
                frame.to_excel(held, index=False) if kind == ".xlsx" else frame.to_parquet(held, index=False)
            except ImportError:
                needed = LIBRARIES[kind]
                raise InputError(
                    f"{file}: needs {needed}; install it with: pip install {needed}, or save a .csv"
                ) from None
        else:
            known = ", ".join((*TABLES, ".json", *LIBRARIES, *PICTURES))
            raise InputError(f"{file}: cannot save as '{kind}'; give the file one of {known}")
        return held.getvalue()

    def _repr_html_(self) -> str:
        """The first rows and the figure, as notebooks show them."""
        table = self.to_frame().to_html(index=False, max_rows=MOST_SHOWN, float_format="{:.4g}".format)
        if (figure := self.plot()) is None:
            return table
        held = io.BytesIO()
        figure.savefig(held, dpi=110, format="png")
        picture = base64.b64encode(held.getvalue()).decode()
        return f'{table}<img alt="{type(self).__name__}" src="data:image/png;base64,{picture}">'
