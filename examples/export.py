"""A generator as an .onnx file, read by onnxruntime without torch; needs the extra `onnx`."""

from pathlib import Path

import numpy as np

from wgan.exported import load_exported
from wgan.models import export_model
from wgan.training import Run

run = Run.open("digits", steps=50, seed=0)
for _ in run.records():
    pass
export_model(run.model, Path("digits.onnx"))
exported = load_exported("digits.onnx")
here, there = run.model.sample(100, seed=7), exported.sample(100, seed=7)
print(f"{there.shape} {there.dtype}; {np.mean(here == there):.2%} of the pixels are equal")
