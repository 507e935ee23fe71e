"""What a source stands for when it is measured."""

import numpy as np
import pytest
from short_runs import flags

from wgan.audit.columns import Columns
from wgan.audit.groups import first_codes
from wgan.audit.parts import halves
from wgan.audit.sources import read_pair
from wgan.base.errors import WganError
from wgan.cli import main
from wgan.data import load

TINY = flags(["network.width=4", "network.latent=4", "optimizer.batch=8"])
TINY += ["--steps", "2", "--quiet"]


@pytest.fixture
def run(tmp_path):
    assert main(["train", "digits", *TINY, "--out", "r"]) == 0
    return "r"


def test_arrays_are_taken_as_they_are_stored_and_pictures_as_pixels_in_one_range():
    np.save("a.npy", np.arange(12.0).reshape(4, 3))
    np.save("b.npy", np.arange(15.0).reshape(5, 3) ** 2)
    x, y = read_pair("a.npy", "b.npy")
    assert np.array_equal(x.values, np.load("a.npy"))
    assert y.words == "b.npy (5 rows)"
    assert (x.units, x.diameter) == ("data coordinates", None)
    d, _ = read_pair("digits", "digits")
    assert d.values.shape == (1797, 64)
    assert d.values.max() == 1.0
    assert d.diameter == 8.0


def test_the_range_of_float_pictures_is_read_off_them_so_no_diameter_is_known():
    np.save("p.npy", np.random.default_rng(0).random((12, 4, 4)))
    x, _ = read_pair("p.npy", "p.npy")
    assert x.diameter is None


def test_a_number_takes_a_random_part_that_the_seed_names():
    x, again = read_pair("digits", "digits", number=50)
    other, _ = read_pair("digits", "digits", number=50, seed=1)
    assert x.values.shape == (50, 64)
    assert np.array_equal(x.values, again.values)
    assert not np.array_equal(x.values, other.values)
    assert "50 of 1797 rows, by seed 0" in x.words


def test_beside_a_run_its_data_stand_for_the_part_held_out_of_it(run):
    x, y = read_pair("digits", run)
    dataset = load("digits")
    split = dataset.split()
    assert np.array_equal(x.values, dataset.codec.measure(split.held_out_sample(0, 359)))
    assert x.words == "digits (359 rows held out of the run)"
    assert y.values.shape == (359, 64)
    assert y.words == "r (359 generated)"
    assert y.diameter == 8.0


def test_other_data_beside_a_run_are_taken_whole(run):
    np.save("other.npy", np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8))
    x, _ = read_pair("other.npy", run)
    assert len(x.values) == 20
    assert x.words == "other.npy (20 rows, not known to be held out of the run)"


def test_a_run_against_itself_is_two_draws_of_its_generator(run):
    x, y = read_pair(run, run, number=30)
    assert x.values.shape == (30, 64)
    assert not np.array_equal(x.values, y.values)
    assert len(read_pair(run, run)[0].values) == 2000


def test_wrong_pairs_are_refused():
    np.save("a.npy", np.zeros((4, 3)) + np.arange(4)[:, None])
    with pytest.raises(WganError, match=r"shape \(3,\) and digits of \(1, 8, 8\)"):
        read_pair("a.npy", "digits")
    with pytest.raises(WganError, match="1 or more"):
        read_pair("digits", "digits", number=0)


def test_the_layout_of_pictures_does_not_count():
    pictures = np.random.default_rng(0).integers(0, 256, (12, 5, 6, 3), dtype=np.uint8)
    np.save("hwc.npy", pictures)
    np.save("chw.npy", np.moveaxis(pictures, -1, 1))
    x, y = read_pair("hwc.npy", "chw.npy")
    assert np.array_equal(x.values, y.values)


def test_one_range_of_pixels_is_asked_for_and_whole_numbers_and_shares_are_one():
    pictures = np.random.default_rng(0).integers(0, 256, (12, 4, 4), dtype=np.uint8)
    for name, values in {
        "a": pictures,
        "b": pictures / 255,
        "c": pictures / 127.5 - 1,
        "d": (pictures > 250).astype(np.uint8),
    }.items():
        np.save(f"{name}.npy", values)
    x, y = read_pair("a.npy", "b.npy")
    assert x.values == pytest.approx(y.values)
    assert (x.diameter, y.diameter) == (4.0, None)
    for other in "cd":
        with pytest.raises(WganError, match="bring both to one range"):
            read_pair("a.npy", f"{other}.npy")
    assert read_pair("d.npy", "d.npy")[0].diameter is None


