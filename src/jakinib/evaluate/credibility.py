"""The credibility checklist and its score."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from jakinib import paths
from jakinib.library.files import read_model
from jakinib.library.schema import Strict


class CredibilityItem(Strict):
    """One item: what is asked, what answers it, and what is missing when it is not met."""

    id: str
    group: str
    item: str
    kind: Literal["T", "D", "H"]
    status: Literal["met", "partial", "open"]
    answer: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _honest(self) -> CredibilityItem:
        if self.status != "open" and not self.answer:
            raise ValueError(f"is {self.status} but names no test or document")
        if self.status == "partial" and not self.note:
            raise ValueError("is partial; a note must say what is missing")
        return self


class Checklist(Strict):
    items: list[CredibilityItem]


def read_checklist() -> list[CredibilityItem]:
    """The items of docs/credibility.yaml."""
    return read_model(paths.root() / "docs" / "credibility.yaml", Checklist).items


def score(items: list[CredibilityItem]) -> dict[str, dict[str, int]]:
    """Number of items met, partial and open in each group."""
    out: dict[str, dict[str, int]] = {}
    for item in items:
        group = out.setdefault(item.group, {"met": 0, "partial": 0, "open": 0})
        group[item.status] += 1
    return out
