"""The project is written in British English; names of interfaces and titles of others stay as they are."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from jakinib import paths

ROOT = paths.root()
AMERICAN = re.compile(
    r"""(?<![\w.`'"</=-])(
    (multi)?color(s|ed|ing|less)? | behavior(s|al)? | (re)?center(s|ed|ing)? | fibers? | liters? | meters?
    | favor(s|ed|ite|able)? | neighbor(s|ing|hood)? | honor(s|ed)? | tumors? | gray | catalog(s|ed)?
    | (re)?analyz(e[sd]?|ing) | catalyz(e[sd]?|ing) | modeling | modeled | labeling | labeled | canceled
    | signaling | signaled | traveled | licenses? | defense | judgment | fulfills?
    | artifacts? | estrogens? | leukemia | hemoglobin | edema
    | (summar|normal|optim|recogn|organ|initial|parametr|parameter|minim|maxim|standard|internal|general
      | character|visual|real|util|final|special|random|stabil|linear|discret|penal|synchron|equal|central
      | neutral|categor|emphas|author|crystal|immun|ion|polymer|symbol|serial|local|custom)
      iz(e[sd]?|ing|ation|ations|er|ers)
    )(?![\w`'"=(:>-]|\.[a-z])""",
    re.VERBOSE | re.IGNORECASE,
)
# Words that others wrote, and names in code.
QUOTED = re.compile(r"`[^`]*`|Science Signaling|https?://\S+|\"[^\"\n]*\"|\([^()]*doi[^()]*\)")
SUFFIXES = {".py", ".md", ".ant", ".j2", ".yaml", ".tsv", ".cff"}
# Citations, names of proteins, words that Antimony reserves, and pages that are made of such.
AS_PUBLISHED = {
    "references.yaml", "source.yaml", "facts.tsv", "proteins.yaml", "symbols.py", "data_book.md",
    "LICENSE-models.md", "test_spelling.py",
}  # fmt: skip


def written() -> list[Path]:
    folders = ("src", "tests", "docs", "models/antimony", "models/library", "fits", "examples", "benchmarks")
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    found += sorted(path for path in ROOT.iterdir() if path.is_file())
    return [path for path in found if path.suffix in SUFFIXES and path.name not in AS_PUBLISHED]


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """(line, text) of what a file says to a reader: of Python the comments and texts, not the names."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate((QUOTED.sub("", line) for line in text.splitlines()), start=1)
        return
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds and " " in token.string:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, re.sub(r"`[^`]*`|https?://\S+", "", line)


def american(path: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {found[0]}"
        for number, line in prose(path)
        for found in AMERICAN.finditer(line)
    ]


def test_what_is_written_here_is_spelt_in_one_way() -> None:
    assert [hit for path in written() for hit in american(path)] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("# the color of a line", "color"), ("# its behavior", "behavior"), ("# centered on 1", "centered"),
        ("# to analyze it", "analyze"), ("# modeling", "modeling"), ("# labeled", "labeled"),
        ("# We optimize, then", "optimize"), ("# normalization", "normalization"),
    ],
)  # fmt: skip
def test_an_american_spelling_is_found(tmp_path: Path, text: str, word: str) -> None:
    found = AMERICAN.search(text)
    assert found is not None
    assert found[0] == word


BRITISH = "colour behaviour centre analyse size parameters diameter filter after fibre optimised fulfil metre"


@pytest.mark.parametrize("text", [*BRITISH.split(), "plot(color=blue)", "scipy.optimize", "`color`"])
def test_british_spellings_and_names_of_interfaces_are_left_alone(text: str) -> None:
    assert not AMERICAN.search(text)
