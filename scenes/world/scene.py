"""A robot in a room with a camera: the compiled MuJoCo model and its state."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.geometry import PinholeCamera, body_matrix, body_pose, inverse_matrix, look_at, pose_from_matrix
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.robots.kinematics import RobotKinematics

from .appearance import Appearance
from .arm_points import ArmPoints
from .block import BLOCK
from .cameras import set_camera_intrinsics, set_camera_pose
from .config import SceneConfig
from .field_of_view import FieldOfView
from .gripper import Gripper
from .objects import TARGET
from .robot_parts import arm_meshes, robot_geoms, robot_links
from .room import CAMERA, build_room
from .rooms import ROOMS
from .scene_state import SceneState

__all__ = ["Scene"]


class Scene:
    """A compiled MuJoCo model and its state.

    Methods set the poses of the camera, the goal and the arm; :meth:`restore` resets these and everything that
    randomisation changes to the nominal model. Frames: the *world* frame has z up and its origin on the floor, the
    *base* frame is that of the robot's base link.

    Attributes:
        model: MuJoCo model, physics at 500 Hz.
        data: State of the model.
        kinematics: Kinematics of the arm, computed on a separate model.
        gripper: The fingers.
        camera: Current intrinsics.
        camera_id: Index of the camera in the model.
        world_T_base: Pose of the robot's base.
        world_T_camera: Current pose of the camera (OpenCV axes).
        camera_T_base_matrix: ``(4, 4)`` form of :attr:`camera_T_base`.
        robot_geoms: ``(ngeom,)`` bool, the robot's visual geoms.
        links: Names of the robot's links.
    """

    def __init__(self, config: SceneConfig) -> None:
        """Compile the model.

        Raises:
            ConfigurationError: If the robot or the room is unknown.
        """
        require_choice("room", config.room, ROOMS)
        self.config = config
        self.kinematics = RobotKinematics(config.robot)
        self.robot = self.kinematics.robot
        self.model = build_room(config, self.robot)
        self.data = mujoco.MjData(self.model)
        self.camera_id = self.model.camera(CAMERA).id
        self._target = self.model.body(TARGET).mocapid[0]
        joints = [self.model.joint(name) for name in self.robot.arm_joints]
        self._arm_qpos = np.array([joint.qposadr[0] for joint in joints])
        self._arm_dof = np.array([joint.dofadr[0] for joint in joints])
        self._arm_ctrl = np.array([self.model.actuator(name).id for name in self.robot.arm_joints])
        self._ee = self.model.body(self.robot.end_effector).id
        self.links = robot_links(self.model, self.robot)
        self.robot_geoms = robot_geoms(self.model, self.robot)
        self._block = self.model.geom(BLOCK).id if config.block else None
        self.gripper = Gripper(self.model, self.data, self.robot)
        self._arm_points = ArmPoints(self.model, arm_meshes(self.model, self.robot))
        self._nominal = Appearance.of(self.model)
        self._camera_T_base: RigidTransform | None = None
        self.camera = PinholeCamera.from_fov(np.radians(60.0), config.width, config.height)
        self.restore()
        self.world_T_base = body_pose(self.data, self.model.body(self.robot.base_link).id)
        self._world_T_base = self.world_T_base.as_matrix()
        self._base_T_world = inverse_matrix(self._world_T_base)
        middle = self.world_T_base.apply(self.kinematics.keypoints(self.kinematics.home).mean(axis=0))
        distance = self.robot.camera_distance[1]
        self.place_camera(self.camera, look_at(middle + distance * np.array([0.9, 0.0, 0.4]), middle))

    def restore(self) -> None:
        """Reset state, colours, textures and lights to the nominal model; the arm is at home, all objects are away."""
        self._nominal.apply(self.model)
        mujoco.mj_resetData(self.model, self.data)
        for name, position in self.robot.configuration.items():
            self.data.joint(name).qpos[0] = position
            self.data.actuator(name).ctrl[0] = position
        self.place_arm(self.kinematics.home)

    @property
    def time(self) -> float:
        """Simulated time since :meth:`restore`, seconds."""
        return float(self.data.time)

    @property
    def joint_positions(self) -> NDArray[np.float64]:
        """``(n,)`` true arm joint positions, rad."""
        return self.data.qpos.take(self._arm_qpos)

    @property
    def joint_velocities(self) -> NDArray[np.float64]:
        """``(n,)`` true arm joint velocities, rad/s."""
        return self.data.qvel.take(self._arm_dof)

    @property
    def camera_T_base(self) -> RigidTransform:
        """True pose of the base in the camera (OpenCV axes)."""
        if self._camera_T_base is None:
            self._camera_T_base = pose_from_matrix(self.camera_T_base_matrix)
        return self._camera_T_base

    @property
    def arm_depth(self) -> float:
        """Depth of the mean of the keypoints in the camera frame, metres."""
        middle = self.kinematics.keypoints(self.joint_positions).mean(axis=0)
        return float(self.camera_T_base.apply(middle)[2])

    @property
    def base_T_ee(self) -> RigidTransform:
        """True pose of the end effector in the base frame."""
        return pose_from_matrix(self.base_T_ee_matrix)

    @property
    def base_T_ee_matrix(self) -> NDArray[np.float64]:
        """The same as a ``(4, 4)`` matrix."""
        return np.asarray(self._base_T_world @ body_matrix(self.data, self._ee))

    def place_arm(self, joint_positions: ArrayLike) -> None:
        """Set the arm to ``(n,)`` joint positions (rad) at zero velocity."""
        self.data.qpos[self._arm_qpos] = joint_positions
        self.data.qvel[:] = 0.0
        self.data.ctrl[self._arm_ctrl] = 0.0
        mujoco.mj_forward(self.model, self.data)

    def pose_arm(self, joint_positions: ArrayLike) -> None:
        """Set the arm for geometric checks: poses and contacts only, without velocities and forces.

        Call :meth:`place_arm` or :meth:`restore` before the next :meth:`step`.
        """
        self.data.qpos[self._arm_qpos] = joint_positions
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_collision(self.model, self.data)

    def place_camera(self, camera: PinholeCamera, world_T_camera: RigidTransform) -> None:
        """Set the camera's intrinsics and pose (OpenCV axes)."""
        self.world_T_camera = world_T_camera
        self._look(camera, inverse_matrix(world_T_camera.as_matrix()))
        set_camera_intrinsics(self.model, self.camera_id, camera)
        set_camera_pose(self.model, self.camera_id, world_T_camera)
        mujoco.mj_camlight(self.model, self.data)

    def state(self) -> SceneState:
        """All that images depend on, as it is now."""
        return SceneState.of(self.model, self.data, self.camera, self._camera_T_world)

    def show(self, state: SceneState) -> None:
        """Take the state of another scene of this configuration, for images alone.

        Call :meth:`restore` before anything else.
        """
        state.apply(self.model, self.data)
        self._look(state.camera, state.camera_T_world)
        mujoco.mj_camlight(self.model, self.data)

    def place_target(self, base_T_goal: RigidTransform) -> None:
        """Set the pose of the rendered goal axes, given in the base frame."""
        T = self._world_T_base @ base_T_goal.as_matrix()
        self.data.mocap_pos[self._target] = T[:3, 3]
        mujoco.mju_mat2Quat(self.data.mocap_quat[self._target], T[:3, :3].ravel())
        mujoco.mj_kinematics(self.model, self.data)

    @property
    def base_T_block(self) -> NDArray[np.float64]:
        """``(4, 4)`` pose of the block in the base frame; its origin is the block's centre."""
        return np.asarray(self._base_T_world @ body_matrix(self.data, self.model.body(BLOCK).id))

    def place_block(self, base_T_block: RigidTransform) -> None:
        """Set the block's pose in the base frame, at rest."""
        T = self._world_T_base @ base_T_block.as_matrix()
        joint = self.data.joint(BLOCK)
        mujoco.mju_mat2Quat(joint.qpos[3:], T[:3, :3].ravel())
        joint.qpos[:3], joint.qvel[:] = T[:3, 3], 0.0
        mujoco.mj_forward(self.model, self.data)

    @property
    def grasped(self) -> bool:
        """Whether every finger touches the block."""
        return self.gripper.touches(self._block)

    def step(self, joint_velocities: ArrayLike, substeps: int) -> None:
        """Simulate with constant ``(n,)`` commanded joint velocities (rad/s) for a number of 2 ms steps."""
        self.data.ctrl[self._arm_ctrl] = joint_velocities
        mujoco.mj_step(self.model, self.data, substeps)
        mujoco.mj_forward(self.model, self.data)  # poses at the time of the image

    def inside_room(self, point: ArrayLike) -> bool:
        """Whether a camera may be at a ``(3,)`` world point (m): clear of walls, furniture, floor and table."""
        x, y, z = np.asarray(point, dtype=float)
        if max(abs(x), abs(y)) > ROOMS[self.config.room].free or z < 0.1:
            return False
        if self.robot.table is None:
            return True
        cx, cy, half_x, half_y = self.robot.table
        beside = abs(x - cx) > half_x + 0.1 or abs(y - cy) > half_y + 0.1
        return bool(beside or z > self.robot.base_height + 0.1)

    def touches(self) -> bool:
        """Whether any robot part is within its clearance of another one or of the surroundings, the block excepted."""
        if self._block is None:
            return bool(self.data.ncon)
        return bool((self.data.contact.geom != self._block).all(axis=1).any())

    def arm_in_view(self) -> float:
        """Share of the arm's sampled surface points that project into the image (occlusion ignored), 0 to 1."""
        return self._arm_points.share_in_view(self.data, self._view)

    def robot_mask(self, segmentation: NDArray[np.int32]) -> NDArray[np.bool_]:
        """``(H, W)`` robot mask of an ``(H, W)`` geom segmentation."""
        return np.append(self.robot_geoms, False)[segmentation]

    def _look(self, camera: PinholeCamera, camera_T_world: NDArray[np.float64]) -> None:
        """Set what follows from the intrinsics and the ``(4, 4)`` pose of the world in the camera."""
        self.camera, self._camera_T_world = camera, camera_T_world
        self.camera_T_base_matrix = camera_T_world @ self._world_T_base
        self._camera_T_base = None
        self._view = FieldOfView(camera, camera_T_world)
