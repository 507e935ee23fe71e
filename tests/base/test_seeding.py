import subprocess
import sys

import numpy as np
import pytest
import torch

from wgan.base.seeding import derive, latents, numpy_generator, torch_generator

CPU = torch.device("cpu")


def test_a_derived_seed_never_changes():
    """Runs resume by deriving their streams again, in any later version too. The digest is that of
    another implementation: `printf "(0, 'latent', 1)" | b2sum -l 64`.
    """
    digest = bytes.fromhex("24d98c5a9fbae3e6")
    assert derive(0, "latent", 1) == int.from_bytes(digest, "little") >> 1


def test_seeds_are_63_bits_and_do_not_collide():
    seeds = {derive(seed, label, i) for seed in (0, 1, -1) for label in "ab" for i in range(2000)}
    assert len(seeds) == 12_000
    assert min(seeds) >= 0
    assert 2**62 < max(seeds) < 2**63
    ones = np.mean([bin(seed).count("1") for seed in seeds])
    assert ones == pytest.approx(31.5, abs=4 * np.sqrt(63 / 4 / 12_000))


def test_labels_that_read_alike_are_different_streams():
    alike = [
        ("a", "b"),
        ("ab",),
        ("a", "b", ""),
        ("a'", "b"),
        ("a, 'b'",),
        ("1",),
        (1,),
        (11,),
        (1, 1),
    ]
    assert len({derive(0, *labels) for labels in alike}) == len(alike)


def test_a_numpy_integer_gives_the_stream_of_the_number():
    assert derive(np.int64(7), "x") == derive(7, "x")


def test_generators_of_one_stream_draw_the_same_and_of_others_do_not():
    first, again, other = (numpy_generator(s, "x").random(5) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    a, b, c = (torch.rand(5, generator=torch_generator(CPU, s, "x")) for s in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_a_stream_leaves_the_global_generators_alone():
    before = torch.random.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    list(latents(0, 300, 2, CPU))
    numpy_generator(0).random(3)
    assert torch.equal(before, torch.random.get_rng_state())
    assert np.array_equal(numpy_before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize(("n", "blocks"), [(0, 0), (1, 1), (256, 1), (257, 2)])
def test_noise_comes_in_whole_blocks(n, blocks):
    noise = list(latents(0, n, 3, CPU))
    assert [tuple(block.shape) for block in noise] == [(256, 3)] * blocks


def test_a_row_of_noise_does_not_depend_on_how_many_are_drawn():
    short, long = (torch.cat(list(latents(5, n, 2, CPU))) for n in (10, 1000))
    assert torch.equal(short, long[:256])


def test_noise_is_standard_normal():
    noise = torch.cat(list(latents(0, 20_000, 2, CPU)))
    assert noise.mean(0).abs().max() < 4 / np.sqrt(20_000)
    assert torch.cov(noise.T).numpy() == pytest.approx(np.eye(2), abs=0.05)


@pytest.mark.parametrize("file", ["seeding", "provenance", "intervals", "progress", "errors"])
def test_importing_a_file_of_base_loads_neither_torch_nor_scipy(file):
    program = f"import sys, wgan.base.{file}; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "scipy", "pandas"} & set(modules)


def test_streams_for_numpy_need_no_torch():
    program = (
        "import sys\nfrom wgan.base.seeding import derive, numpy_generator\n"
        "numpy_generator(derive(0, 'a'), 'b').random()\nsys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
