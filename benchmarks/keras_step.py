"""Speed of the same training step in Keras 3: WGAN-GP in Keras' own idiom, on TensorFlow or on JAX.

The networks, batch, optimizer and penalty are those of `step.py` in this folder, in Keras'
channels-last layout; the numbers of parameters are compared with PyTorch's. A step is five critic
updates and one of the generator, its batches drawn from an array in memory. All of it is compiled
as one function. On TensorFlow it is nested `GradientTape`s in a `tf.function`, with XLA where
`--xla` requests it. On JAX it is `stateless_call`, `stateless_apply` and a gradient of a gradient
in `jax.jit`. On a CPU, XLA is slow at second derivatives of strided convolutions, so plain
TensorFlow is the one to compare.

    pip install keras tensorflow-cpu jax
    python keras_step.py --backend tensorflow --case 1 --precision float32 --threads 1 \\
        --seconds 20 --rounds-json keras.json

With `--serve` it runs one step for each line read and answers with its seconds, so that another
process can take turns with it. The first answer comes when the step is compiled. The JSON is then
written at the end of input.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

# Keras reads its backend from the environment, once, when it is imported: hence the imports inside
# the functions below.


@dataclass(frozen=True)
class Case:
    """A case of `step.py`, with the parameters that PyTorch counts in critic and generator."""

    name: str
    shape: tuple[int, ...]
    width: int
    latent: int
    batch: int
    parameters: tuple[int, int]


CASES = (
    Case("MLP 512x3, 2-D, batch 256", (2,), 512, 2, 256, (527361, 527874)),
    Case("conv 64, 28x28x1, batch 64", (28, 28, 1), 64, 128, 64, (691201, 985857)),
    Case("conv 64, 32x32x3, batch 64", (32, 32, 3), 64, 128, 64, (693569, 1217603)),
)
# The numbers of `wgan.networks` and of `step.py`, which make the steps the same.
DEPTH = 3
SLOPE = 0.2
SMALLEST = 4
WIDEST = 8
CRITIC_STEPS = 5
PENALTY_WEIGHT = 10.0
ROWS = 4096
Losses = tuple[float, float]
Step = Callable[[], Losses]


def sides(side: int) -> list[int]:
    """Return a square picture's side at each level, halved (rounded down) while it exceeds 4."""
    levels = [side]
    while levels[-1] > SMALLEST:
        levels.append(levels[-1] // 2)
    return levels


def widths(width: int, levels: int) -> list[int]:
    """Return the channels at each level, largest picture first."""
    return [width // 2, *(width * min(2**i, WIDEST) for i in range(levels - 1))]


def mlp(inputs: int, outputs: int, width: int) -> Any:
    """Return three hidden layers with ReLU and a linear one."""
    import keras
    from keras import layers

    hidden = [
        layers.Dense(width, activation="relu", kernel_initializer="he_normal") for _ in range(DEPTH)
    ]
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            *hidden,
            layers.Dense(outputs),
            layers.Activation("linear", dtype="float32"),
        ]
    )


def down(channels: int, side: int) -> list[Any]:
    """Return a convolution of kernel 4 and stride 2, padded by 1 on every side as in PyTorch.

    "same" does that where the side is even.
    """
    from keras import layers

    if side % 2 == 0:
        return [
            layers.Conv2D(channels, 4, 2, padding="same", kernel_initializer="he_normal"),
            layers.LeakyReLU(SLOPE),
        ]
    return [
        layers.ZeroPadding2D(1),
        layers.Conv2D(channels, 4, 2, kernel_initializer="he_normal"),
        layers.LeakyReLU(SLOPE),
    ]


def up(channels: int, side: int) -> list[Any]:
    """Return the transposed convolution to `side` pixels.

    PyTorch's padding of 1 crops both ends; its output padding spares the last row.
    """
    from keras import layers

    if side % 2 == 0:
        return [
            layers.Conv2DTranspose(channels, 4, 2, padding="same", kernel_initializer="he_normal")
        ]
    return [
        layers.Conv2DTranspose(channels, 4, 2, kernel_initializer="he_normal"),
        layers.Cropping2D(((1, 0), (1, 0))),
    ]


def conv_critic(case: Case) -> Any:
    """Return a 3 x 3 convolution, then a strided one a level, then a linear layer."""
    import keras
    from keras import layers

    levels = sides(case.shape[0])
    first, *others = widths(case.width, len(levels))
    net = [
        keras.Input(case.shape),
        layers.Conv2D(first, 3, padding="same", kernel_initializer="he_normal"),
        layers.LeakyReLU(SLOPE),
    ]
    for side, channels in zip(levels, others, strict=False):
        net += down(channels, side)
    return keras.Sequential(
        [*net, layers.Flatten(), layers.Dense(1), layers.Activation("linear", dtype="float32")]
    )


