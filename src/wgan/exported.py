"""Exported generators, read without torch: NumPy and onnxruntime are all that is needed.

`wgan export RUN -o model.onnx` writes a network, the decoder of its data and a description of both.
The graph is a function of its inputs alone. Random numbers are drawn here, and they are those of
`wgan sample`: standard normal latents in blocks of 256 rows, each block of a seed of its own, and
classes as frequent as in the data.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wgan.base.errors import WganError, did_you_mean
from wgan.base.seeding import derive, numpy_generator

FORMAT = "wgan-export-1"
ENTRY = "wgan"
"""The entry of an ONNX file's metadata that holds the description, as JSON."""
EXTRA = "wgan.json"
"""The extra file of a .pt2 file that holds it."""
LATENTS, LABELS, CONDITIONS = "latents", "labels", "conditions"
"""Names of the inputs of a graph."""
SAMPLES = "samples"
"""Name of its output."""
FREE = -1
"""Choice of a column that is not given."""
BLOCK = 256
"""Rows of a block of latents."""
HALF = 8
"""Uniform numbers of a group by torch: so many lengths, and as many angles."""
RESOLUTION = 2**24
"""A uniform number by torch has 24 bits: the lower ones of a random number of 32."""
MICROSECONDS = 1e6
VALUES_NAMED = 50
"""Values among which an error looks for the nearest; a column may have thousands."""


@dataclass(frozen=True)
class Exported:
    """An exported generator.

    Attributes:
        description: what the file says of its inputs and of its samples, see docs/how-to/export.md.
        session: the graph, an `onnxruntime.InferenceSession`.
    """

    description: Mapping[str, Any]
    session: Any

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; empty where there are none."""
        return tuple(self.description["classes"]["names"])

    def sample(
        self,
        n: int,
        seed: int = 0,
        label: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> np.ndarray:
        """Return the samples that `wgan sample RUN -n N --seed SEED` draws, but for rounding.

        Args:
            n: number of samples.
            seed: random seed.
            label: the name of their class; None: classes are as frequent as in the data.
            given: values of columns of a table by name, None for a missing one, where the graph
                takes conditions; None: no column is given.

        Raises:
            WganError: less than one sample, no such class, column or value, or a graph without
                conditions.
        """
        if n < 1:
            raise WganError(f"{n} samples: give 1 or more")
        z = latents(n, self.description["latents"]["size"], seed)
        labels = self._labels(n, seed, label)
        y = self._conditions(n, given)
        blocks = [slice(start, start + BLOCK) for start in range(0, n, BLOCK)]
        return np.concatenate(
            [
                self.run(z[i], None if labels is None else labels[i], None if y is None else y[i])
                for i in blocks
            ]
        )

    def run(
        self,
        z: np.ndarray,
        labels: np.ndarray | None = None,
        conditions: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the samples of inputs of the graph.

        Args:
            z: `[n, size]` latents.
            labels: `[n]` class numbers, where there are classes.
            conditions: `[n, columns]` choices, -1 where a column is free, where the graph takes
                some; None: all are free.
        """
        if conditions is None:
            conditions = self._conditions(len(z), None)
        inputs = {LATENTS: np.asarray(z, dtype=np.float32)}
        for name, x in ((LABELS, labels), (CONDITIONS, conditions)):
            if x is not None:
                inputs[name] = np.asarray(x, dtype=np.int64)
        samples: np.ndarray = self.session.run([SAMPLES], inputs)[0]
        return samples

    def table(self, samples: np.ndarray, first: int = 0) -> dict[str, np.ndarray]:
        """Return rows of a table as columns by name, as `table_of` does."""
        return table_of(self.description["columns"], samples, first)

    def _labels(self, n: int, seed: int, label: str | None) -> np.ndarray | None:
        if label is not None:
            if label not in self.classes:
                raise WganError(
                    f"no class is called '{label}'. {did_you_mean(label, self.classes)}"
                )
            return np.full(n, self.classes.index(label))
        if not self.classes:
            return None
        shares = np.cumsum(self.description["classes"]["shares"])
        draws = numpy_generator(seed, "labels").random(n)
        return np.searchsorted(shares[:-1], draws, side="right").astype(np.int64)

    def _conditions(self, n: int, given: Mapping[str, Any] | None) -> np.ndarray | None:
        if CONDITIONS not in self.description["inputs"]:
            if given:
                raise WganError("this file takes no conditions: export it with --conditions")
            return None
        return choices_of(self.description["columns"], n, given or {})


def choices_of(
    columns: Sequence[Mapping[str, Any]], n: int, given: Mapping[str, Any]
) -> np.ndarray:
    """Return the conditions of `n` rows of a table in which some columns have given values.

    Args:
        columns: the columns of a description.
        n: the number of rows.
        given: values by the names of columns, None for a missing one.

    Raises:
        WganError: no such column, or a value that cannot be given.
    """
    learned = {column["name"]: column for column in columns if column["place"] is not None}
    y = np.full((n, len(learned)), FREE)
    for name, value in given.items():
        if name not in learned:
            raise WganError(f"no column is called '{name}'. {did_you_mean(name, learned)}")
        known = dict(learned[name]["choices"])
        key = str(value) if isinstance(value, bool) else value
        if key not in known:
            nearest = did_you_mean(str(value), map(str, [*known][:VALUES_NAMED]))
            raise WganError(f"column '{name}': {value!r} cannot be given. {nearest}")
        y[:, learned[name]["place"]] = known[key]
    return y


