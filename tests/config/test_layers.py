"""Layers of configuration: the later over the earlier, faults named by layer and key."""

import tomllib

import numpy as np
import pytest

from wgan.base.errors import WganError
from wgan.config import Config, from_file, from_settings, resolve
from wgan.config.layers import SECTIONS, from_mapping, renamed


def test_later_layers_go_over_earlier_ones():
    config = resolve(
        [("a", {"optimizer": {"lr": 1e-3, "batch": 32}}), ("b", {"optimizer": {"lr": 2e-3}})]
    )
    assert (config.optimizer.lr, config.optimizer.batch) == (2e-3, 32)


def test_settings_are_toml_values_and_bare_words():
    texts = ["data.resize=[32, 48]", "optimizer.decay=linear", "optimizer.lr=2e-4"]
    config = resolve([from_settings([*texts, "training.compile=true"])])
    assert config.data.resize == (32, 48)
    assert config.optimizer.decay == "linear"
    assert config.optimizer.lr == 2e-4
    assert config.training.compile is True


@pytest.mark.parametrize("columns", [(), ("a",), ("a", "b", "c")])
def test_a_list_of_any_length_goes_through_a_file(columns, tmp_path):
    config = resolve([from_mapping({"data.static": list(columns)})])
    assert config.data.static == columns
    (tmp_path / "c.toml").write_text(config.to_toml())
    assert resolve([from_file(tmp_path / "c.toml")]) == config
    assert config.data.reading.static == columns


def test_a_mapping_of_keys_is_a_layer():
    layer = from_mapping({"optimizer.lr": 2e-4, "optimizer.betas": (0.5, 0.9)}, "mine")
    assert layer == ("mine", {"optimizer": {"lr": 2e-4, "betas": (0.5, 0.9)}})
    assert resolve([layer]).optimizer.betas == (0.5, 0.9)
    with pytest.raises(WganError, match=r"mine: 'lr' names no section: write 'optimizer.lr'"):
        from_mapping({"lr": 1}, "mine")
    with pytest.raises(WganError, match=r"mine: optimizer.lr = -1.0: give a positive number"):
        resolve([from_mapping({"optimizer.lr": -1}, "mine")])


@pytest.mark.parametrize("number", [np.int64, np.int8, np.float32, np.float64])
def test_numbers_of_numpy_are_numbers(number):
    settings = {"training.steps": number(7), "optimizer.batch": number(4)}
    config = resolve([from_mapping(settings | {"optimizer.lr": number(2)})])
    assert (config.training.steps, config.optimizer.batch, config.optimizer.lr) == (7, 4, 2.0)
    assert type(config.training.steps) is int
    assert type(config.optimizer.lr) is float
    assert Config() == resolve([from_mapping({"training.compile": np.bool_(False)})])
    with pytest.raises(WganError, match="expected a whole number"):
        resolve([from_mapping({"training.steps": np.float32(2.6)})])
    with pytest.raises(WganError, match="expected a whole number"):
        resolve([from_mapping({"training.steps": np.True_})])


