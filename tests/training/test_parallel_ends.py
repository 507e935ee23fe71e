"""Several processes end together: by a signal, or an error of any, in one line."""

import os
import signal
import socket
import time

import numpy as np
import pytest
from crew import wait_for
from short_runs import flags

from wgan.base.errors import WganError
from wgan.runs import RunFolder
from wgan.training import Ranks
from wgan.training.link import Link
from wgan.training.parallel import ALONE

SMALL = flags(["network.width=8", "optimizer.batch=12", "training.device=cpu"])

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="ranks are forked")


def command(folder, *more, steps=40):
    """The words that train on few points, which lie beside the folder."""
    data = f"{folder}.npy"
    np.save(data, np.random.default_rng(0).normal(size=(60, 2)))
    return ["train", data, "--out", str(folder), "--steps", str(steps), *SMALL, *more]


def stop_once_saved(crew, folder, rank, number, *more):
    """Begin a long run on two ranks, and send one a signal when there is a checkpoint."""
    often = flags(["training.checkpoint_every=2", "optimizer.critic_steps=1"])
    ids = crew.start(command(folder, *often, *more, steps=20000), 2, {"WGAN_TIMEOUT": "3"})
    wait_for(folder / "checkpoint.safetensors")
    os.kill(ids[rank], number)
    return ids


def test_a_signal_to_any_rank_saves_and_a_run_goes_on_with_another_number_of_ranks(crew, tmp_path):
    folder = tmp_path / "r"
    stop_once_saved(crew, folder, 1, signal.SIGTERM)
    first, second = crew.wait()
    assert (first.code, second.code) == (143, 143)
    assert "and saved; the same command continues from there" in first.out
    assert (second.out, second.err) == ("", "")
    assert RunFolder(folder).step() > 0


def only_the_first_says(ended, *words):
    """One line on the first rank, none on others, exit code 2 everywhere."""
    assert [each.code for each in ended] == [2] * len(ended), ended
    first, *others = ended
    assert first.err.startswith("wgan: error: "), first
    assert first.err.count("\n") == 1, first
    for word in words:
        assert word in first.err
    assert all((each.out, each.err) == ("", "") for each in others), others


def test_ranks_with_other_data_or_settings_or_without_theirs_are_named(crew, tmp_path):
    points = np.random.default_rng(0).normal(size=(60, 2))
    np.save(tmp_path / "a.npy", points)
    np.save(tmp_path / "b.npy", points + 1)

    def ended(*words):
        base = ["train", str(tmp_path / "a.npy"), "--out", str(tmp_path / "r"), *SMALL]
        return crew.run(base, 2, later={1: [*(words or base)]})

    other = ["train", str(tmp_path / "b.npy"), "--out", str(tmp_path / "r"), *SMALL]
    only_the_first_says(ended(*other), "rank 1 has another data set than rank 0")
    other = ["train", str(tmp_path / "a.npy"), "--out", str(tmp_path / "r"), *SMALL, "--seed", "1"]
    only_the_first_says(
        ended(*other), "rank 1 has another training.seed than rank 0 (1, not 0)", "same command"
    )
    other = ["train", str(tmp_path / "lost.npy"), "--out", str(tmp_path / "r"), *SMALL]
    only_the_first_says(ended(*other), "error: rank 1: ", "lost.npy: no such file")
    assert not (tmp_path / "r").exists()


def test_a_batch_that_ranks_do_not_divide_and_words_that_are_wrong_for_all(crew, tmp_path):
    train = command(tmp_path / "r")
    only_the_first_says(
        crew.run([*train, "--set", "optimizer.batch=64"], 3),
        "optimizer.batch = 64 cannot be divided among 3 processes: choose a multiple of 3",
    )
    only_the_first_says(crew.run([*train, "--stepz", "3"], 2), "--stepz")


@pytest.mark.parametrize("unlucky", [0, 1])
def test_a_fault_on_one_rank_ends_all_in_one_line(crew, tmp_path, unlucky):
    command(tmp_path / "r")
    first, second = crew.run(["surprised", [str(tmp_path / "r"), unlucky]], 2)
    assert (first.code, second.code) == (70, 70)
    assert "KeyError: 'surprise': this is a fault of wgan" in first.err
    assert first.err.count("\n") == 1
    assert (second.out, second.err) == ("", "")


def test_a_rank_that_is_killed_is_named(crew, tmp_path):
    stop_once_saved(crew, tmp_path / "r", 1, signal.SIGKILL, "--quiet")
    first, second = crew.wait()
    assert (first.code, second.code) == (2, -signal.SIGKILL)
    assert first.err.startswith("wgan: error: rank 1 is gone: killed, or out of memory")
    assert first.err.count("\n") == 1


def test_a_rank_that_hangs_is_named(crew, tmp_path):
    ids = stop_once_saved(crew, tmp_path / "r", 1, signal.SIGSTOP, "--quiet")
    time.sleep(8)  # the limit, twice and more
    os.kill(ids[1], signal.SIGKILL)
    first, _ = crew.wait()
    assert first.code == 2
    assert "rank 1 did not come within 3 s" in first.err
    assert first.err.count("\n") == 1


def test_a_place_that_is_taken_and_a_rank_that_never_comes(crew, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = {"MASTER_PORT": str(server.getsockname()[1]), "WGAN_TIMEOUT": "2"}
        first, second = crew.run(command(tmp_path / "r"), 2, port)
    assert (first.code, second.code) == (2, 2)
    assert f"rank 0: 127.0.0.1:{port['MASTER_PORT']} is in use: choose another" in first.err
    assert first.err.count("\n") == 1
    (alone,) = crew.run(command(tmp_path / "r"), 1, {"WORLD_SIZE": "2", "WGAN_TIMEOUT": "1"})
    assert alone.code == 2
    assert "rank 0: no meeting of the processes at 127.0.0.1:" in alone.err
    assert "1/2 clients joined" in alone.err


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"RANK": "2", "WORLD_SIZE": "2"}, "RANK = 2, of WORLD_SIZE = 2: ranks count from 0"),
        ({"RANK": "x", "WORLD_SIZE": "2"}, "RANK = 'x' in the environment"),
        ({"RANK": "0", "WORLD_SIZE": "2"}, "RANK is set and MASTER_ADDR is not"),
        ({"RANK": "0", "WORLD_SIZE": "2", "WGAN_TIMEOUT": "soon"}, "WGAN_TIMEOUT = 'soon'"),
    ],
)
def test_an_environment_that_is_not_torchruns_is_refused(environment, words):
    with pytest.raises(WganError, match=words.replace("(", r"\(")):
        Ranks.join(environment)


def test_one_process_of_torchrun_is_a_run_as_ever():
    assert Ranks.join({"RANK": "0", "WORLD_SIZE": "1"}) == ALONE
    assert Ranks.join({}) == ALONE


class Late:
    """An exchange that is done just after the wait for it ended."""

    def __init__(self):
        self.waits = []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        if timeout is not None:
            raise RuntimeError("timed out")

    def is_completed(self):
        return True


def test_an_exchange_that_comes_just_after_its_wait_is_no_failure():
    work = Late()
    link = Link.__new__(Link)
    assert link._came(work)
    assert work.waits[1:] == [None]
