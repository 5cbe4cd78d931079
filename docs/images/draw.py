"""Redraw the pictures of the documentation: python docs/images/draw.py"""

from pathlib import Path

import draw_model

import jakinib as jk
from jakinib.evaluate.evidence import Evidence
from jakinib.fit import get_data, read_plan
from jakinib.paths import write_atomic
from jakinib.report import plots

here = Path(__file__).resolve().parent
data = get_data()
write_atomic(
    here / "dose_inhibition.svg",
    plots.svg(plots.dose_inhibition(Evidence(read_plan("pathways", data), data))),
)
with plots.plain_style():
    measured = jk.overlay(here.parents[1] / "examples/response.csv", inhibitor="baricitinib", cytokine="IL-6")
    write_atomic(here / "overlay.svg", plots.svg(measured.plot()))
write_atomic(here / "model.svg", plots.svg(draw_model.draw()))
