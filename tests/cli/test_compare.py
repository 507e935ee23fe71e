"""`wgan compare` and `wgan evaluate` from the command line, on data small enough for a test."""

import json

import numpy as np
import pytest
from rich.table import Table

from wgan.cli import main
from wgan.cli.output import print_table


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "points.npy"
    np.save(path, np.random.default_rng(0).normal(size=(150, 2)))
    return str(path)


SMALL = ["--set", "network.width=8", "--set", "network.depth=1", "--quiet"]


def test_compare_trains_evaluates_and_concludes_and_goes_on(points, tmp_path, capsys):
    arguments = [
        "compare",
        points,
        "--variants",
        "gan",
        "wgan-gp",
        "--seeds",
        "1",
        "--steps",
        "12",
        "--out",
        "c",
        *SMALL,
    ]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "one seed tells nothing of the noise" in said
    assert "real samples" in said
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "c").rglob("evaluation.json")}
    assert len(before) == 2
    arguments[arguments.index("--seeds") + 1] = "2"
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "+- " in said
    assert "2 seeds" in said
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "c").rglob("evaluation.json")}
    assert len(after) == 4
    assert all(after[path] == when for path, when in before.items()), (
        "what is done is not done again"
    )
    found = json.loads((tmp_path / "c" / "comparison.json").read_text())
    assert {(run["settings"], run["seed"]) for run in found["runs"]} == {
        ("gan", 0),
        ("gan", 1),
        ("wgan-gp", 0),
        ("wgan-gp", 1),
    }
    assert found["differences"][0]["paired"]
    assert "<svg" in (tmp_path / "c" / "report.html").read_text()


def test_equal_time_gives_slower_variants_fewer_steps(points, tmp_path, capsys):
    """`wgan` takes five critic steps for each of the generator, `gan` one: so it gets fewer."""
    arguments = [
        "compare",
        points,
        "--variants",
        "gan",
        "wgan",
        "--seeds",
        "1",
        "--steps",
        "40",
        "--equal-time",
        "--out",
        "c",
        *SMALL,
    ]
    assert main(arguments) == 0
    steps = json.loads((tmp_path / "c" / "steps.json").read_text())["steps"]
    assert steps["gan"] == 40
    assert steps["wgan"] < 40
    assert (
        json.loads((tmp_path / "c" / "wgan-0" / "finish.json").read_text())["step"] == steps["wgan"]
    )
    capsys.readouterr()
    arguments[arguments.index("40")] = "50"
    assert main(arguments) == 2
    assert "steps of another comparison" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--variants"], "names none"),
        (["--seeds", "0"], "give 1 or more"),
        (["--jobs", "0"], "give 1 or more"),
        (["--variants", "gan", "gan"], "each variant once"),
        (["--variants", "wgan-pg"], "Did you mean 'wgan-gp'"),
        (["--set", "training.seed=3"], "--seeds sets this here"),
        (["--set", "optimizer.lrr=3"], "Did you mean 'lr'"),
        (["--features", "nowhere"], "is for images"),
    ],
)
def test_what_no_run_could_take_is_refused_before_any_is_trained(
    arguments, words, points, tmp_path, capsys
):
    assert main(["compare", points, "--out", "c", *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "c").exists()


def test_a_folder_of_other_files_is_no_place_for_runs(points, tmp_path, capsys):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "note").write_text("mine")
    assert main(["compare", points, "--seeds", "1", "--out", "c", *SMALL]) == 2
    assert "c: already exists, and nothing is overwritten" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["note"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("report.html", "is not a report of wgan"),
        ("comparison.json", "does not belong to a comparison"),
    ],
)
def test_files_of_ones_own_are_not_written_over(name, words, points, tmp_path, capsys):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / name).write_text("mine")
    assert main(["compare", points, "--seeds", "1", "--out", "c", *SMALL]) == 2
    assert words in capsys.readouterr().err
    assert (tmp_path / "c" / name).read_text() == "mine"
    assert len(list((tmp_path / "c").iterdir())) == 1


def test_damaged_steps_are_one_line(points, tmp_path, capsys):
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "steps.json").write_text("{")
    assert (
        main(
            [
                "compare",
                points,
                "--variants",
                "gan",
                "--seeds",
                "1",
                "--equal-time",
                "--out",
                "c",
                *SMALL,
            ]
        )
        == 2
    )
    assert "damaged" in capsys.readouterr().err


def test_a_table_of_many_columns_is_printed_whole(capsys):
    table = Table(box=None)
    for i in range(12):
        table.add_column(f"a long heading {i}", no_wrap=True)
    table.add_row(*["1234567890123456789"] * 12)
    print_table(table)
    said = capsys.readouterr().out
    assert said.count("1234567890123456789") == 12
    assert "a long heading 11" in said


def test_a_run_that_fails_is_told_of_by_its_folder(points, tmp_path, capsys):
    (tmp_path / "c" / "gan-0").mkdir(parents=True)
    (tmp_path / "c" / "gan-0" / "diary.txt").write_text("mine")
    assert main(["compare", points, "--variants", "gan", "--seeds", "1", "--out", "c", *SMALL]) == 2
    assert "error: c/gan-0: holds files that are not a run's" in capsys.readouterr().err
    assert (tmp_path / "c" / "gan-0" / "diary.txt").read_text() == "mine"


def test_a_run_is_evaluated_with_a_map_and_told_of(tmp_path, capsys):
    flags = ["--steps", "3", "--set", "network.width=4", "--quiet"]
    assert main(["train", "digits", "--out", "r", *flags]) == 0
    assert main(["features", "train", "digits", "--epochs", "1", "--quiet", "--out", "f"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "r", "--features", "f", "-n", "40"]) == 0
    said = capsys.readouterr().out
    assert "on classifier-" in said
    assert "Frechet distance" in said
    assert "generated samples lie" in said
    line = json.loads((tmp_path / "r" / "results.jsonl").read_text().splitlines()[2])
    assert line["metric"].startswith("frechet-classifier-")
    assert line["metric"].endswith("-64@8x8-n40")
    assert line["floor"] < line["ceiling"]
    assert (line["step"], line["training_seed"], line["sets"], line["n"]) == (3, 0, 5, 40)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["r", "-n", "5"], "at least 20"),
        (["r", "-n", "5000"], "no more than there are"),
        (["r", "--target", "x"], "--target is for tables"),
        (["r", "--features", "r"], "no feature map"),
        (["r", "--features", "f"], "does not fit pictures of shape (1, 8, 8)"),
        (["nowhere"], "holds no run"),
        (["h"], "holds no run"),
    ],
)
def test_bad_input_to_evaluate_is_one_line(arguments, words, tmp_path, capsys):
    if not (tmp_path / "r").exists():
        assert (
            main(
                [
                    "train",
                    "digits",
                    "--steps",
                    "2",
                    "--set",
                    "network.width=2",
                    "--quiet",
                    "--out",
                    "r",
                ]
            )
            == 0
        )
        np.savez(
            "p.npz",
            x=np.random.default_rng(0).integers(0, 255, (60, 9, 9), dtype=np.uint8),
            y=np.arange(60) % 3,
        )
        assert (
            main(
                [
                    "features",
                    "train",
                    "p.npz",
                    "--labels",
                    "y",
                    "--epochs",
                    "1",
                    "--quiet",
                    "--out",
                    "f",
                ]
            )
            == 0
        )
        (tmp_path / "h").mkdir()
        (tmp_path / "h" / "config.toml").write_bytes((tmp_path / "r" / "config.toml").read_bytes())
    capsys.readouterr()
    assert main(["evaluate", *arguments, "--quiet"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
