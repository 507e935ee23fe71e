"""Exported generators: the same samples as ours, for each kind, without torch."""

import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.special
import torch
from described_series import described
from mixed_tables import mixed_table
from own_networks import OwnGenerator
from series_sets import ar2, ended, with_holes
from series_sets import described as described_by
from shop_table import shop
from small_models import SMALL, model_of, small_model, small_table
from torch import nn

from wgan.base.errors import WganError
from wgan.base.seeding import latents as latents_of_torch
from wgan.data import KINDS, load
from wgan.data.images import read_images
from wgan.data.series.windows import Reading
from wgan.data.tables.frames import from_frame
from wgan.data.vectors import read_vectors
from wgan.exported import (
    BLOCK,
    choices_of,
    latents,
    load_exported,
    read_description,
    table_of,
)
from wgan.models import export, export_model, truncated
from wgan.models.graphs import kinds
from wgan.models.graphs.kinds import graph_of
from wgan.models.graphs.operators import translations
from wgan.models.latents import prior_latents
from wgan.models.model import BLOCK as OUR_BLOCK

pytest.importorskip("onnxscript")
pytest.importorskip("onnxruntime")
SEED = 3
N = BLOCK + 44
"""More than a block, and no whole number of blocks."""
NEAR = 1e-5
"""Differences, in ranges of the data, up to which two samples are the same."""


def assert_same(theirs, ours):
    """Compare samples: type, shape, and values in ranges of the data; whole numbers may be one off.

    One row in a hundred may be another one: where numbers are drawn in steps, or levels, two
    libraries round to either side.
    """
    assert theirs.dtype == ours.dtype
    assert theirs.shape == ours.shape
    a, b = theirs.astype(np.float64), ours.astype(np.float64)
    absent = np.isnan(b)
    low, high = (np.where(absent, end, b) for end in (np.inf, -np.inf))
    width = (high.max(axis=0) - low.min(axis=0)).clip(min=0)
    most = np.maximum(NEAR * width, float(ours.dtype.kind in "iu"))
    near = (np.isnan(a) & absent) | (np.abs(a - b) <= most)
    assert near.reshape(len(a), -1).all(axis=1).mean() > 0.99
    assert np.mean(a[~absent] != b[~absent]) < 0.01 or ours.dtype.kind == "f"


@pytest.fixture(scope="module", params=KINDS)
def written(request, tmp_path_factory):
    """A model of each kind, and the folder of its files; the first takes conditions, if it can."""
    folder = tmp_path_factory.mktemp(request.param)
    model = small_model(request.param)
    takes_conditions = graph_of(model.codec).free is not None
    export_model(model, folder / "model.onnx", takes_conditions)
    export_model(model, folder / "model.pt2")
    return model, folder


def test_every_kind_gives_the_samples_of_our_sampler(written):
    model, folder = written
    ours = model.sample(N, SEED)
    exported = load_exported(folder / "model.onnx")
    assert_same(exported.sample(N, SEED), ours)
    assert exported.description["kind"] == model.codec.kind
    assert list(ours.shape[1:]) == exported.description["samples"]["shape"]
    assert ours.dtype == exported.description["samples"]["type"]
    (of_graph,) = exported.session.get_outputs()
    assert of_graph.shape == ["n", *ours.shape[1:]]
    one = exported.run(prior_latents(model, 1, SEED))
    np.testing.assert_allclose(one.astype("f8"), ours[:1].astype("f8"), rtol=1e-4, atol=1)


def test_every_kind_gives_the_same_samples_by_torch_alone(written):
    model, folder = written
    graph = torch.export.load(folder / "model.pt2").module()
    z = torch.from_numpy(prior_latents(model, N, SEED)).float()
    made = [graph(part).numpy() for part in z.split(BLOCK)]
    assert_same(np.concatenate(made), model.sample(N, SEED))


def test_files_are_whole_described_and_tell_nothing_of_this_machine(written):
    _, folder = written
    assert sorted(path.name for path in folder.iterdir()) == ["model.onnx", "model.pt2"]
    first, second = (read_description(folder / name) for name in ("model.onnx", "model.pt2"))
    assert first | {"inputs": ["latents"]} == second
    for path in folder.iterdir():
        assert b"site-packages" not in path.read_bytes()
        assert b"wgan/networks" not in path.read_bytes()


