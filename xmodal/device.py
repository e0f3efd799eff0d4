"""Which device and number format to compute with."""

import os
from dataclasses import dataclass
from functools import lru_cache

from xmodal.errors import SettingsError
from xmodal.settings import settings


@dataclass(frozen=True)
class Device:
    """A place to compute.

    Attributes:
        name: As torch writes it: `cpu`, `mps`, `cuda`, `cuda:1`.
        dtype: `bfloat16` where the hardware computes in it, else `float32`.
        label: For people, such as `NVIDIA L4 (bfloat16)`.
    """

    name: str
    dtype: str
    label: str

    @property
    def torch_dtype(self):
        """The `torch.dtype` that `dtype` names."""
        import torch

        return getattr(torch, self.dtype)


@lru_cache(maxsize=1)
def pick_device() -> Device:
    """The device of this process: CUDA, else Apple MPS, else CPU; `XMODAL_DEVICE` and `XMODAL_DTYPE` override.

    Raises:
        SettingsError: The device asked for is not in this machine.
    """
    import torch

    wanted = settings().device
    name = _first_available() if wanted == "auto" else wanted
    kind, _, index = name.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else int(kind == "cpu" or torch.backends.mps.is_available())
    if int(index or 0) >= count:
        raise SettingsError(
            f"XMODAL_DEVICE asks for {name}, which torch does not find on this machine.",
            "Use XMODAL_DEVICE=auto or cpu, or install a torch build for that device.",
        )
    if settings().threads and kind == "cpu":
        torch.set_num_threads(settings().threads)
    dtype = settings().dtype
    if dtype == "auto":
        dtype = "bfloat16" if _has_bfloat16(kind) else "float32"
    return Device(name, dtype, f"{_hardware_name(kind, name)} ({dtype})")


def _first_available() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _has_bfloat16(kind: str) -> bool:
    """Whether bfloat16 is computed by the hardware, not emulated (AVX-512 BF16 or AMX on a CPU)."""
    import torch

    if kind == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if kind == "cpu":
        checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(getattr(torch.cpu, check, bool)() for check in checks)
    return False


def _hardware_name(kind: str, name: str) -> str:
    import torch

    if kind == "cuda":
        return torch.cuda.get_device_name(name)
    return "Apple GPU" if kind == "mps" else f"CPU, {os.cpu_count()} cores"
