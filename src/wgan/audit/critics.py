"""Critics of a population bracket: a network and an extension, made anew as more samples are seen.

The held-out samples come in stages. The critics of a stage are made from the training half and all
stages before it, and never see their own.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from wgan.audit.auditor import Auditor, train_auditor
from wgan.audit.bounds import Scores, chosen_clamp, extension
from wgan.audit.groups import Codes
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
    """Samples of both sides: those that critics are made from, and fresh ones that they measure.

    `x_groups` and `y_groups` are the groups of fresh samples; None: each sample is one.
    """

    known_x: Sample
    known_y: Sample
    x: Sample
    y: Sample
    x_groups: Codes | None = None
    y_groups: Codes | None = None


def staged(x: Parts, y: Parts, count: int = STAGES) -> list[Stage]:
    """Return the stages of two held-out halves, each with an equal share of the pairs.

    The side of fewer samples (or groups) is cut into equal parts, and the other at the same shares,
    so that the pairs of `paired_differences` lie in one stage each.

    Args:
        x: parts of the first sample; held-out samples are in random order, and those of a group
            beside each other.
        y: parts of the second.
        count: stages.
    """
    starts_x, starts_y = _unit_starts(x), _unit_starts(y)
    pairs = min(len(starts_x), len(starts_y)) - 1
    marks = sorted({pairs * k // count for k in range(count + 1)})
    cuts_x, cuts_y = (
        [int(starts[(len(starts) - 1) * mark // pairs]) for mark in marks]
        for starts in (starts_x, starts_y)
    )
    return [
        Stage(
            np.concatenate([x.train, x.held_out[:i]]),
            np.concatenate([y.train, y.held_out[:j]]),
            x.held_out[i:next_i],
            y.held_out[j:next_j],
            None if x.groups is None else x.groups[i:next_i],
            None if y.groups is None else y.groups[j:next_j],
        )
        for (i, next_i), (j, next_j) in zip(pairwise(cuts_x), pairwise(cuts_y), strict=True)
    ]


def _unit_starts(part: Parts) -> np.ndarray:
    """Return where the independent units of held-out samples begin, and where the last one ends."""
    n = len(part.held_out)
    if part.groups is None:
        return np.arange(n + 1)
    changes = np.flatnonzero(part.groups[1:] != part.groups[:-1]) + 1
    return np.concatenate([[0], changes, [n]])


def scored(
    stage: Stage, steps: int, seed: int, progress: Progress = silent
) -> tuple[list[Scores], Auditor]:
    """Return the scores of a stage's critics, and the network among them.

    Args:
        stage: its samples.
        steps: training steps of the network.
        seed: random seed of the network.
        progress: listener to each training step, and of the exact transport.
    """
    auditor = train_auditor(stage.known_x, stage.known_y, steps, seed=seed, progress=progress)
    return [network_scores(auditor, stage), _extended(stage, progress)], auditor


def network_scores(auditor: Auditor, stage: Stage) -> Scores:
    """Return the scores of an auditor.

    Args:
        auditor: the auditor.
        stage: samples; known ones may be empty.
    """
    return Scores(
        NETWORK,
        auditor(stage.x),
        auditor(stage.y),
        auditor.clamp,
        auditor.certificate.lipschitz,
        stage.x_groups,
        stage.y_groups,
    )


def _extended(stage: Stage, progress: Progress) -> Scores:
    """Return the scores of the McShane extension of exact potentials of known samples."""
    progress("exact potentials", 0, 1)
    points = stage.known_y[:MOST_POINTS]
    plan = transport(stage.known_x[:MOST_POINTS], points)
    x, y = (extension(points, plan.v, s) for s in (stage.x, stage.y))
    progress("exact potentials", 1, 1)
    clamp = chosen_clamp(plan.u, -plan.v)  # the extension's scores of the samples that it is from
    return Scores(EXTENSION, x, y, clamp, 1.0, stage.x_groups, stage.y_groups)
