"""Effects of a real camera on an image: defocus, blur, exposure, noise, compression (with kornia)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.runs.configuration import require_choice

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["IMAGE_EFFECTS", "apply_image_effects"]

IMAGE_EFFECTS: dict[str, tuple[float, float, float]] = {
    "exposure": (0.0, -8.0, 8.0),
    "white_balance_r": (1.0, 0.1, 10.0),
    "white_balance_b": (1.0, 0.1, 10.0),
    "blur_sigma_px": (0.0, 0.0, 20.0),
    "motion_blur_px": (0.0, 0.0, 101.0),
    "motion_blur_angle_rad": (0.0, -2 * np.pi, 2 * np.pi),
    "defocus_px": (0.0, 0.0, 20.0),
    "vignette": (0.0, 0.0, 1.0),
    "noise_std": (0.0, 0.0, 1.0),
    "jpeg_quality": (0.0, 0.0, 100.0),
}
"""Settings by name: neutral, lowest and highest value.

Units are those of :data:`ctr_env.scenes.randomization.fields.FIELDS`.
"""

_LEAST_BLUR = 0.05  # standard deviations, in pixels, below which a blur has no effect


def apply_image_effects(
    image: NDArray[np.uint8],
    settings: Mapping[str, float],
    rng: np.random.Generator,
    depth: NDArray[np.floating] | None = None,
) -> NDArray[np.uint8]:
    """Apply camera effects in their physical order: optics, exposure and white balance, noise, compression.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        settings: Values by name, see :data:`IMAGE_EFFECTS`; the others are neutral.
        rng: Source of the noise.
        depth: ``(H, W)`` depth as a multiple of the focus distance; required for defocus.

    Returns:
        ``(H, W, 3)`` uint8; the given array itself if all settings are neutral.

    Raises:
        ConfigurationError: If a setting is unknown or out of range.
        DataError: If defocus is requested without depth.
    """
    values = _checked(settings)
    if values["defocus_px"] > 0 and depth is None:
        raise DataError(f"image effect defocus_px ({values['defocus_px']:g}) needs the image's depth")
    if all(
        values[name] == neutral for name, (neutral, _, _) in IMAGE_EFFECTS.items() if name != "motion_blur_angle_rad"
    ):
        return image
    import torch

    planes = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255.0
    with torch.inference_mode():
        if depth is not None:
            planes = _defocus(planes, torch.from_numpy(np.asarray(depth, np.float32)), values["defocus_px"])
        planes = _expose(_blur(planes, values), values)
        if values["noise_std"] > 0:
            noise = rng.standard_normal(tuple(planes.shape), dtype=np.float32)
            planes = planes + values["noise_std"] * torch.from_numpy(noise)
        planes = planes.clamp(0.0, 1.0)
        if values["jpeg_quality"] > 0:
            planes = _compress(planes, values["jpeg_quality"])
        whole = (planes * 255.0).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(whole[0].permute(1, 2, 0).numpy())


def _checked(settings: Mapping[str, float]) -> dict[str, float]:
    values = {name: neutral for name, (neutral, _, _) in IMAGE_EFFECTS.items()}
    for name, value in settings.items():
        require_choice("image effect", name, IMAGE_EFFECTS)
        _, low, high = IMAGE_EFFECTS[name]
        if not low <= value <= high:
            raise ConfigurationError(f"image effect {name} must lie in [{low:g}, {high:g}], not {value!r}")
        values[name] = float(value)
    return values


def _blur(image: Tensor, values: Mapping[str, float]) -> Tensor:
    from kornia.filters import gaussian_blur2d, motion_blur

    sigma = values["blur_sigma_px"]
    if sigma > _LEAST_BLUR:
        size = 2 * int(np.ceil(3.0 * sigma)) + 1
        image = gaussian_blur2d(image, (size, size), (sigma, sigma), border_type="replicate")
    length = values["motion_blur_px"]
    if length > 1:
        size = max(3, 2 * int(length // 2) + 1)
        image = motion_blur(
            image, size, float(np.degrees(values["motion_blur_angle_rad"])), 0.0, border_type="replicate"
        )
    return image


def _defocus(image: Tensor, depth: Tensor, sigma_px: float) -> Tensor:
    """Thin-lens defocus: the blur of a pixel is proportional to the difference of inverse depths.

    Every pixel is interpolated between the two nearest of a few uniformly blurred images.
    """
    import torch
    from kornia.filters import gaussian_blur2d

    wanted = sigma_px * (1.0 - 1.0 / depth.clamp(min=0.05)).abs()
    result, levels = image.clone(), sigma_px * torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0])
    sharper, last = image, torch.tensor(0.0)
    for level in levels:
        if level <= _LEAST_BLUR:
            continue
        size = 2 * int(np.ceil(3.0 * float(level))) + 1
        blurred = gaussian_blur2d(image, (size, size), (float(level),) * 2, border_type="replicate")
        share = ((wanted - last) / (level - last)).clamp(0.0, 1.0)
        result = torch.where(wanted > last, sharper + share * (blurred - sharper), result)
        sharper, last = blurred, level
    return result


def _expose(image: Tensor, values: Mapping[str, float]) -> Tensor:
    import torch

    gain = 2.0 ** values["exposure"]
    channels = torch.tensor([values["white_balance_r"], 1.0, values["white_balance_b"]]) * gain
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    fall_off = 1.0 - values["vignette"] * 0.5 * (x.square() + y.square())
    return image * channels[None, :, None, None] * fall_off


def _compress(image: Tensor, quality: float) -> Tensor:
    import torch
    from kornia.enhance import jpeg_codec_differentiable
    from torch.nn.functional import pad

    height, width = image.shape[-2:]
    padded = pad(image, (0, -width % 16, 0, -height % 16), mode="replicate")
    return jpeg_codec_differentiable(padded, torch.tensor([quality]))[..., :height, :width]
