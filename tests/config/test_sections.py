import pytest

from wgan.base.errors import WganError
from wgan.config import Config, configure, from_file, from_settings, resolve

DIGITS = from_settings(["data.source=digits"])


def test_later_layers_go_over_earlier_ones():
    config = resolve(
        [("a", {"optimizer": {"lr": 1e-3, "batch": 32}}), ("b", {"optimizer": {"lr": 2e-3}})]
    )
    assert (config.optimizer.lr, config.optimizer.batch) == (2e-3, 32)


def test_variant_preset_and_user_in_rising_order():
    config, _ = configure([from_settings(["data.source=25-gaussians", "objective.variant=wgan"])])
    assert (config.optimizer.name, config.optimizer.lr) == ("rmsprop", 5e-5)
    assert config.optimizer.batch == 256
    assert config.objective.penalty_weight is None
    config, _ = configure([from_settings(["data.source=25-gaussians", "optimizer.batch=8"])])
    assert (config.objective.penalty_weight, config.optimizer.batch) == (0.1, 8)


def test_settings_are_toml_values_and_bare_words():
    config = resolve(
        [
            from_settings(
                [
                    "data.resize=[32, 48]",
                    "optimizer.decay=linear",
                    "optimizer.lr=2e-4",
                    "training.compile=true",
                ]
            )
        ]
    )
    assert config.data.resize == (32, 48)
    assert config.optimizer.decay == "linear"
    assert config.optimizer.lr == 2e-4
    assert config.training.compile is True


def test_toml_round_trip(tmp_path):
    config = resolve([from_settings(["data.resize=[8, 8]", "objective.penalty_weight=3"])])
    (tmp_path / "c.toml").write_text(config.to_toml())
    again = resolve([from_file(tmp_path / "c.toml")])
    assert again == config
    assert again.differences(Config()) == [
        "data.resize: (8, 8) -> None",
        "objective.penalty_weight: 3.0 -> None",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[optimizer]\nlrr = 1", r"c\.toml: unknown key optimizer\.lrr\. Did you mean 'lr'"),
        (
            "[optimizer]\nlr = 1",
            r"c\.toml: unknown section or key optimizer\. Did you mean 'optimizer'",
        ),
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
        ("not toml", r"c\.toml: not valid TOML"),
    ],
)
def test_a_bad_file_is_answered_with_file_and_key(tmp_path, text, message):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(WganError, match=message):
        resolve([from_file(tmp_path / "c.toml")])


def test_a_bad_setting_names_the_flag():
    with pytest.raises(WganError, match=r"--set: .*optimizer\.lr"):
        resolve([from_settings(["optimizer.lr=fast"])])
    with pytest.raises(WganError, match=r"write section\.field=value"):
        from_settings(["lr=1"])


def test_an_unknown_preset_is_answered_with_the_nearest():
    with pytest.raises(WganError, match="Did you mean 'images'"):
        configure([DIGITS], "image")
