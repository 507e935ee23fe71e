"""Comparison: paired t by hand and by scipy, Bonferroni, Welch where seeds differ, words, and how
often noise is taken for a difference.
"""

from dataclasses import replace

import numpy as np
import pytest
from fake_runs import evaluation, fake_run, with_w1
from scipy import stats

from wgan.base.errors import WganError
from wgan.base.intervals import mean_of
from wgan.report.comparison import Group, among_seeds, conclusions, differences, grouped
from wgan.runs import read_finished


def runs_of(tmp_path, values, **settings):
    """Runs of variants with these held-out distances by seed."""
    return [
        read_finished(fake_run(tmp_path / f"{variant}-{seed}", variant, seed, w1, **settings))
        for variant, each in values.items()
        for seed, w1 in enumerate(each)
    ]


def test_differences_are_paired_over_seeds_and_scipy_agrees(tmp_path):
    x, y = [1.0, 1.4, 1.2], [1.5, 1.8, 1.9]
    (found,) = differences(grouped(runs_of(tmp_path, {"wgan-gp": x, "gan": y})))
    theirs = stats.ttest_rel(y, x).confidence_interval(0.95)
    assert (found.better, found.worse, found.paired) == ("wgan-gp", "gan", True)
    assert found.mean.value == pytest.approx(np.mean(y) - np.mean(x))
    assert found.mean.value - found.mean.half_width == pytest.approx(theirs.low)
    assert found.seen == (theirs.low > 0)
    assert str(found).startswith("gan is worse than wgan-gp: W1 +0.53 +- ")


def test_three_settings_share_the_error(tmp_path):
    x, y, z = [1.0, 1.4, 1.2], [1.5, 1.8, 1.9], [2.0, 2.6, 2.2]
    found = differences(grouped(runs_of(tmp_path, {"wgan-gp": x, "gan": y, "wgan": z})))
    assert [(d.better, d.worse) for d in found] == [
        ("wgan-gp", "gan"),
        ("wgan-gp", "wgan"),
        ("gan", "wgan"),
    ]
    theirs = stats.ttest_rel(y, x).confidence_interval(1 - 0.05 / 3)
    assert found[0].mean.value + found[0].mean.half_width == pytest.approx(theirs.high)


def test_other_seeds_are_compared_by_welch(tmp_path):
    x, y = [1.0, 1.4, 1.2], [1.5, 1.8, 1.9, 1.7]
    (found,) = differences(grouped(runs_of(tmp_path, {"wgan-gp": x, "gan": y})))
    theirs = stats.ttest_ind(y, x, equal_var=False).confidence_interval(0.95)
    assert not found.paired
    assert found.mean.value + found.mean.half_width == pytest.approx(theirs.high)


def test_one_seed_tells_nothing(tmp_path):
    assert (
        "one seed tells nothing"
        in conclusions(grouped(runs_of(tmp_path, {"wgan-gp": [1.0], "gan": [9.0]})))[0]
    )
    assert not differences(grouped(runs_of(tmp_path / "b", {"wgan-gp": [1.0], "gan": [9.0]})))[
        0
    ].seen


def test_runs_that_differ_by_their_seed_alone_are_one_group_and_are_not_different(tmp_path):
    groups = grouped(runs_of(tmp_path, {"wgan-gp": [1.500, 1.505]}))
    assert [group.name for group in groups] == ["wgan-gp"]
    assert conclusions(groups) == [
        "wgan-gp: no difference can be seen between its 2 seeds (W1 1.5, 1.505)"
    ]
    far = conclusions(grouped(runs_of(tmp_path / "b", {"wgan-gp": [1.5, 1.6]})))
    assert "seeds 0 and 1 differ by more than the noise of samples" in far[0]


def test_no_difference_is_an_answer(tmp_path):
    said = conclusions(
        grouped(runs_of(tmp_path, {"wgan-gp": [1.0, 1.5, 1.2], "wgan-lp": [1.1, 1.2, 1.4]}))
    )
    assert said[0].startswith("no difference can be seen between ")


