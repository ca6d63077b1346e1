"""Everything between the simulation's tensors and the agent's is computed on their device, without copies to the host.

Torch's device ``meta`` has no data: a copy of its tensors to the host, or an operation with a tensor that was made on
the CPU, raises an error, as the latter would on a GPU.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ctr_env.controllers.batched.commands import BatchedCommands
from ctr_env.envs.config import OBSERVATION_PARTS
from ctr_env.envs.warp.loop_errors import BatchedLoopErrors
from ctr_env.envs.warp.objective import BatchedReachObjective, BatchedServoObjective
from ctr_env.envs.warp.snapshot import BatchedSnapshot, batched_observation
from ctr_env.estimators.batched.base import BatchedFrame, BatchedPoseEstimate
from ctr_env.estimators.batched.crops import robot_crops, whole_images
from ctr_env.estimators.batched.ground_truth import BatchedGroundTruth
from ctr_env.estimators.batched.pose_prior import draw_pose_priors
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics
from ctr_env.scenes.robots.kinematics import RobotKinematics

META = torch.device("meta")
N = 4


def _real(*shape: int) -> Tensor:
    return torch.empty(N, *shape, dtype=torch.float64, device=META)


@pytest.fixture(scope="module")
def arm() -> BatchedKinematics:
    return BatchedKinematics(RobotKinematics("panda"), META)


def test_the_device_of_these_tests_rejects_tensors_of_the_host():
    with pytest.raises(RuntimeError, match="cpu is not on the expected device meta"):
        _real(3) + torch.zeros(3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="Cannot copy out of meta tensor"):
        _real(3).cpu()


def test_commands(arm):
    commands = BatchedCommands(arm, 1.0 / 30.0, META)
    for _ in range(2):
        assert commands.twist(_real(6), _real(7)).device == META
        assert commands.velocity(_real(7), _real(7)).device == META


def test_points(arm):
    offsets = torch.empty(2, 3, dtype=torch.float64, device=META)
    assert arm.points(arm.poses(_real(7)), ["panda_link0", "panda_hand"], offsets).shape == (N, 2, 3)


def test_observations():
    images = torch.empty(N, 24, 32, 3, dtype=torch.uint8, device=META)
    frame = BatchedFrame(0.1, _real(7), _real(4), _real(4, 4), lambda: images)
    errors = BatchedLoopErrors(_real(4, 4), _real(4, 4), 0.0)
    for estimate in (BatchedGroundTruth().estimate(frame), BatchedPoseEstimate.invalid(N, 0.1, META)):
        errors.update(0.1, _real(4, 4), estimate)
        poses = [_real(4, 4) for _ in range(5)]
        now = BatchedSnapshot(0.1, _real(7), _real(7), _real(4), *poses, estimate, images)
        found = batched_observation(OBSERVATION_PARTS, now, errors)
        assert all(value.device == META for value in found.values())


@pytest.mark.parametrize("objective", [BatchedServoObjective(), BatchedReachObjective("sparse", 0.01)])
def test_objectives(objective):
    assert objective.success(0.1, _real(), _real()).device == META
    assert objective.reward(_real(), _real()).device == META


def test_inputs_of_the_network():
    images = torch.empty(N, 48, 64, 3, dtype=torch.uint8, device=META)
    for crops in (robot_crops(_real(9, 2), 64, 48, (32, 24)), whole_images(N, 64, 48, (16, 12), META)):
        assert crops.sample(images).device == META
    assert draw_pose_priors(_real(9, 2), 7, (32, 24)).device == META
