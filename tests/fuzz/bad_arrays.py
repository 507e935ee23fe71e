"""Bad arrays: `.npy`, `.npz` and idx files that are damaged or hold what cannot be learned."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from campaign import Case
from material import SMALL, idx, material, npy, pictures, points

Maker = Callable[[Path], Path]


def header(text: str, body: bytes = b"\0" * 960, version: bytes = b"\1\0") -> bytes:
    """Return a `.npy` file with a header of one's own."""
    padded = text.encode("latin-1")
    padded += b" " * (-(len(padded) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(padded)) + padded + body


def described(descr: str = "'<f4'", fortran: str = "False", shape: str = "(120, 2)") -> str:
    """Return the text of a header."""
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"


def values() -> Iterator[tuple[str, np.ndarray]]:
    """Yield arrays that hold no samples that can be learned."""
    x = points()
    for name, value in (("nan", np.nan), ("inf", np.inf), ("-inf", -np.inf)):
        for row in (0, 60, 119):
            spoilt = x.copy()
            spoilt[row, 1] = value
            yield f"{name} in row {row}", spoilt
        yield f"all {name}", np.full_like(x, value)
        yield f"{name} as float64", np.where(np.arange(240).reshape(120, 2) == 7, value, 1.0)
        yield (
            f"{name} as float16",
            np.where(np.arange(240).reshape(120, 2) == 7, value, 1.0).astype(np.float16),
        )
    yield "complex", x.astype(np.complex64)
    yield "complex128 without imaginary part", x.astype(np.complex128)
    yield "text", x.astype("U8")
    yield "bytes", x.astype("S8")
    yield "dates", np.arange(120).astype("datetime64[D]")
    yield "dates in ns", np.arange(120).astype("datetime64[ns]").reshape(60, 2)
    yield "NaT", np.full((120, 2), np.datetime64("NaT", "s"))
    yield "durations", np.arange(240).astype("timedelta64[s]").reshape(120, 2)
    yield "void", np.zeros(120, dtype="V8")
    yield "structured", np.zeros(120, dtype=[("a", "f4"), ("b", "i4")])
    for shape in ((), (0,), (0, 2), (120, 0), (0, 8, 8), (4, 0, 8), (4, 8, 0)):
        yield f"shape {shape}", np.zeros(shape, dtype=np.float32)
    for shape in ((4, 8, 8, 2), (4, 8, 8, 5), (4, 3, 3, 3, 3), (2, 2, 2, 2, 2, 2), (1,), (1, 2)):
        yield f"shape {shape}", np.zeros(shape, dtype=np.float32)
    for low, high in ((-5.0, 5.0), (0.0, 1.5), (0.0, 300.0), (-1.0, 255.0), (1e30, 1e31)):
        spread = np.linspace(low, high, 60 * 64, dtype=np.float32).reshape(60, 8, 8)
        yield f"pictures from {low} to {high}", spread
    spoilt = (pictures() / 255).astype(np.float32)
    spoilt[3, 2, 2] = np.nan
    yield "pictures with nan", spoilt


def headers() -> Iterator[tuple[str, bytes]]:
    """Yield damaged `.npy` files."""
    whole = io.BytesIO()
    np.save(whole, points())
    good = whole.getvalue()
    for size in (0, 1, 5, 6, 7, 8, 9, 10, 20, 60, 100, 127, 128, 129, 500, len(good) - 1):
        yield f"cut to {size} bytes", good[:size]
    for place in (0, 1, 6, 7, 8, 9, 10, 12, 20, 30, 40, 50, 60):
        for byte in (0, 0x7F, 0xFF):
            spoilt = bytearray(good)
            if spoilt[place] != byte:
                spoilt[place] = byte
                yield f"byte {place} is {byte}", bytes(spoilt)
    for version in (b"\0\0", b"\3\0", b"\2\0", b"\1\1", b"\4\0", b"\xff\xff"):
        yield f"version {version!r}", header(described(), version=version)
    for descr in ("'|O'", "'<c8'", "'<U4'", "'x'", "''", "'<f3'", "'<f16x'", "None", "3", "[]"):
        yield f"descr {descr}", header(described(descr))
    for descr in ("'|V4'", "[('a', '<f4')]", "'>M8[s]'", "('<f4', (2,))", "'<f4' * 9"):
        yield f"descr {descr}", header(described(descr))
    shapes = ["-1", "(-1, 2)", "(120, -2)", "(1e3, 2)", "(2**63, 2)", "(2**31, 2**31)"]
    shapes += ["(10**30,)", "'a'", "None", "[120, 2]", "(120.0, 2)", "(True, 2)", "(121, 2)"]
    shapes += ["(10**9, 2)", "(120, 10**9)", "(" * 90 + ")" * 90, "(" * 5000]
    for shape in shapes:
        yield f"shape {shape[:40]} of {len(shape)}", header(described(shape=shape))
    for fortran in ("None", "'no'", "2", "__import__('os').abort()"):
        yield f"fortran {fortran}", header(described(fortran=fortran))
    for text in ("", "{}", "{'descr': '<f4'}", "[]", "1", "\0" * 20, "{'descr'", "é" * 20, "#"):
        yield f"header {text[:10]!r}", header(text)
    yield "extra key", header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}")
    yield "text", b"1,2\n3,4\n"
    yield "a pickle", b"\x80\x04\x95cos\nsystem\n(S'touch owned'\ntR."
    yield "another format", b"\x89HDF\r\n\x1a\n" + b"\0" * 100


