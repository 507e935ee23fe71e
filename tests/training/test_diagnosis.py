"""Each sentence appears where its figures say so, and not elsewhere."""

import numpy as np
import pytest

from wgan.config import from_settings, resolve
from wgan.evaluation import Trend
from wgan.objectives import find_variant
from wgan.runs import Headroom
from wgan.training import diagnose
from wgan.training.diagnosis import diverged

CONFIG = resolve([from_settings(["optimizer.decay=none"])])
FALLING, RISING, FLAT, UNCLEAR = (
    Trend(change, error, 4, 1.0, 10, 20, 16)
    for change, error in ((-0.1, 0.02), (0.1, 0.02), (-0.01, 0.005), (-0.01, 0.02))
)


def lines(n=20, **columns):
    return [
        {
            "step": i,
            **{name: values[i] if np.ndim(values) else values for name, values in columns.items()},
        }
        for i in range(n)
    ]


def say(name="wgan-gp", metrics=(), trend=None, headroom=None, config=CONFIG):
    return diagnose(find_variant(name), config, list(metrics) or lines(), trend, headroom)


def test_nothing_is_said_without_figures():
    assert say() == []


FROM_TO = "50 more critic steps against the same generator take its estimate from 1 to 1.5 (+- 0.1)"
UNKNOWN = "whether the critic's estimate still rises cannot be told"


@pytest.mark.parametrize(
    ("name", "headroom", "words"),
    [
        ("wgan-gp", (1.0, 1.5, 0.1), f"critic under-trained: {FROM_TO}"),
        ("wgan-gp", (1.0, 1.05, 0.01), "critic's estimate steady within 10%: 50 more critic steps"),
        ("wgan-gp", (1.0, 1.05, 0.2), UNKNOWN),
        ("wgan-gp", (1.0, 1.5, 0.6), UNKNOWN),
        ("wgan-gp", (1.0, 0.2, 0.01), UNKNOWN),
        ("wgan-gp", (1.0, float("nan"), 0.01), UNKNOWN),
        ("gan", (0.1, 0.5, 0.1), "critic not at its optimum"),
    ],
)
def test_the_critic(name, headroom, words):
    (sentence,) = say(name, headroom=Headroom(*headroom, steps=50))
    assert sentence.startswith(words)


def test_weights_at_the_bound():
    assert say("wgan", lines(clipped_share=0.3)) == []
    assert (
        "70% of the critic's weights stand at the clipping bound"
        in say("wgan", lines(clipped_share=0.7))[0]
    )


def test_a_steep_critic_is_reported_only_where_its_estimate_would_be_a_distance():
    steep = lines(gradient_norm=2.0, gradient_norm_5=1.0, gradient_norm_95=3.0)
    assert "slope is 2.00 on average (1.00 to 3.00" in say("wgan-gp", steep)[0]
    assert say("wgan-r1", steep) == []
    assert say("wgan-gp", lines(gradient_norm=1.2, gradient_norm_5=1.0, gradient_norm_95=3.0)) == []


def test_a_gradient_that_vanished():
    falling = np.array([1.0] * 10 + [0.005] * 10)
    assert "fell from 1 to 0.005" in say("gan", lines(generator_gradient_norm=falling))[0]
    assert say("gan", lines(generator_gradient_norm=np.linspace(1, 0.5, 20))) == []


def test_modes_that_were_lost():
    lost = lines(modes_covered=np.array([25] * 10 + [12] * 10))
    assert "modes were lost: 25 covered at one time, at most 12 of late" in say(metrics=lost)[0]
    assert say(metrics=lines(modes_covered=np.array([25] * 10 + [24] * 10))) == [], (
        "a mode may be missed by chance"
    )
    assert say(metrics=lines(modes_covered=0)) == []
    rng = np.random.default_rng(0)
    assert not any(
        say(metrics=lines(32, modes_covered=rng.integers(3, 9, size=32))) for _ in range(50)
    ), "noise around the same mean"


def test_a_steady_critic_is_steady_over_the_steps_that_were_tried_and_no_more_is_said():
    (sentence,) = say(headroom=Headroom(1.0, 1.05, 0.01, steps=50))
    assert sentence.endswith("no more steps and no other learning rate were tried")
    assert "enough" not in sentence


def test_the_stop_report_says_what_to_do_next():
    assert say(trend=FALLING)[0].startswith("not converged: held-out W1 -0.1 +- 0.056 to 1 in the")
    assert say(trend=FALLING)[0].endswith("continue with --steps 40000")
    assert say(trend=FLAT)[0].startswith("converged within 5%: held-out W1 -0.01 +- 0.014 to 1 in")
    assert "as many steps again would change it by less" in say(trend=FLAT)[0]
    assert say(trend=RISING)[0].startswith("getting worse")
    assert say(trend=UNCLEAR)[0].startswith("whether it has converged cannot be told")
    assert "does not show that as many steps again" in say(trend=UNCLEAR)[0]
    decayed = resolve([from_settings(["optimizer.decay=linear", "training.steps=20"])])
    said = say(trend=FALLING, config=decayed)[0]
    assert said.endswith("continue with --steps 40 in another --out")
    assert "converged within 5%" in say(trend=FLAT, config=decayed)[0], "stopped before the end"
    assert "the learning rate fell to zero" in say(metrics=lines(21), trend=FLAT, config=decayed)[0]


def test_samples_far_outside_the_data_are_a_run_that_diverged():
    """The mean distance from (0, 0), (6, 8) to their middle is 5."""
    real = np.array([[0.0, 0.0], [6.0, 8.0]])
    assert diverged(CONFIG, 15.0, 0.1, real) == []
    assert diverged(CONFIG, 15.1, 0.1, real) == [
        "the run diverged: W1 15.1, where a single point in the middle of the data reads 5; lower"
        " optimizer.lr (0.0001) and choose another --out"
    ]
    assert diverged(CONFIG, float("nan"), 0.1, real) == []


def test_samples_that_are_one_point_are_told():
    real = np.array([[0.0, 0.0], [6.0, 8.0]])
    assert diverged(CONFIG, 5.5, 1e-15, real) == [
        "all samples seem to be one point: each set of them reads W1 5.5, where a single point in"
        " the middle of the data reads 5; lower optimizer.lr (0.0001) and choose another --out"
    ]
    assert diverged(CONFIG, 5.5, 1e-6, real) == []
    assert diverged(CONFIG, 2.4, 0.0, real) == [], "nearer than any point"
