"""Runs on tables, from a file to rows: resumed to the bit, true frequencies, exact conditions, rare
states seen often, bad input refused.
"""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from wgan.data.tables.balance import ALSO, FREE, SHARE, Balance

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.base.seeding import numpy_generator
from wgan.cli import main
from wgan.config import configure, from_settings
from wgan.data import Batches, load
from wgan.models import sample_where
from wgan.models.conditions import conditions
from wgan.runs import open_run
from wgan.training import model_of, prepare, resume, train
from wgan.training.draws import Draws

SMALL = [
    "network.width=16",
    "network.latent=4",
    "optimizer.batch=20",
    "training.steps=6",
    "training.log_every=1",
    "training.checkpoint_every=2",
]


def setup(frame, *settings):
    return configure([from_settings([*SMALL, *settings])], data=load(frame))


def model_for(frame, *settings):
    config, data = setup(frame, *settings)
    state = prepare(config, data)
    for _ in train(state, config, data):
        pass
    return model_of(state, config, data)


@pytest.mark.parametrize(
    "setting",
    [
        "network.pack=1",
        "network.pack=5",
        *(f"objective.variant=wgan-{v}" for v in ("ct", "ortho", "sn")),
    ],
)
def test_a_run_resumes_to_the_bit(tmp_path, mixed, setting):
    config, data = setup(mixed(200), setting)
    for folder, stops in (("whole", [None]), ("parts", [3, None])):
        for stop_at in stops:
            run, state = open_run(tmp_path / folder, config, data), prepare(config, data)
            resume(state, run)
            for _ in train(
                state,
                config,
                data,
                run,
                stop=lambda at=stop_at, state=state: at is not None and state.step >= at,
            ):
                pass
            run.lock.close()
    for name in ("generator.safetensors", "critic.safetensors", "generator.json"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_command_line_goes_from_a_file_to_a_file(tmp_path, mixed, capsys):
    frame = mixed(300)
    frame.to_csv("customers.csv", index=False)
    flags = [x for setting in SMALL for x in ("--set", setting)]
    assert main(["data", "customers.csv", "-o", "schema.toml"]) == 0
    said = capsys.readouterr().out
    assert "customer_id: identifier, made anew, as C-00301" in said
    assert "size: category, 3 levels: small, medium, large" in said
    assert (
        main(["train", "customers.csv", "--schema", "schema.toml", "--out", "r", "--quiet", *flags])
        == 0
    )
    assert (tmp_path / "r" / "samples" / "step-0000006.png").exists()
    assert main(["sample", "r", "-n", "300", "-o", "new.csv"]) == 0
    new = pd.read_csv("new.csv", dtype={"code": "str"})
    assert list(new.columns) == list(frame.columns)
    assert len(new) == 300
    for name in ("size", "city", "code", "note"):
        assert set(new[name].dropna()) <= set(frame[name].dropna()), "no new categories"
    for name in ("age", "price", "gain"):
        assert new[name].between(frame[name].min(), frame[name].max()).all(), "bounds"
    assert np.array_equal(new["price"], new["price"].round(2))
    assert not set(new["customer_id"]) & set(frame["customer_id"])
    assert main(["evaluate", "r", "--quiet", "--target", "size"]) == 0
    assert "shape error, %" in capsys.readouterr().out
    assert main(["evaluate", "r", "--quiet", "--json", "--seed", "1"]) == 0
    lines = [
        json.loads(line) for line in (tmp_path / "r" / "results.jsonl").read_text().splitlines()
    ]
    whole = json.loads((tmp_path / "r" / "evaluation.json").read_text())
    assert whole["evaluation"]["details"]["target"] == "visits", (
        "the last number, or category of few levels"
    )
    assert json.loads(capsys.readouterr().out) == whole
    names = [line["name"] for line in whole["evaluation"]["lines"]]
    assert [line["metric"] for line in lines if line["seed"] == 1] == names
    first = [line for line in lines if line["seed"] == 0]
    assert {line["metric"].split("-n")[0] for line in first} >= {
        "shape-error",
        "trend-error",
        "tstr-auc-size",
        "c2st-auc",
        "dcr-share",
    }
    for line in first:
        assert {
            "value",
            "half_width",
            "floor",
            "ceiling",
            "n",
            "sets",
            "held_out",
            "seed",
            "step",
            "run",
            "commit",
            "packages",
            "machine",
            "seconds",
        } <= set(line)
    assert (tmp_path / "r" / "evaluation.png").stat().st_size > 0
    assert main(["sample", "r", "-n", "5", "-o", "new.csv"]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("size=large", lambda f: (f["size"] == "large").all()),
        (
            ["size=small", "member=True", "gain=0"],
            lambda f: ((f["size"] == "small") & f["member"] & (f["gain"] == 0)).all(),
        ),
        ("note=", lambda f: f["note"].isna().all()),
        (
            {"note": None, "size": "medium"},
            lambda f: (f["note"].isna() & (f["size"] == "medium")).all(),
        ),
        ("age>=30", lambda f: (f["age"] >= 30).all()),
        (["age>30", "age<=40"], lambda f: f["age"].between(31, 40).all()),
        (
            {"age": (30, 40), "size": "large"},
            lambda f: (f["age"].between(30, 40) & (f["size"] == "large")).all(),
        ),
        ("gain>0", lambda f: (f["gain"] > 0).all()),
        ("bought<2021-01-01", lambda f: (f["bought"] < "2021-01-01").all()),
        ("code=007", lambda f: (f["code"] == "007").all()),
    ],
)
def test_every_row_satisfies_what_was_asked_for(mixed, where, holds):
    estimator = WGAN(steps=3, settings={"network.width": 16}).fit(mixed(400))
    rows = estimator.sample(60, where=where)
    assert len(rows) == 60
    assert holds(rows)
    assert rows["customer_id"].is_unique
    pd.testing.assert_frame_equal(rows, estimator.sample(60, where=where))


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("size=huge", "has no level 'huge'"),
        ("sise=large", "no column is called 'sise'. Did you mean 'size'"),
        ("size>=large", "has no order"),
        ("age>200", "no row of the data's kind can satisfy age>200"),
        (["age>50", "age<40"], "too few to wait for"),
        ("age=", "never missing in the data"),
        ("age=old", "'old' is no number"),
        ("bought>=someday", "is no date"),
        ("customer_id=C-00001", "identifiers, which are not learned"),
        ("age", "write COLUMN=VALUE"),
    ],
)
def test_conditions_that_cannot_be_met_are_one_clear_error(mixed, monkeypatch, where, words):
    monkeypatch.setattr("wgan.models.conditions.LEAST_TRIES", 5000)
    monkeypatch.setattr("wgan.models.conditions.TRIES", 10)
    model = model_for(mixed(200))
    with pytest.raises(WganError, match=words):
        sample_where(model, 10, where=where)


