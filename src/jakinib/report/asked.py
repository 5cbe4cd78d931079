"""What ICH M15 and ASME V&V 40 ask: the fields that a person fills in, and the credibility factors."""

from __future__ import annotations

# Section of the page -> names of its empty fields.
FIELDS = {
    "question": ("Question of interest of this assessment",),
    "context": ("Context of use of this assessment, and the other evidence that joins it",),
    "influence": ("Model influence: rating and justification",),
    "consequence": ("Consequence of a wrong decision: rating and justification",),
    "risk": ("Model risk: rating and justification",),
    "impact": ("Model impact: rating and justification",),
    "criteria": ("Are the technical criteria adequate to the model risk?",),
    "appropriateness": ("Appropriateness of the proposed use: judgement and justification",),
    "plan": (
        "Model analysis plan of this assessment: document, version, date of agreement",
        "Deviations from the plan, and why",
    ),
    "verification": ("Is verification sufficient for the model risk?",),
    "validation": ("Is validation sufficient for the model risk?",),
    "applicability": ("Distance between validation and context of use: judgement",),
    "requalification": (
        "Changes since the last qualification that matter to this use",
        "Decision on re-qualification, and its date",
    ),
    "conclusion": (
        "Credibility for the context of use: conclusion",
        "Assessor: name, function, date, signature",
        "Independent reviewer: name, function, date, signature",
    ),
}

# Credibility factors of ASME V&V 40 -> items of docs/credibility.yaml that bear on them, section of the page.
FACTORS = (
    ("Code verification: software quality assurance", ("A1", "R1", "R4"), "verification"),
    ("Code verification: numerical code verification", ("V2", "V3", "V4"), "verification"),
    ("Calculation verification: discretisation error", ("V1",), "verification"),
    ("Calculation verification: numerical solver error", ("V1", "V5"), "verification"),
    ("Calculation verification: use error", ("E4", "R2"), "verification"),
    ("Computational model: model form", ("E5", "E6", "E7", "E8"), "appropriateness"),
    ("Computational model: model inputs", ("N1", "N2", "U1", "U3", "U5", "U6"), "appropriateness"),
    ("Comparator: test samples", ("N3", "N4", "N5"), "validation"),
    ("Comparator: test conditions", ("N3",), "validation"),
    ("Assessment: equivalency of input parameters", ("N3", "N5"), "validation"),
    ("Assessment: output comparison", ("A1", "A2", "A3"), "validation"),
    ("Applicability: relevance of the quantities of interest", ("C1", "A4"), "applicability"),
    (
        "Applicability: relevance of the validation activities to the context of use",
        ("C1", "A4"),
        "applicability",
    ),
)
