"""What an evaluation was made from, as digests: one of other fits, draws, criteria or models is stale."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from jakinib import paths
from jakinib.build.estimates import result_file
from jakinib.evaluate.criteria import Criterion
from jakinib.fit.folds import LEAVE
from jakinib.library.plugins import extra_folders

_WORDS = {"statement", "explanation", "expected"}  # of a criterion: no verdict depends on them
RESULTS = ("estimates.tsv", "ensemble.tsv", *(f"crossvalidation_{leave}.json" for leave in LEAVE))


def results_of(plan: str) -> list[Path]:
    """The stored results of a plan that an evaluation reads, of those that there are."""
    return [file for name in RESULTS if (file := result_file(plan, name)).exists()]


def inputs(criteria: Iterable[Criterion], plans: Sequence[str]) -> dict[str, str]:
    """Digests of the criteria and of the results, draws and cross-validations of each plan."""
    out = {"criteria": "".join(c.model_dump_json(exclude=_WORDS) for c in criteria).encode()}
    for plan in plans:
        out[plan] = b"".join(file.read_bytes() for file in results_of(plan))
    return {name: hashlib.sha256(content).hexdigest()[:16] for name, content in out.items()}


def models() -> str:
    """Digest of the templates, the library and the models, with what users add to them."""
    found = hashlib.sha256()
    for folder in (paths.models(), *extra_folders()):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            if "results" not in file.relative_to(folder).parts:
                found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:16]
