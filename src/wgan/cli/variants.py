"""`wgan variants`: the table of variants."""

from typing import Any

from wgan.cli.json_output import Json, print_json
from wgan.cli.output import screen
from wgan.objectives.variants import VARIANTS, Variant


def variants_command(*, json_: Json = False) -> int:
    """Print the table of variants.

    Parameters
    ----------
    json_
        Print one JSON document instead of text.
    """
    if json_:
        print_json("variants", {"variants": [_values(each) for each in VARIANTS.values()]})
        return 0
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


def _values(variant: Variant) -> dict[str, Any]:
    """Return the facts of a variant as plain values."""
    parts = {
        "penalty": variant.penalty,
        "consistency": variant.consistency,
        "constraint": variant.constraint,
    }
    return {
        "name": variant.name,
        "score": variant.score.name,
        "estimates": variant.score.measures,
        "reads_w1": variant.reads_w1,
        **{name: None if part is None else str(part) for name, part in parts.items()},
        **variant.settings(),
        "when": variant.when,
        "paper": variant.paper,
    }
