"""Batched noise has the statistics of the noisy estimator."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.datasets.frame import Frame
from ctr_env.errors import ConfigurationError
from ctr_env.estimators import GroundTruth
from ctr_env.estimators.batched.base import BatchedFrame
from ctr_env.estimators.batched.ground_truth import BatchedGroundTruth
from ctr_env.estimators.batched.noisy import BatchedNoisyEstimator
from ctr_env.estimators.noisy import NoisyEstimator
from ctr_env.geometry import PinholeCamera, pose_from_matrix
from ctr_env.geometry.batched import moved_poses, twists_between

CPU = torch.device("cpu")
WORLDS = 4000
CAMERA = PinholeCamera.from_fov(1.0, 64, 48)


@pytest.fixture(scope="module")
def poses() -> torch.Tensor:
    twists = torch.randn(WORLDS, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return moved_poses(torch.eye(4, dtype=torch.float64).repeat(WORLDS, 1, 1), twists)


def _frame(poses: torch.Tensor, time_s: float) -> BatchedFrame:
    empty = torch.zeros(len(poses), 7, dtype=torch.float64)
    return BatchedFrame(time_s, empty, empty[:, :4], poses, lambda: pytest.fail("no image is needed"))


def _estimates(poses: torch.Tensor, config: dict, times: list[float]) -> list:
    estimator = BatchedNoisyEstimator(CPU, config)
    estimator.reset(3)
    return [estimator.estimate(_frame(poses, time)) for time in times]


def test_ground_truth_is_exact(poses):
    found = BatchedGroundTruth().estimate(_frame(poses, 0.5))
    assert torch.equal(found.camera_T_base, poses)
    assert found.valid.all()
    assert not found.covariance.any()
    assert found.time_s == 0.5


def test_white_noise_has_the_stated_covariance(poses):
    (found,) = _estimates(poses, {"white_position_m": 0.01, "white_rotation_rad": 0.05}, [0.0])
    errors = twists_between(poses, found.camera_T_base)
    assert errors.std(dim=0).numpy() == pytest.approx([0.01] * 3 + [0.05] * 3, rel=0.05)
    assert found.covariance[0].diagonal().sqrt().numpy() == pytest.approx([0.01] * 3 + [0.05] * 3)


def test_the_covariance_is_that_of_the_ordinary_estimator(poses):
    config = {"bias_position_m": 0.02, "bias_rotation_rad": 0.03, "drift_position_m": 0.01, "drift_rotation_rad": 0.02}
    single = NoisyEstimator(config)
    single.reset(np.random.default_rng(0))
    batched = _estimates(poses[:1], config, [0.0, 0.7])
    for time, found in zip([0.0, 0.7], batched, strict=True):
        single.observe_truth(GroundTruth(time, pose_from_matrix(np.eye(4))))
        expected = single.estimate(Frame(np.zeros(7), CAMERA, time, None))
        assert found.covariance[0].numpy() == pytest.approx(expected.covariance)


def test_bias_is_constant_and_drift_grows(poses):
    config = {"white_position_m": 0.0, "white_rotation_rad": 0.0, "bias_position_m": 0.03, "drift_rotation_rad": 0.02}
    first, last = _estimates(poses, config, [0.0, 4.0])
    errors = [twists_between(poses, found.camera_T_base) for found in (first, last)]
    assert torch.linalg.vector_norm(errors[0][:, :3], dim=1).numpy() == pytest.approx(0.03)
    assert torch.allclose(errors[0][:, :3], errors[1][:, :3])
    assert errors[1][:, 3:].std().item() == pytest.approx(0.02 * 2.0, rel=0.05)


def test_dropouts_and_outliers_have_their_probabilities(poses):
    (found,) = _estimates(poses, {"dropout": 0.2, "outlier": 0.1, "white_position_m": 0.001}, [0.0])
    assert 1.0 - found.valid.double().mean().item() == pytest.approx(0.2, abs=0.03)
    errors = torch.linalg.vector_norm(twists_between(poses, found.camera_T_base)[:, :3], dim=1)[found.valid]
    assert (errors > 0.1).double().mean().item() == pytest.approx(0.1, abs=0.02)


def test_latency_delays_estimates(poses):
    found = _estimates(poses, {"latency_s": 0.1}, [0.0, 0.05, 0.1, 0.15])
    assert [bool(f.valid.all()) for f in found] == [False, False, True, True]
    assert [f.time_s for f in found[2:]] == [0.0, 0.05]


def test_a_seed_repeats(poses):
    estimator = BatchedNoisyEstimator(CPU)
    runs = []
    for seed in (5, 5, 6):
        estimator.reset(seed)
        runs.append(estimator.estimate(_frame(poses, 0.0)).camera_T_base)
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_unknown_settings_are_rejected():
    with pytest.raises(ConfigurationError, match="whit"):
        BatchedNoisyEstimator(CPU, {"whit": 1.0})
