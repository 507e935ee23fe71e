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
    ],
)
def test_impossible_settings_are_refused_at_construction(field, value, words):
    with pytest.raises(SettingError) as caught:
        NetworkConfig(**{field: value})
    assert str(caught.value) == f"network.{field} {words}"
    assert caught.value.key == f"network.{field}"


@pytest.mark.parametrize(("field", "value"), [("kind", "unet"), ("condition", "film")])
def test_unknown_words_are_refused(field, value):
    """By the settings themselves, or before by the check of types, where that is on."""
    with pytest.raises((SettingError, TypeError), match=value):
        NetworkConfig(**{field: value})


def test_an_architecture_is_chosen_and_the_rest_stays():
    config = NetworkConfig(width=7, latent=3)
    assert config.with_kind("conv") == NetworkConfig("conv", width=7, latent=3)
