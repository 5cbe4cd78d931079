"""Files as people write them: text, tables in their dialects, and the journal of unfinished work.

It may import what stands before it in the picture of CONTRIBUTING.md, up to jakinib.units.
"""

from jakinib.files.tables import ABSENT, Row, Table, read_table, separated, separator_of, table_text
from jakinib.files.text import FileError, decode, read_text, short

__all__ = [
    "ABSENT",
    "FileError",
    "Row",
    "Table",
    "decode",
    "read_table",
    "read_text",
    "separated",
    "separator_of",
    "short",
    "table_text",
]
