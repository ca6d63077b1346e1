"""With perfect masks, descent ends at the true pose."""

import numpy as np
import pytest
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.estimators.silhouette.alignment import Seen
from ctr_env.estimators.silhouette.contour import Lens, silhouette
from ctr_env.estimators.silhouette.mask_view import MaskView
from ctr_env.estimators.silhouette.refinement import refine
from ctr_env.geometry import PinholeCamera, look_at
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface

WIDTH, HEIGHT = 192, 144


def scene(robot, seed, frames=1):
    """Perfect masks of one camera, and its true pose."""
    rng, k = np.random.default_rng(seed), RobotKinematics(robot)
    surface = robot_surface(k.robot, 3000)
    middle = k.keypoints(k.home).mean(axis=0)
    away = 1.3 * np.array([np.cos(a := rng.uniform(-0.8, 0.8)), np.sin(a), rng.uniform(0.1, 0.6)])
    pose = look_at(middle + away, middle, rng.uniform(-0.2, 0.2)).inv()
    c = PinholeCamera.from_fov(1.0, WIDTH, HEIGHT, rng.uniform(0.45, 0.55, 2))
    lens, seen = Lens(c.fx, c.fy, c.cx, c.cy), []
    for _ in range(frames):
        vertices = surface.posed(k, k.home + rng.uniform(-0.4, 0.4, k.n))
        mask = silhouette(surface, vertices, pose, lens, (WIDTH, HEIGHT)).astype(np.float32)
        seen.append(Seen(vertices, MaskView(mask, lens, np.zeros(2), np.array([WIDTH, HEIGHT], float))))
    return k, surface, seen, pose


def wrong(pose, rng, metres=0.03, degrees=3.0):
    """The pose, off by this much about its origin."""
    push, axis = rng.normal(size=3), rng.normal(size=3)
    turn = Rotation.from_rotvec(np.radians(degrees) * axis / np.linalg.norm(axis))
    offset = metres * push / np.linalg.norm(push)
    return RigidTransform.from_components(pose.translation + offset, turn * pose.rotation)


def add(k, a, b):
    points = k.keypoints(k.home)
    return float(np.linalg.norm(a.apply(points) - b.apply(points), axis=1).mean())


@pytest.mark.parametrize("robot", ["panda", "baxter"])
def test_perfect_masks_give_the_pose(robot):
    before, after = [], []
    for seed in range(4):
        k, surface, seen, pose = scene(robot, seed)
        start = wrong(pose, np.random.default_rng(seed))
        found = refine(surface, seen, start, 80)
        before.append(add(k, start, pose))
        after.append(add(k, found.pose, pose))
    assert np.median(before) > 0.02
    assert np.median(after) < 0.003
    assert max(after) < 0.01


def test_images_of_one_camera_fit_better_together():
    alone, together = [], []
    for seed in range(3):
        k, surface, seen, pose = scene("panda", 10 + seed, frames=4)
        start = wrong(pose, np.random.default_rng(seed))
        alone.append(add(k, refine(surface, seen[:1], start, 60).pose, pose))
        together.append(add(k, refine(surface, seen, start, 60).pose, pose))
    assert np.median(together) < np.median(alone)
    assert max(together) < 0.004


def test_the_result_fits_no_worse_than_the_start():
    k, surface, seen, pose = scene("panda", 20)
    exact = refine(surface, seen, pose, 3)
    assert add(k, exact.pose, pose) < 0.002
    empty = [Seen(seen[0].vertices, MaskView(0.0 * seen[0].view.mask, *_rest(seen[0].view)))]
    assert np.isfinite(refine(surface, empty, pose, 3).pose.as_matrix()).all()


def test_masks_of_different_sizes_are_rejected():
    _, surface, seen, pose = scene("panda", 21)
    small = Seen(seen[0].vertices, MaskView(seen[0].view.mask[::2, ::2], *_rest(seen[0].view)))
    with pytest.raises(ValueError, match="masks must be of one size"):
        refine(surface, [*seen, small], pose, 1)


def _rest(view):
    return view.lens, view.low, view.high