def test_the_first_rows_do_not_depend_on_how_many_are_asked_for(mixed):
    model = model_for(mixed(200))
    assert np.array_equal(model.sample(300)[:7], model.sample(7), equal_nan=True)
    few, many = (sample_where(model, n, where="age>=40").raw for n in (5, 50))
    assert np.array_equal(many[:5], few, equal_nan=True)


def test_balanced_rows_have_equal_shares_also_in_a_range(mixed):
    model = model_for(mixed(200))
    place = model.codec.place("size")
    for where in ((), "age>=50"):
        raw = sample_where(model, 3000, where=where, balance="size").raw
        assert np.bincount(raw[:, place].astype(int)).tolist() == [1000, 1000, 1000]
        assert len(np.unique(raw[:30, place])) == 3, "in random order"
        assert not where or (raw[:, model.codec.place("age")] >= 50).all()
    with pytest.raises(WganError, match="cannot be balanced"):
        sample_where(model, 10, balance="age")
    with pytest.raises(WganError, match="cannot be balanced"):
        sample_where(model, 10, where="size=large", balance="size")


def test_states_asked_for_while_training_are_those_of_their_rows_and_rare_ones_come_often(mixed):
    data = load(mixed(4000))
    split = data.split()
    balance = Balance(split)
    rows, y = balance.draw(numpy_generator(0, "t"), split.train_rows(np.arange(3000)))
    states = data.codec.states(data.rows[rows])
    assert ((y == FREE) | (y == states)).all()
    asks = (y != FREE).any(axis=1)
    assert asks.mean() == pytest.approx(SHARE, abs=0.03)
    assert np.array_equal(rows[~asks], split.train_rows(np.arange(3000))[~asks]), (
        "the others are the true rows"
    )
    assert np.isin(rows, split.train_rows(np.arange(split.n_train))).all(), (
        "nothing held out is shown"
    )
    place = data.codec.place("size")
    rare = data.codec.learned[place].levels.index("large")
    share = np.mean(y[y[:, place] != FREE, place] == rare)
    k = len(balance.conditionable)
    direct = 1 / (1 + ALSO * (k - 1))
    logs = np.log1p(
        np.bincount(
            data.codec.states(data.rows[split.train_rows(np.arange(split.n_train))])[:, place]
        )
    )
    assert share > direct * logs[rare] / logs.sum() * 0.9, "drawn by the logarithm of the frequency"
    assert share > 2 * np.mean(states[~asks][:, place] == rare)


