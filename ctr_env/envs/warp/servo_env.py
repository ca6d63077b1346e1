"""The servoing environment for many worlds on one device."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from torch import Tensor

from ctr_env._registration import steps_of
from ctr_env.envs.config import ServoConfig
from ctr_env.envs.episode import Episode
from ctr_env.envs.info import error_info
from ctr_env.envs.observation import observation_space
from ctr_env.envs.seeding import Seeds
from ctr_env.envs.world import CONTROL_HZ, PHYSICS_HZ, World
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import make_estimator
from ctr_env.estimators.batched.base import BatchedFrame
from ctr_env.estimators.batched.registry import make_batched_estimator
from ctr_env.geometry.batched import error_of_poses
from ctr_env.runs.configuration import require_integer
from ctr_env.runs.device import resolve_device
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.warp.camera import WarpCamera
from ctr_env.scenes.warp.simulation import WarpSimulation

from .actions import BatchedActionInterpreter
from .config import require_support
from .constants import EpisodeConstants
from .episodes import EpisodeSource
from .loop_errors import BatchedLoopErrors
from .objective import BatchedObjective, BatchedServoObjective
from .snapshot import BatchedSnapshot, batched_observation

__all__ = ["WarpServoEnv"]

_log = logging.getLogger(__name__)

Observations = dict[str, Tensor]


class WarpServoEnv(VectorEnv[Observations, Tensor, Tensor]):
    """N servoing environments in MuJoCo Warp.

    The task is that of :class:`~ctr_env.envs.ServoEnv` with a goal and a camera that stand still: observations have its
    keys, shapes and types with a leading dimension N, actions its meaning, and rewards its values. Observations,
    actions, rewards and the entries of ``info`` are torch tensors on the device. Physics, images, estimates and control
    are computed there; the host draws the episodes (see :class:`~.episodes.EpisodeSource`).

    All worlds step together, and their episodes end together. Then the next step begins new ones (Gymnasium's
    ``AutoresetMode.NEXT_STEP``): its action is not used, and its rewards are zero.

    What differs from the ordinary environments: ``action_mode`` is ``"ee_twist"`` or ``"joint_velocity"``; the
    estimator is ``ground_truth``, ``noisy`` or ``ctrnet``, the latter without contour alignment; camera and lens
    effects are not simulated; twists that the arm does not follow are not damped. Values of actions are clipped and not
    checked, as a check would wait for the device.

    Attributes:
        config: The settings.
        device: The torch device.
        kinematics: The arm's kinematics.
        estimator: The batched estimator.
        episodes: The episode of each world.
    """

    metadata: dict[str, Any] = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": [], "render_fps": CONTROL_HZ}
    _task = "servo"

    def __init__(  # noqa: PLR0913 - the arguments of ServoEnv that have a meaning here
        self,
        num_envs: int,
        *,
        device: str = "auto",
        episode_pool: int | None = None,
        robot: str | RobotDescription = "panda",
        obs_mode: str = "estimate",
        action_mode: str = "ee_twist",
        estimator: str = "ground_truth",
        estimator_config: Mapping[str, Any] | None = None,
        randomization: str | Mapping[str, Any] = "none",
        width: int | None = None,
        height: int | None = None,
        max_linear_velocity: float = 0.25,
        max_angular_velocity: float = 1.0,
    ) -> None:
        """Make N environments; Warp's kernels are compiled with the first steps (minutes, once per machine).

        Args:
            num_envs: N.
            device: ``auto`` (a CUDA device if there is one), ``cpu``, ``cuda`` or ``cuda:N``.
            episode_pool: Number of different episodes, drawn at a reset with a seed; ``None``: every world draws a
                fresh one at every reset, as ordinary environments do, which takes the host some ten milliseconds each.
            robot: See :class:`~ctr_env.envs.ServoEnv`, as of the following ones.
            obs_mode: Parts of the observation, joined by ``+``.
            action_mode: ``"ee_twist"`` or ``"joint_velocity"``.
            estimator: ``"ground_truth"``, ``"noisy"`` or ``"ctrnet"``.
            estimator_config: Fields of its configuration that differ from the defaults.
            randomization: Preset or mapping of rules.
            width: Image width, pixels.
            height: Image height, pixels.
            max_linear_velocity: Gripper speed of a full ``ee_twist`` action, m/s.
            max_angular_velocity: Angular gripper speed of the same, rad/s.

        Raises:
            ConfigurationError: If a setting is unknown or out of range, or not to be had on the GPU path.
            MissingDependencyError: If the extra ``gpu`` is not installed.
        """
        num_envs = require_integer("num_envs", num_envs, 1)
        self.config = ServoConfig(
            robot=robot,
            obs_mode=obs_mode,
            action_mode=action_mode,
            estimator=estimator,
            estimator_config=estimator_config,
            randomization=randomization,
            width=width,
            height=height,
            max_linear_velocity=max_linear_velocity,
            max_angular_velocity=max_angular_velocity,
        )
        self._parts = self.config.observation_parts
        self.kinematics = RobotKinematics(robot)
        require_support(self.config, self.kinematics, "image" in self._parts or estimator == "ctrnet")
        self.num_envs, self.device = num_envs, resolve_device(device)
        world = World(self.config, self.kinematics, make_estimator(estimator, estimator_config, self.kinematics))
        self._world, self._size = world, world.size
        self._source = EpisodeSource(world, num_envs, episode_pool)
        self.estimator = make_batched_estimator(estimator, estimator_config, self.kinematics, self.device)
        self.simulation = WarpSimulation(world.scene, num_envs, self.device)
        self._arm = BatchedKinematics(self.kinematics, self.device)
        self._actions = BatchedActionInterpreter(self.config, self._arm, 1.0 / CONTROL_HZ, self.device)
        self._camera: WarpCamera | None = None
        self._steps: int | None = None
        self._max_steps = steps_of(self._task)
        self.single_action_space = self._actions.space
        self.single_observation_space = observation_space(self._parts, self.kinematics.n, *self._size)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: Seeds = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, dict[str, Any]]:
        """Begin an episode in every world.

        Args:
            seed: Seed of this and the following episodes: world i's are those of an ordinary environment with the seed
                ``seed + i``, or with the i-th seed of a sequence; ``None``: its generator goes on.
            options: There are none.

        Raises:
            ConfigurationError: If there are options, a seed is malformed, or there are not as many as worlds.
            SamplingError: If the randomisation's rules leave no servoable, visible episode.
        """
        if options:
            raise ConfigurationError(f"reset() on the GPU path has no options, not {sorted(options)}: all worlds reset")
        if seed is not None:
            self._source.seed(seed)
        beginnings = self._source.next()
        overflowed = 0 if self._steps is None else self.simulation.overflowed()
        if overflowed:
            _log.warning("%d worlds had more contacts than there was room for in their last episode", overflowed)
        self.episodes: list[Episode] = [beginning.episode for beginning in beginnings]
        self.simulation.load([beginning.state for beginning in beginnings])
        self._constants = EpisodeConstants.of(self.episodes, self._world.scene, self.device)
        self._actions.reset()
        self.estimator.reset(self._source.noise_seed())
        self._errors = BatchedLoopErrors(
            self._constants.camera_T_goal, self._constants.camera_T_base, self.estimator.latency_s
        )
        self._objective = self._make_objective()
        self._steps = 0
        self._observe()
        return self._report()

    def step(self, actions: Tensor) -> tuple[Observations, Tensor, Tensor, Tensor, dict[str, Any]]:
        """Act for one camera frame in every world.

        Args:
            actions: ``(N, 6)`` twists or ``(N, n)`` joint velocities as shares of their limits, in [-1, 1].

        Raises:
            DataError: If the actions have the wrong shape.
        """
        if self._steps is None:
            raise gym.error.ResetNeeded("call reset() before step()")
        checked = self._actions.check(actions, self.num_envs)
        never = torch.zeros(self.num_envs, dtype=torch.bool, device=self.device)
        if self._steps >= self._max_steps:
            observations, info = self.reset()
            return observations, never.double(), never, never.clone(), info
        self._advance(checked)
        self._observe()
        observations, info = self._report()
        rewards = self._objective.reward(info["true_position_error_m"], info["true_rotation_error_rad"])
        over = torch.full_like(never, self._steps >= self._max_steps)
        return observations, rewards, never, over, info

    def images(self) -> Tensor:
        """``(N, H, W, 3)`` uint8 images of this instant."""
        return self._rendered().rgb()

    def robot_mask(self) -> Tensor:
        """``(N, H, W)`` bool true robot pixels of this instant."""
        return self._rendered().robot_mask()

    def _make_objective(self) -> BatchedObjective:
        """What the next episodes are rewarded for."""
        return BatchedServoObjective()

    def _advance(self, actions: Tensor) -> None:
        """Command the arms and let one camera period pass."""
        velocities = self._actions.velocities(actions, self._now.joint_positions)
        assert self._steps is not None
        before, after = (round((self._steps + i) * PHYSICS_HZ / CONTROL_HZ) for i in (0, 1))
        self.simulation.step(velocities, after - before)
        self._steps += 1

    def _observe(self) -> None:
        assert self._steps is not None
        fixed, time_s = self._constants, self._steps / CONTROL_HZ
        measured = self.simulation.joint_positions + fixed.joint_bias
        measured_base_T_ee = self._arm.base_T_ee(self._arm.poses(measured))
        images = self.images() if "image" in self._parts else None
        frame = BatchedFrame(
            time_s,
            measured,
            fixed.intrinsics,
            fixed.camera_T_base,
            self.images if images is None else lambda: images,
        )
        estimate = self.estimator.estimate(frame)
        self._errors.update(time_s, measured_base_T_ee, estimate)
        self._now = BatchedSnapshot(
            time_s=time_s,
            joint_positions=measured,
            joint_velocities=self.simulation.joint_velocities,
            intrinsics=fixed.intrinsics,
            camera_T_goal=fixed.camera_T_goal,
            camera_T_base=fixed.camera_T_base,
            base_T_ee=self.simulation.base_T_ee,
            base_T_goal=fixed.base_T_goal,
            measured_base_T_ee=measured_base_T_ee,
            estimate=estimate,
            images=images,
        )

    def _report(self) -> tuple[Observations, dict[str, Any]]:
        now, errors = self._now, self._errors
        true_error = error_of_poses(now.base_T_ee, now.base_T_goal)
        info = error_info(true_error, errors) | {
            "estimate_valid": now.estimate.valid,
            "camera_T_base": now.camera_T_base,
            "intrinsics": now.intrinsics,
            "time_s": now.time_s,
            "is_success": self._objective.success(now.time_s, *true_error),
        }
        return batched_observation(self._parts, now, errors), info

    def _rendered(self) -> WarpCamera:
        if self._camera is None:
            self._camera = WarpCamera(self.simulation, *self._size)
        self._camera.render()
        return self._camera
