# ruff: noqa: E501 (the inputs are lists of what users type)
"""The inputs of docs/reference/spoken.md and what becomes of each; run as a script it writes the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jakinib.assay.cell import MATRICES, cytokine_dose_nM, cytokines_of
from jakinib.errors import JakinibError
from jakinib.library import get_library
from jakinib.library.names import resolve
from jakinib.library.readouts import readout
from jakinib.regimen import Regimen
from jakinib.regimen.changing import Changing, changing, first
from jakinib.units import spoken

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "spoken.md"
LIBRARY = get_library()


def _regimen(text: str) -> str:
    return Regimen.parse(text).to_text()


def _condition(text: str) -> str:
    return resolve("condition of baricitinib", text, LIBRARY.inhibitor("baricitinib").conditions)


def _dose(text: str) -> str:
    cytokine, _, amount = text.partition(": ")
    return f"{cytokine_dose_nM(LIBRARY.cytokine(cytokine), amount, 'dose'):.3g} nM"


def _covariate(text: str, unit: str, what: str, shown: str) -> str:
    found = changing(text, unit, what)
    later = found.changes if isinstance(found, Changing) else ()
    return ", then ".join(
        [f"{first(found):g} {shown}", *(f"{value:g} from {time:g} h" for time, value in later)]
    )


def _read(text: str) -> str:
    cytokine, _, name = text.partition(": ")
    return readout(LIBRARY, LIBRARY.cytokine(cytokine), name).id


# Kind of input: how it is read, what is plausible, and what is wrong.
KINDS: dict[str, tuple[Callable[[str], str], str, str]] = {
    "inhibitor": (
        lambda name: LIBRARY.inhibitor(name).id,
        "baricitinib|Baricitinib|BARICITINIB|Olumiant|olumiant|LY3009104|LY-3009104|LY 3009104|INCB028050|INCB-28050"
        "|bari|tofacitinib|Xeljanz|CP-690550|CP-690,550|CP690550|cp 690550|tasocitinib|tofa|upadacitinib|Rinvoq"
        "|ABT-494|ABT494|upa|filgotinib|Jyseleca|GLPG0634|GLPG-0634|GS-6034|filgo|GS-829845|GS829845|ruxolitinib"
        "|Jakavi|Jakafi|INCB018424|INC424|ruxo|peficitinib|Smyraf|ASP015K|fedratinib|Inrebic|TG101348|SAR-302503"
        "|abrocitinib|Cibinqo|PF-04965842|PF04965842|brepocitinib|PF-06700841",
        "tocilizumab|adalimumab|imatinib|gefitinib|methotrexate|momelotinib|IL-6|RA|etanercept|baricitinb|placebo",
    ),
    "cytokine": (
        lambda name: LIBRARY.cytokine(name).id,
        "IL-6|IL6|IL 6|il-6|il_6|interleukin-6|interleukin 6|Interleukin 6|rhIL-6|hIL-6|IL-2|IL 2|interleukin-2"
        "|aldesleukin|IL-4|IL4|IL-7|IL 10|IL-12|IL-12p70|IL13|IL-15|IL–21|IL-23|interleukin 23|IL27|IFN-γ|IFNγ|IFN γ"
        "|IFNg|IFN-g|IFN gamma|interferon gamma|interferon-γ|IFN-α|IFNα|IFNa|IFN-alpha2b|interferon alfa-2b|IFN-β"
        "|IFN-beta|interferon beta|EPO|erythropoietin|epo|TPO|thrombopoietin|G-CSF|GCSF|G CSF|GM-CSF|GMCSF|gm csf",
        "IL-17|IL-1|IL-1β|TNF-α|TNF|IL-5|IL-8|IFN-λ|IFN|interferon|M-CSF|TGF-β|CRP|baricitinib|IL",
    ),
    "cytokines at once": (
        lambda text: " + ".join(cytokines_of(text)),
        "IL-6 + IFN-γ|IL6+IFNg|interleukin-6 + interferon gamma|IL-2 + IL-7 + IL-15",
        "IL-6 + TNF|IL-6 +|IL-6 & IFN-γ|IL-6 and IFN-γ",
    ),
    "cell": (
        lambda name: LIBRARY.cell(name).id,
        "T cell|T cells|T-cell|t_cells|T lymphocytes|lymphocytes|PBMC|NK|NK cell|NK cells|NK-cells|natural killer"
        "|natural killer cells|CD4|CD4+|CD4⁺ T cells|CD4+ T cells|CD4 T cells|T helper cells|CD8|CD8+|CD8+ T cells"
        "|cytotoxic T cells|Treg|Tregs|regulatory T cells|B|B cell|B cells|B-cells|monocyte|Monocytes|CD14+ monocytes"
        "|macrophages|hepatocytes|CD34+|CD34+ progenitors|CD4 T CD25-",
        "neutrophil|platelet|HeLa|CD25|fibroblast|erythrocyte|mast cell",
    ),
    "population": (
        lambda name: LIBRARY.population(name).id,
        "RA|ra|ra adult|RA patients|rheumatoid arthritis|patients with RA|adults with rheumatoid arthritis|healthy"
        "|healthy volunteers|healthy adult|HV|JIA|juvenile idiopathic arthritis|JIA patients|UC|ulcerative colitis"
        "|PsA|psoriatic arthritis|MF|myelofibrosis|paediatric atopic dermatitis|children with atopic dermatitis",
        "child|children|gout|lupus|pregnant women|Crohn|dialysis",
    ),
    "read-out": (
        _read,
        "IL-2: pSTAT5|IL-2: pstat5|IL-2: STAT5|IL-2: p-STAT5|IL-2: phospho-STAT5|IL-2: phospho STAT 5|IL-6: pSTAT3"
        "|IL-6: stat3|IL-6: pY-STAT3|IFN-γ: STAT1|IFN-α: pSTAT 2|IL-4: pSTAT6|IL-12: p_STAT4|IL-6: phosphorylated STAT3",
        "IL-6: pSTAT5|IL-6: pAKT|IL-2: pERK|IL-6: STAT|IL-4: pSTAT3|IL-6: CRP",
    ),
    "milieu": (
        lambda name: LIBRARY.milieu(name).id,
        "ra_synovium|RA synovium|synovial fluid|synovium|ra-plasma|RA plasma|RA serum|healthy plasma|healthy serum"
        "|lupus|SLE|SLE serum|lupus serum",
        "RA|urine|CSF|saliva|plasma",
    ),
    "condition of baricitinib": (
        _condition,
        "fed|food|with food|Meal|with a meal|high-fat meal|OAT3 inhibitor|OAT3-inhibitor|probenecid|Probenecid",
        "ketoconazole|grapefruit|rifampicin|smoking",
    ),
    "matrix": (
        lambda name: resolve("matrix", name, MATRICES),
        "whole blood|Whole-blood|WB|ex vivo blood|ex vivo|PBMC|PBMCs|culture|cell culture|cell line",
        "blood|urine|plasma|saline",
    ),
    "regimen": (
        _regimen,
        "4 mg|4 mg once|4 mg single dose|single dose of 4 mg|4 mg stat|4 mg qd|4 mg QD|4mg qd|4 mg daily|4 mg once daily"
        "|4 mg once a day|4 mg every day|4 mg OD|4 mg o.d.|4 mg/day|4 mg/d|4 mg per day|4 mg q24h|4 mg every 24 hours"
        "|4,0 mg qd|4 mg po qd|4 mg p.o. once daily|4 mg orally once daily|4 mg by mouth daily|5 mg bid|5 mg BID"
        "|5 mg b.i.d.|5 mg bd|5 mg twice daily|5 mg twice a day|5 mg q12h|5 mg every 12 h|5 mg 12-hourly|5 mg 2x/day"
        "|5 mg tid|5 mg tds|5 mg three times a day|5 mg q8h|5 mg q 8 h|5 mg every eight hours|5 mg qid|5 mg qds"
        "|4 mg every other day|4 mg on alternate days|4 mg qod|30 mg weekly|30 mg once a week|30 mg qw|30 mg every 2 weeks"
        "|30 mg fortnightly|4 mg qd for 14 days|4 mg qd 14 days|4 mg qd x 14 days|4 mg qd x 14|4 mg daily for two weeks"
        "|4 mg qd ss|4 mg qd at steady state|4 mg once daily, steady state|10 mg loading dose then 4 mg qd"
        "|loading dose of 10 mg followed by 4 mg once daily|8 mg once then 4 mg qd x 6|8 mg once, then 4 mg daily"
        "|4 mg baricitinib qd|baricitinib 4mg once a day|4 mg of baricitinib once daily|Olumiant 4 mg once daily"
        "|CP-690550 5 mg bid|baricitinib 4 mg qd and tofacitinib 5 mg bid|4 mg qd x 14 missing 5, 6"
        "|4 mg qd for 14 days missing doses 5 and 6|0.05 mg/kg iv infusion over 30 min|4 mg tablet once daily"
        "|take 4 mg every morning|4 mg nightly|4 milligrams daily|4000 ug qd|5 mg i.v. bolus|4 mg qd for 7 days then 2 mg qd"
        "|4 mg q12|15 mg od continuously",
        "|4|4 qd|four|4 nmol qd|-4 mg qd|nan mg|4 mg twice weekly|4 mg biweekly|4 mg monthly|4 mg prn|4 mg as needed"
        "|4 mg sc weekly|4 mg topically|4 mg with food qd|4 mg at 8 am|1,000 mg qd|4 mg qx|4 mg qd bid|4 mg qd then 2 mg qd"
        "|4 mg imatinib qd|4 mg days 1-7|1 tablet daily|4 mg qd x 0|4 mg qd x 7 for 7 days|4 mg iv|4 mg qd until better",
    ),
    "eGFR": (
        lambda text: _covariate(text, "mL/min", "eGFR", "mL/min per 1.73 m2"),
        "45|45 mL/min|45 ml/min|45 mL/min/1.73 m2|45 mL/min/1.73m²|45 mL/min per 1.73 m2|0.75 mL/s|45,5 mL/min"
        "|90, 30 from 7 days|90 mL/min then 30 mL/min from 168 h|90,5; 30 after 2 weeks|90, 30 from 7 d, 45 from 14 d",
        "90, 30|90, 30 from day 7|30 from 7 days|90, 30 from 7|1 mg/dL|88 umol/L|88 µmol/L|45 kg|normal|stage 3",
    ),
    "weight": (
        lambda text: _covariate(text, "kg", "weight", "kg"),
        "70|70 kg|70kg|70,5 kg|70000 g|154 lb|70 kg, 64 kg from 14 days|70 then 64,5 from 2 weeks",
        "70 mL|heavy|1,000 g|70 years",
    ),
    "hours": (
        lambda text: f"{spoken(text, 'hour', 'hours'):g} h",
        "48|48 h|2 days|2 d|1 week|90 min|48 hours",
        "2 kg|long|2 doses",
    ),
    "cytokine dose": (
        _dose,
        "IL-6: 10 ng/mL|IL-6: 10 ng/ml|IL-6: 0,5 nM|IL-6: 500 pM|IL-2: 100 IU/mL|IFN-α: 1000 IU/mL|IFN-β: 1 kIU/mL"
        "|IFN-γ: 100 IU/mL|EPO: 2 IU/mL|G-CSF: 1000 IU/mL|IL-6: 10 ug/L",
        "IL-6: 100 IU/mL|IL-4: 100 IU/mL|IL-2: 100 U/mL|IL-6: 10|IL-6: 10 mg|IL-6: a little",
    ),
}  # fmt: skip


def inputs() -> list[tuple[str, str, bool]]:
    """(kind, text, whether it is plausible) of every input."""
    return [
        (kind, text, plausible)
        for kind, (_, good, bad) in KINDS.items()
        for plausible, listed in ((True, good), (False, bad))
        for text in listed.split("|")
    ]


def outcome(kind: str, text: str) -> tuple[bool, str]:
    """(whether it is understood, as what or why not)."""
    try:
        return True, KINDS[kind][0](text)
    except JakinibError as error:
        return False, str(error).splitlines()[0]


def page() -> str:
    """The page, made from what happens."""
    count = len(inputs())
    lines = [
        "# What is understood", "",
        f"Names, regimens and units as they are typed: {count} inputs, and what becomes of each. The page is made from "
        "the code,", "and a test holds both together. What is refused ends a command with exit code 2.", "",
    ]  # fmt: skip
    for kind in KINDS:
        lines += [
            f"## {kind.capitalize() if kind != 'eGFR' else kind}",
            "",
            "| written | becomes |",
            "|---|---|",
        ]
        for one, text, _ in inputs():
            if one == kind:
                understood, said = outcome(kind, text)
                shown = said.replace("|", "\\|")
                shown = f"`{shown}`" if understood else f"refused: {shown}"
                lines.append(f"| {f'`{text}`' if text else '(nothing)'} | {shown} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
