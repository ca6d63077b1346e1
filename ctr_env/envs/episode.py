"""Sampling of an episode: start, goal and camera such that the goal is reachable and in view."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import RigidTransform

from ctr_env.errors import SamplingError
from ctr_env.geometry import PinholeCamera, inverse_matrix
from ctr_env.scenes.randomization.apply import sizes_of
from ctr_env.scenes.randomization.randomization import Draws, Randomization
from ctr_env.scenes.world.scene import Scene
from ctr_env.scenes.world.views import CameraMotion, PoseSway, camera_from_draws, pose_from_draws

from .reachability import ReachabilityCheck
from .task_rules import TaskRules

__all__ = ["Episode", "EpisodeSampler", "Placement"]

_TASKS, _VIEWS = 60, 30
_SELECTIVE_TASKS = 300  # where rules reject most of them
_TASK_GROUPS = ("task", "goal_motion")
_CAMERA_GROUPS = ("camera", "camera_motion")
_JOINT_MARGIN = 0.12  # rad kept from the joint stops
_CLEARANCE = 0.12  # metres between goal and table or floor
_IMAGE_MARGIN = 0.04  # share of the image's size
_HORIZON_S = 10.0  # time for which the motion of goal and camera is checked


@dataclass(frozen=True)
class Episode:
    """Everything that is fixed when an episode begins.

    Attributes:
        seed: Seed of all its random draws.
        draws: All random draws, by field name; sufficient to replay the episode.
        start: ``(n,)`` joint positions at time zero, rad.
        goal_pose: ``base_T_goal`` at time zero.
        goal_sway: The goal's motion about that pose; ``None`` if it stands still.
        camera: Intrinsics.
        camera_start: ``world_T_camera`` at time zero.
        camera_motion: The camera's path; ``None`` if it stands still.
        seen: Further poses of the task in the base frame that are in view at all times, as the goal is.
    """

    seed: int
    draws: Draws
    start: NDArray[np.float64]
    goal_pose: RigidTransform
    goal_sway: PoseSway | None
    camera: PinholeCamera
    camera_start: RigidTransform
    camera_motion: CameraMotion | None
    seen: tuple[RigidTransform, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether goal or camera move."""
        return self.goal_sway is not None or self.camera_motion is not None

    def base_T_goal(self, time_s: float) -> RigidTransform:
        """Goal pose at a time."""
        return self.goal_pose if self.goal_sway is None else self.goal_sway.apply(self.goal_pose, time_s)

    def base_T_goal_matrix(self, time_s: float) -> NDArray[np.float64]:
        """The same as a ``(4, 4)`` matrix."""
        return self._goal_matrix if self.goal_sway is None else self.base_T_goal(time_s).as_matrix()

    def world_T_camera(self, time_s: float) -> RigidTransform:
        """Camera pose (OpenCV axes) at a time."""
        return self.camera_start if self.camera_motion is None else self.camera_motion.pose(time_s)

    @cached_property
    def _goal_matrix(self) -> NDArray[np.float64]:
        return self.goal_pose.as_matrix()

    def stream(self, name: str, index: int = 0) -> np.random.Generator:
        """Random generator for one purpose, independent of those for others.

        Args:
            name: The purpose, such as ``"estimator"``.
            index: Number within it, such as that of a frame.
        """
        return np.random.default_rng([self.seed, zlib.crc32(name.encode()), index])


class Placement(NamedTuple):
    """What a task makes of a drawn goal; poses of the gripper or an object, base frame."""

    goal: RigidTransform
    """The goal."""
    reached: tuple[RigidTransform, ...] = ()
    """Further poses that a servo must reach from the start."""
    seen: tuple[RigidTransform, ...] = ()
    """Further poses that must be in view."""