def conv_generator(case: Case) -> Any:
    """Return the critic's mirror, with the channels normalised after each level, and tanh."""
    import keras
    from keras import layers

    levels = sides(case.shape[0])[::-1]
    first, *others = widths(case.width, len(levels))[::-1]
    z = keras.Input((case.latent,))
    x = layers.Reshape((levels[0], levels[0], first))(
        layers.Dense(first * levels[0] ** 2, kernel_initializer="he_normal")(z)
    )
    x = layers.LeakyReLU(SLOPE)(pixel_norm(x))
    for side, channels in zip(levels[1:], others, strict=True):
        for layer in up(channels, side):
            x = layer(x)
        x = layers.LeakyReLU(SLOPE)(pixel_norm(x))
    x = layers.Conv2D(case.shape[2], 3, padding="same")(x)
    return keras.Model(z, layers.Activation("tanh", dtype="float32")(x))


def pixel_norm(x: Any) -> Any:
    """Divide each position's channels by their root mean square."""
    from keras import ops

    return x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-8)


def build(case: Case) -> tuple[Any, Any]:
    """Return critic and generator."""
    if len(case.shape) == 1:
        return mlp(case.shape[0], 1, case.width), mlp(case.latent, case.shape[0], case.width)
    return conv_critic(case), conv_generator(case)


def adam(net: Any) -> Any:
    """Return Adam as in `step.py`, with PyTorch's epsilon, built for the network's variables."""
    import keras

    optimizer = keras.optimizers.Adam(1e-4, beta_1=0.0, beta_2=0.9, epsilon=1e-8)
    optimizer.build(net.trainable_variables)
    return optimizer


def tensorflow_penalty(critic: Any, x: Any) -> Any:
    """Return the mean of (|gradient of the score| - 1)^2 at `x`, by a tape of its own."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = critic(x, training=True)
    gradient = tf.reshape(tape.gradient(scores, x), (x.shape[0], -1))
    norm = tf.sqrt(tf.reduce_sum(tf.square(gradient), axis=1) + 1e-12)
    return tf.reduce_mean(tf.square(norm - 1))


def tensorflow_step(case: Case, critic: Any, generator: Any, rows: np.ndarray, xla: bool) -> Step:
    """Return a step as Keras' guide to custom training in TensorFlow writes it."""
    import tensorflow as tf

    critic_optimizer, generator_optimizer = adam(critic), adam(generator)
    data = tf.constant(rows)
    ones = [1] * len(case.shape)

    def noise() -> Any:
        return tf.random.normal((case.batch, case.latent))

    def update_critic() -> Any:
        real = tf.gather(data, tf.random.uniform((case.batch,), maxval=ROWS, dtype=tf.int32))
        fake = generator(noise(), training=True)
        u = tf.random.uniform((case.batch, *ones))
        with tf.GradientTape() as tape:
            estimate = tf.reduce_mean(critic(real, training=True)) - tf.reduce_mean(
                critic(fake, training=True)
            )
            loss = PENALTY_WEIGHT * tensorflow_penalty(critic, u * real + (1 - u) * fake) - estimate
        critic_optimizer.apply(
            tape.gradient(loss, critic.trainable_variables), critic.trainable_variables
        )
        return loss

    def update_generator() -> Any:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(critic(generator(noise(), training=True), training=True))
        generator_optimizer.apply(
            tape.gradient(loss, generator.trainable_variables), generator.trainable_variables
        )
        return loss

    @tf.function(jit_compile=xla)
    def step() -> tuple[Any, Any]:
        losses = [update_critic() for _ in range(CRITIC_STEPS)]
        return losses[-1], update_generator()

    def run() -> Losses:
        critic_loss, generator_loss = step()
        return float(critic_loss), float(generator_loss)

    return run


def jax_penalty(score: Callable[[Any], Any], x: Any) -> Any:
    """Return the mean of (|gradient of the score| - 1)^2 at `x`."""
    import jax
    import jax.numpy as jnp

    gradient = jax.grad(lambda x: score(x).sum())(x)
    norm = jnp.sqrt(jnp.square(gradient.reshape(len(x), -1)).sum(axis=1) + 1e-12)
    return jnp.square(norm - 1).mean()