def test_noise_is_rarely_taken_for_a_difference(tmp_path):
    """Of 400 comparisons of three settings that are equal, at most about 5 % see any difference."""
    base = runs_of(tmp_path, {"wgan-gp": [0.0] * 3, "gan": [0.0] * 3, "wgan": [0.0] * 3})
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(400):
        shared = rng.normal(size=3)
        runs = [with_w1(run, shared[run.seed] + 0.3 * rng.normal()) for run in base]
        seen += any(abs(d.mean.value) > d.mean.half_width for d in differences(grouped(runs)))
    assert seen / 400 < 0.08


def alarms(tmp_path, seeds, n=150):
    """The part of comparisons of three equal settings, of which every other run collapses, that
    see a difference.
    """
    base = runs_of(tmp_path, {name: [0.0] * seeds for name in ("wgan-gp", "gan", "wgan")})
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(n):
        w1 = 1 + 0.02 * rng.normal(size=len(base)) + 2 * (rng.random(len(base)) < 0.5)
        runs = [with_w1(run, value) for run, value in zip(base, w1, strict=True)]
        seen += any(each.seen for each in differences(grouped(runs)))
    return seen / n


def test_runs_that_collapse_deceive_students_t_and_not_the_rank_test(tmp_path):
    """Of 6,000 comparisons, 9.3 % at three seeds and 4.5 % at five."""
    assert 0.04 < alarms(tmp_path / "3", 3) < 0.16
    assert alarms(tmp_path / "5", 5) < 0.1


def test_with_enough_seeds_an_exact_rank_test_decides(tmp_path):
    x, y = [1.0, 1.1, 1.2, 1.3, 1.4], [1.5, 1.6, 1.7, 1.8, 99.0]
    groups = grouped(runs_of(tmp_path, {"wgan-gp": x, "gan": y}))
    (found,) = differences(groups)
    assert found.p == pytest.approx(stats.mannwhitneyu(x, y, method="exact").pvalue)
    assert found.mean.value < found.mean.half_width, "one far run hides it from Student's t"
    assert found.seen
    assert "(exact rank test: p = 0.0079, counts up to 0.05)" in str(found)
    assert not any("Student's t" in said for said in conclusions(groups))
    few = grouped(runs_of(tmp_path / "few", {"wgan-gp": x[:3], "gan": y[:3]}))
    assert differences(few)[0].p is None
    said = " | ".join(conclusions(few))
    assert "with 3 seeds Student's t decides" in said
    assert "in 4 % of comparisons of 2 equal variants" in said
    assert "--seeds 4 lets an exact rank test decide" in said


def test_settings_that_were_tuned_for_some_alone_are_named(tmp_path):
    tuned = fake_run(tmp_path / "a", "wgan-gp", lr=1e-3)
    own = fake_run(tmp_path / "b", "gan", lr=2e-4)
    other = fake_run(tmp_path / "c", "wgan", lr=5e-5)
    said = conclusions(grouped([read_finished(path) for path in (tuned, own, other)]))
    assert any("optimizer settings, wgan-gp with others" in s for s in said)
    alike = conclusions(grouped([read_finished(path) for path in (own, other)]))
    assert not any("not tuned alike" in s for s in alike)


def test_figures_of_other_versions_of_the_protocol_are_said(tmp_path):
    new, old = evaluation(), replace(evaluation(), protocol="wgan-samples-0")
    runs = [
        read_finished(fake_run(tmp_path / name, "wgan-gp", seed, evaluated=each))
        for seed, (name, each) in enumerate({"a": new, "b": old}.items())
    ]
    assert any("different versions of the protocol" in said for said in conclusions(grouped(runs)))


def test_a_variant_whose_modes_are_lost_is_worse_for_that_reason(tmp_path):
    for seed in range(3):
        fake_run(
            tmp_path / f"gan-{seed}",
            "gan-minimax",
            seed,
            5 + 0.1 * seed,
            evaluated=evaluation((1.0, 0.0, 0.0, 0.01 * (seed == 2))),
        )
        fake_run(tmp_path / f"gp-{seed}", "wgan-gp", seed, 1.5 + 0.1 * seed, evaluated=evaluation())
    said = conclusions(
        grouped(
            [
                read_finished(tmp_path / name)
                for name in ("gan-0", "gan-1", "gan-2", "gp-0", "gp-1", "gp-2")
            ]
        )
    )
    assert said[0].startswith("gan-minimax is worse than wgan-gp: W1 +3.5 +- ")
    assert (
        "gan-minimax loses modes in 3 of 3 runs: 3, 3, 3 of 4 have less than a tenth of their share"
        in said[0]
    )
    assert sum("loses modes" in sentence for sentence in said) == 1


