"""A loop of one's own: train for ten seconds, and follow the distance to held-out samples."""

import time

from wgan.training import Run

run = Run.open("25-gaussians", variant="wgan-gp", steps=100_000, seed=0)
end = time.monotonic() + 10
for record in run.records():
    if record.metrics and "held_out_w1" in record.metrics:
        print(f"step {record.step}: W1 to held-out samples {record.metrics['held_out_w1']:.3f}")
    if time.monotonic() > end:
        break
print(run.model.sample(3))
