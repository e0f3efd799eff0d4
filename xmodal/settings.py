"""Every environment variable xmodal reads, in one frozen, validated object.

Each field is read from `XMODAL_<NAME>`, so `XMODAL_HOME=/data` sets `home`. Flags of `app.py` and of the
command line override them.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from xmodal.errors import SettingsError


class Settings(BaseSettings):
    """Settings of one process; see README for what each is for."""

    model_config = SettingsConfigDict(env_prefix="XMODAL_", frozen=True, extra="forbid", env_ignore_empty=True)

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_cache_dir("xmodal", appauthor=False)))
    source: Literal["auto", "hub", "index"] = "auto"
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    threads: int = Field(default=0, ge=0, description="CPU threads for torch; 0 leaves torch's own choice")
    memory_budget_mb: int = Field(default=0, ge=0, description="loaded models in memory; 0 means half of the RAM")
    hub_timeout_s: float = Field(default=2.0, gt=0, le=30)
    max_upload_mb: int = Field(default=500, gt=0)
    max_duration_min: float = Field(default=240, gt=0)
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    share: bool = False
    auth: str = Field(default="", description="user:password pairs, separated by commas")
    mcp: bool = False
    trackio: bool = True


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        SettingsError: An `XMODAL_` variable has a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "XMODAL_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(
            f"The setting {name} cannot be used: {first['msg']}.", f"Correct {name} or unset it, then start again."
        ) from error
