"""How large somebody's model may be: what is refused here would exhaust Antimony, libSBML or the compiler."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from xml.parsers import expat

from jakinib.errors import InputError
from jakinib.library.files import read_text, short

MOST = 12_000  # elements of one kind: species, reactions, parameters, rules, events, functions
LARGEST_MODEL = 1_000_000  # terms of all formulas once functions and rules are written out
LARGEST_ANTIMONY = 2_000_000  # bytes
MOST_STATEMENTS = 30_000  # of Antimony, with those of its submodules written out
DEEPEST_IMPORT, DEEPEST_BRACKETS = 10, 200
_COUNTED = (
    "species", "reaction", "parameter", "compartment", "event", "functionDefinition", "assignmentRule",
    "rateRule", "algebraicRule", "initialAssignment", "submodel", "modelDefinition",
)  # fmt: skip
_TOO_MANY = (
    f"write out to more than {LARGEST_MODEL:,} terms; flatten functions and rules that name each other"
)
_NAMED = {"functionDefinition": "id", "assignmentRule": "variable"}
_STRINGS = (r'"[^"\n]*"', r'"(?:\\.|[^"\\\n])*"')  # Antimony may or may not read \" as the end of a string
_IMPORT = re.compile(r'^[ \t]*import[ \t]+"([^"\n]*)"[ \t;]*$', re.MULTILINE)


def refuse_large(text: str, where: str) -> None:
    """Raises InputError for well-formed SBML whose elements or written-out formulas are too many."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()  # terms of the formulas of each function and rule; "" for all others
    names: dict[str, Counter[str]] = {}
    owner, inside, word = "", False, ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal owner, inside, word
        name = tag.rpartition(":")[2]
        if name in _COUNTED:
            counts[name] += 1
            if counts[name] > MOST:
                raise InputError(f"{where}: more than {MOST:,} elements '{name}'; split the model")
        if name in _NAMED:
            owner = attributes.get(_NAMED[name], "")
        sizes[owner] += 1
        inside, word = name == "ci", ""
        if "formula" in attributes:  # level 1
            for symbol in re.findall(r"[A-Za-z_]\w*", attributes["formula"]):
                names.setdefault(owner, Counter())[symbol] += 1

    def end(tag: str) -> None:
        nonlocal owner, inside
        name = tag.rpartition(":")[2]
        if inside:
            names.setdefault(owner, Counter())[word.strip()] += 1
        inside = False
        if name in _NAMED:
            owner = ""

    def characters(data: str) -> None:
        nonlocal word
        word += data if inside else ""

    parser = expat.ParserCreate("UTF-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.Parse(text.encode(), True)
    total = sum(_written_out(sizes, names).values())
    if total > LARGEST_MODEL:
        raise InputError(f"{where}: its formulas {_TOO_MANY}")


def _written_out(sizes: Mapping[str, int], names: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Size of each thing with the things it names written out; a circle counts once, others refuse it."""
    known: dict[str, int] = {}
    for root in sizes:
        stack = [root]
        open_: set[str] = set()
        while stack:
            current = stack[-1]
            if current in known:
                stack.pop()
                continue
            inner = [n for n in names.get(current, ()) if n in sizes and n != current]
            waiting = [n for n in inner if n not in known and n not in open_]
            if waiting and current not in open_:
                open_.add(current)
                stack += waiting
                continue
            known[current] = min(
                sizes[current] + sum(names[current][n] * known.get(n, 0) for n in inner), 10 * LARGEST_MODEL
            )
            stack.pop()
    return known


def antimony_text(path: Path) -> str:
    """Text of somebody's Antimony file, with the files of its folder that it imports; Antimony opens none.

    Raises InputError for a file that is too large, or that would read one outside its own folder.
    """
    text = _with_imports(path, path.resolve().parent, 0)
    where = short(path)
    if len(text) > LARGEST_ANTIMONY:
        raise InputError(f"{where}: {len(text):,} characters; at most {LARGEST_ANTIMONY:,} are read")
    plain = _without_text(text, _STRINGS[0])
    if not plain.replace('"', "").strip():
        raise InputError(f"{where}: holds no model; write lines 'model <name>' and 'end' around one")
    depth = deepest = 0
    for letter in re.findall(r"[()]", plain):
        depth += 1 if letter == "(" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST_BRACKETS:
        raise InputError(f"{where}: brackets nested more than {DEEPEST_BRACKETS} deep; simplify the formula")
    if (statements := _statements(plain)) > MOST_STATEMENTS:
        raise InputError(
            f"{where}: {statements:,} statements, those of its submodules written out; "
            f"at most {MOST_STATEMENTS:,} are read"
        )
    _refuse_formulas(plain, where)
    return text


def _refuse_formulas(plain: str, where: str) -> None:
    """Refuse definitions that name each other: Antimony follows every one of them to the end."""
    sizes: Counter[str] = Counter()
    names: dict[str, Counter[str]] = {}
    for symbol, formula in re.findall(r"(\w+)[ \t]*'?[ \t]*:?=[ \t]*([^;\n]*)", plain):
        found = re.findall(r"[A-Za-z_]\w*", formula)
        sizes[symbol] += 1 + len(found)
        names.setdefault(symbol, Counter()).update(found)
    if sum(_written_out(sizes, names).values()) > LARGEST_MODEL:
        raise InputError(f"{where}: its formulas {_TOO_MANY}")


def _without_text(text: str, string: str) -> str:
    """Antimony without comments and strings; line ends stay."""
    parts = re.compile(rf"```.*?(?:```|\Z)|{string}|//[^\n]*|#[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
    return parts.sub(lambda found: '""' + "\n" * found[0].count("\n"), text)


def _with_imports(path: Path, folder: Path, depth: int) -> str:
    if not path.resolve().is_relative_to(folder):
        raise InputError(f"{short(path)}: lies outside {short(folder)}; copy it there")
    text = read_text(path, LARGEST_ANTIMONY)

    def taken(found: re.Match[str]) -> str:
        line = text.count("\n", 0, found.start()) + 1
        name = Path(found[1])
        inside = not name.is_absolute() and name.suffix == ".ant"
        wanted = folder / name
        if not inside or not wanted.resolve().is_relative_to(folder):
            raise InputError(
                f"{short(path)}:{line}: import of '{found[1]}', which is no .ant file of this folder; "
                "copy it there"
            )
        if depth >= DEEPEST_IMPORT:
            raise InputError(f"{short(path)}:{line}: imports nested more than {DEEPEST_IMPORT} deep")
        return _with_imports(wanted, folder, depth + 1)

    whole = _IMPORT.sub(taken, text)
    if len(whole) > 2 * LARGEST_ANTIMONY:
        raise InputError(f"{short(path)}: more than {LARGEST_ANTIMONY:,} characters with its imports")
    for string in _STRINGS:
        left = re.search(r"\bimport\b", _without_text(whole, string))
        if left:
            raise InputError(f"{short(path)}: 'import' is not alone on its line; write: import \"file.ant\"")
    return whole


def _statements(plain: str) -> int:
    """Statements of Antimony once every submodel is written out; capped a little above the bound."""
    blocks = re.split(r"^[ \t]*(?:model|module)[ \t]+\*?(\w+)", plain, flags=re.MULTILINE)
    sizes = {"": len(re.findall(r"[;\n]", blocks[0]))}
    parts: dict[str, Counter[str]] = {}
    for name, body in zip(blocks[1::2], blocks[2::2], strict=True):
        sizes[name] = len(re.findall(r"[;\n]", body))
        parts[name] = Counter(re.findall(r"\w+[ \t]*:[ \t]*(\w+)[ \t]*\(", body))
    for name, body in [*zip(blocks[1::2], blocks[2::2], strict=True)]:
        parts[name].update(re.findall(r"\bextends[ \t]+(\w+)", body))
    return sum(_written_out(sizes, parts).values())
