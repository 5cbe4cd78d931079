"""Cell assay: pre-incubation with inhibitor, stimulation with cytokine, phospho-STAT read-out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from jakinib.arguments import checked
from jakinib.assay.curve import NO_SIGNAL, Curve, Effect, Guess, Half, halves_near
from jakinib.errors import InputError, SimulationError, UnitError, UnknownIdError
from jakinib.lanes import Reading
from jakinib.library import get_library
from jakinib.library.milieu import Milieu
from jakinib.library.names import resolve
from jakinib.library.ranges import HOURS, Range
from jakinib.library.readouts import Readout, readout, readouts
from jakinib.library.schema import Cytokine
from jakinib.simulate import Model, Protocol, Runnable, Step, load
from jakinib.units import parse_quantity

WHOLE_BLOOD, EX_VIVO = "whole blood", "ex vivo blood"  # spiked with inhibitor; drawn after a dose


@dataclass(frozen=True)
class Matrix:
    """What inhibitor and cells are in; aliases: how else it is called."""

    aliases: tuple[str, ...] = ()


MATRICES = {
    WHOLE_BLOOD: Matrix(("WB", "spiked whole blood", "spiked blood", "human whole blood", "HWB")),
    EX_VIVO: Matrix(("ex vivo", "ex vivo whole blood", "blood of a dosed patient")),
    "PBMC": Matrix(("PBMCs", "peripheral blood mononuclear cells", "isolated PBMC")),
    "culture": Matrix(("cell culture", "culture medium", "medium", "isolated cells")),
    "cell line/other": Matrix(("cell line", "cell lines", "other")),
}
JOINED = " + "  # between cytokines that stimulate one cell at once
DOSE = Range("nM", 0, 1e9)  # of a cytokine, none included
SERUM_FRACTION = 0.1  # assumed: medium with 10 % serum, used when a data set states nothing


def free_fraction(
    fu: float, matrix: str, serum_fraction: float = SERUM_FRACTION, blood_plasma_ratio: float = 1.0
) -> float:
    """Free share of the nominal concentration in ``matrix``: the concentration that an IC50 is stated in.

    fu: fraction unbound in plasma. Whole blood is spiked, and its nominal concentration is that of blood, of
    which plasma holds 1 / blood_plasma_ratio: fu / blood_plasma_ratio is free, more than 1 where cells take
    up less than plasma water does. Ex vivo blood is drawn after a dose, and its nominal concentration is that
    of total plasma: fu. Elsewhere plasma is diluted by 1 / serum_fraction, which leaves
    1 / (1 + serum_fraction (1/fu - 1)) unbound (linear binding).
    Raises UnknownIdError for an unknown matrix.
    """
    matrix = resolve("matrix", matrix, MATRICES)
    if matrix in (WHOLE_BLOOD, EX_VIVO):
        return fu / blood_plasma_ratio if matrix == WHOLE_BLOOD else fu
    return 1.0 / (1.0 + serum_fraction * (1.0 / fu - 1.0))


@checked
@dataclass(frozen=True)
class CellAssay:
    """Conditions of a cell assay. cytokine_dose in nM, default the usual one; times in hours.

    readout: default the first of the cytokine. cell: default its reference cell. milieu: of the library; its
    level of the cytokine is the dose. beside: further cytokines that stimulate the same cell at once, with
    their doses (nM; None the usual one); they share its JAKs and STATs, and the read-out may be of any.
    settings: parameters of the model in place of the estimates, and fu_<inhibitor>, the share free in plasma.
    Raises InputError for a negative or non-finite condition, UnknownIdError for unknown names.

    >>> import jakinib as jk
    >>> jk.CellAssay("baricitinib", "IL-6", matrix="PBMC").cell
    'T cell'
    """

    inhibitor: str
    cytokine: str
    readout: str = ""
    cell: str = ""
    matrix: str = WHOLE_BLOOD
    cytokine_dose: float = None  # type: ignore[assignment] # a number once made
    preincubation: float = 1.0
    stimulation: float = 0.25
    serum_fraction: float = SERUM_FRACTION
    settings: Mapping[str, float] = field(default_factory=dict)
    milieu: str = ""
    beside: tuple[tuple[str, float | None], ...] = ()  # doses are numbers once made

    def __post_init__(self) -> None:
        library = get_library()
        cytokine = library.cytokine(self.cytokine)
        object.__setattr__(self, "cytokine", cytokine.id)
        object.__setattr__(self, "inhibitor", library.inhibitor(self.inhibitor).id)
        object.__setattr__(self, "cell", library.cell(self.cell or cytokine.reference_cell).id)
        if self.milieu:
            object.__setattr__(self, "milieu", library.milieu(self.milieu).id)
        given = [(cytokine.id, vars(self)["cytokine_dose"])]
        given += [(library.cytokine(name).id, dose) for name, dose in self.beside]
        doses = [(name, self._dose(library.cytokine(name), dose)) for name, dose in given]
        object.__setattr__(self, "cytokine_dose", doses[0][1])
        object.__setattr__(self, "beside", tuple(doses[1:]))
        if len(set(self.cytokines)) < len(doses):
            raise InputError(f"cell assay: {' + '.join(self.cytokines)} names one twice; name each once")
        self._reaches()
        object.__setattr__(self, "readout", self._readout(self.readout).id)
        times = [(name, getattr(self, name), HOURS) for name in ("preincubation", "stimulation")]
        for name, value, limits in [*(("cytokine_dose", dose, DOSE) for _, dose in doses), *times]:
            try:
                limits.number(value)
            except ValueError as error:
                raise InputError(f"cell assay: {name} {error}") from None
        if not 0 <= self.serum_fraction <= 1:
            raise InputError(
                f"cell assay: serum_fraction is {self.serum_fraction:g}; give a share from 0 to 1"
            )
        object.__setattr__(self, "matrix", resolve("matrix", self.matrix, MATRICES))

    def _dose(self, cytokine: Cytokine, given: float | None) -> float:
        """The dose (nM) of a cytokine: as given, else the level of the milieu, else the usual one."""
        usual = level_in(get_library().milieu(self.milieu), cytokine) if self.milieu else None
        if usual is not None and given not in (None, usual):
            raise InputError(f"cell assay: a cytokine dose and the milieu {self.milieu}; give one of them")
        if given is not None:
            return given
        return default_dose(cytokine) if usual is None else usual

    def _reaches(self) -> None:
        """Raises InputError for one of several cytokines that the cell has no receptor of."""
        library = get_library()
        present = library.cell(self.cell).chains
        for name in self.cytokines if self.beside else ():
            chains = [chain for role, chain in library.cytokine(name).chains if role != "alpha_chain"]
            absent = next((c for c in chains if c not in present or present[c].value == 0), None)
            if absent is not None:
                raise InputError(
                    f"cell assay: {self.stimulus}: {self.cell} has no {absent}, through which {name} signals;"
                    " name a cell that has"
                )

    def _readout(self, name: str) -> Readout:
        """A read-out of any of the cytokines; by default the usual one of the first."""
        library = get_library()
        first, *others = (library.cytokine(one) for one in self.cytokines)
        if not (name and others):
            return readout(library, first, name)
        known = {key: read for one in (first, *others) for key, read in readouts(library, one).items()}
        return known[resolve(f"readout of {' + '.join(self.cytokines)}", name, known)]

    @property
    def cytokines(self) -> tuple[str, ...]:
        """All that stimulate the cell at once."""
        return self.cytokine, *(name for name, _ in self.beside)

    @property
    def stimulus(self) -> str:
        """The cytokines as they are written, "IL-6 + IFN-gamma"."""
        return JOINED.join(self.cytokines)

    @property
    def doses(self) -> dict[str, float]:
        """The dose (nM) of each cytokine."""
        return {self.cytokine: self.cytokine_dose} | {n: dose for n, dose in self.beside if dose is not None}

    @property
    def free(self) -> float:
        """Free share of the nominal inhibitor concentration."""
        drug = get_library().inhibitor(self.inhibitor)
        fu, ratio = (part.to("dimensionless") for part in (drug.fu, drug.blood_plasma_ratio))
        fu = self.settings.get(f"fu_{self.inhibitor}", fu)
        return free_fraction(fu, self.matrix, self.serum_fraction, ratio)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which milieu was used, and what was assumed about the inhibitor, a line each."""
        ratio = get_library().inhibitor(self.inhibitor).blood_plasma_ratio
        lines = milieu_notes(self.milieu, self.cytokines)
        if self.beside:
            lines.append(
                f"{self.stimulus} on one cell at once share its JAKs and STATs; every potency the model was "
                "fitted to is of one cytokine alone"
            )
        if self.matrix == WHOLE_BLOOD and ratio.kind == "assumed":
            lines.append(
                f"{self.inhibitor}: blood-to-plasma ratio {ratio.value:g} is assumed: {ratio.rationale}"
            )
        return tuple(lines)

    @property
    def read(self) -> Readout:
        """What is read of the cell."""
        return self._readout(self.readout)

    @property
    def observable(self) -> str:
        return self.read.symbol

    def model(self) -> Model:
        """The model this assay runs on: of its cytokines and its inhibitor."""
        return self.model_of((self.inhibitor,))

    def model_of(self, inhibitors: tuple[str, ...]) -> Model:
        """The model of its cytokines and these inhibitors."""
        return load("cytokine_signalling", cytokines=self.cytokines, inhibitors=inhibitors, cell=self.cell)

    def protocol(self, free_concentration: float) -> Protocol:
        """Resting cell with inhibitor (free, nM) for the pre-incubation, then cytokine."""
        library = get_library()
        ligands = {f"L_{library.cytokine(name).symbol}": dose for name, dose in self.doses.items()}
        return Protocol(
            times=[self.stimulation],
            start=-self.preincubation,
            settings={**self._of_cells, f"I_{self.inhibitor}": free_concentration},
            steps=[Step(0.0, ligands)],
        )

    @property
    def _of_cells(self) -> dict[str, float]:
        """The settings but for what is free of an inhibitor, which the model of cells is not told."""
        return {name: value for name, value in self.settings.items() if not name.startswith("fu_")}

    def reading(self, free_concentration: float, model: Runnable) -> Reading:
        """What is read at the end of stimulation."""
        return Reading(model, self.protocol(free_concentration), self.observable)

    def response(self, free_concentration: float, model: Runnable) -> float:
        """Read-out at the end of stimulation."""
        return self.reading(free_concentration, model).value()

    def ic50s_near(self, models: Sequence[Runnable], near: Guess) -> list[float]:
        """IC50 (nominal, nM) on each of some models, searched side by side from a value nearby.

        Raises SimulationError as ``curve`` and its ``ic50`` do.
        """
        asked = [Half(self.reading(0.0, model), partial(self.nominal, model), near) for model in models]
        found = zip(models, halves_near(asked), strict=True)
        return [self.curve(model).ic50_near(near) if half is None else half for model, half in found]

    @property
    def label(self) -> str:
        return f"{self.inhibitor}, {self.stimulus} {self.readout}, {self.cell}, {self.matrix}"

    def uninhibited(self, model: Runnable) -> float:
        """Read-out without inhibitor; raises SimulationError when there is none."""
        top = self.response(0.0, model)
        if top <= NO_SIGNAL:
            raise SimulationError(
                f"{self.label}: no signal without inhibitor; check the cytokine dose and the cell's chains"
            )
        return top

    def inhibited(self, model: Runnable) -> Effect:
        """Inhibition (fraction) as a function of the free concentration (nM), a run each.

        Raises SimulationError when the cytokine gives no signal to inhibit.
        """
        return Effect(lambda free: self.reading(free, model), self.uninhibited(model))

    def nominal(self, model: Runnable, top: float) -> Effect:
        """Inhibition (fraction) as a function of the nominal concentration (nM). top: read-out without it."""
        share = self.free
        return Effect(lambda concentration: self.reading(share * concentration, model), top)

    def curve(self, model: Runnable | None = None) -> Curve:
        """Concentration-response against the nominal concentration.

        Raises SimulationError when the cytokine gives no signal to inhibit.
        """
        model = self.model() if model is None else model
        effect = self.nominal(model, self.uninhibited(model))
        return Curve(effect, self.label, asdict(self), self.notes)


