"""A home of its own for the jobs of each test, and an end to whatever processes they started."""

import pytest
from job_helpers import processes_of, use_home

from xmodal.paths import models_dir
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
    """The home with the models of the usual one."""
    monkeypatch.delenv("XMODAL_HOME")
    settings.cache_clear()
    usual = models_dir()
    use_home(monkeypatch, home)
    home.mkdir(exist_ok=True)
    (home / "models").symlink_to(usual)
    return home
