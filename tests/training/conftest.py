"""One process that forks ranks for all tests of this folder: it imports the package once."""

import pytest
from crew import Crew


@pytest.fixture(scope="session")
def crew(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        with Crew() as started:
            yield started
