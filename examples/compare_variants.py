"""Two variants over two seeds each: which differences are larger than the noise?"""

from pathlib import Path

from wgan.cli import main

words = "compare 8-gaussians --variants wgan-gp --variants wgan --seeds 2 --steps 60"
if main([*words.split(), "--out", "comparison"]):
    raise SystemExit("the comparison failed")
print(*sorted(path.name for path in Path("comparison").iterdir()))
