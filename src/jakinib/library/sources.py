"""Where numbers and identities may come from."""

from __future__ import annotations

import re

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
