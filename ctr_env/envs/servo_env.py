"""The servoing environment: image to pose estimate to joint velocities, thirty times a second."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ctr_env.controllers import Controller, ServoCommand, ServoState
from ctr_env.estimators import PoseEstimate, PoseEstimator
from ctr_env.geometry import matrix_error
from ctr_env.runs.configuration import require_choice
from ctr_env.scenes.randomization.apply import sizes_of
from ctr_env.scenes.randomization.randomization import Draws
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.scene import Scene

from .actions import ActionInterpreter
from .agent import make_agent
from .config import ServoConfig
from .episode import Episode
from .goal import servo_goal
from .info import step_info
from .loop_errors import LoopErrors
from .measurement import Measurement
from .objective import Objective, ServoObjective
from .observation import Snapshot, observation, observation_space
from .replay import read_reset_options
from .success import POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD
from .world import CONTROL_HZ, World

__all__ = ["CONTROL_HZ", "ServoEnv"]

Observation = dict[str, NDArray[Any]]


class ServoEnv(gym.Env[Observation, NDArray[np.float32]]):
    """A robot, a camera and a goal that is known only in the camera frame.

    One step lasts one camera frame (1/30 s) and has four parts: *control* (the goal, transformed to the base frame by
    the newest estimate, and the action become joint velocities), *advance* (the physics, and whatever moves),
    *observe* (image, measured joint positions and the estimate of ``camera_T_base``) and *report* (observation, reward,
    info). The meaning of an action is chosen by ``action_mode``, the content of an observation by ``obs_mode``.

    Episodes are truncated after a fixed number of steps and never terminated: staying at the goal is part of the task.
    See :func:`~ctr_env.envs.reward.reward` for the reward and :func:`~ctr_env.envs.info.step_info` for ``info``.

    **reset options**: ``{"draws": info["draws"]}`` replays recorded draws, all of them or a few, on otherwise fresh
    randomness; with ``"seed": info["seed"]`` as well, noise and everything else repeat bit for bit.

    Attributes:
        config: The settings.
        kinematics: The arm's kinematics.
        estimator: The pose estimator.
        controller: The controller.
    """

    task_arguments: tuple[str, ...] = ()  # arguments beside those of ServoEnv, for studies and train-rl
    metadata: dict[str, Any] = {
        "render_modes": ["rgb_array", "depth_array"],
        "render_fps": CONTROL_HZ,
    }

    def __init__(  # noqa: PLR0913 - one argument for each field of ServoConfig
        self,
        render_mode: str | None = None,
        *,
        robot: str | RobotDescription = "panda",
        task: str = "servo",
        moving: str = "goal",
        obs_mode: str = "estimate",
        action_mode: str = "pbvs",
        estimator: str | PoseEstimator = "ground_truth",
        estimator_config: Mapping[str, Any] | None = None,
        controller: str | Controller = "pbvs",
        controller_config: Mapping[str, Any] | None = None,
        randomization: str | Mapping[str, Any] = "none",
        renderer: str = "classic",
        width: int | None = None,
        height: int | None = None,
        max_linear_velocity: float = 0.25,
        max_angular_velocity: float = 1.0,
    ) -> None:
        """Make an environment; the graphics context is made for the first image.

        Args:
            render_mode: ``"rgb_array"``, ``"depth_array"`` or ``None``.
            robot: Robot, by name or by description.
            task: ``"servo"`` (goal and camera stand still) or ``"track"`` (one of them moves).
            moving: What moves in ``"track"``: ``"goal"``, ``"camera"`` or ``"both"``.
            obs_mode: Parts of the observation, joined by ``+``: ``"state"``, ``"estimate"``, ``"apparent"``,
                ``"image"``, ``"privileged"``.
            action_mode: ``"pbvs"``: the action is a residual twist (m/s, rad/s, base axes) added to the controller's;
                ``"ee_twist"``: the gripper's twist; ``"joint_velocity"``: the arm's joint velocities.
            estimator: Pose estimator, by name or as an object.
            estimator_config: Configuration of an estimator given by name: the fields that differ from its defaults.
            controller: Controller, by name or as an object.
            controller_config: Configuration of a controller given by name, likewise.
            randomization: Preset or mapping of rules.
            renderer: Renderer, by name.
            width: Image width, pixels; ``None``: the width that the estimator is made for.
            height: Image height, pixels; ``None``: the height that the estimator is made for.
            max_linear_velocity: Gripper speed of a full ``ee_twist`` or residual action, m/s.
            max_angular_velocity: Angular gripper speed of the same, rad/s.

        Raises:
            ConfigurationError: If a name is unknown, a value is out of its range, or the controller needs to see the
                gripper and the estimator does not.
        """
        if render_mode is not None:
            require_choice("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.config = ServoConfig(
            robot=robot,
            task=task,
            moving=moving,
            obs_mode=obs_mode,
            action_mode=action_mode,
            estimator=estimator,
            estimator_config=estimator_config,
            controller=controller,
            controller_config=controller_config,
            randomization=randomization,
            renderer=renderer,
            width=width,
            height=height,
            max_linear_velocity=max_linear_velocity,
            max_angular_velocity=max_angular_velocity,
        )
        self.kinematics = RobotKinematics(robot)
        self.estimator, self.controller = make_agent(self.config, self.kinematics, 1.0 / CONTROL_HZ)
        self._actions = ActionInterpreter(self.config, self.kinematics, self.controller)
        self.action_space = self._actions.space
        self._world = self._make_world()
        self.observation_space: spaces.Space[Any] = observation_space(
            self.config.observation_parts, self.kinematics.n, *self._world.size
        )
        self._episode: Episode | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Seed of this and the following episodes.
            options: ``{"draws": mapping, "seed": int}``, either or both, as ``info`` recorded them: what to replay.

        Raises:
            ConfigurationError: If an option or a draw is unknown or malformed.
            SamplingError: If the randomisation's rules leave no servoable, visible episode.
        """
        self.begin(seed=seed, options=options)
        return self._observe()

    def step(self, action: NDArray[np.float32]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Act for one camera frame.

        Args:
            action: ``(6,)`` twist or ``(n,)`` joint velocities as shares of their limits, in [-1, 1].

        Raises:
            DataError: If the action has the wrong shape or is not finite.
        """
        self.act(action)
        self.advance()
        obs, info = self._observe()
        return obs, self.step_reward(obs, info), False, False, info

    def begin(self, *, seed: int | None, options: Mapping[str, Any] | None) -> None:
        """The part of :meth:`reset` before the first measurement; same arguments and errors."""
        super().reset(seed=seed)
        replay = read_reset_options(options, sizes_of(self._world.scene))
        fresh_seed = int(self.np_random.integers(2**62))
        self._episode = None
        episode = self._world.begin(fresh_seed if replay.seed is None else replay.seed, replay.draws)
        self._episode = episode
        self._steps = 0
        self._command = ServoCommand(np.zeros(self.kinematics.n), np.zeros(6), "hold", "not_started")
        self._objective = self._make_objective()
        self._errors = LoopErrors(self.controller.needs_gripper)
        self._joint_offsets = np.zeros(self.kinematics.n)  # by the newest valid estimate that tells them
        self.controller.reset()
        self.estimator.reset(episode.stream("estimator"))

    def act(self, action: NDArray[np.float32]) -> None:
        """Ask the controller for the command of the next camera frame.

        Raises:
            DataError: If the action has the wrong shape or is not finite.
            gymnasium.error.ResetNeeded: If there is no episode yet.
        """
        if self._episode is None:
            raise gym.error.ResetNeeded("call reset() before step()")
        self._command = self._control(self._actions.check(action))

    def advance(self) -> None:
        """Let one camera frame pass. Several environments may do so at once, in threads."""
        self._world.advance(self.episode, self._command.joint_velocities, self._steps)
        self._steps += 1

    def measure(self) -> Measurement:
        """What there is to know before the image is taken and the pose estimated."""
        return self._world.measure(self.episode, self._steps)

    def conclude(
        self, measured: Measurement, image: NDArray[np.uint8] | None, estimate: PoseEstimate
    ) -> tuple[Observation, dict[str, Any]]:
        """Observation and ``info`` (without ``draws``) of a measured frame.

        Args:
            measured: The frame.
            image: Its ``(H, W, 3)`` uint8 image; ``None`` if it has none.
            estimate: The estimate made from it.
        """
        self._now = Snapshot.of(measured, image, estimate)
        if estimate.valid and estimate.joint_offsets is not None:
            self._joint_offsets = estimate.joint_offsets
        self._record(self.kinematics.ee_matrix(measured.joint_positions + self._joint_offsets))
        return self._report(self.episode)

    def step_reward(self, obs: Observation, info: dict[str, Any]) -> float:
        """The reward of a step that led to an observation; to be called once a step."""
        return self._reward(obs, info)

    @property
    def tolerances(self) -> tuple[float, float] | None:
        """True position error (m) and rotation error (rad) below which the goal counts as reached.

        ``None`` where the gripper does not have to reach the goal, as where success is of a block.
        """
        return POSITION_TOLERANCE_M, ROTATION_TOLERANCE_RAD

    def _make_world(self) -> World:
        return World(self.config, self.kinematics, self.estimator)

    def _make_objective(self) -> Objective:
        """What the next episode is rewarded for."""
        return ServoObjective()

    def _reward(self, obs: Observation, info: dict[str, Any]) -> float:
        return self._objective.reward(*self._judged(info))

    def _judged(self, info: dict[str, Any]) -> tuple[float, float]:
        """Position error (m) and rotation error (rad) by which the objective judges."""
        return info["true_position_error_m"], info["true_rotation_error_rad"]

    def _record(self, measured_base_T_ee: NDArray[np.float64]) -> None:
        """Record the new instant and the gripper's ``(4, 4)`` pose by its encoders."""
        self._errors.update(self._now, measured_base_T_ee)

    def _control(self, action: NDArray[np.float64]) -> ServoCommand:
        """Ask the controller."""
        now = self._now
        goal = servo_goal(now, self._errors) if self._actions.servoes else None
        state = ServoState(now.joint_positions + self._joint_offsets, now.time_s)
        return self._actions.command(action, goal, state)

    def _observe(self) -> tuple[Observation, dict[str, Any]]:
        measured = self.measure()
        image = self._take_image(measured.frame_draws) if measured.wants_image else None
        obs, info = self.conclude(measured, image, self.estimator.estimate(measured.frame(image)))
        return obs, info | {"draws": {name: value.copy() for name, value in self.episode.draws.items()}}

    def _take_image(self, frame_draws: Draws) -> NDArray[np.uint8]:
        return self._world.camera.image(self.episode, frame_draws, self._steps)

    def _report(self, episode: Episode) -> tuple[Observation, dict[str, Any]]:
        info = self._describe(episode)
        info["is_success"] = self._objective.success(self._now.time_s, *self._judged(info))
        return observation(self.config.observation_parts, self._now, self._errors), info

    def _describe(self, episode: Episode) -> dict[str, Any]:
        """``info`` but for ``is_success`` and ``draws``."""
        now = self._now
        true_error = matrix_error(now.base_T_ee_matrix, now.base_T_goal_matrix)
        return step_info(episode, now, self._errors, self._command, true_error)

    def render(self) -> NDArray[Any] | None:
        """The camera's image: ``(H, W, 3)`` uint8, or ``(H, W)`` float32 metres for ``"depth_array"``."""
        if self.render_mode is None or self._episode is None:
            return None
        return self._world.camera.depth() if self.render_mode == "depth_array" else self.image()

    def close(self) -> None:
        """Free the graphics context."""
        self._world.camera.close()

    @property
    def scene(self) -> Scene:
        """The simulated world."""
        return self._world.scene

    @property
    def episode(self) -> Episode:
        """The present episode.

        Raises:
            gymnasium.error.ResetNeeded: If there is no episode yet.
        """
        if self._episode is None:
            raise gym.error.ResetNeeded("call reset() first: there is no episode yet")
        return self._episode

    @property
    def snapshot(self) -> Snapshot:
        """All that is known, and true, at this instant."""
        return self._now

    @property
    def command(self) -> ServoCommand:
        """The command that led to this instant."""
        return self._command

    def image(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 image of this instant, camera effects included.

        Raises:
            gymnasium.error.ResetNeeded: If there is no episode yet.
        """
        if self._episode is None:
            raise gym.error.ResetNeeded("call reset() before image()")
        if self._now.image is not None:
            return self._now.image
        return self._take_image(self._now.frame_draws)

    def robot_mask(self) -> NDArray[np.bool_]:
        """``(H, W)`` true robot pixels of this instant."""
        return self._world.camera.robot_mask()
