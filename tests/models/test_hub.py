"""Models on the Hub, read and uploaded by the real client against a stand-in on this machine."""

from dataclasses import replace

import hub_server
import numpy as np
import pytest
from small_models import model_of, small_model

from wgan.base.errors import WganError
from wgan.data.kinds import KINDS
from wgan.models import hub, load_model, save_model
from wgan.models.files import CRITIC, GENERATOR, LAYOUT
from wgan.models.hub import Address, address, check_login, fetch, located, upload

WRITES, READS = "hf_jo_writes", "hf_jo_reads"
EMPTY = "0" * 40


@pytest.fixture
def server():
    with hub_server.running() as running:
        yield running


@pytest.fixture
def here(server, monkeypatch, tmp_path):
    """The stand-in, which the client in this process uses, without a token."""
    hub_server.use(monkeypatch, server, tmp_path / "home")
    return server


def saved(folder, kind="vectors", seed=0):
    """Save a small model; return it."""
    model = small_model(kind)
    model = model_of(model.codec, seed=seed)
    save_model(model, folder)
    return model


def with_critic(model):
    """Return a model that has a critic."""
    from wgan.networks import build_critic

    return replace(model, critic=build_critic(model.network, model.codec, layers="plain").eval())


def refusal(call, *arguments):
    """Return the one line of a refusal."""
    with pytest.raises(WganError) as found:
        call(*arguments)
    assert "\n" not in str(found.value)
    assert "Traceback" not in str(found.value)
    return str(found.value)


@pytest.mark.parametrize(
    ("text", "repo", "revision"),
    [
        ("hf://jo/digits", "jo/digits", None),
        ("hf:/jo/digits", "jo/digits", None),
        ("jo/digits", "jo/digits", None),
        ("hf://jo-1/d.i_g-its@v1.0", "jo-1/d.i_g-its", "v1.0"),
        ("hf://jo/digits@refs/pr/1", "jo/digits", "refs/pr/1"),
    ],
)
def test_an_address_is_a_user_a_name_and_a_revision(text, repo, revision):
    found = address(text)
    assert (found.repo, found.revision) == (repo, revision)
    assert address(str(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "hf://",
        "hf://jo",
        "hf://jo/",
        "hf:///digits",
        "hf://jo/a/b",
        "hf://jo/a b",
        "hf://../..",
        "hf://jo/a..b",
        "hf://jo/a--b",
        "hf://jo/-a",
        "hf://jo/a.git",
        "hf://jo/a\0",
        "hf://jo/é",
        "hf://jo/a@",
        "hf://jo/a@../../x",
        "hf://jo/a@/x",
        "hf://jo/a@x//y",
        "hf://jo/a@b\nc",
        "hf://jo/" + "a" * 97,
    ],
)
def test_other_addresses_are_refused_in_one_line_without_a_request(text, here):
    with pytest.raises(WganError, match="no name of a"):
        located(text)
    assert here.asked == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_samples_of_a_downloaded_model_have_the_bytes_of_the_local_one(kind, here, tmp_path):
    model = saved(tmp_path / "local", kind)
    here.add("jo/model", tmp_path / "local")
    found = load_model(located("hf://jo/model"))
    ours, theirs = model.sample(300, seed=3), found.sample(300, seed=3)
    assert ours.tobytes() == theirs.tobytes()
    assert ours.dtype == theirs.dtype


def test_only_the_files_of_a_model_are_asked_for(here, tmp_path):
    folder = tmp_path / "local"
    save_model(with_critic(small_model("vectors")), folder)
    repo = here.add("jo/model", folder)
    more = dict.fromkeys(("README.md", "evil.pkl", "modeling.py", "../../out", "a/b.json"), b"x")
    repo.commit(repo.files("main")[1] | more)
    found = fetch(Address("jo/model"))
    assert {path.name for path in found.iterdir()} == {LAYOUT, GENERATOR, CRITIC}
    asked = {path.rpartition("/")[2] for path in here.asked_for("/resolve/")}
    assert asked == {LAYOUT, GENERATOR, CRITIC}
    assert load_model(found).critic is not None


def test_a_revision_is_a_branch_a_tag_or_a_commit(here, tmp_path):
    first = saved(tmp_path / "one", seed=1)
    second = saved(tmp_path / "two", seed=2)
    repo = here.add("jo/model", tmp_path / "one")
    sha = repo.refs["v1"] = repo.refs["main"]
    repo.commit({path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()})
    samples = {
        revision: load_model(fetch(Address("jo/model", revision))).sample(5)
        for revision in (None, "main", "v1", sha)
    }
    for revision, model in ((None, second), ("main", second), ("v1", first), (sha, first)):
        np.testing.assert_array_equal(samples[revision], model.sample(5))
    here.asked.clear()
    assert fetch(Address("jo/model", sha)).name == sha
    assert here.asked == []  # a commit in the cache never changes