def default_dose(cytokine: Cytokine) -> float:
    """Usual dose of cell assays (nM): the cytokine's own, else 50 ng/mL (assumed, usual in phospho-flow)."""
    stated = cytokine.assay_dose
    text = "50 ng/mL" if stated is None else f"{stated.value} {stated.unit}"
    return cytokine_dose_nM(cytokine, text, cytokine.id)


def cytokine_dose_nM(cytokine: Cytokine, text: str, where: str) -> float:
    """A dose such as "10 ng/mL" or "100 IU/mL" in nM; raises UnitError that begins with ``where``.

    International units need the activity of the cytokine, IU in a mass.
    """
    if re.search(r"(?<![A-Za-z])[kM]?U\b", text) or "unit" in text.lower():
        raise UnitError(
            f"{where}: '{text}' is in units of an assay; write IU/mL where international ones are meant"
        )
    if "IU" in text:
        if cytokine.activity is None:
            raise UnitError(
                f"{where}: '{text}': no activity of {cytokine.id} (IU in a mass) is stated; write ng/mL"
            )
        units = parse_quantity(text, "IU/mL", where=where)
        text = f"{units / cytokine.activity.to('IU/mg')!r} mg/mL"
    return parse_quantity(text, "nM", mass=cytokine.molecular_weight.to("g/mol"), where=where)


