"""Figures as part of the page: SVG whose colours follow the theme and whose texts are texts."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Any

from jakinib.report.plots import (
    BLUE,
    DOSE_COLOURS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILION,
    plain_style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A colour of the figures as the variable of style.css that holds it in either theme.
THEME = {
    INK: "currentColor",
    GREY: "var(--grey)",
    "#ffffff": "var(--paper)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    GREEN: "var(--green)",
    VERMILION: "var(--vermilion)",
    PURPLE: "var(--purple)",
    **{colour: f"var(--dose-{number})" for number, colour in enumerate(DOSE_COLOURS, 1)},
}
SAY = "say: "  # an artist whose gid starts with it says the rest when the pointer rests on it


def say(artist: Any, text: str) -> None:
    """Give an artist a text that the page shows when the pointer rests on it."""
    artist.set_gid(SAY + text)


def markup(figure: Figure, name: str, alt: str) -> str:
    """The figure as an ``<svg>`` element, the same text for the same figure.

    name: a word that keeps its ids apart from those of other figures. alt: what is seen on it.
    """
    import matplotlib

    stream = io.StringIO()
    with plain_style(), matplotlib.rc_context({"svg.fonttype": "none"}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text, count=1, flags=re.DOTALL)
    width, height = figure.get_size_inches() * 72
    opening = (
        f'<svg class="plot" role="img" aria-label="{escape(alt)}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'style="--wide: {width:.0f}px">'
    )
    text = opening + _named(text[text.index(">") + 1 :], name)
    return _short(_themed(text)).strip()


def _named(text: str, name: str) -> str:
    """Ids only where something refers to them, then with the name of the figure; spoken texts as titles."""
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    text = re.sub(rf'<g id="{SAY}([^"]*)">', r"<g><title>\1</title>", text)
    text = re.sub(
        r' id="([^"]*)"', lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text
    )
    text = re.sub(r'xlink:href="#([^"]+)"', rf'href="#{name}-\1"', text)
    return re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", text)


def _themed(text: str) -> str:
    for colour, variable in THEME.items():
        text = re.sub(rf"{colour}\b", variable, text, flags=re.IGNORECASE)
    return text.replace("font-family: 'DejaVu Sans'; ", "")


def _short(text: str) -> str:
    """Two decimals of a point are finer than any screen; groups and white space that say nothing go."""

    def rounded(found: re.Match[str]) -> str:
        return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")

    text = re.sub(r"(?<=[ \"(])-?\d+\.\d{3,}", rounded, text)
    text = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", text)
    text = re.sub(r"\s*\n\s*", " ", text)
    text = re.sub(r"> <", "><", text)
    while (shorter := re.sub(r"<g>(<(?:text|path|use)\b[^<]*(?:/>|</text>))</g>", r"\1", text)) != text:
        text = shorter
    return text
