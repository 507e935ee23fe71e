"""Sentences on an evaluation, each with the figures that it rests on, the most important first."""

from wgan.evaluation import Evaluation
from wgan.evaluation.learned_words import learned_in_words
from wgan.evaluation.results import Line
from wgan.evaluation.table_words import table_sentences

COPIED = 0.6
"""A figure of copying surely above it means copies, and surely below it means none worth the name.
The figure is (1 + p) / 2 where a part p of the samples is copied, so here a fifth. Chosen here,
clear of 0.5, which is chance.
"""
LEANS = 0.5
"""A figure of copying surely above it leans towards training samples: 0.5 is chance."""
LOST = 0.1
"""A mode is lost below a tenth of its true share. Chosen here: above it, modes are only unequal."""
LEAST_EXPECTED = 10
"""Expected samples of a mode without which it cannot be called lost. If 10 are expected, a correct
generator draws none with probability exp(-10), or 1 in 20,000.
"""
NAMED = 8
"""Lost modes that a sentence names; more would not be read."""
FAR_FROM_COVERED = 0.8
"""Coverage surely below this part of that of real samples is reported. Chosen here: a higher part
reports smaller gaps, which differ between runs.
"""
EASILY_DETECTED = 0.75
"""A detection AUC surely above it is called easy: half-way from chance (0.5) to certainty (1). One
that may be above it, or at chance, is undecided.
"""
CHANCE = 0.5
"""Detection AUC of a classifier that guesses."""
FARTHEST = 3
"""Columns or pairs that the sentence on the farthest ones names."""


def sentences(evaluation: Evaluation) -> list[str]:
    """Return sentences on a generator's figures: fit, collapse, detection and copying.

    - A mode is lost where its share is less than a tenth of the true one, and 10 samples or more
      were to be expected.
    - Parts of the data are missed where coverage, whole interval, is below eight tenths of what
      real samples reach.
    - Training samples are copied where the figure of copying, whole interval, is above 60 (50: no
      copying, 100: all copied). No copying is seen where its interval ends below 60 and holds 50.
      If it contains both 50 and 60, copying is undecided.

    Args:
        evaluation: the figures.
    """
    parts = [
        _fit(evaluation),
        _learned(evaluation),
        _modes(evaluation),
        _coverage(evaluation),
        _detection(evaluation),
        *table_sentences(evaluation),
        _copying(evaluation),
        *_farthest(evaluation),
    ]
    return [sentence for sentence in parts if sentence]


def _fit(evaluation: Evaluation) -> str:
    """Return how far generated samples lie from held-out ones, in floors."""
    line = evaluation.get("w1-exact")
    if line is None or line.real <= 0:
        return ""
    ratio = line.generated.value / line.real
    _, generated, real, broken, *_ = line.cells
    return (
        f"generated samples lie {ratio:.2f} times as far from held-out ones as real samples do"
        f" (W1 {generated}, real {real}, {evaluation.broken} {broken}){_way(evaluation)}"
    )


def _learned(evaluation: Evaluation) -> str:
    """Return how far generated pictures lie on features that are learned from real ones."""
    line = evaluation.get("kernel-learned")
    return "" if line is None else learned_in_words(line, evaluation.broken)


def _way(evaluation: Evaluation) -> str:
    """Return how far W1 is on the way from real to broken samples, where that is known."""
    line = evaluation.get("w1-normalised")
    if line is None:
        return ""
    return f", {line.cells[1]} on a scale from 0, real rows, to 1, {evaluation.broken}"


def lost_modes(evaluation: Evaluation) -> list[str]:
    """Return the names of the modes that were lost.

    Args:
        evaluation: the figures; without modes, none are lost.
    """
    modes = evaluation.details.get("modes")
    if not modes:
        return []
    lost = []
    for name, share, true in zip(modes["names"], modes["generated"], modes["true"], strict=True):
        expected = true * modes["n"]
        if expected >= LEAST_EXPECTED and share < LOST * true:
            lost.append(name)
    return lost


def _modes(evaluation: Evaluation) -> str:
    """Return how many modes are lost, and which."""
    line = evaluation.get("modes")
    modes = evaluation.details.get("modes")
    if line is None or not modes:
        return ""
    figures = f"{line.cells[1]} found (real samples: {line.cells[2]})"
    if kl := evaluation.get("modes-kl"):
        figures += f", KL {kl.cells[1]} nats (real {kl.cells[2]})"
    number = len(modes["names"])
    lost = lost_modes(evaluation)
    if not lost:
        return f"no mode of {number} is lost: {figures}"
    names = ", ".join(lost[:NAMED])
    if len(lost) > NAMED:
        names += f" and {len(lost) - NAMED} more"
    return (
        f"modes lost: {len(lost)} of {number} have less than a tenth of their share: {names};"
        f" {figures}"
    )


def _coverage(evaluation: Evaluation) -> str:
    """Return a sentence on a part of the data that is surely missed."""
    line = evaluation.get("coverage")
    if line is None or line.generated.high >= FAR_FROM_COVERED * line.real:
        return ""
    return (
        f"parts of the data are missed: {line.cells[1]} % of held-out samples have a generated one"
        f" near by (real samples: {line.cells[2]} %)"
    )


def _detection(evaluation: Evaluation) -> str:
    """Return how well a classifier distinguishes generated samples from real ones."""
    line = evaluation.get("c2st-auc")
    if line is None:
        return ""
    low = line.generated.low
    if low > EASILY_DETECTED:
        words = "are told from real ones with ease"
    elif low > max(line.real, CHANCE):
        words = "are told from real ones at times"
    elif line.generated.high > EASILY_DETECTED:
        words = "may or may not be told from real ones (more held-out samples would tell)"
    else:
        words = "cannot be told from real ones by this classifier"
    return (
        f"generated samples {words}: detection AUC {line.cells[1]} (0.5: chance; real"
        f" {line.cells[2]})"
    )


def copies(line: Line) -> bool:
    """Return whether samples nearer to training than to held-out ones show copying.

    Args:
        line: the figure `dcr-share`.
    """
    return line.generated.low > COPIED


def _copying(evaluation: Evaluation) -> str:
    """Return whether training samples are copied: seen, not seen, or undecided."""
    line = evaluation.get("dcr-share")
    if line is None:
        return ""
    figures = (
        f"{line.cells[1]} % nearer to training than to held-out samples, at equal numbers (50: no"
        f" copying; real {line.cells[2]})"
    )
    if copies(line):
        return f"training samples are copied: {figures}"
    if line.generated.low > LEANS:
        return f"samples lean towards training ones: {figures}"
    if line.generated.high < COPIED:
        return f"no copying is seen: {figures}"
    return (
        f"whether training samples are copied is undecided: {figures}; more held-out samples would"
        " tell"
    )


def _farthest(evaluation: Evaluation) -> list[str]:
    """Return the columns of a table, and the pairs of columns, that are farthest off."""
    parts = []
    for what in ("columns", "pairs"):
        errors = evaluation.details.get(what, {})
        worst = sorted(errors.items(), key=lambda item: -item[1])[:FARTHEST]
        if worst:
            words = "; ".join(f"{name} {error:.1%}" for name, error in worst)
            parts.append(f"{what} farthest off: {words}")
    return parts
