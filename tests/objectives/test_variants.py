"""Tests of the table of variants, and that it is listed without torch."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import wgan
from wgan import objectives
from wgan.base.errors import WganError
from wgan.objectives import VARIANTS, find_variant, losses

SOURCE = Path(wgan.__file__).parent


def test_variants_hold_the_papers_settings():
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


def test_a_setting_that_the_variant_lacks_is_an_error():
    with pytest.raises(WganError, match="gan has no penalty"):
        find_variant("gan").adjusted(penalty_weight=1.0)
    with pytest.raises(WganError, match="wgan-gp does not clip"):
        find_variant("wgan-gp").adjusted(clip=0.1)
    assert find_variant("wgan").adjusted(clip=0.1).constraint.bound == 0.1
    assert VARIANTS["wgan"].constraint.bound == 0.01


def test_variants_whose_estimate_is_a_w1_are_those_held_at_slope_one_alone():
    """With its consistency term, `wgan-ct` reads 0.1 to 0.95 where W1 is 1 (figures/claims.md)."""
    reading = {name for name, variant in VARIANTS.items() if variant.reads_w1}
    assert reading == {"wgan-gp", "wgan-lp", "wgan-sn", "wgan-ortho"}
    aiming = {name for name, variant in VARIANTS.items() if variant.aims_at_slope_one}
    assert aiming == reading | {"wgan-ct"}


def test_only_r1_under_a_wasserstein_score_lets_the_estimate_grow_without_limit():
    assert [name for name, variant in VARIANTS.items() if not variant.bounded] == ["wgan-r1"]
    assert "grows without limit" in VARIANTS["wgan-r1"].when
    assert VARIANTS["wgan-r1"].paper.startswith("none pairs these")
    for penalty in (None, VARIANTS["r3gan"].penalty):
        assert not replace(VARIANTS["wgan-gp"], penalty=penalty).bounded


class Step(nn.Module):
    """A critic that is flat at 0, and falls by k a unit from 1 on."""

    def __init__(self, k):
        super().__init__()
        self.k = nn.Parameter(torch.tensor(float(k)))

    def forward(self, x):
        return -self.k * (x.flatten() - 1).relu()


def test_r1_on_samples_that_do_not_overlap_has_an_optimum_in_the_published_pairing_alone():
    """Real samples at 0, fake ones at 3: a critic costs no penalty, however steep between them."""
    x, y, u = torch.zeros(8, 1), torch.full((8, 1), 3.0), torch.full((8,), 0.5)
    for name, losses_of, estimates_of in (
        ("wgan-r1", [-2.0, -20.0, -2000.0], [2.0, 20.0, 2000.0]),
        ("gan-r1", [0.8200751, 0.6931472, 0.6931472], [0.2831096, 0.3465736, 0.3465736]),
    ):
        found = [losses.CriticLoss(Step(k), VARIANTS[name])(x, y, u) for k in (1, 10, 1000)]
        assert [float(t.penalty.detach().max()) for t in found] == [0.0] * 3
        assert [float(t.loss.detach().mean()) for t in found] == pytest.approx(losses_of)
        assert [float(t.estimate.detach().mean()) for t in found] == pytest.approx(estimates_of)


def test_variants_with_settings_of_another_paper_say_so():
    borrowed = {
        "gan": "Radford",
        "gan-minimax": "Radford",
        "lsgan": "Radford",
        "wgan-lp": "Gulrajani",
        "wgan-ct": "Gulrajani",
        "wgan-sn": "Gulrajani",
        "wgan-ortho": "Gulrajani",
        "wgan-r1": "Mescheder",
    }
    for name, paper in borrowed.items():
        assert f"settings of {paper} et al." in VARIANTS[name].paper or name == "wgan-r1"
    assert "whose own pairing is gan-r1" in VARIANTS["wgan-r1"].paper
    assert "held constant" in VARIANTS["r3gan"].paper


LISTING = """
import sys
import wgan.objectives.variants
from wgan.objectives import VARIANTS, find_variant
for variant in VARIANTS.values():
    print(variant.name, variant.penalty, variant.constraint, variant.consistency, variant.layers)
    print(variant.reads_w1, variant.settings(), variant.adjusted())
find_variant("wgan-gp")
assert "torch" not in sys.modules
"""


def test_the_table_is_listed_without_torch():
    done = subprocess.run(
        [sys.executable, "-c", LISTING], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 * len(VARIANTS)


def test_every_public_name_is_there_and_no_other():
    for name in objectives.__all__:
        assert getattr(objectives, name) is not None
    assert objectives.CriticLoss is losses.CriticLoss
    with pytest.raises(AttributeError, match=r"wgan\.objectives' has no attribute 'Critic'"):
        objectives.Critic  # noqa: B018


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
