"""Runs in lanes beside libRoadRunner, taking turns: ``python benchmarks/lanes.py``.

One hour of a cell under all its cytokines (IL-6; all 18), and a day of blood after 4 mg, at two tolerances.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from cases import CYTOKINE, DAY, DOSE, DRUG
from measure import rounds

import jakinib as jk
from jakinib.assay import Disposition
from jakinib.assay.dosing import dosing_steps
from jakinib.lanes import Lanes
from jakinib.paths import models

RUNS, ROUNDS = 16, 11


def cases() -> dict[str, tuple[str, jk.Protocol, list[str]]]:
    """Name: file, protocol, what is read."""

    def hour(name: str) -> jk.Protocol:
        cytokines = [symbol for symbol in jk.load(name).settable if symbol.startswith("L_")]
        return jk.Protocol([1.0], dict.fromkeys(cytokines, 0.5))

    doses = dosing_steps(DOSE, Disposition.of(DRUG, "healthy_adult"), DRUG)
    one, whole = "cytokine_signalling_IL6", "cytokine_signalling"
    return {
        "IL-6, 60 min": (one, hour(one), ["pSTAT3_percent"]),
        "all cytokines, 60 min": (whole, hour(whole), ["pSTAT3_percent"]),
        "blood, 24 h, 97 points": ("blood_pkpd", jk.Protocol(DAY, CYTOKINE, doses), ["pSTAT3_percent"]),
    }


def main() -> None:
    for name, (file, protocol, read) in cases().items():
        text = (models() / "sbml" / f"{file}.xml").read_text(encoding="utf-8")
        for rtol in (1e-6, 1e-8):
            model, fine = jk.Model(text, rtol), jk.Model(text, 1e-12)
            lanes = Lanes(text, rtol, reference=model)
            exact = fine.run(protocol, read)
            seconds = rounds(
                {
                    "lanes": partial(lanes.run_many, [protocol] * RUNS, read),
                    "libRoadRunner": partial(model.run, protocol, read),
                },
                ROUNDS,
            )
            ours, theirs = (float(np.median(seconds[key])) for key in ("lanes", "libRoadRunner"))
            errors = [float(np.abs(m.run(protocol, read) / exact - 1)[1:].max(initial=0.0))
                      if len(exact) > 1 else float(np.abs(m.run(protocol, read) / exact - 1).max())
                      for m in (lanes, model)]  # fmt: skip
            print(
                f"{name}, rtol {rtol:g}: {1e3 * ours / RUNS:.3f} ms a run in lanes, {1e3 * theirs:.3f} in "
                f"libRoadRunner, {theirs * RUNS / ours:.1f} times; errors {errors[0]:.0e}, {errors[1]:.0e}"
            )


if __name__ == "__main__":
    main()
