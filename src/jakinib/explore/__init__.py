"""One HTML file that runs the models in a browser: what it knows, and how it is put together.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.report.
"""

from jakinib.explore.content import content
from jakinib.explore.page import explore, page

__all__ = ["content", "explore", "page"]
