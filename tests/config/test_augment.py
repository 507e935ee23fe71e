"""Settings of augmentation: what is refused, and that a run without it has the id that it had."""

import pytest

from wgan.base.errors import WganError
from wgan.config import from_settings, resolve
from wgan.config.augment import FIXED, AugmentConfig


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["augment.flips=true"], "augment.flips is set, but augment.mode is not"),
        (["augment.mode=fixed", "augment.target=0.5"], "augment.target is set, but"),
        (["augment.mode=fixed", "augment.probability=1.1"], "augment.probability = 1.1"),
        (["augment.mode=adaptive", "augment.target=1"], "augment.target = 1"),
        (["augment.mode=fixed", 'augment.changes=["contrst"]'], "mean 'contrast'"),
        (["augment.mode=some"], "choose one of fixed, adaptive"),
    ],
)
def test_what_has_no_effect_or_no_meaning_is_refused(settings, words):
    with pytest.raises(WganError, match=words):
        resolve([from_settings(settings)])


def test_unset_augmentation_adds_no_setting():
    """So the digest of the settings, which is the id of a run, is what it was before."""
    assert all(value is None for value in vars(AugmentConfig()).values())
    assert "augment" not in resolve([]).to_toml().replace("[augment]", "")


def test_probabilities_and_changes_by_mode():
    assert AugmentConfig().first == 0
    assert AugmentConfig("adaptive").first == 0
    assert AugmentConfig("fixed").first == FIXED
    assert AugmentConfig("fixed", 0.0).first == 0
    assert AugmentConfig("fixed", flips=True, changes=("cutout",)).chosen == ("cutout", "mirrored")
