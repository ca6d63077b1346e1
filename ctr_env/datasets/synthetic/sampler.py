"""Sampling labelled frames of a robot: joint configuration, camera, scene."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ctr_env.datasets.labelled import LabelledFrame
from ctr_env.errors import ConfigurationError, SamplingError
from ctr_env.runs.seeds import camera_seed
from ctr_env.scenes.randomization.apply import apply_draws, image_effects, sizes_of
from ctr_env.scenes.randomization.randomization import Draws, make_randomization
from ctr_env.scenes.rendering.base import Renderer
from ctr_env.scenes.rendering.image_effects import apply_image_effects
from ctr_env.scenes.rendering.radial_lens import RadialLens
from ctr_env.scenes.rendering.registry import make_renderer, require_renderer
from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.free_configurations import chain_clearance, draw_configuration, joint_range
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.views import camera_from_draws, pose_from_draws

from .backgrounds import Backgrounds
from .painting import link_places, paint_image

__all__ = ["FrameSampler"]

_CONFIGURATIONS, _SEEN_CONFIGURATIONS, _VIEWS = 200, 10, 60
_TARGET_SHARE = 0.5  # share of images that show a servo's target
_BACKGROUND_SHARE = 0.5  # share of images with a replaced background, if there are backgrounds
_CAMERA = ("camera",)


class FrameSampler:
    """Samples frames of one robot; each depends on its own seed alone.

    Half of the joint configurations lie near home, as in a servo episode; the others are uniform within the joint
    limits. All are free of contact. Cameras, rooms and image effects follow the randomisation.
    """

    def __init__(
        self,
        robot: str | RobotDescription,
        width: int = 640,
        height: int = 480,
        randomization: str | Mapping[str, Any] = "strong",
        board_share: float = 0.0,
        backgrounds: Backgrounds | None = None,
        renderer: str = "classic",
        fixed_camera: int | None = None,
    ) -> None:
        """Prepare scene and renderer.

        Args:
            robot: The robot.
            width: Image width, pixels.
            height: Image height, pixels.
            randomization: Preset or mapping, see
                :func:`~ctr_env.scenes.randomization.randomization.make_randomization`.
            board_share: Share of frames with a calibration board in the gripper.
            backgrounds: Images that replace the room behind the robot in half of the frames.
            renderer: Renderer by name.
            fixed_camera: Number of the camera of all frames; ``None``: every frame has its own.

        Raises:
            ConfigurationError: If a name is unknown (robot, randomisation, renderer) or a number is out of range.
        """
        require_renderer(renderer)
        if fixed_camera is not None:
            camera_seed(fixed_camera)
        if not 0.0 <= board_share <= 1.0:
            raise ConfigurationError(f"board_share must lie in [0, 1], not {board_share!r}")
        self.robot = get_robot(robot)
        self._size = width, height
        self._rules = make_randomization(randomization, self.robot.camera_distance)
        self._board_share = board_share
        self._backgrounds = backgrounds
        self._renderer, self._fixed_camera = renderer, fixed_camera
        self._scenes: dict[bool, tuple[Scene, Renderer]] = {}

    def sample(self, seed: int, name: str = "") -> LabelledFrame:
        """The frame of a seed.

        Raises:
            SamplingError: If no joint configuration, or no view of it, is acceptable.
        """
        rng = np.random.default_rng([seed, 0])
        scene, renderer = self._scene(bool(rng.random() < self._board_share))
        scene.restore()
        draws = self._rules.draw(seed, sizes_of(scene)) | self._rules.draw(seed, sizes_of(scene), when="frame")
        joints = self._place(scene, draws, seed, rng)
        apply_draws(scene, draws)
        lens = RadialLens.by_corner(scene.camera, float(draws["camera.distortion"]))
        scene.place_camera(lens.source, scene.world_T_camera)
        segmentation = renderer.segmentation(scene.data)
        mask = lens.warp(scene.robot_mask(segmentation).astype(np.uint8), smooth=False) > 0
        image = lens.warp(renderer.rgb(scene.data))
        pose = scene.camera_T_base
        points = pose.apply(scene.kinematics.keypoints(joints))
        if self._backgrounds is not None and rng.random() < _BACKGROUND_SHARE:
            image = self._backgrounds.behind(image, mask, rng)
        alpha = mask.astype(np.uint8) * np.uint8(255)
        image, cover = paint_image(image, alpha, link_places(points, lens.camera), draws, rng)
        mask &= cover < 128
        effects = image_effects(draws)
        depth = None
        if effects.get("defocus_px"):
            depth = lens.warp(renderer.depth(scene.data)) / scene.arm_depth
        image = apply_image_effects(image, effects, rng, depth)
        measured = joints + draws["sensors.joint_bias"]
        return LabelledFrame(name, image, lens.camera, measured, pose, points, lens.camera.project(points), mask)

    def close(self) -> None:
        """Free the graphics contexts."""
        for _, renderer in self._scenes.values():
            renderer.close()
        self._scenes.clear()

    def _scene(self, board: bool) -> tuple[Scene, Renderer]:
        if board not in self._scenes:
            width, height = self._size
            config = SceneConfig(robot=self.robot, width=width, height=height, board=board, room=self._rules.room)
            scene = Scene(config)
            self._scenes[board] = scene, make_renderer(self._renderer, scene.model, scene.camera_id, width, height)
        return self._scenes[board]

    def _place(self, scene: Scene, draws: Draws, seed: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Place arm, camera and target; returns the true joint positions."""
        if self._fixed_camera is not None and not self._find_view(
            scene, scene.kinematics.home, draws, camera_seed(self._fixed_camera), 0
        ):
            raise SamplingError(f"camera {self._fixed_camera} (camera.*) sees too little of the arm at home")
        for attempt in range(_SEEN_CONFIGURATIONS):
            joints = self._configuration(scene, rng)
            if self._fixed_camera is not None:
                if scene.arm_in_view() >= draws["camera.min_arm_in_view"]:
                    break
            elif self._find_view(scene, joints, draws, seed, attempt * _VIEWS):
                break
        else:
            raise SamplingError(f"no camera (camera.*) was found that sees enough of the arm (frame seed {seed})")
        if rng.random() < _TARGET_SHARE:
            lower, upper = joint_range(scene.kinematics)
            goal = np.clip(joints + rng.uniform(-0.45, 0.45, len(joints)), lower, upper)
            scene.place_target(scene.kinematics.base_T_ee(goal))
        return joints

    def _find_view(self, scene: Scene, joints: NDArray[np.float64], draws: Draws, seed: int, first: int) -> bool:
        """Place the camera at the first drawn view that shows enough of the arm; ``False`` if none does."""
        k = scene.kinematics
        chain, gripper = k.keypoints(joints), k.base_T_ee(joints).translation
        middle = (chain.mean(axis=0) + gripper) / 2
        for index in range(first, first + _VIEWS):
            draws |= self._rules.draw(seed, sizes_of(scene), index=index, groups=_CAMERA)
            centre = scene.world_T_base.apply(middle + float(draws["camera.on_gripper"]) * (gripper - middle))
            pose = pose_from_draws(draws, centre, self.robot.camera_azimuth)
            eye = pose.translation
            if not scene.inside_room(eye):
                continue
            if chain_clearance(scene.world_T_base.apply(chain), eye) < draws["camera.min_clearance"]:
                continue
            scene.place_camera(camera_from_draws(draws, *self._size), pose)
            if scene.arm_in_view() >= draws["camera.min_arm_in_view"]:
                return True
        return False

    def _configuration(self, scene: Scene, rng: np.random.Generator) -> NDArray[np.float64]:
        for _ in range(_CONFIGURATIONS):
            joints = draw_configuration(scene.kinematics, rng)
            scene.place_arm(joints)
            if not scene.touches():
                return joints
        raise SamplingError(f"no joint configuration of {self.robot.name} was found that touches nothing")
