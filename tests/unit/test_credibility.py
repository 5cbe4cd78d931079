"""The credibility checklist points at things that exist, and says what is missing."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from jakinib import paths
from jakinib.evaluate.credibility import CredibilityItem, read_checklist, score


@pytest.mark.parametrize("item", read_checklist(), ids=lambda item: item.id)
def test_what_answers_an_item_exists(item: CredibilityItem) -> None:
    assert not item.answer or (paths.root() / item.answer).is_file()
    if item.kind == "T" and item.status == "met":
        assert item.answer.startswith(("tests/", "src/", "Makefile"))


def test_every_item_counts_once() -> None:
    items = read_checklist()
    assert len({item.id for item in items}) == len(items)
    assert sum(sum(group.values()) for group in score(items).values()) == len(items)


def test_an_item_that_claims_without_evidence_is_refused() -> None:
    claim = {"id": "X", "group": "g", "item": "i", "kind": "T"}
    with pytest.raises(ValidationError, match="names no test or document"):
        CredibilityItem(**claim, status="met")
    with pytest.raises(ValidationError, match="say what is missing"):
        CredibilityItem(**claim, status="partial", answer="README.md")
