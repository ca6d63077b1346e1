"""2½-D servoing: the gripper's origin moves straight in the image, whatever the rotation."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.controllers import AdaptiveGain, HybridLaw
from ctr_env.geometry import pose_error

from .servoed_gripper import CAMERA, CAMERA_T_BASE, facing, run


@pytest.mark.parametrize("roll", [0.0, 1.6, 3.0])
def test_the_origin_moves_straight_in_the_image_and_rotates_about_one_axis(roll):
    start, goal = facing(-0.3, 0.15, 1.0, roll), facing(0.25, -0.1, 1.4)
    poses = run(HybridLaw(AdaptiveGain.constant(0.5)), start, goal, 600)
    pixels = CAMERA.project(np.array([(CAMERA_T_BASE * pose).translation for pose in poses]))
    line = pixels[-1] - pixels[0]
    offsets = np.abs((pixels - pixels[0]) @ (-line[1], line[0])) / np.linalg.norm(line)
    assert offsets.max() < 1.0  # pixels: a discrete step of a curve
    assert pose_error(poses[-1], goal)[0] < 1e-3
    turned = (goal.rotation.inv() * poses[100].rotation).as_rotvec()
    assert np.linalg.norm(np.cross(turned, (0.0, 0.0, 1.0))) < 1e-9


def test_the_matrix_is_upper_block_triangular():
    _, L = HybridLaw(AdaptiveGain.constant(1.0)).error_and_matrix(
        CAMERA_T_BASE * facing(0.2, 0.1, 0.9, 1.0), CAMERA_T_BASE * facing()
    )
    np.testing.assert_array_equal(L[3:, :3], 0.0)
    assert np.linalg.matrix_rank(L) == 6