def test_offline_reads_what_is_in_the_cache(here, tmp_path, monkeypatch):
    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    online = fetch(Address("jo/model"))
    hub_server.use(monkeypatch, here, tmp_path / "home", offline=True)
    here.asked.clear()
    assert fetch(Address("jo/model")) == online
    assert "is not in the cache" in refusal(fetch, Address("jo/model", "v1"))
    assert "is not in the cache" in refusal(fetch, Address("jo/other"))
    assert "HF_HUB_OFFLINE" in refusal(check_login)
    assert here.asked == []


def test_a_download_that_was_cut_short_is_not_taken_from_the_cache(here, tmp_path, monkeypatch):
    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    here.fails["/objects/"] = 404
    refusal(fetch, Address("jo/model"))
    here.fails.clear()
    hub_server.use(monkeypatch, here, tmp_path / "home", offline=True)
    assert "is not in the cache" in refusal(fetch, Address("jo/model"))
    hub_server.use(monkeypatch, here, tmp_path / "home")
    load_model(fetch(Address("jo/model")))


def test_what_cannot_be_read_is_refused_in_one_line(here, tmp_path, monkeypatch):
    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    here.add("jo/private", tmp_path / "local", private=True)
    here.add("jo/gated", tmp_path / "local", gated=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.safetensors").write_bytes(b"x")
    here.add("jo/other", tmp_path / "other")
    cases = {
        Address("jo/nothing"): "has no such model",
        Address("jo/private"): "or a private one",
        Address("jo/gated"): "gives access to those who ask",
        Address("jo/model", "v9"): "no such revision",
        Address("jo/model", EMPTY): "no such revision",
        Address("jo/other"): "holds no model of wgan (no generator.json)",
    }
    for each, words in cases.items():
        assert words in refusal(fetch, each), each
        assert str(each) in refusal(fetch, each)
    hub_server.use(monkeypatch, here, tmp_path / "home", READS)
    load_model(fetch(Address("jo/private")))
    load_model(fetch(Address("jo/gated")))


@pytest.mark.parametrize(("status", "words"), [(500, "an error of its own"), (403, "may not")])
def test_failing_answers_are_refused_in_one_line(status, words, here, tmp_path):
    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    here.fails["/api/models/"] = status
    assert words in refusal(fetch, Address("jo/model"))


def test_slow_answers_and_no_connection_are_refused_in_one_line(here, tmp_path, monkeypatch):
    from huggingface_hub import constants

    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    monkeypatch.setattr(constants, "HF_HUB_ETAG_TIMEOUT", 0.2)
    here.waits = 1.0
    assert "does not answer" in refusal(fetch, Address("jo/model"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "cannot be reached" in refusal(fetch, Address("jo/model"))


def test_files_that_are_too_large_are_not_downloaded(here, tmp_path):
    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    for name in (LAYOUT, GENERATOR):
        for size in (2**31 + 1, None):
            here.sizes = {name: size}
            assert f"{name} has" in refusal(fetch, Address("jo/model"))
    assert here.asked_for("/resolve/") == []


def test_a_model_that_changes_while_it_is_read_is_refused(here, tmp_path):
    saved(tmp_path / "one", seed=1)
    saved(tmp_path / "two", seed=2)
    repo = here.add("jo/model", tmp_path / "one")
    new = {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    here.moves = lambda: repo.commit(new)
    assert "was changed while it was read" in refusal(fetch, Address("jo/model"))


def test_a_strangers_files_are_checked_by_the_loader(here, tmp_path):
    saved(tmp_path / "local")
    files = here.add("jo/model", tmp_path / "local").files("main")[1]
    changed = files[LAYOUT].replace(b'"wgan-gp"', b'"wgan-lp"')
    pickle = b"cos\nsystem\n(S'touch /tmp/x'\ntR."
    for bad in ({LAYOUT: changed}, {LAYOUT: b"[]"}, {GENERATOR: pickle}, {GENERATOR: b""}):
        here.repos["jo/model"].commit(files | bad)
        refusal(lambda: load_model(located("hf://jo/model")))


def test_an_upload_makes_a_model_and_replaces_its_files(here, tmp_path, monkeypatch):
    hub_server.use(monkeypatch, here, tmp_path / "home", WRITES)
    save_model(with_critic(small_model("vectors")), tmp_path / "one")
    (tmp_path / "one" / "README.md").write_text("---\nlicense: mit\n---\n# x\n")
    done = upload(tmp_path / "one", "jo/new")
    repo = here.repos["jo/new"]
    assert not repo.private
    assert done.url == f"{here.url}/jo/new"
    assert done.commit == repo.refs["main"]
    assert set(done.files) == {LAYOUT, GENERATOR, CRITIC, "README.md"}
    assert set(repo.files("main")[1]) == {*done.files, ".gitattributes"}
    saved(tmp_path / "two")
    (tmp_path / "two" / "README.md").write_text("---\nlicense: mit\n---\n# y\n")
    upload(tmp_path / "two", "jo/new")
    files = here.repos["jo/new"].files("main")[1]
    assert set(files) == {LAYOUT, GENERATOR, "README.md", ".gitattributes"}
    for name in (LAYOUT, GENERATOR, "README.md"):
        assert files[name] == (tmp_path / "two" / name).read_bytes()
    load_model(fetch(Address("jo/new")))  # no critic of the first model is left


def test_large_files_go_by_the_protocol_of_large_files(here, tmp_path, monkeypatch):
    hub_server.use(monkeypatch, here, tmp_path / "home", WRITES)
    here.mode = "lfs"
    saved(tmp_path / "one")
    (tmp_path / "one" / "README.md").write_text("---\nlicense: mit\n---\n")
    upload(tmp_path / "one", "jo/large")
    assert here.asked_for("/info/lfs/")
    weights = here.repos["jo/large"].files("main")[1][GENERATOR]
    assert weights == (tmp_path / "one" / GENERATOR).read_bytes()


def test_uploads_are_refused_in_one_line(here, tmp_path, monkeypatch):
    saved(tmp_path / "one")
    (tmp_path / "one" / "README.md").write_text("---\nlicense: mit\n---\n")
    assert "needs a token" in refusal(upload, tmp_path / "one", "jo/new")
    assert here.asked == []
    for token, words in {
        READS: "may not do that",
        "hf_unknown": "does not know the token",
        "hf_ann_writes": "may not do that",
        "hf_wrong\x01": "characters that no token has",
        "hf_é": "characters that no token has",
    }.items():
        hub_server.use(monkeypatch, here, tmp_path / "home", token)
        said = refusal(upload, tmp_path / "one", "jo/new")
        assert words in said
        assert token not in said
        assert token.strip() not in said
    hub_server.use(monkeypatch, here, tmp_path / "home", WRITES)
    (tmp_path / "one" / "README.md").write_text("---\nlicense: none-such\n---\n")
    said = refusal(upload, tmp_path / "one", "jo/new")
    assert 'refuses this: invalid README.md: "license" must be one of' in said
    assert here.repos == {}  # no empty model is left


def test_a_public_model_is_not_taken_for_a_private_one(here, tmp_path, monkeypatch):
    hub_server.use(monkeypatch, here, tmp_path / "home", WRITES)
    saved(tmp_path / "one")
    (tmp_path / "one" / "README.md").write_text("---\nlicense: mit\n---\n")
    upload(tmp_path / "one", "jo/hidden", private=True)
    assert here.repos["jo/hidden"].private
    upload(tmp_path / "one", "jo/open")
    before = here.repos["jo/open"].refs["main"]
    assert "is public" in refusal(upload, tmp_path / "one", "jo/open", True)
    assert here.repos["jo/open"].refs["main"] == before


def test_an_unknown_error_is_one_line_without_the_token(here, tmp_path, monkeypatch):
    import huggingface_hub

    hub_server.use(monkeypatch, here, tmp_path / "home", WRITES)

    def fails(*_, **__):
        raise RuntimeError(f"Illegal header\nBearer {WRITES}")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", fails)
    said = refusal(fetch, Address("jo/model"))
    assert said == "hf://jo/model: RuntimeError: Illegal header Bearer HF_TOKEN"


def test_the_client_prints_nothing_and_is_left_as_it_was(here, tmp_path, capfd):
    from huggingface_hub import utils

    saved(tmp_path / "local")
    here.add("jo/model", tmp_path / "local")
    before = utils.are_progress_bars_disabled(), utils.logging.get_verbosity()
    fetch(Address("jo/model"))
    refusal(fetch, Address("jo/none"))
    assert (utils.are_progress_bars_disabled(), utils.logging.get_verbosity()) == before
    assert capfd.readouterr() == ("", "")


def test_without_the_package_its_extra_is_named(monkeypatch):
    monkeypatch.setattr(hub, "find_spec", lambda name: None)
    assert "pip install 'wgan[hub]'" in refusal(located, "hf://jo/model")
    assert "pip install 'wgan[hub]'" in refusal(check_login)


def test_a_path_is_a_path(tmp_path):
    assert located(tmp_path) == tmp_path
    assert located("runs/x").parts == ("runs", "x")
    assert not hub.is_address("hf://datasets/jo/cats")
    assert not hub.is_address("hf:/datasets/jo/cats")
    assert hub.is_address("hf:/jo/cats")
