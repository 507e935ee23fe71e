import json

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data import load
from wgan.models import Model, load_model, save_model
from wgan.models.model import generate
from wgan.networks import NetworkConfig, build_critic, build_generator


@pytest.fixture
def model():
    network = NetworkConfig(kind="residual", width=4, latent=6)
    codec = load("digits").codec
    return Model(
        build_generator(network, codec.shape).eval(),
        build_critic(network, codec.shape).eval(),
        codec,
        network,
        "wgan-gp",
    )


def test_what_is_saved_is_loaded(model, tmp_path):
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert np.array_equal(again.sample(10, seed=3), model.sample(10, seed=3))
    raw = load("digits").rows[:20]
    assert np.allclose(again.scores(raw), model.scores(raw))
    assert again.codec == model.codec


def test_a_model_saved_before_there_were_classes_is_loaded(model, tmp_path):
    save_model(model, tmp_path / "m")
    about = json.loads((tmp_path / "m/generator.json").read_text())
    del about["classes"], about["network"]["condition"]
    (tmp_path / "m/generator.json").write_text(json.dumps(about))
    assert load_model(tmp_path / "m").classes == ()
    assert np.array_equal(load_model(tmp_path / "m").sample(4), model.sample(4))


def test_the_same_seed_gives_the_same_samples_whatever_their_number(model):
    assert np.array_equal(model.sample(300, seed=1)[:7], model.sample(7, seed=1))
    assert not np.array_equal(model.sample(7, seed=1), model.sample(7, seed=2))
    assert model.sample(3).shape == (3, 8, 8)


def test_sampling_uses_running_statistics_not_the_batchs(model):
    model.generator.train()
    z = torch.randn(8, 6)
    x = generate(model.generator, z)
    assert model.generator.training
    assert torch.allclose(
        x[:1], generate(model.generator, z[:1]), atol=1e-5
    )  # kernels differ by the batch; its statistics would by far more


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: (f / "generator.json").unlink(), "holds no generator"),
        (lambda f: (f / "generator.json").write_text("{"), "damaged"),
        (lambda f: (f / "generator.safetensors").write_bytes(b"abc"), "damaged safetensors"),
        (lambda f: (f / "generator.safetensors").unlink(), "no such file"),
        (lambda f: rewrite(f, "format", "wgan-model-9"), "this version reads 'wgan-model-1'"),
        (
            lambda f: rewrite(f, "network", {"kind": "residual", "width": 8, "latent": 6}),
            "does not fit generator.json",
        ),
        (lambda f: rewrite(f, "codec", {"kind": "os.system"}), "damaged or from a newer version"),
        (lambda f: rewrite(f, "codec", None), "damaged"),
        (
            lambda f: rewrite(f, "network", {"kind": "foo", "width": 4, "latent": 6}),
            "choose one of auto, mlp, conv, residual|damaged",
        ),
        (
            lambda f: rewrite(f, "network", {"kind": "residual", "width": 4.5, "latent": 6}),
            "damaged",
        ),
        (lambda f: (f / "generator.json").write_bytes(b"\xff\xfe"), "damaged"),
    ],
)
def test_damaged_models_are_named(model, tmp_path, damage, message):
    save_model(model, tmp_path / "m")
    damage(tmp_path / "m")
    with pytest.raises(WganError, match=message):
        load_model(tmp_path / "m")


def rewrite(folder, key, value):
    about = json.loads((folder / "generator.json").read_text())
    (folder / "generator.json").write_text(json.dumps(about | {key: value}))


def test_scores_refuse_samples_of_another_kind(model):
    with pytest.raises(WganError, match=r"samples of shape \(6, 6\), the data had \(8, 8\)"):
        model.scores(np.zeros((3, 6, 6), np.uint8))
    with pytest.raises(WganError, match="give the same range"):
        model.scores(np.zeros((3, 8, 8)))
