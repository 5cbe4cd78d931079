"""Many runs of one model at once, side by side in the lanes of the processor's vectors.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.simulate.
"""

from jakinib.lanes.meeting import Shared, side_by_side
from jakinib.lanes.model import Lanes

__all__ = ["Lanes", "Shared", "side_by_side"]
