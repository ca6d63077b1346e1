"""Corners of a pattern in an image: where it was drawn, in the whole and in a window."""

import numpy as np
import pytest

from ctr_env.estimators.board_detection import PatternDetector
from ctr_env.scenes.world.fiducials import CharucoBoardSpec

PATTERN = CharucoBoardSpec().pattern("front")


@pytest.fixture(scope="module")
def grey():
    image = np.full((480, 640), 128, dtype=np.uint8)
    image[140:300, 220:420] = PATTERN.generateImage((200, 160))
    return image


@pytest.mark.parametrize("upscale", [1, 2])
@pytest.mark.parametrize("window", [(slice(None), slice(None)), (slice(120, 330), slice(200, 450))])
def test_corners_lie_where_the_pattern_was_drawn(grey, upscale, window):
    pixels, numbers = PatternDetector(PATTERN, upscale).corners(grey, window)
    assert sorted(numbers) == list(range(12))
    columns, rows = np.arange(1, 5), np.arange(1, 4)
    drawn = np.stack(np.meshgrid(220 + 40 * columns, 140 + 40 * rows), axis=-1).reshape(-1, 2) - 0.5
    np.testing.assert_allclose(pixels, drawn[numbers], atol=0.3)


def test_an_image_without_the_pattern_has_no_corners(grey):
    pixels, numbers = PatternDetector(PATTERN, 2).corners(np.full_like(grey, 90))
    assert pixels.shape == (0, 2) and numbers.shape == (0,)
