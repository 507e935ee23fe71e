"""Metrics of a step: what is logged, and when."""

import pytest
from short_runs import settled, trained

from wgan.base.errors import WganError

SMALL = ["data.source=digits", "network.width=4", "network.latent=8", "optimizer.batch=8"]
SMALL += ["optimizer.critic_steps=2", "training.steps=12", "training.log_every=1"]


def test_a_lazy_penalty_is_logged_where_it_was_taken():
    run = trained(*settled(*SMALL, "objective.penalty_every=3"))
    last_draws = [2 * step - 1 for step in range(1, 13)]
    assert ["penalty" in line for line in run.history] == [draw % 3 == 0 for draw in last_draws]
    with pytest.raises(WganError, match=r"penalty_every is set, but gan has no penalty"):
        settled(*SMALL, "objective.variant=gan", "objective.penalty_every=2")


def test_clipped_weights_are_counted():
    (line, *_) = trained(*settled(*SMALL, "objective.variant=wgan", "optimizer.lr=1")).history
    assert 0.5 < line["clipped_share"] <= 1
    assert "penalty" not in line
    assert "clipped_share" not in trained(*settled(*SMALL)).history[0]


def test_samples_count_the_warm_up():
    run = trained(*settled(*SMALL, "training.warmup_critic_steps=5", "training.steps=1"))
    assert run.history[0]["samples"] == (5 + 2) * 8