ALONE = """
import sys
from wgan.exported import load_exported
exported = load_exported(sys.argv[1])
samples = exported.sample(3)
assert len(samples) == 3
if exported.description["kind"] == "tables":
    assert exported.table(samples)["size"].dtype == object
assert not {"torch", "pandas", "scipy", "wgan.data"} & set(sys.modules)
"""


def test_reading_needs_numpy_and_onnxruntime_alone(written):
    program = [sys.executable, "-c", ALONE, written[1] / "model.onnx"]
    subprocess.run(program, check=True)


@pytest.mark.parametrize("network", ["residual", "bottleneck"])
def test_every_network_of_pictures_is_exported_with_its_classes(network, tmp_path):
    codec = load("digits").codec
    model = model_of(codec, replace(SMALL, kind=network), classes=3)
    export_model(model, tmp_path / "model.onnx")
    exported = load_exported(tmp_path / "model.onnx")
    assert exported.classes == model.classes
    assert_same(exported.sample(N, SEED), model.sample(N, SEED))
    own = np.full(N, 2)
    assert_same(exported.sample(N, SEED, "class 2"), model.sample(N, SEED, own))
    with pytest.raises(WganError, match="no class is called 'class 7'"):
        exported.sample(1, label="class 7")


def test_series_with_gaps_ends_and_static_columns_are_exported(tmp_path):
    random = np.random.default_rng(0)
    x = ended(with_holes(ar2(80, 6), 0.2), random.integers(2, 7, 80))
    codec = described_by(x, place=random.choice(["north", "south"], 80)).codec
    assert codec.ends
    assert codec.masked
    model = model_of(codec)
    export_model(model, tmp_path / "model.onnx")
    exported = load_exported(tmp_path / "model.onnx")
    samples = exported.sample(N, SEED)
    assert_same(samples, model.sample(N, SEED))
    statics = table_of(exported.description["statics"], samples[:, 0, 1:])
    assert set(statics["place"]) == {"north", "south"}


def test_columns_of_a_table_are_given(written):
    model, folder = written
    exported = load_exported(folder / "model.onnx")
    if exported.description["inputs"] == ["latents"]:
        with pytest.raises(WganError, match="export it with --conditions"):
            exported.sample(1, given={"size": "M"})
        return
    assert exported.description["inputs"] == ["latents", "conditions"]
    for name, value in (("size", "M"), ("price", None)):
        made = exported.sample(N, SEED, given={name: value})
        y = choices_of(exported.description["columns"], N, {name: value})
        assert_same(made, model.draw(N, SEED, y, candidates=1).raw)
        given = exported.table(made)[name]
        assert pd.isna(given).all() if value is None else set(given) == {value}
    with pytest.raises(WganError, match=r"column 'size': 'XL' cannot be given\. Did you mean 'L'"):
        exported.sample(1, given={"size": "XL"})
    with pytest.raises(WganError, match="0 samples: give 1 or more"):
        exported.sample(0)
    with pytest.raises(WganError, match="no column is called 'number'"):
        exported.sample(1, given={"number": "N3"})


def test_choices_are_those_of_the_codec():
    for codec in tables():
        raw = codec.decode(torch.randn(500, *codec.shape, generator=torch.manual_seed(0)))
        choices = codec.choices(raw)
        about = graph_of(codec).about(codec)["columns"]
        for value, choice, place in (
            (value, choice, column["place"])
            for column in about
            if column["place"] is not None
            for value, choice in column["choices"]
        ):
            own = codec.learned[place]
            x = np.nan if value is None else own.levels.index(value) if own.levels else value
            here = np.isnan(raw[:, place]) if value is None else raw[:, place] == x
            assert (choices[here, place] == choice).all()


