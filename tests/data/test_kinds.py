"""Kinds: each with its codec, which goes to JSON and back; damaged descriptions are refused."""

import json

import numpy as np
import pytest
from kinds_of_data import example

from wgan.base.errors import WganError
from wgan.data import KINDS, Codec, codec_from_json, codec_to_json, conditions_of, load
from wgan.data.kinds import find_kind


def codec_of(kind, mixed):
    return example(kind, mixed(100)).codec


@pytest.mark.parametrize("kind", KINDS)
def test_a_codec_goes_to_json_and_back(kind, mixed):
    codec = codec_of(kind, mixed)
    values = json.loads(json.dumps(codec_to_json(codec)))
    assert values["kind"] == kind
    assert codec_from_json(values) == codec
    assert isinstance(codec, Codec)


@pytest.mark.parametrize("kind", KINDS)
def test_encoding_takes_two_steps_and_decoding_is_its_inverse(kind, mixed):
    data = example(kind, mixed(100))
    codec, raw = data.codec, data.rows[:30]
    # The extremes of a column of numbers are drawn in, once.
    raw = codec.decode(codec.unpack(codec.pack(raw)))
    x = codec.unpack(codec.pack(raw))
    assert x.shape == (30, *codec.shape)
    again = codec.decode(x)
    assert again.shape == (30, *codec.raw_shape)
    assert again.dtype == np.dtype(codec.dtype) == data.rows.dtype
    assert np.allclose(again, raw, atol=1e-4, equal_nan=True)
    off = ~np.isclose(raw, data.rows[:30], atol=1e-4, equal_nan=True)
    assert off.mean() < 0.05
    assert codec.measure(raw).shape == (30, int(np.prod(codec.shape)))
    assert codec.measure(raw).dtype == np.float64
    assert np.allclose(codec.unwrap(codec.wrap(raw)), raw, equal_nan=True)
    codec.check(raw)
    with pytest.raises(WganError, match="give the same"):
        codec.check(raw[:, 1:])


def test_what_samples_are_is_said_in_words(mixed):
    said = {kind: codec_of(kind, mixed).samples_in_words for kind in KINDS}
    assert said == {
        "vectors": "samples of shape 2",
        "images": "samples of shape 1 x 8 x 8",
        "series": "series of 12 steps of 2 channels",
        "tables": f"rows of {mixed(9).shape[1]} columns",
    }
    one = load(mixed(100)[["age"]]).codec
    assert one.samples_in_words == "rows of 1 column"


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_was_inferred_is_described(kind, mixed):
    codec = codec_of(kind, mixed)
    inferred = kind == "tables"
    assert bool(codec.names) == bool(codec.describe()) == bool(codec.schema()) == inferred
    assert (conditions_of(codec) is not None) == inferred


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "os.system"},
        {"kind": None},
        {"dtype": "no type"},
        {"shape": [1, -8, 8]},
        {"shape": ["a", 8, 8]},
        {"more": 1},
    ],
)
def test_a_damaged_description_is_refused(damage):
    values = codec_to_json(load("digits").codec) | damage
    with pytest.raises(WganError, match="damaged or from a newer version"):
        codec_from_json(values)
    with pytest.raises(WganError, match="damaged or from a newer version"):
        codec_from_json({})


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(
        WganError, match=r"no kind of data is called 'vector'. Did you mean 'vectors'"
    ):
        find_kind("vector")
