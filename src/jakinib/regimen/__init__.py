"""Doses and when they are taken: as text, as YAML, as an event table."""

from jakinib.regimen.dose import BOLUS, Dose, Regimen, Route, Steady

__all__ = ["BOLUS", "Dose", "Regimen", "Route", "Steady"]
