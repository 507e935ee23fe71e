import re
from pathlib import Path

import pytest
import torch
from torch import nn

import wgan
from wgan.base.errors import WganError
from wgan.objectives import VARIANTS, find_variant
from wgan.objectives.penalties import clip_weights, clipped_share

SOURCE = Path(wgan.__file__).parent


def test_rows_hold_the_papers_settings():
    gp, clip = find_variant("wgan-gp"), find_variant("wgan")
    assert (
        gp.penalty.weight,
        gp.optimizer["lr"],
        gp.optimizer["betas"],
        gp.optimizer["critic_steps"],
    ) == (10, 1e-4, (0.0, 0.9), 5)
    assert (
        clip.constraint.bound,
        clip.optimizer["name"],
        clip.optimizer["lr"],
        clip.optimizer["critic_steps"],
    ) == (0.01, "rmsprop", 5e-5, 5)
    assert clip.penalty is None
    assert gp.constraint is None


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(WganError, match="Did you mean 'wgan-gp'"):
        find_variant("wgan-pg")


def test_a_setting_that_the_row_lacks_is_an_error():
    with pytest.raises(WganError, match="gan has no penalty"):
        find_variant("gan").adjusted(penalty_weight=1.0)
    with pytest.raises(WganError, match="wgan-gp does not clip"):
        find_variant("wgan-gp").adjusted(clip=0.1)
    assert find_variant("wgan").adjusted(clip=0.1).constraint.bound == 0.1
    assert VARIANTS["wgan"].constraint.bound == 0.01


def test_clipping_bounds_weights_and_spares_normalisation():
    net = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Conv1d(1, 2, 3))
    clip_weights(net, 0.01)
    assert net[0].weight.abs().max() <= 0.01
    assert net[0].bias.abs().max() <= 0.01
    assert net[2].weight.abs().max() <= 0.01
    assert torch.equal(net[1].weight, torch.ones(4))


def test_the_share_at_the_bound_counts_clipped_weights_alone():
    net = nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.5, -0.01], [0.01, 0.001]]))
        net[0].bias.copy_(torch.tensor([0.0, -3.0]))
    clip_weights(net, 0.01)
    assert clipped_share(net, 0.01) == pytest.approx(4 / 6)


def test_names_of_variants_decide_nothing_outside_their_file():
    """Other files may default to `wgan-gp`, but never compare a name or look one up; demonstrations
    name what they show.
    """
    names = "|".join(VARIANTS)
    for path in SOURCE.rglob("*.py"):
        if path.name != "variants.py" and path.parent.name != "demos":
            found = re.findall(
                rf"""(?:==|!=|\bin|\bvariant\(|VARIANTS\[)\s*[(\[{{]?["'](?:{names})["']""",
                without_doctests(path.read_text()),
            )
            assert not found, (path, found)


def without_doctests(text):
    return "\n".join(
        line for line in text.splitlines() if not line.strip().startswith((">>>", "..."))
    )
