"""Augmentation of a run: what the networks see, the probability that follows, and resuming."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from short_runs import run_to_end, settled, trained
from torch import nn

from wgan.base.errors import WganError
from wgan.base.tensors import read_tensors
from wgan.data import Batches, load
from wgan.data.augmentation import PICTURES, changed_pictures
from wgan.objectives import VARIANTS, CriticLoss, GeneratorLoss
from wgan.runs import RunFolder
from wgan.training import Run
from wgan.training import augment as module
from wgan.training.augment import EVERY, MOST, SAMPLES_TO_ONE, adjust
from wgan.training.compiled import Losses, build_losses
from wgan.training.draws import Draws
from wgan.training.mirrors import MirrorTest, tell_mirrored
from wgan.training.state import Augmenting
from wgan.training.step import critic_terms

CPU = torch.device("cpu")
SMALL = ["data.source=digits", "network.width=4", "network.latent=8", "optimizer.batch=8"]
SMALL += ["training.steps=6", "training.log_every=1", "training.precision=float32"]
FIXED = ["augment.mode=fixed", "augment.flips=true"]
ADAPTIVE = ["augment.mode=adaptive", "augment.flips=true", "augment.probability=0.5"]


def begun(*settings):
    return Run.start(*settled(*SMALL, *settings), watch=None)


def draws_of(run, microbatches=1):
    return Draws(Batches(run.split, 0), run.config, CPU, microbatches=microbatches)


def weights(run):
    return torch.cat([p.flatten() for p in run.state.generator.parameters()])


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_is_trained_on_what_is_changed(name):
    plain, never, often = (
        trained(*settled(*SMALL, f"objective.variant={name}", *more))
        for more in ([], [*FIXED, "augment.probability=0"], FIXED)
    )
    assert torch.equal(weights(plain), weights(never)), "probability 0 is no augmentation"
    assert not torch.equal(weights(plain), weights(often))
    assert weights(often).isfinite().all()


def test_the_critic_sees_changed_samples_real_and_generated():
    run = begun(*FIXED, "augment.probability=1")
    draws = draws_of(run)
    build = partial(build_losses, run.state, run.variant, run.config)
    draw = draws.critic(3, p=1.0)
    clean = draws.critic(3)
    assert torch.equal(draw.z, clean.z)
    assert torch.equal(draw.u, clean.u)
    changes = draws._changes("critic, real", 3, 8, slice(None), 1.0)
    assert torch.equal(draw.x_real, changed_pictures(clean.x_real, changes))
    assert not torch.equal(changes, draw.changes), "each has changes of its own"
    given = []

    def spied(*batch):
        given.extend(batch)
        return build().critic(*batch)

    losses = Losses(spied, build().generator)
    critic_terms(run.state, losses, draw, run.config)
    assert torch.equal(given[0], draw.x_real)
    x_clean = run.state.generator(draw.z).detach()
    assert torch.allclose(given[1], changed_pictures(x_clean, draw.changes))
    seen = []
    run.state.critic.register_forward_pre_hook(lambda net, x: seen.append(x[0]))
    loss = CriticLoss(run.state.critic, run.variant)
    x_fake = given[1]
    loss.swept = False
    loss(draw.x_real, x_fake, draw.u)
    between = x_fake + draw.u.view(-1, 1, 1, 1) * (draw.x_real - x_fake)
    assert torch.allclose(seen[1], between), "the penalty's points lie between changed samples"


def test_the_generators_gradient_goes_through_the_changes():
    """For a critic that sums pixels, in closed form: a mask of what was neither lost nor cut."""

    class Pixels(nn.Module):
        def __init__(self):
            super().__init__()
            self.x = nn.Parameter(torch.zeros(8, 1, 8, 8))

        def forward(self, z):
            return self.x

    class Sum(nn.Module):
        def forward(self, x):
            return x.sum((1, 2, 3))

    changes = torch.zeros(8, 9)
    changes[:, 4] = 2.0  # two rows down: the last two are lost
    changes[:, 6] = 1.0  # the left upper quarter is cut out
    pixels = Pixels()
    loss = GeneratorLoss(pixels, Sum(), VARIANTS["wgan-gp"], augment=PICTURES.apply)
    loss(torch.zeros(8, 2), None, changes=changes).sum().backward()
    kept = torch.ones(8, 8)
    kept[6:] = 0
    kept[:2, :4] = 0
    assert torch.equal(pixels.x.grad, -kept.expand(8, 1, 8, 8))


def test_overfitting_and_the_probability_in_closed_form():
    state = Augmenting(PICTURES.apply, 0.5)
    assert state.overfitting is None
    for _ in range(3):
        state.follow([3.0, 2.0, 1.0], kept=0.9, aim=0.3, step=0.1, most=0.75)
    assert state.overfitting == pytest.approx(0.5), "(3 - 2) / (3 - 1)"
    assert state.probability == 0.75, "it stops there"
    state.follow([3.0, 2.0, 1.0], kept=0.9, aim=0.6, step=0.1, most=0.75)
    assert state.probability == pytest.approx(0.65)
    shifted = Augmenting(PICTURES.apply, 0.5)
    shifted.follow([103.0, 102.0, 101.0], kept=0.9, aim=0.6, step=0.1, most=0.8)
    assert shifted.overfitting == pytest.approx(0.5), "a score's zero does not matter"
    inverted = Augmenting(PICTURES.apply, 0.5)
    inverted.follow([1.0, 0.0, 2.0], kept=0.9, aim=0.3, step=0.1, most=0.8)
    assert (inverted.overfitting, inverted.probability) == (None, 0.5)


class Memory(nn.Module):
    """A critic that scores 1 what it was given to remember, and 0 else."""

    def __init__(self, x):
        super().__init__()
        self.x = x.flatten(1)

    def forward(self, x):
        exact = "donot_use_mm_for_euclid_dist"
        apart = torch.cdist(x.flatten(1), self.x, compute_mode=exact)
        return (apart.min(1).values < 1e-3).float()


@pytest.mark.parametrize("microbatches", [1, 4])
def test_a_critic_that_remembers_raises_the_probability(microbatches):
    """By (images seen) / 500,000, as in the paper, and another lowers it."""
    run = begun("augment.mode=adaptive", "augment.flips=true", "augment.probability=0.2")
    run.state.augment.probability = 0.0  # so that what is remembered is seen as it is
    train = run.dataset.encode(run.split.train_sample(0, run.split.n_train))
    run.state.critic = Memory(train)
    adjust(run.state, draws_of(run, microbatches), run.config)
    assert run.state.augment.overfitting == pytest.approx(1.0)
    step = EVERY * 8 / SAMPLES_TO_ONE
    assert run.state.probability == pytest.approx(step)
    watched = run.split.held_out_sample(run.split.n_held_out, run.split.n_apart)
    run.state.critic = Memory(torch.cat([train, run.dataset.encode(watched)]))
    run.state.augment.scores = (0.0, 0.0, 0.0)
    run.state.augment.probability = 1e-6
    adjust(run.state, draws_of(run, microbatches), run.config)
    assert run.state.augment.overfitting == pytest.approx(0.0, abs=0.1)
    assert run.state.probability == 0.0
    assert MOST == 0.8


@pytest.mark.parametrize("more", ["network.kind=residual", "objective.variant=wgan-sn"])
def test_adjusting_leaves_the_networks_as_they_are(more):
    run = begun(*ADAPTIVE, more)
    before = [t.clone() for net in (run.state.generator, run.state.critic) for t in _all(net)]
    adjust(run.state, draws_of(run), run.config)
    after = [t for net in (run.state.generator, run.state.critic) for t in _all(net)]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert run.state.generator.training
    assert run.state.critic.training


def _all(net):
    return [*net.parameters(), *net.buffers()]


def test_the_watched_samples_are_neither_trained_on_nor_held_out():
    run = begun(*ADAPTIVE)
    split = run.split
    seen = split.held_out_rows(np.arange(split.n_held_out, split.n_apart))
    assert len(seen) == split.watched > 0
    others = split.held_out_rows(np.arange(split.n_held_out))
    trained_on = split.train_rows(np.arange(split.n_train))
    assert not set(seen) & (set(others) | set(trained_on))
    x, _ = draws_of(run).watched(0)
    assert Memory(run.dataset.encode(run.dataset.rows[seen]))(x).all()


def test_a_resumed_run_has_the_same_bits(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "EVERY", 2)
    config, data = settled(*SMALL, *ADAPTIVE, "training.checkpoint_every=3")
    run_to_end(tmp_path / "whole", config, data)
    run_to_end(tmp_path / "parts", config, data, stop_at=5)
    run_to_end(tmp_path / "parts", config, data)
    files = [RunFolder(tmp_path / name).checkpoint for name in ("whole", "parts")]
    one, two = (read_tensors(file)[0] for file in files)
    assert one.keys() == two.keys()
    assert all(torch.equal(one[name], two[name]) for name in one)
    numbers = one["augment/probability"]
    assert numbers[0] != 0.5
    assert numbers[1:].all()


def test_the_record_says_how_much_is_changed(tmp_path):
    config, data = settled(*SMALL, *ADAPTIVE)
    run_to_end(tmp_path / "r", config, data)
    lines = RunFolder(tmp_path / "r").metrics()
    assert "overfitting" not in lines[0]
    assert lines[-1]["overfitting"] == pytest.approx(lines[EVERY]["overfitting"])
    assert abs(lines[-1]["augment_probability"] - 0.5) == pytest.approx(EVERY * 8 / SAMPLES_TO_ONE)
    plain = trained(*settled(*SMALL))
    assert "augment_probability" not in plain.history[-1]


def test_flips_are_decided_once_and_kept(tmp_path, monkeypatch):
    config, data = settled(*SMALL, "augment.mode=fixed")
    run = Run.start(config, data, tmp_path / "r", watch=None)
    assert run.config.augment.flips is False
    (note,) = [words for words in run.advice() if "mirrored" in words]
    assert "pictures are not mirrored: a small network tells 9" in note
    list(run.records())
    run.close()

    def never(*arguments):
        raise AssertionError

    monkeypatch.setattr("wgan.training.mirrors.mirror_test", never)
    again = Run.start(config, data, tmp_path / "r", watch=None)
    assert again.config.augment.flips is False
    assert not [words for words in again.advice() if "mirrored" in words]
    again.close()
    assert json.loads((tmp_path / "r" / "run.json").read_text())["settings"]["augment"]


def test_mirrored_pictures_are_told_where_they_differ():
    x = torch.rand(400, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    alike = tell_mirrored(x[:200], x[200:])
    assert abs(alike.hits - 100) < 30, "a fair coin: 30 are more than four standard deviations"
    x[:, :, :, :4] *= 0.5
    told = tell_mirrored(x[:200], x[200:])
    assert told.hits > 190
    assert not told.alike
    symmetric = x + x.flip(-1)
    assert abs(tell_mirrored(symmetric[:200], symmetric[200:]).hits - 100) < 30, "ties are tossed"
    assert MirrorTest(500, 1000).alike
    assert not MirrorTest(25, 50).alike, "too few to tell"
    assert MirrorTest(500, 1000).bound == pytest.approx(0.526, abs=1e-3)


def test_other_kinds_are_refused():
    with pytest.raises(WganError, match="vectors are not augmented"):
        Run.start(*settled("augment.mode=adaptive", data=load("8-gaussians")), watch=None)
