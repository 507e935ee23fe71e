"""Columns, weights, groups, tests, spreads and pictures of `wgan distance`."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wgan.audit import bracket
from wgan.cli import main
from wgan.distances import (
    distance,
    permutation_test,
    sampling_spread,
    sinkhorn_divergence,
    transport,
    wasserstein,
)

N, M = 60, 48


def table(n, shift, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.normal(40, 5, n) + shift,
            "hours": rng.uniform(0, 24, n),
            "w": rng.uniform(0.5, 2, n),
            "who": [f"p{i // 4}" for i in range(n)],
        }
    )


A, B = table(N, 0, 0), table(M, 3, 1)
X, Y = A[["age", "hours"]].to_numpy(), B[["age", "hours"]].to_numpy()


@pytest.fixture(autouse=True)
def files():
    A.to_csv("a.csv", index=False)
    B.to_csv("b.csv", index=False)


def printed(capsys, *arguments):
    assert main(["distance", "a.csv", "b.csv", "--columns", "age,hours", *arguments]) == 0
    return capsys.readouterr().out


def values(capsys, *arguments):
    return json.loads(printed(capsys, *arguments, "--json"))


def test_weights_reach_the_distance_and_its_floor(capsys):
    found = values(capsys, "--weights", "w")
    expected = distance(X, Y, "exact", 1, A["w"], B["w"], floor=True)
    assert found["value"] == pytest.approx(wasserstein(X, Y, 1, A["w"], B["w"]), rel=1e-12)
    assert found["floor"] == pytest.approx(expected.floor, rel=1e-12)
    assert found["x"] == "a.csv (60 rows), weighted"


def test_row_numbers_that_are_measured_are_said(capsys):
    many = table(120, 0, 0)[["age", "hours"]]
    many.assign(number=range(120), day=np.arange(120) % 7).to_csv("c.csv", index=False)
    assert main(["distance", "c.csv", "c.csv"]) == 0
    said = capsys.readouterr().err
    assert "'number' looks like row numbers, and is measured" in said
    assert said.count("looks like") == 1
    shuffled = pd.read_csv("c.csv").sample(frac=1, random_state=0)
    shuffled.to_csv("d.csv", index=False)
    assert main(["distance", "d.csv", "c.csv"]) == 0  # they only rise in the second
    assert "'number' looks like row numbers" in capsys.readouterr().err
    assert main(["distance", "c.csv", "c.csv", "--columns", "age,number"]) == 0
    assert "looks like" not in capsys.readouterr().err


def test_groups_are_halved_whole(capsys):
    found = values(capsys, "--groups", "who")
    expected = distance(X, Y, floor=True, x_groups=A["who"]).floor
    assert found["floor"] == pytest.approx(expected, rel=1e-12)
    assert found["floor"] != values(capsys)["floor"]
    assert found["value"] == values(capsys)["value"]


def test_the_test_is_printed_with_its_permutations(capsys):
    found = values(capsys, "--permutations", "99", "--groups", "who", "--seed", "3")
    expected = permutation_test(X, Y, permutations=99, x_groups=A["who"], y_groups=B["who"], seed=3)
    assert found["permutation_test"]["p_value"] == expected.p_value
    assert found["permutation_test"]["exchanged"] == [15, 12]
    out = printed(capsys, "--permutations", "99")
    p = permutation_test(X, Y, permutations=99).p_value
    assert f"permutation test of one population: p = {p:.3g} (W1 = " in out
    assert "of 99 permutations reach it" in out


def test_the_coordinates_of_the_test_do_not_tell_the_sides_apart(capsys):
    found = values(capsys, "--permutations", "19", "--space", "standard")["permutation_test"]
    scale = np.concatenate([X, Y]).std(axis=0)
    assert found["value"] == pytest.approx(wasserstein(X / scale, Y / scale), rel=1e-12)
    assert found["units"] == "standard deviations of both sides' columns"
    assert capsys.readouterr().err == ""
    assert main(["distance", "a.csv", "b.csv", "--groups", "who", "--permutations", "19"]) == 0
    assert "fitted" not in capsys.readouterr().err, "these are columns of numbers"
    for name, frame in (("c.csv", A), ("d.csv", B)):
        frame.assign(job=np.resize(["cook", "smith"], len(frame))).to_csv(name, index=False)
    arguments = ["distance", "c.csv", "d.csv", "--groups", "who", "--permutations", "19"]
    assert main(arguments) == 0
    assert "note: the coordinates of the permutation test are fitted" in capsys.readouterr().err


def test_the_spread_is_of_the_printed_distance(capsys):
    options = ["--subsamples", "20", "--confidence", "0.9", "--metric", "sliced", "--p", "2"]
    found = values(capsys, *options)["spread"]
    expected = sampling_spread(X, Y, "sliced", 2, 20, 0.9)
    assert found["deviation"] == pytest.approx(expected.deviation)
    assert found["low"] == pytest.approx(expected.low)
    assert found["value"] == pytest.approx(distance(X, Y, "sliced", 2).value)
    out = printed(capsys, *options)
    assert f"s.d. {expected.deviation:.4g}; their mean in [" in out
    assert "(about 90 %, 20 subsamples of 15 and 12)" in out


def test_epsilon_is_that_of_sinkhorn(capsys):
    found = values(capsys, "--metric", "sinkhorn", "--epsilon", "7.5")
    assert found["epsilon"] == 7.5
    assert found["value"] == pytest.approx(sinkhorn_divergence(X, Y, 1, 7.5).value)


def test_weights_of_columns_scale_their_squares(capsys):
    found = values(capsys, "--column-weight", "hours=4", "--permutations", "19")
    scaled = X * [1, 2], Y * [1, 2]
    assert found["value"] == pytest.approx(wasserstein(*scaled), rel=1e-12)
    assert found["permutation_test"]["value"] == pytest.approx(found["value"], rel=1e-12)
    assert found["units"] == "data coordinates, weighted columns"


def test_hours_of_the_day_go_around(capsys):
    """Against POT's transport on a circle, which no code here is used for."""
    import ot

    arguments = ["distance", "a.csv", "b.csv", "--columns", "hours", "--circular", "hours=24"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    around = ot.wasserstein_circle(A["hours"].to_numpy() / 24, B["hours"].to_numpy() / 24)
    assert found["value"] == pytest.approx(24 * float(around[0]), rel=1e-9)
    both = values(capsys, "--circular", "hours=24", "--column-weight", "hours=9")
    expected = transport(X * [1, 3], Y * [1, 3], circular={1: 72}).distance
    assert both["value"] == pytest.approx(expected, rel=1e-9)
    assert both["why"] == "circular columns: only exact transport takes them"
    assert both["floor"] > 0


def test_ranges_give_the_diameter(capsys):
    arguments = ["--bracket", "population", "--steps", "5"]
    arguments += ["--range", "age=0:100", "--range", "hours=0:24"]
    found = values(capsys, *arguments)
    assert found["upper_end"]["diameter"] == pytest.approx((100**2 + 24**2) ** 0.5)
    assert "R=102.84 of the ranges of 2 columns" in printed(capsys, *arguments)


def test_groups_reach_the_population_bracket(capsys):
    frames = {name: table(100, shift, shift) for name, shift in (("c.csv", 0), ("d.csv", 1))}
    for name, frame in frames.items():
        frame.to_csv(name, index=False)
    arguments = ["distance", "c.csv", "d.csv", "--columns", "age", "--groups", "who", "--json"]
    assert main([*arguments, "--bracket", "population", "--steps", "5", "--diameter", "99"]) == 0
    found = json.loads(capsys.readouterr().out)
    x, y = (frame[["age"]].to_numpy() for frame in frames.values())
    groups = [frame["who"].to_numpy() for frame in frames.values()]
    expected = bracket(x, y, diameter=99, steps=5, x_groups=groups[0], y_groups=groups[1])
    assert found["lower"] == pytest.approx(expected.lower)
    assert found["upper"] == pytest.approx(expected.upper)
    assert found["upper"] != pytest.approx(bracket(x, y, diameter=99, steps=5).upper)


@pytest.mark.parametrize("name", ["plan.png", "plan.svg"])
def test_a_plan_is_drawn_and_drawn_again(name, capsys):
    for _ in range(2):
        assert f"the plan is drawn in {name}" in printed(capsys, "--plot", name)
    assert Path(name).stat().st_size > 5000


def test_a_plan_on_a_line_and_the_walk_of_histograms_are_drawn(capsys):
    assert main(["distance", "a.csv", "b.csv", "--columns", "age", "--plot", "line.svg"]) == 0
    assert "age (data coordinates)" in Path("line.svg").read_text()
    assert main(["distance", "3,2,1,4", "1,2,4,3", "--plot", "walk.svg"]) == 0
    assert "the walk is drawn in walk.svg" in capsys.readouterr().out
    assert "earth mover's distance 5" in Path("walk.svg").read_text().replace("&#x27;", "'")


def test_json_with_a_picture_is_json_alone(capsys):
    assert values(capsys, "--plot", "plan.svg")["metric"] == "exact"


def test_a_test_that_fails_does_not_lose_the_distance(capsys):
    B.drop(columns="w").to_csv("b.csv", index=False)
    arguments = ["distance", "a.csv", "b.csv", "--columns", "age,hours", "--weights", "w"]
    assert main([*arguments, "--permutations", "99"]) == 2
    captured = capsys.readouterr()
    assert f"W1(x, y) = {wasserstein(X, Y, 1, A['w']):.4g} (network simplex" in captured.out
    assert "weights of one side alone" in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epsilon", "1"], "--epsilon is the weight of the entropy of --metric sinkhorn"),
        (["--metric", "sinkhorn", "--epsilon", "0"], "above 0"),
        (["--metric", "sinkhorn", "--permutations", "99"], "not another --metric"),
        (["--permutations", "9"], "19 or more"),
        (["--subsamples", "3"], "20 or more"),
        (["--metric", "sliced", "--plot", "p.png"], "draws the plan of exact transport"),
        (["--plot", "a.csv"], "a .png or .svg"),
        (["--weights", "w", "--bracket", "population"], "--bracket population is not one"),
        (["--weights", "w", "--metric", "dual"], "--metric dual is not one"),
        (["--groups", "who", "--bracket", "samples"], "does not apply to --bracket samples"),
        (["--permutations", "99", "--bracket", "samples"], "is for distances"),
        (["--range", "age=0:1"], "belongs to --bracket population"),
        (["--bracket", "population", "--range", "age=0:1"], "--range is missing for hours"),
        (["--bracket", "population", "--range", "age"], "has no number after a '='"),
        (
            ["--bracket", "population", "--range", "age=1"],
            "'' is not a number: write it like age=17:90",
        ),
        (["--bracket", "population", "--range", "age=0:9", "--range", "age=0:9"], "twice"),
        (["--bracket", "population", "--range", "=0:9"], "names no column"),
        (
            ["--bracket", "population", "--diameter", "9", "--range", "age=0:99"],
            "both give the diameter",
        ),
        (["--circular", "hour=24"], "no measured column is 'hour'. Did you mean"),
        (["--circular", "hours=-1"], "--circular hours=-1: give a period above 0"),
        (["--circular", "hours=day"], "'day' is not a number: write it like hour=24"),
        (["--circular", "hours=24", "--circular", "hours=12"], "twice"),
        (["--circular", "hours=24", "--metric", "sliced"], "not to another --metric"),
        (["--circular", "hours=24", "--permutations", "99"], "knows no circular columns"),
        (["--circular", "hours=24", "--space", "standard"], "--space standard makes others"),
        (["--circular", "hours=24", "--bracket", "samples"], "is for distances"),
        (["--column-weight", "age=-2"], "give 0 or more"),
        (["--column-weight", "age=0", "--column-weight", "hours=0"], "all columns have weight 0"),
        (["--column-weight", "age"], "has no number after a '='"),
        (["--weights", "weight"], "no column is called 'weight'"),
        (["--groups", "age"], "name it once"),
        (["--subsamples", "20", "--confidence", "2"], "between 0 and 1"),
    ],
)
def test_an_option_has_an_effect_or_is_refused(arguments, message, capsys):
    assert main(["distance", "a.csv", "b.csv", "--columns", "age,hours", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    "flag",
    [
        ["--epsilon", "1"],
        ["--columns", "a"],
        ["--column-weight", "a=2"],
        ["--circular", "a=2"],
        ["--weights", "w"],
        ["--groups", "g"],
        ["--permutations", "99"],
        ["--subsamples", "99"],
        ["--space", "standard"],
        ["--confidence", "0.9"],
        ["--diameter", "3"],
        ["--range", "a=0:1"],
        ["--variant", "wgan"],
        ["--steps", "5"],
    ],
)
def test_histograms_take_none_of_them(flag, capsys):
    assert main(["distance", "1,2", "2,1", *flag]) == 2
    assert f"{flag[0]} is not for histograms" in capsys.readouterr().err


def test_an_empty_name_of_a_column_is_refused(capsys):
    assert main(["distance", "a.csv", "b.csv", "--columns", "age,,hours"]) == 2
    assert "names an empty column" in capsys.readouterr().err


def test_columns_beside_a_run_are_refused_with_a_remedy(capsys):
    quick = ["--steps", "2", "--quiet", "--set", "network.width=4", "--set", "optimizer.batch=8"]
    assert main(["train", "a.csv", *quick, "--out", "r"]) == 0
    assert main(["distance", "a.csv", "r", "--columns", "age"]) == 2
    assert "wgan sample r -o samples.csv" in capsys.readouterr().err


def test_a_picture_of_somebody_else_is_not_replaced(capsys):
    Path("mine.png").write_bytes(b"mine")
    assert main(["distance", "a.csv", "b.csv", "--columns", "age", "--plot", "mine.png"]) == 2
    assert "choose another --plot" in capsys.readouterr().err
    assert Path("mine.png").read_bytes() == b"mine"


def test_too_many_samples_for_a_plan_are_said_once_the_distance_is_printed(capsys, monkeypatch):
    from wgan.distances import choice

    monkeypatch.setattr(choice, "EXACT_PAIRS", 10)
    arguments = ["distance", "a.csv", "b.csv", "--columns", "age,hours", "--plot", "p.png"]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "sliced W1(x, y) = " in captured.out
    assert "request --metric exact" in captured.err
