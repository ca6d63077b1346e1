"""The device that torch computes on, and the arithmetic that suits it."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ctr_env.errors import ConfigurationError

if TYPE_CHECKING:
    import torch

__all__ = ["has_amx", "multiplies_bfloat16", "native_dtype", "require_device", "resolve_device"]

_NAME = re.compile(r"auto|cpu|cuda(:\d+)?")
_log = logging.getLogger(__name__)


def require_device(config: Any) -> None:
    """Check that the field ``device`` of a configuration has a valid form; whether the device exists is not checked.

    Raises:
        ConfigurationError: If it is none of ``auto``, ``cpu``, ``cuda`` and ``cuda:N``.
    """
    if not isinstance(config.device, str) or not _NAME.fullmatch(config.device):
        raise ConfigurationError(
            f"{type(config).__name__}.device must be auto, cpu, cuda or cuda:N, not {config.device!r}"
        )


def resolve_device(name: str) -> torch.device:
    """The torch device that a name stands for.

    ``auto`` is the first CUDA device if there is one, else the CPU; the choice is logged once per process, as a warning
    where it is a CUDA device, so that it appears on stderr by default.

    Args:
        name: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        ConfigurationError: If the name is another one, or this machine has no such device.
    """
    import torch

    if not _NAME.fullmatch(name):
        raise ConfigurationError(f"unknown device {name!r}; valid names: auto, cpu, cuda, cuda:N")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return _chosen(count > 0)
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= count:
        raise ConfigurationError(f"no device {name!r}: torch {torch.__version__} finds {count} CUDA devices")
    return device


@cache
def _chosen(cuda: bool) -> torch.device:
    """The device that ``auto`` stands for; says so on the first call."""
    import torch

    if not cuda:
        _log.info("device auto: cpu")
        return torch.device("cpu")
    _log.warning("device auto: cuda:0 (%s); device cpu avoids it", torch.cuda.get_device_name(0))
    return torch.device("cuda:0")


def native_dtype(device: torch.device) -> torch.dtype:
    """The fastest floating-point type for training on a device: bfloat16 where it is native, else float32."""
    import torch

    return torch.bfloat16 if device.type == "cuda" or multiplies_bfloat16() else torch.float32


def has_amx() -> bool:
    """Whether the CPU has matrix units (Intel AMX)."""
    import torch

    return torch.cpu._is_amx_tile_supported()


def multiplies_bfloat16() -> bool:
    """Whether the CPU has instructions for products of bfloat16; without them it is slower than float32."""
    import torch

    return torch.cpu._is_avx512_bf16_supported() or has_amx()
