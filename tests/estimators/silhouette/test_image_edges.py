"""Edges of known place in images that are drawn with soft steps, noise and texture."""

import numpy as np
import pytest

from ctr_env.estimators.silhouette.boundary import along_normals
from ctr_env.estimators.silhouette.image_edges import image_edges, line_distances

REACH, WINDOW = 6, 6


def drawn(angle, offset, inside, outside, noise=0.0, seed=0):
    """A 120x120 image with a straight edge: its normal has an angle, and it lies off the middle by an offset."""
    y, x = np.mgrid[:120, :120] + 0.5
    away = (x - 60.0) * np.cos(angle) + (y - 60.0) * np.sin(angle) - offset
    share = np.clip(0.5 + away, 0.0, 1.0)[..., None]
    image = (1.0 - share) * np.asarray(inside, float) + share * np.asarray(outside, float)
    image = image + np.random.default_rng(seed).normal(0.0, noise, image.shape)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def lines(angle, step, count=40):
    along = np.linspace(-40.0, 40.0, count)[:, None] * [-np.sin(angle), np.cos(angle)]
    normals = np.tile([np.cos(angle), np.sin(angle)], (count, 1))
    return along_normals(60.0 + along, normals, step * line_distances(REACH, WINDOW))


@pytest.mark.parametrize("noise", [0.0, 15.0])
@pytest.mark.parametrize("offset", [-2.3, 0.0, 0.4, 1.7])
@pytest.mark.parametrize("angle", [0.0, 0.3, 1.2, 2.8])
def test_edges_are_found_to_a_fraction_of_a_pixel(angle, offset, noise):
    image = drawn(angle, offset, (60, 70, 90), (150, 120, 100), noise)
    found = image_edges(image, lines(angle, 0.5), REACH, WINDOW)
    assert found.contrasts.min() > 3.0
    away = 0.5 * found.positions - offset
    assert abs(np.median(away)) < 0.2
    assert np.abs(away).max() < (0.2 if noise == 0.0 else 1.0)


def test_a_longer_step_measures_in_longer_units():
    image = drawn(0.3, 4.0, (60, 70, 90), (150, 120, 100))
    found = image_edges(image, lines(0.3, 1.5), REACH, WINDOW)
    np.testing.assert_allclose(1.5 * found.positions, 4.0, atol=0.5)


def test_colours_of_equal_brightness_make_an_edge():
    image = drawn(0.3, 1.0, (90, 60, 60), (60, 90, 60))
    found = image_edges(image, lines(0.3, 0.5), REACH, WINDOW)
    np.testing.assert_allclose(0.5 * found.positions, 1.0, atol=0.3)


def test_the_edge_nearest_to_the_middle_is_preferred():
    nearer, farther = drawn(0.0, 0.5, (60,) * 3, (120,) * 3), drawn(0.0, 2.9, (0,) * 3, (60,) * 3)
    both = np.clip(nearer.astype(int) + farther, 0, 255).astype(np.uint8)
    found = image_edges(both, lines(0.0, 0.5), REACH, WINDOW)
    np.testing.assert_allclose(0.5 * found.positions, 0.5, atol=0.4)


def test_noise_alone_has_no_contrast():
    image = drawn(0.0, 0.0, (90,) * 3, (90,) * 3, noise=20.0)
    assert np.median(image_edges(image, lines(0.0, 0.5), REACH, WINDOW).contrasts) < 2.0
