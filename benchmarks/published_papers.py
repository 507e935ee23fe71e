"""Figures that papers publish, of the protocols of `published.py`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A figure that is printed.

    Args:
        key: its name in the files.
        published: its name in `PUBLISHED`; figures of one name have one definition.
        percent: printed times 100.
        definition: a line that says what it is.
    """

    key: str
    published: str
    percent: bool
    definition: str


FIGURES = (
    Figure("shape-error", "shape", True, "KS distance of numbers, total variation of categories"),
    Figure(
        "trend-error",
        "trend",
        True,
        "half the difference of correlations, else total variation of joint frequencies; numbers in"
        " ten bins over each table's own range",
    ),
    Figure("AUC, trained on it", "AUC", False, "XGBoost, best of 36 settings, on the test rows"),
    Figure(
        "RMSE, trained on it",
        "RMSE",
        False,
        "XGBoost, best of 36 settings, logarithm of the target clipped to 1 ... 20,000, on the test"
        " rows",
    ),
    Figure("C2ST, logistic", "", False, "2 (1 - AUC) by sdmetrics, against training rows; 1 best"),
    Figure("C2ST, XGBoost", "", False, "the same with XGBoost in its place, as in TabPC; 1 best"),
    Figure("alpha-precision", "", True, "synthcity's naive form, against training rows; 100 best"),
    Figure(
        "beta-recall", "", True, "as alpha-precision; two real tables of one kind read about 50"
    ),
    Figure(
        "nearer to training",
        "",
        True,
        "rows nearer to training than to test rows (DCR), L1; without copying, the training rows'"
        " share of both",
    ),
)


@dataclass(frozen=True)
class Published:
    """Published figures of one table, in the order shape, trend (both in %), AUC or RMSE.

    Args:
        name: the table.
        rows: rows of the training and of the test file.
        numbers: how many columns are numbers to the papers, the target included.
        categories: how many are categories, the target included.
        target: the name of the last figure.
        models: figures of each model.
    """

    name: str
    rows: tuple[int, int]
    numbers: int
    categories: int
    target: str
    models: dict[str, tuple[float | None, ...]]

    def of(self, figure: str) -> dict[str, float]:
        """Return what each model has of a figure."""
        place = {"shape": 0, "trend": 1, self.target: 2}.get(figure)
        found = {} if place is None else {m: v[place] for m, v in self.models.items()}
        return {model: value for model, value in found.items() if value is not None}


PUBLISHED = (
    Published(
        "Adult",
        (32_561, 16_281),
        6,
        9,
        "AUC",
        {
            "real rows": (0, 0, 0.927),
            "CTGAN": (16.84, 20.23, 0.886),
            "TVAE": (14.22, 14.15, 0.878),
            "TabDDPM": (1.75, 3.01, 0.907),
            "TabSyn": (0.81, 1.93, 0.909),
            "TabDiff": (0.63, 1.49, 0.912),
        },
    ),
    Published(
        "Default",
        (27_000, 3_000),
        14,
        10,
        "AUC",
        {
            "real rows": (None, None, 0.770),
            "CTGAN": (16.83, 26.95, 0.696),
            "TVAE": (10.17, 19.50, 0.724),
            "TabDDPM": (1.57, 4.89, 0.758),
            "TabSyn": (1.01, 2.81, 0.763),
            "TabDiff": (1.24, 2.55, 0.763),
        },
    ),
    Published(
        "Beijing",
        (37_581, 4_176),
        7,
        5,
        "RMSE",
        {
            "real rows": (None, None, 0.423),
            "CTGAN": (21.39, 22.95, 0.902),
            "TVAE": (19.16, 18.01, 0.770),
            "TabDDPM": (1.30, 2.71, 0.592),
            "TabSyn": (1.26, 3.13, 0.580),
            "TabDiff": (1.03, 2.59, 0.555),
        },
    ),
)
"""As a later paper reprints them: means over 20 samples of one trained model."""


@dataclass(frozen=True)
class Modes:
    """Published figures of modes: means over trials, and half of the interval where it is known.

    Args:
        modes: modes with a good sample.
        good: share of good samples, %; none where a paper has none.
        kl: KL divergence of the modes' shares from equal ones, nats.
    """

    modes: float
    good: float | None
    kl: float | None


POINTS: dict[str, dict[str, Modes]] = {
    "ring": {
        "GAN": Modes(6.3, 98.2, 0.45),
        "PacGAN2": Modes(7.9, 95.6, 0.07),
        "PacGAN4": Modes(7.8, 95.9, 0.07),
        "VEEGAN": Modes(8, 52.9, None),
    },
    "grid": {
        "GAN": Modes(17.3, 94.8, 0.70),
        "PacGAN2": Modes(23.8, 91.3, 0.13),
        "PacGAN4": Modes(24.8, 93.6, 0.04),
        "VEEGAN": Modes(24.6, 40, None),
    },
}
"""Lin et al. (2018), table 1: means over 10 trials of 400 epochs; VEEGAN by its own paper."""
STACKED: dict[str, Modes] = {
    "DCGAN": Modes(99, None, 3.40),
    "VEEGAN": Modes(150, None, 2.95),
    "PacDCGAN2": Modes(1000, None, 0.06),
    "WGAN-GP": Modes(959, None, 0.728),
    "StyleGAN2": Modes(940, None, 0.42),
    "R3GAN": Modes(1000, None, 0.029),
}
"""DCGAN, VEEGAN, PacDCGAN2: Lin et al. (2018), table 2. The others: Huang et al. (2024), each with
a classifier of its own.
"""
