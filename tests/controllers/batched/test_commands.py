"""Batched commands against the packaged controller, one arm at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.controllers import PBVSController, ServoState
from ctr_env.controllers.batched.commands import BatchedCommands
from ctr_env.scenes.robots.batched_kinematics import BatchedKinematics
from ctr_env.scenes.robots.kinematics import RobotKinematics

DT = 1.0 / 30.0
ARMS, STEPS = 6, 25


@pytest.fixture(scope="module", params=["panda", "baxter"])
def arm(request) -> RobotKinematics:
    return RobotKinematics(request.param)


@pytest.fixture
def commands(arm) -> BatchedCommands:
    device = torch.device("cpu")
    return BatchedCommands(BatchedKinematics(arm, device), DT, device)


@pytest.mark.parametrize("kind", ["twist", "velocity"])
def test_a_sequence_of_commands_is_that_of_the_controller(arm, commands, kind):
    """The arms start near home, near their stops and stretched out, where limits and damping are in force."""
    rng = np.random.default_rng(0)
    size = arm.velocity_limits * 1.2 if kind == "velocity" else np.array([0.6] * 3 + [2.0] * 3)
    requests = np.repeat(rng.uniform(-1.0, 1.0, (ARMS, 5, len(size))), STEPS // 5, axis=1) * size
    start = arm.home + rng.uniform(-0.3, 0.3, (ARMS, arm.n))
    start[1] = np.where(np.isfinite(arm.upper), arm.upper - 0.02, start[1])
    start[2] = 0.5 * start[2] * (np.arange(arm.n) % 2)
    single = np.stack([_sequence(arm, kind, q, request) for q, request in zip(start, requests, strict=True)])
    q, found = torch.from_numpy(start), []
    for step in range(STEPS):
        found.append(getattr(commands, kind)(torch.from_numpy(requests[:, step]), q))
        q = q + DT * found[-1]
    assert torch.stack(found, dim=1).numpy() == pytest.approx(single, abs=1e-7)


def _sequence(arm: RobotKinematics, kind: str, q: np.ndarray, requests: np.ndarray) -> np.ndarray:
    """``(STEPS, n)`` commands of one arm that follows them exactly."""
    controller = PBVSController(arm, dt=DT)
    commanded = []
    for step, request in enumerate(requests):
        command = getattr(controller, f"{kind}_command")(request, ServoState(q, step * DT))
        commanded.append(command.joint_velocities)
        q = q + DT * command.joint_velocities
    return np.array(commanded)


def test_reset_forgets_the_velocities(arm, commands):
    q = torch.from_numpy(arm.home)[None]
    request = torch.full((1, arm.n), 0.3, dtype=torch.float64)
    first = commands.velocity(request, q)
    assert not torch.equal(commands.velocity(request, q), first)  # the joints accelerate
    commands.reset()
    assert torch.equal(commands.velocity(request, q), first)
