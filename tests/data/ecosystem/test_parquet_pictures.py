"""Pictures in Parquet files whose notes on classes do not fit their columns."""

import io
import json
import warnings

import numpy as np
import pytest
from PIL import Image

from wgan.base.errors import WganError
from wgan.base.progress import silent
from wgan.data.ecosystem.parquet_pictures import from_parquet_pictures, picture_columns
from wgan.data.tables.parquet import opened_parquet

pa = pytest.importorskip("pyarrow")
N = 30


def read(folder, values, names, labels=None):
    """Return the data set of a file of pictures, whose column `label` has these values and note."""
    from pyarrow import parquet

    pictures = []
    for i in range(N):
        file = io.BytesIO()
        Image.fromarray(np.full((4, 4), i, np.uint8)).save(file, "PNG")
        pictures.append({"bytes": file.getvalue(), "path": None})
    label = {"_type": "ClassLabel", "names": names}
    notes = {"info": {"features": {"image": {"_type": "Image"}, "label": label}}}
    table = pa.table({"image": pictures, "label": values})
    path = folder / "train.parquet"
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(notes)}), path)
    with opened_parquet(path) as file:
        columns = picture_columns(file.schema_arrow)
    how = (None, "auto", "auto", silent)
    return from_parquet_pictures("pictures", [path], columns, labels, how)


def test_a_class_without_a_name_is_said_and_refused_where_classes_are_asked_for(tmp_path):
    values = [i % 3 for i in range(N)]
    words = r"column 'label': row 3 has class 2, and the file names 2, from 0 on"
    with pytest.raises(WganError, match=words):
        read(tmp_path, values, ["a", "b"], labels="own")
    with pytest.warns(UserWarning, match=words + ".*they are left out"):
        assert read(tmp_path, values, ["a", "b"]).labels is None


def test_texts_are_names_of_classes_themselves(tmp_path):
    data = read(tmp_path, ["xy"[i % 2] for i in range(N)], ["a", "b"])
    assert data.classes == ("x", "y")


@pytest.mark.parametrize("names", [3, "ab", None, {"a": 1}])
def test_names_that_are_no_list_leave_the_numbers(tmp_path, names):
    data = read(tmp_path, [i % 2 for i in range(N)], names)
    assert data.classes == ("0", "1")


def test_a_split_without_classes_is_read_without_them(tmp_path):
    with pytest.warns(UserWarning, match="sample 1 has no label.*; they are left out"):
        data = read(tmp_path, [-1] * N, ["a", "b"])
    assert (len(data), data.labels) == (N, None)
    for labels in ("own", "label"):
        with pytest.raises(WganError, match="sample 1 has no label"):
            read(tmp_path, [-1] * N, ["a", "b"], labels)


def test_names_stand_for_their_numbers(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = read(tmp_path, [i % 2 for i in range(N)], ["b", "a"])
    assert (data.classes, data.labels.tolist()[:2]) == (("a", "b"), [1, 0])
