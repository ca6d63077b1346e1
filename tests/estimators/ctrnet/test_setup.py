"""Parameters of a set-up: derivatives against differences, steps and values against each other."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from ctr_env.estimators.ctrnet.setup import PARAMETERS, CameraSetup, Parameters
from ctr_env.geometry import PinholeCamera, transform
from ctr_env.scenes.robots.kinematics import RobotKinematics

PANDA = RobotKinematics("panda")
NOMINAL = PinholeCamera(600.0, 610.0, 330.0, 235.0, 640, 480)
POSE = transform((0.1, 0.3, 1.4), Rotation.from_euler("xyz", (1.9, 0.1, 0.4)))
LINKS = ["panda_link2", "panda_link5", "panda_hand", "panda_link0"]
LOCAL = np.array([[0.05, 0.0, 0.1], [0.0, 0.08, -0.1], [0.0, 0.02, 0.05], [0.1, 0.0, 0.05]])
VELOCITIES = np.array([0.3, -0.2, 0.1, 0.4, -0.3, 0.2, 0.5])


@pytest.fixture
def setup():
    offsets = np.array([0.004, -0.006, 0.002, 0.005, -0.003, 0.007, -0.001])
    return CameraSetup(POSE, replace(NOMINAL, distortion=(0.0, 0.0, 0.0, 0.0)), offsets, 0.03)


def pixels(setup):
    joints = setup.joints(PANDA.home, VELOCITIES)
    points = PANDA.points(joints, LINKS, LOCAL)
    return setup.camera.project(setup.camera_T_base.apply(points))


def test_derivatives_are_those_of_the_projection(setup):
    parameters = Parameters(PARAMETERS, PANDA.n, 640)
    assert parameters.count == 6 + 7 + 1 + 1 + 2 + 2
    joints = setup.joints(PANDA.home, VELOCITIES)
    points = PANDA.points(joints, LINKS, LOCAL)
    by_joints = PANDA.point_jacobians(joints, LINKS, points)
    J = parameters.jacobian(setup, points, by_joints, VELOCITIES)
    for i in range(parameters.count):
        step = np.zeros(parameters.count)
        step[i] = 1e-6
        difference = (pixels(parameters.moved(setup, step)) - pixels(parameters.moved(setup, -step))) / 2e-6
        np.testing.assert_allclose(J[:, :, i], difference, rtol=1e-4, atol=1e-3)


def test_values_are_the_sum_of_the_steps(setup):
    parameters = Parameters(["distortion", "focal_length", "joint_offsets", "principal_point"], PANDA.n, 640)
    assert parameters.names == ("joint_offsets", "focal_length", "principal_point", "distortion")
    start = replace(setup, camera=NOMINAL, joint_offsets=np.zeros(7))
    rng = np.random.default_rng(0)
    step = rng.normal(0.0, 0.01, parameters.count)
    found = parameters.values(parameters.moved(start, step), NOMINAL)
    np.testing.assert_allclose(found[6:], step[6:], atol=1e-12)
    np.testing.assert_array_equal(found[:6], 0.0)


def test_unknown_parameters_are_named():
    with pytest.raises(ValueError, match=r"'focus'; valid names: joint_offsets, time_offset, focal_length"):
        Parameters(["focus"], 7, 640)
