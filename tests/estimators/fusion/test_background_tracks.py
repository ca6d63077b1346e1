"""Tracking of corners on images that are shifted by known amounts."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, shift

from ctr_env.estimators.fusion.background_tracks import BackgroundTracks


def textured(seed=0, height=240, width=320):
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal((height, width)), 2.0)
    return np.clip(128 + 40 * noise / noise.std(), 0, 255)


def grey(image):
    return np.round(image).astype(np.uint8)


NOTHING = np.zeros((240, 320), dtype=np.uint8)


def test_corners_follow_the_image_by_fractions_of_a_pixel():
    image, tracks = textured(), BackgroundTracks()
    assert tracks.anchor(grey(image), NOTHING) == len(tracks.pixels) > 50
    start = tracks.pixels.copy()
    for step in range(1, 5):
        moved = shift(image, (0.6 * step, -1.3 * step), order=3, mode="nearest")
        found = tracks.track(grey(moved), NOTHING)
        assert found.mean() > 0.8
    errors = (tracks.pixels - start)[found] - (-1.3 * 4, 0.6 * 4)
    assert np.abs(np.median(errors, axis=0)).max() < 0.02
    assert np.median(np.linalg.norm(errors, axis=1)) < 0.1


def test_corners_are_neither_found_in_the_foreground_nor_kept_there():
    tracks, left, right = BackgroundTracks(), NOTHING.copy(), NOTHING.copy()
    left[:, :160], right[:, 240:] = 1, 1
    tracks.anchor(grey(textured()), left)
    assert (tracks.pixels[:, 0] >= 158).all()
    found = tracks.track(grey(textured()), right)
    np.testing.assert_array_equal(found, tracks.pixels[:, 0] < 239.5)


def test_new_corners_come_last_and_away_from_the_present_ones():
    tracks = BackgroundTracks(most=60)
    tracks.anchor(grey(textured()), NOTHING)
    tracks.keep(np.arange(len(tracks.pixels)) < 20)
    kept = tracks.pixels.copy()
    added = tracks.anchor(grey(textured()), NOTHING)
    assert added > 10 and len(tracks.pixels) == 20 + added <= 60
    np.testing.assert_array_equal(tracks.pixels[:20], kept)
    distances = np.linalg.norm(tracks.pixels[20:, None] - kept[None], axis=-1)
    assert distances.min() > 10.0


@pytest.mark.parametrize("image", [np.full((240, 320), 90, np.uint8), np.zeros((6, 6), np.uint8)])
def test_images_without_texture_or_too_small_have_no_corners(image):
    tracks = BackgroundTracks()
    assert tracks.anchor(image, np.zeros_like(image)) == 0
    assert tracks.track(image, np.zeros_like(image)).shape == (0,)


def test_no_corner_is_found_in_an_image_of_another_size_or_after_clearing():
    tracks = BackgroundTracks()
    tracks.anchor(grey(textured()), NOTHING)
    assert not tracks.track(grey(textured(height=200)), NOTHING[:200]).any()
    tracks.clear()
    assert len(tracks.track(grey(textured()), NOTHING)) == 0