def tables():
    """Yield codecs of tables with twins, differences, sums, months, codes and spikes."""
    random = np.random.default_rng(1)
    n = 3000
    yield from_frame(mixed_table(n)).split().dataset.codec
    yield from_frame(shop(n)).split().dataset.codec
    bill = np.round(random.gamma(4.0, 100.0, n), 2)
    other = np.round(random.gamma(4.0, 100.0, n), 2)
    months = pd.date_range("2015-01-01", periods=120, freq="MS").strftime("%Y-%m")
    frame = pd.DataFrame(
        {
            "month": months[random.integers(0, 120, n)],
            "bill": bill,
            "paid": np.where(random.random(n) < 0.2, bill, other),
            "tip": np.where(random.random(n) < 0.1, -999, np.round(random.normal(9, 1, n), 1)),
        }
    )
    frame["all"] = (frame["paid"] + frame["tip"]).round(2)
    rules = [{"sum": ["paid", "tip", "all"]}]
    yield from_frame(frame, rules=rules).split().dataset.codec


def long_series(irregular):
    """Return the codec of series that were read from a table with a clock."""
    random = np.random.default_rng(1)
    gaps = random.exponential(3600, size=(60, 9)).round() + 1 if irregular else np.full((60, 9), 60)
    frame = pd.DataFrame(
        {
            "id": np.repeat(np.arange(60), 9),
            "when": pd.Timestamp("2024-01-30")
            + pd.to_timedelta(np.cumsum(gaps, axis=1).ravel(), unit="s"),
            "x": random.normal(size=540).round(2),
            "open": random.random(540) < 0.5,
            "place": np.repeat(random.choice(["n", "s"], 60), 9),
        }
    )
    return load(frame, kind="series", reading=Reading(series="id", time="when")).codec


def codecs():
    """Yield codecs of each kind, in all their forms."""
    random = np.random.default_rng(1)
    for dtype in ("f2", "f4", "f8", "i1", "i8", "u8", "?"):
        x = (40 * random.normal(size=(50, 3))).clip(-100 * (dtype[0] != "u"), 100)
        yield read_vectors(x.clip(0) if dtype[0] == "u" else x.astype(dtype), "x").codec
    for dtype, white in (("u1", 255), ("u2", 4095), ("f4", 1)):
        yield read_images((white * random.random((20, 6, 5, 3))).astype(dtype), "x").codec
    yield read_images((255 * random.random((20, 3, 6, 5))).astype("u1"), "x", True).codec
    yield from tables()
    yield from (described(all_masked=True).codec, described(statics=False, context=2).codec)
    yield from (long_series(False), long_series(True))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_decoders_decode_as_codecs_do():
    for codec in codecs():
        x = 2 * np.random.default_rng(0).standard_normal((2000, *codec.shape))
        x = torch.from_numpy(x.astype(np.float32))
        made, expected = graph_of(codec).decoder(codec)(x).numpy(), codec.decode(x)
        assert made.dtype == expected.dtype
        np.testing.assert_allclose(made, expected, rtol=1e-12, atol=1e-12, err_msg=str(codec))


def test_latents_are_those_of_our_sampler():
    assert BLOCK == OUR_BLOCK
    for seed, n, size in ((0, 3, 1), (1, 300, 7), (2**62, 257, 128)):
        ours = torch.cat(list(latents_of_torch(seed, n, size, torch.device("cpu"))))[:n].numpy()
        theirs = latents(n, size, seed)
        assert theirs.dtype == np.float32
        np.testing.assert_allclose(theirs, ours, atol=2e-6)
    assert latents(0, 4).shape == (0, 4)


def test_rows_of_a_table_have_the_columns_of_the_data():
    codec = from_frame(small_table()).split().dataset.codec
    raw = model_of(codec).sample(50)
    columns = table_of(graph_of(codec).about(codec)["columns"], raw, first=7)
    frame = codec.frame(raw, first=7)
    assert list(columns) == list(frame)
    for name, values in columns.items():
        ours = frame[name]
        assert (pd.isna(values) == ours.isna()).all()
        assert (values[~ours.isna()] == ours.dropna().to_numpy()).all()


class Normal(nn.Module):
    """The two operations that ONNX has not."""

    def forward(self, x, p):
        return torch.special.ndtr(x), torch.special.ndtri(p)


