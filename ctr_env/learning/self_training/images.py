"""What an adaptation is given: checks of images, weights and settings, and a digest that identifies them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError, DataError
from ctr_env.estimators.ctrnet.weights import WeightsHeader
from ctr_env.learning.supervised.sources import FrameSource
from ctr_env.scenes.robots.catalogue import get_robot

from .config import AdaptationConfig

__all__ = ["adaptation_settings", "check_adaptation"]


def check_adaptation(
    config: AdaptationConfig, images: Sequence[Sequence[Frame]], header: WeightsHeader, replay: FrameSource | None
) -> None:
    """Check that settings, images and weights fit together.

    Raises:
        ConfigurationError: If the weights belong to another robot, or synthetic images are missing.
        DataError: If there are no images, or those of a static camera differ in intrinsics.
    """
    robot = get_robot(config.robot).network_robot
    if header.robot != robot:
        raise ConfigurationError(f"the weights are those of robot {header.robot!r}, not {robot!r}")
    if not images or not all(images):
        raise DataError("there are no images to adapt to")
    for group in images:
        cameras = {frame.camera for frame in group}
        if config.fixed_camera and len(cameras) > 1:
            raise DataError(
                f"the images of one camera have {len(cameras)} different intrinsics, and so not one pose: give each "
                "camera's images by themselves, or say that the camera moves"
            )
    if config.replay_share and replay is None:
        raise ConfigurationError("replay_share needs synthetic images; without them it must be 0")


def adaptation_settings(config: AdaptationConfig, images: Sequence[Sequence[Frame]], weights: Path) -> dict[str, Any]:
    """All that the result of an adaptation depends on, with digests of weights and images.

    Args:
        config: Settings.
        images: Images by camera.
        weights: The weights file to start from.
    """
    return {
        **asdict(config),
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "pictures": [len(group) for group in images],
        "images_sha256": _digest([frame for group in images for frame in group]),
    }


def _digest(frames: Sequence[Frame]) -> str:
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(repr(frame.camera).encode())
        digest.update(np.ascontiguousarray(frame.joint_positions).tobytes())
        if frame.image is not None:
            digest.update(np.ascontiguousarray(frame.image).tobytes())
    return digest.hexdigest()
