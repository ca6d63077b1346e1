"""Keypoints of a network: those of the paper and additional surface points of the links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctr_env.scenes.robots.catalogue import get_robot
from ctr_env.scenes.robots.description import RobotDescription
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.world.config import SceneConfig
from ctr_env.scenes.world.scene import Scene

__all__ = ["LinkPoint", "link_points", "paper_keypoints", "points_at_the_gripper", "spread_points"]

_PER_LINK = 2
_PER_FIXED_LINK = 4
_LAST_JOINTS = 2  # keypoints beyond all joints but these stand for the gripper


class LinkPoint(NamedTuple):
    """A point fixed to a link: the link's name and a position in its frame, metres."""

    link: str
    x: float
    y: float
    z: float


def paper_keypoints(robot: RobotDescription) -> tuple[LinkPoint, ...]:
    """The robot's keypoints: origins of link frames, as DREAM and CtRNet use them."""
    return tuple(LinkPoint(link, 0.0, 0.0, 0.0) for link in robot.keypoint_frames)


def spread_points(robot: str | RobotDescription) -> tuple[LinkPoint, ...]:
    """The paper's keypoints, then widely spaced surface points of the arm's links and of the fixed links that carry it.

    Link origins are nearly coplanar or collinear in many joint configurations: two pixels of noise on them move the
    base by a centimetre. Two extreme points of every moving link and four of every fixed one span a larger volume.
    """
    description = get_robot(robot)
    scene = Scene(SceneConfig(robot=description, width=16, height=16, clutter=0, occluders=0))
    points = list(paper_keypoints(description))
    for link, count in _links(scene).items():
        vertices = _vertices(scene, link)
        if len(vertices):
            points += [LinkPoint(link, *place) for place in _far_apart(vertices, count)]
    return tuple(points)


def link_points(
    kinematics: RobotKinematics, joint_positions: ArrayLike, points: Sequence[LinkPoint]
) -> NDArray[np.float64]:
    """``(K, 3)`` points in the base frame, metres, for ``(n,)`` joint positions (rad)."""
    return kinematics.points(joint_positions, [p.link for p in points], [p[1:] for p in points])


def points_at_the_gripper(kinematics: RobotKinematics, points: Sequence[LinkPoint]) -> NDArray[np.bool_]:
    """``(K,)`` points that are fixed relative to the end effector when all joints but the last two move."""
    moved = kinematics.home.copy()
    moved[:-_LAST_JOINTS] += 0.1
    places = [
        kinematics.base_T_ee(joints).inv().apply(link_points(kinematics, joints, points))
        for joints in (kinematics.home, moved)
    ]
    return np.asarray(np.linalg.norm(places[0] - places[1], axis=1) < 1e-6)


def _links(scene: Scene) -> dict[str, int]:
    """Links whose pose depends on the arm's joints alone, with the number of points of each."""
    model = scene.model
    arm = set(scene.robot.arm_joints)
    moved_by: dict[int, str] = {0: "fixed"}
    counts = {}
    for body in range(1, model.nbody):
        kind = moved_by[model.body_parentid[body]]
        first, number = model.body_jntadr[body], model.body_jntnum[body]
        for joint in range(first, first + number):
            kind = "arm" if model.joint(joint).name in arm and kind != "other" else "other"
        moved_by[body] = kind
        name = model.body(body).name
        if name in scene.links and kind != "other":
            counts[name] = _PER_LINK if kind == "arm" else _PER_FIXED_LINK
    return counts


def _vertices(scene: Scene, link: str) -> NDArray[np.float64]:
    """``(N, 3)`` mesh vertices of a link in its frame, metres."""
    model, data = scene.model, scene.data
    body = model.body(link).id
    parts = []
    for geom in np.flatnonzero(scene.robot_geoms & (model.geom_bodyid == body)):
        mesh = model.geom_dataid[geom]
        if mesh >= 0:
            start, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
            world = model.mesh_vert[start : start + count] @ data.geom_xmat[geom].reshape(3, 3).T + data.geom_xpos[geom]
            parts.append((world - data.xpos[body]) @ data.xmat[body].reshape(3, 3))
    return np.concatenate(parts) if parts else np.zeros((0, 3))


def _far_apart(vertices: NDArray[np.float64], count: int) -> list[list[float]]:
    """Farthest-point sampling, started at the point farthest from the link's origin; rounded to 0.1 mm."""
    chosen = np.zeros((1, 3))
    for _ in range(count):
        distance = np.linalg.norm(vertices[:, None] - chosen[None], axis=-1).min(axis=1)
        chosen = np.concatenate([chosen, vertices[[np.argmax(distance)]]])
    return np.round(chosen[1:], 4).tolist()
