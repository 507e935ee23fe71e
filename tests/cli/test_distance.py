"""`wgan distance` as users meet it."""

import inspect
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from wgan.cli import main
from wgan.cli.distance import distance_command
from wgan.distances import sinkhorn_divergence, wasserstein

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def files():
    np.savetxt(
        "a.csv", RNG.normal(size=(60, 2)), delimiter=",", header="height,weight", comments=""
    )
    np.savetxt("b.csv", RNG.normal(size=(50, 2)) + 2, delimiter=";")


def read(name, separator, skip):
    return np.loadtxt(name, delimiter=separator, skiprows=skip)


def test_two_files_of_numbers(capsys):
    assert main(["distance", "a.csv", "b.csv"]) == 0
    out = capsys.readouterr().out
    exact = wasserstein(read("a.csv", ",", 1), read("b.csv", ";", 0))
    assert out.splitlines()[:2] == ["x: a.csv (60 rows)", "y: b.csv (50 rows)"]
    assert (
        f"W1(x, y) = {exact:.4g} (network simplex; n=60, m=50, d=2, data coordinates) | floor "
        in out
    )


def test_json_is_json_and_nothing_else(capsys):
    assert main(["distance", "a.csv", "b.csv", "--metric", "sinkhorn", "--p", "2", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["value"] == pytest.approx(
        sinkhorn_divergence(read("a.csv", ",", 1), read("b.csv", ";", 0), 2).value
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
    assert json.loads(capsys.readouterr().out)["KL(P || Q), nats"] == "inf"


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
        wasserstein(read("a.csv", ",", 1), read("b.csv", ";", 0))
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
    assert "W1(P,Q; pca-2) in [" in capsys.readouterr().out
    assert main([*arguments, "--space", "standard"]) == 0
    assert "pixels in [0,1]; lower:" in capsys.readouterr().out


def test_max_sliced_has_its_own_order(capsys):
    assert main(["distance", "a.csv", "b.csv", "--metric", "max-sliced"]) == 0
    assert "max-sliced W2(x, y) = " in capsys.readouterr().out


def test_names_of_columns_may_hold_spaces(capsys, tmp_path):
    (tmp_path / "c.csv").write_text("height (cm),weight in kg\n1,2\n3,5\n")
    assert main(["distance", "c.csv", "c.csv"]) == 0
    assert "n=2, m=2, d=2" in capsys.readouterr().out


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
        (",a\n0,1\n", "column 1 has no name, as if it counted rows"),
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
        "space",
        "number",
        "bracket",
        "confidence",
        "diameter",
        "variant",
        "steps",
        "seed",
        "explain",
        "json_",
        "quiet",
    ]


def test_an_interrupt_acts_while_the_solver_runs(tmp_path):
    np.save("x.npy", RNG.normal(size=(9000, 2)))
    np.save("y.npy", RNG.normal(size=(9000, 2)))
    program = (
        "import sys, ot, wgan.distances, wgan.data; from wgan.cli import main;"
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
