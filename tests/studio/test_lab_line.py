"""The Lab on a line: its numbers are those of `wgan.distances`, and of closed forms."""

from math import inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wgan.base.errors import WganError
from wgan.distances import earth_mover, jensen_shannon, kullback_leibler, total_variation
from wgan.studio.lab_line import MOST_BINS, compare, on_one_line

P, Q = [3, 2, 1, 4], [1, 2, 4, 3]


def value(found, name):
    (measure,) = [each for each in found["measures"] if each["name"] == name]
    return float(measure["value"])


def test_the_example_walks_five():
    found = compare(P, Q)
    assert value(found, "W1") == found["walk"]["distance"] == 5
    assert found["walk"]["flow"] == [2, 2, -1]
    assert sum(found["walk"]["work"]) == 5
    assert sum(abs(j - i) * mass for i, j, mass in found["walk"]["moves"]) == 5


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.integers(-14, 14),
)
def test_numbers_are_those_of_the_package(pairs, shift):
    p = np.array([a for a, _ in pairs], dtype=float)
    q = np.array([b for _, b in pairs], dtype=float)
    if not p.sum() or not q.sum():
        with pytest.raises(WganError, match="no mass"):
            compare(p.tolist(), q.tolist(), shift)
        return
    found = compare(p.tolist(), q.tolist(), shift)
    scaled = q * (p.sum() / q.sum())
    positions, a, b = on_one_line(p, scaled, shift)
    assert value(found, "W1") == pytest.approx(earth_mover(a, b, positions).distance, abs=1e-9)
    assert value(found, "JS") == pytest.approx(jensen_shannon(a, b), abs=1e-12)
    assert value(found, "KL(P||Q)") == pytest.approx(kullback_leibler(a, b), abs=1e-12)
    assert value(found, "KL(Q||P)") == pytest.approx(kullback_leibler(b, a), abs=1e-12)
    assert value(found, "TV") == pytest.approx(total_variation(a, b), abs=1e-12)
    # The least work is at least what the centres of mass are apart, and the walk pays exactly it.
    centres = abs((positions * (a - b)).sum())
    assert value(found, "W1") >= centres - 1e-9
    moved = sum(abs(j - i) * mass for i, j, mass in found["walk"]["moves"])
    assert moved == pytest.approx(value(found, "W1"), abs=1e-6)


@pytest.mark.parametrize("d", [-7, -1, 0, 1, 2, 9])
def test_two_unit_masses_d_bins_apart_have_the_closed_form(d):
    found = compare([1], [1], d)
    assert value(found, "W1") == abs(d)
    assert value(found, "JS") == pytest.approx(log(2) if d else 0)
    assert value(found, "KL(P||Q)") == (inf if d else 0)
    assert value(found, "TV") == (1 if d else 0)


def test_apart_js_has_no_gradient_and_w1_a_constant_one():
    p, q = [1, 2, 1], [2, 1, 1]
    curve = compare(p, q)["curve"]
    shifts, slopes = curve["shifts"], curve["slopes"]
    apart = [i for i, d in enumerate(shifts[:-1]) if d >= len(p) or shifts[i + 1] <= -len(p)]
    assert len(apart) >= 4
    for i in apart:
        assert slopes["JS"][i] == pytest.approx(0, abs=1e-12)
        assert slopes["W1"][i] == pytest.approx(4 if shifts[i] > 0 else -4), "all mass moves on"
        assert slopes["KL(P||Q)"][i] is None, "between two infinities there is no gradient"
    near = slopes["JS"][shifts.index(0)]
    assert near > 0.01, "where they overlap JS does change"


def test_the_change_for_one_bin_is_the_difference_of_two_shifts():
    here, left, right = (compare(P, Q, d) for d in (2, 1, 3))
    for name in ("W1", "JS", "TV"):
        (measure,) = [each for each in here["measures"] if each["name"] == name]
        assert measure["left"] == pytest.approx(value(left, name) - value(here, name))
        assert measure["right"] == pytest.approx(value(right, name) - value(here, name))


def test_earth_is_moved_not_made():
    found = compare([2, 2], [1, 0])
    assert found["scale"] == 4
    assert found["q"] == [4, 0]
    assert value(found, "W1") == 2


@pytest.mark.parametrize(
    ("p", "q", "shift", "words"),
    [
        ([1], [1, 2], 0, "same bins"),
        ([], [], 0, "1 to 64"),
        ([1] * (MOST_BINS + 1), [1] * (MOST_BINS + 1), 0, "1 to 64"),
        ([0, 0], [1, 0], 0, "P holds no mass"),
        ([1, 0], [0, 0], 0, "P|Q"),
        ([-1, 2], [1, 0], 0, "not negative"),
        ([inf, 2], [1, 0], 0, "finite"),
        ([1, 2], [1, 0], 65, "at most 64"),
    ],
)
def test_what_is_no_pair_of_histograms_is_refused(p, q, shift, words):
    with pytest.raises(WganError, match=words):
        compare(p, q, shift)


def test_the_largest_request_is_answered():
    found = compare([1.0] * MOST_BINS, [2.0] * MOST_BINS, -MOST_BINS)
    assert value(found, "W1") == pytest.approx(MOST_BINS**2)
