"""Model cards: the README.md of a model on the Hub, written from what its run left.

A card names columns and classes, and has counts, settings and figures. It has no value of the data,
no path, and nothing of the machine. Names that come from data or from the user are escaped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wgan.base.printing import counted
from wgan.data.formats import formats_of
from wgan.data.naming import named_sources
from wgan.evaluation import Evaluation, HeldOutDistance
from wgan.models import Model
from wgan.models.hub import BOUNDS
from wgan.runs import RunFolder
from wgan.runs.private import Guarantee, promised
from wgan.runs.records import DataFacts, Evaluated, Finish
from wgan.sharing.markup import quoted, shown, table

PICTURE = "samples.png"
COPYING = {"dcr-share", "copied-share", "repeated-share", "membership-auc"}
"""Metrics that tell whether a generator copies training samples."""
DATASET = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
"""The name of a data set of the Hub, which the front matter may hold as one. The Hub takes a name
without a user for a data set of its own.
"""
MOST_NAMES = 200
"""Names of columns or classes that a card lists: it stays a page."""
PACKAGES = ("torch", "numpy")
"""Packages whose versions a card tells, beside that of wgan."""
SETTINGS = {
    "training.seed": "random seed",
    "optimizer.batch": "batch",
    "optimizer.lr": "learning rate",
    "network.width": "width of the networks",
}
"""Settings that a card tells, and what it calls them. None of them can hold a path."""


@dataclass(frozen=True)
class Said:
    """What its owner says of a model.

    Attributes:
        repo: `user/name`.
        license: an identifier of the Hub, such as `apache-2.0`.
        dataset: the name of the data; empty: they are not named.
        critic: whether the critic is part of the model.
    """

    repo: str
    license: str
    dataset: str = ""
    critic: bool = False


@dataclass(frozen=True)
class History:
    """How a model was trained.

    Attributes:
        settings: the configuration, as nested plain values.
        data: its data.
        periods: the provenance of each time it was worked on.
        step: after how many steps the generator was written; None: not known.
        finish: what the run ended with; None: it has not ended, or is private.
        evaluated: the last evaluation of this generator; None: there is none.
    """

    settings: Mapping[str, Mapping[str, Any]]
    data: DataFacts
    periods: Sequence[Mapping[str, Any]]
    step: int | None = None
    finish: Finish | None = None
    evaluated: Evaluated | None = None

    @property
    def promise(self) -> Guarantee | None:
        """What was promised of each training row; None without privacy."""
        return promised(self.settings)


def read_history(folder: RunFolder) -> History | None:
    """Return how the model in a folder was trained; None where no run lies there.

    Args:
        folder: of a run, or one that `WGAN.save` wrote.

    Raises:
        WganError: damaged files, or a run without a checkpoint.
    """
    if not folder.exists():
        return None
    about, step = folder.about(), folder.step()
    evaluated = folder.evaluation()
    if evaluated is not None and evaluated.step != step:
        evaluated = None  # of an earlier generator
    return History(folder.settings(), about.data, about.periods, step, folder.finish(), evaluated)


def card(model: Model, said: Said, history: History | None) -> str:
    """Return the text of a model card.

    Args:
        model: the model as it is uploaded.
        said: what its owner says.
        history: how it was trained; None: not known.
    """
    parts = [
        _front_matter(model, said),
        _summary(model, said),
        _use(model, said),
        _data(model, said, history),
        _training(model, history),
        _figures(history),
        _privacy(history),
        _limits(history),
    ]
    return "\n".join(parts)


def _front_matter(model: Model, said: Said) -> str:
    lines = ["---", "library_name: wgan", f"license: {quoted(said.license)}"]
    if DATASET.fullmatch(said.dataset):
        lines += ["datasets:", f"- {quoted(said.dataset)}"]
    tags = ("wgan", "gan", "wasserstein", "generative", model.codec.kind, model.variant)
    lines += ["tags:", *(f"- {quoted(tag)}" for tag in dict.fromkeys(tags)), "---", ""]
    return "\n".join(lines)


def _summary(model: Model, said: Said) -> str:
    name = said.repo.split("/")[1]
    critic = " and its critic" if said.critic else ", without its critic"
    return "\n".join(
        [
            f"# {shown(name)}",
            "",
            f"A generator of {shown(model.codec.kind)}{critic}, trained as {model.variant} by"
            f" the Python package wgan.",
            "",
            f"![Samples of the generator]({PICTURE})",
            "",
            "These samples are the first that the generator draws with random seed 0. They were not"
            " selected.",
            "",
        ]
    )


def _use(model: Model, said: Said) -> str:
    out = Path(formats_of(model.codec).default).name
    return "\n".join(
        [
            "## Use",
            "",
            "```sh",
            "pip install 'wgan[hub]'",
            f"wgan sample hf://{said.repo} -n 100 -o {out}",
            "```",
            "",
            "```python",
            "from wgan import WGAN",
            "",
            f'samples = WGAN.from_pretrained("{said.repo}").sample(100)',
            "```",
            "",
            f"The model is {_listed(BOUNDS, said)}. Reading it runs no code of this repository.",
            "",
        ]
    )


def _listed(names: Mapping[str, int], said: Said) -> str:
    there = [f"`{name}`" for name in names if said.critic or not name.startswith("critic")]
    return f"{', '.join(there[:-1])} and {there[-1]}"


def _data(model: Model, said: Said, history: History | None) -> str:
    codec = model.codec
    rows = [("kind", codec.kind), ("one sample", _one(codec.samples_in_words))]
    name = said.dataset
    source = None if history is None else history.settings.get("data", {}).get("source")
    if not name and source in named_sources():
        name = source  # known to everyone: the name of a file might tell too much
    if name:
        rows.insert(0, ("dataset", name))
    if history is not None:
        data = history.data
        counts = f"{data.samples:,}: {data.train:,} to train on, {data.held_out:,} held out"
        rows.append(("samples", counts))
    columns = codec.names or codec.column_names or tuple(getattr(codec, "headings", ()))
    for what, names in (("columns", columns), ("classes", model.classes)):
        if names:
            more = len(names) - MOST_NAMES
            listed = ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
            rows.append((what, listed))
    return "\n".join(["## Data", "", *table(("", ""), rows), ""])


def _one(words: str) -> str:
    """Return what a number of samples is followed by, without its first word's plural.

    >>> _one("rows of 3 columns")
    'row of 3 columns'
    """
    first, _, rest = words.partition(" ")
    return " ".join([first if first == "series" else first.removesuffix("s"), rest]).strip()


def _training(model: Model, history: History | None) -> str:
    rows: list[tuple[str, str]] = [("variant", model.variant)]
    if history is None:
        text = "The folder of this model does not tell how it was trained."
        return "\n".join(["## Training", "", *table(("", ""), rows), "", text, ""])
    planned = history.settings.get("training", {}).get("steps")
    if history.step is not None:
        rows.append(("generator steps", f"{history.step:,}"))
    elif planned is not None:
        rows.append(("generator steps", f"at most {planned:,}"))
    for key, words in SETTINGS.items():
        section, name = key.split(".")
        value = history.settings.get(section, {}).get(name)
        if isinstance(value, int | float):
            rows.append((words, str(value)))
    if history.finish is not None:
        rows.append(("seconds of training", f"{history.finish.seconds:,.0f}"))
    for period in history.periods:
        rows.append(("trained with", _versions(period)))
    return "\n".join(["## Training", "", *table(("", ""), rows), ""])


def _versions(period: Mapping[str, Any]) -> str:
    """Return date and versions of one period of a run; nothing of its machine."""
    packages = period.get("packages")
    known = packages if isinstance(packages, Mapping) else {}
    parts = [f"wgan {period.get('wgan')}"]
    if period.get("commit"):
        parts.append(f"commit {period['commit']}")
    if period.get("python"):
        parts.append(f"Python {period['python']}")
    parts += [f"{name} {known[name]}" for name in PACKAGES if name in known]
    date = str(period.get("begun", ""))[:10]
    return ", ".join(parts) + (f", begun {date}" if date else "")


def _figures(history: History | None) -> str:
    head = ["## Figures", ""]
    if history is None or (history.finish is None and history.evaluated is None):
        return "\n".join([*head, "This model comes without figures.", ""])
    if history.promise is not None:
        text = (
            "Figures are left out: they are measured on rows without noise, and the promise of"
            " privacy below would not hold for them."
        )
        return "\n".join([*head, text, ""])
    parts = list(head)
    if history.finish is not None:
        parts += _of_distance(history.finish.held_out)
    if history.evaluated is not None:
        parts += _of_evaluation(history.evaluated.evaluation)
    return "\n".join(parts)


def _of_distance(found: HeldOutDistance) -> list[str]:
    head = (
        f"At the end of training, protocol `w1-exact-held-out`: {counted(found.repeats, 'set')} of"
        f" {found.n} generated samples against as many held-out ones. The floor has training"
        " samples in the place of generated ones."
    )
    return [head, "", *(f"- {shown(line)}" for line in str(found).splitlines()), ""]


def _of_evaluation(found: Evaluation) -> list[str]:
    copying = [line.cells[0] for line in found.lines if line.metric in COPYING]
    parts = [
        f"`wgan evaluate`, protocol `{shown(found.protocol)}`:"
        f" {counted(found.sets, 'set')} of {found.generated:,} generated samples against"
        f" {found.held_out:,} held-out ones. Intervals are 95 % over sets. The floor (real) has"
        " training samples in the place of generated ones.",
        "",
        *table(
            (*found.columns, "name"),
            [(*line.cells, line.name) for line in found.lines],
        ),
        "",
    ]
    if copying:
        parts += [f"Copying of training samples: {shown(', '.join(copying))}.", ""]
    return parts


def _privacy(history: History | None) -> str:
    if history is None:
        text = "Whether this model was trained with differential privacy is not known."
    elif history.promise is not None:
        promise = history.promise
        text = (
            f"This model was trained with ({promise.epsilon:.3g}, {promise.delta:.3g})-differential"
            f" privacy of each training row: epsilon = {promise.epsilon:g}, delta ="
            f" {promise.delta:g}."
        )
    else:
        text = (
            "This model was trained without differential privacy. Its files and samples may give"
            " training samples away."
        )
    coded = (
        "`generator.json` holds what the generator needs to know of the data: for a table the names"
        " and levels of columns, and how often values occur."
    )
    return "\n".join(["## Privacy", "", text, "", coded, ""])


def _limits(history: History | None) -> str:
    evaluation = history.evaluated if history is not None and history.promise is None else None
    measured = {line.metric for line in evaluation.evaluation.lines} if evaluation else set()
    points = []
    if evaluation is None:
        points.append("`wgan evaluate` was not run, or its figures are not given.")
    if not measured & COPYING:
        points.append("Whether the generator copies training samples was not measured.")
    points += [
        "Figures hold for the held-out part of these data, and for no other population.",
        "Nobody has measured how samples serve a particular use, or how groups fare in them.",
        "Samples repeat the biases of the data.",
    ]
    return "\n".join(["## Limits", "", *(f"- {point}" for point in points), ""])
