"""The library: inhibitors, cytokines, cells, populations and parameters that the models are made from.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.sbml.
"""

from jakinib.library.load import Library, get_library, register

__all__ = ["Library", "get_library", "register"]
