"""The estimator in scikit-learn: pipelines, searches, scores, and further steps."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from numpydoc_form import sections
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from wgan import WGAN
from wgan.base.errors import WganError
from wgan.distances import wasserstein

X = np.random.default_rng(0).normal([5, -3], [2, 0.1], size=(80, 2))
Y = np.where(X[:, 0] > 5, "high", "low")
QUICK = {"network.width": 8, "optimizer.batch": 8}


def quick(**arguments):
    return WGAN(**({"steps": 2, "settings": QUICK} | arguments))


def weights(model):
    """Everything that training moves, as bytes by name."""
    state = model._run.state
    parts = {name: getattr(state, name).state_dict() for name in ("generator", "critic", "average")}
    for name in ("generator_optimizer", "critic_optimizer"):
        moments = getattr(state, name).state_dict()["state"]
        parts[name] = {f"{i}/{k}": v for i, each in moments.items() for k, v in each.items()}
    return {
        f"{part}/{name}": tensor.cpu().numpy().tobytes()
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
    }


# Pipelines


def test_samples_of_a_pipeline_come_back_through_its_transformers():
    pipe = make_pipeline(StandardScaler(), quick(settings=QUICK | {"optimizer.lr": 1e-2}, steps=60))
    pipe.fit(X)
    scaled = pipe[-1].sample(500)
    rows = pipe[:-1].inverse_transform(scaled)
    assert np.allclose(rows, scaled * X.std(0) + X.mean(0))
    assert np.allclose(rows.mean(0), X.mean(0), atol=[2, 0.1]), "in the data's own units"
    assert pipe.score(X) == pipe[-1].score(pipe[:-1].transform(X))
    assert pipe.score_samples(X).shape == (80,)


def test_a_column_transformer_may_stand_before_it_and_frames_stay_frames():
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": Y})
    before = make_column_transformer(
        (StandardScaler(), ["a", "b"]), (OneHotEncoder(sparse_output=False), ["c"])
    )
    rows = make_pipeline(before, quick()).fit(frame)[-1].sample(3)
    assert isinstance(rows, np.ndarray)
    assert rows.shape == (3, 4)
    named = make_pipeline(before, quick()).set_output(transform="pandas").fit(frame)
    table = named[-1].sample(3)
    assert list(table.columns) == list(named[:-1].get_feature_names_out())
    assert named[-1].model_.codec.kind == "tables"


def test_parameters_of_a_step_are_set_by_name_and_clones_are_not_fitted():
    pipe = make_pipeline(PCA(1), quick()).set_params(wgan__variant="wgan-lp", wgan__steps=1)
    pipe.fit(X)
    assert pipe[-1].model_.variant == "wgan-lp"
    again = clone(pipe)
    assert not hasattr(again[-1], "model_")
    assert again[-1].get_params() == pipe[-1].get_params()


# Scores


def test_a_score_is_minus_the_w1_to_generated_samples():
    """With five times the same generated set, which a generator of one point gives."""
    model = quick().fit(X)
    for parameter in model.model_.generator.parameters():
        parameter.data.zero_()
    measure = model.model_.codec.measure
    point, real = measure(model.sample(1)), measure(X)
    expected = np.linalg.norm(real - point, axis=1).mean()
    assert model.score(X) == pytest.approx(-expected, rel=1e-6)
    assert model.score(X) == model.score(X)
    assert model.score(X + 10 * X.std(0)) < model.score(X) < 0


def test_a_score_of_many_samples_is_that_of_a_thousand_of_them():
    model = quick().fit(X)
    many = np.random.default_rng(1).normal([5, -3], [2, 0.1], size=(1500, 2))
    assert model.score(many) == pytest.approx(model.score(many[:900]), rel=0.1)


def test_samples_are_scored_within_their_class():
    model = quick(conditional=True).fit(X, Y)
    within, across = model.score(X, Y), model.score(X)
    swapped = model.score(X, np.where(Y == "low", "high", "low"))
    assert across < 0
    assert within < 0
    assert swapped < 0
    numbers = np.array([model.model_.label(name) for name in Y])
    measure = model.model_.codec.measure
    one = model.model_.sample(80, 0, numbers)
    parts = [(name == Y).mean() * wasserstein(measure(one[name == Y]), measure(X[name == Y]))
             for name in ("high", "low")]  # fmt: skip
    assert -within == pytest.approx(sum(parts), rel=0.3), "another draw of the same generator"
    with pytest.raises(WganError, match="no class is called 'other'"):
        model.score(X, ["other"] * 80)


def test_what_cannot_be_scored_is_refused():
    model = quick().fit(X)
    with pytest.raises(ValueError, match="3 features, but WGAN is expecting 2"):
        model.score(np.ones((4, 3)))
    with pytest.raises(ValueError, match="0 sample"):
        model.score(X[:0])
    table = WGAN(steps=1).fit(pd.DataFrame({"a": X[:, 0], "c": Y}))
    assert table.score(pd.DataFrame({"a": X[:5, 0], "c": Y[:5]})) < 0
    with pytest.raises(WganError, match="give a DataFrame"):
        table.score(X)


def test_a_search_over_variants_and_steps_takes_the_highest_held_out_score():
    grid = {"wgan__variant": ["wgan-gp", "wgan"], "wgan__steps": [1, 40]}
    rate = QUICK | {"optimizer.lr": 5e-3}
    search = GridSearchCV(make_pipeline(StandardScaler(), quick(settings=rate)), grid, cv=2)
    search.fit(X)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_score_ == scores.max() < 0
    assert search.best_params_["wgan__steps"] == 40, "trained generators score higher"
    assert search.best_estimator_[-1].sample(2).shape == (2, 2)


def test_cross_validation_hands_the_classes_of_each_fold_on():
    scores = cross_val_score(quick(conditional=True), X, Y, cv=2)
    assert scores.shape == (2,)
    assert (scores < 0).all()


@pytest.mark.parametrize("routing", [False, True])
def test_weights_of_samples_are_refused(routing):
    weight = np.ones(80)
    with pytest.raises(TypeError, match="sample_weight"):
        quick().fit(X, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=routing):
        search = GridSearchCV(quick(), {"steps": [1]}, cv=2)
        search.fit(X, Y)
        assert search.best_score_ < 0
        with pytest.raises((TypeError, ValueError), match="sample_weight"):
            make_pipeline(StandardScaler(), quick()).fit(X, wgan__sample_weight=weight)


# Further steps


@pytest.mark.parametrize(
    ("data", "arguments"),
    [
        (X, {}),
        (X, {"conditional": True}),
        (X, {"variant": "wgan"}),
        (X, {"settings": QUICK | {"training.warmup_critic_steps": 3, "training.ema": 0.0}}),
        (pd.DataFrame({"a": X[:, 0], "c": Y}), {}),
        (np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8), {}),
    ],
    ids=["vectors", "classes", "rmsprop", "warm-up", "table", "images"],
)
def test_steps_that_are_added_give_the_bits_of_one_fit(data, arguments):
    y = Y if arguments.get("conditional") else None
    warm = quick(warm_start=True, steps=4, **arguments).fit(data, y)
    first = weights(warm)
    model, run = warm.model_, warm._run
    warm.finish()
    warm.set_params(steps=9).fit(data, y)
    whole = quick(warm_start=True, steps=9, **arguments).fit(data, y)
    assert weights(warm) == weights(whole)
    assert warm._run.state.step == 9
    assert first != weights(warm)
    assert run.state.step == 4
    assert weights(type("", (), {"_run": run})()) == first, "the first run is as it was"
    assert model is not warm.model_
    assert np.array_equal(np.asarray(warm.sample(3)), np.asarray(whole.sample(3)))
    steps = [line["step"] for line in warm.history_]
    assert steps == sorted(set(steps))
    assert steps[-1] == 9


def test_as_many_steps_again_change_nothing():
    warm = quick(warm_start=True).fit(X)
    before = weights(warm)
    assert weights(warm.fit(X)) == before
    anew = warm.set_params(warm_start=False, settings=QUICK | {"optimizer.lr": 1e-2}).fit(X)
    assert weights(anew) != before


def test_presets_keep_what_would_fall_to_zero():
    assert quick().fit(X).config_.optimizer.decay == "linear"
    assert quick(warm_start=True).fit(X).config_.optimizer.decay == "none"
    table = WGAN(steps=1, warm_start=True).fit(pd.DataFrame({"a": X[:, 0], "c": Y}))
    assert table.config_.objective.likelihood_dropout == 0.2


def test_what_cannot_be_gone_on_with_is_refused_and_the_model_stays(tmp_path):
    warm = quick(warm_start=True, steps=3).fit(X)
    before = weights(warm)
    cases = [
        ({"variant": "wgan-lp"}, X, r"objective\.variant: wgan-gp -> wgan-lp"),
        ({"random_state": 1}, X, r"training\.seed: 0 -> 1"),
        ({"settings": QUICK | {"optimizer.lr": 0.1}}, X, r"optimizer\.lr"),
        ({"steps": 2}, X, "steps = 2, and 3 are done: give 3 or more"),
        ({"steps": 9}, X + 1, "on other data: give the same"),
        ({"steps": 9}, X[:40], "on other data: give the same"),
    ]
    for changed, data, words in cases:
        other = warm.set_params(**changed)
        with pytest.raises(WganError, match=words) as refused:
            other.fit(data)
        assert "\n" not in str(refused.value)
        assert "warm_start=False" in str(refused.value)
        warm.set_params(variant=None, random_state=0, settings=QUICK, steps=3)
        assert weights(warm) == before
    with pytest.raises(ValueError, match="3 features, but WGAN is expecting 2"):
        warm.fit(np.ones((20, 3)))
    assert warm.sample(2).shape == (2, 2)
    warm.save(tmp_path / "m")
    with pytest.raises(WganError, match="a loaded model has no run to go on with"):
        WGAN.load(tmp_path / "m").set_params(warm_start=True).fit(X)


def test_a_run_that_depends_on_its_last_step_cannot_be_gone_on_with():
    falling = quick(warm_start=True, settings=QUICK | {"optimizer.decay": "linear"}).fit(X)
    assert falling.fit(X)._run.state.step == 2
    with pytest.raises(WganError, match=r"optimizer\.decay = 'linear'"):
        falling.set_params(steps=9).fit(X)
    cold = quick().fit(X)
    with pytest.raises(WganError, match=r"decay: linear -> none.*warm_start=True among them"):
        cold.set_params(warm_start=True, steps=9).fit(X)


def test_classes_are_part_of_the_data():
    warm = quick(warm_start=True, conditional=True).fit(X, Y)
    with pytest.raises(WganError, match="on other data"):
        warm.set_params(steps=4).fit(X, Y[::-1])


def test_an_interrupted_fit_leaves_the_earlier_one(monkeypatch):
    warm = quick(warm_start=True).fit(X)
    before = weights(warm)
    monkeypatch.setattr("wgan.training.steps.AdversarialSteps.step", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        warm.set_params(steps=9).fit(X)
    monkeypatch.undo()
    assert weights(warm) == before
    assert warm.fit(X)._run.state.step == 9


# The docstring


def test_the_docstring_has_scikit_learns_sections_and_no_attribute_is_missing():
    parts = sections(WGAN.__doc__)
    wanted = ["Parameters", "Attributes", "See Also", "Notes", "References", "Examples"]
    assert [name for name in parts if name] == wanted
    with warnings.catch_warnings(action="ignore"):
        fitted = WGAN(steps=1).fit(pd.DataFrame({"a": X[:, 0], "c": Y}))
    public = {name for name in vars(fitted) if re.fullmatch(r"[a-z]\w*_", name)}
    assert set(re.findall(r"^(\w+) : ", parts["Attributes"], re.M)) == public
