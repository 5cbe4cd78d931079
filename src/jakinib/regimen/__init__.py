"""Doses and when they are taken: one table of events, written as text, as YAML or in NONMEM style.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.library.
"""

from jakinib.regimen.dose import BOLUS, Dose, Regimen, Route, Steady

__all__ = ["BOLUS", "Dose", "Regimen", "Route", "Steady"]
