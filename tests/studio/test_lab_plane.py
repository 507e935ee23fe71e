"""The Lab in the plane: frames are finite, slopes are the critic's, the certified keep to 1."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.data.toys import TOYS
from wgan.distances import wasserstein
from wgan.objectives.variants import VARIANTS
from wgan.studio import lab_plane
from wgan.studio.lab_plane import Group, Scene, Training, check_choice

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "studio.md"
TOLERANCE = 1e-5
"""Rounding of float32 in the norm of a gradient."""


@pytest.fixture(scope="module", autouse=True)
def tiny():
    with pytest.MonkeyPatch.context() as patch:
        small = {"network.width": 8, "network.depth": 2, "optimizer.batch": 32}
        patch.setattr(lab_plane, "SETTINGS", lab_plane.SETTINGS | small)
        yield


@pytest.fixture(scope="module")
def scene(tiny):
    return Scene("8-gaussians", 0)


def trained(scene, name, steps):
    training = Training(scene, name)
    for _ in range(steps):
        training.advance()
    return training


@pytest.mark.parametrize("name", VARIANTS)
def test_frames_of_every_variant_are_finite_and_follow_the_steps(scene, name):
    training = Training(scene, name)
    frames = [training.frame()]
    for _ in range(3):
        training.advance()
        frames.append(training.frame())
    assert [frame.step for frame in frames] == [0, 1, 2, 3]
    for frame in frames:
        for numbers in (frame.generated, frame.values, frame.slopes, frame.arrows):
            assert np.isfinite(numbers).all()
        assert np.isfinite([frame.estimate.value, frame.w1]).all()
    assert not np.array_equal(frames[0].generated, frames[-1].generated)
    assert len(json.dumps(frames[-1].to_json(), allow_nan=False)) < 40_000


def test_the_certified_critic_never_exceeds_slope_one_and_never_reads_above_w1(scene):
    training = Training(scene, "wgan-ortho")
    for _ in range(12):
        training.advance()
        frame = training.frame()
        assert frame.slopes.max() <= 1 + TOLERANCE
        assert frame.lipschitz <= 1 + TOLERANCE
        assert frame.estimate.value <= frame.w1 * (1 + TOLERANCE), "Kantorovich's duality"
        assert frame.to_json()["steep_share"] == 0


def test_a_critic_without_constraint_breaks_slope_one(scene):
    training = trained(scene, "gan", 0)
    with torch.no_grad():
        for parameter in training.run.state.critic.parameters():
            parameter *= 3
    frame = training.frame()
    assert frame.slopes.max() > 1.5
    assert frame.to_json()["steep_share"] > 0
    assert frame.lipschitz >= frame.slopes.max()


def test_slopes_and_arrows_are_differences_of_what_they_are_gradients_of(scene):
    training = trained(scene, "gan", 5)
    frame = training.frame()
    grid = scene.grid().double()
    h = 1e-6

    def differences(f, x):
        steps = torch.eye(2, dtype=torch.float64) * h
        return torch.stack([(f(x + e) - f(x - e)) / (2 * h) for e in steps], dim=1)

    critic = training.run.state.critic.double()
    with torch.no_grad():
        slopes = differences(critic, grid).norm(dim=1).numpy()
        points = torch.from_numpy(frame.generated)
        pulls = -differences(lambda x: torch.nn.functional.softplus(-critic(x)), points)
    # A kink of ReLU within the step of a difference spoils single points.
    assert np.median(np.abs(frame.slopes.ravel() - slopes)) < 1e-5
    assert np.median(np.abs(frame.arrows - pulls.numpy()[: len(frame.arrows)])) < 1e-5


def test_a_frame_leaves_the_training_as_it_is(scene):
    watched, alone = Training(scene, "wgan-ortho"), Training(scene, "wgan-ortho")
    for _ in range(3):
        watched.frame()
        watched.advance()
        alone.advance()
    for mine, theirs in zip(
        watched.run.state.critic.parameters(), alone.run.state.critic.parameters(), strict=True
    ):
        assert torch.equal(mine, theirs)


def test_w1_and_its_floor_are_exact_and_between_the_points_that_are_shown(scene):
    frame = trained(scene, "wgan-gp", 2).frame()
    assert frame.w1 == pytest.approx(wasserstein(frame.generated, scene.real))
    assert 0 < scene.floor.value < frame.w1
    held_out = scene.split.held_out_sample(0, len(scene.real))
    assert np.allclose(held_out, scene.real)


@pytest.mark.parametrize("name", sorted(set(TOYS) - {"8-gaussians"}))
def test_every_toy_has_a_scene_that_holds_its_points(name):
    scene = Scene(name, 1)
    values = scene.to_json()
    x0, x1, y0, y1 = values["box"]
    assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-3), "a circle is drawn as a circle"
    assert (scene.real >= [x0, y0]).all()
    assert (scene.real <= [x1, y1]).all()
    frame = trained(scene, "wgan-gp", 1).frame().to_json()
    json.dumps([values, frame], allow_nan=False)


@pytest.mark.skipif(not PAGE.exists(), reason="installed without its checkout")
def test_the_program_of_the_page_runs(capsys):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    exec(compile(program.replace("1000", "2"), PAGE.name, "exec"), {})
    assert len(capsys.readouterr().out.split()) == 6


@pytest.mark.parametrize("checked_every", [1, 1000])
def test_a_variant_that_diverges_says_so_and_the_others_go_on(scene, monkeypatch, checked_every):
    settings = lab_plane.SETTINGS | {"training.log_every": checked_every}
    monkeypatch.setattr(lab_plane, "SETTINGS", settings)
    group = Group(scene, ["gan", "wgan-gp"])
    with torch.no_grad():
        next(group.trainings[0].run.state.generator.parameters()).fill_(float("nan"))
    group.advance()
    first = group.frames()
    assert "diverged" in first[0]["error"]
    group.advance()
    second = group.frames()
    assert second[0] == first[0]
    assert second[1]["step"] == 2
    assert not group.done


@pytest.mark.parametrize(
    ("data", "names", "words"),
    [
        ("8-gaussian", ["gan"], "Did you mean '8-gaussians'"),
        ("8-gaussians", ["wgan-pg"], "Did you mean 'wgan-gp'"),
        ("8-gaussians", [], "choose 1 to 5"),
        ("8-gaussians", ["gan", "gan"], "choose 1 to 5"),
        ("../secret", ["gan"], "no toy"),
    ],
)
def test_what_is_no_choice_is_refused(data, names, words):
    with pytest.raises(WganError, match=words):
        check_choice(data, names)
