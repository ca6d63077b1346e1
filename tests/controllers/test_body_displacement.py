"""Displacements in body axes are those of mink's Lie groups."""

import mink
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform, Rotation

from ctr_env.controllers.body_displacement import displaced

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-6, 0.99e-5, 1.01e-5, 1e-3, 0.1, 1.0, 3.0])
@given(seed=seeds)
def test_it_is_the_exponential_of_mink(angle, seed):
    rng = np.random.default_rng(seed)
    pose = mink.SE3(np.concatenate([Rotation.random(rng=rng).as_quat(scalar_first=True), rng.uniform(-2, 2, 3)]))
    axis = rng.standard_normal(3)
    displacement = np.concatenate([rng.uniform(-1, 1, 3), angle * axis / np.linalg.norm(axis)])
    expected = (pose @ mink.SE3.exp(displacement)).wxyz_xyz
    np.testing.assert_allclose(displaced(pose.wxyz_xyz, displacement), expected, rtol=0, atol=1e-14)


@given(seed=seeds)
def test_it_is_the_exponential_of_scipy(seed):
    rng = np.random.default_rng(seed)
    rotation, position = Rotation.random(rng=rng), rng.uniform(-2, 2, 3)
    linear, angular = rng.uniform(-1, 1, 3), rng.uniform(-1.5, 1.5, 3)
    pose = np.concatenate([rotation.as_quat(scalar_first=True), position])
    expected = RigidTransform.from_components(position, rotation) * RigidTransform.from_exp_coords([*angular, *linear])
    found = displaced(pose, np.concatenate([linear, angular]))
    np.testing.assert_allclose(found[4:], expected.translation, atol=1e-12)
    np.testing.assert_allclose(
        Rotation.from_quat(found[:4], scalar_first=True).as_matrix(), expected.rotation.as_matrix(), atol=1e-12
    )