class TrueConditional(torch.nn.Module):
    """A perfect generator of one category: asked for nothing it draws by true frequency, asked for
    a state it gives that.
    """

    def __init__(self, like, codec, shares):
        super().__init__()
        self.like, self.codec, self.shares = like, codec, shares
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, z, y=None):
        x = torch.zeros(len(z), *self.codec.shape)
        start, size = next(self.codec.codes[0].parts)
        drawn = (torch.special.ndtr(z[:, :1]) > torch.tensor(self.shares).cumsum(0)[:-1]).sum(1)
        states = drawn if y is None else torch.where(y[:, 0] < 0, drawn, y[:, 0])
        x[:, start : start + size] = torch.nn.functional.one_hot(states, size).float()
        return x


def test_unconditional_samples_have_true_frequencies_of_a_perfect_generator():
    """A category of 5.1 % comes out at 5.1 %, and not at the share that balanced training gives
    it.
    """
    frame = pd.DataFrame({"k": np.repeat(["a", "b"], [1898, 102]), "y": np.arange(2000) % 2})
    model = model_for(frame)
    model = replace(model, generator=TrueConditional(model.generator, model.codec, [0.949, 0.051]))
    assert np.mean(model.sample(40_000)[:, 0] == 1) == pytest.approx(0.051, abs=0.005)
    assert (sample_where(model, 100, where="k=b").raw[:, 0] == 1).all()


def test_a_trained_generator_samples_at_true_frequencies():
    """Trained with balanced conditions, in which a third of the rows that ask for the column ask
    for the rare state: not lost, and not that share.
    """
    frame = pd.DataFrame(
        {"k": np.repeat(["a", "b"], [949, 51]), "x": np.random.default_rng(0).normal(size=1000)}
    )
    settings = [
        "optimizer.batch=250",
        "training.steps=400",
        "training.ema=0.99",
        "network.width=64",
    ]
    assert 0.01 < np.mean(model_for(frame, *settings).sample(20_000)[:, 0] == 1) < 0.12


def test_a_loaded_model_gives_the_same_rows_without_the_data_and_runs_no_code(tmp_path, mixed):
    estimator = WGAN(steps=3, settings={"network.width": 16}).fit(mixed(200))
    estimator.save("model")
    again = WGAN.load("model")
    pd.testing.assert_frame_equal(again.sample(20), estimator.sample(20))
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".safetensors", ".json"}
    assert list(again.feature_names_in_) == list(estimator.sample(1).columns)
    assert np.allclose(again.score_samples(mixed(200)), estimator.score_samples(mixed(200)))


def test_batches_of_any_size_sample_alike(mixed):
    model = model_for(mixed(200))
    assert [len(model.sample(n)) for n in (1, 255, 257)] == [1, 255, 257]
    modules = [module for net in (model.generator, model.critic) for module in net.modules()]
    assert not any(
        isinstance(module, torch.nn.modules.batchnorm._NormBase | torch.nn.Dropout)
        for module in modules
    )


def test_packs_must_divide_the_batch_and_score_no_single_rows(mixed):
    with pytest.raises(WganError, match="cannot be divided into packs of 3"):
        model_for(mixed(200), "network.pack=3")
    config, data = configure([from_settings(["network.pack=2", "data.source=digits"])])
    with pytest.raises(WganError, match="packs are for tables"):
        prepare(config, data)
    model = model_for(mixed(200), "network.pack=5")
    with pytest.raises(WganError, match="scores 5 rows together"):
        model.scores(load(mixed(200)).rows[:10])


