"""The servoing environment: pixels to pose estimate to joint velocities, thirty times a second."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.controllers import PBVSController, ServoCommand, ServoGoal, ServoState
from ctr_env.datasets.frame import Frame
from ctr_env.estimators import GroundTruth, PoseEstimate, estimator_entries, make_estimator
from ctr_env.geometry import pose_error
from ctr_env.scenes.randomization.fields import apply_draws, image_effects, sizes_of
from ctr_env.scenes.randomization.randomization import Draws, check_draws, make_randomization
from ctr_env.scenes.rendering.base import Renderer
from ctr_env.scenes.rendering.image_effects import apply_image_effects
from ctr_env.scenes.rendering.registry import make_renderer
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

from .config import ServoConfig
from .episode import Episode, EpisodeSampler
from .loop_errors import LoopErrors
from .observation import Snapshot, observation, observation_space
from .success import SuccessMonitor

__all__ = ["CONTROL_HZ", "ServoEnv"]

CONTROL_HZ = 30
"""Camera frames, and steps of the environment, per second."""
PHYSICS_HZ = 500
_ROTATION_WEIGHT_M = 0.1  # metres that a radian of error counts as in the reward

Observation = dict[str, NDArray[Any]]


class ServoEnv(gym.Env[Observation, NDArray[np.float32]]):
    """A robot, a camera and a goal that is known only in the camera's frame.

    One step lasts one camera frame (1/30 s). The estimator turns the frame (and the measured joint positions) into
    ``camera_T_base``; through it the goal becomes a pose in the base frame, which the controller servos to. What the
    action means is chosen by ``action_mode``, what is observed by ``obs_mode`` (see :class:`ServoConfig`).

    **Reward**: minus the true position error (m), minus 0.1 times the true rotation error (rad). Episodes are truncated
    after a fixed number of steps and never terminated: staying at the goal is part of the task.

    **info** (the same keys and shapes at every step, nothing of wall-clock time): ``is_success``;
    ``true_position_error_m`` and ``true_rotation_error_rad`` (gripper against goal, from the simulator);
    ``apparent_position_error_m`` and ``apparent_rotation_error_rad`` (what the loop believes in the camera's frame;
    with a closed endpoint, where the newest image shows the gripper); ``estimate_position_error_m`` and
    ``estimate_rotation_error_rad`` (``camera_T_base`` itself); ``estimate_valid``, ``estimate_reason``;
    ``controller_mode``, ``controller_reason``; ``arm_in_view``, ``at_joint_limit``, ``time_s``;
    ``camera_T_base`` (true, ``(4, 4)``), ``intrinsics`` ``(4,)``; ``seed``, ``draws`` (every random draw of the
    episode), ``frame_draws`` (those of this frame). While there has been no valid estimate, apparent and estimate
    errors are zero: look at ``estimate_known``.

    **reset options**: ``{"draws": info["draws"]}`` replays recorded draws, all of them or a few, on otherwise fresh
    randomness; with ``"seed": info["seed"]`` as well, noise and everything else repeat bit for bit.

    Attributes:
        config: What was chosen at construction.
        kinematics: The arm's kinematics.
        estimator: The pose estimator.
        controller: The controller.
    """

    metadata: dict[str, Any] = {
        "render_modes": ["rgb_array", "depth_array"],
        "render_fps": CONTROL_HZ,
    }

    def __init__(self, render_mode: str | None = None, **config: Any) -> None:
        """Make an environment; no graphics context is created before the first image.

        Args:
            render_mode: ``"rgb_array"``, ``"depth_array"`` or ``None``.
            **config: Fields of :class:`ServoConfig`.

        Raises:
            ValueError: If a name is unknown or a value is not valid.
        """
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            valid = ", ".join(self.metadata["render_modes"])
            raise ValueError(f"unknown render_mode {render_mode!r}; valid names: {valid}")
        self.render_mode = render_mode
        self.config = c = ServoConfig.from_kwargs(config)
        self.kinematics = RobotKinematics(c.robot)
        self.estimator = make_estimator(c.estimator, c.estimator_config, self.kinematics)
        self.controller = PBVSController(self.kinematics, self._controller_config(), 1.0 / CONTROL_HZ)
        self._closed = self.controller.config.endpoint == "closed"
        if self._closed and not self.estimator.sees_gripper:
            able = ", ".join(name for name, entry in estimator_entries().items() if entry.sees_gripper)
            raise ValueError(
                f"endpoint='closed' needs an estimator that sees the gripper; {type(self.estimator).__name__} does not "
                f"(these do, as does an estimator that wraps one of them: {able})"
            )
        default_width, default_height = self.estimator.image_size
        self._width, self._height = c.width or default_width, c.height or default_height
        self._parts = c.observation_parts
        self._images = "image" in self._parts or self.estimator.needs_image
        self._rules = make_randomization(c.randomization, self.kinematics.robot.camera_distance)
        board, room = self.estimator.needs_board, self._rules.room
        self._scene = Scene(SceneConfig(c.robot, self._width, self._height, board=board, room=room))
        track = c.task == "track"
        self._sampler = EpisodeSampler(
            self._scene,
            self._rules,
            goal_moves=track and c.moving in ("goal", "both"),
            camera_moves=track and c.moving in ("camera", "both"),
        )
        self._renderer: Renderer | None = None
        n = self.kinematics.n
        self.observation_space: spaces.Space[Any] = observation_space(self._parts, n, self._width, self._height)
        size = n if c.action_mode == "joint_velocity" else 6
        self.action_space = spaces.Box(-1.0, 1.0, (size,), np.float32)
        speed = [c.max_linear_velocity] * 3 + [c.max_angular_velocity] * 3
        self._action_scale = self.kinematics.velocity_limits if c.action_mode == "joint_velocity" else np.array(speed)
        self._episode: Episode | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of this and the following episodes.
            options: ``{"draws": mapping, "seed": int}``, either or both, as ``info`` recorded them: what to replay.

        Raises:
            ValueError: If an option or a draw is unknown or malformed.
            RuntimeError: If the randomisation's rules leave no servoable, visible episode.
        """
        super().reset(seed=seed)
        replay, replayed_seed = self._replay(options)
        fresh_seed = int(self.np_random.integers(2**62))
        episode_seed = fresh_seed if replayed_seed is None else replayed_seed
        self._episode = None
        self._scene.restore()
        self._episode = self._sampler.sample(episode_seed, self._width, self._height, replay)
        self._steps = 0
        self._dress_scene(self._episode)
        self._monitor = SuccessMonitor()
        self._errors = LoopErrors(self._closed)
        self._command = ServoCommand(np.zeros(self.kinematics.n), np.zeros(6), "hold", "not_started")
        self.controller.reset()
        self.estimator.reset(self._stream("estimator"))
        self._look()
        return self._report()

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Act for one camera frame.

        Args:
            action: ``(6,)`` twist or ``(n,)`` joint velocities as shares of their limits, in [-1, 1].

        Raises:
            ValueError: If the action has the wrong shape or is not finite.
        """
        if self._episode is None:
            raise gym.error.ResetNeeded("call reset() before step()")
        action = np.asarray(action, dtype=float)
        if action.shape != self.action_space.shape or not np.isfinite(action).all():
            raise ValueError(f"an action is {self.action_space.shape} finite numbers, not {action!r}")
        self._command = self._control(np.clip(action, -1.0, 1.0) * self._action_scale)
        self._advance()
        self._look()
        obs, info = self._report()
        reward = -(info["true_position_error_m"] + _ROTATION_WEIGHT_M * info["true_rotation_error_rad"])
        return obs, float(reward), False, False, info

    def render(self) -> NDArray[Any] | None:
        """The camera's image: ``(H, W, 3)`` uint8, or ``(H, W)`` float32 metres for ``"depth_array"``."""
        if self.render_mode is None or self._episode is None:
            return None
        if self.render_mode == "depth_array":
            return self.renderer.depth(self._scene.data)
        return self.image()

    def close(self) -> None:
        """Free the graphics context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    @property
    def scene(self) -> Scene:
        """The simulated world."""
        return self._scene

    @property
    def snapshot(self) -> Snapshot:
        """All that is known, and true, at this instant."""
        return self._now

    @property
    def last_command(self) -> ServoCommand:
        """What the controller last asked for."""
        return self._command

    def image(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 image of this instant, camera effects included."""
        return self._image() if self._now.image is None else self._now.image

    def robot_mask(self) -> NDArray[np.bool_]:
        """``(H, W)`` true robot pixels of this instant."""
        return self._scene.robot_mask(self.renderer.segmentation(self._scene.data))

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the graphics context, which belongs to this process."""
        return {**self.__dict__, "_renderer": None}

    def _controller_config(self) -> Mapping[str, Any]:
        defaults = {"feed_forward": "estimate"} if self.config.task == "track" else {}
        return {**defaults, **(self.config.controller_config or {})}

    def _replay(self, options: Mapping[str, Any] | None) -> tuple[dict[str, NDArray[np.float64]], int | None]:
        """Draws, and the seed of an episode, that reset options ask for."""
        options = options or {}
        for name in options:
            if name not in ("draws", "seed"):
                raise ValueError(f"unknown reset option {name!r}; valid names: draws, seed")
        seed = options.get("seed")
        if seed is not None and not (isinstance(seed, int) and seed >= 0):
            raise ValueError(f"the reset option seed must be an int >= 0, not {seed!r}")
        return check_draws(options.get("draws", {}), sizes_of(self._scene)), seed

    def _stream(self, name: str, index: int = 0) -> np.random.Generator:
        assert self._episode is not None
        return np.random.default_rng([self._episode.seed, zlib.crc32(name.encode()), index])

    def _dress_scene(self, episode: Episode) -> None:
        self._scene.restore()
        self._scene.place_arm(episode.start)
        self._scene.place_camera(episode.camera, episode.world_T_camera(0.0))
        apply_draws(self._scene, episode.draws)
        self._scene.place_target(episode.base_T_goal(0.0))
        self._effects = image_effects(episode.draws)
        self._frame_draws: Draws = {}

    def _control(self, action: NDArray[np.float64]) -> ServoCommand:
        now = self._now
        state = ServoState(now.joint_positions, now.time_s)
        if self.config.action_mode == "joint_velocity":
            return self.controller.velocity_command(action, state)
        if self.config.action_mode == "ee_twist":
            return self.controller.twist_command(action, state)
        return self.controller.command(self._servo_goal(now.estimate), state, action)

    def _servo_goal(self, estimate: PoseEstimate) -> ServoGoal | None:
        base_T_goal = self._errors.base_T_goal
        if not estimate.valid or base_T_goal is None:
            return None
        return ServoGoal(base_T_goal, estimate.time_s, gripper_offset=self._errors.gripper_offset)

    def _camera_T_goal(self, time_s: float) -> RigidTransform:
        assert self._episode is not None
        if self.config.task == "servo" and self._steps > 0:
            return self._now.camera_T_goal  # nothing moves
        world_T_goal = self._scene.world_T_base * self._episode.base_T_goal(time_s)
        return self._episode.world_T_camera(time_s).inv() * world_T_goal

    def _advance(self) -> None:
        assert self._episode is not None
        before, after = (round((self._steps + i) * PHYSICS_HZ / CONTROL_HZ) for i in (0, 1))
        self._scene.step(self._command.joint_velocities, after - before)
        self._steps += 1
        if self.config.task == "track":
            self._scene.place_camera(self._episode.camera, self._episode.world_T_camera(self._time))
            self._scene.place_target(self._episode.base_T_goal(self._time))

    @property
    def _time(self) -> float:
        return self._steps / CONTROL_HZ

    def _look(self) -> None:
        """Take a image, estimate, and note what is true."""
        assert self._episode is not None
        scene = self._scene
        if self._rules.per_frame:
            self._frame_draws = self._rules.draw(self._episode.seed, sizes_of(scene), when="frame", index=self._steps)
        measured = scene.joint_positions + self._episode.draws["sensors.joint_bias"]
        image = self._image() if self._images else None
        truth = scene.camera_T_base
        if self.estimator.needs_truth:
            self.estimator.observe_truth(GroundTruth(self._time, truth, truth * scene.base_T_ee))
        estimate = self.estimator.estimate(Frame(measured, scene.camera, self._time, image))
        self._now = Snapshot(
            time_s=self._time,
            joint_positions=measured,
            joint_velocities=scene.joint_velocities,
            camera=scene.camera,
            camera_T_goal=self._camera_T_goal(self._time),
            camera_T_base=truth,
            base_T_ee=scene.base_T_ee,
            base_T_goal=self._episode.base_T_goal(self._time),
            estimate=estimate,
            image=image,
        )
        self._errors.update(self._now, self.kinematics.base_T_ee(measured))

    def _image(self) -> NDArray[np.uint8]:
        assert self._episode is not None
        image = self.renderer.rgb(self._scene.data)
        effects = self._effects
        if self._frame_draws:
            effects = effects | image_effects(self._frame_draws)
        if not effects:
            return image
        depth = None
        if effects.get("defocus_px"):
            depth = self.renderer.depth(self._scene.data) / self._scene.arm_depth
        return apply_image_effects(image, effects, self._stream("image", self._steps), depth)

    @property
    def renderer(self) -> Renderer:
        """The renderer of this environment's images, made on first use."""
        if self._renderer is None:  # here and not in the constructor: contexts cannot be forked or pickled
            self._renderer = make_renderer(
                self.config.renderer, self._scene.model, self._scene.camera_id, self._width, self._height
            )
        return self._renderer

    def _report(self) -> tuple[Observation, dict[str, Any]]:
        assert self._episode is not None
        now, errors, camera = self._now, self._errors, self._now.camera
        position_error, rotation_error = pose_error(now.base_T_ee, now.base_T_goal)
        info = {
            "is_success": self._monitor.update(now.time_s, position_error, rotation_error),
            "true_position_error_m": position_error,
            "true_rotation_error_rad": rotation_error,
            "apparent_position_error_m": errors.apparent_error[0],
            "apparent_rotation_error_rad": errors.apparent_error[1],
            "estimate_position_error_m": errors.estimate_error[0],
            "estimate_rotation_error_rad": errors.estimate_error[1],
            "estimate_known": errors.known,
            "estimate_valid": now.estimate.valid,
            "estimate_reason": now.estimate.reason,
            "controller_mode": self._command.mode,
            "controller_reason": self._command.reason,
            "arm_in_view": self._scene.arm_in_view(),
            "at_joint_limit": self._at_joint_limit(),
            "time_s": now.time_s,
            "camera_T_base": now.camera_T_base.as_matrix(),
            "intrinsics": np.array([camera.fx, camera.fy, camera.cx, camera.cy]),
            "seed": self._episode.seed,
            "draws": {name: value.copy() for name, value in self._episode.draws.items()},
            "frame_draws": {name: value.copy() for name, value in self._frame_draws.items()},
        }
        return observation(self._parts, now), info

    def _at_joint_limit(self) -> bool:
        q, k = self._scene.joint_positions, self.kinematics
        return bool(np.any((q < k.lower + 0.02) | (q > k.upper - 0.02)))
