"""Batched pose priors are those that OpenCV draws, up to pixels at the edges."""

from __future__ import annotations

import numpy as np
import torch

from ctr_env.estimators.batched.pose_prior import draw_pose_priors
from ctr_env.estimators.ctrnet.pose_prior import draw_pose_prior

SIZE, CHAIN = (256, 192), 7


def _pixels() -> np.ndarray:
    rng = np.random.default_rng(0)
    pixels = rng.uniform(0.0, 1.0, (6, 20, 2)) * SIZE
    pixels[1] += (150.0, 100.0)  # some outside
    pixels[2, 3] = np.nan
    pixels[3, 9] = 5000.0
    pixels[4] = np.nan
    pixels[5, :2] = 50.0  # a line without length
    return pixels


def test_priors_are_drawn_alike():
    pixels = _pixels()
    found = draw_pose_priors(torch.from_numpy(pixels), CHAIN, SIZE)
    assert found.shape == (6, 3, SIZE[1], SIZE[0])
    for single, image in zip(pixels, found.permute(0, 2, 3, 1).numpy(), strict=True):
        expected = draw_pose_prior(single, CHAIN, SIZE) / 255.0
        differs = np.abs(image - expected).max(axis=2) > 0.01
        assert differs.sum() <= 0.07 * (expected.max(axis=2) > 0.0).sum()
    assert not found[4].any()
