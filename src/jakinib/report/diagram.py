"""Glyphs and arcs after SBGN Process Description level 1, written as SVG.

Positions are in units of ``UNIT`` pixels, y downwards. The same drawing gives the same bytes everywhere:
nothing but sums and products of the positions goes into the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

UNIT = 50
LABEL, SMALL, TINY = 12, 11, 10.5  # font sizes in pixels
_EM = 0.68  # mean width of a letter; a generous value, as the font is the reader's

Point = tuple[float, float]
Kind = Literal["macromolecule", "chemical", "gene", "complex", "operator"]
Head = Literal["", "to", "catalysis", "stimulation", "inhibition"]


@dataclass(frozen=True)
class Look:
    """Fill and edge."""

    fill: str
    edge: str


INK, GREY = "#222222", "#6B6B6B"
DRUG, SIGNAL, FEEDBACK = Look("#FBE3D3", "#B34700"), Look("#DCEBF7", "#0A5A91"), Look("#D8EFE6", "#00704F")
PLAIN = Look("#FFFFFF", GREY)


def text_width(text: str, size: float = LABEL) -> float:
    return _EM * size * len(text) / UNIT


@dataclass(frozen=True)
class Box:
    """A rectangle by its centre."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2

    def port(self, towards: Point) -> Point:
        """Where an arc from ``towards`` meets the edge: straight on if it can, else along the centre line."""
        x, y = towards
        if self.left < x < self.right:
            return (x, self.bottom if y > self.y else self.top)
        if self.top < y < self.bottom:
            return (self.right if x > self.x else self.left, y)
        dx, dy = x - self.x, y - self.y
        share = min(self.width / 2 / abs(dx), self.height / 2 / abs(dy))
        return (self.x + share * dx, self.y + share * dy)

    def inner(self, towards: Point) -> Point:
        """Where an arc ends that runs under a round glyph."""
        x, y = towards
        return (x if self.left < x < self.right else self.x, y if self.top < y < self.bottom else self.y)


@dataclass(frozen=True)
class Glyph:
    """One entity; rows: the subunits of a complex; mark: its state variable; clone: drawn more than once."""

    id: str
    kind: Kind
    box: Box
    look: Look = SIGNAL
    label: str = ""
    title: str = ""
    mark: str = ""
    clone: bool = False
    rows: tuple[tuple[str, ...], ...] = ()


_ROW, _RADIUS = 0.36, 0.1


def sized(glyph: Glyph) -> Glyph:
    """The glyph with the box its text needs, around the same centre."""
    box = glyph.box
    if glyph.kind == "operator":
        return replace(glyph, box=replace(box, width=0.5, height=0.5))
    if glyph.kind == "complex":
        widths = [len(row) * (max(text_width(name, SMALL) for name in row) + 0.22) for row in glyph.rows]
        return replace(
            glyph, box=replace(box, width=max(widths) + 0.14, height=_ROW * len(glyph.rows) + 0.14)
        )
    return replace(glyph, box=replace(box, width=max(1.2, text_width(glyph.label) + 0.3), height=0.5))


def px(*values: float) -> str:
    """Positions in pixels."""
    return " ".join(f"{round(UNIT * value, 1) + 0:g}" for value in values)


@dataclass(frozen=True)
class Text:
    """A text by its anchor; y is the middle of the line."""

    text: str
    at: Point
    size: float
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Arc:
    """A polyline between the symbols ``start`` and ``end``."""

    start: str
    end: str
    points: tuple[Point, ...]


