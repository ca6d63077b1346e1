import numpy as np
import pytest
import torch

from ctr_env.estimators.silhouette.kinematics import TorchKinematics
from ctr_env.scenes.robots.catalogue import ROBOTS
from ctr_env.scenes.robots.kinematics import RobotKinematics
from ctr_env.scenes.robots.surfaces import robot_surface


@pytest.fixture(params=sorted(ROBOTS))
def kinematics(request):
    return RobotKinematics(request.param)


def configurations(kinematics, count=6):
    rng = np.random.default_rng(0)
    lower, upper = np.maximum(kinematics.lower, -3.0), np.minimum(kinematics.upper, 3.0)
    return rng.uniform(lower, upper, (count, kinematics.n))


def test_links_are_where_mujoco_has_them(kinematics):
    surface, q = robot_surface(kinematics.robot, 1000), configurations(kinematics)
    ours = TorchKinematics(kinematics, surface.links)
    rotations, origins = ours.poses(torch.from_numpy(q))
    vertices = ours.vertices(surface, torch.from_numpy(q))
    for i, joints in enumerate(q):
        R, p = kinematics.link_poses(joints, surface.links)
        np.testing.assert_allclose(rotations[i].numpy(), R, atol=1e-9)
        np.testing.assert_allclose(origins[i].numpy(), p, atol=1e-9)
        np.testing.assert_allclose(vertices[i].numpy(), surface.posed(kinematics, joints), atol=1e-9)


def test_gradients_are_the_jacobian(kinematics):
    ours, q = TorchKinematics(kinematics, [kinematics.robot.end_effector]), configurations(kinematics, 3)
    for joints in q:
        J = torch.autograd.functional.jacobian(lambda x: ours.poses(x[None])[1][0, 0], torch.from_numpy(joints))
        np.testing.assert_allclose(J.numpy(), kinematics.jacobian(joints)[:3], atol=1e-9)


def test_single_precision_stays_so(kinematics):
    ours = TorchKinematics(kinematics, kinematics.robot.keypoint_frames)
    R, p = ours.poses(torch.from_numpy(configurations(kinematics)).float())
    assert R.dtype == p.dtype == torch.float32


def test_what_is_wrong_is_named(kinematics):
    with pytest.raises(ValueError, match="no link 'elbow'"):
        TorchKinematics(kinematics, ["elbow"])
    ours = TorchKinematics(kinematics, [kinematics.robot.end_effector])
    with pytest.raises(ValueError, match=r"shape \(B, 7\), not \(7,\)"):
        ours.poses(torch.zeros(7))
    with pytest.raises(ValueError, match="links"):
        ours.vertices(robot_surface(kinematics.robot, 1000), torch.zeros(1, 7))
