"""Services that show runs, behind one small protocol. Each package is imported when it is used."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Protocol

from wgan.base.errors import WganError, did_you_mean
from wgan.runs.metrics import Metrics


class Tracker(Protocol):
    """One run in a service.

    Implementations raise what their package raises; `send` names the service in front of it.
    """

    def log(self, step: int, metrics: Metrics) -> None:
        """Add the metrics of a step.

        Args:
            step: the step.
            metrics: numbers by name.
        """

    def picture(self, step: int, path: Path) -> None:
        """Add a picture of samples.

        Args:
            step: the step of the generator.
            path: a PNG file.
        """

    def end(self, results: Mapping[str, float]) -> None:
        """Add what the run ended with, and close.

        Args:
            results: numbers by name; none where the run has not ended.
        """


@dataclass(frozen=True)
class Service:
    """A service of the table, whose name is that of its package and of the extra.

    Attributes:
        default: where runs go unless `--into` says otherwise.
        begin: opens a run, given the place, the run's name and its settings, flat.
    """

    default: str
    begin: type["Tracker"]


class TensorBoard:
    """Event files of TensorBoard in a folder of the run's name."""

    def __init__(self, into: str, name: str, settings: Mapping[str, Any]) -> None:
        folder = Path(into) / name
        if folder.exists() and any(folder.iterdir()):
            raise WganError(f"{folder}: holds files already: remove it, or give another --into")
        tensorboard = import_module("torch.utils.tensorboard")
        self._writer = tensorboard.SummaryWriter(folder)
        lines = [f"    {key} = {value}" for key, value in settings.items()]
        self._writer.add_text("settings", "\n".join(lines))

    def log(self, step: int, metrics: Metrics) -> None:
        """Add the metrics of a step."""
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, step: int, path: Path) -> None:
        """Add a picture of samples."""
        import numpy as np
        from PIL import Image

        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        self._writer.add_image("samples", pixels, step, dataformats="HWC")

    def end(self, results: Mapping[str, float]) -> None:
        """Add what the run ended with, and close."""
        for name, value in results.items():
            self._writer.add_scalar(f"result/{name}", value, 0)
        self._writer.close()


class MLflow:
    """A run of MLflow, in the experiment `wgan` of a tracking server or a database."""

    MOST_PARAMETERS: ClassVar[int] = 100
    """Parameters that MLflow takes in one call."""

    def __init__(self, into: str, name: str, settings: Mapping[str, Any]) -> None:
        self._mlflow = import_module("mlflow")
        self._mlflow.set_tracking_uri(into)
        self._client = self._mlflow.MlflowClient()
        found = self._client.get_experiment_by_name("wgan")
        experiment = found.experiment_id if found else self._client.create_experiment("wgan")
        self._run = self._client.create_run(experiment, run_name=name).info.run_id
        param = import_module("mlflow.entities").Param
        params = [param(key, str(value)) for key, value in settings.items()]
        for first in range(0, len(params), self.MOST_PARAMETERS):
            self._client.log_batch(self._run, params=params[first : first + self.MOST_PARAMETERS])

    def log(self, step: int, metrics: Metrics) -> None:
        """Add the metrics of a step."""
        metric = import_module("mlflow.entities").Metric
        now = int(1000 * metrics.get("seconds", 0))  # since the run began: its own clock
        found = [metric(name, float(value), now, step) for name, value in metrics.items()]
        self._client.log_batch(self._run, metrics=found)

    def picture(self, step: int, path: Path) -> None:
        """Add a picture of samples."""
        self._client.log_artifact(self._run, str(path), "samples")

    def end(self, results: Mapping[str, float]) -> None:
        """Add what the run ended with, and close."""
        for name, value in results.items():
            self._client.log_metric(self._run, f"result_{name}", value)
        self._client.set_terminated(self._run)


class WeightsAndBiases:
    """A run of Weights & Biases; `WANDB_MODE=offline` keeps it here."""

    def __init__(self, into: str, name: str, settings: Mapping[str, Any]) -> None:
        self._package = import_module("wandb")
        self._run = self._package.init(project=into, name=name, config=dict(settings))

    def log(self, step: int, metrics: Metrics) -> None:
        """Add the metrics of a step."""
        self._run.log(dict(metrics), step=step)

    def picture(self, step: int, path: Path) -> None:
        """Add a picture of samples."""
        self._run.log({"samples": self._package.Image(str(path))}, step=step)

    def end(self, results: Mapping[str, float]) -> None:
        """Add what the run ended with, and close."""
        if results:
            self._run.log({f"result/{name}": value for name, value in results.items()})
        self._run.finish()


SERVICES: dict[str, Service] = {
    "tensorboard": Service("tensorboard-runs", TensorBoard),
    "mlflow": Service("sqlite:///mlflow.db", MLflow),
    "wandb": Service("wgan", WeightsAndBiases),
}


def open_tracker(service: str, into: str | None, name: str, settings: Mapping[str, Any]) -> Tracker:
    """Start a run in a service, and return it.

    Args:
        service: its name in the table.
        into: where the run goes; None: the service's default.
        name: the run's name there.
        settings: its settings, flat.

    Raises:
        WganError: no such service, a package that is missing, or a place that is taken.
    """
    if service not in SERVICES:
        raise WganError(f"--to {service}: no such service. {did_you_mean(service, SERVICES)}")
    found = SERVICES[service]
    if find_spec(service) is None:
        raise WganError(
            f"--to {service}: its package is missing: install it with"
            f" `pip install 'wgan[{service}]'`"
        )
    begin: Any = found.begin
    tracker: Tracker = begin(found.default if into is None else into, name, settings)
    return tracker
