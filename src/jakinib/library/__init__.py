"""The library: inhibitors, cytokines, cells, populations and parameters the models are made from."""

from jakinib.library.load import Library, get_library, register

__all__ = ["Library", "get_library", "register"]
