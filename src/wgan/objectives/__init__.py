"""The mathematics of GANs: scores, penalties, constraints and the table of variants; the losses.

The table imports no torch. What computes with torch is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wgan.objectives.variants import VARIANTS, Variant, find_variant

if TYPE_CHECKING:
    from wgan.objectives.checker import check_critic, weight_advice
    from wgan.objectives.losses import CriticLoss, CriticTerms, GeneratorLoss

__all__ = [
    "VARIANTS",
    "CriticLoss",
    "CriticTerms",
    "GeneratorLoss",
    "Variant",
    "check_critic",
    "find_variant",
    "weight_advice",
]

_NEED_TORCH = {
    "CriticLoss": "losses",
    "CriticTerms": "losses",
    "GeneratorLoss": "losses",
    "check_critic": "checker",
    "weight_advice": "checker",
}


def __getattr__(name: str) -> Any:
    """Return a public name from the file that defines it, which imports torch."""
    if name in _NEED_TORCH:
        return getattr(import_module(f"wgan.objectives.{_NEED_TORCH[name]}"), name)
    raise AttributeError(f"module 'wgan.objectives' has no attribute '{name}'")
