"""Sentence on a kernel distance: the share of a mixture is found, and noise is not called far."""

import numpy as np
import pytest

from wgan.base.intervals import Mean
from wgan.evaluation.learned_words import learned_in_words, share_broken
from wgan.evaluation.metrics.frechet import kernel_distance
from wgan.evaluation.results import Line


def line(value, half_width, real=0.001, broken=4.0):
    return Line("kernel-learned", Mean(value, half_width), real, broken, 500, "patches-64@8x8-abc")


def test_the_share_of_broken_samples_in_a_mixture_is_found():
    random = np.random.default_rng(0)
    real, other = random.normal(size=(2, 4000, 3))
    broken = random.normal([1, 0, 0], 0.5, size=(4000, 3))
    mixture = np.concatenate([other[:2800], broken[:1200]])
    all_broken = kernel_distance(broken, real)
    assert share_broken(kernel_distance(mixture, real), all_broken) == pytest.approx(0.3, abs=0.03)
    assert share_broken(-0.1, 1.0) == 0


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ((0.04, 0.01), "0.040 +- 0.010 (floor 0.001, blurred 4; n=500, patches-64@8x8-abc): as far"
         " as real samples of which 10.0% are blurred"),
        ((9.0, 0.01), ": 1.5 times as far as samples that are all blurred"),
        ((0.002, 0.001), ": not told from real samples at this n"),
        ((0.04, float("nan")), ": not told from real samples at this n"),
        ((0.04, 0.01, 0.0, 0.0), ": told from real samples"),
    ],
)  # fmt: skip
def test_the_sentence_says_how_far(figures, words):
    assert learned_in_words(line(*figures), "blurred").endswith(words)
