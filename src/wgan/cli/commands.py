"""The table of commands.

A command's file is imported only when the command is given, so that help and whatever needs no
torch start at once.
"""

import cyclopts

from wgan.base.version import __version__
from wgan.cli.exit_codes import in_help

app = cyclopts.App(
    name="wgan",
    help=(
        "Wasserstein GANs: from data to a trained generator, and the distance that says how good"
        " it is."
    ),
    help_epilogue=in_help(),
    version=__version__,
    result_action="return_value",
)
COMMANDS = {
    "train": (
        "wgan.cli.train:train_command",
        "Train a generator on DATA; the same command again continues where it stopped.",
    ),
    "sample": (
        "wgan.cli.sample:sample_command",
        "Write samples of the generator in RUN; the same seed gives the same samples.",
    ),
    "export": (
        "wgan.cli.export:export_command",
        "Write the generator in RUN to ONNX or torch.export, with the decoder of its data.",
    ),
    "evaluate": (
        "wgan.cli.evaluate:evaluate_command",
        "Measure the generator in RUN on the data that the run held out.",
    ),
    "compare": (
        "wgan.cli.compare:compare_command",
        "Compare variants over several seeds: which differences are larger than the noise?",
    ),
    "report": (
        "wgan.cli.report:report_command",
        "Write a report of one run, or a comparison of several.",
    ),
    "distance": (
        "wgan.cli.distance:distance_command",
        "Print the distance between A and B, what it assumes, and how well it is known.",
    ),
    "demo": (
        "wgan.cli.demo:demo_command",
        "Run the experiment behind a claim about GANs, and print its results.",
    ),
    "push": (
        "wgan.cli.push:push_command",
        "Upload the model in RUN to the Hugging Face Hub, with a card written from the run.",
    ),
    "track": (
        "wgan.cli.track:track_command",
        "Send the metrics, pictures and results of RUN to TensorBoard, MLflow or W&B.",
    ),
    "serve": (
        "wgan.cli.serve:serve_command",
        "Serve samples of the generator in RUN to requests, as JSON or files.",
    ),
    "studio": (
        "wgan.cli.studio:studio_command",
        "Serve a page of the runs below FOLDER: watch them, start new ones, try models.",
    ),
    "variants": ("wgan.cli.variants:variants_command", "Print the table of variants."),
    "data": (
        "wgan.cli.data:data_command",
        "List the data known by name, or describe SOURCE and what was inferred from it.",
    ),
    "features": (
        "wgan.cli.features:features",
        "Feature maps, on which `wgan evaluate` and `wgan compare` compare pictures.",
    ),
    "doctor": (
        "wgan.cli.doctor:doctor_command",
        "Check this installation: what is installed, what a run would use, how fast a step is.",
    ),
    "cache": (
        "wgan.cli.cache:cache",
        "Print where the cache of decoded files is and what it holds, or clear it.",
    ),
    "completion": (
        "wgan.cli.completion:completion_command",
        "Print the script that completes commands and flags in a shell.",
    ),
}
GROUPS = ("cache", "features")
"""Commands that have commands of their own: each is an `App`, with its own end of the help."""
for name, (path, summary) in COMMANDS.items():
    # The end of the help of `wgan` itself is not repeated below that of each command.
    own_end = {} if name in GROUPS else {"help_epilogue": ""}
    app.command(path, name=name, help=summary, **own_end)
