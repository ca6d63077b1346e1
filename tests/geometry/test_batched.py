"""Batched poses are those of the functions for one pose."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.geometry import batched
from ctr_env.geometry.matrices import inverse_matrix, matrix_error, matrix_twist, moved_matrix
from ctr_env.geometry.transforms import matrix_to_vector


@pytest.fixture(scope="module")
def poses() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses, twists of many sizes, and the poses moved by them."""
    rng = np.random.default_rng(0)
    twists = rng.standard_normal((60, 6)) * np.logspace(-9, 0, 60)[:, None]
    twists[0] = 0.0
    twists[-1, 3:] *= (np.pi - 1e-6) / np.linalg.norm(twists[-1, 3:])
    start = np.stack([moved_matrix(np.eye(4), twist) for twist in rng.standard_normal((60, 6))])
    return start, twists, np.stack([moved_matrix(*pair) for pair in zip(start, twists, strict=True)])


def _equal(found: torch.Tensor, expected: list) -> None:
    assert found.dtype == torch.float64
    assert found.numpy() == pytest.approx(np.stack(expected), abs=1e-12)


def test_moved_poses(poses):
    start, twists, end = poses
    _equal(batched.moved_poses(torch.from_numpy(start), torch.from_numpy(twists)), list(end))


def test_twists_between(poses):
    start, _, end = poses
    found = batched.twists_between(torch.from_numpy(start), torch.from_numpy(end))
    _equal(found, [matrix_twist(*pair) for pair in zip(start, end, strict=True)])


def test_inverse_poses(poses):
    start, _, _ = poses
    _equal(batched.inverse_poses(torch.from_numpy(start)), [inverse_matrix(pose) for pose in start])


def test_error_of_poses(poses):
    start, _, end = poses
    found = batched.error_of_poses(torch.from_numpy(start), torch.from_numpy(end))
    _equal(torch.stack(found, dim=1), [np.array(matrix_error(*pair)) for pair in zip(start, end, strict=True)])


def test_poses_to_vectors(poses):
    start, _, _ = poses
    found = batched.poses_to_vectors(torch.from_numpy(start)).numpy()
    assert found.dtype == np.float32
    assert np.array_equal(found, np.stack([matrix_to_vector(pose) for pose in start]))
