"""Batched crops are those of one image after the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_env.estimators.batched.crops import robot_crops, whole_images
from ctr_env.estimators.ctrnet.cropping import Crop, crop_image, robot_crop, whole_image

WIDTH, HEIGHT, SIZE = 640, 480, (256, 192)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    """Keypoints of five robots: small, large, cut off by the image, all but one outside, and behind the camera."""
    rng = np.random.default_rng(0)
    spread = rng.uniform(-1.0, 1.0, (5, 12, 2)) * np.array([30.0, 350.0, 200.0, 40.0, 40.0])[:, None, None]
    found = spread + np.array([[200, 150], [320, 240], [620, 30], [2000, 100], [300, 200]])[:, None]
    found[3, 0] = 100.0
    found[4] = np.nan
    return found


def test_robot_crops(pixels):
    found = robot_crops(torch.from_numpy(pixels), WIDTH, HEIGHT, SIZE)
    for i, points in enumerate(pixels):
        expected = robot_crop(points, WIDTH, HEIGHT, SIZE)
        assert found.centres[i].numpy() == pytest.approx(expected.centre)
        assert found.scales[i].item() == pytest.approx(expected.scale)


def test_pixels_go_forward_and_back(pixels):
    known = torch.from_numpy(pixels[:3])
    crops = robot_crops(known, WIDTH, HEIGHT, SIZE)
    inside = crops.forward(known)
    for i in range(3):
        assert inside[i].numpy() == pytest.approx(robot_crop(pixels[i], WIDTH, HEIGHT, SIZE).forward(pixels[i]))
    assert torch.allclose(crops.backward(inside), known)


@pytest.mark.parametrize("size", [SIZE, (192, 144), (96, 72)])
def test_samples_are_those_of_opencv(pixels, size):
    """A smooth image with sharp parts, enlarged, and shrunk by factors below and above two and four."""
    rng = np.random.default_rng(1)
    image = np.kron(rng.integers(0, 255, (24, 32, 3)), np.ones((20, 20, 1))).astype(np.uint8)
    images = torch.from_numpy(image)[None].repeat(len(pixels), 1, 1, 1)
    for crops in (
        robot_crops(torch.from_numpy(pixels), WIDTH, HEIGHT, size),
        whole_images(5, WIDTH, HEIGHT, size, CPU),
    ):
        found = crops.sample(images).permute(0, 2, 3, 1).numpy()
        for i in range(len(pixels)):
            single = Crop(tuple(crops.centres[i].tolist()), crops.scales[i].item(), size)
            difference = np.abs(found[i] - crop_image(image, single))
            assert difference.mean() < 1.0
            assert np.percentile(difference, 99) < 12.0  # OpenCV rounds positions to 1/32 pixel


def test_whole_images():
    found, expected = whole_images(2, WIDTH, HEIGHT, SIZE, CPU), whole_image(WIDTH, HEIGHT, SIZE)
    assert found.centres[1].numpy() == pytest.approx(expected.centre)
    assert found.scales[1].item() == pytest.approx(expected.scale)
