"""Flags of `wgan sample`: what is drawn, how many, and where it goes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from wgan.base.errors import WganError
from wgan.cli.json_output import Json
from wgan.cli.numbers import COUNT, NUMBER, SEED
from wgan.data.drawing import Sheet
from wgan.models import Model

SHARDS = "Shards"
LATENTS = "Latents and pictures"
"""The headings of these flags in the help."""


@Parameter(name="*")
@dataclass(frozen=True)
class SampleFlags:
    """Flags as the user gave them; None: not given.

    Attributes:
        number: Number of samples, 64 by default; 1e9 and 1_000_000 are numbers too. With
            --complete, completions of each row, and with --given, continuations of each beginning,
            1 by default.
        out: File or folder of the samples; its ending chooses the form. For all kinds: .png (one
            grid, a scatter, or a panel for each column), .npy, .npz (samples x, labels y). For
            pictures also none (a folder of PNGs, a folder for each class), .gif, .webp, .apng or
            .mp4 (one after the other). For tables also .csv, .tsv (.gz too), .parquet or .xlsx. By
            default samples.png, for tables samples.csv, with --complete completed.csv, with --walk
            samples.gif. With --shards a folder, by default samples.
        label: Class of the samples, if the generator was trained with --labels. Without it, classes
            are as frequent as among the training samples.
        where: Condition that every row of a table satisfies, or every series by its static columns.
            Such as education=Masters, 'sex!=Male', 'education in Masters, Doctorate', 'age>=30',
            workclass= (missing), 'workclass!=' (not missing); may be repeated.
        balance: Column of a table, or static column of series, whose levels or few numbers are to
            be equally frequent.
        complete: Table file whose rows are completed: missing cells are drawn, given the cells that
            each row has.
        given: File with beginnings of series, for a generator trained with --context. It has the
            form of the data, or is one beginning as an array [steps, channels]. Each is written
            with the steps that follow.
        encoding: Encoding of the text of --complete, such as utf-16 or cp1252; by default that of
            the run's data.
        seed: Random seed; the same seed gives the same samples.
        truncation: Factor psi of the latents, from 0 to 1: smaller values give samples nearer to
            the mean, with less variety.
        interpolate: Draw a grid with this many samples in each row and column, between four samples
            in its corners.
        walk: Draw a closed loop through this many latents, as -n samples, by default 16 for each
            latent; best as .gif, .webp, .apng or .mp4. Without --label, a model with classes passes
            through all of them.
        invert: Picture, or .npy of samples: search for the nearest generated samples; may be
            repeated.
        scale: Whole number by which pictures are enlarged: each pixel becomes a square of that
            side.
        shards: Write this many files into the folder --out, .parquet for tables and .npy for
            arrays, with a manifest. The same command continues where it stopped. Under torchrun
            each process writes its share.
        workers: Processes that write shards in parallel, each in one thread; 1 by default. The
            bytes written do not depend on it.
        cluster: Write shards on the workers of a Dask cluster: the address of its scheduler, such
            as tcp://host:8786. All of them must share the run and --out, at the same paths.
        json_: Print one JSON document instead of text.
    """

    number: Annotated[int | None, NUMBER] = None
    out: Annotated[Path | None, Parameter(name=["-o", "--out"])] = None
    label: str | None = None
    where: Annotated[list[str] | None, Parameter(negative="")] = None
    balance: str | None = None
    complete: Path | None = None
    given: Path | None = None
    encoding: str | None = None
    seed: Annotated[int, SEED] = 0
    truncation: Annotated[float | None, Parameter(group=LATENTS)] = None
    interpolate: Annotated[int | None, COUNT, Parameter(group=LATENTS)] = None
    walk: Annotated[int | None, COUNT, Parameter(group=LATENTS)] = None
    invert: Annotated[list[Path] | None, Parameter(negative="", group=LATENTS)] = None
    scale: Annotated[int | None, COUNT, Parameter(group=LATENTS)] = None
    shards: Annotated[int | None, COUNT, Parameter(group=SHARDS)] = None
    workers: Annotated[int | None, COUNT, Parameter(group=SHARDS)] = None
    cluster: Annotated[str | None, Parameter(group=SHARDS)] = None
    json_: Json = False

    def check(self) -> None:
        """Refuse flags that do not go together.

        Raises:
            WganError: two of them do not.
        """
        if self.number is not None and self.number < 1:
            raise WganError(f"-n {self.number}: give 1 or more")
        if self.complete is not None and self.given is not None:
            raise WganError("--complete is for tables, and --given for series: leave one out")
        conditioned = bool(self.label is not None or self.where or self.balance)
        if self.complete is not None and conditioned:
            raise WganError(
                "--complete draws what its rows lack, given what they have: leave out --label,"
                " --where and --balance"
            )
        if self.given is not None and conditioned:
            raise WganError(
                "--given draws the steps that follow beginnings, whose static columns they have:"
                " leave out --label, --where and --balance"
            )
        if self.encoding is not None and self.complete is None:
            raise WganError("--encoding says how the text of --complete is encoded: give both")
        self._check_latents()
        self._check_shards()

    @property
    def sheet(self) -> Sheet:
        """Layout of pictures."""
        return Sheet(scale=self.scale)

    @property
    def words(self) -> str:
        """The class and the truncation, to say behind a number of samples."""
        label = "" if self.label is None else f" of class {self.label}"
        return label if self.truncation is None else f"{label} with truncation {self.truncation:g}"

    def class_of(self, model: Model) -> int | None:
        """Return the number of the given class, if any.

        Args:
            model: the model.

        Raises:
            WganError: a class that the model does not know.
        """
        return None if self.label is None else model.label(self.label)

    def _check_latents(self) -> None:
        choices = {"--interpolate": self.interpolate, "--walk": self.walk, "--invert": self.invert}
        chosen = [flag for flag, value in choices.items() if value is not None]
        if len(chosen) > 1:
            raise WganError(f"{chosen[0]} and {chosen[1]} choose latents each: leave one out")
        pictures = {"--truncation": self.truncation, "--scale": self.scale}
        given = [*chosen, *(flag for flag, value in pictures.items() if value is not None)]
        others: dict[str, object] = {
            "--complete": self.complete,
            "--given": self.given,
            "--shards": self.shards,
        }
        if chosen:
            others |= {"--where": self.where, "--balance": self.balance}
        for flag, other in others.items():
            if given and other is not None:
                raise WganError(f"{given[0]} does not go with {flag}: leave one of them out")
        for flag in chosen:
            if flag != "--walk" and self.number is not None:
                raise WganError(f"{flag} sets the number of samples itself: leave out -n")
        if self.invert is not None and self.truncation is not None:
            raise WganError("--invert searches among all latents: leave out --truncation")

    def _check_shards(self) -> None:
        if self.shards is None:
            for flag, given in (("--workers", self.workers), ("--cluster", self.cluster)):
                if given is not None:
                    raise WganError(f"{flag} is for --shards: give both, or leave it out")
            return
        for flag, value in (("--complete", self.complete), ("--given", self.given)):
            if value is not None:
                raise WganError(f"{flag} writes one file: leave out --shards")
        if self.workers is not None and self.workers < 1:
            raise WganError(f"--workers {self.workers}: give 1 or more")
        if self.workers is not None and self.cluster is not None:
            raise WganError(
                "--workers are processes of this machine, and --cluster has its own: leave one out"
            )


AS_LEARNED = SampleFlags()
"""Flags of a command without any of them."""
