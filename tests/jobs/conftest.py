"""A home of its own for the jobs of each test, and an end to whatever processes they started."""

import pytest
from job_helpers import processes_of, share_models, use_home

from xmodal.settings import settings


@pytest.fixture
def home(tmp_path, monkeypatch):
    use_home(monkeypatch, tmp_path / "home")
    yield tmp_path / "home"
    for process in processes_of(tmp_path / "home"):
        process.kill()
    settings.cache_clear()


@pytest.fixture
def models(home, monkeypatch):
    """The home, with the models of the usual one and settings by which real training starts soon."""
    share_models(monkeypatch, home)
    return home
