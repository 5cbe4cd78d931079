"""Where numbers and identities may come from, and the words that say how."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator

from jakinib.errors import shortened

# How a number came about: by experiment, by computation from such numbers, by fitting a model, or by choice.
Kind = Literal["measured", "derived", "fitted", "assumed"]
# How it was read: in the source that it names, in a transcription or review of it, or not looked up.
READ = ("verified", "secondary", "recalled")


def how_read(status: object) -> object:
    """``status`` itself; raises ValueError for a word that does not say how a source was read."""
    if status not in READ:
        raise ValueError(
            f"'{shortened(str(status), 40)}' does not say how a source was read: {', '.join(READ)}; "
            "leave it out where no source was read"
        )
    return status


Status = Annotated[Literal["verified", "secondary", "recalled"], BeforeValidator(how_read)]

# Databases an identifier may be of, and what stands before it at identifiers.org.
DATABASES = {
    "UniProt": "uniprot:",
    "ChEBI": "",
    "DrugBank": "drugbank:",
    "PubChem": "pubchem.compound:",
    "ChEMBL": "chembl.compound:",
    "InChIKey": "inchikey:",
    "CellOntology": "",
}


_OWN = re.compile(r"jakinib|^docs/|\.md$|^section\b", re.IGNORECASE)


def outside(source: str) -> str:
    """``source`` itself; raises ValueError for one that is documentation of this project."""
    if _OWN.search(source):
        raise ValueError(
            f"'{source}' is documentation of this project; name the publication, or call the number assumed "
            "and leave it out"
        )
    return source


def check_origin(kind: str, status: str, source: str, rationale: str) -> None:
    """Raises ValueError where the origin of a number is not told, or told twice.

    Only an assumed number may lack a source, and it says why it is assumed; status says how a source was
    read, so it stands where there is a source and nowhere else. A number fitted here is read nowhere.
    """
    if kind != "assumed" and not source:
        raise ValueError(f"is {kind} and gives no source; name it, or call the number assumed and say why")
    if kind == "assumed" and not rationale:
        raise ValueError("is assumed and gives no rationale; say why")
    if source and not status and kind != "fitted":
        raise ValueError(f"gives no status; say how {source} was read: verified, secondary or recalled")
    if status and not source:
        raise ValueError(f"is {status} and names no source that was read; name it, or leave status out")
