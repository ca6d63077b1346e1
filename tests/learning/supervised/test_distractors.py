import cv2
import numpy as np
import pytest

from ctr_env.geometry import PinholeCamera
from ctr_env.learning.supervised.distractors import paint_person, paste_robot
from ctr_env.learning.supervised.rendered_frame import RenderedFrame

SIZE = (128, 96)
CAMERA = PinholeCamera.from_fov(1.0, 160, 120)


@pytest.fixture
def other():
    image, mask = np.full((120, 160, 3), 10, np.uint8), np.zeros((120, 160), np.uint8)
    mask[40:80, 50:110] = 255
    image[mask > 0] = (200, 30, 40)
    return RenderedFrame(image, mask, np.ones((1, 3)), CAMERA)


@pytest.mark.parametrize("seed", range(12))
def test_a_person_is_seen_where_the_coverage_says_so(seed):
    image = np.full((SIZE[1], SIZE[0], 3), (3, 250, 3), np.uint8)  # a colour that neither skin nor cloth has by chance
    cover = paint_person(image, np.random.default_rng(seed))
    changed = (image != (3, 250, 3)).any(axis=2)
    assert not changed[cover == 0].any()
    assert changed[cover == 255].mean() > 0.99
    assert 0.002 < changed.mean() < 0.95


def test_a_second_arm_stands_behind_or_hides_this_one(other):
    image, alpha = np.zeros((SIZE[1], SIZE[0], 3), np.uint8), np.zeros((SIZE[1], SIZE[0]), np.uint8)
    alpha[20:80, 30:90] = 255
    image[alpha > 0] = (20, 20, 240)
    before = 0
    for seed in range(40):
        pasted, hidden = paste_robot(image, alpha, other, 1.0, np.random.default_rng(seed))
        red = (pasted[..., 0] > 150) & (pasted[..., 2] < 90)
        assert not (red & (alpha > 0) & (hidden < 100)).any()
        assert (pasted[(alpha > 0) & (hidden == 0)] == (20, 20, 240)).all()
        before += bool(hidden.any())
    assert 2 < before < 25


def test_a_second_arm_is_no_larger_than_asked_for(other):
    image, alpha = np.zeros((SIZE[1], SIZE[0], 3), np.uint8), np.zeros((SIZE[1], SIZE[0]), np.uint8)
    for seed in range(30):
        pasted, _ = paste_robot(image, alpha, other, 0.5, np.random.default_rng(seed))
        red = (pasted[..., 0] > 100).astype(np.uint8)
        _, _, width, height = cv2.boundingRect(red)
        assert width <= 0.75 * SIZE[0]
        assert height <= 0.75 * SIZE[1]  # it may be rotated a little


def test_an_invisible_second_arm_changes_nothing(other):
    nothing = RenderedFrame(other.image, np.zeros_like(other.mask), other.points, CAMERA)
    image = np.full((SIZE[1], SIZE[0], 3), 50, np.uint8)
    pasted, hidden = paste_robot(image, np.zeros(image.shape[:2], np.uint8), nothing, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(pasted, image)
    assert not hidden.any()
