"""The table of evaluation protocols, by kind of data, and `evaluate`, which looks them up."""

from collections.abc import Sequence

from wgan.base.errors import WganError
from wgan.base.progress import Progress, silent
from wgan.data import Codec, Split
from wgan.evaluation.images import IMAGES
from wgan.evaluation.metrics import METRICS
from wgan.evaluation.own import OwnMetric, metrics_of
from wgan.evaluation.points import points_protocol
from wgan.evaluation.protocol import EvaluationOptions, Protocol, run_protocol
from wgan.evaluation.results import Evaluation
from wgan.evaluation.sampler import ConditionalSampler, Sampler
from wgan.evaluation.series import SERIES
from wgan.evaluation.tables import TABLES

PROTOCOLS: dict[str, Protocol] = {
    "vectors": points_protocol(),
    "images": IMAGES,
    "series": SERIES,
    "tables": TABLES,
}
"""Protocol of each kind of data; a further kind adds one line."""

DEFAULTS = EvaluationOptions()
# What the command line calls the options, which messages name.
FLAGS = {"features": "--features", "number": "-n", "target": "--target", "test": "--test"}


def evaluate(
    sample: Sampler,
    split: Split,
    options: EvaluationOptions = DEFAULTS,
    metrics: Sequence[OwnMetric] = (),
    progress: Progress = silent,
    conditional: ConditionalSampler | None = None,
) -> Evaluation:
    """Return all figures of a generator, each beside those of real and of broken samples.

    Args:
        sample: the generator, as a function (n, draw) to `n` raw samples, fresh for each draw.
        split: the data that it was trained on.
        options: settings; each kind of data takes some of them.
        metrics: metrics of your own, beside the built-in ones.
        progress: a listener, called before each set.
        conditional: the generator of a table as a function (where, n, draw) to `n` raw rows under
            conditions; None: rows under conditions are not measured.

    Raises:
        WganError: options that the kind does not take or that do not fit the data, too few samples,
            or a metric of your own that has a name in use or returns no finite number.

    See also:
        evaluate_model: the same for a loaded model, in `wgan.models`.
        OwnMetric: a metric of your own.
        held_out_distance: the distance alone.
    """
    codec = split.dataset.codec
    protocol = protocol_of(codec.kind)
    _refuse_others(protocol, codec.kind, options, split.dataset.name)
    names = [*METRICS, *(metric.name for metric in protocol.metrics)]
    own = metrics_of(metrics, names)
    reference = protocol.reference(split, options)
    return run_protocol(protocol, reference, sample, own, progress, conditional)


def protocol_of(kind: str) -> Protocol:
    """Return the protocol of a kind of data.

    Raises:
        WganError: a kind without one.
    """
    if kind not in PROTOCOLS:
        raise WganError(
            f"data of kind '{kind}' have no evaluation protocol: add one to"
            " wgan.evaluation.kinds.PROTOCOLS"
        )
    return PROTOCOLS[kind]


def check_options(codec: Codec, options: EvaluationOptions, name: str = "the data set") -> None:
    """Refuse options that the kind of data does not take, or whose values do not fit it.

    Args:
        codec: the codec of the data.
        options: the settings.
        name: what messages call the data.

    Raises:
        WganError: the option, the kinds that take it, and what the data are.
    """
    protocol = protocol_of(codec.kind)
    _refuse_others(protocol, codec.kind, options, name)
    protocol.check(codec, options)


def _refuse_others(protocol: Protocol, kind: str, options: EvaluationOptions, name: str) -> None:
    """Refuse options of other kinds of data."""
    for option, flag in FLAGS.items():
        if getattr(options, option) is not None and option not in protocol.options:
            kinds = [known for known, each in PROTOCOLS.items() if option in each.options]
            named = " and ".join([*[", ".join(kinds[:-1])] * (len(kinds) > 1), kinds[-1]])
            raise WganError(f"{flag} is for {named}, and {name} holds {kind}: leave it out")
