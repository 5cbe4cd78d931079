"""Models run: protocols in, tidy results out. No other room touches the engine.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.build.
"""

from jakinib.simulate.engine import RTOL, Model
from jakinib.simulate.models import load
from jakinib.simulate.protocol import Protocol, Protocols, Step
from jakinib.simulate.result import Result, simulate
from jakinib.simulate.runnable import Adjusted, Runnable

__all__ = [
    "RTOL",
    "Adjusted",
    "Model",
    "Protocol",
    "Protocols",
    "Result",
    "Runnable",
    "Step",
    "load",
    "simulate",
]
