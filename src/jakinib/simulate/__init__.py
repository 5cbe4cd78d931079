"""Run models: protocols in, tidy results out. Nobody else touches the engine."""

from jakinib.simulate.engine import RTOL, Model
from jakinib.simulate.models import load
from jakinib.simulate.protocol import Protocol, Step
from jakinib.simulate.result import Result, simulate

__all__ = ["RTOL", "Model", "Protocol", "Result", "Step", "load", "simulate"]
