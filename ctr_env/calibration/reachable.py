"""Joint configurations that an arm can be moved to and that a camera sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.free_configurations import chain_clearance, draw_configuration
from ctr_env.scenes.world.scene import Scene

__all__ = ["ReachableConfigurations"]

_IN_VIEW = 0.9  # least share of the arm in the image
_CLEARANCE_M = 0.15  # between arm and camera
_STEP_RAD = 0.05  # of the largest joint motion between two checks of a path
_DRAWS = 20  # at most, for each configuration that is wanted

_Vector = NDArray[np.float64]


class ReachableConfigurations:
    """Samples joint configurations without contacts, in a model of the robot, its table and the floor."""

    def __init__(self, robot: str | RobotDescription, camera: PinholeCamera) -> None:
        """Compile the model of a robot and a camera, whose pose is given with each request."""
        self._scene = Scene(SceneConfig(robot, camera.width, camera.height))
        self._camera = camera

    def sample(self, camera_T_base: RigidTransform, count: int, rng: np.random.Generator) -> list[_Vector]:
        """Joint configurations that touch nothing, stay clear of the camera and are in view.

        Args:
            camera_T_base: Pose of the base in the camera.
            count: Number of configurations; fewer are found where few are in view.
            rng: Source of randomness.

        Returns:
            ``(n,)`` joint positions each, rad.
        """
        scene = self._scene
        scene.place_camera(self._camera, scene.world_T_base * camera_T_base.inv())
        camera_centre = camera_T_base.inv().translation
        found: list[_Vector] = []
        for _ in range(_DRAWS * count):
            joints = draw_configuration(scene.kinematics, rng)
            chain = np.vstack([scene.kinematics.keypoints(joints), scene.kinematics.base_T_ee(joints).translation])
            clear = chain_clearance(chain, camera_centre) >= _CLEARANCE_M
            if clear and self._is_free(joints) and scene.arm_in_view() >= _IN_VIEW:
                found.append(joints)
                if len(found) == count:
                    break
        return found

    def path_is_free(self, start: _Vector, end: _Vector) -> bool:
        """Whether the straight motion between two ``(n,)`` joint positions (rad) touches nothing.

        Contacts at its very start do not count: the arm is there already.
        """
        count = max(1, int(np.ceil(np.abs(end - start).max() / _STEP_RAD)))
        return all(self._is_free(start + share * (end - start)) for share in np.linspace(0.0, 1.0, count + 1)[1:])

    def _is_free(self, joints: _Vector) -> bool:
        self._scene.place_arm(joints)
        return not self._scene.touches()
