"""Private steps: clipped gradients, noise, Poisson batches, what a run leaves; and a canary."""

import json
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from private_tables import SCHEMA, people
from short_runs import run_to_end, settled, trained, wgan
from torch import nn

from wgan.base import secret
from wgan.base.errors import WganError
from wgan.data import Split, load
from wgan.data.tables.conditions import TableConditions
from wgan.data.tables.private import private_dataset
from wgan.networks import Pair
from wgan.runs import RunFolder
from wgan.runs.evaluating import evaluate_run
from wgan.runs.finished import read_finished
from wgan.runs.private import guarantee, noise_of
from wgan.training import Run
from wgan.training import state as states
from wgan.training.private import ROOM, PrivateSteps, Tape, clipped_sum, gradient_norms

SMALL = ["network.width=16", "optimizer.batch=40", "training.steps=6", "training.log_every=1"]
SMALL += ["training.checkpoint_every=2", "privacy.epsilon=3", "data.schema=public.toml"]


def setup(frame=None, *settings):
    Path("public.toml").write_text(SCHEMA)
    if frame is None:
        frame = people(300)
    return settled(*SMALL, *settings, data=load(frame, schema="public.toml"))


def begun(*settings, frame=None):
    """A private run before its first step, and its steps."""
    config, data = setup(frame, *settings)
    run = Run.start(config, data)
    return run, PrivateSteps(run.state, run.split, run.config)


def one_by_one(generator, x, y, clip):
    """The clipped gradient of each row, by the definition."""
    gradients = []
    for i in range(len(x)):
        loss = generator.negative_log_likelihood(x[i : i + 1], y[i : i + 1]).sum()
        parts = torch.autograd.grad(loss, list(generator.parameters()), materialize_grads=True)
        flat = torch.cat([part.flatten() for part in parts]).double()
        gradients.append(flat * min(1.0, clip / max(float(flat.norm()), 1e-30)))
    return torch.stack(gradients)


def flat(parts):
    return torch.cat([part.flatten() for part in parts]).double()


def batch_of(run, n=30):
    rows = run.split.train_sample(0, n)
    y = TableConditions(run.dataset.codec).of_rows(np.random.default_rng(0), rows)
    return run.dataset.encode(rows).float(), torch.from_numpy(y)


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("below", [0.0, 0.5, 1.0])
def test_clipped_gradients_are_those_taken_row_by_row(depth, below):
    """A share of them below the bound, with columns of two digits, which have embeddings."""
    frame = people(300)
    frame["size"] = [f"s{i % 90}" for i in range(300)]
    many = ", ".join(f'"s{i}"' for i in range(300))
    Path("public.toml").write_text(SCHEMA.replace('"small", "medium", "large", "giant"', many))
    data = load(frame, schema="public.toml")
    run = Run.start(*settled(*SMALL, f"network.depth={depth}", data=data))
    generator = run.state.generator
    assert any(isinstance(layer, nn.Embedding) for layer in generator.modules())
    x, y = batch_of(run)
    assert (y >= 0).any()
    assert (y < 0).all(dim=1).any()
    plain = one_by_one(generator, x, y, 1e9).norm(dim=1)
    with Tape() as tape:
        losses = generator.negative_log_likelihood(x, y)
    norms = gradient_norms(losses, tape, list(generator.parameters()))
    # The norm is zero for a row of which all columns are given.
    assert float(((norms.double() - plain).abs() - 1e-5 * plain).max()) <= 1e-6
    clip = float(plain.quantile(below)) * (1.01 if below == 1 else 0.99)
    found = flat(clipped_sum(generator, x, y, None, clip))
    right = one_by_one(generator, x, y, clip * (1 - ROOM)).sum(0)
    assert float((found - right).norm() / right.norm()) < 1e-5


@pytest.mark.parametrize("clip", [0.5, 12.0])
def test_one_row_changes_the_sum_by_no_more_than_the_bound(clip):
    run, _ = begun()
    generator = run.state.generator
    x, y = batch_of(run)
    whole = flat(clipped_sum(generator, x, y, None, clip))
    for i in range(len(x)):
        rest = torch.arange(len(x)) != i
        change = whole - flat(clipped_sum(generator, x[rest], y[rest], None, clip))
        assert float(change.norm()) <= clip * (1 + 1e-6)


