"""Bad pictures, tables in text and tables in Parquet."""

import gzip
import os
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bad_arrays import bomb, commands, written, zipped
from campaign import Case
from material import copied, material, people, picture_folder, pictures
from PIL import Image

Maker = Callable[[Path], Path]


def png(pixels: np.ndarray, form: str = "png") -> bytes:
    """Return a picture file."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, format=form)
    return out.getvalue()


def among_pictures(name: str, content: bytes) -> Maker:
    """Return what adds a bad file to a folder of good pictures."""

    def make(folder: Path) -> Path:
        place = picture_folder(folder / "pictures", 6)
        (place / "a" / name).write_bytes(content)
        return place

    return make


def picture_files() -> Iterator[tuple[str, Maker]]:
    """Yield folders and zips in which a picture cannot be used."""
    for form, ending in (("png", "png"), ("jpeg", "jpg"), ("bmp", "bmp"), ("gif", "gif")):
        good = png(pictures()[0], form)
        for size in sorted({0, 1, 4, 8, 16, 24, len(good) // 3, len(good) // 2}):
            yield f"{form} cut to {size}", among_pictures(f"z.{ending}", good[:size])
    for form, ending in (("tiff", "tif"), ("webp", "webp"), ("ppm", "pgm")):
        good = png(pictures()[0], form)
        for size in (0, 2, 6, len(good) // 2):
            yield f"{form} cut to {size}", among_pictures(f"z.{ending}", good[:size])
    for form in ("eps", "pdf", "ico", "psd", "txt"):
        content = {"psd": b"8BPS\0\1" + b"\0" * 60, "txt": b"hello"}.get(form)
        content = content or png(np.stack([pictures()[0]] * 3, -1), form)
        yield f"{form} called .png", among_pictures("z.png", content)
    for height, width in ((9, 8), (8, 9), (1, 1), (80, 80)):
        size = np.zeros((height, width), dtype=np.uint8)
        yield f"{height} x {width} among 8 x 8", among_pictures("z.png", png(size))
    yield "a bomb", among_pictures("z.png", png(np.zeros((20000, 20000), dtype=np.uint8)))
    floats = np.full((8, 8), 7.5, dtype=np.float32)
    for name, value in (("nan", np.nan), ("1e9", 1e9), ("-3", -3.0)):
        spoilt = floats.copy()
        spoilt[2, 2] = value
        yield f"float tiff with {name}", among_pictures("z.tif", png(spoilt, "tiff"))
    yield "no picture", lambda f: _folder_with(f, {"readme.txt": b"hello"})
    yield "an empty folder", lambda f: _folder_with(f, {})
    yield "one picture", lambda f: _folder_with(f, {"a.png": png(pictures()[0])})
    yield "hidden pictures", lambda f: _folder_with(f, {".a.png": png(pictures()[0])})
    yield "a pipe called .npy", lambda f: _special(f / "x.npy")
    yield "a pipe called .csv", lambda f: _special(f / "x.csv")
    yield "a pipe called .zip", lambda f: _special(f / "x.zip")
    yield "a device", lambda f: Path("/dev/zero")
    yield "an endless device", lambda f: Path("/dev/urandom")
    yield "a link to a device", lambda f: _link(f / "x.csv", "/dev/zero")
    yield "a broken link", lambda f: _link(f / "x.csv", "nowhere")
    yield "a link to itself", lambda f: _link(f / "x.csv", "x.csv")
    yield "no such file", lambda f: f / "nothing.npy"
    yield "a name of 300 letters", lambda f: f / ("x" * 300 + ".npy")
    yield "a name with a null", lambda f: Path("a\0b.npy")
    good = (material() / "good.zip").read_bytes()
    for size in (0, 3, 30, 100, len(good) // 2, len(good) - 1):
        yield f"zip cut to {size}", written(good[:size], "bad.zip")
    yield "zip of nothing", written(zipped({}), "bad.zip")
    yield "zip of text", written(zipped({"a.txt": b"hello"}), "bad.zip")
    yield "zip of a bad picture", written(zipped({"a.png": b"hello"}), "bad.zip")
    yield "zip bomb", bomb("a.png", "bad.zip")
    yield "zip with a password", written(_locked(), "bad.zip")


def _folder_with(folder: Path, files: dict[str, bytes]) -> Path:
    place = folder / "pictures"
    place.mkdir(exist_ok=True)
    for name, content in files.items():
        (place / name).write_bytes(content)
    return place


def _special(path: Path) -> Path:
    if not path.exists():
        os.mkfifo(path)
    return path


def _link(path: Path, target: str) -> Path:
    if not path.is_symlink():
        path.symlink_to(target)
    return path


def _locked() -> bytes:
    """Return a zip whose member claims to be encrypted."""
    out = bytearray(zipped({"a.png": png(pictures()[0])}))
    out[6] |= 1
    central = bytes(out).find(b"PK\1\2")
    out[central + 8] |= 1
    return bytes(out)


DAYS = [f"2020-01-{i % 28 + 1:02d}" for i in range(150)]


def texts() -> Iterator[tuple[str, bytes]]:
    """Yield text files that are no table that can be learned."""
    good = people().to_csv(index=False).encode()
    lines = good.split(b"\n")
    yield "empty", b""
    yield "spaces", b"   \n  \n"
    yield "names alone", lines[0] + b"\n"
    yield "one row", b"\n".join(lines[:2])
    yield "a field more", good + b"1,2,3,4,5,6,7,8\n"
    yield "a field less", good + b"1,2\n"
    yield "a field more in the middle", b"\n".join([*lines[:50], b"1,2,3,4,5,6,7", *lines[50:]])
    yield "two columns of one name", good.replace(b"age", b"id", 1)
    yield "an open quote", good + b'1,2,3,"Oslo,True,2020-01-01\n'
    yield "a null byte", good[:400] + b"\0" + good[400:]
    yield "bytes", bytes(range(256)) * 20
    yield "not UTF-8", good.replace(b"Oslo", b"Osl\xf8")
    yield "UTF-16 without a mark", good.decode().encode("utf-16-le")
    yield "UTF-32", good.decode().encode("utf-32")
    yield "a word among numbers", b"a,b\n" + b"".join(b"%d,1.5\n" % i for i in range(99)) + b"x,2\n"
    yield "infinity", b"a,b\n" + b"".join(b"%d.5,1.5\n" % i for i in range(99)) + b"inf,2\n"
    yield (
        "a number too large",
        b"a,b\n" + b"".join(b"%d.5,1\n" % i for i in range(99)) + b"1e999,2\n",
    )
    yield "a page", b"<html><body><table><tr><td>1</td></tr></table></body></html>\n" * 9
    yield "an empty name", b"a,,c\n" + b"1,2,3\n" * 50
    yield "a bad date among dates", _column(DAYS, "0000-00-00")
    yield "one format among another", _column(DAYS, "31/12/2020")
    yield "numbers with one unit wrong", _column([f"{i}.5 kg" for i in range(150)], "9 lb")
    yield "percent and no percent", _column([f"{i}.5%" for i in range(150)], "0.5")
    yield "two decimal marks", _column([f"{i},5" for i in range(150)], "1.5.5")
    packed_good = gzip.compress(good)
    for size in (0, 5, 12, len(packed_good) // 2, len(packed_good) - 1):
        yield f"gz cut to {size}", packed_good[:size]
    yield "gz of nothing", gzip.compress(b"")


def _column(values: list[str], odd: str) -> bytes:
    """Return a table in which one value of a column is spelled unlike the others."""
    spelled = [*values[:70], odd, *values[70:]]
    rows = (f'"{value}",{i * 7 % 11}.5' for i, value in enumerate(spelled))
    return ("x,y\n" + "\n".join(rows) + "\n").encode()


def parquets() -> Iterator[tuple[str, bytes]]:
    """Yield Parquet files that are damaged, or hold what no table of ours holds."""
    good = (material() / "good.parquet").read_bytes()
    end = len(good)
    for size in (0, 1, 4, 8, 12, end // 2, end - 8, end - 4, end - 1):
        yield f"cut to {size}", good[:size]
    for place in (0, 3, *(end - back for back in (1, 5, 8, 9, 20, 40, 80, 160, 320, 640, 1000))):
        spoilt = bytearray(good)
        spoilt[place] ^= 0xFF
        yield f"byte {place - end if place > 3 else place} flipped", bytes(spoilt)
    n = 30
    kinds = {
        "lists": pa.array([[1, 2]] * n),
        "structs": pa.array([{"a": 1}] * n),
        "maps": pa.array([[("a", 1)]] * n, pa.map_(pa.string(), pa.int64())),
        "bytes": pa.array([b"\xff\xfe"] * n),
        "durations": pa.array([1] * n, pa.duration("s")),
        "only gaps": pa.nulls(n),
        "nan alone": pa.array([float("nan")] * n),
        "infinity": pa.array([float("inf")] * n),
    }
    for name, array in kinds.items():
        yield f"a column of {name}", _parquet(pa.table({"x": array, "y": pa.array([1.5] * n)}))
    yield "no column", _parquet(pa.table({}))
    yield "no row", _parquet(pa.table({"x": pa.array([], pa.float64())}))
    yield "one name twice", _parquet(pa.Table.from_arrays([pa.array([1])] * 2, ["x", "x"]))
    yield "text", b"hello"


def _parquet(table: pa.Table) -> bytes:
    out = BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def all_cases() -> Iterator[Case]:
    """Yield a case for each bad file and command."""
    for name, make in picture_files():
        for command, prepare in commands(make):
            few = name == "one picture" and command != "train"
            yield Case("pictures", name, prepare, "either" if few else "refused")
        yield Case(
            "pictures",
            name,
            lambda f, make=make: ["features", "train", str(make(f)), "--out", str(f / "map")],
        )
    for name, content in texts():
        ending = ".csv.gz" if name.startswith("gz") else ".csv"
        yield from _table_cases("table: text", name, written(content, "bad" + ending))
    for name, content in parquets():
        yield from _table_cases("table: Parquet", name, written(content, "bad.parquet"))


def _table_cases(group: str, name: str, make: Maker) -> Iterator[Case]:
    # A flipped byte may be one that says nothing. One row can be described, though not learned, and
    # a distance of numbers needs no names.
    for command, prepare in commands(make):
        few = name == "one row" and command != "train"
        few = few or (name == "an empty name" and command == "distance")
        loose = "flipped" in name or few or name in ("UTF-16 without a mark", "UTF-32")
        yield Case(group, name, prepare, "either" if loose else "refused")
    writes = ("table/evaluation", "table/results")
    expected = "either" if loose else "refused"
    yield Case(group, name, lambda f: _evaluated(f, make), expected, None, writes)


def _evaluated(folder: Path, make: Maker) -> list[str]:
    run = copied("runs/table", folder)
    return ["evaluate", str(run), "--test", str(make(folder)), "--quiet"]
