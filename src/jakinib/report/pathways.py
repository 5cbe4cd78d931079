"""Diagrams of the committed models: enzyme assay, disposition, one cytokine in a cell, and dose to signal."""

from __future__ import annotations

from itertools import pairwise

from jakinib.build import ModelSpec
from jakinib.library.schema import JAKS
from jakinib.report.diagram import DRUG, FEEDBACK, INK, SIGNAL, SMALL, Arc, Diagram, Head, Point
from jakinib.report.layout import Sheet
from jakinib.report.network import Network

EDGE = 0.2
BLOCK = 5.2  # width of one STAT cycle
APART = 0.24  # between what acts on one phosphorylation: JAKs, receptor, brake
DISPOSITION = 2.3  # height of the plasma and tissue band


def draw(network: Network, spec: ModelSpec) -> Diagram | None:
    """The diagram of a model of the library; None for a model of several cytokines, which no page holds.

    Raises ModelError when a species or reaction has no place in the layout of its kind of model.
    """
    sheet = Sheet(network, spec.inhibitors)
    match spec.name:
        case "kinase_assay":
            width, height = _kinase_assay(sheet, spec.kinase, spec.inhibitors[0])
        case "oral_pk":
            width, height = _disposition(sheet, spec.inhibitors[0])
        case _ if len(spec.cytokines) > 1:
            return None
        case "blood_pkpd":
            _disposition(sheet, spec.inhibitors[0])
            width, height = Cell(sheet, DISPOSITION).size
        case _:
            width, height = Cell(sheet, 0).size
    diagram = sheet.draw(f"Process diagram of {network.model.getId()}", width, height + 0.6)
    _key(diagram, height)
    return diagram


def _key(diagram: Diagram, y: float) -> None:
    x = 0.4
    keys: list[tuple[Head, str, str, bool]] = [
        ("to", "reaction", INK, False),
        ("catalysis", "catalysis", SIGNAL.edge, False),
        ("stimulation", "stimulation", SIGNAL.edge, False),
        ("inhibition", "inhibition", FEEDBACK.edge, False),
        ("inhibition", "by a rule", DRUG.edge, True),
    ]
    drawn = diagram.heads
    for head, name, colour, dashed in keys:
        if head not in drawn:
            continue
        diagram.arc(Arc("key", name, ((x, y + 0.2), (x + 0.6, y + 0.2))), head, colour=colour, dashed=dashed)
        diagram.text(name, (x + 0.75, y + 0.2), SMALL, "start")
        x += 2.4


def _kinase_assay(sheet: Sheet, jak: str, drug: str) -> tuple[float, float]:
    bound, inhibited = f"{jak}_ATP", f"{jak}_{drug}"
    sheet.compartment("well", EDGE, EDGE, 14.3, 4.8)
    sheet.place(jak, 5.2, 2.6)
    sheet.place(drug, 3.2, 1.0)
    sheet.place("ATP", 7.0, 1.0)
    sheet.place(inhibited, 1.4, 2.6)
    sheet.place(bound, 8.8, 2.6)
    sheet.place("peptide", 10.5, 1.0)
    sheet.place("ADP", 12.4, 1.6)
    sheet.place("phosphopeptide", 12.6, 2.6, mark="P")
    sheet.react(f"bind_{drug}", 3.2, 2.6)
    sheet.react("bind_ATP", 7.0, 2.6)
    sheet.react("phosphorylate", 10.5, 2.6)
    sheet.route("phosphorylate", jak, (10.5, 4.0), (5.2, 4.0))
    return 14.5, 5.0