def test_a_row_of_zero_gradient_is_no_fault():
    """One that is given whole has no likelihood of its own."""
    run, _ = begun()
    x, _ = batch_of(run, 1)
    y = torch.from_numpy(run.dataset.codec.choices(run.split.train_sample(0, 1)))
    total = flat(clipped_sum(run.state.generator, x, y, None, 1.0))
    assert torch.equal(total, torch.zeros_like(total))


def test_a_generator_whose_rows_cannot_be_clipped_is_refused():
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 1)
            self.shift = nn.Parameter(torch.zeros(1))

        def negative_log_likelihood(self, x, y=None, dropout=None):
            return (self.layer(x) + self.shift).squeeze(1)

    with pytest.raises(WganError, match="outside linear layers"):
        clipped_sum(Shifted(), torch.zeros(3, 2), None, None, 1.0)


def test_a_step_adds_noise_of_the_clipped_norm_and_divides_by_the_expected_batch(monkeypatch):
    run, steps = begun("privacy.clip=2.5")
    steps.normals = lambda n: np.ones(n)
    sums = []
    plain = steps._clipped_sum
    monkeypatch.setattr(steps, "_clipped_sum", lambda rows: sums.append(plain(rows)) or sums[-1])
    steps.step()
    assert run.split.n_train * steps.noise.rate == pytest.approx(40)
    for p, total in zip(run.state.generator.parameters(), *sums, strict=True):
        right = (total + steps.noise.gradients * 2.5) / 40
        assert torch.allclose(p.grad, right, rtol=1e-6)


def test_a_batch_is_a_poisson_sample_of_the_training_rows(monkeypatch):
    stubbed(monkeypatch)
    run, steps = begun()
    n, rate = run.split.n_train, steps.noise.rate
    assert rate == pytest.approx(40 / n)
    batches = [steps._sampled() for _ in range(600)]
    sizes = np.array([len(batch) for batch in batches])
    assert all(len(set(batch.tolist())) == len(batch) for batch in batches[:100])
    assert sizes.mean() == pytest.approx(40, abs=5 * np.sqrt(40 / 600))
    assert sizes.var() == pytest.approx(n * rate * (1 - rate), rel=0.3)
    counts = np.bincount(np.concatenate(batches), minlength=300)
    training = run.split.is_train()
    assert not counts[~training].any()
    spread = np.sqrt(600 * rate * (1 - rate))
    assert np.abs(counts[training] - 600 * rate).max() < 5.5 * spread
    together = np.mean(
        [{0, 1} <= set(np.searchsorted(np.flatnonzero(training), b)) for b in batches]
    )
    assert together == pytest.approx(rate**2, abs=5 * np.sqrt(rate**2 / 600))


def test_batches_larger_than_the_rows_are_all_rows():
    run, steps = begun("optimizer.batch=5000")
    assert steps.noise.rate == 1.0
    assert len(steps._sampled()) == run.split.n_train


def test_no_batch_at_all_is_a_step_of_noise():
    _, steps = begun()
    assert all(not part.any() for part in steps._clipped_sum(np.zeros(0, dtype=np.int64)))


def test_two_runs_of_one_seed_differ():
    """A seed is published with the run, so noise is no function of it."""
    runs = [trained(*setup()) for _ in range(2)]
    one, two = (run.state.generator.first_weight for run in runs)
    assert not torch.equal(one, two)
    assert runs[0].dataset.codec.codes != runs[1].dataset.codec.codes


def test_conditions_of_a_row_are_drawn_without_regard_to_others():
    """Rows are not exchanged for those of rare states, as in other runs."""
    run, _ = begun()
    rows = run.split.train_sample(0, 200)
    conditions = TableConditions(run.dataset.codec)
    y = conditions.of_rows(np.random.default_rng(0), rows)
    given = y >= 0
    choices = run.dataset.codec.choices(rows)
    assert np.array_equal(y[given], choices[given])
    assert 0.3 < given.any(axis=1).mean() < 0.6
    other = np.roll(rows, 1, axis=0)
    assert np.array_equal(given, conditions.of_rows(np.random.default_rng(0), other) >= 0)
    assert conditions.of_rows(np.random.default_rng(0), rows[:0]).shape == (0, rows.shape[1])


