"""Run models: protocols in, tidy results out. Nobody else touches the engine."""

from jakinib.simulate.engine import RTOL, Model
from jakinib.simulate.models import load
from jakinib.simulate.protocol import Protocol, Step
from jakinib.simulate.result import Result, simulate
from jakinib.simulate.runnable import Adjusted, Runnable

__all__ = ["RTOL", "Adjusted", "Model", "Protocol", "Result", "Runnable", "Step", "load", "simulate"]