def load_exported(path: str | Path) -> Exported:
    """Return the generator that `wgan export` wrote into an .onnx file.

    Args:
        path: the file.

    Raises:
        WganError: no such file, one that `wgan export` did not write, or no onnxruntime.
    """
    path = Path(path)
    if not path.is_file():
        raise WganError(f"{path}: no such file")
    try:
        import onnxruntime
    except ImportError:
        raise WganError("onnxruntime is not installed: pip install 'wgan[onnx]'") from None
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has errors of its own for each fault
        reason = str(error).splitlines()[0]
        raise WganError(f"{path}: no ONNX file that can be read ({reason})") from None
    return Exported(_parsed(path, session.get_modelmeta().custom_metadata_map.get(ENTRY)), session)


def read_description(path: str | Path) -> dict[str, Any]:
    """Return the description in a .pt2 or an .onnx file; the former is read by Python alone.

    Args:
        path: the file.

    Raises:
        WganError: as `load_exported`.
    """
    path = Path(path)
    if path.suffix.lower() != ".pt2":
        return dict(load_exported(path).description)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(f"extra/{EXTRA}")]
            text = archive.read(names[0]).decode() if names else None
    except FileNotFoundError:
        raise WganError(f"{path}: no such file") from None
    except (OSError, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise WganError(f"{path}: no .pt2 file that can be read ({error})") from None
    return _parsed(path, text)


def _parsed(path: Path, text: str | None) -> dict[str, Any]:
    if text is None:
        raise WganError(f"{path}: has no description: `wgan export` did not write it")
    try:
        description: dict[str, Any] = json.loads(text)
        found = description["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise WganError(f"{path}: its description is damaged ({error}): copy it again") from None
    if found != FORMAT:
        raise WganError(f"{path}: format {found!r}, this version reads {FORMAT!r}")
    return description


def latents(n: int, size: int, seed: int = 0) -> np.ndarray:
    """Return the `[n, size]` latents with which `wgan sample --seed` draws its first samples.

    They are those of torch on a CPU within 2e-6: its Mersenne Twister, whose numbers become normal
    in groups of 16 by the transformation of Box and Muller (1958).

    Args:
        n: number of samples.
        size: numbers of one latent.
        seed: random seed.

    >>> latents(3, 2, seed=1).shape
    (3, 2)
    """
    blocks = [_normal(derive(seed, "sample", i), BLOCK * size) for i in range(-(-n // BLOCK))]
    return np.concatenate([np.zeros(0, np.float32), *blocks]).reshape(-1, size)[:n]


def _normal(seed: int, count: int) -> np.ndarray:
    """Return the first normal numbers of torch's generator; their number is a multiple of 16."""
    # Torch takes the lower 32 bits of a seed for its Mersenne Twister, which is that of NumPy.
    twister = np.random.RandomState(seed % 2**32)
    bits = twister.randint(0, 2**32, size=count, dtype=np.uint32)
    uniform = (bits % RESOLUTION / RESOLUTION).reshape(-1, 2, HALF)
    length = np.sqrt(-2 * np.log(1 - uniform[:, 0]))
    angle = 2 * np.pi * uniform[:, 1]
    pairs = np.stack([length * np.cos(angle), length * np.sin(angle)], axis=1)
    return pairs.reshape(-1).astype(np.float32)


def table_of(
    columns: list[dict[str, Any]], samples: np.ndarray, first: int = 0
) -> dict[str, np.ndarray]:
    """Return rows of numbers as columns by name, with levels and times in their own form.

    Numbers are floats, or integers where the column holds whole numbers and none is missing. Times
    are `datetime64[us]`, on the clock of their zone. Levels are text, or booleans. A missing value
    is NaN, NaT or None. Identifiers are new, counted from the largest of the data on.

    Args:
        columns: the columns of a description.
        samples: `[n, columns]` rows.
        first: rows that were written before these.

    >>> size = {"name": "size", "kind": "category", "place": 0, "levels": ["S", "M"]}
    >>> table_of([size], np.array([[1.0], [0.0], [np.nan]]))["size"].tolist()
    ['M', 'S', None]
    """
    return {column["name"]: _column(column, samples, first) for column in columns}


def _column(column: Mapping[str, Any], samples: np.ndarray, first: int) -> np.ndarray:
    if column["place"] is None:
        start = column["start"] + first
        numbers = range(start, start + len(samples))
        pattern = column["pattern"]
        return np.array([pattern.format(i) for i in numbers] if pattern else numbers)
    x = samples[:, column["place"]]
    absent = np.isnan(x)
    if column["kind"] == "datetime":
        ticks = np.rint(np.where(absent, 0, x) * MICROSECONDS).astype(np.int64)
        times = ticks.view("datetime64[us]")
        times[absent] = np.datetime64("NaT")
        return times
    if column["kind"] == "numeric":
        whole = "int" in column["dtype"].lower() and not absent.any()
        return np.rint(x).astype(np.int64) if whole else x
    levels = [*column["levels"], None]
    if column["kind"] == "boolean":
        levels = [*(level == "True" for level in column["levels"]), None]
    choices = np.array(levels, dtype=object)
    return choices[np.where(absent, len(levels) - 1, x).astype(np.int64)]
