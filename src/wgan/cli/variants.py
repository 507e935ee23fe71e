"""`wgan variants`: the table of variants."""

from wgan.cli.output import screen
from wgan.objectives.variants import VARIANTS


def variants_command() -> int:
    """Print the table of variants."""
    for variant in VARIANTS.values():
        screen.print(variant.name, style="bold")
        facts = {
            "score": variant.score.name,
            "estimates": variant.score.measures,
            "penalty": variant.penalty or "none",
            **({"consistency": variant.consistency} if variant.consistency else {}),
            "constraint": variant.constraint or "none",
            "settings": ", ".join(f"{k} {v}" for k, v in variant.optimizer.items()),
            "choose it": variant.when,
            "paper": variant.paper,
        }
        for name, fact in facts.items():
            screen.print(f"  {name:11} {fact}")
    return 0
