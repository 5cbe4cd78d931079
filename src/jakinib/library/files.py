"""Read YAML and TSV so that every complaint names file, line and field."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from jakinib.errors import InputError

M = TypeVar("M", bound=BaseModel)


def short(path: Path) -> str:
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{short(path)}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{short(path)}: is a folder; name a file in it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{short(path)}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML without duplicate keys."""

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


def read_yaml(path: Path) -> Any:
    """Parse one YAML file; raises InputError with file and line."""
    text = read_text(path)
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise InputError(f"{short(path)}{line}: {problem}; correct the YAML there") from None


def line_of(path: Path, location: tuple[Any, ...]) -> int | None:
    """Line of a field in a YAML file, or of the nearest field above it."""
    node = yaml.compose(read_text(path), Loader=yaml.SafeLoader)
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
    first = error.errors()[0]
    location = tuple(first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    match first["type"]:
        case "missing":
            message = "is missing; add it"
        case "extra_forbidden":
            message = "is not a known field; remove it or correct its spelling"
        case kind if not kind.startswith("value_error"):
            message = f"{message[0].lower()}{message[1:]} (got {first['input']!r})"
    return location, message


def read_model(path: Path, schema: type[M]) -> M:
    """Parse and validate one YAML file against ``schema``; raises InputError with file, line and field."""
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise InputError(f"{short(path)}:1: expected a mapping of fields, found {type(data).__name__}")
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        location, message = _explain(error)
        line = line_of(path, location)
        field = ".".join(str(part) for part in location)
        raise InputError(f"{short(path)}:{line or 1}: {field} {message}".replace("  ", " ")) from None


def read_table(path: Path, schema: type[M]) -> list[M]:
    """The records of ``read_rows``."""
    return [record for _, record in read_rows(path, schema)]


def read_rows(path: Path, schema: type[M]) -> list[tuple[int, M]]:
    """Parse and validate one TSV file: (line of the file, record); empty cells count as absent.

    Raises InputError with file, row (line of the file) and column.
    """
    reader = csv.reader(read_text(path).splitlines(), delimiter="\t")
    try:
        header = next(reader)
    except StopIteration:
        raise InputError(f"{short(path)}:1: empty table; the first line names the columns") from None
    unknown = [column for column in header if column not in schema.model_fields]
    if unknown:
        raise InputError(
            f"{short(path)}:1: unknown column '{unknown[0]}'; known: {', '.join(schema.model_fields)}"
        )
    twice = [column for column in header if header.count(column) > 1]
    if twice:
        raise InputError(f"{short(path)}:1: column '{twice[0]}' stands twice; keep one")
    records = []
    for number, cells in enumerate(reader, start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{short(path)}:{number}: {len(cells)} cells, {len(header)} columns; tabs separate cells"
            )
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=True) if cell.strip()}
        try:
            records.append((number, schema.model_validate(row)))
        except ValidationError as error:
            location, message = _explain(error)
            column = ".".join(str(part) for part in location) or "row"
            raise InputError(f"{short(path)}:{number}: column {column}: {message}") from None
    return records
