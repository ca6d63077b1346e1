import numpy as np
import pytest
import torch
from kornia.filters import gaussian_blur2d
from kornia.filters import motion_blur as kornia_motion_blur

from ctr_env.scenes.rendering.optics import defocus, gaussian_blur, motion_blur


def texture(height=48, width=64, seed=3):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def planes(image):
    return torch.from_numpy(image).permute(2, 0, 1)[None].float()


def pixels(tensor):
    return tensor[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.0, 2.5, 8.0])
def test_blur_is_kornias_to_its_rounding(sigma):
    image, size = texture(), 2 * int(np.ceil(3 * sigma)) + 1
    exact = pixels(gaussian_blur2d(planes(image), (size, size), (sigma, sigma), border_type="replicate"))
    difference = gaussian_blur(image, sigma) - exact
    assert np.abs(difference).mean() < 0.4  # 0.25: that of rounding alone
    assert np.abs(difference).max() < 2.0
    assert abs(difference.mean()) < 0.05


@pytest.mark.parametrize("length", [2.0, 3.0, 5.0, 9.7, 31.0])
@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1, 2.0, -0.9, np.pi])
def test_motion_blur_is_kornias_to_its_rounding(length, angle):
    image = texture()
    size = max(3, 2 * int(length // 2) + 1)
    exact = pixels(kornia_motion_blur(planes(image), size, float(np.degrees(angle)), 0.0, border_type="replicate"))
    assert np.abs(motion_blur(image, length, angle) - exact).max() <= 0.501


def test_blurs_too_small_to_matter_return_the_image_itself():
    image = texture()
    assert gaussian_blur(image, 0.05) is image
    assert motion_blur(image, 1.0, 0.3) is image


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.0])
def test_defocus_at_one_depth_is_a_uniform_blur(factor):
    image, sigma = texture(), 4.0
    depth = np.full(image.shape[:2], 1.0 / (1.0 - factor) if factor < 1 else 1e9)
    np.testing.assert_array_equal(defocus(image, depth, sigma), gaussian_blur(image, factor * sigma))


def test_defocus_interpolates_between_blurs_and_ignores_pixels_in_focus():
    image = texture()
    depth = np.ones(image.shape[:2])
    depth[:, 32:] = 1.6  # 0.375: halfway between two of the blurred images
    seen = defocus(image, depth, 4.0)
    np.testing.assert_array_equal(seen[:, :32], image[:, :32])
    middle = 0.5 * (gaussian_blur(image, 1.0).astype(float) + gaussian_blur(image, 2.0))
    assert np.abs(seen - middle)[:, 32:].max() <= 0.51


def test_defocus_of_points_at_the_lens_is_the_strongest_blur():
    image = texture()
    np.testing.assert_array_equal(defocus(image, np.full((48, 64), 1e-9), 1.0), gaussian_blur(image, 4.0))
