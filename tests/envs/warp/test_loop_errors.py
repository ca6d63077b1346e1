"""Errors of many loops: late estimates are judged at the time of their frames, as those of one loop are."""

from __future__ import annotations

import pytest
import torch

from ctr_env.envs.warp.loop_errors import BatchedLoopErrors
from ctr_env.estimators.batched.base import BatchedFrame
from ctr_env.estimators.batched.noisy import BatchedNoisyEstimator
from ctr_env.geometry.batched import poses_from

N, STEP_S = 2, 1.0 / 30.0
EXACT = {"white_position_m": 0.0, "white_rotation_rad": 0.0}


def _pose(x: float) -> torch.Tensor:
    origin = torch.tensor([x, 0.0, 0.0], dtype=torch.float64)
    return poses_from(torch.eye(3, dtype=torch.float64), origin).repeat(N, 1, 1)


@pytest.mark.parametrize("latency_s", [0.0, 0.1, 0.15, 12.0])
def test_late_estimates_are_judged_by_the_gripper_of_their_frames(latency_s):
    """The gripper leaves the goal by a centimetre a frame, so that its distance tells which frame was taken."""
    estimator = BatchedNoisyEstimator(torch.device("cpu"), EXACT | {"latency_s": latency_s})
    base, none = _pose(0.0), torch.zeros(N, 7, dtype=torch.float64)
    errors = BatchedLoopErrors(base, base, estimator.latency_s)
    late = round(latency_s / STEP_S + 0.499)
    for step in range(late + 8):
        frame = BatchedFrame(step * STEP_S, none, none[:, :4], base, lambda: pytest.fail("no image is needed"))
        errors.update(frame.time_s, _pose(0.01 * step), estimator.estimate(frame))
        assert errors.known.all() == (step >= late)
        expected = 0.01 * max(step - late, 0)
        assert errors.apparent_error[0].numpy() == pytest.approx(expected, abs=1e-12), step
        assert errors.apparent_twist[:, 0].numpy() == pytest.approx(-0.01 * step if step >= late else 0.0)


def test_worlds_without_a_valid_estimate_keep_their_errors():
    base = _pose(0.0)
    errors = BatchedLoopErrors(base, base, 0.0)
    estimator = BatchedNoisyEstimator(torch.device("cpu"), EXACT | {"dropout": 0.5})
    estimator.reset(1)
    kept = torch.zeros(N, dtype=torch.float64)
    for step in range(12):
        frame = BatchedFrame(step * STEP_S, torch.zeros(N, 7), torch.zeros(N, 4), base, lambda: base)
        estimate = estimator.estimate(frame)
        errors.update(frame.time_s, _pose(0.01 * step), estimate)
        kept = torch.where(estimate.valid, 0.01 * step, kept)
        assert torch.allclose(errors.apparent_error[0], kept, atol=1e-12)