def test_tables_are_measured_as_the_run_or_the_first_codes_them(mixed):
    frame = mixed(300)
    frame.iloc[:150].to_csv("a.csv", index=False)
    known = frame.iloc[150:]
    known[known["city"].isin(frame["city"].iloc[:150])].to_csv("b.csv", index=False)
    x, y = read_pair("a.csv", "b.csv")
    assert (x.units, x.values.shape[1]) == ("coded columns", y.values.shape[1])
    assert main(["train", "a.csv", *TINY, "--out", "t"]) == 0
    x, y = read_pair("a.csv", "t")
    assert x.words == "a.csv (30 rows held out of the run)"
    assert y.values.shape == x.values.shape
    with pytest.raises(WganError, match="is not a table"):
        read_pair("t", "digits")


def test_columns_of_numbers_alone_are_measured_in_their_own_units_whether_a_table_or_not():
    rows = np.arange(120.0).reshape(40, 3)
    np.savetxt("n.csv", rows, delimiter=",", header="a,b,c", comments="")
    assert np.array_equal(read_pair("n.csv", "n.csv")[0].values, rows)
    assert main(["train", "n.csv", *TINY, "--out", "n"]) == 0
    x, y = read_pair("n.csv", "n")
    assert (x.units, y.units) == ("data coordinates", "data coordinates")
    assert set(map(tuple, x.values)) <= set(map(tuple, rows))


def test_a_population_bracket_codes_tables_by_the_half_that_trains_its_critics(mixed):
    frame = mixed(300)
    train, held_out = halves(300, 7, "x")
    frame.to_csv("a.csv", index=False)
    plain, _ = read_pair("a.csv", "a.csv", seed=7, population=True)
    far = frame.copy()
    far.loc[held_out, "gain"] *= 0.5
    far.to_csv("b.csv", index=False)
    changed, _ = read_pair("b.csv", "b.csv", seed=7, population=True)
    assert np.array_equal(plain.values[train], changed.values[train])
    by_all = [read_pair(name, name, seed=7)[0].values for name in ("a.csv", "b.csv")]
    assert by_all[0].shape != by_all[1].shape or not np.allclose(by_all[0][train], by_all[1][train])


def test_a_population_bracket_of_groups_codes_tables_by_the_groups_that_train_its_critics(mixed):
    """Else rows of held-out groups would have a part in the codes that they are measured in."""
    frame = mixed(300).assign(who=np.repeat(np.arange(60), 5))
    train, held_out = halves(300, 7, "x", first_codes(frame["who"], 300, "x"))
    assert not set(frame["who"][train]) & set(frame["who"][held_out])
    far = frame.copy()
    far.loc[held_out, "gain"] *= 0.5
    found = []
    for name, table in (("a.csv", frame), ("b.csv", far)):
        table.to_csv(name, index=False)
        columns = Columns((), None, "who")
        x, _ = read_pair(name, name, seed=7, population=True, columns=columns)
        found.append(x.values)
        assert x.groups.astype(int).tolist() == frame["who"].tolist()
    assert np.array_equal(found[0][train], found[1][train])


@pytest.mark.parametrize(("first", "second"), [((40, 8, 4), (40, 4, 8)), ((40, 8, 5), (40, 6, 6))])
def test_the_wider_range_of_two_sides_changes_no_shape(first, second):
    """12 bits against 10 bits: grey levels are those of 12, and each side keeps its axes."""
    rng = np.random.default_rng(0)
    for name, shape, levels in (("a", first, 4096), ("b", second, 1024)):
        np.save(f"{name}.npy", rng.integers(0, levels, shape).astype(np.uint16))
    with pytest.raises(WganError, match="both need the same"):
        read_pair("a.npy", "b.npy")


def test_axes_of_the_other_side_are_not_taken_with_its_range():
    rng = np.random.default_rng(0)
    last = rng.integers(0, 1024, (40, 8, 8, 3)).astype(np.uint16)
    np.save("last.npy", last)
    np.save("first.npy", rng.integers(0, 65536, (40, 3, 8, 8)).astype(np.uint16))
    x, y = read_pair("last.npy", "first.npy")
    expected = np.moveaxis(last, -1, 1).reshape(40, -1) / 65535
    assert np.allclose(x.values, expected)
    assert np.allclose(y.values, np.load("first.npy").reshape(40, -1) / 65535)
