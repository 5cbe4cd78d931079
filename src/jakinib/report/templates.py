"""Templates of pages and of the model book, which lie beside the code that fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Template


def template(name: str, filters: Mapping[str, Callable[..., Any]] | None = None) -> Template:
    """A template that refuses a name it is not given; HTML is escaped, Markdown is not."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not name.endswith(".html.j2"),
    )
    environment.filters |= filters or {}
    return environment.get_template(name)
