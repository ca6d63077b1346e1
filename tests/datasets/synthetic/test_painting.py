"""Painted objects: behind the robot or before it, repeatable, and none without a draw."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_env.datasets.synthetic.painting import link_places, paint_image
from ctr_env.geometry import PinholeCamera
from ctr_env.scenes.randomization.fields import FIELDS

CAMERA = PinholeCamera.from_fov(1.0, 320, 240)
POINTS = np.array([[-0.2, 0.3, 1.2], [0.0, 0.0, 1.0], [0.2, -0.1, 0.9], [0.1, 0.1, -0.5]])
NONE = {name: np.array(0.0) for name in FIELDS if name.startswith("painted.")}


def painted(seed: int = 0, **count: float):
    rng = np.random.default_rng(1)
    image = rng.integers(60, 120, (240, 320, 3)).astype(np.uint8)
    mask = np.zeros((240, 320), bool)
    mask[60:200, 100:220] = True
    draws = NONE | {f"painted.{name}": np.array(float(value)) for name, value in count.items()}
    alpha = np.where(mask, 255, 0).astype(np.uint8)
    painted = paint_image(image.copy(), alpha, link_places(POINTS, CAMERA), draws, np.random.default_rng(seed))
    return image, mask, (painted.image, mask & (painted.cover < 128))


def test_without_objects_the_image_is_the_given_one():
    image, mask, (new, seen) = painted()
    np.testing.assert_array_equal(new, image)
    np.testing.assert_array_equal(seen, mask)


@pytest.mark.parametrize("kind", ["background", "windows"])
def test_what_is_behind_does_not_touch_the_robot(kind):
    image, mask, (new, seen) = painted(**{kind: 12})
    np.testing.assert_array_equal(new[mask], image[mask])
    assert (new != image).any(axis=2).mean() > 0.05
    np.testing.assert_array_equal(seen, mask)


@pytest.mark.parametrize("kind", ["attachments", "foreground"])
def test_what_hides_the_robot_is_taken_from_its_mask(kind):
    image, mask, (new, seen) = painted(**{kind: 8})
    hidden = mask & ~seen
    assert 0.01 < hidden.sum() / mask.sum() < 1.0
    assert (new[hidden] != image[hidden]).any(axis=1).mean() > 0.9


def test_glare_brightens_the_robot_too_and_only_where_there_are_windows():
    image, mask, (dark, _) = painted(windows=3)
    bright = painted(windows=3, glare=0.4)[2][0]
    assert bright[mask].mean() > dark[mask].mean() + 1.0
    np.testing.assert_array_equal(painted(glare=0.4)[2][0], image)


def test_painting_repeats_with_its_seed():
    everything = {"background": 3, "windows": 1, "markers": 3, "attachments": 3, "foreground": 2, "glare": 0.2}
    first, again, other = (painted(seed, **everything)[2] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).any()


def test_places_along_the_arm_are_projections_with_the_width_of_a_link():
    places = link_places(POINTS, CAMERA)
    assert len(places) == 3  # one lies behind the camera
    np.testing.assert_allclose(places[:, :2], CAMERA.project(POINTS[:3]))
    np.testing.assert_allclose(places[:, 2] * POINTS[:3, 2] / CAMERA.fx, 0.055)
