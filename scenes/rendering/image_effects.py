"""Effects of a real camera on an image: defocus, blur, exposure, noise, compression.

All computations are in whole numbers, or rounded far from ties: the same seed gives the same bits on every processor,
as far as OpenCV and its JPEG library keep theirs. (Batches for training are augmented with kornia instead.)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ctr_env.errors import ConfigurationError, DataError
from ctr_env.runs.configuration import require_choice

from .optics import defocus, gaussian_blur, motion_blur
from .sensor import add_noise, compress, digitise, expose

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
    image = _through_lens(np.ascontiguousarray(image), values, depth)
    gain = 2.0 ** values["exposure"]
    gains = gain * values["white_balance_r"], gain, gain * values["white_balance_b"]
    exposed = expose(image, gains, values["vignette"])
    if values["noise_std"] > 0:
        exposed = add_noise(exposed, values["noise_std"], rng)
    image = digitise(exposed)
    return compress(image, values["jpeg_quality"]) if values["jpeg_quality"] > 0 else image


def _through_lens(
    image: NDArray[np.uint8], values: Mapping[str, float], depth: NDArray[np.floating] | None
) -> NDArray[np.uint8]:
    if values["defocus_px"] > 0 and depth is not None:
        image = defocus(image, depth, values["defocus_px"])
    image = gaussian_blur(image, values["blur_sigma_px"])
    return motion_blur(image, values["motion_blur_px"], values["motion_blur_angle_rad"])


def _checked(settings: Mapping[str, float]) -> dict[str, float]:
    values = {name: neutral for name, (neutral, _, _) in IMAGE_EFFECTS.items()}
    for name, value in settings.items():
        require_choice("image effect", name, IMAGE_EFFECTS)
        _, low, high = IMAGE_EFFECTS[name]
        if not low <= value <= high:
            raise ConfigurationError(f"image effect {name} must lie in [{low:g}, {high:g}], not {value!r}")
        values[name] = float(value)
    return values
