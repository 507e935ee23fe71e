"""`wgan distance` as users meet it."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from wgan.audit import bracket
from wgan.base.errors import WganError
from wgan.cli import main
from wgan.cli.distance import distance_command
from wgan.distances import distance, sinkhorn_divergence, wasserstein

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def files():
    np.savetxt(
        "a.csv", RNG.normal(size=(60, 2)), delimiter=",", header="height,weight", comments=""
    )
    np.savetxt(
        "b.csv", RNG.normal(size=(50, 2)) + 2, delimiter=";", header="height;weight", comments=""
    )


def read(name, separator, skip):
    return np.loadtxt(name, delimiter=separator, skiprows=skip)


@pytest.mark.parametrize("metric", ["exact", "sliced", "max-sliced", "sinkhorn"])
def test_frames_are_matched_by_the_names_of_their_columns(metric):
    x = pd.DataFrame(RNG.normal([0, 100, -50], [1, 5, 20], (40, 3)), columns=list("abc"))
    p = 2 if metric == "max-sliced" else 1
    assert distance(x, x[["c", "a", "b"]], metric, p).value == pytest.approx(0, abs=1e-9)
    with pytest.raises(WganError, match="x lacks columns that y has: e"):
        distance(x, x.assign(e=x["a"]), metric, p)
    with pytest.warns(UserWarning, match="matched by position"):
        distance(x, x.to_numpy(), metric, p)


def test_a_bracket_of_frames_matches_their_columns():
    x = pd.DataFrame(RNG.normal([0, 100], [1, 5], (40, 2)), columns=list("ab"))
    assert bracket(x, x[["b", "a"]], "samples", steps=5).upper == 0


def test_two_files_of_numbers(capsys):
    assert main(["distance", "a.csv", "b.csv"]) == 0
    out = capsys.readouterr().out
    exact = wasserstein(read("a.csv", ",", 1), read("b.csv", ";", 1))
    assert out.splitlines()[:2] == ["x: a.csv (60 rows)", "y: b.csv (50 rows)"]
    assert (
        f"W1(x, y) = {exact:.4g} (network simplex; n=60, m=50, d=2, data coordinates) | floor "
        in out
    )


def test_json_is_json_and_nothing_else(capsys):
    assert main(["distance", "a.csv", "b.csv", "--metric", "sinkhorn", "--p", "2", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["value"] == pytest.approx(
        sinkhorn_divergence(read("a.csv", ",", 1), read("b.csv", ";", 1), 2).value
    )
    assert values["epsilon"] > 0
    assert values["y"] == "b.csv (50 rows)"


def test_the_walk_is_explained_with_the_known_example_by_itself(capsys):
    assert main(["distance", "--explain"]) == 0
    out = capsys.readouterr().out
    assert "distance = 5" in out
    assert [line.split()[5] for line in out.splitlines()[1:4]] == ["2", "2", "-1"]


def test_histograms_on_disjoint_supports(capsys):
    assert main(["distance", "1,0,0", "0,0,1"]) == 0
    out = capsys.readouterr().out
    assert "earth mover's distance 2 " in out
    assert "total variation 1; Jensen-Shannon, nats 0.6931; KL(P || Q), nats inf" in out
    assert main(["distance", "1,0,0", "0,0,1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kl_nats"] == "inf"


def test_a_bracket_of_the_population_and_one_of_the_samples(capsys):
    assert (
        main(
            [
                "distance",
                "a.csv",
                "b.csv",
                "--bracket",
                "population",
                "--diameter",
                "20",
                "--steps",
                "20",
                "--confidence",
                "0.9",
            ]
        )
        == 0
    )
    assert "(90 %, population; R=20 declared; " in capsys.readouterr().out
    assert (
        main(["distance", "a.csv", "b.csv", "--bracket", "samples", "--steps", "20", "--json"]) == 0
    )
    values = json.loads(capsys.readouterr().out)
    assert values["upper"] == pytest.approx(
        wasserstein(read("a.csv", ",", 1), read("b.csv", ";", 1))
    )
    assert 0 < values["lower"] <= values["upper"]


def test_pictures_know_their_diameter_in_every_space(capsys):
    rng = np.random.default_rng(1)
    for name in ("p.npy", "q.npy"):
        np.save(name, rng.integers(0, 256, size=(60, 4, 4), dtype=np.uint8))
    arguments = ["distance", "p.npy", "q.npy", "--bracket", "population", "--steps", "5"]
    assert main(arguments) == 0
    assert "R=4 pixels in [0,1]" in capsys.readouterr().out
    assert main([*arguments, "--space", "pca-2"]) == 0
    assert "W1(P,Q; pca-2) >= 0 (" in capsys.readouterr().out
    assert main([*arguments, "--space", "standard"]) == 0
    assert "pixels in [0,1]; lower:" in capsys.readouterr().out


def test_max_sliced_has_its_own_order(capsys):
    assert main(["distance", "a.csv", "b.csv", "--metric", "max-sliced"]) == 0
    assert "max-sliced W2(x, y) = " in capsys.readouterr().out


def test_names_of_columns_may_hold_spaces(capsys, tmp_path):
    (tmp_path / "c.csv").write_text("height (cm),weight in kg\n1,2\n3,5\n")
    assert main(["distance", "c.csv", "c.csv"]) == 0
    assert "n=2, m=2, d=2" in capsys.readouterr().out


def unlike_columns(name, columns, rows=60):
    """Write columns a, b and c of very different places, in an order, and perhaps others."""
    random = np.random.default_rng(7)
    values = {"a": random.normal(0, 1, rows), "b": random.normal(100, 5, rows)}
    values |= {"c": random.normal(-50, 20, rows), "e": random.normal(0, 1, rows)}
    table = np.stack([values[column] for column in columns], axis=1)
    np.savetxt(name, table, delimiter=",", header=",".join(columns), comments="")


@pytest.mark.parametrize(
    "options", [[], ["--bracket", "samples", "--steps", "20"], ["--metric", "sliced"]]
)
def test_columns_in_another_order_are_matched_by_name(options, capsys):
    unlike_columns("x.csv", "abc")
    unlike_columns("y.csv", "cab")
    assert main(["distance", "x.csv", "y.csv", "--json", *options]) == 0
    captured = capsys.readouterr()
    values = json.loads(captured.out)
    assert captured.err == ""
    if "--bracket" in options:
        assert values["upper"] == 0, "these are the same rows"
    else:
        assert values["value"] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("columns", ["ab", "abe", "abce"])
@pytest.mark.parametrize("swapped", [False, True])
def test_other_columns_are_refused_by_name(columns, swapped, capsys):
    unlike_columns("x.csv", "abc")
    unlike_columns("y.csv", columns)
    names = ["y.csv", "x.csv"] if swapped else ["x.csv", "y.csv"]
    assert main(["distance", *names]) == 2
    said = capsys.readouterr().err
    assert "lacks columns that" in said
    assert (": e:" if "e" in columns and "c" in columns else ": c:" if not swapped else ":") in said


def test_names_on_one_side_alone_are_matched_by_position_with_a_word(capsys):
    unlike_columns("x.csv", "abc")
    np.save("y.npy", np.loadtxt("x.csv", delimiter=",", skiprows=1))
    assert main(["distance", "x.csv", "y.npy", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["value"] == 0
    assert "note: the columns of y.npy (60 rows) have no names" in captured.err
    assert "matched by position" in captured.err


def test_an_extra_column_of_a_table_is_refused_on_either_side(capsys, mixed):
    table = mixed(60)
    table.to_csv("x.csv", index=False)
    table[table.columns[::-1]].to_csv("y.csv", index=False)
    assert main(["distance", "x.csv", "y.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == pytest.approx(0, abs=1e-12)
    table.assign(more=table["age"] * 1.5).to_csv("z.csv", index=False)
    for names in (["x.csv", "z.csv"], ["z.csv", "x.csv"]):
        assert main(["distance", *names]) == 2
        assert "more" in capsys.readouterr().err


def test_a_model_of_named_rows_of_numbers_matches_them_by_name(capsys):
    random = np.random.default_rng(7)
    rows = random.normal([0, 100, -50], [1, 5, 20], (60, 3))
    labels = random.choice(["u", "v"], 60)
    lines = [f"{a},{b},{c},{y}" for (a, b, c), y in zip(rows, labels, strict=True)]
    with open("x.csv", "w") as file:
        file.write("\n".join(["a,b,c,y", *lines]) + "\n")
    rows = rows + 1  # other rows than those that the run learned
    with open("y.csv", "w") as file:
        file.write("\n".join(["c,b,a", *(f"{c},{b},{a}" for a, b, c in rows)]) + "\n")
    with open("z.csv", "w") as file:
        file.write("\n".join(["a,b,c", *(f"{a},{b},{c}" for a, b, c in rows)]) + "\n")
    quick = ["--steps", "3", "--quiet", "--set", "network.width=4", "--set", "optimizer.batch=8"]
    assert main(["train", "x.csv", "--labels", "y", *quick, "--out", "r"]) == 0
    capsys.readouterr()
    values = []
    for name in ("y.csv", "z.csv"):
        assert main(["distance", "r", name, "-n", "60", "--json"]) == 0
        values.append(json.loads(capsys.readouterr().out)["value"])
    assert values[0] == pytest.approx(values[1])


def test_a_critic_of_any_row(capsys):
    assert (
        main(
            [
                "distance",
                "a.csv",
                "b.csv",
                "--metric",
                "dual",
                "--variant",
                "wgan",
                "--steps",
                "10",
                "--explain",
            ]
        )
        == 0
    )
    assert (
        "variant          wgan, which estimates: Wasserstein-1 distance" in capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.csv", "none.csv"], "no such file"),
        (["a.csv", "digits"], "both need the same"),
        (["3,2,1", "1,2"], "3 bins"),
        (["3,2,1", "1,2,4"], "divide each by its sum"),
        (["a.csv", "b.csv", "--p", "3"], "choose 1 or 2"),
        (["a.csv", "b.csv", "--p", "2", "--bracket", "samples"], "W1 alone"),
        (["a.csv", "b.csv", "--p", "2", "--metric", "dual"], "leave out --p"),
        (["a.csv", "b.csv", "--metric", "exat"], "exat"),
        (["a.csv", "b.csv", "--bracket", "all"], "all"),
        (["a.csv", "a.csv", "--bracket", "population"], "share 60 rows"),
        (["a.csv", "b.csv", "--space", "pca"], "no space"),
        (["a.csv", "b.csv", "-n", "0"], "1 or more"),
        (["a.csv", "b.csv", "--metric", "dual", "--variant", "vgan"], "Did you mean"),
        (
            ["a.csv", "b.csv", "--bracket", "population", "--diameter", "0.5"],
            "two samples of one side lie",
        ),
        (["a.csv"], "give two"),
        (["a.csv", "b.csv", "--metric", "dual", "--steps", "0"], "8 or more"),
        (["a.csv", "b.csv", "--bracket", "population", "--steps", "0"], "1 step or more"),
        (["a.csv", "b.csv", "--confidence", "0.9"], "belongs to --bracket population"),
        (
            ["a.csv", "b.csv", "--bracket", "samples", "--diameter", "9"],
            "belongs to --bracket population",
        ),
        (["a.csv", "b.csv", "--variant", "wgan"], "belongs to --metric dual"),
        (["a.csv", "b.csv", "--steps", "9"], "belongs to --metric dual and --bracket"),
        (["1,2", "2,1", "--p", "2"], "not for histograms"),
        (["a.csv", "b.csv", "--space", "pca-²"], "no space"),
    ],
)
def test_bad_input_is_one_line(arguments, message, capsys):
    assert main(["distance", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("wgan: error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,x\n1,2\n",
            "line 1 holds the number 1, and a table begins with the names of its columns",
        ),
        ("1,2\n3\n", "line 2 has 1 fields and the first line 2"),
        ("a,b\n1,\n1,\n", "nothing to learn"),
        ("1,,3\n1,2,3\n", "line 1, column 2 holds ''"),
        ("1,NA\n1,2\n", "line 1, column 2 holds 'NA'"),
        (",a\n0,1\n", "column 1 has no name (a saved row index?)"),
        ("0,1\n5,6\n", "first line counts the columns"),
        ("a,b\n", "2 column(s) and 0 row(s)"),
        ("1,nan\n2,3\n", "NaN"),
    ],
)
def test_a_faulty_csv_names_the_place(text, message, capsys, tmp_path):
    (tmp_path / "c.csv").write_text(text)
    assert main(["distance", "a.csv", "c.csv"]) == 2
    assert message in capsys.readouterr().err


def test_the_options_of_distance_are_these_and_no_more():
    options = list(inspect.signature(distance_command).parameters)
    assert options == [
        "a",
        "b",
        "metric",
        "p",
        "epsilon",
        "space",
        "number",
        "kind",
        "columns",
        "column_weight",
        "circular",
        "weights",
        "groups",
        "permutations",
        "subsamples",
        "bracket",
        "confidence",
        "diameter",
        "range_",
        "variant",
        "steps",
        "plot",
        "seed",
        "explain",
        "json_",
        "quiet",
    ]


def test_an_interrupt_acts_while_the_solver_runs(tmp_path):
    np.save("x.npy", RNG.normal(size=(9000, 2)))
    np.save("y.npy", RNG.normal(size=(9000, 2)))
    program = (
        "import signal, sys, ot, wgan.distances, wgan.data; from wgan.cli import main;"
        " signal.signal(signal.SIGINT, signal.default_int_handler);"  # ignored in a background
        " print('up', flush=True);"
        " sys.exit(main(sys.argv[1:]))"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, "distance", "x.npy", "y.npy", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout.readline() == "up\n"
    time.sleep(3)
    os.kill(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=20)
    assert child.returncode == 130
    assert "Traceback" not in errors