class Diagram:
    """A drawing that grows on a canvas; ``boxes``, ``texts`` and ``arcs`` tell what is where."""

    def __init__(self, title: str, width: float, height: float) -> None:
        self.title, self.width, self.height = title, width, height
        self.boxes: list[tuple[str, Box]] = []
        self.texts: list[Text] = []
        self.arcs: list[Arc] = []
        self._heads: dict[tuple[Head, str], None] = {}
        self._areas: list[str] = []
        self._lines: list[str] = []
        self._shapes: list[str] = []

    @property
    def heads(self) -> set[Head]:
        """The heads of the arcs drawn so far."""
        return {head for head, _ in self._heads}

    def text(
        self, text: str, at: Point, size: float = LABEL, anchor: Literal["start", "middle", "end"] = "middle",
        colour: str = INK,
    ) -> None:  # fmt: skip
        self.texts.append(Text(text, at, size, anchor))
        paint = f' fill="{colour}"' if colour != INK else ""
        side = f' text-anchor="{anchor}"' if anchor != "middle" else ""
        x, y = at
        self._shapes.append(
            f'<text x="{px(x)}" y="{px(y + 0.35 * size / UNIT)}" font-size="{size:g}"{side}{paint}>'
            f"{escape(text)}</text>"
        )

    def compartment(self, box: Box, name: str) -> None:
        self._areas.append(_rect(box, 0.2, "#FFFFFF", "#9AA0A8", 2.5))
        self.text(name, (box.right - 0.15, box.bottom - 0.18), SMALL, "end", GREY)

    def glyph(self, glyph: Glyph) -> None:
        self.boxes.append((glyph.id, glyph.box))
        self._shapes.append(f"<g><title>{escape(glyph.title or glyph.id)}</title>")
        if glyph.kind == "complex":
            self._complex(glyph)
        else:
            self._shapes.append(_outline(glyph))
            if glyph.clone:
                self._shapes.append(_clone(glyph.box, glyph.look))
            size = SMALL if glyph.kind == "operator" else LABEL
            self.text(glyph.label, (glyph.box.x, glyph.box.y), size)
        if glyph.mark:
            corner = (glyph.box.right - 0.14, glyph.box.top)
            self._shapes.append(_circle(corner, 0.14, "#FFFFFF", glyph.look.edge))
            self.text(glyph.mark, corner, TINY)
        self._shapes.append("</g>")

    def _complex(self, glyph: Glyph) -> None:
        box, cut = glyph.box, 0.1
        xs = (box.left, box.left + cut, box.right - cut, box.right)
        ys = (box.top, box.top + cut, box.bottom - cut, box.bottom)
        corners = [(1, 0), (2, 0), (3, 1), (3, 2), (2, 3), (1, 3), (0, 2), (0, 1)]
        path = " L".join(px(xs[i], ys[j]) for i, j in corners)
        self._shapes.append(
            f'<path d="M{path}Z" fill="#FFFFFF" stroke="{glyph.look.edge}" stroke-width="1.3"/>'
        )
        for rank, names in enumerate(glyph.rows):
            share = (box.width - 0.14) / len(names)
            for place, name in enumerate(names):
                x = box.left + 0.07 + share * (place + 0.5)
                y = box.top + 0.07 + _ROW * (rank + 0.5)
                part = Box(x, y, share - 0.05, _ROW - 0.06)
                self._shapes.append(_rect(part, _RADIUS, glyph.look.fill, glyph.look.edge))
                self.text(name, (x, y), SMALL)
        self.text(glyph.label, (box.left + 0.05, box.bottom + 0.16), SMALL, "start", GREY)

    def process(self, reaction: str, box: Box, number: int, title: str) -> None:
        """The node of a reaction, with its number in the tables of the page."""
        self.boxes.append((reaction, box))
        self._shapes += [f"<g><title>{escape(title)}</title>", _rect(box, 0, "#FFFFFF", INK)]
        self.text(str(number), (box.x, box.y), TINY)
        self._shapes.append("</g>")

    def void(self, reaction: str, at: Point) -> None:
        """Empty set: something enters or leaves the model."""
        x, y = at
        self.boxes.append((f"∅ {reaction}", Box(x, y, 0.3, 0.3)))
        self._shapes.append(_circle(at, 0.13, "#FFFFFF", INK))
        slash = f"M{px(x - 0.15, y + 0.15)} L{px(x + 0.15, y - 0.15)}"
        self._shapes.append(f'<path d="{slash}" stroke="{INK}" stroke-width="1.2"/>')

    def arc(
        self, arc: Arc, head: Head = "", both: bool = False, colour: str = INK, dashed: bool = False
    ) -> None:
        """A line with a head at its end, or at both; dashed for what a rule and no process does."""
        self.arcs.append(arc)
        path = "M" + " L".join(px(*point) for point in arc.points)
        if head:
            self._heads[head, colour] = None
        name = f"{head}-{colour[1:]}"
        extra = f' marker-end="url(#{name})"' if head else ""
        extra += f' marker-start="url(#{name})"' if both else ""
        extra += ' stroke-dasharray="5 3"' if dashed else ""
        extra += f' stroke="{colour}"' if colour != INK else ""
        self._lines.append(f'<path d="{path}"{extra}/>')

    def svg(self) -> str:
        """The file."""
        width, height = px(self.width), px(self.height)
        body = "\n".join([*self._areas, '<g fill="none" stroke="#222222" stroke-width="1.3">'])
        body += "\n" + "\n".join([*self._lines, "</g>", *self._shapes])
        markers = [_marker(head, colour) for head, colour in self._heads]
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
                f'width="{width}" height="{height}" font-family="Arial, Helvetica, sans-serif" fill="{INK}" '
                'text-anchor="middle">',
                f"<title>{escape(self.title)}</title>",
                "<defs>",
                *markers,
                "</defs>",
                f'<rect width="{width}" height="{height}" fill="#FFFFFF"/>',
                body,
                "</svg>\n",
            ]
        )


