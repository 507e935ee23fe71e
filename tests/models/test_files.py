"""Files of a model: the same samples again, damage named, networks of one's own rebuilt."""

import json

import numpy as np
import pytest
from nets import codec_for
from own_networks import OwnCritic, OwnGenerator, own_pair
from safetensors.torch import load_file, save
from torch import nn

from wgan.base.errors import WganError
from wgan.data import load
from wgan.models import Model, load_model, save_model
from wgan.networks import NetworkConfig, Pair, build_critic, build_generator
from wgan.objectives import VARIANTS
from wgan.runs import RunFolder
from wgan.training import Run


@pytest.fixture
def model():
    network = NetworkConfig(kind="residual", width=4, latent=6)
    codec = load("digits").codec
    generator, critic = (build(network, codec).eval() for build in (build_generator, build_critic))
    return Model(generator, critic, codec, network, "wgan-gp")


def test_what_is_saved_is_loaded(model, tmp_path):
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert np.array_equal(again.sample(10, seed=3), model.sample(10, seed=3))
    raw = load("digits").rows[:20]
    assert np.allclose(again.scores(raw), model.scores(raw))
    assert again.codec == model.codec


def test_a_model_saved_before_there_were_classes_is_loaded(model, tmp_path):
    save_model(model, tmp_path / "m")
    older(tmp_path / "m")
    about = json.loads((tmp_path / "m/generator.json").read_text())
    del about["classes"], about["network"]["condition"]
    (tmp_path / "m/generator.json").write_text(json.dumps(about))
    assert load_model(tmp_path / "m").classes == ()
    assert np.array_equal(load_model(tmp_path / "m").sample(4), model.sample(4))


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
            "choose one of auto, mlp, conv, residual, bottleneck|damaged",
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
    older(tmp_path / "m")
    damage(tmp_path / "m")
    with pytest.raises(WganError, match=message):
        load_model(tmp_path / "m")


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("source", ["digits", "8-gaussians"])
def test_the_critic_of_every_variant_is_loaded(tmp_path, source, name):
    network = NetworkConfig(width=4, latent=6)
    codec = load(source).codec
    layers = VARIANTS[name].layers
    nets = build_generator(network, codec), build_critic(network, codec, layers=layers)
    model = Model(*(net.eval() for net in nets), codec, network, name)
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m")
    raw = load(source).rows[:4]
    assert np.array_equal(again.scores(raw), model.scores(raw))


@pytest.mark.parametrize(
    "settings", [{"width": 10**6}, {"width": 10**9}, {"latent": 10**12}, {"depth": 10**7}]
)
def test_networks_larger_than_the_files_are_not_built(model, tmp_path, settings):
    save_model(model, tmp_path / "m")
    older(tmp_path / "m")
    network = {"kind": "residual", "width": 4, "latent": 6} | settings
    rewrite(tmp_path / "m", "network", network)
    with pytest.raises(WganError, match=r"does not fit generator\.json|generator\.json: damaged"):
        load_model(tmp_path / "m")


def test_a_changed_file_and_one_of_another_model_are_told(model, tmp_path):
    save_model(model, tmp_path / "m")
    other = Model(
        model.generator,
        build_critic(model.network, model.codec, seed=1).eval(),
        model.codec,
        model.network,
        "wgan-gp",
    )
    nets = [build_generator(model.network, model.codec, seed=1).eval(), other.critic]
    save_model(Model(*nets, model.codec, model.network, "wgan-gp"), tmp_path / "other")
    critic = (tmp_path / "other/critic.safetensors").read_bytes()
    (tmp_path / "m/critic.safetensors").write_bytes(critic)
    with pytest.raises(WganError, match=r"critic\.safetensors: is not of the model that"):
        load_model(tmp_path / "m")
    save_model(model, tmp_path / "m")
    rewrite(tmp_path / "m", "variant", "gan")
    with pytest.raises(WganError, match=r"generator\.json: was changed after it was written"):
        load_model(tmp_path / "m")


def older(folder):
    """Make the files of a model those of an older version: without ids and digests."""
    about = json.loads((folder / "generator.json").read_text())
    about = {name: value for name, value in about.items() if name not in ("id", "digest")}
    (folder / "generator.json").write_text(json.dumps(about))
    for path in folder.glob("*.safetensors"):
        path.write_bytes(save(load_file(path)))


def rewrite(folder, key, value):
    about = json.loads((folder / "generator.json").read_text())
    (folder / "generator.json").write_text(json.dumps(about | {key: value}))


def own_model(generator=None, critic=None):
    """A model of two columns with networks of one's own."""
    networks = generator or OwnGenerator(3, 4, 2), critic or OwnCritic(2, 4)
    return Model(*(net.eval() for net in networks), codec_for((2,)), NetworkConfig(), "wgan-gp")


def test_a_network_of_ones_own_is_rebuilt_from_its_name_and_config(tmp_path):
    model = own_model()
    save_model(model, tmp_path / "m")
    again = load_model(tmp_path / "m", networks=[OwnCritic, OwnGenerator])
    assert isinstance(again.generator, OwnGenerator)
    assert model.noise == again.noise == 3
    assert np.array_equal(again.sample(10, seed=3), model.sample(10, seed=3))
    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    assert np.array_equal(again.scores(x), model.scores(x))
    about = json.loads((tmp_path / "m/generator.json").read_text())["networks"]
    assert about["critic"] == {"name": "own-critic", "config": {"inputs": 2, "width": 4}}


