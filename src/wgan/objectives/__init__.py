"""The mathematics: scores, what keeps a critic Lipschitz, and the table of variants. Imports no
other stage.
"""

from wgan.objectives.checker import check_critic, weight_advice
from wgan.objectives.losses import CriticLoss, CriticTerms, GeneratorLoss
from wgan.objectives.variants import VARIANTS, Variant, find_variant

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
