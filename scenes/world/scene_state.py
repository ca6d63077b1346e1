"""What an image of a scene depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from ctr_env.geometry import PinholeCamera

from .appearance import Appearance

__all__ = ["SceneState"]

_CAMERA = ("cam_pos", "cam_quat", "cam_resolution", "cam_sensorsize", "cam_intrinsic", "cam_fovy")
_DATA = ("qpos", "mocap_pos", "mocap_quat")


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

    @classmethod
    def of(
        cls,
        model: mujoco.MjModel,
        data: mujoco.MjData,
        camera: PinholeCamera,
        camera_T_world: NDArray[np.float64],
    ) -> SceneState:
        """A copy of what a model and its state have now, with the camera that they show."""
        return cls(
            appearance=Appearance.of(model),
            camera_fields={name: getattr(model, name).copy() for name in _CAMERA},
            data={name: getattr(data, name).copy() for name in _DATA},
            camera=camera,
            camera_T_world=camera_T_world,
        )

    def apply(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Give it to the model of a scene of the same configuration and to its state, and place all bodies."""
        self.appearance.apply(model)
        for owner, values in ((model, self.camera_fields), (data, self.data)):
            for name, value in values.items():
                getattr(owner, name)[:] = value
        mujoco.mj_kinematics(model, data)
