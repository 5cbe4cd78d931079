"""Where the glyphs of a model stand; arcs follow from its reactions, rate laws and rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jakinib.errors import ModelError
from jakinib.report.diagram import (
    DRUG,
    FEEDBACK,
    PLAIN,
    SIGNAL,
    Arc,
    Box,
    Diagram,
    Glyph,
    Head,
    Kind,
    Look,
    Point,
    sized,
)  # fmt: skip
from jakinib.report.network import Network, Reaction

_FORMS: dict[str, Kind] = {"SBO:0000247": "chemical", "SBO:0000250": "gene", "SBO:0000297": "complex"}
_PHOSPHORYLATION = "SBO:0000216"


class Sheet:
    """Places of the species, reactions and rule variables of one model.

    ``nodes`` are all symbols drawn as glyphs, ``routes`` the corners of an arc from start to end,
    ``clones`` further glyphs of a species, each for one reaction.
    """

    def __init__(self, network: Network, inhibitors: Sequence[str] = ()) -> None:
        self.network, self.inhibitors = network, inhibitors
        self.glyphs: dict[str, Glyph] = {}
        self.clones: dict[tuple[str, str], Glyph] = {}
        self.processes: dict[str, Box] = {}
        self.voids: dict[str, Point] = {}
        self.routes: dict[tuple[str, str], tuple[Point, ...]] = {}
        self.compartments: list[tuple[str, Box]] = []

    # Placing ----------------------------------------------------------------------------------------

    def place(self, symbol: str, x: float, y: float, mark: str = "") -> Box:
        """A species; form after its SBO term, colour after what it is to the pathway."""
        self.glyphs[symbol] = self._glyph(symbol, x, y, mark)
        return self.glyphs[symbol].box

    def clone(self, symbol: str, reaction: str, x: float, y: float) -> None:
        """The species once more, beside a reaction that takes it."""
        self.clones[reaction, symbol] = replace(self._glyph(symbol, x, y), clone=True)
        self.glyphs[symbol] = replace(self.glyphs[symbol], clone=True)

    def variable(self, symbol: str, kind: Kind, label: str, x: float, y: float, look: Look = SIGNAL) -> Box:
        """A rule variable or input that stands for something real."""
        named = self.network.parameters.get(symbol)
        title = named.getName() if named else label
        self.glyphs[symbol] = sized(Glyph(symbol, kind, Box(x, y, 0, 0), look, label, title))
        return self.glyphs[symbol].box

    def react(self, reaction: str, x: float, y: float, void: Point | None = None, half: float = 0.16) -> None:
        """A process; ``void`` is the place of the empty set on its open side, relative to it."""
        self.processes[reaction] = Box(x, y, 2 * half, 2 * half)
        if void:
            self.voids[reaction] = (x + void[0], y + void[1])

    def route(self, start: str, end: str, *corners: Point) -> None:
        self.routes[start, end] = corners

    def compartment(self, name: str, left: float, top: float, right: float, bottom: float) -> None:
        box = Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
        self.compartments.append((name, box))

    def _glyph(self, symbol: str, x: float, y: float, mark: str = "") -> Glyph:
        network = self.network
        kind = _FORMS.get(network.term(symbol), "macromolecule")
        rows: tuple[tuple[str, ...], ...] = ()
        if kind == "complex":
            first, *others = (part.removeprefix("L_") for part in network.parts[symbol])
            rows = ((first,), tuple(others))
        name = network.species[symbol].getName()
        return sized(Glyph(symbol, kind, Box(x, y, 0, 0), self._look(symbol), symbol, name, mark, rows=rows))

    def _look(self, symbol: str) -> Look:
        if any(inhibitor in symbol for inhibitor in self.inhibitors):
            return DRUG
        if symbol.startswith(("SOCS", "CISH")):
            return FEEDBACK
        return PLAIN if symbol in ("ATP", "ADP") else SIGNAL

    # Drawing ----------------------------------------------------------------------------------------

    def draw(self, title: str, width: float, height: float) -> Diagram:
        """The diagram; raises ModelError when a species or reaction of the model has no place."""
        network = self.network
        homeless = [*(network.species.keys() - self.glyphs), *(network.reactions.keys() - self.processes)]
        if homeless:
            raise ModelError(f"{network.model.getId()}: '{sorted(homeless)[0]}' has no place in the diagram")
        diagram = Diagram(title, width, height)
        for name, box in sorted(self.compartments, key=lambda c: -c[1].width * c[1].height):
            diagram.compartment(box, name)
        for reaction in network.reactions.values():
            self._reaction(diagram, reaction)
            moved = {*reaction.reactants, *reaction.products}
            others = [symbol for symbol in self.glyphs if symbol not in moved]
            for node, sign in network.drivers(reaction.law, others).items():
                self._influence(diagram, node, reaction.id, sign, reaction.term == _PHOSPHORYLATION)
        for symbol in self.glyphs:
            if symbol in network.rules:
                self._rule(diagram, symbol)
        for glyph in (*self.glyphs.values(), *self.clones.values()):
            diagram.glyph(glyph)
        return diagram

    def _reaction(self, diagram: Diagram, reaction: Reaction) -> None:
        box = self.processes[reaction.id]
        for species in reaction.reactants:
            glyph = self.clones.get((reaction.id, species), self.glyphs[species])
            arc = self._arc(species, reaction.id, glyph.box, box)
            if reaction.reversible:
                diagram.arc(Arc(reaction.id, species, arc.points[::-1]), "to")
            else:
                diagram.arc(arc)
        for species in reaction.products:
            diagram.arc(self._arc(reaction.id, species, box, self.glyphs[species].box), "to")
        if void := self.voids.get(reaction.id):
            empty = Box(*void, 0.26, 0.26)
            if reaction.reactants:
                diagram.arc(self._arc(reaction.id, "", box, empty), "to")
            else:
                diagram.arc(self._arc("", reaction.id, empty, box))
            diagram.void(reaction.id, void)
        diagram.process(reaction.id, box, reaction.number, f"{reaction.id}: {reaction.name}")

    def _influence(self, diagram: Diagram, node: str, reaction: str, sign: int, catalysed: bool) -> None:
        head: Head = "inhibition" if sign < 0 else "catalysis" if catalysed else "stimulation"
        glyph = self.glyphs[node]
        arc = self._arc(node, reaction, glyph.box, self.processes[reaction])
        diagram.arc(arc, head, colour=glyph.look.edge)

    def _rule(self, diagram: Diagram, symbol: str) -> None:
        """What a rule variable depends on: into an operator without head, else with the head of its sign."""
        target = self.glyphs[symbol]
        logical = target.kind == "operator"
        for node, sign in self.network.drivers(self.network.rules[symbol], self.glyphs).items():
            head: Head = "" if logical else "stimulation" if sign > 0 else "inhibition"
            glyph = self.glyphs[node]
            arc = self._arc(node, symbol, glyph.box, target.box)
            if logical:
                arc = replace(arc, points=(*arc.points[:-1], target.box.inner(arc.points[-1])))
            diagram.arc(arc, head, colour=glyph.look.edge, dashed=not logical)

    def _arc(self, start: str, end: str, tail: Box, tip: Box) -> Arc:
        corners = self.routes.get((start, end), ())
        if corners:
            first, last = tail.port(corners[0]), tip.port(corners[-1])
        elif tail.width < tip.width:
            last = tip.port((tail.x, tail.y))
            first = tail.port(last)
        else:
            first = tail.port((tip.x, tip.y))
            last = tip.port(first)
        return Arc(start, end, (first, *corners, last))
