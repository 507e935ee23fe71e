"""Series of aeon's files (.ts, .tsf) as an array or a long table.

    python benchmarks/aeon_files.py X_TRAIN.ts X_TEST.ts -o x.csv    # a row a step, with the class
    python benchmarks/aeon_files.py X_TRAIN.ts X_TEST.ts -o x.npy    # [n, T, channels], no classes

A line of a .ts file is a series: its channels and then its class or target, between colons; "?" or
NaN is a missing value. A line of a .tsf file begins with its attributes and has no class. In an
array, shorter series end in NaN. aeon's wheel (PyPI, BSD-3-Clause) has files in
`aeon/datasets/data`.
"""

import argparse
import re
from pathlib import Path

import numpy as np
import pandas as pd

STAMPED = re.compile(r"\(([^,()]+),([^()]+)\)")
"""A value with its time, (2007-01-01 00:00:00,241.97)."""


def numbers(text: str) -> np.ndarray:
    """Return the values of one channel; a missing one is NaN."""
    values = (value.strip() for value in text.split(","))
    return np.array([float("nan" if value in ("?", "") else value) for value in values])


def series_of(line: str, named: list[str], stamped: bool, classed: bool) -> pd.DataFrame:
    """Return one series, a row a step.

    Args:
        line: its line.
        named: attributes in front of the values, of a .tsf file.
        stamped: whether each value has its time.
        classed: whether a class or a target is at the end.
    """
    columns: dict[str, object] = {}
    if stamped:
        # Colons of the times are none between channels.
        line, _, label = line.rpartition(":") if classed else (line, "", "")
        pairs = [STAMPED.findall(part) for part in re.split(r"(?<=\)):(?=\()", line)]
        columns["time"] = [time for time, _ in pairs[0]]
        channels = [numbers(",".join(value for _, value in part)) for part in pairs]
    else:
        *front, last = line.split(":")
        label = last if classed else ""
        texts = front if classed else [*front, last]
        columns = dict(zip(named, texts, strict=False))
        channels = [numbers(text) for text in texts[len(named) :]]
    if len({len(channel) for channel in channels}) != 1:
        raise SystemExit(f"channels of different lengths: {line[:60]}")
    columns |= {f"channel{i}": channel for i, channel in enumerate(channels, 1)}
    if classed:
        columns["class"] = label.strip()
    return pd.DataFrame(columns)


def read(path: Path) -> list[pd.DataFrame]:
    """Return the series of a file."""
    named: list[str] = []
    stamped = classed = data = False
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        line = line.strip()
        words = line.lower().split()
        if not words or line[0] in "#%":
            continue
        if data:
            found.append(series_of(line, named, stamped, classed))
        elif words[0] == "@attribute":
            named.append(line.split()[1])
        elif words[0] == "@timestamps":
            stamped = words[1] == "true"
        elif words[0] in ("@classlabel", "@targetlabel"):
            classed = words[1] == "true"
        data = data or words[0] == "@data"
    return found


def long_table(all_series: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the series one below the other, with their number and the step."""
    parts = []
    for i, series in enumerate(all_series, 1):
        where = pd.DataFrame({"series": f"s{i}", "step": np.arange(len(series))})
        parts.append(pd.concat([where, series], axis=1))
    return pd.concat(parts, ignore_index=True)


def array(all_series: list[pd.DataFrame]) -> np.ndarray:
    """Return `[n, T, channels]`, with NaN past the end of a shorter series."""
    channels = [c for c in all_series[0].columns if c.startswith("channel")]
    longest = max(map(len, all_series))
    values = np.full((len(all_series), longest, len(channels)), np.nan, dtype=np.float32)
    for row, series in zip(values, all_series, strict=True):
        row[: len(series)] = series[channels]
    return values


def main() -> None:
    """Write the series of all files as one array or table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True, help=".npy, .csv or .parquet")
    given = parser.parse_args()
    all_series = [series for path in given.files for series in read(path)]
    if given.out.suffix == ".npy":
        np.save(given.out, array(all_series))
    elif given.out.suffix == ".parquet":
        long_table(all_series).to_parquet(given.out, index=False)
    else:
        long_table(all_series).to_csv(given.out, index=False)


if __name__ == "__main__":
    main()
