"""Further steps of a run in memory: a longer run begins where an earlier one ended."""

from wgan.base.errors import WganError
from wgan.evaluation import Watch
from wgan.runs.beginning import WITHOUT_EFFECT, is_steady
from wgan.runs.records import labels_digest
from wgan.training import state as states
from wgan.training.run import Run

EXACT = {"optimizer.microbatches"}
"""Settings without effect but for rounding, which are to be the same: the bits are to be."""


def go_on(run: Run, earlier: Run) -> None:
    """Bring a run that was just opened to where an earlier one of the same settings and data ended.

    Its further steps are, bit for bit on a CPU, those that it would have done from the beginning.
    The earlier run is not touched.

    Args:
        run: with as many steps as the earlier one, or more.
        earlier: the run that was trained.

    Raises:
        WganError: other settings or data, fewer steps, or steps that depend on how many follow.
    """
    free = {*WITHOUT_EFFECT, "training.steps"} - EXACT
    changed = [d for d in earlier.config.differences(run.config) if d.key not in free]
    if changed:
        raise WganError(
            f"warm_start: the model was trained with other settings"
            f" ({'; '.join(map(str, changed))}): give those of the first fit, warm_start=True among"
            " them, or warm_start=False to train anew"
        )
    if _data_of(run) != _data_of(earlier):
        raise WganError(
            "warm_start: the model was trained on other data: give the same, or warm_start=False to"
            " train anew"
        )
    steps, done = run.config.training.steps, earlier.state.step
    if steps < done:
        raise WganError(
            f"warm_start: steps = {steps}, and {done} are done: give {done} or more, or"
            " warm_start=False to train anew"
        )
    if steps > earlier.config.training.steps and not is_steady(run.config):
        raise WganError(
            "warm_start: what a step does depends on the last one (optimizer.decay = 'linear',"
            " training.stop_when_converged or privacy), so no step can follow: leave these out, or"
            " warm_start=False to train anew"
        )
    states.take_over(run.state, earlier.state)
    run.history[:] = earlier.history
    if isinstance(run.watch, Watch):
        run.watch = Watch.resumed(run.split, run.history)


def _data_of(run: Run) -> tuple[str, str | None, str | None]:
    """Return what tells data apart: their contents, their classes, and what is known of columns."""
    dataset = run.dataset
    return dataset.fingerprint, labels_digest(run.config, dataset), dataset.codec.schema()