def jax_step(case: Case, critic: Any, generator: Any, rows: np.ndarray) -> Step:
    """Return a step as Keras' guide to custom training in JAX writes it.

    Every variable goes in and comes out.
    """
    import jax
    import jax.numpy as jnp

    critic_optimizer, generator_optimizer = adam(critic), adam(generator)
    ones = [1] * len(case.shape)

    def score(weights: Any, x: Any) -> Any:
        return critic.stateless_call(weights, [], x, training=True)[0]

    def generate(weights: Any, key: Any) -> Any:
        return generator.stateless_call(
            weights, [], jax.random.normal(key, (case.batch, case.latent)), training=True
        )[0]

    def critic_loss(weights: Any, real: Any, fake: Any, key: Any) -> Any:
        u = jax.random.uniform(key, (case.batch, *ones))
        penalty = jax_penalty(lambda x: score(weights, x), u * real + (1 - u) * fake)
        return score(weights, fake).mean() - score(weights, real).mean() + PENALTY_WEIGHT * penalty

    def generator_loss(weights: Any, critic_weights: Any, key: Any) -> Any:
        return -score(critic_weights, generate(weights, key)).mean()

    def step(state: Any, data: Any) -> tuple[Any, Any]:
        c, c_moments, g, g_moments, key = state
        for _ in range(CRITIC_STEPS):
            key, for_rows, for_noise, for_penalty = jax.random.split(key, 4)
            real = data[jax.random.randint(for_rows, (case.batch,), 0, ROWS)]
            loss_c, gradients = jax.value_and_grad(critic_loss)(
                c, real, generate(g, for_noise), for_penalty
            )
            c, c_moments = critic_optimizer.stateless_apply(c_moments, gradients, c)
        key, for_noise = jax.random.split(key)
        loss_g, gradients = jax.value_and_grad(generator_loss)(g, c, for_noise)
        g, g_moments = generator_optimizer.stateless_apply(g_moments, gradients, g)
        return (c, c_moments, g, g_moments, key), (loss_c, loss_g)

    compiled = jax.jit(step, donate_argnums=0)
    data = jnp.asarray(rows)
    variables = (
        critic.trainable_variables,
        critic_optimizer.variables,
        generator.trainable_variables,
        generator_optimizer.variables,
    )
    state = (*([jnp.array(v.value) for v in vs] for vs in variables), jax.random.key(0))

    def run() -> Losses:
        nonlocal state
        state, losses = jax.block_until_ready(compiled(state, data))
        return float(losses[0]), float(losses[1])

    return run


def configure(backend: str, precision: str, threads: int) -> None:
    """Choose backend, threads and precision; to be called before anything imports Keras."""
    os.environ["KERAS_BACKEND"] = backend
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
    # The size of the pool of XLA's threads.
    os.environ["PJRT_NPROC"] = str(threads)
    os.environ["NPROC"] = str(threads)
    if backend == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        # Remapping fails on LeakyReLU's gradient, and is slower here.
        tf.config.optimizer.set_experimental_options({"remapping": False})
    import keras

    keras.utils.set_random_seed(0)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")


def prepare(case: Case, backend: str, xla: bool) -> Step:
    """Build both networks, and return the step, compiled and run twice.

    Their sizes must be PyTorch's.
    """
    critic, generator = build(case)
    counted = critic.count_params(), generator.count_params()
    print(
        f"parameters of critic and generator: Keras {counted}, PyTorch {case.parameters}",
        file=sys.stderr,
    )
    if counted != case.parameters:
        raise SystemExit("the networks are not the same")
    rows = np.random.default_rng(0).uniform(-1, 1, (ROWS, *case.shape)).astype(np.float32)
    step = (
        tensorflow_step(case, critic, generator, rows, xla)
        if backend == "tensorflow"
        else jax_step(case, critic, generator, rows)
    )
    for _ in range(2):
        timed(step)
    return step


def timed(step: Step) -> float:
    """Return the seconds that one step takes; both losses must be finite."""
    start = time.perf_counter()
    losses = step()
    seconds = time.perf_counter() - start
    if not all(map(math.isfinite, losses)):
        raise SystemExit(f"a loss is not finite: {losses}")
    return seconds


def for_seconds(step: Step, seconds: float, least: int = 5) -> Iterator[float]:
    """Yield the seconds of each step until the time is over, at least `least` times."""
    start, count = time.perf_counter(), 0
    while count < least or time.perf_counter() - start < seconds:
        yield timed(step)
        count += 1


def serve(step: Step) -> Iterator[float]:
    """Run a step for each line of the input, print and yield its seconds."""
    for _ in sys.stdin:
        seconds = timed(step)
        print(seconds, flush=True)
        yield seconds


def main() -> None:
    """Time one case and print JSON, or answer line by line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--backend", default="tensorflow", choices=["tensorflow", "jax"])
    parser.add_argument(
        "--case",
        type=int,
        default=1,
        choices=range(len(CASES)),
        help="; ".join(f"{i}: {c.name}" for i, c in enumerate(CASES)),
    )
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument(
        "--xla", action="store_true", help="compile TensorFlow's step with XLA, as JAX does anyway"
    )
    parser.add_argument(
        "--serve", action="store_true", help="run a step for each line of the input"
    )
    parser.add_argument("--rounds-json", default=None, help="a JSON file")
    arguments = parser.parse_args()
    configure(arguments.backend, arguments.precision, arguments.threads)
    case = CASES[arguments.case]
    step = prepare(case, arguments.backend, arguments.xla)
    rounds = list(serve(step) if arguments.serve else for_seconds(step, arguments.seconds))
    report = {
        "backend": arguments.backend,
        "keras": version("keras"),
        "backend version": sys.modules[arguments.backend].__version__,
        "xla": arguments.backend == "jax" or arguments.xla,
        "case": case.name,
        "precision": arguments.precision,
        "threads": arguments.threads,
        "samples/s": CRITIC_STEPS * case.batch / statistics.median(rounds) if rounds else None,
        "step seconds": rounds,
    }
    if not arguments.serve:
        print(json.dumps(report, indent=2))
    if arguments.rounds_json:
        Path(arguments.rounds_json).write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
