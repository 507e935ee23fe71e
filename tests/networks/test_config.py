"""Settings of networks: refused at construction where no network could have them."""

import pytest

from wgan.base.errors import SettingError
from wgan.networks import NetworkConfig


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("width", 0, "= 0: give 1 or more"),
        ("depth", -1, "= -1: give 0 or more"),
        ("latent", 0, "= 0: give 1 or more"),
        ("pack", 0, "= 0: give 1 or more"),
        ("width", 10**9, "= 1000000000: give 16384 or less"),
        ("depth", 10**7, "= 10000000: give 1024 or less"),
        ("latent", 10**9, "= 1000000000: give 65536 or less"),
        ("pack", 10**6, "= 1000000: give 1024 or less"),
    ],
)
def test_impossible_settings_are_refused_at_construction(field, value, words):
    with pytest.raises(SettingError) as caught:
        NetworkConfig(**{field: value})
    assert str(caught.value) == f"network.{field} {words}"
    assert caught.value.key == f"network.{field}"


def test_sizes_that_are_large_together_are_refused_with_both():
    with pytest.raises(SettingError, match=r"= 1000, with network\.width = 16384: 2\.7e\+11"):
        NetworkConfig(width=2**14, depth=1000)
    assert NetworkConfig(width=2**14, depth=8).depth == 8


@pytest.mark.parametrize("value", [2.5, "5", True, None])
def test_sizes_are_whole_numbers(value):
    """By the settings themselves, or before by the check of types, where that is on."""
    with pytest.raises((SettingError, TypeError)):
        NetworkConfig(width=value)


@pytest.mark.parametrize(("field", "value"), [("kind", "unet"), ("condition", "film")])
def test_unknown_words_are_refused(field, value):
    """By the settings themselves, or before by the check of types, where that is on."""
    with pytest.raises((SettingError, TypeError), match=value):
        NetworkConfig(**{field: value})


def test_an_architecture_is_chosen_and_the_rest_stays():
    config = NetworkConfig(width=7, latent=3)
    assert config.with_kind("conv") == NetworkConfig("conv", width=7, latent=3)