def test_the_normal_distribution_is_translated_exactly(tmp_path):
    import onnxruntime

    x = np.linspace(-6.9, 6.9, 2001)
    p = np.concatenate([np.logspace(-10.8, -0.4, 1000), np.linspace(0.4, 0.999, 1001)])
    graph = torch.export.export(Normal(), (torch.from_numpy(x), torch.from_numpy(p)))
    table = translations()
    program = torch.onnx.export(graph, dynamo=True, verbose=False, custom_translation_table=table)
    program.save(tmp_path / "x.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "x.onnx")
    height, score = session.run(None, {"x": x, "p": p})
    np.testing.assert_allclose(height, scipy.special.ndtr(x), rtol=3e-9)
    np.testing.assert_allclose(score, scipy.special.ndtri(p), rtol=1e-13, atol=1e-15)


class Branches(OwnGenerator):
    """A network that does one thing or another by its numbers, as no graph does."""

    def forward(self, z):
        return self.net(z) if z.sum() > 0 else self.net(-z)


def own_model(network):
    model = small_model("vectors")
    return replace(model, generator=network(3, 4, model.codec.shape[0]))


def test_a_network_of_the_users_own_is_exported_if_it_is_a_graph(tmp_path):
    model = own_model(OwnGenerator)
    export_model(model, tmp_path / "model.onnx")
    assert_same(load_exported(tmp_path / "model.onnx").sample(N, SEED), model.sample(N, SEED))
    with pytest.raises(WganError, match="network of class Branches cannot be exported"):
        export_model(own_model(Branches), tmp_path / "other.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_what_cannot_be_exported_is_refused(tmp_path, monkeypatch):
    model = small_model("vectors")
    with pytest.raises(WganError, match="a truncated model is not exported"):
        export_model(truncated(model, 0.5), tmp_path / "model.pt2")
    with pytest.raises(WganError, match=r"exported as \.onnx or \.pt2"):
        export_model(model, tmp_path / "model.pt")
    with pytest.raises(WganError, match="exported vectors take no conditions"):
        export_model(model, tmp_path / "model.pt2", conditions=True)
    (tmp_path / "mine.pt2").write_text("mine")
    with pytest.raises(WganError, match="nothing is overwritten: choose another name"):
        export_model(model, tmp_path / "mine.pt2")
    assert (tmp_path / "mine.pt2").read_text() == "mine"
    monkeypatch.setattr(export, "find_spec", lambda name: None)
    with pytest.raises(WganError, match=r"the package onnx, .* 'wgan\[onnx\]', or give \.pt2"):
        export_model(model, tmp_path / "model.onnx")
    monkeypatch.setattr(kinds, "GRAPHS", {})
    with pytest.raises(WganError, match=r"add a line to models\.graphs\.kinds\.GRAPHS"):
        export_model(model, tmp_path / "model.pt2")


def test_weights_beyond_what_onnx_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "MOST_ONNX_BYTES", 8)
    with pytest.raises(WganError, match=r"GiB of weights, and \.onnx holds 2 GiB: give \.pt2"):
        export_model(small_model("vectors"), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused_by_the_reader(tmp_path):
    with pytest.raises(WganError, match="no such file"):
        load_exported(tmp_path / "none.onnx")
    (tmp_path / "x.onnx").write_bytes(b"no graph")
    with pytest.raises(WganError, match="no ONNX file that can be read"):
        load_exported(tmp_path / "x.onnx")
    (tmp_path / "x.pt2").write_bytes(b"no archive")
    with pytest.raises(WganError, match=r"no \.pt2 file that can be read"):
        read_description(tmp_path / "x.pt2")
    for text, words in (
        (None, "has no description"),
        ("{", "damaged"),
        ('{"format": 1}', "format"),
    ):
        with zipfile.ZipFile(tmp_path / "x.pt2", "w") as archive:
            archive.writestr("x/extra/wgan.json" if text else "x/other", text or "")
        with pytest.raises(WganError, match=words):
            read_description(tmp_path / "x.pt2")
    program = torch.export.export(nn.Linear(2, 2), (torch.zeros(3, 2),))
    torch.onnx.export(program, dynamo=True, verbose=False).save(tmp_path / "y.onnx")
    with pytest.raises(WganError, match="`wgan export` did not write it"):
        load_exported(tmp_path / "y.onnx")
