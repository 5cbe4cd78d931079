"""Many runs of one model at once, side by side in the lanes of the processor's vectors.

A model becomes lists of operations that a small C library works through for sixteen runs at a time. Such an
interpreter needs no compiler where the package runs, and is within a factor of two of code generated for one
model, as each operation is done for sixteen runs; generated code would cost each new process a compilation.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.simulate.
"""

from jakinib.lanes.model import Lanes
from jakinib.lanes.native import available, identity
from jakinib.lanes.reading import Reading, readings

__all__ = ["Lanes", "Reading", "available", "identity", "readings"]
