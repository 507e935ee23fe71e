"""Gradients of the exact distance: finite differences, closed forms, kinks, types and descent."""

from importlib import import_module

import numpy as np
import pytest
import torch

from wgan.base.errors import WganError
from wgan.distances import sizes, wasserstein, wasserstein_loss

GENERATED = import_module("wgan.distances.generated")


def points(*shape, seed, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(*shape, generator=generator, dtype=torch.float64) + shift).requires_grad_()


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("few", [False, True])
def test_gradients_by_samples_and_weights_are_finite_differences(p, few, monkeypatch):
    if few:
        monkeypatch.setattr(sizes, "PAIRS_IN_PLANE", 1)
        monkeypatch.setattr(GENERATED, "BASE", 5)
    x, y = points(9, 2, seed=0), points(7, 2, seed=1, shift=1.0)
    wx = (torch.rand(9, dtype=torch.float64) + 0.5).requires_grad_()
    wy = (torch.rand(7, dtype=torch.float64) + 0.5).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *t: 3 * wasserstein_loss(t[0], t[1], p, *t[2:]), (x, y, wx, wy)
    )


@pytest.mark.parametrize("p", [1, 2])
def test_gradients_of_equal_counts_and_weights_are_finite_differences(p):
    x, y = points(8, 3, seed=2), points(8, 3, seed=3)
    assert torch.autograd.gradcheck(lambda *t: wasserstein_loss(*t, p), (x, y))


@pytest.mark.parametrize("p", [1, 2])
def test_the_value_is_that_of_wasserstein(p):
    x, y, w = points(30, 2, seed=0), points(20, 2, seed=1), torch.rand(20)
    loss = wasserstein_loss(x, y, p, None, w)
    assert loss.shape == ()
    assert loss.item() == wasserstein(x, y, p, None, w)


@pytest.mark.parametrize("p", [1, 2])
def test_a_translated_sample_is_pulled_along_the_translation(p):
    x = points(50, 2, seed=0)
    v = torch.tensor([3.0, 4.0], dtype=torch.float64)
    wasserstein_loss(x, x.detach() + v, p).backward()
    assert torch.allclose(x.grad, (-v / 5 / 50).expand(50, 2), atol=1e-12)


@pytest.mark.parametrize("p", [1, 2])
def test_at_the_kink_the_gradient_is_zero(p):
    x = points(10, 2, seed=0)
    y = x.detach().clone().requires_grad_()
    w = torch.ones(10, dtype=torch.float64, requires_grad=True)
    loss = wasserstein_loss(x, y, p, w)
    loss.backward()
    assert loss.item() == 0
    assert x.grad.abs().max() == y.grad.abs().max() == 0
    assert torch.isfinite(w.grad).all()


def test_one_equal_pair_leaves_the_others_their_gradient():
    x = torch.tensor([[0.0, 0.0], [5.0, 0.0]], requires_grad=True)
    wasserstein_loss(x, torch.tensor([[0.0, 0.0], [5.0, 1e-30]])).backward()
    assert x.grad.tolist() == [[0.0, 0.0], [0.0, -0.5]]


def test_gradients_by_weights_do_not_change_with_their_scale():
    """W depends on w / sum(w) alone, so the gradient is orthogonal to w."""
    x, y = points(12, 2, seed=0), points(9, 2, seed=1)
    w = (torch.rand(12, dtype=torch.float64) + 0.1).requires_grad_()
    wasserstein_loss(x, y, 1, w).backward()
    assert (w.grad @ w).item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_types_are_kept(dtype):
    x = points(6, 2, seed=0).detach().to(dtype).requires_grad_()
    y = points(6, seed=1).detach().numpy()[:, None].repeat(2, 1)
    loss = wasserstein_loss(x, y)
    loss.backward()
    assert (loss.dtype, x.grad.dtype) == (dtype, dtype)
    assert loss.item() == pytest.approx(wasserstein(x, y), rel=1e-2)


def test_the_widest_type_counts_and_whole_numbers_are_samples():
    x = torch.zeros(2, 1, requires_grad=True)
    y = torch.ones(2, 1, dtype=torch.float64, requires_grad=True)
    loss = wasserstein_loss(x, y)
    loss.backward()
    assert (loss.dtype, x.grad.dtype, y.grad.dtype) == (torch.float64, torch.float32, torch.float64)
    assert wasserstein_loss(torch.tensor([[0]]), torch.tensor([[3]])).item() == 3


def test_samples_of_one_column_have_gradients_of_their_shape():
    x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True)
    wasserstein_loss(x, torch.tensor([5.0])).backward()
    assert x.grad.tolist() == pytest.approx([-1 / 3] * 3)


def test_descent_moves_points_onto_the_target():
    x, y = points(20, 2, seed=0), points(20, 2, seed=1, shift=3.0).detach()
    start = wasserstein_loss(x, y).item()
    optimizer = torch.optim.SGD([x], lr=1.0)
    for _ in range(120):
        optimizer.zero_grad()
        loss = wasserstein_loss(x, y, 2)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.06 * start


def test_a_second_derivative_is_refused_not_zero():
    x, y = points(5, 2, seed=0), points(5, 2, seed=1)
    (slope,) = torch.autograd.grad(wasserstein_loss(x, y, 2), x, create_graph=True)
    with pytest.raises(WganError, match="no second derivative"):
        ((slope**2).sum() + (x**2).sum()).backward()


def test_a_gradient_that_is_part_of_a_graph_is_right_in_the_outer_factor():
    x, factor = points(5, 2, seed=0), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    loss = factor * wasserstein_loss(x, x.detach() + 1)
    loss.backward()
    assert factor.grad.item() == pytest.approx(np.sqrt(2))
    assert x.grad == pytest.approx(np.full((5, 2), -3 / 5 / np.sqrt(2)))


def test_arrays_alone_and_wrong_samples_are_refused():
    with pytest.raises(WganError, match="none was given: use `wasserstein`"):
        wasserstein_loss(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(WganError, match="x holds NaN or infinite values in row 0"):
        wasserstein_loss(torch.tensor([[np.nan]]), torch.tensor([[0.0]]))
