"""Image-based servoing: straight image paths, and its known failures."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.controllers import AdaptiveGain, HybridLaw, IBVSConfig, IBVSController, ImagePointLaw
from ctr_env.controllers.features import CartesianFeature
from ctr_env.controllers.ibvs import damped_solution
from ctr_env.controllers.pbvs import PoseLaw
from ctr_env.errors import ConfigurationError
from ctr_env.geometry import pose_error, transform

from .servoed_gripper import CAMERA, CAMERA_T_BASE, SQUARE, context, depths, facing, laws, run

ONE = AdaptiveGain.constant(1.0)
ROLLED = facing(roll=np.pi)


def pixels(pose):
    return CAMERA.project((CAMERA_T_BASE * pose).apply(SQUARE))


@pytest.mark.parametrize("interaction", ["current", "desired", "mean"])
def test_it_reaches_a_goal_that_is_not_far(interaction):
    poses = run(ImagePointLaw(SQUARE, ONE, interaction), facing(0.1, 0.05, 1.2, 0.6), facing(-0.1, 0.0, 1.0), 400)
    assert pose_error(poses[-1], facing(-0.1, 0.0, 1.0))[0] < 1e-4


def test_with_the_current_matrix_points_move_straight_in_the_image():
    start, goal = facing(0.15, -0.05, 1.2, 0.5), facing(-0.1, 0.05, 1.0)
    line = pixels(goal) - pixels(start)
    normal = np.stack([-line[:, 1], line[:, 0]], axis=1) / np.linalg.norm(line, axis=1)[:, None]
    slow = run(ImagePointLaw(SQUARE, AdaptiveGain.constant(0.3), "current"), start, goal, 600)
    worst = max(np.abs(np.sum((pixels(pose) - pixels(start)) * normal, axis=1)).max() for pose in slow)
    assert worst < 0.05 * np.linalg.norm(line, axis=1).max()


def test_half_a_turn_about_the_optical_axis_makes_the_current_matrix_retreat_without_end():
    """F. Chaumette, 1998: the points' straight paths lead through one point, at which the depth is unbounded."""
    poses = run(ImagePointLaw(SQUARE, ONE, "current"), ROLLED, facing(), 60)
    away = depths(poses)
    until = int(np.argmax(away > 5.0 * away[0]))  # at last it is so far away that rounding decides
    assert until > 0
    assert (np.diff(away[: until + 1]) > 0.0).all()
    assert pose_error(poses[until], facing())[1] > 3.0


def test_half_a_turn_makes_the_desired_matrix_approach_the_camera():
    near = depths(run(ImagePointLaw(SQUARE, ONE, "desired"), ROLLED, facing(), 30))
    assert near[-1] < 0.9 * near[0]


@pytest.mark.parametrize("law", [HybridLaw(ONE), PoseLaw(CartesianFeature(), ONE)], ids=["hybrid", "pbvs"])
def test_the_other_laws_turn_on_the_spot(law):
    poses = run(law, facing(roll=np.pi - 1e-6), facing(), 400)
    assert np.ptp(depths(poses)) < 1e-6
    assert pose_error(poses[-1], facing())[1] < 1e-4


def test_it_rests_in_a_local_minimum_in_which_the_other_laws_do_not():
    """A tilted square looks nearly like the one that is tilted to the other side (F. Chaumette, 1998)."""
    goal, start = tilted(0.7), tilted(-0.7)
    law = laws(3.0)
    stuck = run(law["ibvs current"], start, goal, 300)[-1]
    error, _ = law["ibvs current"].error_and_matrix(CAMERA_T_BASE * stuck, CAMERA_T_BASE * goal)
    assert pose_error(stuck, goal)[1] > 0.8
    assert np.linalg.norm(error) > 2e-3
    assert np.linalg.norm(law["ibvs current"].twist(context(stuck, goal))) < 1e-6
    for name in ("pbvs", "hybrid"):
        assert pose_error(run(law[name], stuck, goal, 300)[-1], goal)[1] < 1e-6


def tilted(angle):
    return CAMERA_T_BASE.inv() * transform((0.0, 0.0, 0.8), Rotation.from_rotvec((angle, 0.0, 0.0)))


def test_the_damped_solution_is_least_squares_and_stays_bounded():
    rng = np.random.default_rng(0)
    A, b = rng.standard_normal((8, 6)), rng.standard_normal(8)
    np.testing.assert_allclose(damped_solution(A, b), np.linalg.lstsq(A, b)[0], atol=1e-12)
    A[:, 5] = 1e-9 * A[:, 5]
    assert np.abs(damped_solution(A, b)).max() < 1e3


def test_settings_name_what_is_valid(panda):
    with pytest.raises(ConfigurationError, match="'nearest'; valid names: mean, current, desired"):
        IBVSConfig(interaction="nearest")
    with pytest.raises(ConfigurationError, match="square, board, links"):
        IBVSController(panda, {"points": "corners"})