def _rect(box: Box, radius: float, fill: str, edge: str, weight: float = 1.3) -> str:
    rounded = f' rx="{px(radius)}"' if radius else ""
    return (
        f'<rect x="{px(box.left)}" y="{px(box.top)}" width="{px(box.width)}" height="{px(box.height)}"'
        f'{rounded} fill="{fill}" stroke="{edge}" stroke-width="{weight:g}"/>'
    )


def _circle(at: Point, radius: float, fill: str, edge: str) -> str:
    x, y = at
    return f'<circle cx="{px(x)}" cy="{px(y)}" r="{px(radius)}" fill="{fill}" stroke="{edge}"/>'


def _outline(glyph: Glyph) -> str:
    box, look = glyph.box, glyph.look
    match glyph.kind:
        case "operator":
            return _circle((box.x, box.y), box.height / 2, "#FFFFFF", look.edge)
        case "chemical":
            return _rect(box, box.height / 2, look.fill, look.edge)
        case "gene":  # nucleic acid feature: only the lower corners are round
            path = f"M{px(box.left, box.top)} H{px(box.right)} {_lower_edge(box, box.bottom - 0.14)}"
            return f'<path d="{path}Z" fill="{look.fill}" stroke="{look.edge}" stroke-width="1.3"/>'
        case _:
            return _rect(box, _RADIUS, look.fill, look.edge)


def _lower_edge(box: Box, level: float) -> str:
    """Path from the right side at ``level`` round the lower corners to the left side."""
    bend = box.bottom - level
    return (
        f"V{px(level)} Q{px(box.right, box.bottom, box.right - bend, box.bottom)} "
        f"H{px(box.left + bend)} Q{px(box.left, box.bottom, box.left, level)}"
    )


def _clone(box: Box, look: Look) -> str:
    """The filled lower edge that says: the same species, drawn again."""
    path = f"M{px(box.right, box.bottom - _RADIUS)} {_lower_edge(box, box.bottom - _RADIUS)}"
    return f'<path d="{path}Z" fill="{look.edge}"/>'


def _marker(head: Head, colour: str) -> str:
    shapes: dict[Head, Sequence[str]] = {
        "to": ("10", '<path d="M0 0 L10 4.5 L0 9Z" fill="{0}"/>'),
        "stimulation": ("10", '<path d="M1 .8 L9.4 4.5 L1 8.2Z" fill="#FFFFFF" stroke="{0}"/>'),
        "catalysis": (
            "9",
            '<circle cx="4.5" cy="4.5" r="3.8" fill="#FFFFFF" stroke="{0}" stroke-width="1.3"/>',
        ),
        "inhibition": ("11", '<path d="M8 -1.5 V10.5" stroke="{0}" stroke-width="2.6"/>'),
    }
    tip, shape = shapes[head]
    return (
        f'<marker id="{head}-{colour[1:]}" markerWidth="11" markerHeight="9" refX="{tip}" refY="4.5" '
        'overflow="visible" markerUnits="userSpaceOnUse" orient="auto-start-reverse">'
        f"{shape.format(colour)}</marker>"
    )