def level_in(fluid: Milieu, cytokine: Cytokine) -> float:
    """Level (nM) of a cytokine in a milieu; raises UnknownIdError for one that it does not state."""
    if cytokine.id not in fluid.levels:
        raise UnknownIdError(f"cytokine of milieu {fluid.id}", cytokine.id, fluid.levels)
    level = fluid.levels[cytokine.id]
    mass = cytokine.molecular_weight.to("g/mol")
    return parse_quantity(f"{level.value!r} {level.unit}", "nM", mass=mass, where=fluid.id)


def milieu_notes(milieu: str, cytokines: Sequence[str]) -> list[str]:
    """Levels taken from a milieu in place of the usual doses, one line a cytokine; none without a milieu."""
    if not milieu:
        return []
    fluid = get_library().milieu(milieu)
    remark = f"; {fluid.note}" if fluid.note else ""
    levels = {name: fluid.levels[name] for name in cytokines if name in fluid.levels}
    return [
        f"milieu {fluid.id}: {name} {q.value:g} {q.unit} ({q.source}, {q.status}: {q.location}){remark}"
        for name, q in levels.items()
    ]


def cytokines_of(stimulus: str) -> tuple[str, ...]:
    """The cytokines, by id, of "IL-6", or of "IL-6 + IFN-gamma", which stimulate one cell at once.

    Raises UnknownIdError for an unknown name, InputError for another way to join them.

    >>> cytokines_of("interleukin-6 + IFN-g")
    ('IL-6', 'IFN-gamma')
    """
    names = [name.strip() for name in stimulus.split("+")]
    if not all(names) or re.search(r"&|\band\b", stimulus, re.IGNORECASE):
        raise InputError(
            f"cytokine: '{stimulus}'; write 'IL-6 + IFN-gamma' for one cell that meets both at once, and "
            "'IL-6, IFN-gamma' for an assay of each"
        )
    return tuple(get_library().cytokine(name).id for name in names)


