"""Read YAML and tables into records so that every complaint names file, line and field."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from jakinib import files
from jakinib.arguments import shown
from jakinib.errors import InputError, visible
from jakinib.files import FileError, Row
from jakinib.files.text import read_text as read_text
from jakinib.files.text import short as short

M = TypeVar("M", bound=BaseModel)


LARGEST_YAML = 5_000_000  # bytes; a library entry has some thousand
DEEPEST, LARGEST = 100, 50_000  # of a YAML file: levels, and nodes once its aliases are written out


def beside(folder: Path, name: str, where: str) -> Path:
    """The file that a user's file names; raises InputError for one outside its own folder."""
    path = folder / name
    if "://" in name or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{where}: names '{name}', which lies outside its folder; copy it there")
    return path


_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_SafeLoader):  # type: ignore[misc]
    """YAML without duplicate keys, whose plain words are read as in YAML 1.2.

    YAML 1.1 takes 1e-3 for a text, 1:30 for 90, 010 for 8 and no for false.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float)):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain word", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


for _tag, _form, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
):  # fmt: skip
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_form})$", re.ASCII), [*_first.replace("\0", ""), ""]
    )


def read_yaml(path: Path) -> Any:
    """Parse one YAML file; raises InputError with file and line."""
    return parse_yaml(read_text(path, LARGEST_YAML), path)


def parse_yaml(text: str, path: Path) -> Any:
    """Parse the YAML that ``path`` holds or once held; raises InputError with file and line."""
    try:
        _refuse_size(text, path)
        loader = _StrictLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            if _expanded(node, {}) > LARGEST:
                raise InputError(
                    f"{short(path)}: its aliases write out to more than {LARGEST:,} entries; shorten it"
                )
            return loader.construct_document(node)
        except (ValueError, OverflowError) as error:  # a whole number of thousands of digits
            raise InputError(f"{short(path)}: a number cannot be read: {error}") from None
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise InputError(f"{short(path)}{line}: {problem}; correct the YAML there") from None


def _refuse_size(text: str, path: Path) -> None:
    """Refuse nesting and sizes that would exhaust the loader, and hidden characters, before any is built."""
    depth = entries = 0
    for event in yaml.parse(text, Loader=_SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        entries += isinstance(event, yaml.NodeEvent)
        problem = ""
        if depth > DEEPEST:
            problem = f"nested more than {DEEPEST} levels deep; flatten it"
        elif entries > LARGEST:
            problem = f"more than {LARGEST:,} entries; split the file"
        elif isinstance(event, yaml.ScalarEvent) and not visible(event.value):
            problem = "a control or invisible character stands in this text; remove it"
        if problem:
            mark: Any = event.start_mark
            raise InputError(f"{short(path)}:{mark.line + 1}: {problem}")


def _expanded(node: yaml.Node, sizes: dict[int, float]) -> float:
    """Number of nodes once every alias is written out; infinite for an alias inside its own anchor."""
    if not isinstance(node, yaml.CollectionNode):
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = float("inf")
        children = [c for item in node.value for c in (item if isinstance(item, tuple) else (item,))]
        sizes[id(node)] = 1 + sum(_expanded(child, sizes) for child in children)
    return sizes[id(node)]


def line_of(path: Path, location: tuple[Any, ...]) -> int | None:
    """Line of a field in a YAML file, or of the nearest field above it."""
    return line_in(compose(read_text(path)), location)


@functools.lru_cache(maxsize=8)
def compose(text: str) -> yaml.Node | None:
    """The nodes of a YAML text, which know their lines; a check asks for those of one file many times."""
    node: yaml.Node | None = yaml.compose(text, Loader=_SafeLoader)
    return node


def line_in(node: yaml.Node | None, location: tuple[Any, ...]) -> int | None:
    """The same in YAML that is composed already."""
    line = None if node is None else node.start_mark.line + 1
    for key in location:
        if isinstance(node, yaml.MappingNode):
            hit = next(((k, v) for k, v in node.value if k.value == str(key)), None)
            if hit is None:
                return line
            line, node = hit[0].start_mark.line + 1, hit[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _explain(error: ValidationError) -> tuple[tuple[Any, ...], str]:
    return explain(error.errors()[0])


def explain(first: Any) -> tuple[tuple[Any, ...], str]:
    """(field, what is wrong with it and what to do) of one complaint of pydantic."""
    location = tuple(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    match first["type"]:
        case "missing":
            message = "is missing; add it"
        case "extra_forbidden":
            message = "is not a known field; remove it or correct its spelling"
        case kind if not kind.startswith("value_error"):
            message = f"{message[0].lower()}{message[1:]} (got {shown(first['input'])})"
    return location, message


def read_model(
    path: Path,
    schema: type[M],
    beneath: dict[str, dict[str, Any]] | None = None,
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data,
) -> M:
    """Parse and validate one YAML file against ``schema``; raises InputError with file, line and field.

    beneath: entries of mapping fields that hold where the file gives none. change: what is made of the fields
    before they are validated.
    """
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise InputError(f"{short(path)}:1: expected a mapping of fields, found {type(data).__name__}")
    for field, entries in (beneath or {}).items():
        given = data.get(field, {})
        data[field] = {**entries, **given} if isinstance(given, dict) else given
    try:
        return schema.model_validate(change(data))
    except ValidationError as error:
        location, message = _explain(error)
        line = line_of(path, location)
        field = ".".join(str(part) for part in location)
        raise InputError(f"{short(path)}:{line or 1}: {field} {message}".replace("  ", " ")) from None


def read_table(path: Path, schema: type[M]) -> list[M]:
    """The records of ``read_rows``."""
    return [record for _, record in read_rows(path, schema)]


def read_rows(path: Path, schema: type[M]) -> list[tuple[int, M]]:
    """Read and validate one table: (line of the file, record); empty cells count as absent.

    Raises InputError with file, row (line of the file) and column.
    """
    table = files.read_table(path, functools.partial(_is_number, schema))
    unknown = [column for column in table.columns if column not in schema.model_fields]
    if unknown:
        known = ", ".join(schema.model_fields)
        raise FileError(table.file, f"unknown column '{unknown[0]}'; known: {known}", 1)
    return [(row.line, validated(row, schema)) for row in table.rows]


def _is_number(schema: type[BaseModel], column: str) -> bool:
    field = schema.model_fields.get(column)
    kinds = () if field is None else {field.annotation, *get_args(field.annotation)}
    return float in kinds or int in kinds


def validated(row: Row, schema: type[M]) -> M:
    """The record of one row of a table; raises FileError with file, line and column."""
    try:
        return schema.model_validate(row.cells)
    except ValidationError as error:
        location, message = _explain(error)
        row.refuse(".".join(str(part) for part in location) or "row", message)


def read_draws(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    """Titles and values (draws, columns) of a table of positive finite numbers; raises InputError."""
    table = files.read_table(path, lambda column: True, separator="\t")
    rows = []
    for row in table.rows:
        try:
            numbers = [float(row.cells.get(column, "nan")) for column in table.columns]
        except ValueError:
            raise FileError(path, "a cell is not a number", row.line) from None
        if not all(0 < value < math.inf for value in numbers):
            raise FileError(path, f"need {len(numbers)} positive finite numbers", row.line)
        rows.append(numbers)
    if not rows:
        raise FileError(path, "no draws below the header; draw the ensemble again", 1)
    return list(table.columns), np.array(rows)
