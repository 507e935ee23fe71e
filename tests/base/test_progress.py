import pytest

from wgan.base.progress import Progress, silent, tracked


def test_items_pass_through_and_are_counted_from_zero_to_the_total():
    calls = []
    items = tracked(iter("abc"), "letters", 3, lambda *call: calls.append(call))
    assert list(items) == ["a", "b", "c"]
    assert calls == [("letters", done, 3) for done in range(4)]


def test_an_item_is_reported_after_its_work_and_not_before():
    calls = []
    for i, _ in enumerate(tracked("ab", "letters", None, lambda *call: calls.append(call))):
        assert len(calls) == i + 1
    assert calls[-1] == ("letters", 2, None)


def test_nothing_happens_before_the_first_item_is_taken():
    calls = []
    items = tracked("ab", "letters", 2, lambda *call: calls.append(call))
    assert calls == []
    assert next(items) == "a"
    assert calls == [("letters", 0, 2)]


def test_work_that_fails_is_not_reported_as_done():
    calls = []
    items = tracked("ab", "letters", 2, lambda *call: calls.append(call))
    next(items)
    with pytest.raises(RuntimeError):
        items.throw(RuntimeError)
    assert calls == [("letters", 0, 2)]


def test_silence_is_a_listener_that_returns_nothing():
    assert isinstance(silent, Progress)
    assert list(tracked([1, 2], "numbers", None, silent)) == [1, 2]
    assert silent("numbers", 1, None) is None
