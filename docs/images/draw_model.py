"""The model as a process diagram: glyphs and arcs after SBGN Process Description level 1."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, PathPatch, Polygon, Rectangle
from matplotlib.path import Path

INK, GREY = "#222222", "#6B6B6B"
DRUG, SIGNAL, FEEDBACK = ("#FBE3D3", "#B34700"), ("#DCEBF7", "#0A5A91"), ("#D8EFE6", "#00704F")
PLAIN = ("white", GREY)
Point = tuple[float, float]
Look = tuple[str, str]  # fill, edge


class Diagram:
    """Glyphs on a canvas measured in units of about 2 cm."""

    def __init__(self, width: float, height: float, inch: float = 0.82) -> None:
        self.figure = Figure(figsize=(width * inch, height * inch), facecolor="white")
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.axes.axis("off")

    def text(self, at: Point, text: str, size: float = 9, ha: str = "center", colour: str = INK) -> None:
        self.axes.text(*at, text, ha=ha, va="center", fontsize=size, color=colour, linespacing=1.15, zorder=6)

    def _box(self, at: Point, width: float, height: float, look: Look, radius: float, weight: float) -> None:
        corner = (at[0] - width / 2 + radius, at[1] - height / 2 + radius)
        self.axes.add_patch(
            FancyBboxPatch(
                corner, width - 2 * radius, height - 2 * radius, boxstyle=f"round,pad={radius}",
                facecolor=look[0], edgecolor=look[1], linewidth=weight, zorder=4,
            )
        )  # fmt: skip

    def compartment(self, low: Point, high: Point, name: str, fill: str) -> None:
        middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
        self._box(middle, high[0] - low[0], high[1] - low[1], (fill, "#9AA0A8"), 0.15, 2.5)
        self.axes.patches[-1].set_zorder(1)
        self.text((low[0] + 0.15, low[1] + 0.2), name, 9, "left", GREY)

    def macromolecule(
        self, at: Point, name: str, look: Look, width: float = 1.2, height: float = 0.5, marks: str = ""
    ) -> None:
        """Rounded rectangle; each letter of ``marks`` is a state variable on its upper edge."""
        self._box(at, width, height, look, 0.1, 1.3)
        self.text(at, name)
        for rank, mark in enumerate(marks):
            self.state((at[0] + width / 2 - 0.12 - 0.3 * rank, at[1] + height / 2), mark, look)

    def chemical(self, at: Point, name: str, look: Look, width: float = 1.2, height: float = 0.46) -> None:
        self._box(at, width, height, look, height / 2 - 0.001, 1.3)
        self.text(at, name)

    def gene(self, at: Point, name: str, look: Look, width: float = 1.25, height: float = 0.5) -> None:
        """Nucleic acid feature: only the lower corners are round."""
        left, right, low, top = at[0] - width / 2, at[0] + width / 2, at[1] - height / 2, at[1] + height / 2
        bend = 0.14
        outline = Path(
            [(left, top), (right, top), (right, low + bend), (right, low), (right - bend, low),
             (left + bend, low), (left, low), (left, low + bend), (left, top)],
            [Path.MOVETO, Path.LINETO, Path.LINETO, Path.CURVE3, Path.CURVE3,
             Path.LINETO, Path.CURVE3, Path.CURVE3, Path.CLOSEPOLY],
        )  # fmt: skip
        self.axes.add_patch(PathPatch(outline, facecolor=look[0], edgecolor=look[1], linewidth=1.3, zorder=4))
        self.text(at, name)

    def complex(self, at: Point, rows: list[list[str]], look: Look, width: float, marks: str = "") -> None:
        """Cut-cornered box that holds rows of subunits; ``marks`` are state variables of the last row."""
        row, cut = 0.4, 0.1
        half, tall = width / 2, (row * len(rows) + 0.14) / 2
        x, y = at
        outline = [
            (-half + cut, tall), (half - cut, tall), (half, tall - cut), (half, cut - tall),
            (half - cut, -tall), (cut - half, -tall), (-half, cut - tall), (-half, tall - cut),
        ]  # fmt: skip
        corners = [(x + dx, y + dy) for dx, dy in outline]
        self.axes.add_patch(Polygon(corners, facecolor="white", edgecolor=look[1], linewidth=1.3, zorder=3))
        for rank, names in enumerate(rows):
            share = (width - 0.14) / len(names)
            for place, name in enumerate(names):
                centre = (x - half + 0.07 + share * (place + 0.5), y + tall - 0.07 - row * (rank + 0.5))
                if name in ("ATP", "inhibitor"):
                    self.chemical(centre, name, PLAIN if name == "ATP" else look, share - 0.05, row - 0.06)
                else:
                    self.macromolecule(centre, name, look, share - 0.05, row - 0.06)
        for side, mark in zip((-1, 1), marks, strict=False):
            self.state((x + side * (half - 0.04), y - tall + 0.06), mark, look)

    def state(self, at: Point, mark: str, look: Look) -> None:
        self.axes.add_patch(Circle(at, 0.13, facecolor="white", edgecolor=look[1], zorder=5))
        self.text(at, mark, 7.5)

    def process(self, at: Point, half: float = 0.11) -> None:
        corner, side = (at[0] - half, at[1] - half), 2 * half
        self.axes.add_patch(
            Rectangle(corner, side, side, facecolor="white", edgecolor=INK, linewidth=1.2, zorder=4)
        )

    def source(self, at: Point) -> None:
        """Empty set: something enters or leaves the model."""
        self.axes.add_patch(Circle(at, 0.15, facecolor="white", edgecolor=INK, linewidth=1.2, zorder=4))
        self.axes.plot(
            [at[0] - 0.17, at[0] + 0.17], [at[1] - 0.17, at[1] + 0.17], color=INK, linewidth=1.2, zorder=5
        )

    def arc(self, *points: Point, head: str = "", colour: str = INK, both: bool = False) -> None:
        """Polyline; head: '' consumption, 'to' production, 'o' catalysis, '|' inhibition, '>' stimulation."""
        xs, ys = zip(*points, strict=True)
        self.axes.plot(xs, ys, color=colour, linewidth=1.3, solid_joinstyle="round", zorder=2)
        if head:
            self._head(points[-2], points[-1], head, colour)
        if both:
            self._head(points[1], points[0], head, colour)

    def _head(self, start: Point, end: Point, head: str, colour: str) -> None:
        length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
        dx, dy = (end[0] - start[0]) / length, (end[1] - start[1]) / length

        def turned(forward: float, aside: float) -> Point:
            return (end[0] + forward * dx - aside * dy, end[1] + forward * dy + aside * dx)

        match head:
            case "o":
                self.axes.add_patch(
                    Circle(turned(-0.075, 0), 0.075, facecolor="white", edgecolor=colour, zorder=5)
                )
            case "|":
                (x0, y0), (x1, y1) = turned(0, 0.13), turned(0, -0.13)
                self.axes.plot([x0, x1], [y0, y1], color=colour, linewidth=2.2, zorder=5)
            case _:
                fill = colour if head == "to" else "white"
                corners = [turned(0, 0), turned(-0.19, 0.085), turned(-0.19, -0.085)]
                self.axes.add_patch(
                    Polygon(corners, facecolor=fill, edgecolor=colour, linewidth=1.1, zorder=5)
                )

    def reaction(self, *points: Point, process: int, both: bool = False) -> None:
        """A polyline from reactant to product with a process node at point number ``process``."""
        ahead = [*points[process:]]
        back = [*points[: process + 1]][::-1]
        self.arc(*ahead, head="to")
        self.arc(*back, head="to" if both else "")
        self.process(points[process])


def draw() -> Figure:
    """From dose to feedback."""
    d = Diagram(13.6, 7.75)

    # The body: dose, plasma, tissue.
    d.compartment((0.35, 4.35), (2.85, 5.6), "plasma", "#FFFFFF")
    d.compartment((0.35, 2.2), (2.85, 3.3), "tissue", "#FFFFFF")
    d.source((1.0, 7.2))
    d.text((1.25, 7.2), "oral dose", ha="left")
    d.reaction((1.0, 7.05), (1.0, 6.4), (1.0, 5.38), process=1)
    d.text((1.2, 6.4), "absorption", 8, "left", GREY)
    d.chemical((1.6, 5.13), "inhibitor", DRUG, 1.9, 0.5)
    d.reaction((1.6, 4.88), (1.6, 3.8), (1.6, 3.08), process=1, both=True)
    d.text((1.8, 3.8), "distribution", 8, "left", GREY)
    d.chemical((1.6, 2.83), "inhibitor", DRUG, 1.9, 0.5)
    d.reaction((2.4, 5.35), (2.4, 6.4), (2.4, 7.05), process=1)
    d.source((2.4, 7.2))
    d.text((2.57, 6.4), "elimination", 8, "left", GREY)

    # The cell.
    d.compartment((3.5, 0.35), (13.4, 6.75), "blood cell", "#FAFBFC")
    d.compartment((6.35, 0.6), (11.75, 2.1), "nucleus", "#FFFFFF")

    # Drug in the ATP pocket.
    d.reaction((2.55, 5.13), (3.15, 5.13), (3.15, 4.4), (3.85, 4.4), process=1)
    d.text((3.17, 5.38), "free", 8, "center", GREY)
    d.chemical((4.45, 4.4), "inhibitor", DRUG, 1.2)
    swap = (5.55, 4.4)
    for end in ((5.05, 4.4), (6.15, 4.4), (5.55, 3.42)):
        d.arc(swap, end, head="to")
    d.arc(swap, (5.05, 3.95), (4.55, 3.95), (4.3, 3.42), head="to")
    d.process(swap)
    d.complex((5.65, 3.14), [["JAK", "inhibitor"]], DRUG, 1.85)
    d.chemical((4.2, 3.18), "ATP", PLAIN, 0.75)
    d.complex((6.9, 4.4), [["JAK", "ATP"]], SIGNAL, 1.5)
    d.text((5.0, 2.62), "inhibitor and ATP compete for one pocket", 8, colour=GREY)

    # Receptor.
    d.macromolecule((4.45, 7.25), "cytokine", SIGNAL)
    d.macromolecule((4.45, 6.0), "first chain", SIGNAL)
    d.complex((6.6, 6.3), [["cytokine"], ["first chain"], ["JAK a"]], SIGNAL, 1.15)
    d.reaction((5.05, 6.1), (5.55, 6.3), (6.03, 6.3), process=1, both=True)
    d.arc((5.48, 6.41), (5.05, 7.1), head="to")
    d.macromolecule((7.65, 5.2), "second chain", SIGNAL, 1.35)
    d.reaction((7.17, 6.3), (7.65, 6.3), (8.15, 6.3), process=1, both=True)
    d.arc((7.65, 6.19), (7.65, 5.45), head="to")
    pair = [["cytokine"], ["chain 1", "chain 2"], ["JAK a", "JAK b"]]
    d.complex((8.95, 6.3), pair, SIGNAL, 1.6)
    d.complex((11.45, 6.3), pair, SIGNAL, 1.6, marks="PP")
    d.reaction((9.75, 6.1), (10.2, 6.1), (10.65, 6.1), process=1)
    d.reaction((10.65, 6.55), (10.2, 6.55), (9.75, 6.55), process=1)
    d.text((11.45, 7.15), "active receptor", 9)
    d.reaction((12.25, 6.3), (12.6, 6.3), (12.98, 6.3), process=1)
    d.source((13.13, 6.3))

    # STAT cycle.
    d.macromolecule((7.3, 3.0), "STAT", SIGNAL)
    d.macromolecule((10.1, 3.0), "STAT", SIGNAL, marks="P")
    d.macromolecule((10.1, 1.4), "STAT", SIGNAL, marks="P")
    d.macromolecule((7.3, 1.4), "STAT", SIGNAL)
    d.reaction((7.9, 3.0), (8.7, 3.0), (9.5, 3.0), process=1)
    d.process((8.7, 3.0), 0.18)
    d.reaction((9.62, 2.75), (8.7, 2.42), (7.78, 2.75), process=1)
    d.reaction((10.1, 2.75), (10.1, 2.25), (10.1, 1.65), process=1)
    d.reaction((9.5, 1.4), (8.7, 1.4), (7.9, 1.4), process=1)
    d.reaction((7.3, 1.65), (7.3, 2.25), (7.3, 2.75), process=1, both=True)
    d.text((10.28, 2.35), "import", 8, "left", GREY)
    d.text((7.12, 2.35), "shuttling", 8, "right", GREY)

    # Two catalytic steps of the JAKs.
    d.arc((7.65, 4.5), (10.2, 4.5), (10.2, 5.99), head="o", colour=SIGNAL[1])
    d.text((10.08, 5.0), "step 1", 8.5, "right", SIGNAL[1])
    d.arc((7.65, 4.25), (8.6, 4.25), (8.6, 3.18), head="o", colour=SIGNAL[1])
    d.text((8.45, 3.65), "step 2", 8.5, "right", SIGNAL[1])
    d.arc((11.0, 5.63), (11.0, 4.1), (8.8, 4.1), (8.8, 3.18), head="o", colour=SIGNAL[1])

    # Feedback.
    d.arc((10.7, 1.4), (11.39, 1.4), head=">", colour=FEEDBACK[1])
    d.text((11.06, 1.07), "dimer\non DNA", 8, "center", GREY)
    d.source((11.5, 0.85))
    d.reaction((11.5, 1.0), (11.5, 1.4), (12.5, 1.4), (12.5, 1.97), process=1)
    d.text((12.62, 1.6), "delay", 8, "left", GREY)
    d.gene((12.5, 2.23), "SOCS mRNA", FEEDBACK)
    d.arc((12.5, 2.48), (12.5, 2.99), head=">", colour=FEEDBACK[1])
    d.source((13.1, 3.1))
    d.reaction((12.95, 3.1), (12.5, 3.1), (12.5, 3.6), process=1)
    d.macromolecule((12.5, 3.85), "SOCS", FEEDBACK)
    d.arc((12.6, 4.1), (12.6, 6.19), head=">", colour=FEEDBACK[1])
    d.text((12.72, 5.2), "loss", 8, "left", GREY)
    d.arc((11.9, 3.75), (9.45, 3.75), (8.97, 3.2), head="|", colour=FEEDBACK[1])

    # Key.
    keys = [("to", "reaction", INK), ("o", "catalysis", SIGNAL[1]), (">", "stimulation", FEEDBACK[1]),
            ("|", "inhibition", FEEDBACK[1])]  # fmt: skip
    for rank, (head, name, colour) in enumerate(keys):
        y = 1.6 - 0.32 * rank
        d.arc((0.45, y), (1.05, y), head=head, colour=colour)
        d.text((1.25, y), name, 8, "left")
    d.source((0.75, 0.3))
    d.text((1.25, 0.3), "enters or leaves the model", 8, "left")
    return d.figure
