"""The autoregressive generator: its likelihood is that of its draws, whatever is given."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import ndtr, ndtri
from scipy.stats import norm

from wgan.data import load
from wgan.data.tables.codes import ColumnCode
from wgan.networks import NetworkConfig, build_generator, noise_numbers
from wgan.networks.autoregressive import TableGenerator
from wgan.networks.heads import numbers_of

CELLS = (0.1, 0.4, 0.5, 0.8, 1.0)
CODES = [
    ColumnCode(0, (2, 2), (0.3, 0.4, 0.3)),  # three levels, as if they were too many for one digit
    ColumnCode(4, (), (0.1, 0.3, 0.1, 0.3, 0.2), CELLS),
    ColumnCode(5, (3,), (0.4, 0.3, 0.2, 0.1), (0.7, 1.0)),  # a spike and missing beside cells
]
EACH = [3, 5, 4]


@pytest.fixture
def generator(monkeypatch):
    """A generator of three small columns; cells are drawn as two digits."""
    monkeypatch.setattr("wgan.data.tables.codes.SINGLE_DIGIT", 1)
    torch.manual_seed(0)
    net = TableGenerator(CODES, width=8, depth=2)
    assert [head.code.second for head in net.heads] == [2, 3, 2]
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.4)
    return net.eval()


@pytest.fixture
def in_the_middle(monkeypatch):
    """Numbers lie in the middle of their cells: other columns see where in a cell a number is."""
    monkeypatch.setattr("wgan.networks.heads.MARGIN", 0.5)


def latents(n, seed=0):
    numbers = sum(map(numbers_of, CODES))
    return torch.randn(n, numbers, generator=torch.Generator().manual_seed(seed))


def coded(choices):
    """Return rows of choices `[n, columns]` as networks see them; cells by their middles."""
    x = torch.zeros(len(choices), 9)
    for row, choice in zip(x, choices.tolist(), strict=True):
        row[choice[0] // 2] = row[2 + choice[0] % 2] = 1
        row[4] = middle(CELLS, choice[1])
        row[5 + max(choice[2] - 1, 0)] = 1
        row[8] = middle((0.7, 1.0), choice[2]) if choice[2] < 2 else 0
    return x


def middle(heights, cell):
    return float(ndtri((([0, *heights])[cell] + heights[cell]) / 2))


def choices_of(x):
    """Return the choices of coded rows, by the definition of a row alone."""
    x = x.detach().double().numpy()
    state = x[:, 5:8].argmax(1)
    last = np.where(state == 0, np.searchsorted((0.7, 1.0), ndtr(x[:, 8])), 1 + state)
    level = 2 * x[:, :2].argmax(1) + x[:, 2:4].argmax(1)
    return np.stack([level, np.searchsorted(CELLS, ndtr(x[:, 4])), last], axis=1)


ALL = torch.tensor(list(product(*map(range, EACH))))


def test_probabilities_of_all_rows_sum_to_one_and_are_the_frequencies_of_draws(
    generator, in_the_middle
):
    with torch.no_grad():
        p = torch.exp(-generator.negative_log_likelihood(coded(ALL)))
        drawn = choices_of(generator(latents(200_000)))
    assert float(p.sum()) == pytest.approx(1, abs=1e-5)
    assert p.max() > 5 * p.min(), "weights say something"
    place = np.ravel_multi_index(drawn.T, EACH)
    shares = np.bincount(place, minlength=len(ALL)) / len(drawn)
    # Five standard errors of a share.
    assert (np.abs(shares - p.numpy()) < 5 * np.sqrt(p.numpy() / len(drawn)) + 1e-5).all()


@pytest.mark.parametrize("given", [{2: 1}, {1: 4}, {0: 2, 2: 3}, {1: 0, 2: 0}, {0: 0}])
def test_given_columns_come_back_and_the_others_have_their_conditional_likelihood(
    generator, in_the_middle, given
):
    fits = np.all([ALL[:, i] == choice for i, choice in given.items()], axis=0)
    rows = ALL[fits]
    y = torch.full((100_000, 3), -1)
    for i, choice in given.items():
        y[:, i] = choice
    with torch.no_grad():
        p = torch.exp(-generator.negative_log_likelihood(coded(rows), y[: len(rows)])).numpy()
        drawn = choices_of(generator(latents(len(y)), y))
    assert p.sum() == pytest.approx(1, abs=1e-5)
    for i, choice in given.items():
        assert (drawn[:, i] == choice).all()
    places = np.ravel_multi_index(drawn.T, EACH)
    shares = np.bincount(places, minlength=len(ALL))[fits] / len(drawn)
    assert (np.abs(shares - p) < 5 * np.sqrt(p / len(drawn)) + 1e-5).all()


def test_the_likelihood_of_weights_at_zero_is_that_of_independent_columns():
    code = ColumnCode(0, (4,), (0.4, 0.3, 0.2, 0.1), (0.7, 1.0))
    net = TableGenerator([code, ColumnCode(5, (3,), (0.5, 0.25, 0.25))], width=4, depth=1)
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.mul_("bias" in name)
        rows = torch.zeros(2, 8)
        rows[0, [0, 5]] = 1
        rows[0, 4] = float(ndtri(0.8))
        rows[1, [2, 7]] = 1
        nll = net.negative_log_likelihood(rows)
    assert nll.tolist() == pytest.approx([-np.log(0.3 * 0.5), -np.log(0.1 * 0.25)], rel=1e-5)


@pytest.mark.parametrize("column", range(3))
def test_a_column_sees_no_later_one_unless_it_is_given(generator, monkeypatch, column):
    """The terms of all other columns are left out."""
    for i, head in enumerate(generator.heads):
        if i != column:
            monkeypatch.setattr(head, "log_probability", lambda h, *digits: h.new_zeros(len(h)))
    x = coded(ALL)
    for other in range(3):
        changed = ALL.clone()
        changed[:, other] = (changed[:, other] + 1) % EACH[other]
        y = torch.full_like(ALL, -1)
        y[:, other] = 1
        with torch.no_grad():
            before, after = (
                generator.negative_log_likelihood(each) for each in (x, coded(changed))
            )
            given = generator.negative_log_likelihood(x, y)
        if other > column:
            assert torch.equal(before, after)
            assert (given != before).float().mean() > 0.9
        elif other < column:
            assert (after != before).float().mean() > 0.9
            assert torch.allclose(given, before), "seen anyhow"
        else:
            assert (given == 0).all()


def test_a_number_is_seen_by_its_place_in_the_cell(generator):
    """Of two numbers in one cell, the next column has other probabilities."""
    x = coded(ALL[:1]).repeat(2, 1)
    x[1, 4] = float(ndtri(0.02))
    a, b = generator.negative_log_likelihood(x).tolist()
    assert choices_of(x)[0].tolist() == choices_of(x)[1].tolist()
    assert a != pytest.approx(b, abs=1e-3)


def test_places_in_a_cell_are_uniform(generator):
    x = generator(latents(40_000))
    height = ndtr(x[:, 4].detach().double().numpy())
    for low, high in zip((0, *CELLS), CELLS, strict=False):
        inside = height[(low < height) & (height < high)]
        share, _ = np.histogram((inside - low) / (high - low), bins=5, range=(0, 1))
        assert share / len(inside) == pytest.approx(0.2, abs=5 * np.sqrt(0.16 / len(inside)))


def test_a_row_is_a_function_of_its_latent_whatever_the_batch(generator):
    z, y = latents(50), ALL[:50] - 1
    assert torch.allclose(generator(z)[:7], generator(z[:7]), atol=1e-6)
    assert torch.allclose(generator(z, y)[:7], generator(z[:7], y[:7]), atol=1e-6)
    free = torch.full_like(y, -1)
    assert torch.allclose(generator(z, free), generator(z), atol=1e-6), "nothing is given"


def test_units_drop_where_the_likelihood_asks_for_it_alone(generator):
    x = coded(torch.tensor([[0, 0, 0], [3, 4, 3]]))
    still = generator.negative_log_likelihood(x)
    assert torch.equal(still, generator.train().negative_log_likelihood(x))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped = [
            generator.negative_log_likelihood(x, dropout=torch.tensor(0.5)) for _ in range(2)
        ]
    assert not torch.equal(dropped[0], dropped[1])
    assert not torch.equal(dropped[0], still)
    z = latents(20)
    assert torch.equal(generator.train()(z), generator.eval()(z)), "training and evaluation are one"


def test_gradients_reach_every_parameter_by_the_draws_and_by_the_likelihood(generator):
    weight = torch.randn(9, generator=torch.Generator().manual_seed(1))
    critic = generator(latents(500)).square() @ weight
    for value in (critic, generator.negative_log_likelihood(coded(ALL))):
        generator.zero_grad()
        value.mean().backward()
        for name, p in generator.named_parameters():
            assert p.grad.isfinite().all()
            assert p.grad.abs().sum() > 0, name
        # Later columns see earlier ones, and no column sees itself.
        seen = generator.first_weight.grad.abs().sum(2) > 0
        for i in range(3):
            before = generator.owner < i
            assert seen[i][before].float().mean() > 0.7 or i == 0
            assert not seen[i][~before].any()


def test_the_gradient_of_draws_is_that_of_probabilities():
    """One level of two: d E[x] / d logit = p (1 - p), whatever was drawn."""
    net = TableGenerator([ColumnCode(0, (2,), (0.7, 0.3))], width=4, depth=1)
    with torch.no_grad():
        net.heads[0].head.weight.zero_()
    net(torch.randn(10, 1))[:, 0].mean().backward()
    assert net.heads[0].head.bias.grad.tolist() == pytest.approx([0.21, -0.21])


def test_a_second_digit_that_does_not_exist_is_never_drawn(generator):
    """Of five cells in two rows of three, and of three levels in two rows of two."""
    with torch.no_grad():
        for head in generator.heads:
            head.second_head.bias[-1] += 50
            head.head.bias[head.code.ranges - 1] += 3
    x = generator(latents(2000))
    choices = choices_of(x)
    assert x.isfinite().all()
    assert choices[:, 0].max() < 3
    assert ((x[:, 2] + x[:, 3]) == 1).all()
    assert choices[:, 1].max() == 4
    nll = generator.negative_log_likelihood(coded(ALL))
    assert nll.isfinite().all()


TABLES = {
    "mixed": None,
    "one column": {"x": np.random.default_rng(0).normal(size=300)},
    "one category": {"x": np.resize(list("aab"), 300)},
    "constants": {"x": np.full(300, 3.0), "k": np.full(300, "a"), "y": np.arange(300) % 2},
    "all missing": {"x": np.full(300, np.nan), "y": np.arange(300) % 2},
    "an identifier": {"id": np.arange(300), "y": np.arange(300) % 2},
    "900 levels": {"k": np.resize([f"k{i}" for i in range(900)], 3000), "y": np.arange(3000) % 2},
    "money": {
        "x": np.random.default_rng(0).choice([19.99, 5.0, 120.0], 3000)
        * (np.random.default_rng(1).random(3000) < 0.1)
        + np.random.default_rng(2).integers(1, 9000, 3000) / 100,
        "y": np.arange(3000) % 2,
    },
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_every_kind_are_drawn_and_given_choices_are_those_of_the_rows(mixed, name):
    frame = mixed(1500) if TABLES[name] is None else pd.DataFrame(TABLES[name])
    split = load(frame).split()
    data = split.dataset
    config = NetworkConfig("mlp", width=16, depth=2)
    net = build_generator(config, data.codec)
    rows = split.train_sample(0, 200)
    y = data.codec.choices(rows)
    z = torch.randn(len(y), noise_numbers(config, data.codec))
    with torch.no_grad():
        nll = net.negative_log_likelihood(data.encode(rows).float())
        x = net(z, torch.from_numpy(y))
        free = net(z)
    assert nll.shape == (len(y),)
    assert nll.isfinite().all()
    assert x.shape == free.shape == (len(y), *data.codec.shape)
    made = data.decode(x)
    assert np.array_equal(data.codec.choices(made), y), "numbers lie in the given cells"
    assert data.codec.frame(data.decode(free)).notna().any(axis=None) or name == "all missing"
    assert (data.codec.choices(data.decode(free)) >= 0).all()


def test_a_number_comes_back_in_its_cell_however_far_out():
    """In single precision: cells of a hundred-thousandth of the rows at both ends of F."""
    rises = np.array([1e-5] * 20 + [0.9996] + [1e-5] * 20)
    heights = np.cumsum(rises) / rises.sum()
    heights[-1] = 1.0
    code = ColumnCode(0, (), tuple(np.diff(heights, prepend=0.0)), tuple(heights))
    net = TableGenerator([code], width=4, depth=1)
    cells = torch.arange(41).repeat(500)
    z = torch.randn(len(cells), net.heads[0].numbers, generator=torch.Generator().manual_seed(0))
    x = net(z, cells[:, None]).detach()
    first, second = net.heads[0].digits_of_rows(x)
    assert torch.equal(first * code.second + second, cells)
    drawn = np.searchsorted(heights[:-1], norm.cdf(x[:, 0].double().numpy()))
    assert np.array_equal(drawn, cells.numpy()), "as a codec decodes it"


def test_a_single_number_is_seen_as_in_rows_of_the_data():
    frame = pd.DataFrame({"x": np.arange(3000) % 30, "y": np.arange(3000) % 2})
    codec = load(frame).codec
    code = codec.codes[0]
    assert code.singles == (True,) * 30
    net = TableGenerator(codec.codes, width=4, depth=1)
    z = torch.randn(200, sum(h.numbers for h in net.heads), generator=torch.Generator())
    x = net(z).detach()
    of_data = codec.unpack(codec.pack(codec.decode(x)))
    torch.testing.assert_close(x[:, code.score].double(), of_data[:, code.score], rtol=0, atol=1e-5)


def test_the_place_of_a_number_in_its_range_is_seen():
    """So a linear layer of what is seen can be any broken line of the number."""
    codec = load(pd.DataFrame({"x": np.random.default_rng(0).random(9000)})).codec
    code = codec.codes[0]
    head = TableGenerator(codec.codes, width=4, depth=1).heads[0]
    x = np.linspace(codec.learned[0].cells.lows[0], codec.learned[0].cells.highs[-1], 5000)
    rows = codec.unpack(codec.pack(x[:, None]))
    first, second = head.digits_of_rows(rows)
    ones = (torch.eye(code.first)[first], torch.eye(code.second)[second])
    seen = head.seen(*ones, rows[:, code.score :].float())
    assert seen.shape == (5000, head.features)
    places = seen[:, -code.ranges :]
    assert ((places != 0).sum(1) <= 1).all()
    place = places.sum(1).numpy()
    starts = np.flatnonzero(np.diff(first.numpy())) + 1
    assert len(starts) == code.ranges - 1
    for part in np.split(place, starts):
        assert (np.diff(part) >= 0).all()
        assert part[0] < -0.9
        assert part[-1] > 0.9
    # What a least-squares line of the features makes of a wave that the score alone cannot follow.
    wave = np.sin(2 * np.pi * 9 * x)
    for features, least in ((seen, 0.98), (seen[:, [code.first, code.first + 1]], None)):
        design = np.c_[features.numpy(), np.ones(5000)]
        fit = design @ np.linalg.lstsq(design, wave, rcond=None)[0]
        r2 = 1 - np.var(wave - fit) / np.var(wave)
        assert r2 > least if least else r2 < 0.1