class EpisodeSampler:
    """Samples episodes of one scene.

    Tasks are sampled until a kinematic servo reaches the goal from the start without contact; then cameras, until the
    goal is always in view, and enough of the arm at the start and on arrival, along the whole path of a moving camera.

    Attributes:
        goal_scale: Factor on the draw :attr:`scaled`; the draws of an episode record the product.
        scaled: Field that says how far the goal is; by default the joint offsets from start to goal.
        place_goal: Maps the goal that is drawn, and all draws, to what the episode has.
    """

    def __init__(self, scene: Scene, rules: Randomization, goal_moves: bool, camera_moves: bool) -> None:
        """Sample for a scene by given rules.

        Args:
            scene: The scene.
            rules: Randomisation.
            goal_moves: Whether the goal moves.
            camera_moves: Whether the camera moves.
        """
        self._scene = scene
        self._rules = rules
        self._goal_moves = goal_moves
        self._camera_moves = camera_moves
        self.goal_scale = 1.0
        self.scaled = "task.goal"
        self.place_goal: Callable[[RigidTransform, Draws], Placement] = _as_drawn
        self._sizes = sizes_of(scene)
        self._world_T_base = scene.world_T_base.as_matrix()
        self._reachability = ReachabilityCheck(scene)

    def sample(self, seed: int, width: int, height: int, replay: Mapping[str, NDArray]) -> Episode:
        """Sample one episode. The scene serves for checks and is left in some state: restore it afterwards.

        Args:
            seed: Seed of the episode.
            width: Image width, pixels.
            height: Image height, pixels.
            replay: Values that replace drawn ones, by field name.

        Raises:
            SamplingError: If no acceptable episode is found; the message names the fields in the way.
        """
        draws = self._rules.draw(seed, self._sizes)
        draws |= {name: value for name, value in replay.items() if name in draws}
        obstacle = ""
        for attempt in range(_SELECTIVE_TASKS):
            task = draws | self._redrawn(seed, attempt, _TASK_GROUPS)
            task = task | {self.scaled: self.goal_scale * task[self.scaled]} | dict(replay)
            first = self._view(seed, task, attempt, 0, replay)
            rules = TaskRules(self._scene, first)
            if attempt >= _TASKS and not rules.selective:
                break
            start, placement, sway = self._task(task, rules)
            arrival = self._arrival(start, placement, sway, rules)
            if arrival is None:
                obstacle = "no start and goal (task.*, goal_motion.*) were found that a servo can connect"
                continue
            for view in range(1 if rules.rotates else _VIEWS):
                chosen = self._view(seed, task, attempt, view, replay) if view else first
                episode = self._with_camera(seed, chosen, start, placement, sway, arrival, width, height)
                if self._sees(episode, arrival):
                    return episode
            obstacle = "no camera (camera.*, camera_motion.*) was found that has the goal and enough of the arm in view"
        raise SamplingError(f"after {attempt} tasks: {obstacle}; widen the randomisation rules of these fields")

    def _view(self, seed: int, task: Draws, attempt: int, view: int, replay: Mapping[str, NDArray]) -> Draws:
        """The draws of a task with those of one of its views."""
        return task | self._redrawn(seed, attempt * _VIEWS + view, _CAMERA_GROUPS) | dict(replay)

    def _redrawn(self, seed: int, index: int, groups: tuple[str, ...]) -> Draws:
        """The draws of some groups for another attempt; none for the first one, which has the episode's own."""
        return self._rules.draw(seed, self._sizes, index=index, groups=groups) if index else {}

    def _task(self, draws: Draws, rules: TaskRules) -> tuple[NDArray[np.float64], Placement, PoseSway | None]:
        kinematics = self._scene.kinematics
        lower, upper = kinematics.lower + _JOINT_MARGIN, kinematics.upper - _JOINT_MARGIN
        start = np.clip(rules.start(kinematics.home + draws["task.start"]), lower, upper)
        by_rules = rules.goal(start, draws["task.goal"])
        if by_rules is None:
            drawn = kinematics.base_T_ee(np.clip(start + draws["task.goal"], lower, upper))
            placement = self.place_goal(drawn, draws)
        else:
            placement = Placement(by_rules)
        sway = None
        if self._goal_moves:
            sway = PoseSway(draws["goal_motion.amplitude"], draws["goal_motion.period"], draws["goal_motion.phase"])
        return start, placement, sway

    def _arrival(
        self, start: NDArray[np.float64], placement: Placement, sway: PoseSway | None, rules: TaskRules
    ) -> NDArray[np.float64] | None:
        """``(n,)`` joint positions at which a servo reaches the initial goal; ``None`` if it does not, or not so."""
        waypoints = [placement.goal]
        if sway is not None:
            waypoints += [sway.apply(placement.goal, time) for time in np.arange(0.5, _HORIZON_S, 0.5)]
        floor = _CLEARANCE - (0.0 if self._scene.robot.table else self._scene.robot.base_height)
        if min(pose.translation[2] for pose in waypoints) < floor:
            return None
        arrival = self._reachability.arrival(start, waypoints, patience=2.0 if rules.rotates else 1.0)
        if any(self._reachability.arrival(start, [place]) is None for place in placement.reached):
            return None
        return arrival if arrival is not None and rules.accepts(arrival) else None

    def _with_camera(
        self,
        seed: int,
        draws: Draws,
        start: NDArray[np.float64],
        placement: Placement,
        sway: PoseSway | None,
        arrival: NDArray[np.float64],
        width: int,
        height: int,
    ) -> Episode:
        scene = self._scene
        k = scene.kinematics
        grippers = [k.ee_matrix(q)[:3, 3] for q in (start, arrival)]
        points = [
            (k.keypoints(q).mean(axis=0) + gripper) / 2 for q, gripper in zip((start, arrival), grippers, strict=True)
        ]
        middle = np.mean(points, axis=0)  # between the arm's middle and the gripper
        centre = scene.world_T_base.apply(middle + float(draws["camera.on_gripper"]) * (grippers[0] - middle))
        pose = pose_from_draws(draws, centre, scene.robot.camera_azimuth)
        motion = None
        if self._camera_moves:
            sway_of_camera = PoseSway(
                draws["camera_motion.sway"],
                draws["camera_motion.sway_period"],
                draws["camera_motion.sway_phase"],
            )
            orbit = float(draws["camera_motion.orbit"])
            motion = CameraMotion(pose, centre, orbit, float(draws["camera_motion.orbit_period"]), sway_of_camera)
        camera = camera_from_draws(draws, width, height)
        return Episode(seed, draws, start, placement.goal, sway, camera, pose, motion, placement.seen)

    def _sees(self, episode: Episode, arrival: NDArray[np.float64]) -> bool:
        """Whether the goal is always in view, and as much of the arm as asked for at the start and on arrival."""
        for time in np.arange(0.0, _HORIZON_S, 1.0) if episode.moves else (0.0,):
            pose = episode.world_T_camera(time)
            world_T_camera = pose.as_matrix()
            camera_T_base = inverse_matrix(world_T_camera) @ self._world_T_base
            for place in (episode.base_T_goal_matrix(time), *(place.as_matrix() for place in episode.seen)):
                share = episode.camera.project((camera_T_base @ place)[:3, 3])
                share = share / (episode.camera.width, episode.camera.height)
                if not np.all((share > _IMAGE_MARGIN) & (share < 1.0 - _IMAGE_MARGIN)):
                    return False
            if not self._scene.inside_room(world_T_camera[:3, 3]):
                return False
        needed, most = (float(episode.draws[f"camera.{name}_arm_in_view"]) for name in ("min", "max"))
        times = np.arange(0.0, _HORIZON_S, 2.0) if episode.camera_motion is not None else (0.0,)
        for time in times:
            self._scene.place_camera(episode.camera, episode.world_T_camera(time))
            for joint_positions in (episode.start, arrival):
                self._scene.pose_arm(joint_positions)
                if not needed <= self._scene.arm_in_view() <= most:
                    return False
        return True


def _as_drawn(base_T_goal: RigidTransform, draws: Draws) -> Placement:
    return Placement(base_T_goal)
