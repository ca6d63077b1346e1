"""What an image of a scene depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

from .appearance import Appearance

__all__ = ["SceneState"]


@dataclass(frozen=True)
class SceneState:
    """State and appearance of a scene, such that another one of the same configuration gives the same images.

    Attributes:
        appearance: What randomisation changes.
        camera_fields: Arrays of the MuJoCo model that the camera changes, by name.
        data: Arrays of its state, by name.
        camera: Intrinsics.
        camera_T_world: ``(4, 4)`` pose of the world in the camera (OpenCV axes).
    """

    appearance: Appearance
    camera_fields: Mapping[str, NDArray[np.generic]]
    data: Mapping[str, NDArray[np.float64]]
    camera: PinholeCamera
    camera_T_world: NDArray[np.float64]