def test_settings_of_one_variant_are_told_apart_by_what_differs(tmp_path):
    runs = [read_finished(fake_run(tmp_path / f"{lr}", lr=lr)) for lr in (1e-3, 1e-4)]
    assert {group.name for group in grouped(runs)} == {
        "wgan-gp (optimizer.lr=0.001)",
        "wgan-gp (optimizer.lr=0.0001)",
    }


def test_runs_of_other_data_and_the_same_run_twice_are_refused(tmp_path):
    first = read_finished(fake_run(tmp_path / "a"))
    with pytest.raises(WganError, match="give runs of the same data"):
        grouped([first, read_finished(fake_run(tmp_path / "b", data="g", name="other"))])
    with pytest.raises(WganError, match="hold out other samples"):
        grouped([first, read_finished(fake_run(tmp_path / "c", held_out=0.1))])
    with pytest.raises(WganError, match="name each run once"):
        grouped([first, first])


def test_runs_by_class_are_other_settings(tmp_path):
    runs = [
        read_finished(fake_run(tmp_path / "a", seed=0)),
        read_finished(fake_run(tmp_path / "b", seed=1, labels="f00d")),
    ]
    assert len(grouped(runs)) == 2


@pytest.mark.parametrize("seeds", [2, 5])
def test_noise_of_samples_is_rarely_taken_for_a_difference_of_seeds(tmp_path, seeds):
    group = grouped(runs_of(tmp_path, {"wgan-gp": [1.0] * seeds}))[0]
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(400):
        means = [mean_of(1 + 0.01 * rng.normal(size=5)) for _ in group.runs]
        pairs = zip(group.runs, means, strict=True)
        runs = tuple(with_w1(run, mean.value, mean.half_width) for run, mean in pairs)
        seen += "differ by more" in among_seeds(Group(group.name, runs))
    assert seen / 400 < 0.08


def test_the_frechet_distance_is_compared_too_and_may_say_otherwise(tmp_path):
    """Settings whose W1 is smaller, and whose Frechet distance is larger; all four intervals hold
    together.
    """
    for seed in range(3):
        fake_run(
            tmp_path / f"a{seed}",
            "gan",
            seed,
            1.0 + 0.1 * seed,
            evaluated=evaluation(frechet=9.0 + seed),
        )
        fake_run(
            tmp_path / f"b{seed}",
            "wgan-gp",
            seed,
            2.0 + 0.12 * seed,
            evaluated=evaluation(frechet=3.0 + 1.1 * seed),
        )
    runs = [read_finished(tmp_path / f"{name}{seed}") for name in "ab" for seed in range(3)]
    first, second = differences(grouped(runs))
    assert (first.better, first.worse, first.metric) == ("gan", "wgan-gp", "W1")
    assert (second.better, second.worse, second.metric) == (
        "wgan-gp",
        "gan",
        "Frechet distance on pixels-64",
    )
    theirs = stats.ttest_rel([9.0, 10.0, 11.0], [3.0, 4.1, 5.2]).confidence_interval(1 - 0.05 / 2)
    assert second.mean.value - second.mean.half_width == pytest.approx(theirs.low)
    assert str(second).startswith(
        "gan is worse than wgan-gp: Frechet distance on pixels-64 +5.9 +- "
    )
    other = fake_run(tmp_path / "c0", "wgan-lp", 0, 1.0, evaluated=evaluation())
    assert {each.metric for each in differences(grouped([*runs, read_finished(other)]))} == {
        "W1"
    }, "not all were evaluated alike"


def test_the_rank_test_says_which_side_is_worse_where_a_collapse_turns_the_means_round(tmp_path):
    """One run of eight is far off; of the others, each is better than all of the other side."""
    x, y = [1.0, 2, 3, 4, 5, 6, 7, 100], [8.0, 9, 10, 11, 12, 13, 14, 15]
    (found,) = differences(grouped(runs_of(tmp_path, {"wgan-gp": x, "gan": y})))
    assert np.mean(x) > np.mean(y)
    assert found.seen
    assert (found.better, found.worse) == ("wgan-gp", "gan")
    assert found.mean.value == pytest.approx(np.mean(y) - np.mean(x))
    assert "a few outlying runs reverse the order of the means" in str(found)
