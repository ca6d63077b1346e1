import cv2
import numpy as np
import pytest
import torch
from kornia.enhance import jpeg_codec_differentiable
from scipy import stats

from ctr_env.scenes.rendering.sensor import add_noise, compress, digitise, expose


def scene(height=96, width=128):
    """Smooth surfaces with straight edges, as a rendered room has."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([60 + x, 40 + y, 200 - x], axis=-1).astype(np.uint8)
    image[20:60, 30:70] = (230, 120, 20)
    image[50:80, 60:110] = 40
    return cv2.GaussianBlur(image, (3, 3), 0.8)


def noise(std, shape=(480, 640, 3), seed=0):
    return add_noise(np.zeros(shape, np.int16), std, np.random.default_rng(seed)) / 32


def test_exposure_without_gain_is_the_image():
    image = scene()
    np.testing.assert_array_equal(digitise(expose(image, (1.0, 1.0, 1.0), 0.0)), image)


@pytest.mark.parametrize("gains", [(0.7, 1.0, 1.3), (2.1, 1.9, 0.4)])
def test_exposure_scales_and_digitisation_rounds_and_clips(gains):
    image = scene()
    exact = np.clip(image * np.array(gains), 0.0, 255.0)
    assert np.abs(digitise(expose(image, gains, 0.0)) - exact).max() <= 0.52  # half a level and half a unit


def test_the_vignette_is_the_stated_share_of_light():
    bright = expose(np.full((49, 65, 3), 255, np.uint8), (4.0, 4.0, 4.0), 0.4) / (32 * 1020)
    y, x = np.linspace(-1, 1, 49)[:, None], np.linspace(-1, 1, 65)
    np.testing.assert_allclose(bright, (1 - 0.2 * (x**2 + y**2))[..., None] * np.ones(3), atol=2e-4)


@pytest.mark.parametrize("std", [0.004, 0.03, 0.1])
def test_noise_is_gaussian(std):
    values = noise(std).ravel() / (255 * std)
    assert values.std() == pytest.approx(1.0, rel=0.005)
    assert abs(values.mean()) < 0.005
    assert abs(stats.kurtosis(values)) < 0.03
    for limit in (0.5, 1.0, 2.0, 3.0):  # between the units of the values
        limit = (np.floor(limit * 255 * std * 32) + 0.5) / (255 * std * 32)
        expected = 2 * stats.norm.sf(limit)
        assert np.mean(np.abs(values) > limit) == pytest.approx(expected, abs=4 * np.sqrt(expected / values.size))


def test_noise_is_independent_between_neighbours_and_channels():
    values = noise(0.05)
    shifted = [values[1:, 1:, 1:], values[:-1, 1:, 1:], values[1:, :-1, 1:], values[1:, 1:, :-1], values[:-1, :-1, 1:]]
    correlation = np.corrcoef([part.ravel() for part in shifted])
    assert np.abs(correlation - np.eye(5)).max() < 0.006


def test_noise_comes_from_the_generator():
    np.testing.assert_array_equal(noise(0.02, (5, 7, 3), 4), noise(0.02, (5, 7, 3), 4))
    assert not np.array_equal(noise(0.02, (5, 7, 3), 4), noise(0.02, (5, 7, 3), 5))


def test_noise_does_not_darken_what_is_overexposed():
    white = expose(np.full((60, 80, 3), 255, np.uint8), (2.0, 2.0, 2.0), 0.0)
    assert digitise(add_noise(white, 0.05, np.random.default_rng(0))).min() == 255


@pytest.mark.parametrize("quality", [20.0, 50.0, 90.0])
def test_compression_loses_what_kornias_loses(quality):
    image = scene()
    planes = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    other = 255 * jpeg_codec_differentiable(planes, torch.tensor([quality]))[0].permute(1, 2, 0).numpy()
    loss, other_loss = (np.abs(out - image.astype(float)).mean() for out in (compress(image, quality), other))
    assert loss == pytest.approx(other_loss, rel=0.5)
    assert np.abs(compress(image, quality) - other).mean() < 1.5 * loss


def test_compression_keeps_red_and_blue_apart():
    red, blue = np.full((16, 16, 3), (200, 30, 30), np.uint8), np.full((16, 16, 3), (30, 30, 200), np.uint8)
    for image in (red, blue):
        assert np.abs(compress(image, 90.0).astype(int) - image).max() <= 4


def test_compression_halves_the_resolution_of_colours_only():
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (200, 60, 60), (60, 110, 200)
    out = compress(stripes, 100.0).astype(float)
    assert np.ptp(out[8:-8, 8:-8, 0].mean(axis=0)) < 0.3 * 140
    grey = np.zeros((32, 32, 3), np.uint8)
    grey[:, ::2] = 200
    assert np.abs(compress(grey, 100.0) - grey.astype(float)).max() <= 6


@pytest.mark.parametrize(("quality", "whole"), [(0.2, 1.0), (49.6, 50.0), (100.0, 100.0)])
def test_the_quality_is_rounded(quality, whole):
    np.testing.assert_array_equal(compress(scene(), quality), compress(scene(), whole))