def test_the_class_of_a_network_of_ones_own_has_to_be_given(tmp_path):
    save_model(own_model(), tmp_path / "m")
    for known in ([], [OwnCritic]):
        with pytest.raises(WganError, match=r"network of its own, 'own-generator': give its class"):
            load_model(tmp_path / "m", networks=known)


def test_a_class_without_a_name_is_refused(tmp_path):
    class Nameless(nn.Linear):
        pass

    with pytest.raises(
        WganError, match=r"class Nameless cannot be rebuilt.*give the class a `name`"
    ):
        save_model(own_model(Nameless(3, 2)), tmp_path / "m")
    assert not (tmp_path / "m").exists(), "nothing is half written"


@pytest.mark.parametrize("config", [None, ["width", 4], {"width": object()}, {"net": nn.ReLU()}])
def test_a_config_that_is_not_plain_is_refused(tmp_path, config):
    critic = OwnCritic(2, 4)
    critic.config = config
    with pytest.raises(
        WganError, match="network 'own-critic': `config` is not a dict of plain values"
    ):
        save_model(own_model(critic=critic), tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_a_config_of_another_class_is_named(tmp_path):
    save_model(own_model(), tmp_path / "m")
    older(tmp_path / "m")
    about = json.loads((tmp_path / "m/generator.json").read_text())
    about["networks"]["generator"]["config"] = {"depth": 3}
    (tmp_path / "m/generator.json").write_text(json.dumps(about))
    with pytest.raises(WganError, match=r"generator\.json: damaged .*depth"):
        load_model(tmp_path / "m", networks=[OwnCritic, OwnGenerator])


def test_a_pair_of_ones_own_is_trained_stopped_resumed_and_loaded(tmp_path):
    """Its generator takes other noise than those of the package."""
    settings = {"network.width": 8, "optimizer.batch": 8, "training.log_every": 1}

    def begun(folder):
        return Run.open(
            "8-gaussians",
            steps=6,
            settings=settings,
            out=tmp_path / folder,
            watch=None,
            pair=own_pair(5),
        )

    whole = begun("whole")
    assert isinstance(whole.state.generator, OwnGenerator)
    assert [record.step for record in whole.records()] == list(range(7))
    parts = begun("parts")
    list(parts.records(lambda: parts.state.step >= 3))
    parts.close()
    parts = begun("parts")
    assert parts.state.step == 3
    list(parts.records())
    known = [OwnGenerator, OwnCritic]
    models = [load_model(tmp_path / folder, networks=known) for folder in ("whole", "parts")]
    assert np.array_equal(models[0].sample(20), models[1].sample(20))
    assert np.array_equal(models[0].sample(20), whole.model.sample(20))
    assert whole.finish().held_out.w1 > 0
    with pytest.raises(WganError, match="give its class"):
        RunFolder(tmp_path / "whole").model()


def test_a_generator_that_does_not_say_its_noise_takes_that_of_its_pair(tmp_path):
    class Quiet(nn.Module):
        name = "quiet"

        def __init__(self, inputs):
            super().__init__()
            self.config = {"inputs": inputs}
            self.net = nn.Linear(inputs, 2)

        def forward(self, z):
            return self.net(z)

    pair = own_pair(7)
    quiet = type(pair)(pair.architectures, lambda *a: Quiet(7), pair.critic, pair.noise)
    small = {"network.width": 8, "optimizer.batch": 8}
    run = Run.open("8-gaussians", steps=2, settings=small, out=tmp_path / "r", pair=quiet)
    list(run.records())
    again = load_model(tmp_path / "r", networks=[Quiet, OwnCritic])
    assert again.noise == 7
    assert np.array_equal(again.sample(5), run.model.sample(5))


def test_a_run_whose_networks_could_not_be_saved_does_not_begin(tmp_path):
    class Nameless(nn.Linear):
        pass

    pair = own_pair()
    nameless = type(pair)(pair.architectures, lambda *a: Nameless(3, 2), pair.critic, pair.noise)
    with pytest.raises(WganError, match=r"class Nameless cannot be rebuilt"):
        Run.open("8-gaussians", steps=2, out=tmp_path / "r", pair=nameless)
    assert not (tmp_path / "r").exists()
    small = {"network.width": 8, "optimizer.batch": 8}
    run = Run.open("8-gaussians", steps=2, settings=small, pair=nameless, watch=None)
    assert [record.step for record in run.records()] == [0, 1, 2], "nothing is written"


def test_plain_torch_networks_of_ones_own_are_refused_before_the_folder_is_made(tmp_path):
    def generator(config, codec, classes):
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))

    def critic(config, codec, layers, classes):
        return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))

    pair = Pair(("own",), generator, critic, lambda config, codec: 3)
    with pytest.raises(WganError, match="class Sequential cannot be rebuilt"):
        Run.open("8-gaussians", steps=2, out=tmp_path / "run", pair=pair)
    assert not (tmp_path / "run").exists()
