"""Sentences on an evaluation, each with the figures that it rests on, the most important first."""

from wgan.evaluation import Evaluation
from wgan.evaluation.results import Line

COPIES, LEANS = 0.6, 0.5
LOST = 0.1
LEAST_EXPECTED = 10
NAMED = 8
FAR_FROM_COVERED = 0.8
TOLD_APART = 0.75


def sentences(evaluation: Evaluation) -> list[str]:
    """Return what the figures of a generator say of fit, collapse, detection and copying.

    A mode is lost where its share is less than a tenth of the true one, and 10 samples or more were
    to be expected; neighbourhoods are missed where coverage, whole interval, is below eight tenths
    of what real samples reach; training samples are copied where they are nearer than held-out
    ones, whole interval, more often than 60 in 100 (50: no copying, 100: all copied).
    """
    found = [
        _fit(evaluation),
        _modes(evaluation),
        _coverage(evaluation),
        _detection(evaluation),
        _copying(evaluation),
        *_farthest(evaluation),
    ]
    return [sentence for sentence in found if sentence]


def _fit(evaluation: Evaluation) -> str:
    line = evaluation.get("w1-exact")
    if line is None or line.real <= 0:
        return ""
    ratio, title = line.generated.value / line.real, line.cells
    figures = f"W1 {title[1]}, real {title[2]}, {evaluation.broken} {title[3]}"
    return (
        f"generated samples lie {ratio:.2f} times as far from held-out ones as real samples do"
        f" ({figures})"
    )


def lost_modes(evaluation: Evaluation) -> list[str]:
    """Return the names of the modes that were lost."""
    modes = evaluation.details.get("modes")
    if not modes:
        return []
    expected = [true * modes["n"] for true in modes["true"]]
    each = zip(modes["names"], modes["generated"], modes["true"], expected, strict=True)
    return [
        name for name, share, true, count in each if count >= LEAST_EXPECTED and share < LOST * true
    ]


def _modes(evaluation: Evaluation) -> str:
    line, modes = evaluation.get("modes"), evaluation.details.get("modes")
    if line is None or not modes:
        return ""
    number, lost = len(modes["names"]), lost_modes(evaluation)
    kl = evaluation.get("modes-kl")
    figures = f"{line.cells[1]} found (real samples: {line.cells[2]})" + (
        f", KL {kl.cells[1]} nats (real {kl.cells[2]})" if kl else ""
    )
    if lost:
        names = ", ".join(lost[:NAMED]) + (
            f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
        )
        return (
            f"modes lost: {len(lost)} of {number} have less than a tenth of their share: {names};"
            f" {figures}"
        )
    return f"no mode of {number} is lost: {figures}"


def _coverage(evaluation: Evaluation) -> str:
    line = evaluation.get("coverage")
    if (
        line is None
        or line.generated.value + line.generated.half_width >= FAR_FROM_COVERED * line.real
    ):
        return ""
    return (
        f"parts of the data are missed: {line.cells[1]} % of held-out samples have a generated one"
        f" near by (real samples: {line.cells[2]} %)"
    )


def _detection(evaluation: Evaluation) -> str:
    line = evaluation.get("c2st-auc")
    if line is None:
        return ""
    auc = line.generated
    if auc.value - auc.half_width > TOLD_APART:
        word = "are told from real ones with ease"
    else:
        word = (
            "are told from real ones at times"
            if auc.value - auc.half_width > max(line.real, 0.5)
            else "cannot be told from real ones by this classifier"
        )
    return (
        f"generated samples {word}: detection AUC {line.cells[1]} (0.5: chance; real"
        f" {line.cells[2]})"
    )


def copies(line: Line) -> bool:
    """Tell whether the share of samples nearer to training than to held-out ones shows copying."""
    return line.generated.value - line.generated.half_width > COPIES


def _copying(evaluation: Evaluation) -> str:
    line = evaluation.get("dcr-share")
    if line is None:
        return ""
    figures = (
        f"{line.cells[1]} % nearer to training than to held-out samples, at equal numbers (50: no"
        f" copying; real {line.cells[2]})"
    )
    if copies(line):
        return f"training samples are copied: {figures}"
    low = line.generated.value - line.generated.half_width
    return (
        f"samples lean towards training ones: {figures}"
        if low > LEANS
        else f"no copying is seen: {figures}"
    )


def _farthest(evaluation: Evaluation) -> list[str]:
    found = []
    for what in ("columns", "pairs"):
        worst = sorted(evaluation.details.get(what, {}).items(), key=lambda item: -item[1])[:3]
        if worst:
            found.append(
                f"{what} farthest off: " + "; ".join(f"{name} {error:.1%}" for name, error in worst)
            )
    return found
