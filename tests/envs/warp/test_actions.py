"""Actions of many worlds mean what those of one mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.controllers import ServoState
from ctr_env.envs.actions import ActionInterpreter
from ctr_env.envs.agent import make_agent
from ctr_env.envs.config import ServoConfig
from ctr_env.envs.warp.actions import BatchedActionInterpreter
from ctr_env.errors import DataError
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics
from ctr_env.scenes.robots.kinematics import RobotKinematics

N, DT = 3, 1.0 / 30.0
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def arm() -> RobotKinematics:
    return RobotKinematics("panda")


def _interpreters(arm: RobotKinematics, mode: str) -> tuple[BatchedActionInterpreter, list[ActionInterpreter]]:
    config = ServoConfig(action_mode=mode, max_linear_velocity=0.2)
    single = [ActionInterpreter(config, arm, make_agent(config, arm, DT)[1]) for _ in range(N)]
    return BatchedActionInterpreter(config, BatchedKinematics(arm, CPU), DT, CPU), single


@pytest.mark.parametrize("mode", ["ee_twist", "joint_velocity"])
def test_velocities_are_those_of_one_world_after_the_other(arm, mode):
    batched, single = _interpreters(arm, mode)
    assert batched.space == single[0].space
    rng = np.random.default_rng(0)
    positions = arm.home + rng.uniform(-0.2, 0.2, (N, arm.n))
    first = None
    for step in range(4):
        actions = rng.uniform(-2.0, 2.0, (N, *batched.space.shape))
        found = batched.velocities(batched.check(actions, N), torch.from_numpy(positions)).numpy()
        for i, each in enumerate(single):
            command = each.command(each.check(actions[i]), None, ServoState(positions[i], step * DT))
            assert found[i] == pytest.approx(command.joint_velocities, abs=1e-4)
        first = (actions, positions, found) if first is None else first
        positions = positions + DT * found
    batched.reset()  # at rest again
    again = batched.velocities(batched.check(first[0], N), torch.from_numpy(first[1]))
    assert torch.equal(again, torch.from_numpy(first[2]))


def test_shapes_are_checked(arm):
    batched, _ = _interpreters(arm, "ee_twist")
    with pytest.raises(DataError, match=r"actions are \(3, 6\) numbers, not \(3, 7\)"):
        batched.check(np.zeros((3, 7)), N)
