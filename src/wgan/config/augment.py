"""Section of a run's configuration that says how samples are changed before a critic sees them."""

from dataclasses import dataclass
from typing import Literal

from wgan.base.errors import SettingError, did_you_mean
from wgan.data.augmentation import CHANGES, MIRRORED

Mode = Literal["fixed", "adaptive"]
FIXED = 0.4
"""Probability of each change in the fixed mode, if none is given."""
TARGET = 0.3
"""Overfitting at which an adaptive probability stays, if none is given."""


@dataclass(frozen=True)
class AugmentConfig:
    """Random changes of what the critic sees, real and generated alike, for pictures."""

    mode: Mode | None = None
    """How often samples are changed. fixed: with one probability throughout; adaptive: it rises
    while the critic overfits; unset: nothing is changed.
    """
    probability: float | None = None
    """Probability of each change; adaptive: that of the first step. Unset: 0.4; adaptive: 0."""
    target: float | None = None
    """Overfitting at which an adaptive probability stays, from 0 (none) to 1 (all); unset: 0.3."""
    flips: bool | None = None
    """Whether pictures are mirrored at random; unset: if training pictures cannot be distinguished
    from mirrored ones.
    """
    changes: tuple[str, ...] | None = None
    """Which other changes are made; unset: brightness, saturation, contrast, translation, cutout.
    """

    def __post_init__(self) -> None:
        for name in ("probability", "target", "flips", "changes"):
            if self.mode is None and getattr(self, name) is not None:
                raise SettingError(
                    f"augment.{name}",
                    "is set, but augment.mode is not: set it to adaptive or fixed",
                )
        if self.target is not None and self.mode != "adaptive":
            raise SettingError("augment.target", "is set, but augment.mode is not adaptive")
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise SettingError(
                "augment.probability", f"= {self.probability}: give a probability from 0 to 1"
            )
        if self.target is not None and not 0 < self.target < 1:
            raise SettingError("augment.target", f"= {self.target}: give a share between 0 and 1")
        for name in self.changes or ():
            if name not in CHANGES:
                raise SettingError(
                    "augment.changes", f"holds '{name}'. {did_you_mean(name, CHANGES)}"
                )

    @property
    def adaptive(self) -> bool:
        """Whether the probability follows the critic's overfitting."""
        return self.mode == "adaptive"

    @property
    def first(self) -> float:
        """Probability of each change at the first step; 0 where nothing is changed."""
        if self.probability is not None:
            return self.probability
        return FIXED if self.mode == "fixed" else 0.0

    @property
    def aim(self) -> float:
        """Overfitting at which an adaptive probability stays."""
        return TARGET if self.target is None else self.target

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the changes that may be made."""
        return (
            *(CHANGES if self.changes is None else self.changes),
            *[MIRRORED] * bool(self.flips),
        )