def stubbed(monkeypatch):
    """Make the operating system's numbers those of a seed."""
    numbers = random.Random(0)
    monkeypatch.setattr("os.urandom", numbers.randbytes)
    monkeypatch.setattr("secrets.randbits", numbers.getrandbits)


def files_of(folder):
    """Contents of all files of a run, without times."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes()
        if path.name == "run.json":
            about = json.loads(data)
            del about["periods"], about["digest"]
            data = json.dumps(about).encode()
        elif path.name == "metrics.jsonl":
            lines = [json.loads(line) for line in data.splitlines()]
            data = json.dumps([{**line, "seconds": 0} for line in lines]).encode()
        elif path.name == "checkpoint.safetensors":
            tensors, header = states.read_tensors(path)
            data = repr((header["step"], [(k, v.tolist()) for k, v in tensors.items()])).encode()
        found[path.name] = data
    return found


def test_no_file_of_a_run_depends_on_held_out_rows_nor_on_anything_but_noisy_counts(
    tmp_path, monkeypatch
):
    """With the secret numbers held still, held-out rows may be any rows at all."""
    frame = people(300)
    other = frame.copy()
    config, data = setup(frame)
    held_out = ~Split(data, config.data.held_out, config.data.split_seed).is_train()
    other.loc[held_out, "age"] = 119
    other.loc[held_out, "size"] = "giant"
    other.loc[held_out, "joined"] = "2001-02-03"
    other.loc[held_out, ["gain", "zone"]] = pd.NA
    found = []
    for each in (frame, other):
        stubbed(monkeypatch)
        config, data = setup(each)
        run = Run.start(config, data, tmp_path / "r")
        for _ in run.records():
            pass
        run.finish()
        run.close()
        found.append(files_of(tmp_path / "r"))
        (tmp_path / "r").rename(tmp_path / f"r{len(found)}")
    assert found[0].keys() == {
        "config.toml",
        "run.json",
        "metrics.jsonl",
        "checkpoint.safetensors",
        "schema.toml",
        "generator.safetensors",
        "generator.json",
        "run.lock",
    }
    assert found[0] == found[1]


def test_a_run_goes_on_with_its_codec_and_its_accountant(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, stop_at=3)
    begun_with = (tmp_path / "r/generator.json").read_text()
    run = Run.start(config, data, tmp_path / "r")
    assert run.state.step == 3
    for _ in run.records():
        pass
    run.close()
    assert (tmp_path / "r/generator.json").read_text() == begun_with
    spent = [line["epsilon"] for line in RunFolder(tmp_path / "r").metrics()]
    assert len(spent) == 6
    assert all(np.diff(spent) > 0)
    assert 0.99 * 3 < spent[-1] <= 3
    promise = guarantee(config, run.split.n_train, 6)
    assert promise.epsilon == pytest.approx(spent[-1])
    assert str(promise) == "(3, 1e-06)-differential privacy of each training row"


class Unasked:
    """A measurement on rows, which no private run may take."""

    converged = False

    def __call__(self, sample, step, /):
        pytest.fail("measured on rows")


def test_metrics_tell_nothing_of_rows_but_by_noisy_gradients(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data, watch=Unasked())
    for line in RunFolder(tmp_path / "r").metrics():
        assert line.keys() == {"step", "seconds", "epsilon", "generator_gradient_norm"}


def test_more_steps_are_refused_since_noise_is_that_of_all_steps(tmp_path):
    config, data = setup(None, "optimizer.decay=none")
    run_to_end(tmp_path / "r", config, data)
    longer, _ = setup(None, "optimizer.decay=none", "training.steps=8")
    with pytest.raises(WganError, match=r"another configuration \(training\.steps: 6 -> 8\)"):
        Run.start(longer, data, tmp_path / "r")


def test_another_epsilon_is_another_run(tmp_path):
    config, data = setup()
    run_to_end(tmp_path / "r", config, data)
    other, _ = setup(None, "privacy.epsilon=5")
    with pytest.raises(WganError, match=r"privacy\.epsilon: 3\.0 -> 5\.0"):
        Run.start(other, data, tmp_path / "r")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.stop_when_converged=true", r"training\.stop_when_converged is not for runs"),
        ("training.compile=true", r"training\.compile is not for runs"),
        ("training.warmup_critic_steps=3", r"training\.warmup_critic_steps is not for runs"),
        ("objective.likelihood_weight=0", r"objective\.likelihood_weight = 0: with privacy"),
        (
            "privacy.delta=0.01",
            r"privacy\.delta = 0\.01: even a model that reveals one of 240 rows",
        ),
    ],
)
def test_settings_that_do_not_go_with_privacy_are_refused(setting, message):
    with pytest.raises(WganError, match=message):
        Run.start(*setup(None, setting))


@pytest.mark.parametrize("setting", ["epsilon=0", "epsilon=-1", "clip=0", "delta=0", "delta=1"])
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(WganError, match=rf"privacy\.{setting.split('=')[0]} = "):
        settled("data.source=25-gaussians", f"privacy.{setting}")


def test_other_kinds_and_own_networks_are_refused():
    with pytest.raises(WganError, match=r"privacy\.epsilon is for tables, and .* holds vectors"):
        Run.start(*settled("data.source=25-gaussians", "privacy.epsilon=3"))
    config, data = setup()
    own = Pair(("mlp",), lambda *_: nn.Linear(2, 2), lambda *_: nn.Linear(2, 1))
    with pytest.raises(WganError, match="a pair of your own"):
        Run.start(config, data, pair=own)


def test_the_command_line_says_what_was_promised(tmp_path, capsys):
    people(300).to_csv("people.csv", index=False)
    Path("public.toml").write_text(SCHEMA)
    small = ["--set", "network.width=8", "--set", "training.steps=3", "--quiet", "--out", "r"]
    assert wgan("train people.csv --epsilon 3", *small) == 2
    assert "a --schema that says public = true" in " ".join(capsys.readouterr().err.split())
    assert wgan("train digits --epsilon 3", *small) == 2
    assert "privacy.epsilon is for tables" in capsys.readouterr().err
    assert wgan("train people.csv --schema public.toml --epsilon 3 --delta 1e-5", *small) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "trained with (3, 1e-05)-differential privacy of each training row" in said
    assert not {"finish.json", "critic.safetensors", "samples"} & {
        path.name for path in (tmp_path / "r").iterdir()
    }
    assert json.loads((tmp_path / "r/run.json").read_text())["settings"]["privacy"] == {
        "epsilon": 3.0,
        "delta": 1e-5,
        "clip": 1.0,
    }
    assert wgan("sample r -n 50 -o new.csv") == 0
    assert "was trained with (3, 1e-05)-differential" in " ".join(capsys.readouterr().out.split())
    new = pd.read_csv("new.csv")
    assert list(new.columns) == list(people(1).columns)
    assert wgan("sample r -n 20 -o big.csv --where size=large --where age>=30") == 0
    assert set(pd.read_csv("big.csv")["size"]) == {"large"}
    capsys.readouterr()
    with pytest.raises(WganError, match="is a private run, which records no held-out"):
        read_finished(tmp_path / "r")
    assert wgan("evaluate r --quiet") == 0
    assert "differential privacy of the generator does not cover them" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_run_is_evaluated_with_the_codec_that_it_began_with(tmp_path):
    Path("public.toml").write_text(SCHEMA)
    people(300).to_csv("people.csv", index=False)
    run = Run.open(
        "people.csv",
        layers=[("s", {"privacy": {"epsilon": 3.0}})],
        steps=3,
        out="r",
        settings={"data.schema": "public.toml", "network.width": 8},
    )
    for _ in run.records():
        pass
    run.close()
    _, dataset = RunFolder(Path("r")).load()
    assert dataset.codec == run.dataset.codec
    assert evaluate_run(Path("r")).evaluation.held_out == run.split.n_held_out


CANARY = ("z", "z", "z", "z")
CANARY_SCHEMA = "public = true\n" + "".join(
    f'[columns.{name}]\nkind = "category"\nlevels = ["a", "b", "z"]\n' for name in "pqrs"
)
RUNS = 40
"""Runs with the canary and as many without: the two-sample statistic of Kolmogorov and Smirnov then
exceeds 0.5 in one of 10,000 cases where there is no difference.
"""
CHANCE = np.sqrt(-np.log(1e-4 / 2) / RUNS)
STEPS, EPSILON = 8, 0.5


def canary_runs(runs, with_canary, normals=secret.normals):
    """Short runs with a row that no other resembles, attacked by who knows all else.

    Neighbours: the canary is there, or contributes nothing, to counts and to gradients. All rows
    are in each batch.

    Returns:
        The log-likelihood of the canary after each run; and, of each step, the noisy sum less the
        sum of the other rows, along the canary's gradient, in standard deviations of the noise
        (Nasr et al. 2021), `[runs, STEPS]`. Its mean is 0 without the canary, and at most 1 / s
        with it.
    """
    table = np.random.default_rng(0).choice(["a", "b"], (200, 4))
    frame = pd.DataFrame(table, columns=list("pqrs"))
    frame.loc[0] = CANARY
    Path("public.toml").write_text(CANARY_SCHEMA)
    loaded = load(frame, schema="public.toml")
    settings = [f"privacy.epsilon={EPSILON}", "data.schema=public.toml", "network.width=8"]
    settings += [f"training.steps={STEPS}", "optimizer.batch=200", "optimizer.decay=none"]
    settings += ["optimizer.generator_lr=0.02", "data.held_out=0.05", "training.ema=0"]
    config, _ = settled(*settings, data=loaded)
    chosen = Split(loaded, 0.05, 0).is_train()
    assert chosen[0]
    counted = chosen & (with_canary | (np.arange(200) > 0))
    noise = noise_of(config, int(chosen.sum()))
    scores, attacks = [], []
    for _ in range(runs):
        data = private_dataset(loaded, "public.toml", counted, noise.counts, normals)
        state = states.create(config, config.objective.chosen(), data.codec, torch.device("cpu"))
        steps = PrivateSteps(state, config.split(data), config, normals)
        steps._conditions = lambda rows: None
        rows = steps._sampled()
        assert len(rows) == chosen.sum()
        others = data.encode(data.rows[rows[rows != 0]]).float()
        canary = data.encode(data.rows[:1]).float()
        steps._sampled = lambda rows=rows: rows if with_canary else rows[rows != 0]
        for _ in range(STEPS):
            rest = flat(clipped_sum(state.generator, others, None, None, config.privacy.clip))
            own = flat(clipped_sum(state.generator, canary, None, None, config.privacy.clip))
            steps.step()
            seen = flat([p.grad for p in state.generator.parameters()]) * chosen.sum() - rest
            deviation = noise.gradients * config.privacy.clip
            attacks.append(float(seen @ own / own.norm()) / deviation)
        with torch.no_grad():
            scores.append(-float(state.generator.negative_log_likelihood(canary)))
    return np.array(scores), np.reshape(attacks, (runs, STEPS)), noise.gradients


def advantage(one, two):
    """The largest difference of true and false positive rates of any threshold."""
    at = np.concatenate([one, two])
    shares = [np.searchsorted(np.sort(each), at, side="right") / len(each) for each in (one, two)]
    return float(np.abs(shares[0] - shares[1]).max())


def test_a_canary_is_seen_without_noise():
    (score, attack, _), (other, no_attack, _) = (
        canary_runs(2, with_canary, normals=np.zeros) for with_canary in (True, False)
    )
    assert score.min() > other.max() + 0.5
    assert attack.min() > 100 * np.abs(no_attack).max()


def test_a_canary_is_hidden_by_noise_as_the_accountant_says(monkeypatch):
    """Of (epsilon, delta), no test tells two neighbours by more than tanh(epsilon / 2) + delta
    (Kairouz, Oh and Viswanath 2015).
    """
    stubbed(monkeypatch)
    (score, attack, noise), (other, no_attack, _) = (
        canary_runs(RUNS, with_canary) for with_canary in (True, False)
    )
    bound = np.tanh(EPSILON / 2) + CHANCE
    assert bound < 0.75, "so that a canary that is seen fails"
    assert advantage(score, other) <= bound
    assert advantage(attack.sum(axis=1), no_attack.sum(axis=1)) <= bound
    # The accountant's own normal distributions, of which there are so many draws.
    error = 4 / np.sqrt(RUNS * STEPS)
    assert no_attack.mean() == pytest.approx(0, abs=error)
    assert no_attack.std() == pytest.approx(1, abs=error)
    assert attack.std() == pytest.approx(1, abs=error)
    assert attack.mean() <= 1 / noise + error