def stimulated(
    inhibitor: str, stimulus: str, readout: str, *, cell: str, matrix: str, cytokine_dose: str,
    preincubation: str, stimulation: str, milieu: str,
) -> CellAssay:  # fmt: skip
    """The assay of conditions as text; stimulus: a cytokine, or several with + between, as cytokine_dose."""
    library = get_library()
    first, *others = (library.cytokine(name) for name in cytokines_of(stimulus))
    texts = [text.strip() for text in cytokine_dose.split("+")] if cytokine_dose else []
    if texts and len(texts) != 1 + len(others):
        raise InputError(
            f"cytokine_dose: '{cytokine_dose}' for {stimulus}; give each its dose, such as "
            f"'{' + '.join(['10 ng/mL'] * (1 + len(others)))}'"
        )
    doses: list[Any] = [None] * (1 + len(others))
    if texts:
        pairs = zip((first, *others), texts, strict=True)
        doses = [cytokine_dose_nM(one, text, "cytokine_dose") for one, text in pairs]
    return CellAssay(
        inhibitor, first.id, readout, cell, matrix, doses[0],
        parse_quantity(preincubation, "hour", where="preincubation"),
        parse_quantity(stimulation, "hour", where="stimulation"),
        milieu=milieu, beside=tuple((one.id, dose) for one, dose in zip(others, doses[1:], strict=True)),
    )  # fmt: skip


def assay(
    inhibitor: str,
    cytokine: str,
    readout: str = "",
    *,
    cell: str = "",
    matrix: str = WHOLE_BLOOD,
    cytokine_dose: str = "",
    preincubation: str = "60 min",
    stimulation: str = "15 min",
    milieu: str = "",
    settings: Mapping[str, float] | None = None,
    model: Runnable | None = None,
) -> Curve:
    """Simulate a cell assay and return its concentration-response curve (IC50, Hill slope, plot).

    Doses and times are text with units ("10 ng/mL", "15 min"). matrix: "whole blood" (the IC50 is of spiked
    blood), "ex vivo blood" (of total plasma), "PBMC" or "culture". readout: default is the first of the
    cytokine ("pSTAT5" of IL-2); cell: default is the cytokine's reference cell; cytokine_dose: default the
    usual dose; milieu: in place of a dose, the level that people have ("ra_synovium"). Several cytokines that
    stimulate one cell at once stand with a + between, "IL-6 + IFN-gamma", and so do their doses. settings:
    parameters of the model in place of the estimates, and fu_<inhibitor>, the share free in plasma.
    Raises UnknownIdError, UnitError, InputError or SimulationError.
    """
    conditions = stimulated(
        inhibitor, cytokine, readout, cell=cell, matrix=matrix, cytokine_dose=cytokine_dose,
        preincubation=preincubation, stimulation=stimulation, milieu=milieu,
    )  # fmt: skip
    return replace(conditions, settings=dict(settings or {})).curve(model)