def test_a_layer_may_take_a_setting_back():
    penalty = from_settings(["objective.penalty_weight=3"])
    assert resolve([penalty, from_mapping({"objective.penalty_weight": None})]) == Config()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[optimizer]\nlrr = 1", r"c\.toml: unknown key optimizer\.lrr\. Did you mean 'lr'"),
        ("[optimzer]\nlr = 1", r"c\.toml: unknown section or key optimzer\. Did you mean 'opti"),
        ("[data]\nkind = 'image'", "no kind of data is called 'image'. Did you mean 'images'"),
        ("lr = 1", r"c\.toml: "),
        ("[optimizer]\nlr = 'fast'", r"c\.toml: .*optimizer\.lr.*fast"),
        ("[optimizer]\nlr = -1", r"c\.toml: optimizer\.lr = -1"),
        ("[optimizer]\nbatch = 1.5", r"c\.toml: .*optimizer\.batch"),
        ("[optimizer]\ndecay = 'cosine'", r"c\.toml: .*optimizer\.decay"),
        ("[optimizer]\nbetas = [0.5]", r"c\.toml: .*optimizer\.betas"),
        ("[optimizer]\nbetas = [0.5, 1.5]", r"c\.toml: optimizer\.betas"),
        ("[objective]\nvariant = 'wgan-pg'", "Did you mean 'wgan-gp'"),
        ("[training]\nsteps = 0", r"c\.toml: training\.steps = 0"),
        ("[training]\nema = 1.0", r"c\.toml: training\.ema"),
        ("[data]\nheld_out = 1.0", r"c\.toml: data\.held_out"),
        ("[network]\nwidth = 0", r"c\.toml: network\.width = 0"),
        ("[network]\ndepth = 10000000", r"c\.toml: network\.depth = 10000000: give 1024 or less"),
        ("[optimizer]\nbatch = 1e9", r"c\.toml: optimizer\.batch = 1000000000: give 16777216 or"),
        ("[data]\ncontext = -1", r"c\.toml: data\.context = -1: give 0 or more"),
        ("[data]\nwindow = 5\ncontext = 9", r"c\.toml: data\.context = 9: a window of 5 steps"),
        ("[data]\nstatic = 'city'", r"c\.toml: data\.static = 'city': give a list in brackets"),
        ("[data]\nstatic = ['a', 1]", r"c\.toml: data\.static = .*: expected text"),
        ("[data]\nstatic = ['a', 'a']", r"c\.toml: data\.static names 'a'"),
        ("[data]\nresize = [8, 100000]", r"c\.toml: data\.resize .* each from 1 to 16384"),
        ("not toml", r"c\.toml: not valid TOML"),
        ("x = " + "[" * 100_000, r"c\.toml: not valid TOML: brackets nested too deep"),
        ("[data]\nsplit_seed = -1", r"c\.toml: data\.split_seed = -1: give 0 or more"),
        ("[data]\nschema = ''", r"c\.toml: data\.schema is empty"),
    ],
)
def test_a_bad_file_is_answered_with_file_and_key(tmp_path, text, message):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(WganError, match=message):
        resolve([from_file(tmp_path / "c.toml")])


@pytest.mark.parametrize("kind", ["TOML", "--set", "mapping"])
def test_a_section_of_an_older_version_is_read_with_a_warning(tmp_path, kind):
    if kind == "TOML":
        (tmp_path / "c.toml").write_text("[optimiser]\nlr = 0.5\n[training]\nsteps = 3\n")
        layer = from_file(tmp_path / "c.toml")
    elif kind == "--set":
        layer = from_settings(["optimiser.lr=0.5", "training.steps=3"])
    else:
        layer = from_mapping({"optimiser.lr": 0.5, "training.steps": 3})
    words = f"{layer[0]}: the section optimiser is now called optimizer"
    with pytest.warns(UserWarning, match=words):
        config = resolve([layer])
    assert (config.optimizer.lr, config.training.steps) == (0.5, 3)
    assert "[optimizer]" in config.to_toml()


@pytest.mark.filterwarnings("ignore:.*is now called optimizer")
def test_a_section_under_both_names_is_one():
    nested = {"optimiser": {"lr": 0.5, "batch": 8}, "optimizer": {"lr": 0.25}}
    assert renamed("mine", nested) == {"optimizer": {"lr": 0.25, "batch": 8}}
    with pytest.raises(WganError, match=r"unknown key optimizer.lrr\. Did you mean 'lr'"):
        resolve([("mine", {"optimiser": {"lrr": 1}})])


def test_sections_of_today_warn_of_nothing(recwarn):
    assert set(tomllib.loads(resolve([]).to_toml())) == set(SECTIONS)
    assert renamed("mine", {"optimizer": {"lr": 1}}) == {"optimizer": {"lr": 1}}
    assert not recwarn.list


def test_a_bad_setting_names_the_flag():
    with pytest.raises(WganError, match=r"--set: .*optimizer\.lr"):
        resolve([from_settings(["optimizer.lr=fast"])])
    with pytest.raises(WganError, match=r"write section\.field=value"):
        from_settings(["lr=1"])


def test_a_fault_between_fields_names_the_layer_of_its_key():
    lazy = from_settings(["objective.penalty_every=2"])
    words = "--set: objective.penalty_every is set, but gan has no penalty"
    with pytest.raises(WganError, match=words):
        resolve([("mine", {"objective": {"variant": "gan"}}), lazy])
