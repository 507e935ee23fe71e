"""The estimator: a run with scikit-learn's face."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from short_runs import flags, wgan
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.data import load
from wgan.evaluation import EvaluationOptions
from wgan.runs import RunFolder

X = np.random.default_rng(0).normal([5, -3], [2, 0.1], size=(300, 2))
QUICK = {"network.width": 16, "optimizer.batch": 16}
SMALLEST = WGAN(steps=2, settings={"network.width": 8, "optimizer.batch": 4})


def quick(**arguments):
    return WGAN(**({"steps": 3, "settings": QUICK} | arguments))


def test_samples_are_of_the_kind_that_fit_got():
    assert quick().fit(X).sample(5).dtype == np.float64
    assert quick().fit(X.astype(np.float32)).sample(5).dtype == np.float32
    assert isinstance(quick().fit(torch.from_numpy(X)).sample(5), torch.Tensor)
    pictures = np.random.default_rng(0).integers(0, 256, size=(50, 8, 8, 3), dtype=np.uint8)
    sample = quick().fit(pictures).sample(5)
    assert sample.dtype == np.uint8
    assert sample.shape == (5, 8, 8, 3)


def test_numbers_of_samples_and_seeds_are_whole_and_not_negative():
    model = quick().fit(X)
    assert len(model.sample(np.int64(2), np.int64(1))) == 2
    for number in (0, -1, 2.5, True, "2", None):
        with pytest.raises(WganError, match=r"n_samples = .*: give a whole number, 1 or more"):
            model.sample(number)
    with pytest.raises(WganError, match="random_state = -1: give a whole number, 0 or more"):
        model.sample(2, -1)
    for settings in (3, "x", [("optimizer.lr", 1.0)]):
        with pytest.raises(WganError, match=r"settings = .*: give a dict"):
            quick(settings=settings).fit(X)
    with pytest.raises(WganError, match=r"data\.kind = 3: expected text"):
        quick(settings={"data.kind": 3}).fit(X)


def test_it_learns_where_the_data_lie():
    settings = {"network.width": 64, "network.latent": 4, "objective.penalty_weight": 0.1}
    settings |= {"optimizer.lr": 1e-3, "optimizer.critic_steps": 3, "optimizer.batch": 64}
    settings |= {"optimizer.betas": [0.5, 0.9], "optimizer.decay": "linear"}
    model = quick(steps=200, settings=settings).fit(X)
    sample = model.sample(1000)
    assert np.allclose(sample.mean(0), X.mean(0), atol=[0.6, 0.03])
    assert np.allclose(sample.std(0), X.std(0), rtol=0.4)


def test_paths_and_names_are_data(tmp_path):
    np.save(tmp_path / "x.npy", X)
    assert quick().fit(tmp_path / "x.npy").sample(2).shape == (2, 2)
    assert quick().fit("digits").sample(2).shape == (2, 8, 8)


def test_settings_of_the_data_apply_to_paths(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, size=(20, 6, 9, 3), dtype=np.uint8)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{i}.png")
    resized = quick(settings=QUICK | {"data.resize": [8, 8]}).fit(tmp_path)
    assert resized.sample(2).shape == (2, 8, 8, 3)


def test_fitting_again_forgets_the_first_data():
    model = quick().fit(X)
    pictures = np.random.default_rng(0).integers(0, 256, size=(50, 8, 8), dtype=np.uint8)
    assert model.fit(pictures).score_samples(pictures).shape == (50,)
    assert not hasattr(model, "n_features_in_")


def test_a_fit_ends_with_a_distance_to_what_was_held_out_and_a_diagnosis(tmp_path):
    settings = QUICK | {"training.measure_every": 1, "training.log_every": 1}
    model = quick(steps=40, settings=settings).fit(X)
    finish = model.finish()
    assert finish.held_out.n == 60
    assert finish.step == 40
    assert finish.diagnosis
    assert model.finish() is finish, "computed once"
    assert model.held_out_distance() == finish.held_out
    assert model.diagnosis() == finish.diagnosis
    assert model.fit(X).finish() is not finish
    model.save(tmp_path / "m")
    again = WGAN.load(tmp_path / "m")
    for question in (again.finish, again.held_out_distance, again.diagnosis, again.evaluate):
        with pytest.raises(WganError, match="no data to be measured on"):
            question()
    with pytest.raises(NotFittedError):
        quick().finish()


def test_an_evaluation_is_that_of_the_command_line(tmp_path, capsys):
    """The same data, settings and seed: the same figures."""
    np.save("x.npy", X)
    model = quick().fit("x.npy")
    evaluation = model.evaluate()
    settings = flags([f"{key}={value}" for key, value in QUICK.items()])
    assert wgan("train x.npy --steps 3 --quiet --out r", *settings) == 0
    assert wgan("evaluate r --quiet") == 0
    assert RunFolder(tmp_path / "r").evaluation().evaluation.lines == evaluation.lines
    assert evaluation.line("w1-exact").generated.value > 0
    seeded = model.evaluate(EvaluationOptions(seed=1))
    assert seeded.line("w1-exact").real == pytest.approx(evaluation.line("w1-exact").real)


def test_random_state_decides_everything():
    a, b, c = quick().fit(X), quick().fit(X), quick(random_state=1).fit(X)
    assert np.array_equal(a.sample(4, random_state=7), b.sample(4, random_state=7))
    assert not np.array_equal(a.sample(4), a.sample(4, random_state=1))
    assert not np.array_equal(a.sample(4), c.sample(4))


def test_scores_in_both_conventions():
    model = quick(steps=100).fit(X)
    scores = model.score_samples(X)
    assert scores.shape == (300,)
    assert np.allclose(model.score_samples(X, convention="negated"), -scores)
    with pytest.raises(WganError, match="choose 'paper'"):
        model.score_samples(X, convention="other")


def test_a_conditional_model_samples_and_scores_classes(tmp_path):
    y = np.where(X[:, 0] > 5, "high", "low")
    model = quick(conditional=True).fit(X, y)
    assert model.classes_ == ("high", "low")
    mixed = model.sample(6, labels=["low", "high"] * 3)
    assert np.allclose(mixed[::2], model.sample(6, labels="low")[::2])
    assert not np.allclose(mixed[1::2], model.sample(6, labels="low")[1::2])
    assert model.score_samples(X, labels=y).shape == (300,)
    column = np.array([["low"]] * 6)
    assert np.allclose(model.sample(6, labels=b"low"), model.sample(6, labels=column))
    assert model.held_out_distance().labels.n == 60
    model.save(tmp_path / "m")
    again = WGAN.load(tmp_path / "m")
    assert np.allclose(again.sample(4, labels="high"), model.sample(4, labels="high"))
    floats = (X[:, 0] > 5).astype(float)
    model = quick(conditional=True).fit(X, floats)
    for labels in (floats, floats.astype(int)):
        assert model.score_samples(X, labels=labels).shape == (300,)
    assert quick(conditional=True).fit("digits").classes_ == tuple("0123456789")
    for wrong in (
        lambda: model.score_samples(X),
        lambda: model.sample(2, labels="middle"),
        lambda: model.sample(3, labels=["low"] * 2),
        lambda: model.sample(2, labels="low", where="a=1"),
        lambda: model.sample(2, labels="low", balance="a"),
    ):
        with pytest.raises(
            WganError,
            match=r"give its label|no class is called 'middle'|labels of shape|labels exclude",
        ):
            wrong()
    with pytest.raises(WganError, match="an array needs its labels"):
        quick(conditional=True).fit(X)
    ignored = quick().fit(X, y)  # as everywhere in scikit-learn, where y has no use
    assert ignored.classes_ == ()
    with pytest.raises(WganError, match="trained without labels"):
        quick().fit(X).sample(2, labels="low")


def test_a_fit_may_stop_where_it_has_converged():
    standing = QUICK | {"training.stop_when_converged": True, "training.measure_every": 1}
    standing |= {"optimizer.lr": 1e-12}
    history = quick(steps=64, settings=standing).fit(load("digits").rows).history_
    assert len([line for line in history if "held_out_w1" in line]) == history[-1]["step"] < 64


def test_save_and_load(tmp_path):
    model = quick().fit(X)
    model.save(tmp_path / "m")
    again = WGAN.load(tmp_path / "m")
    assert np.array_equal(again.sample(5), model.sample(5))
    assert np.allclose(again.score_samples(X), model.score_samples(X))
    with pytest.raises(WganError, match="nothing is overwritten"):
        model.save(tmp_path / "m")


def test_constructor_only_stores():
    settings = {"optimizer.lr": 1e-3}
    model = WGAN(variant="nonsense", settings=settings)
    assert model.settings is settings
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(WganError, match="no variant is called"):
        model.fit(X)
    with pytest.raises(NotFittedError):
        WGAN().sample()


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(SMALLEST, mark="xfail")),
    ids=lambda v: getattr(getattr(v, "func", v), "__name__", ""),
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_a_loaded_model_gives_the_same_rows_without_the_data_and_runs_no_code(tmp_path, mixed):
    estimator = WGAN(steps=3, settings={"network.width": 16}).fit(mixed(200))
    estimator.save("model")
    again = WGAN.load("model")
    pd.testing.assert_frame_equal(again.sample(20), estimator.sample(20))
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".safetensors", ".json"}
    assert list(again.feature_names_in_) == list(estimator.sample(1).columns)
    assert np.allclose(again.score_samples(mixed(200)), estimator.score_samples(mixed(200)))


def test_columns_keep_their_labels_and_a_schema_in_the_settings_counts(tmp_path):
    frame = pd.DataFrame({0: np.arange(60) % 25, "k": np.arange(60) % 30})
    (tmp_path / "s.toml").write_text('[columns.k]\nkind = "category"\n')
    estimator = WGAN(steps=1, settings={"data.schema": str(tmp_path / "s.toml")}).fit(frame)
    assert list(estimator.sample(2).columns) == [0, "k"]
    assert estimator.model_.codec.learned[1].kind == "category"


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_a_frame_of_another_library_comes_back_as_one(library):
    columns = {"n": [i * 7 % 25 for i in range(60)], "x": [i / 4 for i in range(60)]}
    module = pytest.importorskip(library)
    frame = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    estimator = WGAN(steps=1).fit(frame)
    sample = estimator.sample(5)
    assert type(sample) is type(frame)
    assert sample.schema == frame.schema
    assert estimator.score_samples(sample).shape == (5,)


def test_tables_take_a_one_sided_penalty(mixed):
    assert WGAN(steps=1).fit(mixed(100)).model_.variant == "wgan-lp"


def test_a_kind_of_data_may_be_named():
    pictures = np.random.default_rng(0).integers(0, 256, size=(30, 6, 6), dtype=np.uint8)
    named = quick(settings=QUICK | {"data.kind": "images"}).fit(pictures)
    assert named.model_.codec.kind == named.config_.data.kind == "images"
    for wrong in (pictures.reshape(30, 36), X):
        with pytest.raises(WganError, match="give vectors"):
            quick(settings=QUICK | {"data.kind": "images"}).fit(wrong)


def test_columns_that_are_completed_have_their_own_names():
    frame = pd.DataFrame({0: np.arange(120) % 5, 1: np.arange(120) % 3})
    done = WGAN(steps=1).fit(frame).complete(frame[[0]][:4])
    assert list(done.columns) == [0, 1]
    assert done[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("as_frame", [False, True])
def test_settings_that_say_how_data_are_read_hold_of_data_in_memory(as_frame):
    x = np.random.default_rng(0).normal(size=(300, 2)).cumsum(axis=0)
    settings = {"data.window": 12, "data.context": 3, "network.width": 8}
    if as_frame:
        when = pd.date_range("2020-01-01", periods=300, freq="h")
        data = pd.DataFrame({"when": when, "a": x[:, 0], "b": x[:, 1]})
        settings["data.time"] = "when"
    model = WGAN(steps=1, settings=settings).fit(data if as_frame else x)
    codec = model.model_.codec
    assert (codec.kind, codec.length) == ("series", 12)
    with pytest.raises(WganError, match=r"data\.window.*: for data\.kind = 'series' alone"):
        WGAN(steps=1, settings=settings | {"data.kind": "tables"}).fit(data if as_frame else x)


def test_arrays_of_series_may_have_missing_values():
    x = np.random.default_rng(0).normal(size=(40, 8, 2))
    x[::3, 2, 0] = np.nan
    model = WGAN(steps=1, settings={"data.kind": "series"}).fit(x)
    assert model.sample(3).shape == (3, 8, 2)
