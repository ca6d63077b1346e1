"""Batched kinematics are those of one configuration after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics
from ctr_env.scenes.robots.kinematics import RobotKinematics


@pytest.fixture(scope="module", params=["panda", "baxter"])
def case(request):
    """An arm, five configurations, and their batched poses."""
    kinematics = RobotKinematics(request.param)
    joints = kinematics.home + np.random.default_rng(0).uniform(-0.5, 0.5, (5, kinematics.n))
    batched = BatchedKinematics(kinematics, torch.device("cpu"))
    return kinematics, joints, batched, batched.poses(torch.from_numpy(joints))


def test_end_effector(case):
    kinematics, joints, batched, poses = case
    expected = np.stack([kinematics.ee_matrix(q) for q in joints])
    assert batched.base_T_ee(poses).numpy() == pytest.approx(expected, abs=1e-12)


def test_jacobian(case):
    kinematics, joints, batched, poses = case
    expected = np.stack([kinematics.jacobian(q) for q in joints])
    assert batched.jacobian(poses).numpy() == pytest.approx(expected, abs=1e-12)


def test_points(case):
    kinematics, joints, batched, poses = case
    links = [*kinematics.robot.keypoint_frames[:3], kinematics.robot.end_effector]
    offsets = np.random.default_rng(1).uniform(-0.2, 0.2, (len(links), 3))
    expected = np.stack([kinematics.points(q, links, offsets) for q in joints])
    assert batched.points(poses, links, torch.from_numpy(offsets)).numpy() == pytest.approx(expected, abs=1e-12)