def test_two_ranks_draw_what_one_process_would(mixed):
    config, data = setup(mixed(200), "network.pack=5")
    split = data.split()
    device = torch.device("cpu")
    whole = Draws(Batches(split, 0), config, device).critic(3)
    parts = [
        Draws(Batches(split, 0, rank=r, world_size=2), config, device).critic(3) for r in range(2)
    ]
    for name in ("x_real", "z", "u", "y"):
        assert torch.equal(torch.cat([getattr(part, name) for part in parts]), getattr(whole, name))


def test_a_model_of_arrays_refuses_conditions():
    estimator = WGAN(steps=1).fit(np.random.default_rng(0).normal(size=(50, 2)))
    with pytest.raises(WganError, match="for models of tables"):
        estimator.sample(3, where="a=1")


def test_times_are_asked_for_as_the_column_writes_them():
    days = pd.Series(pd.date_range("2024-01-01", periods=120))
    zone = days.dt.tz_localize("America/New_York")
    frame = pd.DataFrame(
        {"text": days.dt.strftime("%d.%m.%Y"), "zone": zone, "y": np.arange(120) % 2}
    )
    codec = load(frame).codec
    for text in (
        "text=05.01.2024",
        "text=2024-01-05",
        "zone=2024-01-05",
        "zone=2024-01-05 05:00+00:00",
    ):
        (condition,) = conditions(codec, text)
        assert pd.Timestamp(condition.value, unit="s") == pd.Timestamp("2024-01-05"), text
    with pytest.raises(WganError, match="is no date"):
        conditions(codec, "text=01/05/2024")


def test_names_and_values_may_hold_signs_and_an_empty_level_is_not_a_missing_one():
    values = pd.Series(["u", "", None, "v=w"] * 30, dtype="str")
    codec = load(
        pd.DataFrame({"a>b": values, "a": ["x", "y"] * 60, "n": [40, 41, 40, 42] * 30})
    ).codec
    (condition,) = conditions(codec, "a>b=v=w")
    assert (condition.column.name, condition.column.levels[int(condition.value)]) == ("a>b", "v=w")
    assert np.isnan(conditions(codec, {"a>b": None})[0].value)
    assert conditions(codec, "a>b=")[0].value == codec.learned[0].levels.index("")
    for text in ("a!=x", "b=x"):
        with pytest.raises(WganError, match="no column is called"):
            conditions(codec, text)


def test_a_spike_among_ordinary_numbers_needs_no_waiting():
    random = np.random.default_rng(0)
    hours = np.where(random.random(2000) < 0.4, 40, random.integers(1, 99, 2000))
    model = model_for(pd.DataFrame({"hours": hours, "y": np.arange(2000) % 2}))
    asked = sample_where(model, 50, where="hours=40")
    assert asked.tried == 50
    assert (asked.raw[:, 0] == 40).all()


def test_columns_keep_their_labels_and_a_schema_in_the_settings_counts(tmp_path):
    frame = pd.DataFrame({0: np.arange(60) % 25, "k": np.arange(60) % 30})
    (tmp_path / "s.toml").write_text('[columns.k]\nkind = "category"\n')
    estimator = WGAN(steps=1, settings={"data.schema": str(tmp_path / "s.toml")}).fit(frame)
    assert list(estimator.sample(2).columns) == [0, "k"]
    assert estimator.model_.codec.learned[1].kind == "category"


def test_conditions_say_what_they_are(mixed):
    codec = load(mixed(200)).codec
    (condition,) = conditions(codec, " age >= 30 ")
    assert (condition.operator, condition.value, condition.column.name) == (">=", 30.0, "age")


def test_a_table_with_missing_values_keeps_their_correlation_in_its_codes(mixed):
    """Both columns are missing in the same rows: so are both states."""
    data = load(mixed(500))
    states = data.codec.states(data.rows)
    note, visits = (data.codec.place(name) for name in ("note", "visits"))
    missing = [states[:, place] == data.codec.learned[place].states - 1 for place in (note, visits)]
    assert np.array_equal(*missing)
    assert missing[0].any()


def test_tables_take_a_one_sided_penalty_unless_another_variant_is_asked_for(mixed):
    data = load(mixed(100))
    assert configure([], data=data)[0].objective.variant == "wgan-lp"
    assert configure([], "vectors", data)[0].objective.variant == "wgan-gp"
    assert (
        configure([("flags", {"objective": {"variant": "wgan-gp"}})], data=data)[
            0
        ].objective.variant
        == "wgan-gp"
    )
    assert WGAN(steps=1).fit(mixed(100)).model_.variant == "wgan-lp"