def _disposition(sheet: Sheet, drug: str) -> tuple[float, float]:
    central, peripheral = f"{drug}_central", f"{drug}_peripheral"
    y = 1.35
    sheet.compartment("central", 1.9, 0.9, 5.9, 2.15)
    sheet.compartment("peripheral", 7.4, 0.9, 11.6, 2.15)
    sheet.place(central, 3.9, y)
    sheet.place(peripheral, 9.5, y)
    sheet.react(f"absorb_{drug}", 1.2, y, void=(-0.7, 0))
    sheet.react(f"distribute_{drug}", 6.65, y)
    sheet.react(f"eliminate_{drug}", 3.9, 0.45, void=(0.8, 0))
    return 11.8, DISPOSITION


class Cell:
    """One cytokine in a cell, from top to bottom: receptor, JAKs, STAT cycles, genes, feedback."""

    def __init__(self, sheet: Sheet, top: float) -> None:
        self.sheet, self.top = sheet, top
        network = sheet.network
        (ligand,) = (s for s in network.species if s.startswith("L_"))
        self.cytokine = ligand.removeprefix("L_")
        self.alpha = f"LA_{self.cytokine}" in network.species
        self.stats = [s.removeprefix("phosphorylate_" + self.cytokine + "_") for s in network.reactions
                      if s.startswith("phosphorylate_")]  # fmt: skip
        self.socs = [s.removeprefix("translate_") for s in network.reactions if s.startswith("translate_")]
        self.gap = 4.8 if self.alpha else 4.4
        self.bind = 3.9
        self.xs = [self.bind + self.gap * (i + 0.5) for i in range(3)]  # LP, R, Rp
        self.rise = self.xs[2] + 3.1  # feedback goes up here
        self.width = self.rise + 0.7
        y = self._receptor(top + 1.75)
        y = self._kinases(y)
        y = self._cycles(y)
        y = self._genes(y)
        sheet.compartment("cytosol", EDGE, top + 1.75, self.width - EDGE, y)
        self.size = (self.width, y + 0.2)

    def _pool(self, chain: str, x: float, y: float) -> None:
        """A chain between its synthesis and its turnover."""
        half = self.sheet.place(chain, x, y).width / 2
        self.sheet.react(f"make_{chain}", x - half - 0.45, y, void=(-0.55, 0))
        self.sheet.react(f"lose_{chain}", x + half + 0.45, y, void=(0.55, 0))

    def _chain(self, chain: str, reaction: str, x: float, y: float) -> None:
        """The pool of a chain where it is used first, else a clone."""
        if chain in self.sheet.glyphs:
            self.sheet.clone(chain, reaction, x, y)
        else:
            self._pool(chain, x, y)

    def _receptor(self, top: float) -> float:
        sheet, name, (lp, r, rp) = self.sheet, self.cytokine, self.xs
        reactions = sheet.network.reactions
        (first,) = reactions[f"bind_{name}"].reactants.keys() - {f"L_{name}"}
        (second,) = reactions[f"assemble_{name}"].reactants.keys() - {f"LP_{name}"}
        pool, row = top + 0.75, top + 2.25
        sheet.compartment("medium", EDGE, self.top + 0.3, self.width - EDGE, self.top + 1.55)
        sheet.place(f"L_{name}", 1.6, self.top + 0.8)
        for symbol, x in zip((f"LP_{name}", f"R_{name}", f"Rp_{name}"), self.xs, strict=True):
            sheet.place(symbol, x, row, mark="P" if x == rp else "")
        middle = [(lp + r) / 2, (r + rp) / 2]
        sheet.react(f"bind_{name}", self.bind, row)
        sheet.route(f"L_{name}", f"bind_{name}", (1.6, row))
        self._chain(first, f"bind_{name}", self.bind, pool)
        sheet.react(f"assemble_{name}", middle[0], row)
        self._chain(second, f"assemble_{name}", middle[0], pool)
        sheet.react(f"lose_LP_{name}", lp, row - 1.1, void=(0, -0.55))
        sheet.react(f"lose_R_{name}", r, row - 1.1, void=(0, -0.55))
        self._switch("", middle[1], row)
        self.active = [(f"Rp_{name}", rp, row)]
        self.switches = [(f"activate_{name}", middle[1], row)]
        self.losses = [(f"lose_Rp_{name}", row)]
        if self.alpha:
            row = self._alpha(row, middle, first, second)
        return row

    def _switch(self, form: str, x: float, y: float) -> None:
        """Activation and deactivation of a receptor, and the loss of its active form."""
        name, active = self.cytokine, "Rap" if form else "Rp"
        self.sheet.react(f"activate_{form}{name}", x, y + 0.3)
        self.sheet.react(f"deactivate_{form}{name}", x, y - 0.3)
        self.sheet.react(f"lose_{active}_{name}", self.xs[2] + 2.3, y, void=(0, -0.55))

    def _alpha(self, row: float, middle: list[float], first: str, second: str) -> float:
        """The second row: the same receptor with the chain that captures the cytokine."""
        sheet, name, (lp, r, rp) = self.sheet, self.cytokine, self.xs
        (alpha,) = sheet.network.reactions[f"bind_alpha_{name}"].reactants.keys() - {f"L_{name}"}
        between, low = row + 2.0, row + 4.0
        left = 1.3
        for symbol, x in zip(("LA", "LAP", "Ra", "Rap"), (left, *self.xs), strict=True):
            sheet.place(f"{symbol}_{name}", x, low, mark="P" if symbol == "Rap" else "")
        sheet.route(f"L_{name}", f"bind_{name}", (1.9, row))
        sheet.react(f"bind_alpha_{name}", 1.2, between)
        half = sheet.place(alpha, 3.0, between).width / 2
        for reaction, x in ((f"make_{alpha}", 3.0 - half + 0.2), (f"lose_{alpha}", 3.0 + half - 0.2)):
            sheet.react(reaction, x, between - 0.7, void=(0, -0.55))
        for reaction, x in ((f"capture_LP_{name}", lp + 0.4), (f"capture_R_{name}", r + 0.4)):
            sheet.react(reaction, x, between)
            sheet.clone(alpha, reaction, x + 1.25, between)
        sheet.react(f"pass_{name}", 3.0, low)
        sheet.clone(first, f"pass_{name}", 3.0, low + 1.0)
        sheet.react(f"assemble_alpha_{name}", middle[0], low)
        sheet.clone(second, f"assemble_alpha_{name}", middle[0], low + 1.0)
        for symbol, x in (("LA", left + 0.4), ("LAP", lp + 0.4), ("Ra", r + 0.4)):
            sheet.react(f"lose_{symbol}_{name}", x, low + 1.05, void=(0, 0.55))
        self._switch("alpha_", middle[1], low)
        self.active.append((f"Rap_{name}", rp, low))
        self.switches.append((f"activate_alpha_{name}", middle[1], low))
        self.losses.append((f"lose_Rap_{name}", low))
        return low + 0.8

    def _kinases(self, row: float) -> float:
        """Inhibitors, the JAKs of the receptor, and how its two slots use them."""
        sheet, name, network = self.sheet, self.cytokine, self.sheet.network
        available = [f"A_{jak}" for jak in JAKS]
        slots = {s: [*network.drivers(network.rules[s], available)] for s in (f"a_{name}", f"b_{name}")}
        used = [jak for jak in available if any(jak in slot for slot in slots.values())]
        inhibitors = [p for p in network.parameters if p.startswith("I_")]
        y = row + 1.0 + 0.375 * max(len(used), 2)
        for place, symbol in enumerate(inhibitors):
            at = y + 0.75 * (place - (len(inhibitors) - 1) / 2)
            sheet.variable(symbol, "chemical", symbol, 1.9, at, DRUG)
        for place, symbol in enumerate(used):
            at = y + 0.75 * (place - (len(used) - 1) / 2)
            sheet.variable(symbol, "macromolecule", symbol.removeprefix("A_"), 4.8, at)
        for symbol, at in zip(slots, (y - 0.45, y + 0.45), strict=True):
            if len(slots[symbol]) > 1:
                sheet.variable(symbol, "operator", "or", 6.5, at)
        activity, x = (f"T_{name}", 7.8) if len(used) > 1 else (used[0], 4.8)
        if len(used) > 1:
            sheet.variable(activity, "operator", "and", x, y)
        dose = [s for s in network.species if s.endswith("_central")]
        for central, symbol in zip(dose, inhibitors, strict=False):
            sheet.route(central, symbol, (2.4, self.top + 0.05), (0.4, self.top + 0.05), (0.4, y))
        bus = y + 0.375 * max(len(used), 2) + 0.3
        self._catalysis(activity, (x, y), bus)
        return bus + 0.6

    def _catalysis(self, activity: str, at: Point, bus: float) -> None:
        """The two catalytic steps: JAKs switch the receptor on, JAKs and receptor phosphorylate STATs."""
        sheet, name = self.sheet, self.cytokine
        for reaction, x, level in self.switches:
            if self.alpha:
                aside, below = x + 0.6, level + 0.95
                sheet.route(activity, reaction, (aside, at[1]), (aside, below), (x, below))
            else:
                sheet.route(activity, reaction, (x, at[1]))
        for stat, x in self._blocks():
            target = f"phosphorylate_{name}_{stat}"
            sheet.route(activity, target, (at[0], bus), (x - APART, bus))
            *upper, (lowest, down, _) = self.active
            level = bus + 0.3
            sheet.route(lowest, target, (down + 0.5, level), (x, level))
            for symbol, down, row in upper:
                aside = down + 1.7
                sheet.route(symbol, target, (aside, row + 0.25), (aside, level), (x, level))

    def _blocks(self) -> list[tuple[str, float]]:
        """Each STAT with the middle of its cycle."""
        return [(stat, 1.5 + BLOCK * place + 2.35) for place, stat in enumerate(self.stats)]

    def _cycles(self, bus: float) -> float:
        sheet, name = self.sheet, self.cytokine
        y, nuclear = bus + 1.15, bus + 3.05
        self.bus = bus
        for stat, x in self._blocks():
            left, right = x - 1.4, x + 1.4
            sheet.place(stat, left, y)
            sheet.place(f"p{stat}", right, y, mark="P")
            sheet.place(f"p{stat}_nuc", right, nuclear, mark="P")
            sheet.place(f"{stat}_nuc", left, nuclear)
            sheet.react(f"phosphorylate_{name}_{stat}", x, y - 0.3, half=APART + 0.08)
            sheet.react(f"dephosphorylate_p{stat}", x, y + 0.3)
            sheet.react(f"import_p{stat}", right, y + 0.72)
            sheet.react(f"dephosphorylate_p{stat}_nuc", x, nuclear)
            sheet.react(f"import_{stat}", left - 0.3, y + 0.72)
            sheet.react(f"export_{stat}", left + 0.3, y + 0.72)
        right = self._blocks()[-1][1] + 2.7
        sheet.compartment("nucleus", 1.2, nuclear - 0.8, right, nuclear + 0.75)
        return nuclear + 0.75

    def _genes(self, y: float) -> float:
        """Target genes under their STATs, then a row each for ISGF3 and the feedback proteins."""
        sheet, network = self.sheet, self.sheet.network
        lanes = {f"p{stat}_nuc": y + 0.3 + 0.25 * place for place, stat in enumerate(self.stats)}
        trunks = {factor: 0.55 + 0.25 * place for place, factor in enumerate(lanes)}
        row = y + 0.3 + 0.25 * len(self.stats) + 0.65
        for stat, x in self._blocks():
            box = sheet.place(f"target_{stat}_mRNA", x, row)
            start, lane = box.left - 0.45, lanes[f"p{stat}_nuc"]
            sheet.react(f"transcribe_target_{stat}", start, row, void=(-0.55, 0))
            sheet.react(f"lose_target_{stat}", box.right + 0.4, row, void=(0, 0.55))
            sheet.route(f"p{stat}_nuc", f"transcribe_target_{stat}", (x + 1.4, lane), (start, lane))
        row += 1.2
        places = dict(self._blocks())

        def from_trunk(factor: str, target: str, level: float) -> None:
            x = places[factor.removeprefix("p").removesuffix("_nuc")] + 1.4
            lane, trunk = lanes[factor], trunks[factor]
            sheet.route(factor, target, (x, lane), (trunk, lane), (trunk, level))

        if "target_ISGF3_mRNA" in network.species:
            both = network.drivers(network.rules["dna_ISGF3"], lanes)
            sheet.variable("dna_ISGF3", "operator", "and", 2.0, row)
            for place, factor in enumerate(both):
                from_trunk(factor, "dna_ISGF3", row + 0.2 * (place - 0.5))
            sheet.react("transcribe_target_ISGF3", 3.0, row, void=(0, -0.55))
            box = sheet.place("target_ISGF3_mRNA", 5.2, row)
            sheet.react("lose_target_ISGF3", box.right + 0.45, row, void=(0.55, 0))
            row += 1.3
        for protein in self.socs:
            transcription = f"transcribe_{protein}"
            drivers = [*network.drivers(network.reactions[transcription].law, lanes)]
            for place, factor in enumerate(drivers):
                from_trunk(factor, transcription, row + 0.1 * (place - (len(drivers) - 1) / 2))
            self._feedback(protein, row)
            row += 2.0
        return row - (0.1 if self.socs else 0.4)

    def _feedback(self, protein: str, row: float) -> None:
        """Transcript in stages, protein, and the way up to the receptor and the STATs."""
        sheet, name = self.sheet, self.cytokine
        xs = [4.6 + 2.85 * i for i in range(4)]
        sheet.react(f"transcribe_{protein}", 3.0, row, void=(0, -0.55))
        for stage, x in zip(("rna1", "rna2", "rna3", "mRNA"), xs, strict=True):
            sheet.place(f"{protein}_{stage}", x, row)
        for step, (before, after) in enumerate(pairwise(xs), start=1):
            sheet.react(f"process{step}_{protein}", (before + after) / 2, row)
        last, low = xs[-1], row + 0.95
        sheet.react(f"lose_{protein}_mRNA", last + 1.4, row, void=(0.55, 0))
        sheet.react(f"translate_{protein}", last, low, void=(-0.6, 0))
        x = last + 1.5
        sheet.place(protein, x, low)
        sheet.react(f"lose_{protein}", x + 1.1, low, void=(0.55, 0))
        rank = self.socs.index(protein) - (len(self.socs) - 1) / 2
        rise, turn = self.rise + 0.3 * rank, low + 0.5
        up: tuple[Point, ...] = ((x, turn), (rise, turn))
        braking = losing = protein
        if len(self.socs) > 1:
            braking, losing = f"brake_{name}", f"loss_SOCS_{name}"
            if braking not in sheet.glyphs:
                sheet.variable(braking, "operator", "or", self.rise - 0.9, self.bus, FEEDBACK)
                sheet.variable(losing, "operator", "or", self.rise, self.losses[-1][1] + 1.0, FEEDBACK)
            sheet.route(protein, braking, *up, (rise, self.bus + 0.2 * rank))
            sheet.route(protein, losing, *up)
            up = ()
        bend = (*up, (rise, self.bus)) if up else ()
        for stat, at in self._blocks():
            sheet.route(braking, f"phosphorylate_{name}_{stat}", *bend, (at + APART, self.bus))
        for reaction, level in self.losses:
            at = self.xs[2] + 2.3
            sheet.route(losing, reaction, *up, (self.rise, level + 0.55), (at, level + 0.55))
