"""Critics of a population bracket: a network and an extension, made anew as more samples are seen.

The held-out samples come in stages. The critics of a stage are made from the training half and all
stages before it, and never see their own.
"""

from dataclasses import dataclass

import numpy as np

from wgan.audit.auditor import Auditor, train_auditor
from wgan.audit.bounds import Scores, chosen_clamp, extension
from wgan.audit.parts import Parts, Sample
from wgan.base.progress import Progress, silent
from wgan.distances.exact import transport

NETWORK = "certified critic"
EXTENSION = "extension of exact potentials"

STAGES = 2
"""Stages of the held-out half."""

MOST_POINTS = 10_000
"""Training samples of a side in the exact transport whose potentials are extended."""


@dataclass(frozen=True)
class Stage:
    """Samples of both sides: those that critics are made from, and fresh ones that they measure."""

    known_x: Sample
    known_y: Sample
    x: Sample
    y: Sample


def staged(x: Parts, y: Parts, count: int = STAGES) -> list[Stage]:
    """Return the stages of two held-out halves, each with an equal share of the pairs.

    The smaller side is cut into equal parts, and the other at the same shares, so that the pairs of
    `paired_differences` lie in one stage each.

    Args:
        x: parts of the first sample; held-out samples are in random order.
        y: parts of the second.
        count: stages.
    """
    pairs = min(len(x.held_out), len(y.held_out))
    marks = [pairs * k // count for k in range(count + 1)]
    cuts_x, cuts_y = ([len(s.held_out) * mark // pairs for mark in marks] for s in (x, y))
    return [
        Stage(
            np.concatenate([x.train, x.held_out[:i]]),
            np.concatenate([y.train, y.held_out[:j]]),
            x.held_out[i:next_i],
            y.held_out[j:next_j],
        )
        for i, next_i, j, next_j in zip(cuts_x, cuts_x[1:], cuts_y, cuts_y[1:], strict=False)
        if next_i > i and next_j > j
    ]


def scored(
    stage: Stage, steps: int, seed: int, progress: Progress = silent
) -> tuple[list[Scores], Auditor]:
    """Return the scores of a stage's critics, and the network among them.

    Args:
        stage: its samples.
        steps: training steps of the network.
        seed: random seed of the network.
        progress: told of each training step, and of the exact transport.
    """
    auditor = train_auditor(stage.known_x, stage.known_y, steps, seed=seed, progress=progress)
    return [network_scores(auditor, stage), _extended(stage, progress)], auditor


def network_scores(auditor: Auditor, stage: Stage) -> Scores:
    """Return the scores of an auditor.

    Args:
        auditor: the auditor.
        stage: samples; known ones may be empty.
    """
    lipschitz = auditor.certificate.lipschitz
    return Scores(NETWORK, auditor(stage.x), auditor(stage.y), auditor.clamp, lipschitz)


def _extended(stage: Stage, progress: Progress) -> Scores:
    """Return the scores of the McShane extension of exact potentials of known samples."""
    progress("exact potentials", 0, 1)
    points = stage.known_y[:MOST_POINTS]
    v = transport(stage.known_x[:MOST_POINTS], points).v
    known = (s[: 2 * MOST_POINTS] for s in (stage.known_x, stage.known_y))
    x, y, known_x, known_y = (extension(points, v, s) for s in (stage.x, stage.y, *known))
    progress("exact potentials", 1, 1)
    return Scores(EXTENSION, x, y, chosen_clamp(known_x, known_y), 1.0)
