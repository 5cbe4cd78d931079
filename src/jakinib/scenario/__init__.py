"""One scenario, and what is asked of it: who is treated, what with and when, and how it is measured.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.evaluate.
"""

from jakinib.scenario.value import Scenario

__all__ = ["Scenario"]
