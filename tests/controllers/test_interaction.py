"""Interaction matrices against finite differences of the projection."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from ctr_env.controllers import AdaptiveGain, HybridLaw
from ctr_env.controllers.interaction import point_matrix, project, spatial_twist_map
from ctr_env.geometry import moved, transform

from .servoed_gripper import CAMERA_T_BASE, SQUARE

H = 1e-6
number = st.floats(-1.0, 1.0)
six = st.tuples(*[number] * 6).map(np.array)
pose = six.map(
    lambda v: CAMERA_T_BASE.inv() * transform((0.3 * v[0], 0.3 * v[1], 1.2 + 0.5 * v[2]), Rotation.from_rotvec(v[3:]))
)


@settings(max_examples=40, deadline=None)
@given(pose, six)
def test_images_of_points_on_a_moving_gripper_move_by_the_negative_matrix(base_T_ee, twist):
    def image(duration):
        return project((CAMERA_T_BASE * moved(base_T_ee, twist, duration)).apply(SQUARE))[0].ravel()

    measured = (image(H) - image(-H)) / (2 * H)
    L = point_matrix(*project((CAMERA_T_BASE * base_T_ee).apply(SQUARE)))
    predicted = -L @ spatial_twist_map(CAMERA_T_BASE, CAMERA_T_BASE * base_T_ee) @ twist
    np.testing.assert_allclose(measured, predicted, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(pose, pose, six)
def test_the_error_of_the_hybrid_law_moves_by_its_matrix(base_T_ee, base_T_goal, twist):
    law, camera_T_goal = HybridLaw(AdaptiveGain.constant(1.0)), CAMERA_T_BASE * base_T_goal

    def error(duration):
        return law.error_and_matrix(CAMERA_T_BASE * moved(base_T_ee, twist, duration), camera_T_goal)[0]

    measured = (error(H) - error(-H)) / (2 * H)
    _, L = law.error_and_matrix(CAMERA_T_BASE * base_T_ee, camera_T_goal)
    predicted = -L @ spatial_twist_map(CAMERA_T_BASE, CAMERA_T_BASE * base_T_ee) @ twist
    np.testing.assert_allclose(measured, predicted, atol=1e-6)


def test_points_behind_the_camera_have_a_bounded_image():
    xy, depth = project(np.array([(1.0, -1.0, -0.5), (0.0, 0.0, 0.0)]))
    assert np.isfinite(xy).all()
    assert (depth > 0.0).all()