def archives() -> Iterator[tuple[str, bytes]]:
    """Yield damaged `.npz` files."""
    good = (material() / "good.npz").read_bytes()
    for size in (0, 1, 4, 30, 31, 60, 100, 500, len(good) - 30, len(good) - 1):
        yield f"cut to {size} bytes", good[:size]
    for place in (0, 4, 8, 18, 22, 26, 28, 31):
        spoilt = bytearray(good)
        spoilt[place] ^= 0xFF
        yield f"byte {place} flipped", bytes(spoilt)
    end = len(good)
    for place in (end - 22, end - 12, end - 10, end - 6, end - 40, end - 60):
        spoilt = bytearray(good)
        spoilt[place] ^= 0xFF
        yield f"byte {place - end} flipped", bytes(spoilt)
    for name, members in (
        ("no array", {}),
        ("no .npy", {"readme.txt": b"hello"}),
        ("two arrays", {"a.npy": b"", "b.npy": b""}),
        ("an empty array file", {"x.npy": b""}),
        ("a text as array", {"x.npy": b"1,2,3"}),
        ("objects", {"x.npy": header(described("'|O'"))}),
        ("a name that climbs", {"../x.npy": b""}),
    ):
        yield name, zipped(members)


def zipped(members: dict[str, bytes], deflated: bool = False) -> bytes:
    """Return a zip file of members."""
    out = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def idx_files() -> Iterator[tuple[str, bytes]]:
    """Yield damaged idx files."""
    good = idx(pictures())
    for size in (0, 1, 3, 4, 6, 8, 12, 15, 16, 17, 500, len(good) - 1):
        yield f"cut to {size} bytes", good[:size]
    for code in (0, 7, 0x0A, 0x0F, 0xFF):
        yield f"type {code}", good[:2] + bytes([code]) + good[3:]
    for axes in (0, 5, 9, 255):
        yield f"{axes} axes", good[:3] + bytes([axes]) + good[4:]
    for count in (0, 61, 2**31, 2**32 - 1):
        yield f"{count} pictures", good[:4] + struct.pack(">I", count) + good[8:]
    yield "no zeros", b"\1\1" + good[2:]


def packed() -> Iterator[tuple[str, bytes]]:
    """Yield damaged idx.gz files."""
    good = gzip.compress(idx(pictures()))
    for size in (0, 1, 2, 5, 9, 10, 20, 100, len(good) - 8, len(good) - 1):
        yield f"cut to {size} bytes", good[:size]
    for place in (0, 1, 2, 12, 20, 100, len(good) - 7, len(good) - 3):
        spoilt = bytearray(good)
        spoilt[place] ^= 0xFF
        yield f"byte {place} flipped", bytes(spoilt)
    yield "not packed", idx(pictures())[:300]
    yield "packed text", gzip.compress(b"hello")


def written(content: bytes, name: str) -> Maker:
    """Return what writes a file of bytes."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def bomb(member: str, name: str, begin: bytes = b"", size: int = 3 * 2**30) -> Maker:
    """Return what writes a small zip file whose member unpacks to `size` zeros."""

    def make(folder: Path) -> Path:
        path = folder / name
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(member, "w", force_zip64=True) as out,
        ):
            out.write(begin)
            for _ in range(size // 2**24):
                out.write(bytes(2**24))
        return path

    return make


def saved(array: np.ndarray) -> Maker:
    """Return what saves an array."""
    return lambda folder: npy(array, folder / "bad.npy")


def commands(make: Maker) -> Iterator[tuple[str, Callable[[Path], list[str]]]]:
    """Yield each command that reads data, with what prepares it."""
    yield "data", lambda f: ["data", str(make(f))]
    yield "train", lambda f: ["train", str(make(f)), "--out", str(f / "run"), *SMALL]
    yield "distance", lambda f: ["distance", str(make(f)), str(make(f))]


def all_cases() -> Iterator[Case]:
    """Yield a case for each bad array and command."""
    sources: list[tuple[str, str, Maker]] = []
    sources += [("array: values", name, saved(array)) for name, array in values()]
    sources += [("array: .npy", name, written(b, "bad.npy")) for name, b in headers()]
    sources += [("array: .npz", name, written(b, "bad.npz")) for name, b in archives()]
    sources += [("array: idx", name, written(b, "bad-idx3-ubyte")) for name, b in idx_files()]
    sources += [("array: idx.gz", name, written(b, "bad-idx3-ubyte.gz")) for name, b in packed()]
    longer = header(described(shape="(10**9, 2)"), b"")
    sources.append(("array: .npz", "a bomb", bomb("x.npy", "bad.npz", longer)))
    for group, name, make in sources:
        for command, prepare in commands(make):
            # A flipped byte may be one that says nothing, such as padding; and few samples can
            # be described, though not learned.
            harmless = "flipped" in name or " is " in name
            few = name in ("shape (1,)", "shape (1, 2)", "no zeros") and command != "train"
            yield Case(group, name, prepare, "either" if harmless or few else "refused")
