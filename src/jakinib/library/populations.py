"""Patient populations: a typical member, and how the members differ."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from jakinib.errors import UnitError
from jakinib.library import ranges
from jakinib.library.ranges import EntryName, Line, text
from jakinib.library.schema import Aliases, Quantity, Strict


class Distribution(Strict):
    """Variability of a positive quantity between patients, about its typical value.

    cv: coefficient of variation of the lognormal, omega^2 = ln(1 + CV^2). shape: of a Box-Cox transform of
    the deviate, 0 leaves it lognormal. low, high: physiological limits; a patient beyond them is drawn again.
    """

    cv: Annotated[Quantity, AfterValidator(ranges.VARIABILITY.check)]
    shape: Quantity | None = None
    low: Quantity | None = None
    high: Quantity | None = None

    @model_validator(mode="after")
    def _possible(self) -> Distribution:
        if self.shape is not None and abs(self.shape.to("dimensionless")) > 10:
            raise ValueError(f"shape is {self.shape.value:g}; it must lie between -10 and 10")
        for name, limit in (("low", self.low), ("high", self.high)):
            if limit is not None and limit.value < 0:
                raise ValueError(f"{name} is {limit.value:g} {limit.unit}; this quantity cannot be negative")
        if self.low and self.high:
            try:
                low = self.low.to(self.high.unit)
            except UnitError as error:
                raise ValueError(f"low and high: {error}") from None
            if low >= self.high.value:
                raise ValueError("low is not below high; exchange them")
        return self

    @property
    def omega2(self) -> float:
        """Variance of the deviate on the log scale."""
        return math.log1p(self.cv.to("dimensionless") ** 2)


class Correlation(Strict):
    """How two quantities vary together: a correlation, or a covariance on the omega^2 scale."""

    between: tuple[str, str]
    correlation: Annotated[Quantity, AfterValidator(ranges.CORRELATION.check)] | None = None
    covariance: Quantity | None = None

    @model_validator(mode="after")
    def _one(self) -> Correlation:
        if (self.correlation is None) == (self.covariance is None):
            raise ValueError("give either correlation or covariance")
        if self.between[0] == self.between[1]:
            raise ValueError(f"between names {self.between[0]} twice")
        return self


class Population(Strict):
    """A patient population: its typical member, and how its members differ.

    variability: weight, eGFR, a disposition parameter of an inhibitor (V1_baricitinib) or a signalling symbol
    (ATP; may hold a wildcard, kphos_*). ensemble: plan whose fitted ensemble spreads the signalling values.
    """

    id: EntryName
    name: Line = ""
    aliases: Aliases = Field(default_factory=list)
    weight: Annotated[Quantity, AfterValidator(ranges.BODY_WEIGHT.check)]
    eGFR: Annotated[Quantity, AfterValidator(ranges.EGFR.check)]
    variability: dict[str, Distribution] = Field(default_factory=dict)
    correlations: list[Correlation] = Field(default_factory=list)
    ensemble: EntryName | Literal[""] = ""

    @field_validator("variability")
    @classmethod
    def _few(cls, variability: dict[str, Distribution]) -> dict[str, Distribution]:
        ranges.at_most(variability, 500, "quantities that vary")
        for name in variability:
            text(r"[A-Za-z*][A-Za-z0-9_*]*", 80, "a symbol, which may hold a wildcard *")(name)
        return variability

    @field_validator("correlations")
    @classmethod
    def _possible(cls, correlations: list[Correlation], info: ValidationInfo) -> list[Correlation]:
        if "variability" in info.data:
            correlation_matrix(info.data["variability"], correlations)
        return correlations


def correlation_matrix(
    variability: dict[str, Distribution], correlations: list[Correlation]
) -> NDArray[np.float64]:
    """Correlations of the deviates in the order of ``variability``; ValueError when they are impossible."""
    names = list(variability)
    matrix = np.eye(len(names))
    for entry in correlations:
        for name in entry.between:
            if name not in names:
                raise ValueError(f"name '{name}', which has no variability; known: {', '.join(names)}")
        i, j = (names.index(name) for name in entry.between)
        if entry.correlation is not None:
            value = entry.correlation.to("dimensionless")
        else:
            assert entry.covariance is not None
            scale = math.sqrt(variability[names[i]].omega2 * variability[names[j]].omega2)
            value = math.inf if scale == 0 else entry.covariance.to("dimensionless") / scale
        if abs(value) > 1:
            raise ValueError(f"of {names[i]} and {names[j]} amount to {value:.3g}; it lies between -1 and 1")
        matrix[i, j] = matrix[j, i] = value
    lowest = float(np.linalg.eigvalsh(matrix)[0]) if names else 1.0
    if lowest <= 1e-10:
        raise ValueError(
            f"are impossible together: their matrix is not positive definite (eigenvalue {lowest:.3g})"
        )
    return matrix
