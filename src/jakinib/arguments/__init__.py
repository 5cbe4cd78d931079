"""What functions for users say they take is what they check: a value of another type is refused at the door.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.errors.
"""

from jakinib.arguments.calls import checked
from jakinib.arguments.hints import Within
from jakinib.arguments.readers import number, shown, text

__all__ = ["Within", "checked", "number", "shown", "text"]
