"""Metrics of one's own: closed forms, floor, ceiling, interval, and what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import wgan
from wgan.base.errors import WganError
from wgan.data import load
from wgan.evaluation import (
    PROTOCOLS,
    EvaluationOptions,
    OwnMetric,
    evaluate,
    evaluation_from_json,
)

N = 40
SHIFT = OwnMetric("mean-shift", "low is good", lambda x, y: abs(x[:, 0].mean() - y[:, 0].mean()))


@pytest.fixture(scope="module")
def split():
    """300 points whose first coordinate is their number; distances are in standard deviations."""
    return load(np.column_stack([np.arange(300.0), np.arange(300.0) % 7])).split()


def evaluated(split, *own, sample=None):
    sample = sample or (lambda n, draw: np.full((n, 2), float(draw)))
    return evaluate(sample, split, EvaluationOptions(number=N), metrics=own)


@pytest.fixture(scope="module")
def shift(split):
    return evaluated(split, SHIFT)


def test_value_interval_floor_and_ceiling_are_those_of_the_protocol(shift, split):
    line = shift.line("mean-shift")
    y = split.held_out_sample(0, N)[:, 0].mean()
    generated = [abs(draw - y) for draw in range(5)]
    assert line.generated.value == pytest.approx(np.mean(generated))
    interval = 2.7764451 * np.std(generated, ddof=1) / 5**0.5
    assert line.generated.half_width == pytest.approx(interval)
    sets = [split.train_sample(i * N, (i + 1) * N)[:, 0].mean() for i in range(5)]
    assert line.real == pytest.approx(np.mean([abs(x - y) for x in sets]))
    assert line.broken == pytest.approx(abs(split.train_sample(0, 1)[0, 0] - y))
    assert line.n == N


def test_it_is_printed_last_and_comes_back_from_json(shift):
    assert shift.lines[-1].name == "mean-shift-n40"
    assert shift.lines[-1].cells[0] == "mean-shift"
    assert shift.lines[-1].cells[-1] == "low is good"
    assert evaluation_from_json(json.loads(json.dumps(shift.to_json()))) == shift


def test_a_known_floor_title_and_unit_are_taken_and_numbers_of_any_type(split):
    own = [
        OwnMetric("always", "high is good", lambda x, y: np.float32(0.5), "a share", "%", floor=1),
        OwnMetric("count", "as real", lambda x, y: len(x)),
        OwnMetric("tensor", "low is good", lambda x, y: torch.tensor(2.0)),
    ]
    e = evaluated(split, *own)
    assert e.line("always").real == 1
    assert e.line("always").cells == ("a share, %", "50", "100", "50", "high is good")
    assert e.line("count").generated.value == N
    assert e.line("tensor").broken == 2


def test_other_figures_do_not_change_even_where_a_function_changes_its_arguments(shift, split):
    def rude(x, y):
        x[:] = 0
        y[:] = 0
        return 0.0

    after = evaluated(split, OwnMetric("rude", "low is good", rude), SHIFT)
    assert [line for line in after.lines if line.metric != "rude"] == list(shift.lines)


@pytest.mark.parametrize("name", ["frechet", "shape-error"])
def test_names_of_built_in_metrics_are_refused(split, name):
    with pytest.raises(WganError, match=f"'{name}': a built-in metric has this name"):
        evaluated(split, OwnMetric(name, "low is good", lambda x, y: 0.0))


def test_a_name_given_twice_is_refused_and_an_empty_one(split):
    with pytest.raises(WganError, match="'mean-shift': given twice"):
        evaluated(split, SHIFT, SHIFT)
    for words in (("", "low is good"), ("x", "")):
        with pytest.raises(WganError, match="give it a name, and how to read it"):
            OwnMetric(*words, lambda x, y: 0.0)


@pytest.mark.parametrize(
    "value", [float("nan"), np.inf, "0.5", None, np.zeros(2), True, 1j, [1.0]], ids=repr
)
def test_what_is_not_one_finite_number_is_one_error_that_names_the_metric(split, value):
    with pytest.raises(WganError, match=r"metric 'mine': its function returned .* set 1: return"):
        evaluated(split, OwnMetric("mine", "low is good", lambda x, y: value))


def test_the_set_on_which_it_fails_is_named(split):
    only_broken = OwnMetric(
        "m", "low is good", lambda x, y: np.nan if np.ptp(x[:, 0]) == 0 else 0.0
    )
    with pytest.raises(WganError, match="returned nan on broken samples"):
        evaluated(split, only_broken, sample=lambda n, draw: split.train_sample(0, n))


def test_tables_take_metrics_too(mixed):
    split = load(mixed(300)).split(0.3)
    ages = OwnMetric("age", "as real", lambda x, y: x[:, 0].mean())
    e = evaluate(lambda n, draw: split.train_sample(0, n), split, metrics=[ages])
    expected = split.train_sample(0, split.n_train)[:, 0].mean()
    assert e.lines[-1].generated.value == pytest.approx(expected)
    assert e.lines[-1].real == pytest.approx(expected)
    assert e.lines[-1].broken == pytest.approx(expected), "each column keeps its values"


def test_the_example_of_the_page_runs(capsys):
    page = Path(wgan.__file__).parents[2] / "docs" / "how-to" / "evaluate.md"
    if not page.exists():
        pytest.skip("installed without its checkout")
    names = {}
    for program in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        exec(compile(program, "evaluation.md", "exec"), names)
    assert "difference of ink, grey levels" in capsys.readouterr().out
    assert PROTOCOLS.pop("circle").broken_word == "all at the centre"
